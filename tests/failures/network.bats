# Failure stories T1 to T11: the network.

load ../helper
load failures

setup() {
	lab_open
	IMAGE=$(image 256)
}

teardown() {
	serve_end
	lab_close
}

# peer_down, peer_up: the other end loses and gets its carrier, and so does
# the target's.
peer_down() {
	ip -n "$INITIATOR_NS" link set eth0 down
	wait_until 10 lab_is_down
}

peer_up() {
	ip -n "$INITIATOR_NS" link set eth0 up
	wait_until 10 lab_has_carrier
}

lab_is_down() {
	! lab_has_carrier
}

# rewire: the wire is made again, with the target's end down.
rewire() {
	ip -n "$TARGET_NS" link add eth0 address "$TARGET_MAC" \
		type veth peer name eth0 address "$INITIATOR_MAC" \
		netns "$INITIATOR_NS"
	ip -n "$INITIATOR_NS" link set eth0 up
}

index() {
	on_target cat /sys/class/net/eth0/ifindex
}

offers() {
	local reply
	reply=$(query "$(config_read)")
	[ "${reply:56:2}" = "$1" ]
}

# switches: how often it has gone to sleep.
switches() {
	awk '/^voluntary/ { print $2 }' "/proc/$PID/status"
}

@test "T1 the link goes down and up: it serves and advertises anew" {
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link set eth0 down
	wait_for_log 'link down' 1
	start_listener
	ip -n "$TARGET_NS" link set eth0 up
	wait_for_log 'link up' 1
	wait_for_frame "$(announcement)"
	assert_readable 7
}

@test "T2 the link is down at the start: it serves when it comes up" {
	ip -n "$TARGET_NS" link set eth0 down
	serve 0 1 eth0 "$IMAGE"
	wait_for_log 'link down' 1
	start_listener
	ip -n "$TARGET_NS" link set eth0 up
	wait_for_frame "$(announcement)"
	assert_readable 7
}

@test "T3 the interface is deleted and made again: it serves on" {
	local before
	before=$(index)
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link delete eth0
	wait_for_log 'interface is gone' 1
	rewire
	[ "$(index)" -ne "$before" ]
	start_listener
	ip -n "$TARGET_NS" link set eth0 up
	wait_for_frame "$(announcement)"
	wait_for_log 'interface is back' 1
	assert_readable 7
}

@test "T4 a queue that takes next to nothing: replies are lost, it serves on" {
	serve 0 1 eth0 "$IMAGE"
	on_target tc qdisc add dev eth0 root tbf rate 100kbit burst 1600 \
		limit 3200
	yes "$(ata_read 0 2)" | head -n 40 |
		frame -n 1 -w 10000 | grep -qx \
			"$(hex "$(ata_data 0 2 "$(sectors 0 2)")")"
	wait_for_counters '40 reads .* [1-9][0-9]* replies$'
	on_target tc qdisc delete dev eth0 root
	assert_readable 7
}

@test "T5 the MTU is lowered below what was offered: ATA errors at worst" {
	lab_mtu 9000
	serve 0 1 eth0 "$IMAGE"
	offers 11
	lab_mtu 1500
	# At once, it may know of the new MTU or not; no reply must be long.
	frame -s -n 1 "$(ata_read 0 17)" >"$BATS_TEST_TMPDIR/got" || :
	[ "$(wc -c <"$BATS_TEST_TMPDIR/got")" -le 121 ]
	wait_until 10 offers 02
	assert_reply "$(ata_read 0 17)" "$(ata_failed 40 04 0 17)"
	assert_readable 7
}

