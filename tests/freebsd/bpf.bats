# How /dev/bpf and route(4) are used: what the suites of the wire, which
# suites.bats runs over the shim, do not show.

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

# search [ARGUMENT]...: query all targets, by a broadcast.
search() {
	frame "$@" "ffffffffffff SS 88a2 10 00 ffff ff 01 $TAG @60"
}

# calls NAME: how often this ioctl succeeded.
calls() {
	grep -c "^ioctl [0-9]* $1 = 0" "$SHIM_TRACE"
}

# assert_offer N: a Config reply offers that many sectors per frame.
assert_offer() {
	local reply
	reply=$(query "$(config_read)")
	assert_equal "$(be8 "$1")" "${reply:56:2}" "sectors offered"
}

@test "filter, buffer, immediate, header, direction: all before binding" {
	serve 0 1 eth0 "$IMAGE"
	assert_equal "BIOCIMMEDIATE BIOCSBLEN BIOCSDIRECTION BIOCSETF\
 BIOCSHDRCMPLT" "$(sed -n '/BIOCSETIF/q
		s/^ioctl [0-9]* \(BIOC[SI].*\) = 0/\1/p' "$SHIM_TRACE" |
		sort | xargs)"
}

@test "confined, the device may be bound again, but the filter is fixed" {
	local fd
	serve 0 1 eth0 "$IMAGE"
	wait_until 10 grep -q cap_enter "$SHIM_TRACE"
	fd=$(sed -n 's|^open /dev/bpf = ||p' "$SHIM_TRACE")
	assert_equal "BIOCGDLT BIOCGETIF BIOCGSTATS BIOCSETIF" "$(sed -n \
		"s/^permitted $fd \(BIOC\)/\1/p" "$SHIM_TRACE" | sort | xargs)"
}

@test "18: a loopback interface that takes the name is not used" {
	local looks
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link delete eth0
	wait_for_log 'interface is gone'
	looks=$(calls BIOCSETIF)
	ip -n "$TARGET_NS" link set lo name eth0
	ip -n "$TARGET_NS" link set eth0 up
	rebound() { [ "$(calls BIOCSETIF)" -gt $((looks + 1)) ]; }
	wait_until 10 rebound
	kill -HUP "$PID"
	wait_for_counters ' reads=0 '
	assert_equal 0 "$(on_target cat \
		/sys/class/net/eth0/statistics/tx_packets)" "frames sent"
	refute_match 'link up' "$(cat "$ERR")"
	ip -n "$TARGET_NS" link set eth0 down
	ip -n "$TARGET_NS" link set eth0 name lo
	TARGET_MAC=02:00:00:00:00:0a
	lab_wire 1500
	wait_for_log 'link up: '
	wait_until 10 lab_has_carrier
	assert_readable 0
}

@test "an address that changes is known when an initiator searches" {
	serve 0 1 eth0 "$IMAGE"
	TARGET_MAC=02:00:00:00:00:0b
	ip -n "$TARGET_NS" link set eth0 address "$TARGET_MAC"
	changed() {
		search -w 100
		grep -q "address $TARGET_MAC, MTU" "$ERR"
	}
	wait_until 10 changed
	assert_readable 0
}

@test "20: broadcasts cost no more than a look at the address per second" {
	local start looks
	serve 0 1 eth0 "$IMAGE"
	start=$SECONDS looks=$(calls SIOCGIFCONF)
	for _ in {1..25}; do
		search >/dev/null
	done
	looks=$(($(calls SIOCGIFCONF) - looks))
	[ $looks -le $((SECONDS - start + 2)) ] ||
		fail "$looks looks in $((SECONDS - start)) s"
}

@test "an interface whose name begins or continues like ours is another" {
	ip -n "$TARGET_NS" link add eth type veth peer name eth00
	serve 0 1 eth0 "$IMAGE"
	assert_readable 0
	stop_vblade
	TARGET_MAC=$(on_target cat /sys/class/net/eth00/address)
	serve 0 1 eth00 "$IMAGE"
	assert_match "address $TARGET_MAC" "$(cat "$ERR")"
	assert_refused 1 eth01 -f 0 2 eth01 "$IMAGE"
}

@test "19: no more is offered than bpf sends in a frame, or receives" {
	lab_mtu 65535
	serve 0 1 eth0 "$IMAGE"
	assert_offer 31
	assert_reply "$(ata_read 9 31)" "$(ata_data 9 31 "$(sectors 9 31)")"
	stop_vblade
	lab_mtu 9000
	SHIM_MAXBUF=4096 serve 0 1 eth0 "$IMAGE"
	assert_match 'receive buffer holds only 2 frames \([0-9]+ requested\)' \
		"$(cat "$ERR")"
	assert_offer 7
	assert_reply "$(ata_write 9 7 '5a*3584')" "$(ata_written 9 7)"
	assert_equal "$(hex '5a*3584')" "$(file_sectors "$IMAGE" 9 7)"
}

@test "where the claim cannot be created, the export starts without it" {
	unset SHIM_RUN
	serve 0 1 eth0 "$IMAGE"
	assert_readable 0
}
