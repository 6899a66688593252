# shellcheck shell=bats disable=SC2016,SC2034,SC2153,SC2030,SC2031,SC1003
#
# The protocol of sd_notify(3), and priorities of lines for the journal.

load ../helper

setup_file() {
	make -s -C "$TESTS/.." tests/service/datagrams
	lab_open
}

teardown_file() { lab_close; }
setup() { IMAGE=$(image 8); }
teardown() { serve_end; }

# start_manager ADDRESS: write what is sent to this socket to $NOTIFICATIONS.
start_manager() {
	background "$TARGET_NS" "$TESTS/service/datagrams" "$1"
	NOTIFICATIONS=$OUT
	wait_until 10 grep -q bound "$NOTIFICATIONS"
	export NOTIFY_SOCKET=$1
}

# assert_notified TEXT: in the life of vblade this was sent, and no more.
assert_notified() {
	wait_until 10 grep -q STATUS "$NOTIFICATIONS"
	wait_until 10 process_gone "$PID" || stop_vblade
	assert_equal "bound"$'\n'"$1" "$(cat "$NOTIFICATIONS")"
}

@test "an export that is ready: READY=1 and a status, on a socket with a path" {
	start_manager "$BATS_TEST_TMPDIR/notify"
	serve 0 1 eth0 "$IMAGE"
	stop_vblade
	assert_notified 'READY=1|STATUS=Exporting e0.1 (8 sectors)'
}

@test "an export that is ready: READY=1 and a status, on an abstract socket" {
	start_manager "@$BATS_TEST_TMPDIR/notify"
	serve 0 1 eth0 "$IMAGE"
	stop_vblade
	assert_notified 'READY=1|STATUS=Exporting e0.1 (8 sectors)'
}

@test "an export that fails to start: the reason as its status, not READY=1" {
	start_manager "$BATS_TEST_TMPDIR/notify"
	assert_refused 1 nosuch0 0 1 nosuch0 "$IMAGE"
	assert_notified 'STATUS=nosuch0: No such device'
}

@test "bad arguments: the reason as its status" {
	start_manager "$BATS_TEST_TMPDIR/notify"
	launch x 1 eth0 "$IMAGE"
	wait_for_exit "$PID"
	assert_notified "STATUS=shelf 'x': must be a number from 0 to 65534"
}

@test "a missing socket is logged, and vblade serves" {
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nosuch serve 0 1 eth0 "$IMAGE"
	assert_match "$BATS_TEST_TMPDIR/nosuch: No such file" "$(cat "$ERR")"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "without NOTIFY_SOCKET nothing is logged about it" {
	serve 0 1 eth0 "$IMAGE"
	stop_vblade
	refute_match 'NOTIFY|READY|socket' "$(cat "$ERR")"
}

# serve_with_journal FORMAT ARGUMENT...: serve, with standard error in $LOG,
# which JOURNAL_STREAM describes in this format of stat(1).
serve_with_journal() {
	LOG=$BATS_TEST_TMPDIR/log
	: >"$LOG"
	background "$TARGET_NS" sh -c 'log=$1; shift; exec "$@" 2>"$log"' sh \
		"$LOG" env JOURNAL_STREAM="$(stat -c "$1" "$LOG")" \
		"$VBLADE" "${@:2}"
	wait_until 10 serve_ready "$OUT"
	stop_vblade
	assert_match vblade: "$(cat "$LOG")"
}

@test "lines in the journal begin with their priority" {
	serve_with_journal %d:%i 4095 1 eth0 "$IMAGE"
	refute_match '^[^<]|^<[^0-7]' "$(cat "$LOG")"
	assert_match '^<4>vblade: .*4095' "$(cat "$LOG")"
	assert_match '^<6>vblade: .*MTU' "$(cat "$LOG")"
}

@test "lines elsewhere have no priority, whatever JOURNAL_STREAM says" {
	local format
	for format in %d:1 1:%i %d:%i0 %d: nonsense ''; do
		serve_with_journal "$format" 0 1 eth0 "$IMAGE"
		refute_match '^<' "$(cat "$LOG")"
	done
}
