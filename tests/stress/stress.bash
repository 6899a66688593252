# shellcheck shell=bash
#
# What the stress files share: the load generator at the initiator's end, and
# images of zeroes.

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
