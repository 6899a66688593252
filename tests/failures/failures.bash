# shellcheck shell=bash
#
# What the failure stories share: programs that are built for them, vblade in
# other guises, and looks at it from outside.

# built NAME FLAG...: compile tests/failures/NAME.c into the directory of the
# test file and print the name of what came out.
built() {
	local name=$1
	shift
	"${CC:-cc}" -O2 -pthread -o "$BATS_FILE_TMPDIR/$name" \
		"$TESTS/failures/$name.c" "$@" || return
	printf '%s\n' "$BATS_FILE_TMPDIR/$name"
}

REAL=$VBLADE

# guise NAME COMMAND...: print the name of a program that runs vblade by this
# command, as the same process.
guise() {
	local script=$BATS_TEST_TMPDIR/$1
	shift
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$REAL" >"$script"
	chmod 755 "$script"
	printf '%s\n' "$script"
}

# --- faults -----------------------------------------------------------

# fault_setup: build the shim; in setup_file.
fault_setup() {
	FAULT=$(built fault -shared -fPIC -ldl)
	export FAULT
}

# faulty [RULE...]: from now on vblade has the shim under it, with these
# rules; see fault.c.
faulty() {
	export FAULT_RULES=$BATS_TEST_TMPDIR/rules
	export FAULT_LOG=$BATS_TEST_TMPDIR/faults
	: >"$FAULT_LOG"
	rules "$@"
	VBLADE=$(guise faulty env "LD_PRELOAD=$FAULT")
}

# rules [RULE...]: these hold from now on, and no others.
rules() {
	if [ $# -gt 0 ]; then
		printf '%s\n' "$@" >"$FAULT_RULES.new"
	else
		: >"$FAULT_RULES.new"
	fi
	cat "$FAULT_RULES.new" >"$FAULT_RULES"
}

# faulted CALL: such a call met a rule, sooner or later.
faulted() {
	until_true 10 grep -q "^$1 " "$FAULT_LOG"
}

# --- looks from outside -----------------------------------------------

alive() {
	kill -0 "$PID" || fail "it is dead" "$(cat "$ERR")"
}

# not COMMAND...: it fails.  (A mere ! would not fail a test.)
not() {
	! "$@" >/dev/null 2>&1 || fail "it should not have: $*"
}

# said PATTERN [TIMES]: it says that on standard error, sooner or later, and
# if a number is given, so often.
said() {
	until_true 10 grep -qE -e "$1" "$ERR" || fail "$(cat "$ERR")" || return
	[ $# -lt 2 ] || same "$2" "$(grep -cE -e "$1" "$ERR")" "times: $1"
}

# counters: the line of SIGUSR1 as it is now.
counters() {
	local before
	before=$(grep -c ' other requests' "$ERR") || :
	kill -USR1 "$PID"
	until_true 10 more_counters "$before" || return
	grep ' other requests' "$ERR" | tail -n 1
}

more_counters() {
	[ "$(grep -c ' other requests' "$ERR")" -gt "$1" ]
}

# counted PATTERN: the counters come to match.
counted() {
	until_true 10 counters_match "$1" ||
		fail "expected: $1" "got: $(counters)"
}

counters_match() {
	counters | grep -qE -e "$1"
}

# received: the frames that the target's interface has received.
received() {
	on_target cat /sys/class/net/eth0/statistics/rx_packets
}

received_more() {
	[ "$(received)" -ge "$1" ]
}

# overhear: as listen, and $PID and $ERR stay those of vblade.
overhear() {
	local pid=$PID err=$ERR
	listen
	PID=$pid ERR=$err
}

# answers REQUEST REPLY: as expect, but as a condition for until_true.
answers() {
	[ "$(frame -s -n 1 -w 1000 "$1")" = "$(hex "$2")" ]
}

# advertised [SECTORS]: the frame that tells everybody of a target at e0.1.
advertised() {
	echo "ffffffffffff TT 88a2 18 00 000001 01 00000000" \
		"0040 0100 ${1:-02} 10 0000 @60"
}

# reads LBA, writes LBA: one sector is read as it was at first, or written.
reads() {
	expect "$(ata_read "$1" 1)" "$(ata_data "$1" 1 "$(sectors "$1" 1)")"
}

writes() {
	expect "$(ata_write "$1" 1 'a5*512')" "$(ata_written "$1" 1)"
	expect "$(ata_read "$1" 1)" "$(ata_data "$1" 1 'a5*512')"
}
