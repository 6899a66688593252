# How /dev/bpf and route(4) are used, as far as traffic does not show it.

# Each test is a process; helper.bash uses what they set.
# shellcheck disable=SC2030,SC2031,SC2034

load ../helper

setup() {
	lab_open
	VBLADE=$SHIMMED
	IMAGE=$(image 256)
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace SHIM_RUN=$BATS_TEST_TMPDIR
}

teardown() {
	serve_end
	lab_close
}

# calls NAME: how often this ioctl succeeded.
calls() {
	grep -c "^ioctl [0-9]* $1 = 0" "$SHIM_TRACE"
}

# assert_order CALL LATER: the first ioctl precedes the second.
assert_order() {
	local first later
	first=$(grep -n -m 1 " $1 = 0" "$SHIM_TRACE") ||
		fail "no $1" "$(cat "$SHIM_TRACE")" || return
	later=$(grep -n -m 1 " $2 = 0" "$SHIM_TRACE")
	[ "${first%%:*}" -lt "${later%%:*}" ] || fail "$1 after $2"
}

# assert_offer N: a Config reply offers that many sectors per frame.
assert_offer() {
	local reply
	reply=$(query "$(config_read)")
	assert_equal "$(be8 "$1")" "${reply:56:2}" "sectors offered"
}

