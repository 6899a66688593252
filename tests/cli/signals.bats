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

@test "SIGINT: exit status 0" {
	serve_end
	# A shell without job control lets its children ignore SIGINT.
	background "$TARGET_NS" env --default-signal=INT \
		"$VBLADE" 0 1 eth0 "$IMAGE"
	wait_until 10 serve_ready "$OUT"
	kill -INT "$PID"
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS" "exit status after SIGINT"
	wait_for_log 'stopping on SIGINT$' 1
}

@test "SIGINT that a shell had it ignore is ignored" {
	serve_end
	background "$TARGET_NS" env --ignore-signal=INT \
		"$VBLADE" 0 1 eth0 "$IMAGE"
	wait_until 10 serve_ready "$OUT"
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

@test "SIGUSR1: one line of counters" {
	query "$(ata_read 0 2)" "$(ata_read 2 2)" "$(ata_read 256 1)" \
		"$(ata_write 0 2 '5a*1024')" "$(ata_flush)" "$(config_read)" \
		>/dev/null
	: >"$ERR"
	kill -USR1 "$PID"
	wait_until 10 test -s "$ERR"
	assert_equal "vblade: e0.1: eth0: reads=2 read_bytes=2048 writes=1\
 write_bytes=1024 flushes=1 others=2 errors=1 disk_errors=0 kernel_drops=0\
 queue_drops=0 send_drops=0" "$(cat "$ERR")"
	assert_readable 9
}

@test "SIGUSR1: frames for others are not counted" {
	assert_silence "$(ADDRESS=000002 ata_read 0 1)" \
		"$(request_from 010000000001 "$(ata_read 0 1)")"
	# The probe of the assertion itself is one request.
	assert_match ' reads=0 .* others=[12] errors=0 ' "$(read_counters)"
}

@test "it can be started again at once" {
	stop_vblade
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
}
