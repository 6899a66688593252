#!/usr/bin/env bats
#
# One operation of the disk is held (see ../shim.c) while later ones could pass
# it: what overlaps it waits, in order, and nothing else does.
# order-threads.bats is the same with the pool of threads.

load ../helper
load stress

setup_file() {
	lab_open
	build_engine
	build_fault_shim
}

teardown_file() {
	lab_close
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/rules" ] || set_faults
	serve_end
	assert_engine
	assert_injected
}

# serve_holding OP SECTOR OPTION...: serve an image on a disk that will hold
# the first such operation there.  Nothing is cached, and the disk has been
# slow, so that the loop performs nothing itself.
serve_holding() {
	local op=$1 sector=$2
	shift 2
	FILE=$(image 1024)
	inject_faults "$op * slow" "?now * EAGAIN"
	serve "$@" 0 1 eth0 "$FILE"
	SERVER=$PID
	assert_reply "$(ata_read 900 1)" "$(ata_data 900 1 "$(sectors 900 1)")"
	assert_reply "$(ata_write 901 1 'ee*512')" "$(ata_written 901 1)"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	[ "$op" = sync ] || sector=$((sector * 512))
	set_faults "$op $sector hold" "?now $sector EAGAIN"
	[ "$op" != sync ] || set_faults "sync * hold"
	start_listener
}

sector() {
	echo "$1*512"
}

# assert_held REQUEST: the request is sent and held by the disk.
assert_held() {
	assert_silence "$1"
	wait_until 10 grep -qE '^[a-z]+ [0-9]+ hold ' "$FAULT_LOG"
}

# assert_waits FRAME: the listener has not received this frame, although a
# request that was sent later has been answered.
assert_waits() {
	refute_match "^$(hex "$1")\$" "$(cat "$FRAMES")"
}

# release: the disk holds nothing any more.
release() {
	set_faults
}

# assert_newer_wins OPTION...: an older write is held, a newer one to the same
# sector arrives, a third elsewhere is answered; then the older may go on.
assert_newer_wins() {
	serve_holding write 100 "$@"
	assert_held "$(TAG=00000001 ata_write 100 1 "$(sector aa)")"
	assert_silence "$(TAG=00000002 ata_write 100 1 "$(sector bb)")"
	assert_reply "$(ata_write 200 1 "$(sector cc)")" "$(ata_written 200 1)"
	assert_waits "$(TAG=00000002 ata_written 100 1)"
	release
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_written 100 1)"
	assert_reply "$(ata_read 100 1)" "$(ata_data 100 1 "$(sector bb)")"
	stop_vblade "$SERVER"
	assert_equal "$(hex "$(sector bb)")" "$(file_sectors "$FILE" 100 1)" \
		"sector 100"
}

@test "a newer write wins over an older one that is slow" {
	assert_newer_wins
}

@test "a newer write wins over an older one that is slow, with -s" {
	assert_newer_wins -s
}

@test "a newer write wins over an older one that is slow, with -d" {
	assert_newer_wins -d
}

@test "a newer write wins over an older one that is slow, with -s -d" {
	assert_newer_wins -s -d
}

@test "a read waits for a slow write before it" {
	serve_holding write 100 -s
	assert_held "$(TAG=00000001 ata_write 100 1 "$(sector aa)")"
	assert_silence "$(TAG=00000002 ata_read 100 1)"
	assert_reply "$(ata_read 200 1)" "$(ata_data 200 1 "$(sectors 200 1)")"
	assert_waits "$(TAG=00000002 ata_data 100 1 "$(sector aa)")"
	assert_waits "$(TAG=00000002 ata_data 100 1 "$(sectors 100 1)")"
	release
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_data 100 1 "$(sector aa)")"
}

@test "a write waits for a slow read before it" {
	serve_holding read 100 -s
	assert_held "$(TAG=00000001 ata_read 100 1)"
	assert_silence "$(TAG=00000002 ata_write 100 1 "$(sector aa)")"
	assert_reply "$(ata_write 200 1 "$(sector cc)")" "$(ata_written 200 1)"
	assert_waits "$(TAG=00000002 ata_written 100 1)"
	release
	wait_for_frame "$(TAG=00000001 ata_data 100 1 "$(sectors 100 1)")"
	wait_for_frame "$(TAG=00000002 ata_written 100 1)"
	assert_reply "$(ata_read 100 1)" "$(ata_data 100 1 "$(sector aa)")"
}

@test "with -d, a write waits for a slow write in the same page" {
	serve_holding write 100 -d
	assert_held "$(TAG=00000001 ata_write 100 1 "$(sector aa)")"
	assert_silence "$(TAG=00000002 ata_write 101 1 "$(sector bb)")"
	assert_reply "$(ata_write 104 1 "$(sector cc)")" "$(ata_written 104 1)"
	assert_waits "$(TAG=00000002 ata_written 101 1)"
	release
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_written 101 1)"
}

@test "one stuck read delays no other request" {
	serve_holding read 100
	assert_held "$(TAG=00000001 ata_read 100 1)"
	assert_reply "$(ata_read 200 1)" "$(ata_data 200 1 "$(sectors 200 1)")"
	assert_reply "$(ata_write 300 1 "$(sector aa)")" "$(ata_written 300 1)"
	assert_reply "$(ata_read 300 1)" "$(ata_data 300 1 "$(sector aa)")"
	release
	wait_for_frame "$(TAG=00000001 ata_data 100 1 "$(sectors 100 1)")"
}

@test "a slow flush delays no other request" {
	serve_holding sync 0
	assert_held "$(TAG=00000001 ata_flush)"
	assert_reply "$(ata_read 200 1)" "$(ata_data 200 1 "$(sectors 200 1)")"
	assert_reply "$(ata_write 300 1 "$(sector aa)")" "$(ata_written 300 1)"
	release
	wait_for_frame "$(TAG=00000001 ata_flushed)"
}

@test "with -s, a write waits for a sync that begins after it" {
	serve_holding sync 0 -s
	assert_held "$(TAG=00000001 ata_write 100 1 "$(sector aa)")"
	assert_held "$(TAG=00000002 ata_write 200 1 "$(sector cc)")"
	assert_reply "$(ata_read 200 1)" "$(ata_data 200 1 "$(sector cc)")"
	release
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_written 200 1)"
}
