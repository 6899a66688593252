# What traffic on the wire does not show of how bpf is used, and limits.

# Each test is a process; helper.bash uses what they set.
# shellcheck disable=SC2030,SC2031,SC2034

load ../helper

setup() {
	lab_open
	VBLADE=$SHIMMED
	IMAGE=$(image 256)
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace
}

teardown() {
	serve_end
	lab_close
}

# device: the descriptor of the bpf device that is served on.
device() {
	sed -n 's|^open /dev/bpf 2 = ||p' "$SHIM_TRACE"
}

# before CALL LATER: the serving device saw the one, then the other.
before() {
	local fd first later
	fd=$(device)
	first=$(grep -n -m 1 "^ioctl $fd $1 = 0" "$SHIM_TRACE") ||
		fail "no $1" "$(cat "$SHIM_TRACE")" || return
	later=$(grep -n -m 1 "^ioctl $fd $2 = 0" "$SHIM_TRACE")
	[ "${first%%:*}" -lt "${later%%:*}" ] || fail "$1 after $2"
}

# offers N: a Config reply tells of that many sectors a frame.
offers() {
	local reply
	reply=$(query "$(config_read)")
	assert_equal "$(be8 "$1")" "${reply:56:2}" "sectors offered"
}

@test "filter, buffer, immediate, header, direction: all before binding" {
	local call
	serve 0 1 eth0 "$IMAGE"
	for call in BIOCSETF BIOCSBLEN BIOCIMMEDIATE BIOCSHDRCMPLT \
		BIOCSDIRECTION; do
		before $call BIOCSETIF
	done
}

@test "the data link type is looked at" {
	serve 0 1 eth0 "$IMAGE"
	before BIOCSETIF BIOCGDLT
}

@test "a loopback, which is no Ethernet on FreeBSD, is refused" {
	ip -n "$TARGET_NS" link set lo up
	assert_refused 1 'not an Ethernet' 0 1 lo "$IMAGE"
}

@test "confined, the device may be bound again but not filter anew" {
	serve 0 1 eth0 "$IMAGE"
	wait_until 10 grep -q cap_enter "$SHIM_TRACE"
	assert_equal "BIOCGETIF BIOCGSTATS BIOCSETIF" "$(sed -n \
		"s/^permitted $(device) //p" "$SHIM_TRACE" | sort | xargs)"
}

@test "confined, an interface that is made again is bound again" {
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link delete eth0
	wait_until 10 grep -q 'interface is gone' "$ERR"
	ip -n "$TARGET_NS" link add eth0 address 02:00:00:00:00:0a type veth \
		peer name eth0 address "$INITIATOR_MAC" netns "$INITIATOR_NS"
	ip -n "$INITIATOR_NS" link set eth0 up
	ip -n "$TARGET_NS" link set eth0 up
	wait_until 10 grep -q 'interface is back' "$ERR"
	TARGET_MAC=02:00:00:00:00:0a
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
	refute_match '^denied' "$(cat "$SHIM_TRACE")"
}

@test "an address that changes is known when somebody searches" {
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link set eth0 address 02:00:00:00:00:0b
	TARGET_MAC=02:00:00:00:00:0b
	query "$(everybody "$(config_read)")" >/dev/null
	assert_match 'address 02:00:00:00:00:0b' "$(cat "$ERR")"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

# everybody REQUEST: the request as a broadcast.
everybody() {
	echo "ffffffffffff ${1#TT}"
}

@test "a renamed interface is followed" {
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link set eth0 down
	ip -n "$TARGET_NS" link set eth0 name san0
	ip -n "$TARGET_NS" link set san0 up
	wait_until 10 grep -q 'now named san0' "$ERR"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "an interface whose name begins or goes on like ours is another" {
	ip -n "$TARGET_NS" link add eth type veth peer name eth00
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
	stop_vblade
	TARGET_MAC=$(on_target cat /sys/class/net/eth00/address)
	serve 0 1 eth00 "$IMAGE"
	assert_refused 1 eth01 -f 0 2 eth01 "$IMAGE"
}

@test "MTU 9000 where the kernel sends all: 17 sectors" {
	lab_mtu 9000
	serve 0 1 eth0 "$IMAGE"
	offers 17
	assert_reply "$(ata_read 9 17)" "$(ata_data 9 17 "$(sectors 9 17)")"
}

@test "MTU 9000 where it sends a page: 7 sectors, said once, 17 to write" {
	export SHIM_MAXWRITE=4096
	lab_mtu 9000
	serve 0 1 eth0 "$IMAGE"
	offers 7
	assert_reply "$(ata_read 9 7)" "$(ata_data 9 7 "$(sectors 9 7)")"
	assert_reply "$(ata_read 9 8)" "$(ata_failed 40 04 9 8)"
	assert_reply "$(ata_write 9 17 '5a*8704')" "$(ata_written 9 17)"
	assert_equal 1 "$(grep -c 'no frames above 4096 bytes' "$ERR")" \
		"times said"
}

@test "an MTU raised while serving is used as far as the kernel sends" {
	export SHIM_MAXWRITE=4096
	serve 0 1 eth0 "$IMAGE"
	offers 2
	lab_mtu 9000
	wait_until 10 grep -q 'no frames above 4096 bytes' "$ERR"
	offers 7
}

@test "finding out how long a frame may be sends nothing" {
	export SHIM_MAXWRITE=4096
	lab_mtu 9000
	serve 0 1 eth0 "$IMAGE"
	# The advertisement, and the question whether the address is taken.
	assert_equal 2 \
		"$(on_target cat /sys/class/net/eth0/statistics/tx_packets)"
	offers 7
}

@test "what the kernel drops is counted" {
	serve 0 1 eth0 "$IMAGE"
	kill -STOP "$PID"
	yes "$(ata_write 0 2 '5a*1024')" | head -n 1300 |
		frame -n 1 -w 100 >/dev/null || :
	kill -CONT "$PID"
	kill -USR1 "$PID"
	wait_until 10 grep -q 'dropped: [1-9][0-9]* requests by the kernel' \
		"$ERR"
	assert_reply "$(ata_read 9 1)" "$(ata_data 9 1 "$(sectors 9 1)")"
}
