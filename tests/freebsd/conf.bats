# The shim behaves as a real kernel does: conf.c prints facts about bpf, and
# the transcript is what it printed on FreeBSD 15.1.

load ../helper

setup() {
	lab_open
	ip -n "$TARGET_NS" link add conf0 type veth peer name conf1
	CONF=$BATS_TEST_TMPDIR/conf
}

teardown() { lab_close; }

@test "the shim behaves as FreeBSD 15.1 did" {
	"$TESTS/freebsd/build" "$CONF" "$TESTS/freebsd/conf.c" -- -Werror
	on_target "$CONF" conf0 conf1 |
		diff "$TESTS/freebsd/conf-freebsd15.1.txt" -
}

@test "22: in capability mode nothing can be opened or connected" {
	"$TESTS/freebsd/build" "$CONF" "$TESTS/freebsd/capability.c" -- -Werror
	assert_equal "open ECAPMODE, connect ECAPMODE, \
sendto ECAPMODE, read-only DIOCGFLUSH EPERM" \
		"$(SHIM_DISK=$CONF:512 "$CONF" "$CONF")"
}
