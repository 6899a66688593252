# Signals.  SIGTERM while a sync hangs is tested in failures/faults.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 256)
	serve 0 1 eth0 "$IMAGE"
}

teardown() { serve_end; }

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

@test "SIGPIPE, SIGTTOU and SIGXFSZ are ignored" {
	local signals=$((1 << 12 | 1 << 21 | 1 << 24)) ignored
	ignored=0x$(awk '/^SigIgn/ { print $2 }' "/proc/$PID/status")
	assert_equal $signals $((ignored & signals)) "the bits of SigIgn"
}
