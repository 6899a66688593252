#!/usr/bin/env bats
#
# A slow wire, and a target that does not reply.

load ../helper
load stress

teardown() {
	serve_end
	lab_close
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
