# Faults that are injected (see fault.c), one at a time: after each the
# process lives, other requests are answered rightly, and the counters and the
# log say what happened.

load ../helper
load failures

setup_file() {
	lab_open
	build_fault_shim
}

teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 256)
	LOOP='' MOUNT='' FRAMES='' OPTION=-j16
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/rules" ] || : >"$BATS_TEST_TMPDIR/rules"
	serve_end
	[ -z "$MOUNT" ] || umount "$MOUNT"
	[ -z "$LOOP" ] || losetup -d "$LOOP"
}

# healthy: all is well again, for the program and for its data.
healthy() {
	set_faults
	assert_alive
	assert_readable 200
	assert_writable 201
	assert_reply "$(ata_flush)" "$(ata_flushed)"
}

# adjacent LBA COUNT: requests for so many sectors, one each: a run.
adjacent() {
	local i
	for i in $(seq "$1" $(($1 + $2 - 1))); do
		ata_read "$i" 1
	done
}

# --- errors of the disk -----------------------------------------------

@test "read EIO: that sector alone is UNC, its neighbours in a run are right" {
	local i
	inject_faults "now $((5 * 512)) EIO" "read $((5 * 512)) EIO"
	serve 0 1 eth0 "$IMAGE"
	adjacent 0 8 | frame -n 8 | sort >"$BATS_TEST_TMPDIR/got"
	for i in 0 1 2 3 4 6 7; do
		hex "$(ata_data "$i" 1 "$(sectors "$i" 1)")"
	done >"$BATS_TEST_TMPDIR/expected"
	hex "$(ata_failed 40 40 5 1)" >>"$BATS_TEST_TMPDIR/expected"
	sort "$BATS_TEST_TMPDIR/expected" | cmp - "$BATS_TEST_TMPDIR/got"
	wait_for_fault read
	wait_for_log 'read 1 sectors at 5: Input/output error' 1
	wait_for_counters '8 reads of 3584 bytes.* 1 errors'
	healthy
}

# fails_to_write ERROR: a write that meets it is aborted, others are not.
fails_to_write() {
	inject_faults "write $((5 * 512)) $1"
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_write 5 1 'ee*512')" "$(ata_failed 41 04 5 1)"
	assert_reply "$(ata_write 4 2 'ee*1024')" "$(ata_failed 41 04 4 2)"
	assert_writable 6
	assert_writable 3
	wait_for_fault write
	wait_for_log "write 1 sectors at 5: " 1
	wait_for_counters '4 writes .* 2 errors'
	healthy
}

@test "write EIO: aborted, others are done" {
	fails_to_write EIO
}

@test "write ENOSPC: aborted, others are done" {
	fails_to_write ENOSPC
}

@test "write EIO in a run: that request alone is aborted" {
	local i
	inject_faults "write $((5 * 512)) EIO"
	serve 0 1 eth0 "$IMAGE"
	for i in $(seq 0 9); do
		ata_write "$i" 1 '77*512'
	done | frame -n 10 | sort >"$BATS_TEST_TMPDIR/got"
	assert_equal 1 "$(grep -cx "$(hex "$(ata_failed 41 04 5 1)")" \
		"$BATS_TEST_TMPDIR/got")"
	assert_equal "$(hex '77*2560')" "$(file_sectors "$IMAGE" 0 5)"
	assert_equal "$(sectors 5 1)" "$(file_sectors "$IMAGE" 5 1)"
	assert_equal "$(hex '77*2048')" "$(file_sectors "$IMAGE" 6 4)"
	wait_for_counters '10 writes of 4608 bytes.* 1 errors'
	healthy
}

# read_run: twelve adjacent requests are answered rightly.
read_run() {
	local i
	adjacent 16 12 | frame -n 12 | sort >"$BATS_TEST_TMPDIR/got"
	for i in $(seq 16 27); do
		hex "$(ata_data "$i" 1 "$(sectors "$i" 1)")"
	done | sort | cmp - "$BATS_TEST_TMPDIR/got"
}

