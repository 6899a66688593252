# Failure stories T36 to T39: the process and those who run it.  More of T37,
# and T40, stand in tests/service, which has a systemd.

load ../helper
load failures

setup_file() {
	lab_open
	build_fault_shim
}

teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 256)
	PUBLIC=$(mktemp -d)
	chmod 755 "$PUBLIC"
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/rules" ] || : >"$BATS_TEST_TMPDIR/rules"
	serve_end
	rm -rf "$PUBLIC"
}

# dies_slowly: SIGTERM has come, and the last sync hangs.
dies_slowly() {
	inject_faults "sync * hang"
	serve 0 1 eth0 "$IMAGE"
	frame -n 1 "$(ata_write 5 1 'ee*512')" >/dev/null
	kill "$PID"
	wait_for_fault sync
	assert_alive
}

@test "T36 SIGTERM: the end comes with the end of the sync, status 0" {
	dies_slowly
	set_faults
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$IMAGE" 5 1)"
}

@test "T36 a second SIGTERM does not wait, status 1" {
	dies_slowly
	kill "$PID"
	wait_for_exit "$PID"
	assert_equal 1 "$STATUS"
}

@test "T36 SIGTERM during load: status 0" {
	local target errors
	serve 0 1 eth0 "$IMAGE"
	target=$PID errors=$ERR
	background "$INITIATOR_NS" "$TESTS/load" -m write -r -d 60 0 1 eth0
	PID=$target ERR=$errors
	wait_for_counters '[1-9][0-9]{3,} writes'
	stop_vblade
}

@test "T36 SIGHUP does not end it" {
	serve 0 1 eth0 "$IMAGE"
	kill -HUP "$PID"
	assert_readable 7
	assert_alive
}

# A shell starts background jobs with SIGINT ignored.
@test "T36 SIGINT ends it, also where a shell had it ignored" {
	serve 0 1 eth0 "$IMAGE"
	kill -INT "$PID"
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS"
}

@test "T37 the service manager hears READY=1 once, and nobody else does" {
	local told
	make -s -C "$TESTS/.." tests/service/datagrams
	background "$TARGET_NS" "$TESTS/service/datagrams" \
		"@$BATS_TEST_TMPDIR"
	told=$OUT
	wait_until 10 grep -q bound "$told"
	serve 0 2 eth0 "$(image 8)"
	NOTIFY_SOCKET=@$BATS_TEST_TMPDIR serve 0 1 eth0 "$IMAGE"
	wait_until 10 grep -q READY=1 "$told"
	stop_vblade
	assert_equal 1 "$(grep -c READY "$told")"
}

# as_nobody CAPABILITIES: vblade as a user with no more than these, with an
# image that is the user's.
as_nobody() {
	install -m 755 "$VBLADE" "$PUBLIC/vblade"
	install -o nobody -m 600 "$IMAGE" "$PUBLIC/image"
	REAL=$PUBLIC/vblade
	VBLADE=$(wrap_vblade nobody setpriv --reuid nobody --regid nogroup \
		--clear-groups --inh-caps "$1" --ambient-caps "$1")
	chmod 755 "$BATS_TEST_TMPDIR"
}

@test "T38 an ordinary user with CAP_NET_RAW serves" {
	as_nobody +net_raw
	serve 0 1 eth0 "$PUBLIC/image"
	assert_readable 7
	assert_writable 8
	assert_equal 65534 "$(awk '/^Uid/ { print $2 }' "/proc/$PID/status")"
	stop_vblade
}

@test "T38 without it: 4, and the capability is named" {
	as_nobody -all
	assert_refused 4 CAP_NET_RAW 0 1 eth0 "$PUBLIC/image"
}

# serves_with REDIRECTION: vblade with its streams so.
serves_with() {
	printf '#!/bin/sh\nexec "%s" "$@" %s\n' "$REAL" "$1" \
		>"$BATS_TEST_TMPDIR/streams"
	chmod 755 "$BATS_TEST_TMPDIR/streams"
	VBLADE=$BATS_TEST_TMPDIR/streams launch -v 0 1 eth0 "$IMAGE"
	wait_until 10 gets_reply "$(ata_read 7 1)" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
	kill -USR1 "$PID"
	assert_writable 8
	assert_readable 9
	stop_vblade
}

@test "T39 with streams that are closed it serves" {
	serves_with '<&-'
	serves_with '>&-'
	serves_with '2>&-'
	serves_with '<&- >&- 2>&-'
}

@test "T39 with a full device for its streams it serves" {
	serves_with '>/dev/full 2>/dev/full'
}

# A pipe that nobody reads, full but for the first bytes.
@test "T39 with pipes that are full it serves" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 8<>"$BATS_TEST_TMPDIR/pipe"
	dd if=/dev/zero bs=64k count=1 status=none >&8
	serves_with ">'$BATS_TEST_TMPDIR/pipe' 2>'$BATS_TEST_TMPDIR/pipe'"
	exec 8>&-
}

@test "T39 its logger dies: it serves" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 8<>"$BATS_TEST_TMPDIR/pipe"
	VBLADE=$(dying_logger) launch -v 0 1 eth0 "$IMAGE"
	wait_until 10 gets_reply "$(ata_read 7 1)" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
	exec 8>&-
	assert_readable 8
	kill -USR1 "$PID"
	assert_writable 9
	stop_vblade
}

dying_logger() {
	printf '#!/bin/sh\nexec "%s" "$@" 2>"%s" 8>&-\n' "$REAL" \
		"$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/logged"
	chmod 755 "$BATS_TEST_TMPDIR/logged"
	echo "$BATS_TEST_TMPDIR/logged"
}
