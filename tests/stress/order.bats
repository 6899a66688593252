#!/usr/bin/env bats
#
# One operation of the disk is held (see ../shim.c) while later ones could pass
# it: what overlaps it waits, in order, and nothing else does.
# order-threads.bats is the same with the pool of threads.

load ../helper
load ../faults

setup_file() {
	lab_open
	build_engine
	build_fault_shim
}

teardown_file() { lab_close; }

teardown() {
	faults_end
	assert_injected && assert_engine
}

# serve_holding OP OPTION...: serve an image on a disk that will hold the first
# such operation at sector 100.  Nothing is cached, and the disk has been slow,
# so that the loop performs nothing itself.
serve_holding() {
	FILE=$(image 1024)
	inject_faults "$1 * slow" "?now * EAGAIN"
	serve "${@:2}" 0 1 eth0 "$FILE"
	SERVER=$PID
	assert_readable 900
	assert_reply "$(ata_write 901 1 'ee*512')" "$(ata_written 901 1)"
	set_faults "$1 51200 hold" "?now 51200 EAGAIN"
	start_listener
}

# old, new REQUEST-OR-REPLY...: of the operation that is held, or a later one.
old() { TAG=00000001 "$@"; }
new() { TAG=00000002 "$@"; }

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

# newer_wins OPTION...: an older write is held, a newer one to the same
# sector arrives, a third elsewhere is answered; then the older may go on.
newer_wins() {
	serve_holding write "$@"
	assert_held "$(old ata_write 100 1 'aa*512')"
	assert_silence "$(new ata_write 100 1 'bb*512')"
	assert_writable 200
	assert_waits "$(new ata_written 100 1)"
	set_faults
	wait_for_frame "$(old ata_written 100 1)"
	wait_for_frame "$(new ata_written 100 1)"
	assert_reply "$(ata_read 100 1)" "$(ata_data 100 1 'bb*512')"
	stop_vblade "$SERVER"
	assert_equal "$(hex 'bb*512')" "$(file_sectors "$FILE" 100 1)" \
		"sector 100"
	serve_end
}

@test "a newer write wins over an older one that is slow" {
	newer_wins
	newer_wins -s
	newer_wins -d
	newer_wins -s -d
}

@test "with -d, a write waits for a slow write in the same page" {
	serve_holding write -d
	assert_held "$(old ata_write 100 1 'aa*512')"
	assert_silence "$(new ata_write 101 1 'bb*512')"
	assert_reply "$(ata_write 104 1 'cc*512')" "$(ata_written 104 1)"
	assert_waits "$(new ata_written 101 1)"
	set_faults
	wait_for_frame "$(old ata_written 100 1)"
	wait_for_frame "$(new ata_written 101 1)"
}

@test "one stuck read delays no other request" {
	serve_holding read
	assert_held "$(old ata_read 100 1)"
	assert_readable 200
	assert_writable 300
	set_faults
	wait_for_frame "$(old ata_data 100 1 "$(sectors 100 1)")"
}
