# How it is stopped, and asked how it fares.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 256)
	serve 0 1 eth0 "$IMAGE"
}

teardown() { serve_end; }

@test "the ready line names the pid, the address and the size" {
	assert_equal "pid $PID: e0.1, 256 sectors O_RDWR" "$(cat "$OUT")"
}

@test "SIGTERM stops it with status 0" {
	stop_vblade
}

@test "SIGINT stops it with status 0" {
	serve_end
	# A shell without job control lets its children ignore SIGINT.
	background "$TARGET_NS" env --default-signal=INT \
		"$VBLADE" 0 1 eth0 "$IMAGE"
	wait_until 10 serve_ready "$OUT"
	kill -INT "$PID"
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS" "exit status after SIGINT"
}

@test "SIGHUP does not stop it" {
	kill -HUP "$PID"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
	stop_vblade
}

@test "what was written is in the file after SIGTERM" {
	query "$(ata_write 8 2 '5a*1024')" >/dev/null
	stop_vblade
	assert_equal "$(hex '5a*1024')" "$(file_sectors "$IMAGE" 8 2)"
}

@test "SIGUSR1 makes it print one line of counters" {
	query "$(ata_read 0 2)" "$(ata_read 2 2)" "$(ata_read 256 1)" \
		"$(ata_write 0 2 '5a*1024')" >/dev/null
	: >"$ERR"
	kill -USR1 "$PID"
	wait_until 10 test -s "$ERR"
	assert_equal 1 "$(wc -l <"$ERR")" "lines"
	assert_match "\<2 reads of 2048 bytes" "$(cat "$ERR")"
	assert_match "\<1 writes of 1024 bytes" "$(cat "$ERR")"
	assert_match "\<1 errors" "$(cat "$ERR")"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 5a*512)"
}

@test "it can be started again at once" {
	stop_vblade
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}
