# A minute of fuzzing, and one of random lives, other ones each time.  See
# README.md here.

load ../helper

@test "any sequence of frames and events keeps state and disk right" {
	local out
	out=$("$TESTS/fuzz/run" 60 3>&-) || fail "$out"
	out=${out##*$'\n'}
	echo "# $out" >&3
	assert_match '^[0-9]+ inputs, [0-9]+ edges in 60 s' "$out"
}

@test "random requests take effect in order of arrival, and once" {
	"$TESTS/fuzz/build" "$BATS_TEST_TMPDIR/random" clang -O1 \
		-fsanitize=address,undefined -fno-sanitize-recover=all
	"$BATS_TEST_TMPDIR/random" 60 "$(date +%s)"
}
