# shellcheck shell=bash
#
# What the stress files share: the load generator at the initiator's end, and
# images of zeroes.

# shellcheck source=../faults.bash
source "$TESTS/faults.bash"

# zeroes MEBIBYTES [DIRECTORY]: make a sparse image and print its name.
zeroes() {
	local file
	file=$(mktemp "${2:-$BATS_TEST_TMPDIR}/image.XXXXXX")
	truncate -s "$1M" "$file"
	printf '%s\n' "$file"
}

# initiator OPTION...: run the load generator against e0.1; prints its line.
# It retransmits only after so long that a lost request shows.
initiator() {
	on_initiator timeout 300 "$TESTS/load" -t 20000 "$@" 0 1 eth0
}

# assert_flawless LINE: the line of the load generator reports no error.  A
# retransmission is none: on a busy machine a frame may be dropped.
assert_flawless() {
	assert_match ' errors=0 bad=0 mismatches=0 ' "$1"
}

# evict FILE: drop its pages from the cache again and again, so that some
# requests are cached and others have to wait for the disk.  Runs until killed.
evict() {
	while dd of="$1" oflag=nocache conv=notrunc,fdatasync count=0 \
		status=none; do
		sleep 0.02
	done
}
