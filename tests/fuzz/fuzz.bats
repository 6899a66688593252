# A minute of fuzzing.  See README.md here.

load ../helper

@test "any sequence of frames and events keeps state and disk right" {
	local out
	out=$("$TESTS/fuzz/run" 60 3>&-) || fail "$out"
	out=${out##*$'\n'}
	echo "# $out" >&3
	assert_match '^[0-9]+ inputs, [0-9]+ edges in 60 s' "$out"
}
