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
