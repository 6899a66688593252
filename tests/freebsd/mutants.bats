# A test of the tests: freebsd.c is compiled with a call or a constant of the
# system replaced, as if the programmer had forgotten or confused it, and each
# time a certain test has to fail.

load ../helper

setup() {
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace SHIM_RUN=$BATS_TEST_TMPDIR
	MUTANT=$BATS_TEST_TMPDIR/mutant
}

# mutate NAME[(PARAMETERS)] REPLACEMENT: build the program with this macro.
mutate() {
	local headers
	headers=$(grep -E '^#include <' "$TESTS/../freebsd.c")
	printf '%s\n' "$headers" "static int calls;" \
		"#undef ${1%%(*}" "#define $1 $2" \
		"#include \"$TESTS/../freebsd.c\"" >"$MUTANT.c"
	"$TESTS/freebsd/build" "$MUTANT" "$TESTS/../vblade.c" "$MUTANT.c" \
		-- -w -O0
}

# ignore REQUEST: build a program in which this ioctl does nothing.
ignore() {
	mutate "ioctl(fd, request, ...)" \
		"((request) == $1 ? 0 : ioctl(fd, request, ##__VA_ARGS__))"
}

# assert_caught FILE TEST: with the mutant this test fails.
assert_caught() {
	local tap
	tap=$(VBLADE=$MUTANT SHIMMED=$MUTANT timeout 100 \
		bats --tap -f "^$2" "$TESTS/$1" 2>&1) || :
	assert_match "^not ok 1 $2" "$tap"
}

@test "an ioctl that sets the device up is left out" {
	local request
	for request in BIOCIMMEDIATE BIOCSBLEN BIOCSHDRCMPLT BIOCSDIRECTION; do
		ignore $request
		assert_caught freebsd/bpf.bats 'filter, buffer, immediate'
	done
}

@test "a header as long as its struct" {
	mutate bh_hdrlen 'bh_hdrlen * 0 + sizeof(struct bpf_hdr)'
	assert_caught net/address.bats 'a request to our MAC address gets a reply'
}

@test "one record per read" {
	mutate 'BPF_WORDALIGN(n)' '(1 << 19)'
	assert_caught net/data.bats 'the whole image is read'
}

@test "a VLAN tag that is left in the frame" {
	mutate 'memmove(to, from, n)' '(void)0'
	assert_caught net/address.bats 'a priority tag does not matter'
}

@test "an interface found by how its name begins" {
	mutate 'strncmp(a, b, n)' '(strncmp)(a, b, strlen(a))'
	assert_caught freebsd/bpf.bats 'an interface whose name begins'
}

@test "no binding to an interface that is created again" {
	mutate "ioctl(fd, request, ...)" "((request) == BIOCSETIF && \
		calls++ > 0 ? -1 : ioctl(fd, request, ##__VA_ARGS__))"
	assert_caught failures/network.bats 'the interface is deleted and made'
}

@test "any type of interface" {
	mutate DLT_EN10MB type
	assert_caught freebsd/bpf.bats '18: '
}

@test "no limit of the MTU" {
	mutate 'MIN(a, b)' '(a)'
	assert_caught freebsd/bpf.bats '19: '
}

@test "a look at the link for every broadcast" {
	mutate 'time(p)' 'clock()'
	assert_caught freebsd/bpf.bats '20: '
}

@test "no claim of the address" {
	mutate 'flock(fd, how)' 0
	assert_caught cli/start.bats 'the same address twice on one interface'
}

@test "transfers of less than a sector" {
	mutate 'roundup(n, m)' '(n)'
	assert_caught freebsd/disk.bats 'sectors of 4096 bytes: any single'
}

@test "no fdatasync" {
	mutate "fdatasync(fd)" 0
	assert_caught freebsd/disk.bats "21: "
}

@test "EPERM that is no reason to say that the disk is mounted" {
	mutate EPERM 0
	assert_caught freebsd/disk.bats '17: '
}

@test "pages that are resident, but not mapped, read by the pool" {
	mutate 'madvise(p, n, advice)' 0
	assert_caught freebsd/disk.bats '16: reads of a file'
}

@test "pages that are not resident read by the loop" {
	mutate 'mincore(p, n, state)' '(memset(state, 1, sizeof state), 0)'
	assert_caught freebsd/disk.bats '16: reads of a file'
}

@test "blocks taken for pages" {
	mutate st_blksize 'st_blksize / 64'
	assert_caught freebsd/disk.bats '16: writes of a part of a block'
}
