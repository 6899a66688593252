# The shim behaves as a real kernel does: conf.c prints facts, and the
# transcript is what it printed on FreeBSD 15.1, at last in capability mode.

load ../helper

setup() {
	CONF=$BATS_TEST_TMPDIR/conf
	FACTS=$TESTS/freebsd/conf-freebsd15.1.txt
	lab_open
	"$TESTS/freebsd/build" "$CONF" "$TESTS/freebsd/conf.c" -Werror
}

teardown() { lab_close; }

@test "the shim behaves as FreeBSD 15.1 did" {
	local end
	ip -n "$TARGET_NS" link add conf0 mtu 9000 type veth peer name conf1 \
		mtu 9000
	for end in conf0 conf1; do
		ip -n "$TARGET_NS" link set $end up
	done
	on_target "$CONF" conf0 conf1 'ip link set conf0 down' \
		'ip link delete conf0' |
		diff <(head -n -4 "$FACTS") -
}

@test "22: in capability mode nothing can be opened or connected" {
	SHIM_DISK=$CONF:512 "$CONF" "$CONF" | diff <(tail -n 4 "$FACTS") -
}
