# A second of fuzzing with any compiler: the seeds, and what small random
# changes make of them.

load ../helper

@test "any sequence of frames and events keeps state and disk right" {
	local fuzz=$BATS_TEST_TMPDIR/fuzz
	local sanitize='-fsanitize=address,undefined -fno-sanitize-recover=all'
	# shellcheck disable=SC2086
	cc $sanitize -x c -o "$fuzz" - <<<'int main(void) { return 0; }' \
		2>/dev/null || sanitize=
	# shellcheck disable=SC2086
	"$TESTS/fuzz/build" "$fuzz" "${CC:-cc}" -O1 $sanitize
	KEEP=$fuzz.input "$fuzz" 2 "$TESTS/fuzz/seeds"/* ||
		fail "$(od -An -v -tx1 "$fuzz.input")"
}
