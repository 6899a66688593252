# The suites of the wire, run again over the shim, under ASan and UBSan.  It is
# a failure, too, if anything is denied to the confined program on the way.

load ../helper
load ../platforms/platforms

setup() {
	export VBLADE=$SHIMMED
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace SHIM_RUN=$BATS_TEST_TMPDIR
	export ENGINE_LOG='disk I/O by threads$'
}

teardown() {
	refute_match '^denied' "$(cat "$SHIM_TRACE")"
}

# The shim opens a device that Linux has made read-only.  No ring cuts frames.
@test "what needs a kernel, except a loopback interface" {
	suite net -- "a frame that arrived cut is ignored" \
		"the loopback interface carries 127 sectors" \
		"a read-only block device is refused without -r"
}

@test "failures of the network" {
	# Except "1000 frames for another slot do not wake it": the shim wakes.
	# No event tells of a new address: see bpf.bats.
	FILTER="^[^1]" suite failures/network.bats -- \
		"the interface becomes a port of a bridge, and leaves it" \
		"the interface gets another MAC address: that one is served"
}

# Interfaces have one name, which alone is claimed; LeakSanitizer fails without
# /proc, and ASan beside what is preloaded.
@test "starting and stopping" {
	suite cli/start.bats cli/signals.bats cli/streams.bats -- \
		"the same address by another name of the interface: 2" \
		"the same address by the new name of the interface: 2" \
		"no right to open a packet socket: 4, and the message names it" \
		"pipes that another process fills" \
		"a terminal that another process fills" \
		"a full pipe that cannot be reopened" \
		"a socket that another process fills"
}

# build_shimmed FLAG...: build the program in another way.
build_shimmed() {
	VBLADE=$BATS_TEST_TMPDIR/vblade
	"$TESTS/freebsd/build" "$VBLADE" "$TESTS/../vblade.c" \
		"$TESTS/../freebsd.c" "$@"
}

# What slows the disk down is preloaded, which ASan does not tolerate.
@test "order of requests over a slow disk, without the sanitizers" {
	build_shimmed
	suite stress/order.bats
}

@test "integrity of a file, and of a disk, under ThreadSanitizer" {
	build_shimmed -w -O1 -fsanitize=thread
	SHIM_SECTOR=4096 suite stress/integrity.bats
}
