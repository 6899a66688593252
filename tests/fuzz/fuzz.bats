# A minute of inputs that nobody thought of, for each harness, side by side.
# See README.md here.

load ../helper

setup_file() {
	export OUT=$BATS_FILE_TMPDIR
	local harness
	for harness in frame sequence; do
		"$TESTS/fuzz/run" 60 "$harness" >"$OUT/$harness.told" 2>&1 \
			3>&- &
	done
	wait
}

found_nothing() {
	local told
	told=$(cat "$OUT/$1.told")
	echo "# $told" >&3
	assert_match "^$1: [0-9]+ inputs in 60 s" "$told"
}

@test "any frame gets the reply it should" {
	found_nothing frame
}

@test "any sequence of frames and events keeps state and disk right" {
	found_nothing sequence
}
