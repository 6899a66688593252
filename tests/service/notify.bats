# The protocol of sd_notify(3), and priorities of lines for the journal.

load ../helper

setup_file() {
	make -s -C "$TESTS/.." tests/service/datagrams
	lab_open
}

teardown_file() { lab_close; }
setup() { IMAGE=$(image 8); }
teardown() { serve_end; }

# start_manager ADDRESS [full]: write what is sent to this socket, unless it is
# to be full, to $NOTIFICATIONS.
start_manager() {
	background "$TARGET_NS" "$TESTS/service/datagrams" "$@"
	NOTIFICATIONS=$OUT
	wait_until 10 grep -q bound "$NOTIFICATIONS"
	export NOTIFY_SOCKET=$1
}

# assert_notified TEXT: in the life of vblade this was sent, and no more.
assert_notified() {
	wait_until 10 grep -q STATUS "$NOTIFICATIONS"
	assert_equal "bound"$'\n'"$1" "$(cat "$NOTIFICATIONS")"
}

@test "an export that is ready: READY=1 and a status" {
	local socket
	# The second one is an abstract socket.
	for socket in {,@}"$BATS_TEST_TMPDIR/notify"; do
		start_manager "$socket"
		serve 0 1 eth0 "$IMAGE"
		stop_vblade
		assert_notified 'READY=1|STATUS=Exporting e0.1 (8 sectors)'
	done
}

@test "an export that fails to start: the reason as its status, not READY=1" {
	start_manager "$BATS_TEST_TMPDIR/1"
	assert_refused 1 nosuch0 0 1 nosuch0 "$IMAGE"
	assert_notified 'STATUS=nosuch0: No such device'
	start_manager "$BATS_TEST_TMPDIR/2"
	assert_refused 2 shelf x 1 eth0 "$IMAGE"
	assert_notified "STATUS=shelf 'x': must be a number from 0 to 65534"
}

hup_and_logged() { kill -HUP "$PID" && log_matches 1 "$1"; }

@test "a socket that is full delays the export, signals or not, and is logged" {
	start_manager "$BATS_TEST_TMPDIR/full" full
	serve 0 1 eth0 "$IMAGE"
	wait_until 10 hup_and_logged "full: Resource temporarily unavailable"
	assert_readable 0
	stop_vblade
}

@test "a missing socket is logged, and nothing where none is named" {
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nosuch serve 0 1 eth0 "$IMAGE"
	wait_for_log "$BATS_TEST_TMPDIR/nosuch: No such file"
	assert_readable 0
	stop_vblade
	serve 0 1 eth0 "$IMAGE"
	stop_vblade
	refute_match 'NOTIFY|READY|socket' "$(cat "$ERR")"
}

# serve_with_journal FORMAT ARGUMENT...: serve, with a standard error that
# JOURNAL_STREAM describes in this format of stat(1).
serve_with_journal() {
	background "$TARGET_NS" sh -c 'export JOURNAL_STREAM=$(
			stat -L -c "$0" /dev/stderr)
		exec "$@"' "$1" "$VBLADE" "${@:2}"
	wait_until 10 serve_ready "$OUT"
	stop_vblade
	wait_for_log vblade:
}

@test "lines in the journal begin with their priority" {
	serve_with_journal %d:%i 4095 1 eth0 "$IMAGE"
	wait_for_log '^<4>vblade: .*4095'
	wait_for_log '^<6>vblade: .*MTU'
	refute_match '^[^<]|^<[^0-7]' "$(cat "$ERR")"
}

@test "lines elsewhere have no priority, whatever JOURNAL_STREAM says" {
	local format
	for format in %d:1 1:%i %d:%i0 %d: nonsense ''; do
		serve_with_journal "$format" 0 1 eth0 "$IMAGE"
		refute_match '^<' "$(cat "$ERR")"
	done
}