# assert_served [MAC]: a read is answered, from this address.
assert_served() {
	TARGET_MAC=${1:-$TARGET_MAC}
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

# broadcast REQUEST: the request, as a broadcast.
broadcast() {
	echo "ffffffffffff ${1#TT}"
}

# delete_eth0, create_eth0 MAC: of the target, with the initiator's end.
delete_eth0() {
	ip -n "$TARGET_NS" link delete eth0
	wait_until 10 grep -q 'interface is gone' "$ERR"
}

create_eth0() {
	ip -n "$TARGET_NS" link add eth0 address "$1" type veth \
		peer name eth0 address "$INITIATOR_MAC" netns "$INITIATOR_NS"
	ip -n "$INITIATOR_NS" link set eth0 up
	ip -n "$TARGET_NS" link set eth0 up
	wait_until 10 grep -q 'interface reappeared' "$ERR"
	wait_until 10 lab_has_carrier
}

@test "filter, buffer, immediate, header, direction: all before binding" {
	local call
	serve 0 1 eth0 "$IMAGE"
	for call in BIOCSETF BIOCSBLEN BIOCIMMEDIATE BIOCSHDRCMPLT \
		BIOCSDIRECTION; do
		assert_order $call BIOCSETIF
	done
}

@test "a loopback interface, which is not Ethernet on FreeBSD, is refused" {
	ip -n "$TARGET_NS" link set lo up
	assert_refused 1 'lo: not an Ethernet interface$' 0 1 lo "$IMAGE"
}

@test "an interface name that is too long is refused, not cut" {
	ip -n "$TARGET_NS" link set eth0 name eth012345678901
	assert_refused 2 'name too long' 0 1 eth0123456789012 "$IMAGE"
}

@test "confined, the device may be bound again, but the filter is fixed" {
	local fd
	serve 0 1 eth0 "$IMAGE"
	wait_until 10 grep -q cap_enter "$SHIM_TRACE"
	fd=$(sed -n 's|^open /dev/bpf = ||p' "$SHIM_TRACE")
	assert_equal "BIOCGDLT BIOCGETIF BIOCGSTATS BIOCSETIF" "$(sed -n \
		"s/^permitted $fd //p" "$SHIM_TRACE" | sort | xargs)"
}

@test "confined, an interface that is created again is bound again" {
	serve 0 1 eth0 "$IMAGE"
	delete_eth0
	create_eth0 02:00:00:00:00:0a
	assert_served 02:00:00:00:00:0a
	refute_match '^denied' "$(cat "$SHIM_TRACE")"
}

@test "18: a loopback interface that takes the name is not used" {
	local looks
	serve 0 1 eth0 "$IMAGE"
	delete_eth0
	looks=$(calls BIOCSETIF)
	ip -n "$TARGET_NS" link set lo name eth0
	ip -n "$TARGET_NS" link set eth0 up
	rebound() { [ "$(calls BIOCSETIF)" -gt $((looks + 1)) ]; }
	wait_until 10 rebound
	kill -HUP "$PID"
	assert_equal 0 "$(on_target cat \
		/sys/class/net/eth0/statistics/tx_packets)" "frames sent"
	refute_match reappeared "$(cat "$ERR")"
	ip -n "$TARGET_NS" link set eth0 down
	ip -n "$TARGET_NS" link set eth0 name lo
	create_eth0 02:00:00:00:00:0a
	assert_served 02:00:00:00:00:0a
}

@test "an address that changes is known when an initiator searches" {
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link set eth0 address 02:00:00:00:00:0b
	TARGET_MAC=02:00:00:00:00:0b
	changed() {
		query -w 100 "$(broadcast "$(config_read)")"
		grep -q 'address changed to 02:00:00:00:00:0b' "$ERR"
	}
	wait_until 10 changed
	assert_served
}

@test "20: broadcasts cost no more than a look at the address per second" {
	local start looks
	serve 0 1 eth0 "$IMAGE"
	start=$SECONDS looks=$(calls SIOCGIFCONF)
	for _ in {1..25}; do
		query "$(broadcast "$(config_read)")" >/dev/null
	done
	looks=$(($(calls SIOCGIFCONF) - looks))
	[ $looks -le $((SECONDS - start + 2)) ] ||
		fail "$looks looks in $((SECONDS - start)) s"
}

@test "a renamed interface is followed" {
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link set eth0 down
	ip -n "$TARGET_NS" link set eth0 name san0
	ip -n "$TARGET_NS" link set san0 up
	wait_until 10 grep -q 'interface renamed to san0' "$ERR"
	assert_served
}

@test "an interface whose name begins or continues like ours is another" {
	ip -n "$TARGET_NS" link add eth type veth peer name eth00
	serve 0 1 eth0 "$IMAGE"
	assert_served
	stop_vblade
	TARGET_MAC=$(on_target cat /sys/class/net/eth00/address)
	serve 0 1 eth00 "$IMAGE"
	assert_match "address $TARGET_MAC" "$(cat "$ERR")"
	assert_refused 1 eth01 -f 0 2 eth01 "$IMAGE"
}

@test "MTU 9000: 17 sectors" {
	lab_mtu 9000
	serve 0 1 eth0 "$IMAGE"
	assert_offer 17
	assert_reply "$(ata_read 9 17)" "$(ata_data 9 17 "$(sectors 9 17)")"
}

@test "no more is offered than bpf sends in a frame, 16 KiB" {
	lab_mtu 65535
	serve 0 1 eth0 "$IMAGE"
	assert_offer 31
	assert_reply "$(ata_read 9 31)" "$(ata_data 9 31 "$(sectors 9 31)")"
}

@test "19: no more is offered than the buffer of bpf receives" {
	export SHIM_MAXBUF=4096
	lab_mtu 9000
	serve 0 1 eth0 "$IMAGE"
	assert_match 'receive buffer holds only 2 frames \([0-9]+ requested\)' \
		"$(cat "$ERR")"
	assert_offer 7
	assert_reply "$(ata_write 9 7 '5a*3584')" "$(ata_written 9 7)"
	assert_equal "$(hex '5a*3584')" "$(file_sectors "$IMAGE" 9 7)"
}

@test "what the kernel drops is counted" {
	serve 0 1 eth0 "$IMAGE"
	kill -STOP "$PID"
	yes "$(ata_write 0 2 '5a*1024')" | head -n 1300 |
		frame -n 1 -w 100 >/dev/null || :
	kill -CONT "$PID"
	kill -USR1 "$PID"
	wait_until 10 grep -q 'kernel_drops=[1-9]' "$ERR"
	# Replies to the writes may still arrive.
	wait_until 10 assert_reply "$(ata_read 9 1)" \
		"$(ata_data 9 1 "$(sectors 9 1)")"
}

@test "an address that is exported on the same interface is refused" {
	serve 0 1 eth0 "$IMAGE"
	cp "$IMAGE" "$IMAGE.2"
	assert_refused 2 'e0.1 is already exported on eth0 by another process' \
		0 1 eth0 "$IMAGE.2"
	serve -f 0 1 eth0 "$IMAGE.2"
	serve 0 2 eth0 "$IMAGE.2"
}

@test "an address that is exported on another interface is not refused" {
	ip -n "$TARGET_NS" link add eth1 type veth peer name eth2
	serve 0 1 eth0 "$IMAGE"
	cp "$IMAGE" "$IMAGE.2"
	serve 0 1 eth1 "$IMAGE.2"
	cp "$IMAGE" "$IMAGE.3"
	assert_refused 2 "already exported on eth1" 0 1 eth1 "$IMAGE.3"
}

@test "where the claim cannot be created, the export starts without it" {
	unset SHIM_RUN
	serve 0 1 eth0 "$IMAGE"
	assert_served
}
