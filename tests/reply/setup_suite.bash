# shellcheck shell=bash
#
# Builds the program that the tests here run.  It prints frames, too, where
# REPLY_PROGRAM names another one, built with other flags or for another
# machine.

setup_suite() {
	make -s -C "$BATS_TEST_DIRNAME/../.." tests/reply/reply >&2
}
