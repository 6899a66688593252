# The suites of the wire, run again over the shim, under ASan and UBSan.  It is
# a failure, too, if anything is denied to the confined program on the way.

load ../helper

setup() {
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace SHIM_RUN=$BATS_TEST_TMPDIR
	export ENGINE_LOG='disk I/O by threads$'
	TAP=$BATS_TEST_TMPDIR/tap
}

# suite FILE... [-- NAME...]: all tests of these files pass but those named,
# which need what FreeBSD does not have; those fail.  FILTER, if set, is a
# pattern of the tests to run.
suite() {
	local files=() expected
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		files+=("$TESTS/$1")
		shift
	done
	[ $# -eq 0 ] || shift
	VBLADE=$SHIMMED timeout 240 bats --tap -f "${FILTER:-}" "${files[@]}" \
		>"$TAP" 2>&1 || :
	expected=$([ $# -eq 0 ] || printf '%s\n' "$@")
	assert_equal "$expected" "$(sed -n 's/^not ok [0-9]* //p' "$TAP")" \
		"failures" ||
		fail "$(cat "$TAP")" || return
	assert_equal "$(sed -n 's/^1\.\.//p' "$TAP")" \
		"$(grep -cE '^(not )?ok ' "$TAP")" \
		"tests that ran" || fail "$(cat "$TAP")" || return
	refute_match '^denied' "$(cat "$SHIM_TRACE")"
}

# The shim opens a device that Linux has made read-only.
@test "what needs a kernel, but a loopback interface" {
	suite net -- "the loopback interface carries 127 sectors" \
		"a read-only block device is refused without -r"
}

@test "the failure stories of the network" {
	# But "1000 frames for another slot do not wake it": the shim wakes.
	FILTER="^[^1]" suite failures/network.bats
}

# Interfaces have one name; and LeakSanitizer fails without /proc.
@test "starting and stopping" {
	suite cli/start.bats cli/signals.bats cli/streams.bats -- \
		"the same address by another name of the interface: 2" \
		"no right to open a packet socket: 4, and the message names it" \
		"a full pipe that cannot be reopened"
}

# build_shimmed FLAG...: build the program in another way.
build_shimmed() {
	SHIMMED=$BATS_TEST_TMPDIR/vblade
	"$TESTS/freebsd/build" "$SHIMMED" "$TESTS/../vblade.c" \
		"$TESTS/../freebsd.c" "$@"
}

# What slows the disk down is preloaded, which ASan does not bear.
@test "order of requests over a slow disk, without the sanitizers" {
	build_shimmed
	suite stress/order.bats
}

@test "integrity of a file, and of a disk, under ThreadSanitizer" {
	build_shimmed -w -O1 -fsanitize=thread
	export STRESS=50 SHIM_SECTOR=4096 TSAN_OPTIONS=halt_on_error=1
	suite stress/integrity.bats
}
