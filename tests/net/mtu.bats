# How much a frame may carry on interfaces of different MTU.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 256); }

teardown() {
	serve_end
	lab_mtu 1500
}

# carries N: that many are offered, read and written in a frame.
carries() {
	local reply
	reply=$(query "$(config_read)")
	assert_equal "$(be8 "$1")" "${reply:56:2}" "sectors offered"
	assert_readable 9 "$1"
	assert_reply "$(ata_write 64 "$1" "77*$((512 * $1))")" \
		"$(ata_written 64 "$1")"
	assert_equal "$(hex "77*$((512 * $1))")" \
		"$(file_sectors "$IMAGE" 64 "$1")"
}

@test "MTU 1500 carries 2 sectors" {
	serve 0 1 eth0 "$IMAGE"
	carries 2
}

@test "MTU 9000 carries 17 sectors" {
	lab_mtu 9000
	serve 0 1 eth0 "$IMAGE"
	carries 17
}

@test "the loopback interface carries 127 sectors" {
	frame() { on_target "$TESTS/frame" -i lo -t "$TARGET_MAC" "$@"; }
	TARGET_MAC=00:00:00:00:00:00 INITIATOR_MAC=00:00:00:00:00:00
	ip -n "$TARGET_NS" link set lo up
	serve 0 1 lo "$IMAGE"
	carries 127
}
