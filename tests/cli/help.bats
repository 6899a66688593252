# What it says about itself.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
teardown() { serve_end; }

# says ARGUMENT...: it ends with status 0 and nothing on standard error.
says() {
	launch "$@"
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS" "exit status of vblade $*"
	assert_equal "" "$(cat "$ERR")" "standard error"
}

@test "-h prints the usage and every option" {
	local option
	says -h
	assert_match "^usage: vblade .*shelf slot interface file" \
		"$(flat <"$OUT")"
	for option in b d f h j l m o r s v V; do
		assert_match "^ +-$option|\[-[a-zA-Z]*$option" "$(cat "$OUT")"
	done
}

@test "--help prints the same" {
	local short
	says -h
	short=$(cat "$OUT")
	says --help
	assert_equal "$short" "$(cat "$OUT")"
}

@test "-V prints one line, name and version" {
	says -V
	assert_equal 1 "$(wc -l <"$OUT")" "lines"
	assert_match "^vblade [0-9]+" "$(cat "$OUT")"
}

@test "--version prints the same" {
	local short
	says -V
	short=$(cat "$OUT")
	says --version
	assert_equal "$short" "$(cat "$OUT")"
}

@test "help needs no privilege" {
	background "$TARGET_NS" setpriv --reuid nobody --regid nogroup \
		--clear-groups "$VBLADE" -h
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS"
}

# flat: the standard input in one line.
flat() {
	tr -s ' \n' '  ' | sed 's/ $//'
}
