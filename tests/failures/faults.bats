# Injected faults (see ../shim.c), one at a time: after each the process is
# alive, other requests are answered correctly, and the counters and the log
# report it.  faults-threads.bats is the same with the pool of threads.

load ../helper
load ../faults

setup_file() {
	lab_open
	build_engine
}

teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 256)
	LOOP='' MOUNT='' ERR=''
}

teardown() {
	faults_end
	[ -z "$MOUNT" ] || umount -l "$MOUNT"
	[ -z "$LOOP" ] || losetup -d "$LOOP"
	assert_injected && assert_engine
}

# assert_healthy: no fault remains, neither in the program nor in its data.
assert_healthy() {
	set_faults
	assert_alive
	assert_readable 200
	assert_writable 201
	assert_reply "$(ata_flush)" "$(ata_flushed)"
}

# --- errors of the disk -----------------------------------------------

@test "EINTR at wait and send, and messages sent by halves" {
	inject_faults "wait * EINTR 2" "send * EINTR 3" "send * short"
	serve 0 1 eth0 "$IMAGE"
	assert_all_read {16..27}
	wait_for_counters ' errors=0 disk_errors=0 '
	assert_healthy
}

# A wait that finds a descriptor ready lets no signal in.
@test "a signal is handled although there is always something to receive" {
	inject_faults "wait * short"
	serve 0 1 eth0 "$IMAGE"
	kill -USR1 "$PID"
	frame -n 0 -r 300 "$(ata_read 0 1)"
	wait_for_log ' reads=' 1
	assert_healthy
}

@test "reads that must not wait are refused: the engine performs them" {
	inject_faults "now * EOPNOTSUPP"
	serve 0 1 eth0 "$IMAGE"
	assert_all_read {16..27}
	assert_healthy
}

@test "a read of a device that is not cached waits in the engine" {
	LOOP=$(losetup --show -f "$IMAGE")
	inject_faults "read * hang"
	serve 0 1 eth0 "$LOOP"
	start_listener
	blockdev --flushbufs "$LOOP"
	frame -n 0 "$(ata_read 200 1)"
	wait_for_fault read
	query "$(config_read)" >/dev/null || fail "the loop waits"
	set_faults
	wait_for_frame "$(ata_data 200 1 "$(sectors 200 1)")"
}

@test "a request alone on a disk that is busy does not hold up the loop" {
	inject_faults "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	start_listener
	# After one that was fast, the next is executed in the loop.
	assert_reply "$(ata_read 5 1)" "$(ata_data 5 1 "$(sectors 5 1)")"
	set_faults "now * EAGAIN" "read * EAGAIN"
	frame -n 0 "$(ata_read 200 1)"
	wait_for_fault read
	query "$(config_read)" >/dev/null || fail "the loop repeats it"
	set_faults
	wait_for_frame "$(ata_data 200 1 "$(sectors 200 1)")"
}

# assert_waits LBA COUNT SECTOR: a write is executed by the engine, not in the
# loop, if that sector is not cached.
assert_waits() {
	set_faults "now $(($3 * 512)) EAGAIN" "write $(($1 * 512)) hang"
	frame -n 0 "$(ata_write "$1" "$2" "ee*$(($2 * 512))")"
	wait_until 10 grep -q "^write $(($1 * 512)) hang" "$FAULT_LOG"
	query "$(config_read)" >/dev/null || fail "the loop waits: $*"
	set_faults
	wait_for_frame "$(ata_written "$1" "$2")"
}

@test "a write to a part of a page that is not cached waits in the engine" {
	inject_faults
	serve 0 1 eth0 "$IMAGE"
	start_listener
	assert_waits 1 2 1	# the middle of a page
	assert_waits 8 2 8	# its start
	assert_waits 22 2 22	# its end
	assert_waits 31 2 31	# the end of one and the start of another
	assert_waits 39 2 40
}

@test "a device that fails, or has vanished: ABRT or UNC, never IDNF" {
	inject_faults "read * EIO" "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_read 5 1)" "$(ata_failed 40 40 5 1)"
	wait_for_log 'read of 1 sectors at 5 failed: Input/output error' 1
	set_faults "read * ENODEV" "now * ENODEV" "?write * ENODEV" \
		"size * ENODEV"
	assert_reply "$(ata_read 7 1)" "$(ata_failed 40 40 7 1)"
	assert_reply "$(ata_write 7 1 'ee*512')" "$(ata_failed 41 04 7 1)"
	assert_equal 548 $(($(query "$(identify)" | wc -c) / 2))
	query "$(config_read)" >/dev/null
	wait_for_counters ' errors=3 '
	set_faults
	assert_healthy
}

@test "the size of a device is looked up without its lock" {
	# lseek(2) takes it, and a write that waits for the disk may hold it.
	LOOP=$(losetup --show -f "$IMAGE")
	inject_faults
	serve 0 1 eth0 "$LOOP"
	set_faults "?size * hang"
	assert_equal 548 $(($(query "$(identify)" | wc -c) / 2))
}

