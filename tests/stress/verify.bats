#!/usr/bin/env bats
#
# What integrity.bats, at MTU 9000 and on a fast wire, does not show.

load ../helper
load stress

teardown() {
	serve_end
	lab_close
}

@test "64 MiB are written and come back intact at MTU 1500" {
	local file expected=$BATS_TEST_TMPDIR/expected
	lab_open
	file=$(zeroes 64)
	truncate -s 64M "$expected"
	serve 0 1 eth0 "$file"
	assert_flawless "$(initiator -m write -o "$expected")"
	assert_flawless "$(initiator -m verify)"
	stop_vblade
	cmp "$file" "$expected"
}

@test "a 1 Gbit/s link with a full window of jumbo frames loses no reply" {
	local line
	lab_open 9000
	on_target tc qdisc add dev eth0 root tbf \
		rate 1gbit burst 64kb limit 10mb
	serve 0 1 eth0 "$(zeroes 64)"
	line=$(initiator -m read -w 64 -N 20000 -r)
	assert_flawless "$line"
	assert_match ' retransmits=0 ' "$line"
}

@test "the load generator gives up a target that hangs" {
	local target
	lab_open
	serve 0 1 eth0 "$(zeroes 1)"
	target=$PID
	background "$INITIATOR_NS" "$TESTS/load" -m read -d 600 -t 100 0 1 eth0
	wait_until 10 frames_reached 1000
	kill -STOP "$target"
	wait_until 30 process_gone "$PID"
	assert_equal 'load: eth0: no reply from e0.1' "$(cat "$ERR")"
}
