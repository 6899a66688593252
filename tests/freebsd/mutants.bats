# A test of the tests: freebsd.c is compiled with a call or a constant of the
# system replaced, as if the programmer had forgotten or confused it, and each
# time a certain test has to fail.

load ../helper

setup() {
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace SHIM_RUN=$BATS_TEST_TMPDIR
	MUTANT=$BATS_TEST_TMPDIR/mutant
}

# assert_caught FILE TEST NAME[(PARAMETERS)] REPLACEMENT: with this macro in
# the program this test fails.
assert_caught() {
	local tap headers
	headers=$(grep -E '^#include <' "$TESTS/../freebsd.c")
	printf '%s\n' "$headers" "static int calls;" \
		"#undef ${3%%(*}" "#define $3 $4" \
		"#include \"$TESTS/../freebsd.c\"" >"$MUTANT.c"
	"$TESTS/freebsd/build" "$MUTANT" "$TESTS/../vblade.c" "$MUTANT.c" \
		-w -O0
	tap=$(VBLADE=$MUTANT SHIMMED=$MUTANT timeout 100 \
		bats --tap -f "^$2" "$TESTS/$1.bats" 2>&1) || :
	assert_match "^not ok 1 $2" "$tap" || fail "#define $3 $4"
}

@test "an ioctl that sets the device up is left out" {
	local request
	for request in BIOCIMMEDIATE BIOCSBLEN BIOCSHDRCMPLT BIOCSDIRECTION; do
		assert_caught freebsd/bpf 'filter, buffer, immediate' \
			'ioctl(fd, n, ...)' \
			"((n) == $request ? 0 : ioctl(fd, n, ##__VA_ARGS__))"
	done
}

@test "a header as long as its struct, one record per read, a tag left" {
	assert_caught net/address 'a request to our MAC address gets a reply' \
		bh_hdrlen 'bh_hdrlen * 0 + sizeof(struct bpf_hdr)'
	assert_caught net/data 'the whole image is read' \
		'BPF_WORDALIGN(n)' '(1 << 19)'
	assert_caught net/address 'a priority tag does not matter' \
		'memmove(to, from, n)' '(void)0'
}

@test "an interface found by how its name begins, or of any type" {
	assert_caught freebsd/bpf 'an interface whose name begins' \
		'strncmp(a, b, n)' '(strncmp)(a, b, strlen(a))'
	assert_caught freebsd/bpf '18: ' DLT_EN10MB type
}

@test "no binding to an interface that is created again" {
	assert_caught failures/network 'the interface is deleted and created' \
		'ioctl(fd, n, ...)' '((n) == BIOCSETIF && calls++ > 0 ? -1 : \
			ioctl(fd, n, ##__VA_ARGS__))'
}

@test "no limit of the MTU, an update for every broadcast, no claim" {
	assert_caught freebsd/bpf '19: ' 'MIN(a, b)' '(a)'
	assert_caught freebsd/bpf '20: ' 'time(p)' 'clock()'
	assert_caught cli/start 'the same address twice on one interface' \
		'flock(fd, how)' 0
}

@test "transfers of less than a sector, no fdatasync, EPERM not explained" {
	assert_caught freebsd/disk 'sectors of 4096 bytes' \
		'roundup(n, m)' '(n)'
	assert_caught freebsd/disk '21: ' 'fdatasync(fd)' 0
	assert_caught freebsd/disk '17: ' EPERM 0
}

@test "pages not mapped, or taken for resident, and blocks taken for pages" {
	assert_caught freebsd/disk '16: reads of a file' \
		'madvise(p, n, advice)' 0
	assert_caught freebsd/disk '16: reads of a file' \
		'mincore(p, n, state)' '(memset(state, 1, sizeof state), 0)'
	assert_caught freebsd/disk '16: writes of a part of a block' \
		st_blksize 'st_blksize / 64'
}