@test "SIGTERM waits for the last sync, and no request is accepted meanwhile" {
	local before
	inject_faults "sync * hang"
	serve -t 0 0 1 eth0 "$IMAGE"
	frame -n 1 "$(ata_write 5 1 'ee*512')" >/dev/null
	kill "$PID"
	wait_for_fault sync
	assert_alive
	before=$(count_frames)
	frame -n 0 "$(ata_write 9 1 'dd*512')"
	wait_until 10 frames_reached $((before + 1))
	# It sleeps, although that waits to be received.
	wait_until 10 grep -q '^State:.S' "/proc/$PID/status"
	set_faults
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$IMAGE" 5 1)"
	assert_equal "$(sectors 9 1)" "$(file_sectors "$IMAGE" 9 1)"
}

# --- memory, threads, time --------------------------------------------

# Of address space.
@test "too little memory at the start: status 1 and a line, or it serves" {
	local mb served='' refused=''
	for mb in 8 20 100 150 160 170 175 200 300; do
		VBLADE=$(wrap_vblade small prlimit "--as=${mb}000000") \
			launch -b 256 0 1 eth0 "$IMAGE"
		wait_until 10 serve_settled "$PID" "$OUT"
		if serve_ready "$OUT"; then
			served+=" $mb"
			assert_readable 7
			stop_vblade
		else
			refused+=" $mb"
			wait_for_exit "$PID"
			assert_equal 1 "$STATUS" "$mb MB: $(cat "$ERR")"
			assert_match 'emory|memory' "$(cat "$ERR")"
		fi
	done
	ERR=
	[ -n "$served" ] && [ -n "$refused" ]
}

@test "a kernel without packet rings: status 1 and a line" {
	inject_faults "rxring * ENOPROTOOPT"
	assert_refused 1 'eth0: Protocol not available' 0 1 eth0 "$IMAGE"
}

@test "a clock that jumps is never used" {
	assert_equal "clock_gettime(CLOCK_MONOTONIC" "$(grep -hoE \
		'\<((clock_get|f|get|)time(ofday)?\(.*,|CLOCK_[A-Z]+)' \
		"$TESTS/../vblade.c" "$TESTS/../linux.c" | tr -d ,)"
}

# --- real disks -------------------------------------------------------

@test "no space for a sparse image: that write is aborted, the rest is served" {
	local option rest
	MOUNT=$BATS_TEST_TMPDIR/mount
	mkdir "$MOUNT"
	truncate -s 8M "$MOUNT.ext4"
	mkfs.ext4 -q -O ^has_journal -m 0 "$MOUNT.ext4"
	mount -o loop "$MOUNT.ext4" "$MOUNT"
	cp "$IMAGE" "$MOUNT/image"
	truncate -s 4M "$MOUNT/image"
	for rest in a b c; do	# what is too little for one may do for another
		dd if=/dev/zero bs=1k of="$MOUNT/$rest" 2>/dev/null || :
		sync -f "$MOUNT"
	done
	for option in -b64 -s -d; do
		serve $option 0 1 eth0 "$MOUNT/image"
		assert_reply "$(ata_write 4096 2 'ee*1024')" \
			"$(ata_failed 41 04 4096 2)"
		assert_readable 7
		assert_writable 8
		assert_reply "$(ata_read 4096 1)" "$(ata_data 4096 1 '00*512')"
		wait_for_counters ' errors=1 '
		wait_for_log 'write of 2 sectors at 4096 failed: No space' 1
		stop_vblade
	done
	rm "$MOUNT"/[abc]
	serve 0 1 eth0 "$MOUNT/image"
	assert_reply "$(ata_write 4096 1 '22*512')" "$(ata_written 4096 1)"
}

@test "a write beyond the file size limit is aborted, and kills nothing" {
	local fsize=$((128 * 512)) option
	for option in -b64 -s -d; do
		VBLADE=$(wrap_vblade limited prlimit "--fsize=$fsize") \
			serve $option 0 1 eth0 "$IMAGE"
		assert_reply "$(ata_write 200 1 'ee*512')" \
			"$(ata_failed 41 04 200 1)"
		assert_alive
		assert_readable 200
		assert_writable 8
		stop_vblade
	done
}

@test "a device without sectors has vanished: ABRT or UNC, never IDNF" {
	LOOP=$(losetup --show -f "$IMAGE")
	serve 0 1 eth0 "$LOOP"
	truncate -s 0 "$IMAGE"
	losetup -c "$LOOP"
	assert_reply "$(ata_read 7 1)" "$(ata_failed 40 40 7 1)"
	wait_for_log 'at 7 failed: No such device or address' 1
	assert_reply "$(ata_write 7 1 'ee*512')" "$(ata_failed 41 04 7 1)"
}

@test "a disk that loses its end: errors there, the rest is served" {
	LOOP=$(losetup --show -f "$IMAGE")
	serve 0 1 eth0 "$LOOP"
	truncate -s 64K "$IMAGE"
	losetup -c "$LOOP"
	assert_reply "$(ata_read 200 1)" "$(ata_failed 40 10 200 1)"
	assert_reply "$(ata_write 200 1 'ee*512')" "$(ata_failed 41 10 200 1)"
	assert_readable 7
	assert_writable 8
}
