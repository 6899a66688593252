#!/usr/bin/env bats
#
# Every sector that was written is read back, and the image holds it.
# verify-threads.bats is the same with the pool of threads.

load ../helper
load stress

setup_file() { build_engine; }

teardown() {
	serve_end
	lab_close
	assert_engine
}

# round_trip OPTION...: write every sector of 64 MiB, read all back.
round_trip() {
	local file expected=$BATS_TEST_TMPDIR/expected line
	file=$(zeroes 64)
	truncate -s 64M "$expected"
	serve "$@" 0 1 eth0 "$file"
	line=$(initiator -m write -o "$expected")
	assert_flawless "$line"
	line=$(initiator -m verify)
	assert_flawless "$line"
	stop_vblade
	cmp "$file" "$expected"
}

@test "64 MiB come back intact at MTU 1500" {
	lab_open
	round_trip
}

@test "64 MiB come back intact at MTU 9000" {
	lab_open 9000
	round_trip
}

@test "64 MiB come back intact with -d" {
	lab_open 9000
	round_trip -d
}

@test "64 MiB come back intact with -s" {
	lab_open 9000
	round_trip -s
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