# unharmed RULE...: all is done although calls are cut short or interrupted.
unharmed() {
	local option
	for option in -j16 -j0 -s -d; do
		inject_faults "$@"
		serve $option 0 1 eth0 "$IMAGE"
		read_run
		assert_writable 100
		assert_reply "$(ata_flush)" "$(ata_flushed)"
		[ -s "$FAULT_LOG" ]
		wait_for_counters " 0 errors"
		stop_vblade
		assert_equal "$(hex "a5*512")" "$(file_sectors "$IMAGE" 100 1)"
	done
}

@test "short reads and writes are continued" {
	unharmed "read * short" "now * short 2" "write * short"
}

@test "EINTR at reads, writes and syncs: they are done again" {
	unharmed "read * EINTR 2" "now * EINTR 2" "write * EINTR 2" \
		"sync * EINTR 2"
}

@test "EINTR at poll and send, and messages sent by halves" {
	unharmed "poll * EINTR 2" "send * EINTR 3" "send * short"
}

@test "reads without waiting that are refused: workers do them" {
	inject_faults "now * EOPNOTSUPP"
	serve 0 1 eth0 "$IMAGE"
	read_run
	wait_for_fault now
	healthy
}

@test "the size cannot be told: no write is done, until it can" {
	inject_faults
	serve 0 1 eth0 "$IMAGE"
	set_faults "size * EIO"
	query "$(config_read)" "$(identify)" >/dev/null
	assert_readable 255
	assert_reply "$(ata_write 254 1 'ee*512')" "$(ata_failed 41 10 254 1)"
	set_faults
	assert_readable 254
	assert_writable 253
	healthy
}

@test "the disk is gone: everything that needs it fails, and nothing else" {
	inject_faults
	serve 0 1 eth0 "$IMAGE"
	set_faults "read * ENODEV" "now * ENODEV" "write * ENODEV" \
		"sync * ENODEV" "size * ENODEV"
	assert_reply "$(ata_read 7 1)" "$(ata_failed 40 40 7 1)"
	assert_reply "$(ata_write 7 1 'ee*512')" "$(ata_failed 41 10 7 1)"
	assert_equal 548 $(($(query "$(identify)" | wc -c) / 2))
	query "$(config_read)" >/dev/null
	wait_for_counters ' 2 errors'
	set_faults
	assert_readable 200
	assert_alive
}

# --- syncs ------------------------------------------------------------

flush_failed() {
	response 00 "00 04 00 41 000000000000 0000 @60"
}

@test "a sync that failed is remembered: every later FLUSH fails, said once" {
	inject_faults "sync * EIO"
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_flush)" "$(flush_failed)"
	assert_reply "$(ata_flush)" "$(flush_failed)"
	set_faults
	assert_reply "$(ata_flush)" "$(flush_failed)"
	assert_reply "$(ata_flush)" "$(flush_failed)"
	assert_readable 7
	assert_writable 8
	wait_for_log 'sync: Input/output error' 1
	kill "$PID"
	wait_for_exit "$PID"
	assert_equal 1 "$STATUS"
	wait_for_log 'sync: Input/output error' 1
}

@test "a sync in the background that failed is remembered too" {
	inject_faults "sync * EIO"
	serve 0 1 eth0 "$IMAGE"
	assert_writable 8
	wait_for_fault sync
	set_faults
	wait_for_log 'sync: Input/output error' 1
	assert_reply "$(ata_flush)" "$(flush_failed)"
	assert_reply "$(ata_flush)" "$(flush_failed)"
	assert_alive
}

@test "a sync in the background that failed is remembered with -j 0 too" {
	inject_faults "sync * EIO"
	serve -j 0 0 1 eth0 "$IMAGE"
	assert_writable 8
	wait_for_fault sync
	set_faults
	assert_reply "$(ata_flush)" "$(flush_failed)"
	wait_for_log 'sync: Input/output error' 1
}

