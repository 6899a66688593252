# Signals.  What SIGTERM does while a sync hangs stands in failures/faults.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 256)
	serve 0 1 eth0 "$IMAGE"
}

teardown() { serve_end; }

@test "SIGTERM: what was written is in the file, exit status 0" {
	query "$(ata_write 8 2 '5a*1024')" >/dev/null
	stop_vblade
	assert_equal "$(hex '5a*1024')" "$(file_sectors "$IMAGE" 8 2)"
	wait_for_log 'stopping on SIGTERM$' 1
}

# serve_with OPTION: serve with a disposition of signals.
serve_with() {
	serve_end
	VBLADE=$(wrap_vblade signals env "$1") serve 0 1 eth0 "$IMAGE"
}

# A shell without job control lets its children ignore SIGINT.
@test "SIGINT: exit status 0" {
	serve_with --default-signal=INT
	kill -INT "$PID"
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS" "exit status after SIGINT"
	wait_for_log 'stopping on SIGINT$' 1
}

@test "SIGTERM that its parent had blocked ends it" {
	serve_with --block-signal=TERM
	stop_vblade
}

@test "SIGINT that a shell had it ignore is ignored" {
	serve_with --ignore-signal=INT
	kill -INT "$PID"
	assert_readable 7
	stop_vblade
}

@test "SIGTERM while requests come in: exit status 0" {
	local target=$PID errors=$ERR
	background "$INITIATOR_NS" "$TESTS/load" -m write -r -d 60 0 1 eth0
	PID=$target ERR=$errors
	wait_for_counters ' writes=[1-9][0-9]{3,} '
	stop_vblade
}

@test "SIGHUP: the export is announced again" {
	start_listener
	kill -HUP "$PID"
	wait_for_frame "$(announcement)"
	assert_readable 7
	stop_vblade
}
