# shellcheck shell=bash
#
# What the tests of this directory share: vblade on a platform of text (see
# reply.c), one run a script.
#
#	load reply
#	setup() { disk 64; }
#
#	@test "the first sector is read" {
#		expect "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
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

# disk SECTORS [OPTION...]: export an image of that many different sectors at
# MTU 1500 as e0.1, without workers, so that all happens in order.
disk() {
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

# play LINE...: run a script.  What comes before the ready line goes to the
# file $HELLO, the frames after it to $FRAMES, the calls of the disk to
# $CALLS, and all of that in its order to $TOLD; what vblade notes to $ERR.
# vblade has to exit with $EXIT.
play() {
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
	same "$EXIT" "$status" "exit status; $(cat "$ERR")" || return
	lacks 'runtime error|Sanitizer' "$(cat "$ERR")" || return
	sed '/^pid /,$d' "$out" >"$HELLO"
	sed '1,/^pid /d' "$out" >"$TOLD"
	grep -v ^disk_ "$TOLD" >"$FRAMES" || :
	grep ^disk_ "$TOLD" >"$CALLS" || :
}

# replies FRAME...: the script got these replies and no others.
replies() {
	same "$(hex "$@")" "$(cat "$FRAMES")" "replies"
}

# replies_any_order FRAME...: likewise, as workers may answer.
replies_any_order() {
	same "$(hex "$@" | sort)" "$(sort "$FRAMES")" "replies"
}

# calls LINE...: it made these calls to the disk and no others, but for the
# flush at the end.
calls() {
	same "$(printf '%s\n' "$@" disk_flush)" "$(cat "$CALLS")" "calls"
}

# notes PATTERN: a line of what vblade noted matches.
notes() {
	holds "$1" "$(cat "$ERR")"
}

# expect REQUEST REPLY: the request gets exactly this reply.
expect() {
	play "$1" && replies "$2"
}

# expect_silence REQUEST...: none of the requests gets a reply.
expect_silence() {
	play "$@" && same "" "$(cat "$FRAMES")" "silence expected"
}

# untouched: no byte of the disk has changed.
untouched() {
	image_is "$(sectors 0 "$(($(wc -c <"$DISK") / 512))")"
}

image_is() {
	same "$1" "$(plain <"$DISK")" "the disk"
}

# piece OFFSET LENGTH: bytes of the only reply, in hexadecimal.
piece() {
	local frame
	frame=$(cat "$FRAMES")
	printf '%s\n' "${frame:$1 * 2:$2 * 2}"
}
