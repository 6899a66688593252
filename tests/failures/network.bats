# What networks do to an export: links, interfaces, MTUs, queues, bursts.

load ../helper

setup() {
	lab_open
	IMAGE=$(image 256)
	serve 0 1 eth0 "$IMAGE"
}

teardown() {
	serve_end
	lab_close
}

index() { on_target cat /sys/class/net/eth0/ifindex; }

offers() {
	local reply
	reply=$(query "$(config_read)")
	[ "${reply:56:2}" = "$1" ]
}

# switches: how often it has gone to sleep.
switches() { awk '/^voluntary/ { print $2 }' "/proc/$PID/status"; }

@test "the link goes down and up at either end: it advertises again" {
	local ns times=0
	start_listener
	for ns in "$TARGET_NS" "$INITIATOR_NS"; do
		: >"$FRAMES"
		times=$((times + 1))
		ip -n "$ns" link set eth0 down
		wait_for_log 'link down' $times
		ip -n "$ns" link set eth0 up
		wait_for_frame "$(announcement)"
		wait_for_log 'link up' $times
		assert_readable 7
	done
}

# What is pending at the socket must not keep it awake.
@test "while the link is down it sleeps" {
	ip -n "$TARGET_NS" link set eth0 down
	wait_for_log 'link down' 1
	wait_until 10 grep -q '^State:.S' "/proc/$PID/status"
}

@test "the link is down at the start: it serves when it comes up" {
	stop_vblade
	ip -n "$TARGET_NS" link set eth0 down
	serve 0 1 eth0 "$IMAGE"
	wait_for_log 'link down' 1
	start_listener
	ip -n "$TARGET_NS" link set eth0 up
	wait_for_frame "$(announcement)"
	assert_readable 7
}

@test "the interface becomes a port of a bridge, and leaves it" {
	ip -n "$TARGET_NS" link add br0 type bridge
	ip -n "$TARGET_NS" link set eth0 master br0
	wait_for_log 'is a port of br0: if no requests arrive, use br0 instead' 1
	ip -n "$TARGET_NS" link set eth0 nomaster
	assert_readable 7
}

@test "the interface is deleted and created again" {
	local before
	before=$(index)
	ip -n "$TARGET_NS" link delete eth0
	wait_for_log 'interface is gone' 1
	refute_match 'No such device' "$(cat "$ERR")"
	# The other end comes first, so that the listener misses nothing.
	ip -n "$INITIATOR_NS" link add eth0 address "$INITIATOR_MAC" \
		type veth peer name eth0 address "$TARGET_MAC" \
		netns "$TARGET_NS"
	ip -n "$INITIATOR_NS" link set eth0 up
	[ "$(index)" -ne "$before" ]
	start_listener
	ip -n "$TARGET_NS" link set eth0 up
	wait_for_frame "$(announcement)"
	wait_for_log 'link up: eth0, ' 1
	assert_readable 7
}

@test "an interface that is renamed is not gone" {
	for _ in {1..200}; do
		printf 'link set eth0 name eth1\nlink set eth1 name eth0\n'
	done | ip -n "$TARGET_NS" -batch -
	refute_match 'gone|down' "$(cat "$ERR")"
	assert_readable 7
}

@test "the interface gets another name: it is followed" {
	ip -n "$TARGET_NS" link set eth0 down
	ip -n "$TARGET_NS" link set eth0 name san0
	ip -n "$TARGET_NS" link set san0 up
	wait_for_log 'link up: san0, '
	assert_readable 7
}

@test "the interface gets another MAC address: that one is served" {
	start_listener
	TARGET_MAC=02:00:00:00:00:0b
	ip -n "$TARGET_NS" link set eth0 address "$TARGET_MAC"
	wait_for_frame "$(announcement)"
	wait_for_log "link up: eth0, address $TARGET_MAC, " 1
	assert_readable 7
}

@test "another interface gets the index of the one that is gone" {
	local before
	before=$(index)
	kill -STOP "$PID"
	ip -n "$TARGET_NS" link delete eth0
	ip -n "$TARGET_NS" link add name other index "$before" type veth \
		peer name peer
	kill -CONT "$PID"
	wait_for_log 'interface is gone' 1
	refute_match ': other, ' "$(cat "$ERR")"
}

@test "a queue that takes next to nothing: replies are dropped and counted" {
	on_target tc qdisc add dev eth0 root tbf rate 100kbit burst 1600 \
		limit 3200
	yes "$(ata_read 0 2)" | head -n 40 |
		frame -n 1 -w 10000 | grep -qx \
			"$(hex "$(ata_data 0 2 "$(sectors 0 2)")")"
	wait_for_counters ' reads=40 .* send_drops=[1-9]'
	on_target tc qdisc delete dev eth0 root
	assert_readable 7
}