# --- a disk that hangs ------------------------------------------------

# send_request REQUEST: it is sent, and $FRAMES gets the reply, now or later.
send_request() {
	[ -n "$FRAMES" ] || start_listener
	frame -n 0 "$1"
}

reply_arrived() {
	grep -qx "$(hex "$1")" "$FRAMES"
}

# hangs CALL REQUEST REPLY: while such a call for sector 100 hangs, others are
# answered; when it hangs no more, so is the request.
hangs() {
	local request reply
	request=$(TAG=11111111 $2)
	reply=$(TAG=11111111 $3)
	inject_faults "$1 51200 hang" "now 51200 EAGAIN"
	[ "$1" != sync ] || set_faults "sync * hang"
	serve $OPTION 0 1 eth0 "$IMAGE"
	send_request "$request"
	wait_for_fault "$1"
	assert_readable 7
	assert_writable 8
	refute reply_arrived "$reply"
	set_faults
	wait_until 10 reply_arrived "$reply"
	assert_readable 9
	wait_for_counters " 0 errors"
}

slow_read() { ata_read 100 1; }
slow_data() { ata_data 100 1 "$(sectors 100 1)"; }
slow_write() { ata_write 100 1 'cc*512'; }
slow_written() { ata_written 100 1; }

@test "a read hangs: others are answered, and it is too in the end" {
	hangs read slow_read slow_data
}

# Without -s the loop itself writes, to the page cache.
@test "a write hangs: others are answered, and it is too in the end" {
	OPTION=-s hangs write slow_write slow_written
	assert_equal "$(hex 'cc*512')" "$(file_sectors "$IMAGE" 100 1)"
}

@test "a FLUSH hangs: others are answered, and it is too in the end" {
	hangs sync ata_flush ata_flushed
}

@test "with -j 0 a hanging read delays all, and loses none" {
	inject_faults "read 51200 hang"
	serve -j 0 0 1 eth0 "$IMAGE"
	send_request "$(slow_read)"
	wait_for_fault read
	send_request "$(TAG=22222222 ata_read 7 1)"
	set_faults
	wait_until 10 reply_arrived \
		"$(TAG=22222222 ata_data 7 1 "$(sectors 7 1)")"
}

@test "more hang than there is room for: dropped, counted, and served later" {
	inject_faults "read * hang" "now * EAGAIN"
	serve -b 2 0 1 eth0 "$IMAGE"
	adjacent 0 200 | awk '{ print } NR % 2 == 0 { print }' |
		frame -n 0
	wait_for_counters 'dropped: [0-9]+ requests by the kernel, [1-9][0-9]* by us'
	wait_for_log 'disk too slow'
	query "$(config_read)" >/dev/null
	set_faults
	wait_until 10 gets_reply "$(ata_read 200 1)" \
		"$(ata_data 200 1 "$(sectors 200 1)")"
}

# --- memory, threads, time --------------------------------------------

# with_memory KIB: vblade with so much address space.  It has to serve, or to
# say in a line why not.
with_memory() {
	VBLADE=$(wrap_vblade small prlimit "--as=$(($1 * 1024))") \
		launch -b 256 0 1 eth0 "$IMAGE"
	wait_until 10 serve_settled "$PID" "$OUT"
	if serve_ready "$OUT"; then
		assert_readable 7
		stop_vblade
		echo served >>"$BATS_TEST_TMPDIR/outcomes"
	else
		wait_for_exit "$PID"
		assert_equal 1 "$STATUS" "status with $1 KiB: $(cat "$ERR")"
		assert_match 'emory' "$(cat "$ERR")"
		echo refused >>"$BATS_TEST_TMPDIR/outcomes"
	fi
}

@test "too little memory at the start: status 1 and a line, or it serves" {
	local kib
	for kib in 4000 20000 100000 150000 160000 170000 175000 200000 \
		300000; do
		with_memory $kib
	done
	assert_equal "refused served" \
		"$(sort -u "$BATS_TEST_TMPDIR/outcomes" | xargs)"
}

