# How much a frame may carry on interfaces of different MTU.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 256); }

teardown() {
	serve_end
	lab_mtu 1500
}

# offered: the sectors per frame in the Config reply, in hexadecimal.
offered() {
	local reply
	reply=$(query "$(config_read)")
	echo "${reply:56:2}"
}

serve_at() {
	lab_mtu "$1"
	serve 0 1 eth0 "$IMAGE"
}

# carries N: reads and writes of N sectors fit a frame.
carries() {
	assert_reply "$(ata_read 9 "$1")" \
		"$(ata_data 9 "$1" "$(sectors 9 "$1")")"
	assert_reply "$(ata_write 64 "$1" "77*$((512 * $1))")" \
		"$(ata_written 64 "$1")"
	assert_equal "$(hex "77*$((512 * $1))")" \
		"$(file_sectors "$IMAGE" 64 "$1")"
}

@test "MTU 1500 carries 2 sectors" {
	serve_at 1500
	assert_equal 02 "$(offered)"
	carries 2
}

@test "MTU 9000 carries 17 sectors" {
	serve_at 9000
	assert_equal 11 "$(offered)"
	carries 17
}

@test "the loopback interface carries 127 sectors" {
	local reply
	ip -n "$TARGET_NS" link set lo up
	assert_equal 65536 "$(on_target cat /sys/class/net/lo/mtu)"
	serve 0 1 lo "$IMAGE"
	reply=$(on_loopback "$(config_read)")
	assert_equal 7f "${reply:56:2}" "sectors offered"
	expect_on_loopback "$(ata_read 3 127)" \
		"$(on_loopback -p "$(ata_data 3 127 "$(sectors 3 127)")")"
	expect_on_loopback "$(ata_write 0 127 '3c*65024')" \
		"$(on_loopback -p "$(ata_written 0 127)")"
	assert_equal "$(hex '3c*65024')" "$(file_sectors "$IMAGE" 0 127)"
}

# Both ends of the loopback interface have the address zero.
on_loopback() {
	on_target "$TESTS/frame" -i lo -t 00:00:00:00:00:00 "$@"
}

expect_on_loopback() {
	assert_equal "$2" "$(on_loopback -s -n 1 "$1")" "reply to $1"
}
