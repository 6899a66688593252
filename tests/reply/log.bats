# The counters, -v, and how often a failing disk is logged.

load reply

# assert_counters LINE: the only line of counters ends so.
assert_counters() {
	assert_equal "vblade: e0.1: 1500: $1" "$(grep reads= "$ERR")"
}

@test "SIGUSR1: requests, bytes and errors, not what is ignored" {
	run_script "read 3 2" "" "read 4 2" "" "write 3 2" "" identify flush \
		"read 99 1" query "$(request 07 "")" ":bad 3" "read 3 1" \
		"TT SS 88a2 18 00 000001 01 $TAG @60" "TT SS 88a2" other :usr1
	assert_counters "reads=3 read_bytes=2048 writes=1 write_bytes=1024 flushes=1 others=4 errors=3 disk_errors=1 kernel_drops=0 queue_drops=0 send_drops=0"
}

# Where ATA has its status, the reply has the count.
@test "SIGUSR1: a MAC list of one address is no error" {
	run_script "$(request 02 "00 01 00 01 0001 $SS")" :usr1
	assert_counters "reads=0 read_bytes=0 writes=0 write_bytes=0 flushes=0 others=1 errors=0 disk_errors=0 kernel_drops=0 queue_drops=0 send_drops=0"
}

@test "SIGUSR1: replies that could not be sent" {
	run_script ":full 3" "read 3 1" query identify "" "read 3 1" :usr1
	assert_replies "read 3 1"
	assert_counters "reads=2 read_bytes=1024 writes=0 write_bytes=0 flushes=0 others=2 errors=0 disk_errors=0 kernel_drops=0 queue_drops=0 send_drops=3"
}

@test "-v: a line for each request, LBA28 without the bits of the device" {
	OPTIONS+=(-v)
	run_script "read 3 2" "" "write 5 1" "" "read 64 1" "" query "" flush \
		"" "$(request 00 "00 00 01 20 070000e0ffff 0000")" "" \
		"$(request 00 "00 00 00 ea 000000000000 0000")" "" identify \
		"" "$(request 00 "00 00 00 b0 000000000000 0000")" \
		"" "$(request 02 "00 00 00 00")" "" "$(request 03 "00 00")" "" \
		"$(request 03 "07 00")" "" ":bad 5" "read 5 1" "" \
		"$(request 2a "")" "$(request 00 \
			"01 00 01 30 070000e00000 0000 ee*512")" "" \
		"$(request 02 "00 01 00 01 0001 $SS")"
	assert_equal 'read of 2 sectors at 3: ok
write of 1 sectors at 5: ok
read of 1 sectors at 64: IDNF
config: ok
FLUSH: ok
read of 1 sectors at 7: ok
FLUSH: ok
IDENTIFY: ok
ATA b0: ABRT
mask: ok
reserve: ok
reserve: AoE error 2
read of 1 sectors at 5: UNC
command 42: AoE error 1
write of 1 sectors at 7: ok
mask: ok' "$(sed -n \
		's/^vblade: e0.1: 1500: 02:00:00:00:00:01 \(.*\), [0-9]* us$/\1/p' \
		"$ERR")"
}

@test "-v: the time that a request took; without -v nothing" {
	run_script :cold ":slow 1234" "read 3 2"
	refute_logged 02:00:00:00:00:01
	OPTIONS+=(-v)
	run_script :cold ":slow 1234" "read 3 2"
	assert_logged 'read of 2 sectors at 3: ok, 1234 us$'
}

@test "a failing disk is logged the 1st, 2nd, 4th, 8th, ... time" {
	local i script=(":bad 3")
	for i in {1..40}; do
		script+=("read 3 1" "")
	done
	run_script "${script[@]}"
	assert_equal "$(for i in 1 2 4 8 16 32; do
		echo "read of 1 sectors at 3 failed: Input/output error ($i errors so far)"
	done)" "$(sed -n 's/^vblade: e0.1: 1500: \(read .*\)/\1/p' "$ERR")"
	assert_equal 40 "$(wc -l <"$FRAMES")"
	run_script ":truncate 1536" "write 3 2"
	assert_replies "failed 41 10 3 2"
	assert_logged 'write of 2 sectors at 3 failed: beyond the end \(1 errors'
}

@test "the ready line, and what follows it on standard error" {
	run_script
	assert_match '^pid [0-9]+: e0\.1, 64 sectors O_RDWR$' \
		"$(cat "$BATS_TEST_TMPDIR/out")"
	assert_equal "vblade: e0.1: 1500: address 02:00:00:00:00:02, MTU 1500, 2 sectors per frame, 64 buffers, disk I/O by $([ -n "${POOL:-}" ] && echo threads || echo io_uring)
vblade: e0.1: 1500: stopping on SIGTERM" "$(cat "$ERR")"
	OPTIONS+=(-r)
	run_script
	assert_match '^pid [0-9]+: e0\.1, 64 sectors O_RDONLY$' \
		"$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "a message that is too long is cut, and is a line" {
	DISK=$BATS_TEST_TMPDIR/$(printf %0250d 1)
	mkdir "$DISK"
	DISK+=/$(printf %0250d 2)
	truncate -s 32300 "$DISK"
	run_script
	assert_equal 508 "$(head -n 1 "$ERR" | wc -c)" "bytes of the first line"
	assert_match ': address 02' "$(sed -n 2p "$ERR")"
}

@test "known limits of the export are logged at the start" {
	truncate -s 32300 "$DISK"
	PLACE=(4095 1)
	run_script
	assert_logged 'Linux initiators ignore shelf 4095$'
	assert_logged 'ignoring the last 44 bytes \(less than one sector\)$'
	PLACE=(4094 1)
	run_script
	refute_logged 'initiators ignore'
}
