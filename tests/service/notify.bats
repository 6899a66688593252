# shellcheck shell=bats disable=SC2016,SC2034,SC2153,SC2030,SC2031,SC1003
#
# The service manager is told once that the export is ready; priorities stand
# before the lines on standard error where that is the journal.

load ../helper

setup_file() {
	make -s -C "$TESTS/.." tests/service/datagrams
	lab_open
}
teardown_file() { lab_close; }
setup() { IMAGE=$(image 8); }
teardown() { serve_end; }

# manager ADDRESS: what is sent to this socket goes into the file $TOLD.
manager() {
	background "$TARGET_NS" "$TESTS/service/datagrams" "$1"
	TOLD=$OUT
	wait_until 10 grep -q bound "$TOLD"
}

# told PATTERN: the manager was told this and nothing else.
told() {
	wait_until 10 grep -q READY "$TOLD"
	stop_vblade
	assert_equal 2 "$(wc -l <"$TOLD")" "lines: $(cat "$TOLD")"
	assert_match "$1" "$(tail -n 1 "$TOLD")"
}

@test "READY=1 comes once, on a socket with a path" {
	manager "$BATS_TEST_TMPDIR/notify"
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify serve 0 1 eth0 "$IMAGE"
	told '^READY=1(\||$)'
}

@test "READY=1 comes once, on an abstract socket" {
	manager "@$BATS_TEST_TMPDIR/notify"
	NOTIFY_SOCKET=@$BATS_TEST_TMPDIR/notify serve 0 1 eth0 "$IMAGE"
	told '^READY=1(\||$)'
}

@test "the status names address and size" {
	manager "$BATS_TEST_TMPDIR/notify"
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify serve 0 1 eth0 "$IMAGE"
	told '\|STATUS=.*e0\.1.* 8 sectors'
}

@test "nothing is told of an export that fails to start" {
	manager "$BATS_TEST_TMPDIR/notify"
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify assert_refused 1 nosuch0 \
		0 1 nosuch0 "$IMAGE"
	assert_equal bound "$(cat "$TOLD")"
}

@test "a socket that is not there is told, and it serves" {
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nosuch serve 0 1 eth0 "$IMAGE"
	assert_match "$BATS_TEST_TMPDIR/nosuch: No such file" "$(cat "$ERR")"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "without a socket nothing is said of one" {
	serve 0 1 eth0 "$IMAGE"
	stop_vblade
	refute_match 'NOTIFY|READY|socket' "$(cat "$ERR")"
}

# journal ID ARGUMENT...: serve, with standard error in the file $LOG and ID
# of it in JOURNAL_STREAM.  IDs begin with what stat -c knows.
journal() {
	local id=$1
	shift
	LOG=$BATS_TEST_TMPDIR/log
	: >"$LOG"
	id=$(stat -c "$id" "$LOG")
	background "$TARGET_NS" sh -c 'log=$1; shift; exec "$@" 2>"$log"' sh \
		"$LOG" env JOURNAL_STREAM="$id" "$VBLADE" "$@"
	wait_until 10 serve_ready "$OUT"
	stop_vblade
	assert_match vblade: "$(cat "$LOG")"
}

@test "lines in the journal begin with their priority" {
	journal %d:%i 4095 1 eth0 "$IMAGE"
	refute_match '^[^<]|^<[^0-7]' "$(cat "$LOG")"
	assert_match '^<4>vblade: .*4095' "$(cat "$LOG")"
	assert_match '^<6>vblade: .*MTU' "$(cat "$LOG")"
}

@test "lines elsewhere have no priority, whatever JOURNAL_STREAM says" {
	local id
	for id in %d:1 1:%i %d:%i0 %d: nonsense ''; do
		journal "$id" 0 1 eth0 "$IMAGE"
		refute_match '^<' "$(cat "$LOG")"
	done
}
