# shellcheck shell=bash
#
# Shared by the tests of this directory: vblade on the platform of reply.c,
# one run per script.
#
#	load reply
#
#	@test "the first sector is read" {
#		assert_reply "read 0 1" "read 0 1"
#	}
#
# A script is a list of frames, directives and empty lines, see reply.c.  A
# frame may be given by a name and arguments, as "read 0 1": a request by the
# function ask_read here or in the test's file, a reply by answer_read.

load ../helper

: "${REPLY_PROGRAM:=$TESTS/reply/reply}"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

SS=020000000001
TT=020000000002
A=0200000000a1 B=0200000000a2 C=0200000000a3	# other initiators

# export_image SECTORS [OPTION...]: export an image of that many different
# sectors at MTU 1500 as e0.1.
export_image() {
	DISK=$(image "$1")
	OPTIONS=("${@:2}")
	PLACE=(0 1)
	MTU=1500
	EXIT=0
}

setup() { export_image 64; }

# --- frames -----------------------------------------------------------

# frames PREFIX LINE...: the lines, of which those that begin with the name of
# a function are what it prints.
frames() {
	local line prefix=$1
	shift
	set -f
	for line; do
		# shellcheck disable=SC2086
		if declare -F "$prefix${line%% *}" >/dev/null; then
			"$prefix"$line
		else
			printf '%s\n' "$line"
		fi
	done
	set +f
}

requests() { frames ask_ "$@"; }

# numbered FIRST LAST [PREFIX]: as many addresses, each after the prefix.
numbered() {
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '%s 0200000001%02x ' "${3:-}" "$i"
	done
}

# hex REPLY...: in plain hexadecimal, one a line.
hex() { frames answer_ "$@" | "$TESTS/reply/reply" -x; }

# sectors LBA COUNT: what sectors of an image held at first.
sectors() { echo "sectors:$1,$2"; }

# sector_data COUNT [DATA...]: data of so many sectors; of one byte, by default
# ee, all of it.
sector_data() {
	case $#${2:-ee} in
	[12]??) echo "${2:-ee}*$(($1 * 512))" ;;
	*) echo "${*:2}" ;;
	esac
}

# read LBA COUNT [DATA...]: by default what the sectors held at first.
ask_read() { ata_read "$1" "$2"; }

