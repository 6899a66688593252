# shellcheck shell=bash
#
# What the failure stories share: programs that are built for them, vblade in
# other guises, and looks at it from outside.

# shellcheck source=../faults.bash
source "$TESTS/faults.bash"

# build_tool NAME FLAG...: compile tests/failures/NAME.c into the directory of the
# test file and print the name of what came out.
build_tool() {
	local name=$1
	shift
	"${CC:-cc}" -O2 -pthread -o "$BATS_FILE_TMPDIR/$name" \
		"$TESTS/failures/$name.c" "$@" || return
	printf '%s\n' "$BATS_FILE_TMPDIR/$name"
}

REAL=$VBLADE

# wrap_vblade NAME COMMAND...: print the name of a program that runs vblade by this
# command, as the same process.
wrap_vblade() {
	local script=$BATS_TEST_TMPDIR/$1
	shift
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$REAL" >"$script"
	chmod 755 "$script"
	printf '%s\n' "$script"
}

# --- looks from outside -----------------------------------------------

assert_alive() {
	kill -0 "$PID" || fail "it is dead" "$(cat "$ERR")"
}

# refute COMMAND...: it fails.  (A mere ! would not fail a test.)
refute() {
	! "$@" >/dev/null 2>&1 || fail "it should not have: $*"
}

# wait_for_log PATTERN [TIMES]: it says that on standard error, sooner or later, and
# if a number is given, so often.
wait_for_log() {
	wait_until 10 grep -qE -e "$1" "$ERR" || fail "$(cat "$ERR")" || return
	[ $# -lt 2 ] || assert_equal "$2" "$(grep -cE -e "$1" "$ERR")" \
		"times: $1"
}

# read_counters: the line of SIGUSR1 as it is now.
read_counters() {
	local before
	before=$(grep -c ' reads=[0-9]* read_bytes=' "$ERR") || :
	kill -USR1 "$PID"
	wait_until 10 counters_logged "$before" || return
	grep ' reads=[0-9]* read_bytes=' "$ERR" | tail -n 1
}

counters_logged() {
	[ "$(grep -c ' reads=[0-9]* read_bytes=' "$ERR")" -gt "$1" ]
}

# wait_for_counters PATTERN: the counters come to match.
wait_for_counters() {
	wait_until 10 counters_match "$1" ||
		fail "expected: $1" "got: $(read_counters)"
}

counters_match() {
	read_counters | grep -qE -e "$1"
}

# count_frames: the frames that the target's interface has received.
count_frames() {
	on_target cat /sys/class/net/eth0/statistics/rx_packets
}

frames_reached() {
	[ "$(count_frames)" -ge "$1" ]
}

# gets_reply REQUEST REPLY: as assert_reply, but as a condition for
# wait_until.
gets_reply() {
	[ "$(frame -s -n 1 -w 1000 "$1")" = "$(hex "$2")" ]
}

# announcement [SECTORS]: the frame that tells everybody of a target at e0.1.
announcement() {
	echo "ffffffffffff TT 88a2 18 00 000001 01 00000000" \
		"0040 0100 ${1:-02} 10 0000 @60"
}

# assert_readable LBA: a sector is read as it was at first.
# assert_writable LBA: a sector is written, and read back.
assert_readable() {
	assert_reply "$(ata_read "$1" 1)" \
		"$(ata_data "$1" 1 "$(sectors "$1" 1)")"
}

assert_writable() {
	assert_reply "$(ata_write "$1" 1 'a5*512')" "$(ata_written "$1" 1)"
	assert_reply "$(ata_read "$1" 1)" "$(ata_data "$1" 1 'a5*512')"
}