@test "T6 the MTU is raised: 17 sectors are offered, 9000 bytes carried" {
	serve 0 1 eth0 "$IMAGE"
	offers 02
	lab_mtu 9000
	wait_until 10 offers 11
	assert_reply "$(ata_read 3 17)" "$(ata_data 3 17 "$(sectors 3 17)")"
	assert_reply "$(ata_write 3 17 '3c*8704')" "$(ata_written 3 17)"
	assert_equal "$(hex '3c*8704')" "$(file_sectors "$IMAGE" 3 17)"
	assert_reply "$(request 00 "00 00 00 e5 000000000000 0000 @9014")" \
		"$(response 00 "00 00 ff 40 000000000000 0000 @60")"
}

# t7_burst SMALL: 64 writes of 17 sectors, SMALL of one, all of other sectors.
t7_burst() {
	local i
	for i in $(seq 0 63); do
		ata_write $((i * 17)) 17 "$(be8 "$i")*8704"
	done
	for i in $(seq 0 $(($1 - 1))); do
		ata_write $((1088 + i)) 1 "$(be8 "$i")*512"
	done
}

@test "T7 stopped for a burst of writes: none is lost" {
	local file before sender small=${T7_SMALL:-200} all
	all=$((64 + small))
	lab_mtu 9000
	file=$(image 1288)
	serve 0 1 eth0 "$file"
	before=$(count_frames)
	kill -STOP "$PID"
	t7_burst "$small" >"$BATS_TEST_TMPDIR/burst"
	frame -n "$all" -w 20000 <"$BATS_TEST_TMPDIR/burst" \
		>"$BATS_TEST_TMPDIR/replies" 3>&- &
	sender=$!
	wait_until 20 frames_reached $((before + all))
	kill -CONT "$PID"
	wait "$sender"
	assert_equal "$all" \
		"$(grep -c '^.\{48\}41' "$BATS_TEST_TMPDIR/replies")"
	assert_equal "$(hex '3f*8704')" "$(file_sectors "$file" 1071 17)"
	assert_equal "$(hex "$(be8 $((small - 1)))*512")" \
		"$(file_sectors "$file" $((1087 + small)) 1)"
	wait_for_counters 'dropped: 0 requests by the kernel, 0 by us, 0 replies$'
}

@test "T8 a foreign MAC address on a promiscuous port: no answer, no write" {
	local frame
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link set eth0 promisc on
	for frame in "$(ata_write 0 1 'ee*512')" "$(ata_read 0 1)" \
		"$(config_read)"; do
		assert_silence "020000000099 ${frame#TT}"
	done
	assert_equal "$(sectors 0 1)" "$(file_sectors "$IMAGE" 0 1)"
}

@test "T9 a VLAN that is not ours: no answer, no write; priority tags pass" {
	local request
	serve 0 1 eth0 "$IMAGE"
	request=$(ata_write 0 1 'ee*512')
	assert_silence "TT SS 8100 0007 ${request#TT SS}"
	assert_silence "TT SS 8100 e007 ${request#TT SS}"
	assert_equal "$(sectors 0 1)" "$(file_sectors "$IMAGE" 0 1)"
	assert_reply "TT SS 8100 e000 ${request#TT SS}" "$(ata_written 0 1)"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$IMAGE" 0 1)"
}

@test "T10 1000 frames for another slot do not wake it" {
	local before count
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
	before=$(switches)
	count=$(count_frames)
	yes "$(ADDRESS=000002 ata_read 0 1)" | head -n 1000 | frame -n 0
	wait_until 10 frames_reached $((count + 1000))
	[ $(($(switches) - before)) -lt 10 ]
	assert_readable 7
}

@test "T11 the peer's carrier flaps: one line a change" {
	local i
	serve 0 1 eth0 "$IMAGE"
	for i in 1 2; do
		peer_down
		wait_until 10 times "$i" 'link down'
		peer_up
		wait_until 10 times "$i" 'link up'
	done
	assert_readable 7
	assert_equal "2 2" \
		"$(grep -c 'link down' "$ERR") $(grep -c 'link up' "$ERR")"
}

times() {
	[ "$(grep -c "$2" "$ERR")" -ge "$1" ]
}
