# Failure stories T36 to T39: the process and those who run it.  More of T37,
# and T40, stand in tests/service, which has a systemd.

load ../helper
load failures

setup_file() {
	lab_open
	fault_setup
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
	faulty "sync * hang"
	serve 0 1 eth0 "$IMAGE"
	frame -n 1 "$(ata_write 5 1 'ee*512')" >/dev/null
	kill "$PID"
	faulted sync
	alive
}

@test "T36 SIGTERM: the end comes with the end of the sync, status 0" {
	dies_slowly
	rules
	ended "$PID"
	same 0 "$STATUS"
	same "$(hex 'ee*512')" "$(stored "$IMAGE" 5 1)"
}

@test "T36 a second SIGTERM does not wait, status 1" {
	dies_slowly
	kill "$PID"
	ended "$PID"
	same 1 "$STATUS"
}

@test "T36 SIGTERM during load: status 0" {
	local target errors
	serve 0 1 eth0 "$IMAGE"
	target=$PID errors=$ERR
	background "$INITIATOR_NS" "$TESTS/load" -m write -r -d 60 0 1 eth0
	PID=$target ERR=$errors
	counted '[1-9][0-9]{3,} writes'
	stop
}

@test "T36 SIGHUP does not end it" {
	serve 0 1 eth0 "$IMAGE"
	kill -HUP "$PID"
	reads 7
	alive
}

# A shell starts background jobs with SIGINT ignored.
@test "T36 SIGINT ends it, also where a shell had it ignored" {
	serve 0 1 eth0 "$IMAGE"
	kill -INT "$PID"
	ended "$PID"
	same 0 "$STATUS"
}

@test "T37 the service manager hears READY=1 once, and nobody else does" {
	local told
	make -s -C "$TESTS/.." tests/service/datagrams
	background "$TARGET_NS" "$TESTS/service/datagrams" \
		"@$BATS_TEST_TMPDIR"
	told=$OUT
	until_true 10 grep -q bound "$told"
	serve 0 2 eth0 "$(image 8)"
	NOTIFY_SOCKET=@$BATS_TEST_TMPDIR serve 0 1 eth0 "$IMAGE"
	until_true 10 grep -q READY=1 "$told"
	stop
	same 1 "$(grep -c READY "$told")"
}

# as_nobody CAPABILITIES: vblade as a user with no more than these, with an
# image that is the user's.
as_nobody() {
	install -m 755 "$VBLADE" "$PUBLIC/vblade"
	install -o nobody -m 600 "$IMAGE" "$PUBLIC/image"
	REAL=$PUBLIC/vblade
	VBLADE=$(guise nobody setpriv --reuid nobody --regid nogroup \
		--clear-groups --inh-caps "$1" --ambient-caps "$1")
	chmod 755 "$BATS_TEST_TMPDIR"
}

@test "T38 an ordinary user with CAP_NET_RAW serves" {
	as_nobody +net_raw
	serve 0 1 eth0 "$PUBLIC/image"
	reads 7
	writes 8
	same 65534 "$(awk '/^Uid/ { print $2 }' "/proc/$PID/status")"
	stop
}

@test "T38 without it: 4, and the capability is named" {
	as_nobody -all
	refused 4 CAP_NET_RAW 0 1 eth0 "$PUBLIC/image"
}

# serves_with REDIRECTION: vblade with its streams so.
serves_with() {
	printf '#!/bin/sh\nexec "%s" "$@" %s\n' "$REAL" "$1" \
		>"$BATS_TEST_TMPDIR/streams"
	chmod 755 "$BATS_TEST_TMPDIR/streams"
	VBLADE=$BATS_TEST_TMPDIR/streams launch -v 0 1 eth0 "$IMAGE"
	until_true 10 answers "$(ata_read 7 1)" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
	kill -USR1 "$PID"
	writes 8
	reads 9
	stop
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
	until_true 10 answers "$(ata_read 7 1)" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
	exec 8>&-
	reads 8
	kill -USR1 "$PID"
	writes 9
	stop
}

dying_logger() {
	printf '#!/bin/sh\nexec "%s" "$@" 2>"%s" 8>&-\n' "$REAL" \
		"$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/logged"
	chmod 755 "$BATS_TEST_TMPDIR/logged"
	echo "$BATS_TEST_TMPDIR/logged"
}
