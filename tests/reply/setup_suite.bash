# shellcheck shell=bash
#
# Builds the program that the tests here run, each time, since most of it is
# ../../vblade.c.  It prints frames, too, where REPLY_PROGRAM names another
# one, built with other flags or for another machine.

setup_suite() {
	make -s -B -C "$BATS_TEST_DIRNAME/../.." tests/reply/reply >&2
}
