# shellcheck shell=bash
#
# What the tests of failures share: injected faults, programs that are built
# for them, and vblade run by another program.

# shellcheck source=../faults.bash
source "$TESTS/faults.bash"

# build_tool NAME FLAG...: compile tests/failures/NAME.c into the directory of
# the test file and print the name of the result.
build_tool() {
	local name=$1
	shift
	"${CC:-cc}" -O2 -pthread -o "$BATS_FILE_TMPDIR/$name" \
		"$TESTS/failures/$name.c" "$@" || return
	printf '%s\n' "$BATS_FILE_TMPDIR/$name"
}

# send_together REQUEST...: vblade receives them in one batch.
send_together() {
	kill -STOP "$PID"
	printf '%s\n' "$@" | frame -n 0
	kill -CONT "$PID"
}

# assert_all_read LBA...: reads of one sector each, sent together, are answered.
assert_all_read() {
	local i requests=()
	start_listener
	for i; do
		requests+=("$(ata_read "$i" 1)")
	done
	send_together "${requests[@]}"
	for i; do
		wait_for_frame "$(ata_data "$i" 1 "$(sectors "$i" 1)")"
	done
}

REAL=$VBLADE

# wrap_vblade NAME COMMAND...: print the name of a program that runs vblade by
# this command, as the same process.
wrap_vblade() {
	local script=$BATS_TEST_TMPDIR/$1
	shift
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$REAL" >"$script"
	chmod 755 "$script"
	printf '%s\n' "$script"
}
