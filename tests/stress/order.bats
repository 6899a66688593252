#!/usr/bin/env bats
#
# One call to the disk hangs (see slow.c): what overlaps it waits, in order,
# and nothing else does.  -j 2, so that one worker is left: it takes what was
# queued in order, so the answer to a later request proves that an earlier one
# that was free to run has run.

load ../helper
load stress

setup_file() {
	lab_open
	SLOW=$(library slow)
	export SLOW
}

teardown_file() {
	lab_close
}

teardown() {
	rm -f "$SLOW_GATE"
	serve_end
}

# serve_slow OP SECTOR OPTION...: serve an image on a disk that hangs there.
serve_slow() {
	export SLOW_OP=$1 SLOW_AT=$(($2 * 512))
	export SLOW_GATE=$BATS_TEST_TMPDIR/gate
	shift 2
	: >"$SLOW_GATE"
	FILE=$(image 1024)
	LD_PRELOAD=$SLOW serve -j 2 "$@" 0 1 eth0 "$FILE"
	SERVER=$PID
}

held() {
	wait_until 10 test -s "$SLOW_GATE.held"
}

opened() {
	rm "$SLOW_GATE"
}

sector() {
	echo "$1*512"
}

# hangs REQUEST: the request is sent and held by the disk.
hangs() {
	assert_silence "$1"
	held
}

# newer_wins OPTION...: an older write hangs, a newer one to the same sector
# comes, a third elsewhere is answered; then the older may go on.
newer_wins() {
	serve_slow write 100 "$@"
	start_listener
	hangs "$(TAG=00000001 ata_write 100 1 "$(sector aa)")"
	assert_silence "$(TAG=00000002 ata_write 100 1 "$(sector bb)")"
	assert_reply "$(ata_write 200 1 "$(sector cc)")" "$(ata_written 200 1)"
	opened
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_written 100 1)"
	assert_reply "$(ata_read 100 1)" "$(ata_data 100 1 "$(sector bb)")"
	stop_vblade "$SERVER"
	assert_equal "$(hex "$(sector bb)")" "$(file_sectors "$FILE" 100 1)" \
		"sector 100"
}

@test "a newer write wins over an older one that is slow, with -s" {
	newer_wins -s
}

@test "a newer write wins over an older one that is slow, with -d" {
	newer_wins -d
}

@test "a read waits for a slow write before it" {
	serve_slow write 100 -s
	start_listener
	hangs "$(TAG=00000001 ata_write 100 1 "$(sector aa)")"
	assert_silence "$(TAG=00000002 ata_read 100 1)"
	assert_reply "$(ata_read 200 1)" "$(ata_data 200 1 "$(sectors 200 1)")"
	opened
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_data 100 1 "$(sector aa)")"
}

@test "a write waits for a slow read before it" {
	serve_slow read 100 -s
	start_listener
	hangs "$(TAG=00000001 ata_read 100 1)"
	assert_silence "$(TAG=00000002 ata_write 100 1 "$(sector aa)")"
	assert_reply "$(ata_write 200 1 "$(sector cc)")" "$(ata_written 200 1)"
	opened
	wait_for_frame "$(TAG=00000001 ata_data 100 1 "$(sectors 100 1)")"
	wait_for_frame "$(TAG=00000002 ata_written 100 1)"
	assert_reply "$(ata_read 100 1)" "$(ata_data 100 1 "$(sector aa)")"
}

@test "one stuck read delays no other request" {
	serve_slow read 100
	start_listener
	hangs "$(TAG=00000001 ata_read 100 1)"
	assert_reply "$(ata_read 200 1)" "$(ata_data 200 1 "$(sectors 200 1)")"
	assert_reply "$(ata_write 300 1 "$(sector aa)")" "$(ata_written 300 1)"
	assert_reply "$(ata_read 300 1)" "$(ata_data 300 1 "$(sector aa)")"
	opened
	wait_for_frame "$(TAG=00000001 ata_data 100 1 "$(sectors 100 1)")"
}

@test "a slow flush delays no other request" {
	serve_slow sync 0
	start_listener
	hangs "$(TAG=00000001 ata_flush)"
	assert_reply "$(ata_read 200 1)" "$(ata_data 200 1 "$(sectors 200 1)")"
	assert_reply "$(ata_write 300 1 "$(sector aa)")" "$(ata_written 300 1)"
	opened
	wait_for_frame "$(TAG=00000001 ata_flushed)"
}
