# shellcheck shell=bash
#
# Builds the program that the tests here talk to, anew each time, since most
# of it is ../../vblade.c, which make does not know; unless REPLY_PROGRAM
# names another, built with other flags or for another machine.

setup_suite() {
	[ -n "${REPLY_PROGRAM:-}" ] ||
		make -s -B -C "$BATS_TEST_DIRNAME/../.." tests/reply/reply >&2
}
