# A second of fuzzing with any compiler: the seeds, and what small random
# changes make of them.

load ../helper

# fuzz_for_a_second HARNESS
fuzz_for_a_second() {
	local flags=(-O1)
	cc -fsanitize=address,undefined -x c -o "$BATS_TEST_TMPDIR/try" - \
		<<<'int main(void) { return 0; }' 2>/dev/null &&
		flags+=("-fsanitize=address,undefined"
			-fno-sanitize-recover=undefined)
	"$TESTS/fuzz/build" "$1" "$BATS_TEST_TMPDIR/$1" "${CC:-cc}" \
		"${flags[@]}"
	KEEP=$BATS_TEST_TMPDIR/input "$BATS_TEST_TMPDIR/$1" -t 1 \
		"$TESTS/fuzz/seeds/$1"/* || fail "$(od -An -v -tx1 \
			"$BATS_TEST_TMPDIR/input")"
}

@test "any frame gets the right reply" {
	fuzz_for_a_second frame
}

@test "any sequence of frames and events keeps state and disk right" {
	fuzz_for_a_second sequence
}
