# Which frames reach the target: Ethernet addresses and VLAN tags; and what it
# sends without a request.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	serve 0 1 eth0 "$IMAGE"
}

teardown() { serve_end; }

# tagged TYPE TAG REQUEST: the request with an 802.1Q or 802.1ad tag.
tagged() { echo "TT SS $1 $2 ${3#TT SS}"; }

untouched() {
	assert_equal "$(sectors 0 64)" "$(file_sectors "$IMAGE" 0 64)" \
		"the image"
}

@test "a request to our MAC address gets a reply" {
	assert_readable 0
}

@test "a write to a foreign MAC address is ignored on a promiscuous port" {
	local write
	ip -n "$TARGET_NS" link set eth0 promisc on
	write=$(ata_write 0 1 'ee*512')
	assert_silence "020000000099 ${write#TT}"
	ip -n "$TARGET_NS" link set eth0 promisc off
	untouched
}

@test "frames for others take no place in the receive ring" {
	local read i frames=()
	read=$(ata_read 0 1)
	for i in {1..50}; do
		frames+=("020000000099 ${read#TT}")
	done
	ip -n "$TARGET_NS" link set eth0 promisc on
	kill -STOP "$PID"
	frame -n 0 -r 20 "${frames[@]}"
	kill -CONT "$PID"
	wait_for_counters ' kernel_drops=0 '
	ip -n "$TARGET_NS" link set eth0 promisc off
}

# A link passes four bytes more than the MTU, for a tag; with this MTU, a slot of
# the ring takes three of them.
@test "a frame that arrived cut is ignored" {
	stop_vblade
	lab_mtu 1501
	ip -n "$INITIATOR_NS" link set eth0 mtu 9000
	serve 0 1 eth0 "$IMAGE"
	assert_silence "$(ata_write 0 2 'ee*1024') @1519"
	untouched
	assert_reply "$(ata_write 0 2 '11*1024') @1518" "$(ata_written 0 2)"
	lab_mtu 1500
}

@test "a priority tag does not matter" {
	assert_reply "$(tagged 8100 0000 "$(ata_read 1 1)")" \
		"$(ata_data 1 1 "$(sectors 1 1)")"
	assert_reply "$(tagged 8100 e000 "$(ata_write 1 1 '11*512')")" \
		"$(ata_written 1 1)"
	assert_equal "$(hex '11*512')" "$(file_sectors "$IMAGE" 1 1)"
}

@test "a frame of a VLAN is ignored" {
	assert_silence "$(tagged 8100 0005 "$(ata_write 0 1 'ee*512')")" \
		"$(tagged 8100 e001 "$(ata_write 0 1 'ee*512')")" \
		"$(tagged 8100 0fff "$(ata_read 0 1)")" \
		"$(tagged 8100 0005 "$(config_read)")" \
		"$(tagged 88a8 0005 "$(ata_write 0 1 'ee*512')")" \
		"$(tagged '8100 0000' '8100 0005' "$(ata_write 0 1 'ee*512')")"
	untouched
}

@test "two targets on one interface reply each for its own address" {
	seq -f %0511.0f 100 163 >"$IMAGE.2"
	serve 0 2 eth0 "$IMAGE.2"
	assert_readable 0
	ADDRESS=000002
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 100 1)")"
}

# Also at an MTU beyond the length of all frames.
@test "the loopback interface carries 127 sectors" {
	local mtu
	frame() { on_target "$TESTS/frame" -i lo -t "$TARGET_MAC" "$@"; }
	TARGET_MAC=00:00:00:00:00:00 INITIATOR_MAC=00:00:00:00:00:00
	for mtu in 65536 400000000; do
		ip -n "$TARGET_NS" link set lo up mtu $mtu
		serve 0 1 lo "$(image 256)"
		assert_readable 9 127
		assert_reply "$(ata_write 64 127 '77*65024')" \
			"$(ata_written 64 127)"
		stop_vblade
	done
}

@test "a query that no link has padded to 60 bytes gets a reply" {
	assert_reply "ffffffffffff SS 88a2 10 00 ffff ff 01 $TAG" \
		"$(response 01 "0040 $FIRMWARE 02 10 0000 @60")"
}

# count_sent: how many frames the target's interface has sent.
count_sent() { on_target cat /sys/class/net/eth0/statistics/tx_packets; }

# After the query for duplicates; the listener may get both later.
@test "the announcement is out when the ready line is" {
	local sent
	start_listener
	for _ in 1 2 3 4 5; do
		stop_vblade
		: >"$FRAMES"
		sent=$(count_sent)
		serve 0 1 eth0 "$IMAGE"
		assert_equal $((sent + 2)) "$(count_sent)"
		wait_for_frame "$(announcement)"
	done
}

@test "two targets of one address warn of each other by MAC address" {
	local first=$ERR
	background "$INITIATOR_NS" "$VBLADE" 0 1 eth0 "$(image 32)"
	wait_until 10 serve_ready "$OUT"
	wait_for_log "duplicate address: $TARGET_MAC also exports e0\.1; " 1
	ERR=$first
	wait_for_log "duplicate address: $INITIATOR_MAC also exports e0\.1; " 1
}
