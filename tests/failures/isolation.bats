# No client, reader of the log or slow wire holds up the others; and the load
# generator does not wait forever.

load ../helper

setup() {
	lab_open
	IMAGE=$(image 256)
	OTHER=02:00:00:00:00:99
}

teardown() {
	serve_end
	lab_close
}

@test "a terminal that is not read does not stop an export with -v" {
	background "" script -q -c 'tty; exec sleep 600' /dev/null
	wait_until 10 grep -q /dev/pts "$OUT"
	kill -STOP "$PID"
	VBLADE=$(wrap_vblade unread "2>$(tr -d '\r' <"$OUT")") \
		serve -v 0 1 eth0 "$IMAGE"
	yes "$(ata_read 0 1)" | head -n 1600 | frame -n 0
	assert_reply "$(TAG=00001111 ata_read 7 1)" \
		"$(TAG=00001111 ata_data 7 1 "$(sectors 7 1)")"
	stop_vblade
}

# measure: how many requests a second a client is served.
measure() {
	on_initiator "$TESTS/load" -m read -w 4 -d 2 0 1 eth0 |
		grep -oE 'rps=[0-9]+' | cut -d= -f2
}

# shape RATE LIMIT: frames to $OTHER have this rate, and a queue of so many.
shape() {
	lab_mtu 9000
	on_target tc qdisc add dev eth0 root handle 1: htb default 1
	on_target tc class add dev eth0 parent 1: classid 1:1 htb rate 10gbit
	on_target tc class add dev eth0 parent 1: classid 1:2 htb rate "$1"
	on_target tc qdisc add dev eth0 parent 1:1 pfifo limit 1000
	on_target tc qdisc add dev eth0 parent 1:2 pfifo limit "$2"
	on_target tc filter add dev eth0 parent 1: protocol all u32 \
		match ether dst "$OTHER" flowid 1:2
}

# ask_for_other [TIMES]: request 16 sectors for it, so often each millisecond.
ask_for_other() {
	local requests=()
	while [ ${#requests[@]} -lt "${1:-1}" ]; do
		requests+=("$(ata_read 0 16 | sed "s/SS/$OTHER/")")
	done
	background "$INITIATOR_NS" "$TESTS/frame" -n 0 -r 1000000 \
		-t "$TARGET_MAC" "${requests[@]}"
}

# assert_not_slowed: a client is served although the other has requests; tried
# again, since the machine may be busy with something else.
assert_not_slowed() {
	local alone beside target=$PID log=$ERR
	alone=$(measure)
	ask_for_other
	for _ in {1..5}; do
		beside=$(measure)
		echo "requests/s: $alone alone, $beside beside a slow client"
		[ $((beside * 5)) -le "$alone" ] || break
	done
	kill "$PID"
	PID=$target ERR=$log
	[ $((beside * 5)) -gt "$alone" ]
}

# They fail with ENOBUFS; all others pass.
@test "a client whose replies cannot be sent does not slow another" {
	shape 8bit 1
	serve 0 1 eth0 "$IMAGE"
	assert_not_slowed
	wait_for_counters ' send_drops=[1-9][0-9]*'
}

@test "a client whose replies wait in a queue does not slow another" {
	shape 8mbit 300
	serve 0 1 eth0 "$IMAGE"
	assert_not_slowed
}

# Without the right to a large one, where those replies leave others no room.
# If each reply of a batch waited for it, 1000 would take 20 seconds; so many
# requests arrive in 10 even if the machine is busy.
@test "a send buffer that stays full does not stop an export" {
	shape 8bit 100000
	ask_for_other 16
	VBLADE=$(wrap_vblade limited setpriv --bounding-set -net_admin) \
		serve 0 1 eth0 "$IMAGE"
	wait_for_counters ' send_drops=[1-9][0-9]{3}'
}

@test "a 1 Gbit/s link with a full window of jumbo frames loses no reply" {
	local line
	lab_mtu 9000
	on_target tc qdisc add dev eth0 root tbf \
		rate 1gbit burst 64kb limit 10mb
	truncate -s 64M "$IMAGE"
	serve 0 1 eth0 "$IMAGE"
	line=$(on_initiator "$TESTS/load" -t 20000 -w 64 -N 20000 -r 0 1 eth0)
	assert_flawless "$line"
	assert_match ' retransmits=0 ' "$line"
}

@test "the load generator gives up a target that hangs" {
	local target
	serve 0 1 eth0 "$IMAGE"
	target=$PID
	background "$INITIATOR_NS" "$TESTS/load" -d 600 -t 100 0 1 eth0
	wait_until 10 frames_reached 1000
	kill -STOP "$target"
	wait_until 30 process_gone "$PID"
	assert_equal 'load: eth0: no reply from e0.1' "$(cat "$ERR")"
}
