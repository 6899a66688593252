# shellcheck shell=bash
#
# What the stress files share: the load generator at the initiator's end,
# images of zeroes, and libraries to preload.

# zeroes MEBIBYTES [DIRECTORY]: make a sparse image and print its name.
zeroes() {
	local file
	file=$(mktemp "${2:-$BATS_TEST_TMPDIR}/image.XXXXXX")
	truncate -s "$1M" "$file"
	printf '%s\n' "$file"
}

# initiator OPTION...: the load generator against e0.1; its line is printed.  It
# hardly ever sends again, so that a lost request shows.
initiator() {
	on_initiator timeout 300 "$TESTS/load" -t 20000 "$@" 0 1 eth0
}

# flawless LINE: a line of the load generator tells of no fault and no loss.
flawless() {
	assert_match ' errors=0 bad=0 mismatches=0 retransmits=0 ' "$1"
}

# library NAME: compile tests/stress/NAME.c for LD_PRELOAD; prints its name.
library() {
	local so=$BATS_FILE_TMPDIR/$1.so
	"${CC:-cc}" -shared -fPIC -O2 -o "$so" "$TESTS/stress/$1.c" -ldl
	printf '%s\n' "$so"
}

# evict FILE: forget its pages again and again, so that some requests find
# them cached and others have to wait for the disk.  It runs until killed.
evict() {
	while dd of="$1" oflag=nocache conv=notrunc,fdatasync count=0 \
		status=none; do
		sleep 0.02
	done
}