@test "no memory for the least: status 1 and a line" {
	inject_faults "memory * ENOMEM"
	assert_refused 1 memory 0 1 eth0 "$IMAGE"
}

@test "no thread can be started: the loop does all, and says so once" {
	inject_faults "thread * EAGAIN" "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
	assert_readable 8
	assert_writable 9
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	wait_for_log 'no more than 0 workers' 1
	wait_for_counters ' 0 errors'
}

@test "a second thread cannot be started: the first does all" {
	inject_faults "read 51200 hang" "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
	set_faults "read 51200 hang" "now * EAGAIN" "thread * EAGAIN"
	send_request "$(slow_read)"
	wait_for_fault read
	send_request "$(TAG=33333333 ata_read 8 1)"
	wait_for_log 'no more than 1 workers' 1
	set_faults
	wait_until 10 reply_arrived "$(slow_data)"
	wait_until 10 reply_arrived \
		"$(TAG=33333333 ata_data 8 1 "$(sectors 8 1)")"
	assert_readable 9
}

@test "stopped and continued, it goes on" {
	serve 0 1 eth0 "$IMAGE"
	kill -STOP "$PID"
	send_request "$(ata_read 7 1)"
	kill -CONT "$PID"
	wait_until 10 reply_arrived "$(ata_data 7 1 "$(sectors 7 1)")"
}

@test "a clock that jumps is never looked at" {
	inject_faults "clock * lie" "sync * EINTR 1000"
	export FAULT_TRACE=$BATS_TEST_TMPDIR/trace
	serve -v 0 1 eth0 "$IMAGE"
	assert_readable 7
	assert_writable 8
	wait_until 10 synced
	refute_match clock "$(cat "$FAULT_LOG")"
}

# The trace ends with a sync: a record without data.
synced() {
	[ "$(stat -c %s "$FAULT_TRACE")" -eq $((2 * 32 + 512)) ]
}

# --- real disks -------------------------------------------------------

@test "a full ext4: writes to holes are aborted, the rest is served" {
	local option rest
	truncate -s 8M "$BATS_TEST_TMPDIR/ext4"
	mkfs.ext4 -q -O ^has_journal -m 0 "$BATS_TEST_TMPDIR/ext4"
	mkdir "$BATS_TEST_TMPDIR/mount"
	mount -o loop "$BATS_TEST_TMPDIR/ext4" "$BATS_TEST_TMPDIR/mount"
	MOUNT=$BATS_TEST_TMPDIR/mount
	cp "$IMAGE" "$MOUNT/image"
	truncate -s 4M "$MOUNT/image"
	for rest in a b c; do	# what is too little for one may do for another
		dd if=/dev/zero bs=1k of="$MOUNT/$rest" 2>/dev/null || :
		sync -f "$MOUNT"
	done
	for option in -j16 -j0 -s -d; do
		serve $option 0 1 eth0 "$MOUNT/image"
		assert_reply "$(ata_write 4096 2 'ee*1024')" \
			"$(ata_failed 41 04 4096 2)"
		assert_readable 7
		assert_writable 8
		assert_reply "$(ata_read 4096 1)" "$(ata_data 4096 1 '00*512')"
		wait_for_counters ' 1 errors'
		stop_vblade
	done
}

@test "a file that is deleted under the export is served on" {
	serve 0 1 eth0 "$IMAGE"
	rm "$IMAGE"
	assert_readable 7
	assert_writable 8
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	assert_alive
}

@test "a loop device that is removed under the export is served on" {
	LOOP=$(losetup --show -f "$IMAGE")
	serve 0 1 eth0 "$LOOP"
	losetup -d "$LOOP"
	LOOP=
	assert_readable 7
	assert_writable 8
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	stop_vblade
	assert_equal "$(hex 'a5*512')" "$(file_sectors "$IMAGE" 8 1)"
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
	assert_alive
}
