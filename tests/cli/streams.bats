# Started with standard streams closed, or with nobody at their other end, it
# serves all the same, and never takes the disk or the network for a stream.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

# serve_redirected REDIRECTION [OPTION...]: serve with the streams redirected
# as the shell is told to.
serve_redirected() {
	local how=$1
	shift
	background "$TARGET_NS" sh -c "exec \"\$@\" $how" sh \
		"$VBLADE" "$@" 0 1 eth0 "$IMAGE"
	wait_until 10 answers
}

# answers: the target answers within a tenth of a second.
answers() {
	frame -w 100 "$(config_read)"
}

# whole: it serves, and the image holds what was written and no more.
whole() {
	assert_reply "$(ata_write 3 1 '5a*512')" "$(ata_written 3 1)"
	kill -USR1 "$PID"
	assert_reply "$(ata_read 4 1)" "$(ata_data 4 1 "$(sectors 4 1)")"
	stop_vblade
	assert_equal "$(sectors 0 3)$(hex '5a*512')$(sectors 4 60)" \
		"$(to_hex <"$IMAGE")"
}

@test "standard input closed" {
	serve_redirected "<&-"
	whole
}

@test "standard output closed" {
	serve_redirected ">&-"
	whole
}

@test "standard error closed" {
	serve_redirected "2>&-" -v
	whole
}

@test "all three closed" {
	serve_redirected "<&- >&- 2>&-" -v
	whole
}

@test "standard output full" {
	serve_redirected ">/dev/full"
	whole
}

@test "standard error full" {
	serve_redirected "2>/dev/full" -v
	whole
}

@test "nobody reads standard error" {
	local log=$BATS_TEST_TMPDIR/log
	mkfifo "$log"
	background "$TARGET_NS" sh -c 'exec "$@" 2>"$0"' "$log" \
		"$VBLADE" -v 0 1 eth0 "$IMAGE"
	: <"$log"
	wait_until 10 answers
	whole
}

@test "-v tells each request in a line on standard error" {
	serve -v 0 1 eth0 "$IMAGE"
	: >"$ERR"
	query "$(ata_read 3 2)" "$(ata_read 5 1)" >/dev/null
	wait_until 10 lines 2
}

lines() {
	[ "$(wc -l <"$ERR")" -eq "$1" ]
}
