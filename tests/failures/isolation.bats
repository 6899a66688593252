# One client, one reader of the log or one bad queue slows down nobody else.

load ../helper
load failures

OTHER_MAC=02:00:00:00:00:99

setup() {
	lab_open
	IMAGE=$(image 256)
	ERR=
}

teardown() {
	serve_end
	lab_close
}

# requests MAC COUNT: reads of one sector each, from this address.
requests() {
	local i
	for i in $(seq 0 $(($2 - 1))); do
		request_from "$1" "$(ata_read "$i" 1)"
	done
}

# --- a terminal nobody reads ------------------------------------------

# serve_unread OPTION...: serve, with a terminal as standard error that is no
# longer read.
serve_unread() {
	background "" script -q -c 'tty; exec sleep 600' /dev/null
	wait_until 10 grep -q /dev/pts "$OUT"
	kill -STOP "$PID"
	VBLADE=$(wrap_vblade unread "2>$(tr -d '\r' <"$OUT")") \
		serve "$@" 0 1 eth0 "$IMAGE"
	start_listener
}

@test "a terminal that is not read does not stop an export with -v" {
	local i
	serve_unread -v
	for i in $(seq 8); do
		requests "$INITIATOR_MAC" 200 | frame -n 0
	done
	assert_reply "$(TAG=00001111 ata_read 7 1)" \
		"$(TAG=00001111 ata_data 7 1 "$(sectors 7 1)")"
	stop_vblade
}

@test "a terminal that is not read: forged duplicates do not stop it" {
	local i
	serve_unread
	for i in $(seq 255); do
		echo "ffffffffffff 0200000001$(be8 "$i") 88a2 18 00 000001 01" \
			"00000000 0040 0100 02 10 0000 @60"
	done | frame -n 0
	assert_reply "$(ata_read 7 1)" "$(ata_data 7 1 "$(sectors 7 1)")"
	stop_vblade
}

# --- queues -----------------------------------------------------------

# filter_client MAC: frames to it get into a queue that is stuck, so that they
# fail with ENOBUFS; all others pass.
filter_client() {
	on_target tc qdisc add dev eth0 root handle 1: htb default 1
	on_target tc class add dev eth0 parent 1: classid 1:1 htb rate 10gbit
	on_target tc class add dev eth0 parent 1: classid 1:2 htb rate 8bit
	on_target tc qdisc add dev eth0 parent 1:1 pfifo limit 1000
	on_target tc qdisc add dev eth0 parent 1:2 pfifo limit 1
	on_target tc filter add dev eth0 parent 1: protocol all u32 \
		match ether dst "$1" flowid 1:2
}

# measure: how many requests a second a client is served.
measure() {
	on_initiator "$TESTS/load" -m read -w 4 -d 2 0 1 eth0 |
		grep -oE 'rps=[0-9]+' | cut -d= -f2
}

@test "a client whose replies cannot be sent does not slow another" {
	local alone beside noise
	serve 0 1 eth0 "$IMAGE"
	filter_client "$OTHER_MAC"
	alone=$(measure)
	# A request each millisecond.
	on_initiator "$TESTS/frame" -n 0 -r 1000000 -t "$TARGET_MAC" \
		"$(request_from "$OTHER_MAC" "$(ata_read 0 1)")" 3>&- &
	noise=$!
	beside=$(measure)
	kill "$noise"
	echo "requests/s: $alone alone, $beside beside a filtered client"
	wait_for_counters ' send_drops=[1-9][0-9]*'
	[ $((beside * 5)) -gt "$alone" ]
}

# 255 addresses, as -m takes them.
many_hosts() {
	seq -f '0200000002%g' -s , 10 99
	seq -f '020000000%g' -s , 300 464
}

@test "announcements to 255 hosts on a stuck queue do not stall" {
	on_target tc qdisc add dev eth0 root tbf rate 8bit burst 100 limit 200
	serve -m "$(many_hosts | paste -s -d ,)" 0 1 eth0 "$IMAGE"
	wait_for_counters ' send_drops=[0-9]+'
	stop_vblade
}

# --- an MTU beyond all frames -----------------------------------------

@test "an MTU of hundreds of millions on lo is served" {
	ip -n "$TARGET_NS" link set lo up mtu 400000000
	serve 0 1 lo "$IMAGE"
	assert_equal "$(hex "000000000000 000000000000 88a2 18 00 000001 00 \
		$TAG 40 00 01 40 $(lba 7) 0000 $(sectors 7 1)")" \
		"$(on_target "$TESTS/frame" -i lo -n 1 "000000000000 \
		000000000000 88a2 10 00 000001 00 $TAG 40 00 01 24 \
		$(lba 7) 0000")"
	stop_vblade
}
