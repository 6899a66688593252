# shellcheck shell=bash
#
# Shared by the tests of this directory: vblade on the platform of reply.c,
# one run per script.
#
#	load reply
#	setup() { export_image 64; }
#
#	@test "the first sector is read" {
#		assert_reply "$(ata_read 0 1)" "$(ata_data 0 1)"
#	}
#
# A script is a list of frames, directives and empty lines, see reply.c.

load ../helper

: "${REPLY_PROGRAM:=$TESTS/reply/reply}"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

SS=020000000001
TT=020000000002
A=0200000000a1 B=0200000000a2 C=0200000000a3	# other initiators

# A frame for another target.  A request in a batch with it is not a lone one,
# which the loop would execute itself.
OTHER="TT SS 88a2 10 00 000002 01 $TAG @60"

# export_image SECTORS [OPTION...]: export an image of that many different
# sectors at MTU 1500 as e0.1.
export_image() {
	DISK=$(image "$1")
	OPTIONS=("${@:2}")
	PLACE=(0 1)
	MTU=1500
	EXIT=0
}

# hex FRAME...: the frames in plain hexadecimal, one a line.
hex() {
	printf '%s\n' "$@" | "$TESTS/reply/reply" -x
}

# sectors LBA COUNT: what sectors of an image held at first.
sectors() {
	echo "sectors:$1,$2"
}

# ata_data LBA COUNT [DATA...]: the reply to a read, by default of what the
# sectors of the image held at first.
ata_data() {
	response 00 "40 00 $(be8 "$2") 40 $(lba "$1") 0000 \
		$([ $# -gt 2 ] && echo "${*:3}" || sectors "$1" "$2")"
}

# ata_write LBA COUNT [DATA...]
ata_write() {
	request 00 "41 00 $(be8 "$2") 34 $(lba "$1") 0000 ${*:3}"
}

# config_answer [SECTORS]: the reply to config_read.
config_answer() {
	response 01 "0040 0100 ${1:-02} 10 0000 @60"
}

# run_script LINE...: run a script.  What is sent before the ready line goes
# to the file $HELLO, the frames after it to $FRAMES, the disk operations to
# $PLACES, and without the place where they were executed to $CALLS; all of
# this in order to $EVENTS; the log to $ERR.  The exit status must be $EXIT.
run_script() {
	local status=0 out=$BATS_TEST_TMPDIR/out
	HELLO=$out.hello FRAMES=$out.frames PLACES=$out.places
	CALLS=$out.calls EVENTS=$out.events ERR=$out.err
	# The program may be run by another, such as qemu-s390x.
	# shellcheck disable=SC2086
	printf '%s\n' "$@" | $REPLY_PROGRAM "${OPTIONS[@]}" "${PLACE[@]}" \
		"$MTU" "$DISK" >"$out" 2>"$ERR" || status=$?
	assert_equal "$EXIT" "$status" "exit status; $(cat "$ERR")" || return
	refute_match 'runtime error|Sanitizer' "$(cat "$ERR")" || return
	awk -v hello="$HELLO" -v frames="$FRAMES" -v places="$PLACES" \
		-v calls="$CALLS" -v events="$EVENTS" '
		BEGIN { printf "" >frames; printf "" >places; printf "" >calls }
		/^pid / { ready = 1; next }
		!ready { print >hello; next }
		{ print >events }
		!/^(read|write|sync)/ { print >frames; next }
		{ print >places; sub(/ (in|cached).*/, ""); print >calls }
	' "$out"
}

# With the pool of threads the order of independent things is open.
in_any_order() {
	if [ -n "${POOL:-}" ]; then sort; else cat; fi
}

# assert_replies FRAME...: the script got these replies and no others.
assert_replies() {
	assert_equal "$(hex "$@" | in_any_order)" \
		"$(in_any_order <"$FRAMES")" "replies"
}

# assert_replies_any_order FRAME...: the same in any order.
assert_replies_any_order() {
	POOL=1 assert_replies "$@"
}

# assert_last_replies FRAME...: it got these last.
assert_last_replies() {
	assert_equal "$(hex "$@")" "$(tail -n $# "$FRAMES")" "last replies"
}

# assert_calls CALL...: these operations were executed and no others, except
# for the sync at the end.
assert_calls() {
	assert_equal "$(printf '%s\n' "$@" sync | in_any_order)" \
		"$(in_any_order <"$CALLS")" "disk operations"
}

# assert_places CALL...: likewise, with the place where they were executed.
assert_places() {
	assert_equal "$(printf '%s\n' "$@" sync)" \
		"$(cat "$PLACES")" "disk operations"
}

# assert_events LINE...: these frames and operations, in this order; then the
# sync at the end.
assert_events() {
	local line
	assert_equal "$(for line in "$@" sync; do
		case $line in
		read* | write* | sync*) echo "$line" ;;
		*) hex "$line" ;;
		esac
	done)" "$(cat "$EVENTS")" "events"
}

# assert_logged PATTERN, refute_logged PATTERN: a line of the log matches, or
# none does.
assert_logged() {
	assert_match "$1" "$(cat "$ERR")"
}

refute_logged() {
	refute_match "$1" "$(cat "$ERR")"
}

# assert_reply REQUEST REPLY: the request gets exactly this reply.
assert_reply() {
	run_script "$1" && assert_replies "$2"
}

# assert_silence REQUEST...: none of the requests gets a reply.
assert_silence() {
	run_script "$@" && assert_equal "" "$(cat "$FRAMES")" "replies"
}

expand_frame() {
	if declare -F "$1" >/dev/null; then "$@"; else echo "$*"; fi
}

# assert_dialog: run the script on standard input, in which a line "> REQUEST"
# is sent, and "< REPLY" is the next reply.  Both are frames, or a function of
# the test and its arguments that prints one.
assert_dialog() {
	local line script=() replies=()
	set -f
	while read -r line; do
		case $line in
		'> '*) script+=("$(expand_frame ${line#> })") ;;
		'< '*) replies+=("$(expand_frame ${line#< })") ;;
		*) script+=("$line") ;;
		esac
	done
	set +f
	run_script "${script[@]}" && assert_replies "${replies[@]}"
}

# assert_unchanged: no byte of the disk has changed.
assert_unchanged() {
	assert_image "$(sectors 0 "$(($(wc -c <"$DISK") / 512))")"
}

# assert_image DATA: what the disk holds, in the notation of frames.
assert_image() {
	assert_equal "$(hex "$1")" "$(to_hex <"$DISK")" "the disk"
}

# assert_stored LBA DATA: what it holds from there on.
assert_stored() {
	local data
	data=$(hex "$2")
	assert_equal "$data" "$(file_sectors "$DISK" "$1" $((${#data} / 1024)))" \
		"sectors from $1 on"
}
