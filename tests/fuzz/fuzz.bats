# A minute of fuzzing with each harness, side by side.  See README.md here.

load ../helper

setup_file() {
	export OUT=$BATS_FILE_TMPDIR
	local harness
	for harness in frame sequence; do
		"$TESTS/fuzz/run" 60 "$harness" >"$OUT/$harness.out" 2>&1 3>&- &
	done
	wait
}

assert_found_nothing() {
	local out
	out=$(cat "$OUT/$1.out")
	echo "# ${out##*$'\n'}" >&3
	assert_match "^$1: [0-9]+ inputs in 60 s" "$out"
}

@test "any frame gets the right reply" {
	assert_found_nothing frame
}

@test "any sequence of frames and events keeps state and disk right" {
	assert_found_nothing sequence
}