answer_read() {
	[ $# -gt 2 ] || set -- "$1" "$2" "$(sectors "$1" "$2")"
	ata_data "$1" "$2" "$(sector_data "${@:2}")"
}

# write LBA COUNT [DATA...]
ask_write() { ata_write "$1" "$2" "$(sector_data "${@:2}")"; }
answer_write() { ata_written "$1" "$2"; }

# failed FLAGS ERROR LBA COUNT: of a read, write (flags 41) or flush (00).
answer_failed() { ata_failed "$@"; }
ask_flush() { ata_flush; }
answer_flush() { ata_flushed; }
ask_identify() { identify; }

# identify SECTORS [WORD85]: the reply has this size and this write cache.
answer_identify() {
	response 00 "00 00 01 40 000000a00000 0000 $(identify_data "$@")"
}

identify_data() {
	local i word text data='' sum=0 n=$1 lba28
	local words=(
		[0]=0040	# a fixed disk
		[47]=8000	# no READ MULTIPLE
		[49]=0200	# LBA
		[50]=4000	# valid
		[80]=01f0	# ATA/ATAPI-4 to ATA8-ACS
		[82]=0020	# a write cache, and no SMART
		[83]=7400	# valid; FLUSH CACHE, FLUSH CACHE EXT, LBA48
		[84]=4000	# valid
		[85]=${2:-0020}	# whether the write cache is on
		[86]=3400	# as word 83
		[87]=4000	# valid
		[93]=400b	# valid
		[255]=00a5)	# a signature, and the checksum
	lba28=$((n < 0xfffffff ? n : 0xfffffff))
	for i in 0 1 2 3; do
		printf -v "words[60 + i % 2]" %04x $((lba28 >> 16 * (i % 2) & 65535))
		printf -v "words[100 + i]" %04x $((n >> 16 * i & 65535))
	done
	# Of words 10 to 19 and 23 to 46 the high byte is first.
	text=$(printf '%-20.20s%-8s%-40s' "${PLACE[0]}.${PLACE[1]}:$(hostname)" \
		1.0 vblade | to_hex)
	for i in {0..33}; do
		words[i + (i < 10 ? 10 : 13)]=${text:i * 4:4}
	done
	for i in {0..255}; do
		word=${words[i]:-0000}
		data+=${word:2}${word:0:2}
		sum=$((sum + 0x${word:2} + 0x${word:0:2}))
	done
	printf '%s%02x\n' "${data::-2}" $((-sum & 255))
}

# query: a Config read; the reply may have other SECTORS per frame.
ask_query() { config_read; }
answer_query() { response 01 "0040 0100 ${1:-02} 10 0000 @60"; }

# other: a query for another target.  A request in a batch with it is not a
# lone one, which the loop would execute itself.
ask_other() { echo "TT SS 88a2 10 00 000002 01 $TAG @60"; }

# from MAC REQUEST: as if another host sent it, and the reply to that host.
ask_from() { requests "${*:2}" | sed "s/^TT SS/TT $1/"; }
answer_from() { frames answer_ "${*:2}" | sed "s/^SS/$1/"; }

# --- scripts ----------------------------------------------------------

# run_script LINE...: run a script.  What is sent before the ready line goes
# to the file $HELLO, the frames after it to $FRAMES, the disk operations to
# $PLACES, and without the place where they were executed to $CALLS; the log
# to $ERR.  The exit status must be $EXIT.
run_script() {
	local status=0 out=$BATS_TEST_TMPDIR/out
	HELLO=$out.hello FRAMES=$out.frames PLACES=$out.places
	CALLS=$out.calls ERR=$out.err
	# The program may be run by another, such as qemu-s390x.
	# shellcheck disable=SC2086
	requests "$@" | $REPLY_PROGRAM "${OPTIONS[@]}" "${PLACE[@]}" \
		"$MTU" "$DISK" >"$out" 2>"$ERR" || status=$?
	assert_equal "$EXIT" "$status" "exit status; $(cat "$ERR")" || return
	refute_match 'runtime error|Sanitizer' "$(cat "$ERR")" || return
	awk -v hello="$HELLO" -v frames="$FRAMES" -v places="$PLACES" \
		-v calls="$CALLS" '
		BEGIN { printf "" >frames; printf "" >places; printf "" >calls }
		/^pid / { ready = 1; next }
		!ready { print >hello; next }
		!/^(read|write|sync)/ { print >frames; next }
		{ print >places; sub(/ (in|cached).*/, ""); print >calls }
	' "$out"
}

# With the pool of threads the order of independent things is open.
in_any_order() {
	if [ -n "${POOL:-}" ]; then sort; else cat; fi
}

# assert_replies REPLY...: the script got these replies and no others.
assert_replies() {
	assert_equal "$(hex "$@" | in_any_order)" \
		"$(in_any_order <"$FRAMES")" "replies"
}

# assert_replies_any_order REPLY...: the same in any order.
assert_replies_any_order() { POOL=1 assert_replies "$@"; }

# assert_last_replies REPLY...: it got these last.
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

# assert_logged PATTERN, refute_logged PATTERN: a line of the log matches, or
# none does.
assert_logged() { assert_match "$1" "$(cat "$ERR")"; }
refute_logged() { refute_match "$1" "$(cat "$ERR")"; }

# assert_reply REQUEST REPLY: the request gets exactly this reply.
assert_reply() { run_script "$1" && assert_replies "$2"; }

# assert_dialog: run the script on standard input, in which "REQUEST -> REPLY"
# is a request and the next reply, "> REQUEST" and "< REPLY" are one of both,
# and "= NAME ARGUMENT..." is both, if they have the same name and arguments.
# Of lines "! CALL", assert_calls, of a line "disk DATA", assert_image.
assert_dialog() {
	local line script=() replies=() calls=() image=
	while read -r line; do
		case $line in
		*' -> '*)
			script+=("${line%% -> *}")
			replies+=("${line#* -> }")
			;;
		'> '*) script+=("${line#> }") ;;
		'< '*) replies+=("${line#< }") ;;
		'= '*) script+=("${line#= }") replies+=("${line#= }") ;;
		'! '*) calls+=("${line#! }") ;;
		'disk '*) image=${line#disk } ;;
		*) script+=("$line") ;;
		esac
	done
	run_script "${script[@]}" && assert_replies "${replies[@]}" || return
	[ ${#calls[@]} = 0 ] || assert_calls "${calls[@]}" || return
	[ -z "$image" ] || assert_image "$image"
}

# assert_dialog_warm_and_cold: with all sectors in the page cache, which the
# loop uses, and with none, so that the engine does it all.
assert_dialog_warm_and_cold() {
	local cache dialog
	dialog=$(cat)
	for cache in :warm :cold; do
		DISK=$(image 64)
		assert_dialog <<<"$cache"$'\n'"$dialog" || fail "$cache" ||
			return
	done
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
