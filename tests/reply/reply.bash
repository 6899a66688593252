# shellcheck shell=bash
#
# What the tests of this directory share: vblade on a platform of text (see
# reply.c), one run a script.
#
#	load reply
#	setup() { disk 64; }
#
#	@test "the first sector is read" {
#		assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
#	}
#
# A script is a list of frames, directives of reply.c and empty lines, which
# end batches.  Frames are in the notation of ../frame.c, with its words SS
# (the initiator's MAC), TT (the target's), *N and @N.

load ../helper

: "${REPLY_PROGRAM:=$TESTS/reply/reply}"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

SS=020000000001
TT=020000000002

# export_image SECTORS [OPTION...]: export an image of that many different sectors at
# MTU 1500 as e0.1, without workers, so that all happens in order.
export_image() {
	DISK=$(image "$1")
	shift
	OPTIONS=(-j 0 "$@")
	PLACE=(0 1)
	MTU=1500
	EXIT=0
}

# hex FRAME...: the frames in plain hexadecimal, one a line.
hex() {
	local word frame fill n
	for frame; do
		set -f
		for word in $frame; do
			case $word in
			SS) fill+=$SS ;;
			TT) fill+=$TT ;;
			@*)
				n=$((${word#@} * 2 - ${#fill}))
				[ $n -le 0 ] || fill+=$(repeat "$n" 0)
				;;
			*'*'*)
				n=${word#*'*'} word=${word%'*'*}
				fill+=${word%??}$(repeat "$n" "${word: -2}")
				;;
			*) fill+=$word ;;
			esac
		done
		set +f
		printf '%s\n' "$fill"
		fill=
	done
}

# repeat N TEXT: the text N times, without a line end.
repeat() {
	local blanks
	printf -v blanks '%*s' "$1" ''
	printf %s "${blanks// /$2}"
}

# run_script LINE...: run a script.  What comes before the ready line goes to the
# file $HELLO, the frames after it to $FRAMES, the calls of the disk to
# $CALLS, and all of that in its order to $TOLD; what vblade notes to $ERR.
# vblade has to exit with $EXIT.
run_script() {
	local line status=0 out=$BATS_TEST_TMPDIR/out
	HELLO=$BATS_TEST_TMPDIR/hello FRAMES=$BATS_TEST_TMPDIR/frames
	CALLS=$BATS_TEST_TMPDIR/calls TOLD=$BATS_TEST_TMPDIR/told
	ERR=$BATS_TEST_TMPDIR/err
	for line; do
		case $line in
		'' | :*) printf '%s\n' "$line" ;;
		*) hex "$line" ;;
		esac
	done >"$BATS_TEST_TMPDIR/script"
	# The program may be run by another, such as qemu-s390x.
	# shellcheck disable=SC2086
	$REPLY_PROGRAM "${OPTIONS[@]}" "${PLACE[@]}" "$MTU" "$DISK" \
		<"$BATS_TEST_TMPDIR/script" >"$out" 2>"$ERR" || status=$?
	assert_equal "$EXIT" "$status" "exit status; $(cat "$ERR")" || return
	refute_match 'runtime error|Sanitizer' "$(cat "$ERR")" || return
	sed '/^pid /,$d' "$out" >"$HELLO"
	sed '1,/^pid /d' "$out" >"$TOLD"
	grep -v ^disk_ "$TOLD" >"$FRAMES" || :
	grep ^disk_ "$TOLD" >"$CALLS" || :
}

# assert_replies FRAME...: the script got these replies and no others.
assert_replies() {
	assert_equal "$(hex "$@")" "$(cat "$FRAMES")" "replies"
}

# assert_replies_any_order FRAME...: likewise, as workers may answer.
assert_replies_any_order() {
	assert_equal "$(hex "$@" | sort)" "$(sort "$FRAMES")" "replies"
}

# assert_calls LINE...: it made these calls to the disk and no others, but for the
# flush at the end.
assert_calls() {
	assert_equal "$(printf '%s\n' "$@" disk_flush)" "$(cat "$CALLS")" \
		"calls"
}

# assert_logged PATTERN: a line of what vblade noted matches.
assert_logged() {
	assert_match "$1" "$(cat "$ERR")"
}

# assert_reply REQUEST REPLY: the request gets exactly this reply.
assert_reply() {
	run_script "$1" && assert_replies "$2"
}

# assert_silence REQUEST...: none of the requests gets a reply.
assert_silence() {
	run_script "$@" && assert_equal "" "$(cat "$FRAMES")" "silence expected"
}

# assert_unchanged: no byte of the disk has changed.
assert_unchanged() {
	assert_image "$(sectors 0 "$(($(wc -c <"$DISK") / 512))")"
}

assert_image() {
	assert_equal "$1" "$(to_hex <"$DISK")" "the disk"
}

# reply_bytes OFFSET LENGTH: bytes of the only reply, in hexadecimal.
reply_bytes() {
	local frame
	frame=$(cat "$FRAMES")
	printf '%s\n' "${frame:$1 * 2:$2 * 2}"
}
