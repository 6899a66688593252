# The shim behaves as a real kernel does: conf.c prints facts, and the
# transcript is what it printed on FreeBSD 15.1.

load ../helper

teardown() { lab_close; }

@test "22: the shim behaves as FreeBSD 15.1 did, also in capability mode" {
	local conf=$BATS_TEST_TMPDIR/conf end
	"$TESTS/freebsd/build" "$conf" "$TESTS/freebsd/conf.c" -Werror
	lab_open
	ip -n "$TARGET_NS" link add conf0 mtu 9000 type veth peer name conf1 \
		mtu 9000
	for end in conf0 conf1; do
		ip -n "$TARGET_NS" link set $end up
	done
	for end in conf0 conf1; do
		wait_until 10 on_target grep -qx up \
			/sys/class/net/$end/operstate
	done
	SHIM_DISK=$conf on_target "$conf" conf0 conf1 \
		'ip link delete conf0' "$conf" |
		diff "$TESTS/freebsd/conf-freebsd15.1.txt" -
}
