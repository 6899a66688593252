# What SIGTERM does while the last sync takes its time.

load ../helper
load failures

setup_file() {
	lab_open
	build_engine
	build_fault_shim
}

teardown_file() { lab_close; }
setup() { IMAGE=$(image 256); }

teardown() {
	set_faults
	serve_end
	assert_injected
}

# stop_slowly: SIGTERM has come, and the last sync hangs.
stop_slowly() {
	inject_faults "sync * hang"
	serve -t 0 0 1 eth0 "$IMAGE"
	frame -n 1 "$(ata_write 5 1 'ee*512')" >/dev/null
	kill "$PID"
	wait_for_fault sync
	assert_alive
}

@test "SIGTERM waits for the last sync, exit status 0" {
	stop_slowly
	set_faults
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$IMAGE" 5 1)"
}

@test "while the last sync hangs no request is taken" {
	stop_slowly
	frame -n 0 "$(ata_write 9 1 'dd*512')"
	set_faults
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS"
	assert_equal "$(sectors 9 1)" "$(file_sectors "$IMAGE" 9 1)"
}

@test "a second SIGTERM does not wait, exit status 1" {
	stop_slowly
	kill "$PID"
	wait_for_exit "$PID"
	assert_equal 1 "$STATUS"
}