@test "the MTU is raised, and lowered below what was offered" {
	offers 02
	lab_mtu 9000
	wait_until 10 offers 11
	assert_readable 3 17
	assert_reply "$(ata_write 3 17 '3c*8704')" "$(ata_written 3 17)"
	assert_reply "$(request 00 "00 00 00 e5 000000000000 0000 @9014")" \
		"$(response 00 "00 00 ff 40 000000000000 0000 @60")"
	lab_mtu 1500
	# At once, it may know of the new MTU or not; no reply must be long.
	frame -s -n 1 "$(ata_read 0 17)" >"$BATS_TEST_TMPDIR/got" || :
	[ "$(wc -c <"$BATS_TEST_TMPDIR/got")" -le 121 ]
	wait_until 10 offers 02
	assert_reply "$(ata_read 0 17)" "$(ata_failed 40 04 0 17)"
	assert_readable 200
}

@test "stopped for a burst of writes of five hosts: none is lost" {
	local file before sender i replies=$BATS_TEST_TMPDIR/replies
	for i in {0..63}; do
		ata_write $((i * 17)) 17 "$(be8 "$i")*8704"
	done >"$BATS_TEST_TMPDIR/burst"
	for i in {0..199}; do
		ata_write $((1088 + i)) 1 "$(be8 "$i")*512" |
			sed "s/SS/02000000010$((i % 4))/"
	done >>"$BATS_TEST_TMPDIR/burst"
	stop_vblade
	lab_mtu 9000
	file=$(image 1288)
	serve 0 1 eth0 "$file"
	before=$(count_frames)
	kill -STOP "$PID"
	frame -n 264 -w 20000 <"$BATS_TEST_TMPDIR/burst" >"$replies" 3>&- &
	sender=$!
	wait_until 20 frames_reached $((before + 264))
	kill -CONT "$PID"
	wait "$sender"
	assert_equal 264 "$(grep -c '^.\{48\}41' "$replies")"
	assert_equal "$(hex "3f*8704 00*512")" "$(file_sectors "$file" 1071 18)"
	assert_equal "$(hex "c7*512")" "$(file_sectors "$file" 1287 1)"
	wait_for_counters ' kernel_drops=0 queue_drops=0 send_drops=0$'
}

@test "what the kernel drops is counted, and stays counted" {
	kill -STOP "$PID"
	yes "$(ata_write 0 2 "5a*1024")" | head -n 1300 | frame -n 0
	kill -CONT "$PID"
	wait_for_counters 'kernel_drops=[1-9]'
	wait_for_counters "$(grep -o 'kernel_drops=[0-9]* ' "$ERR" | tail -n 1)"
}

@test "1000 frames for another slot do not wake it" {
	local before count
	assert_readable 7
	before=$(switches)
	count=$(count_frames)
	yes "$(ADDRESS=000002 ata_read 0 1)" | head -n 1000 | frame -n 0
	wait_until 10 frames_reached $((count + 1000))
	[ $(($(switches) - before)) -lt 10 ]
	assert_readable 7
}

# without_events COMMAND...: run it while the process is stopped and the queue
# of its link events overflows.
without_events() {
	kill -STOP "$PID"
	for _ in $(seq 200); do
		echo link set lo mtu 1000
		echo link set lo mtu 1001
	done >"$BATS_TEST_TMPDIR/batch"
	ip -n "$TARGET_NS" -batch "$BATS_TEST_TMPDIR/batch"
	"$@"
	on_target cat /proc/net/netlink |
		awk '$9 > 0 { lost++ } END { exit lost == 0 }' ||
		fail "no event was lost"
	kill -CONT "$PID"
}

@test "a new MTU is seen although the event was lost" {
	start_listener
	without_events lab_mtu 9000
	wait_for_log 'link up: .*, MTU 9000$' 1
	wait_for_frame "$(announcement 11)"
	assert_readable 3 17
}

delete_and_rewire() {
	ip -n "$TARGET_NS" link delete eth0
	lab_wire 1500
	wait_until 10 lab_has_carrier
}

@test "an interface created again is seen although the events were lost" {
	without_events delete_and_rewire
	wait_for_log 'link up: eth0, ' 1
	wait_until_readable 7
}

@test "a restart costs a client that retransmits nothing but time" {
	local load target output
	stop_vblade
	IMAGE=$BATS_TEST_TMPDIR/zeroes
	truncate -s 1M "$IMAGE"
	serve 0 1 eth0 "$IMAGE"
	target=$PID
	background "$INITIATOR_NS" "$TESTS/load" -m mixed -u -r -d 600 -w 4 \
		-t 100 -p 5 0 1 eth0
	load=$PID output=$OUT
	for _ in 1 2 3; do
		wait_until 10 frames_reached $(($(count_frames) + 200))
		stop_vblade "$target"
		serve 0 1 eth0 "$IMAGE"
		target=$PID
	done
	wait_until 10 frames_reached $(($(count_frames) + 200))
	kill "$load"
	wait_for_exit "$load"
	assert_flawless "$(cat "$output" "${output%out}err")"
	assert_match ' retransmits=[1-9]' "$(cat "$output")"
}
