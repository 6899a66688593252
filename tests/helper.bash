# shellcheck shell=bash
#
# What all suites share: strict skips, polls with a deadline, assertions,
# frames, and the lab, two network namespaces joined by one wire.
#
# The program under test is $VBLADE, by default the one in the tree.

TESTS=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
: "${VBLADE:=$TESTS/../vblade}"
export VBLADE LC_ALL=C

# An argument of make that leaves confine() out: something harmless is called
# in its place.
UNCONFINED=LDFLAGS=-Wl,--wrap=confine,--defsym=__wrap_confine=net_drops

# shellcheck source=tests/lab.sh
source "$TESTS/lab.sh"

# --- assertions -------------------------------------------------------

# Fail the test with a message.
fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# A test that cannot run is a failed test where CI is set.
if [ -n "${CI:-}" ]; then
	skip() {
		fail "skipped, which CI forbids: $*"
		exit 1
	}
fi

# assert_equal EXPECTED GOT [WHAT]: they are equal, byte by byte.  Of long ones
# the message has the first differences.
assert_equal() {
	[ "$1" != "$2" ] || return 0
	if [ $((${#1} + ${#2})) -le 1000 ]; then
		fail "${3:-values differ}" "expected: $1" "got:      $2"
	else
		fail "${3:-values differ}" "$(diff -U 1 -L expected -L got \
			<(fold -w 64 <<<"$1") <(fold -w 64 <<<"$2") | head -n 40)"
	fi
}

# assert_match PATTERN TEXT: the pattern of grep -E matches a line of the text.
assert_match() {
	grep -qE -e "$1" <<<"$2" || fail "expected: $1" "got:      $2"
}

# refute_match PATTERN TEXT: it matches none.
refute_match() {
	! grep -qE -e "$1" <<<"$2" || fail "unwanted: $1" "got:      $2"
}

# wait_until SECONDS COMMAND...: run the command until it succeeds.
# Its output is discarded.  Fails when that many seconds have gone by.
wait_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "timed out waiting for: $*" || \
			return
		sleep 0.02
	done
}

# --- vblade -----------------------------------------------------------

SERVED=()
RUNS=0

# background NS COMMAND...: start it in the namespace (if NS is empty, in that
# of the test); its pid is then $PID, its standard output and error go to the
# files $OUT and $ERR, and serve_end will end it.
background() {
	local ns=$1 stem=$BATS_TEST_TMPDIR/run.$((RUNS += 1))
	shift
	OUT=$stem.out
	ERR=$stem.err
	${ns:+ip netns exec "$ns"} "$@" >>"$OUT" 2>>"$ERR" </dev/null 3>&- &
	PID=$!
	SERVED+=("$PID")
}

# launch ARGUMENT...: start vblade in the target's namespace, as
# background does, without waiting for anything.
launch() { background "$TARGET_NS" "$VBLADE" "$@"; }

# wrap_vblade NAME COMMAND...: print the name of a program that runs $VBLADE by
# this command, as the same process.
wrap_vblade() {
	local script=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/$1
	shift
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$VBLADE" >"$script"
	chmod 755 "$script"
	printf '%s\n' "$script"
}

# serve ARGUMENT...: launch vblade and wait for its ready line.
serve() {
	launch "$@"
	wait_until 10 serve_settled "$PID" "$OUT" ||
		fail "vblade $*: no ready line in time" || return
	serve_ready "$OUT" || fail "vblade $*: not ready" "$(cat "$ERR")"
}

serve_ready() {
	grep -qE '^pid [0-9]+: e[0-9]+\.[0-9]+, [0-9]+ sectors O_RD' "$1"
}

serve_settled() {
	serve_ready "$2" || ! kill -0 "$1"
}

# process_gone PID: it has exited, and its files are closed.
process_gone() {
	[ ! -e "/proc/$1" ] || [ "$(grep -cE '^(State:.Z|Threads:.1$)' \
		"/proc/$1/status")" = 2 ]
}

# wait_for_exit PID: wait for a child to exit and set STATUS to its exit status.
# One that does not exit in 10 s is killed, and the test fails.
wait_for_exit() {
	STATUS=0
	wait_until 10 process_gone "$1" || { kill -9 "$1"; return 1; }
	wait "$1" || STATUS=$?
}

# stop_vblade [PID]: end vblade (by default the last one started) with SIGTERM.
# It has to exit 0.
stop_vblade() {
	kill "${1:-$PID}"
	wait_for_exit "${1:-$PID}"
	assert_equal 0 "$STATUS" "exit status after SIGTERM"
}

# assert_refused STATUS PATTERN ARGUMENT...: vblade exits with a status that
# matches, without a ready line and with one line on standard error that
# matches, beside one that there is no io_uring.
assert_refused() {
	local status=$1 pattern=$2
	shift 2
	launch "$@"
	wait_for_exit "$PID"
	assert_match "^$status\$" "$STATUS"
	assert_equal "" "$(cat "$OUT")" "standard output"
	assert_equal 1 "$(grep -vc 'io_uring is not available' "$ERR")" \
		"lines on standard error: $(cat "$ERR")"
	assert_match "$pattern" "$(cat "$ERR")"
}

# End all that serve, launch, background and start_listener started.
serve_end() {
	local pid
	for pid in "${SERVED[@]}"; do
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	SERVED=()
}

# image SECTORS: make a file of that many different sectors in the test's
# directory and print its name.  Sector n holds n in 511 decimal digits.
image() {
	local file=$BATS_TEST_TMPDIR/image.$1
	seq -f %0511.0f 0 "$(($1 - 1))" >"$file"
	printf '%s\n' "$file"
}

# --- frames -----------------------------------------------------------
#
# All of these print or take hexadecimal in the notation of notation.h, with
# its words SS (the initiator's MAC), TT (the target's), *N and @N.  The
# request builders address the target $ADDRESS (major and minor, e0.1) with
# tag $TAG.

ADDRESS=000001
TAG=0badcafe

# The firmware revision of Config replies: the version, a byte each.
FIRMWARE=$(sed -n 's/^VERSION = \(.\)\.\(.\).*/0\10\2/p' \
	"$TESTS/../Makefile")

# frame ARGUMENT...: tests/frame at the initiator's end of the wire.  The
# deadline is $REPLY_WAIT milliseconds, by default frame's own.
REPLY_WAIT=
frame() {
	on_initiator "$TESTS/frame" ${REPLY_WAIT:+-w "$REPLY_WAIT"} \
		-t "$TARGET_MAC" "$@"
}

# hex FRAME...: the frames in plain hexadecimal, one a line.
hex() { "$TESTS/frame" -p -a "$INITIATOR_MAC" -t "$TARGET_MAC" "$@"; }

# query REQUEST...: send the requests and print as many replies.
query() { frame "$@"; }

# assert_reply REQUEST REPLY: the request gets exactly this reply, and no other.
assert_reply() {
	assert_equal "$(hex "$2")" "$(frame -s -n 1 "$1")" "reply to $1"
}

# assert_silence REQUEST...: none of the requests gets a reply.  It is the
# reply to a later request that proves it, see frame.c, not a time.
assert_silence() {
	local got
	got=$(frame -s "$@") || fail "expected silence after: $*" "got: $got"
}

# start_listener: from now on the frames that the initiator receives are in the
# file $FRAMES.  $PID, $OUT and $ERR stay vblade's.
start_listener() {
	local pid=${PID:-} out=${OUT:-} err=${ERR:-}
	background "$INITIATOR_NS" "$TESTS/frame" -l -w 600000
	wait_until 10 grep -q listening "$ERR"
	FRAMES=$OUT
	PID=$pid OUT=$out ERR=$err
}

# wait_for_frame FRAME: the listener receives this frame, sooner or later.
wait_for_frame() {
	wait_until 10 grep -qx "$(hex "$1")" "$FRAMES" ||
		fail "received: $(cat "$FRAMES")"
}

# lba N: six bytes, the least significant first.
lba() {
	local i
	for i in 0 8 16 24 32 40; do
		printf %02x $(($1 >> i & 255))
	done
}

# be8 N: eight bits.
be8() { printf %02x "$1"; }

# request COMMAND ARGUMENT, response COMMAND ARGUMENT: the header and, as they
# are, the arguments.
request() { echo "TT SS 88a2 10 00 $ADDRESS $1 $TAG $2"; }
response() { echo "SS TT 88a2 18 00 $ADDRESS $1 $TAG $2"; }

config_read() { request 01 "0000 0000 00 00 0000"; }
identify() { request 00 "00 00 01 ec 000000a00000 0000"; }

# ata_read LBA COUNT, ata_write LBA COUNT DATA: the EXT commands.
ata_read() { request 00 "40 00 $(be8 "$2") 24 $(lba "$1") 0000"; }
ata_write() { request 00 "41 00 $(be8 "$2") 34 $(lba "$1") 0000 $3"; }
ata_flush() { request 00 "00 00 00 e7 000000000000 0000"; }

# The replies to them.  ata_failed FLAGS ERROR LBA COUNT: FLAGS are 40 or 41,
# ERROR is a value of the error register: 10 IDNF, 04 ABRT, 40 UNC.
ata_data() { response 00 "40 00 $(be8 "$2") 40 $(lba "$1") 0000 $3"; }
ata_written() { response 00 "41 00 $(be8 "$2") 40 $(lba "$1") 0000 @60"; }
ata_flushed() { response 00 "00 00 00 40 000000000000 0000 @60"; }
ata_failed() { response 00 "$1 $2 $(be8 "$4") 41 $(lba "$3") 0000 @60"; }

# sectors LBA COUNT: what sectors of an image that image made held at first.
sectors() { seq -f %0511.0f "$1" "$(($1 + $2 - 1))" | to_hex; }

# file_sectors FILE LBA COUNT: what a file holds there now.
file_sectors() { dd if="$1" skip="$2" count="$3" status=none | to_hex; }

# example TEXT: the commands of the example of the manual that has TEXT.
example() {
	sed 's/\\e/\\/g' "$TESTS/../vblade.8" | awk -v text="$1" '
		/^\.Ed/ && index(block, text) { printf "%s", block }
		/^\.[BE]d/ { block = ""; next }
		{ block = block $0 "\n" }'
}

# The standard input in hexadecimal, in one line.
to_hex() { od -An -v -tx1 | tr -d ' \n'; }

# --- observations -----------------------------------------------------

# refute COMMAND...: it fails.  (A mere ! would not fail a test.)
refute() {
	! "$@" >/dev/null 2>&1 || fail "should have failed: $*"
}

# assert_flawless LINE: the line of the load generator reports no error.  A
# retransmission is none: on a busy machine a frame may be dropped.
assert_flawless() { assert_match ' errors=0 bad=0 mismatches=0 ' "$1"; }

assert_alive() {
	kill -0 "$PID" || fail "vblade has died" "$(cat "$ERR")"
}

# log_matches N PATTERN: at least N lines of the log match.
log_matches() { [ "$(grep -cE -e "$2" "$ERR")" -ge "$1" ]; }

# wait_for_log PATTERN [TIMES]: a line of the log matches; if a number is
# given, so many do, and no more.
wait_for_log() {
	wait_until 10 log_matches "${2:-1}" "$1" || fail "$(cat "$ERR")" ||
		return
	[ $# -lt 2 ] || assert_equal "$2" "$(grep -cE -e "$1" "$ERR")" \
		"times: $1"
}

# wait_for_counters PATTERN: the counters come to match.
wait_for_counters() {
	wait_until 10 counters_match "$1" ||
		fail "expected: $1" "got: $(grep ' reads=' "$ERR" | tail -n 1)"
}

# counters_match PATTERN: the counters that SIGUSR1 logs now do.
counters_match() {
	local before
	before=$(grep -c ' reads=' "$ERR") || :
	kill -USR1 "$PID"
	wait_until 10 log_matches $((before + 1)) ' reads=' &&
		grep ' reads=' "$ERR" | tail -n 1 | grep -qE -e "$1"
}

# count_frames: how many frames the target's interface has received.
count_frames() { on_target cat /sys/class/net/eth0/statistics/rx_packets; }
frames_reached() { [ "$(count_frames)" -ge "$1" ]; }

# announcement [SECTORS [BUFFERS]]: the broadcast of a target at e0.1.
announcement() {
	echo "ffffffffffff TT 88a2 18 00 000001 01 00000000" \
		"$(printf %04x "${2:-64}") $FIRMWARE ${1:-02} 10 0000 @60"
}

# assert_readable LBA [COUNT]: sectors are read as image made them.
# assert_writable LBA: a sector is written, and read back.
assert_readable() {
	local n=${2:-1}
	assert_reply "$(ata_read "$1" "$n")" \
		"$(ata_data "$1" "$n" "$(sectors "$1" "$n")")"
}

# wait_until_readable SECTOR: until a target serves it, for 20 seconds at most,
# and from then on.
wait_until_readable() {
	REPLY_WAIT=200 wait_until 20 assert_readable "$1" && \
		assert_readable "$1"
}

assert_writable() {
	assert_reply "$(ata_write "$1" 1 'a5*512')" "$(ata_written "$1" 1)"
	assert_reply "$(ata_read "$1" 1)" "$(ata_data "$1" 1 'a5*512')"
}
