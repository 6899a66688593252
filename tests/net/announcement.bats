# What the target sends without a request.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	start_listener
}

teardown() { serve_end; }

@test "the announcement is out when the ready line is" {
	local i
	for i in 1 2 3 4 5; do
		: >"$FRAMES"
		serve 0 1 eth0 "$IMAGE"
		assert_equal 1 "$(grep -cx "$(hex "$(announcement)")" "$FRAMES")"
		stop_vblade
	done
}

@test "two targets of one address warn of each other by MAC address, once" {
	local first
	serve 0 1 eth0 "$IMAGE"
	first=$ERR
	background "$INITIATOR_NS" "$VBLADE" 0 1 eth0 "$(image 32)"
	wait_until 10 serve_ready "$OUT"
	wait_for_log "duplicate address: $TARGET_MAC also exports e0\.1; " 1
	ERR=$first
	wait_for_log "duplicate address: $INITIATOR_MAC also exports e0\.1; " 1
}
