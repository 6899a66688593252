# Options and operands in any order, on any libc.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

# read_only ARGUMENT...: with these arguments 5 sectors are served, and are
# not to be written.
read_only() {
	serve "$@"
	assert_equal "pid $PID: e0.1, 5 sectors O_RDONLY" "$(cat "$OUT")"
}

@test "options before the operands" {
	read_only -r -l 5 0 1 eth0 "$IMAGE"
}

@test "options after the operands" {
	read_only 0 1 eth0 "$IMAGE" -r -l 5
}

@test "options between the operands" {
	read_only 0 -r 1 eth0 -l 5 "$IMAGE"
}

@test "options that are run together" {
	read_only -rl5 0 1 eth0 "$IMAGE"
}

@test "options before -- and operands after it" {
	read_only -r -l 5 -- 0 1 eth0 "$IMAGE"
}

@test "-- between the operands" {
	read_only 0 1 -r -l 5 -- eth0 "$IMAGE"
}

@test "what looks like an option is a file after --" {
	local file=-r
	cp "$IMAGE" "$BATS_TEST_TMPDIR/$file"
	cd "$BATS_TEST_TMPDIR"
	serve -- 0 1 eth0 "$file"
	assert_equal "pid $PID: e0.1, 64 sectors O_RDWR" "$(cat "$OUT")"
}

@test "a file name of blanks, quotes and other signs" {
	local file="$BATS_TEST_TMPDIR/a b'c\"d;e\$f%s"
	cp "$IMAGE" "$file"
	serve 0 1 eth0 "$file"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "an option given twice means the later" {
	serve -l 7 -l 5 0 1 eth0 "$IMAGE"
	assert_equal "pid $PID: e0.1, 5 sectors O_RDWR" "$(cat "$OUT")"
}

@test "an unknown option is refused by its name" {
	misused "-x" -x 0 1 eth0 "$IMAGE"
}

@test "an option without its argument is refused by its name" {
	misused "-l" 0 1 eth0 "$IMAGE" -l
}

@test "fewer operands than four are refused" {
	misused usage
	misused usage 0
	misused usage 0 1 eth0
	misused usage -r 0 1 eth0
}

@test "more operands than four are refused" {
	misused "usage|surplus" 0 1 eth0 "$IMAGE" surplus
}

# misused PATTERN ARGUMENT...: it ends with status 2 and says so on standard
# error, where the usage may follow.
misused() {
	local pattern=$1
	shift
	launch "$@"
	wait_for_exit "$PID"
	assert_equal 2 "$STATUS" "exit status of vblade $*"
	assert_equal "" "$(cat "$OUT")" "standard output"
	assert_match "$pattern" "$(cat "$ERR")"
}
