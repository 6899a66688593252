# With standard streams closed, full or without a reader vblade serves all the
# same, and never takes the disk or the network for a stream.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

# serve_redirected REDIRECTION [OPTION...]: serve with the streams redirected
# this way.
serve_redirected() {
	local how=$1
	shift
	background "$TARGET_NS" sh -c "exec \"\$@\" $how" sh \
		"$VBLADE" "$@" 0 1 eth0 "$IMAGE"
	wait_until 10 gets_reply "$(ata_read 7 1)" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
}

# assert_serves: it serves, and the image holds what was written and no more.
assert_serves() {
	assert_reply "$(ata_write 3 1 '5a*512')" "$(ata_written 3 1)"
	kill -USR1 "$PID"
	assert_reply "$(ata_read 4 1)" "$(ata_data 4 1 "$(sectors 4 1)")"
	stop_vblade
	assert_equal "$(sectors 0 3)$(hex '5a*512')$(sectors 4 60)" \
		"$(to_hex <"$IMAGE")"
}

@test "streams that are closed or full" {
	local how
	for how in '<&-' '>&-' '2>&-' '<&- >&- 2>&-' '>/dev/full' \
		'2>/dev/full'; do
		IMAGE=$(image 64)
		serve_redirected "$how" -v
		assert_serves
	done
}

# A pipe without a reader that is full.
@test "pipes that are full" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 8<>"$BATS_TEST_TMPDIR/pipe"
	dd if=/dev/zero bs=64k count=1 status=none >&8
	serve_redirected \
		">'$BATS_TEST_TMPDIR/pipe' 2>'$BATS_TEST_TMPDIR/pipe' 8>&-" -v
	assert_serves
	exec 8>&-
}

@test "the reader of standard error exits" {
	local log=$BATS_TEST_TMPDIR/log
	mkfifo "$log"
	background "$TARGET_NS" sh -c 'exec "$@" 2>"$0"' "$log" \
		"$VBLADE" -v 0 1 eth0 "$IMAGE"
	: <"$log"
	wait_until 10 gets_reply "$(ata_read 7 1)" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
	assert_serves
}
