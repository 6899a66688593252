# Faults that are injected (see fault.c), one at a time: after each the
# process lives, other requests are answered rightly, and the counters and the
# log say what happened.

load ../helper
load failures

setup_file() {
	lab_open
	fault_setup
}

teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 256)
	LOOP='' MOUNT='' HEARD='' OPTION=-j16
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/rules" ] || : >"$BATS_TEST_TMPDIR/rules"
	serve_end
	[ -z "$MOUNT" ] || umount "$MOUNT"
	[ -z "$LOOP" ] || losetup -d "$LOOP"
}

# healthy: all is well again, for the program and for its data.
healthy() {
	rules
	alive
	reads 200
	writes 201
	expect "$(ata_flush)" "$(ata_flushed)"
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
	faulty "now $((5 * 512)) EIO" "read $((5 * 512)) EIO"
	serve 0 1 eth0 "$IMAGE"
	adjacent 0 8 | frame -n 8 | sort >"$BATS_TEST_TMPDIR/got"
	for i in 0 1 2 3 4 6 7; do
		hex "$(ata_data "$i" 1 "$(sectors "$i" 1)")"
	done >"$BATS_TEST_TMPDIR/expected"
	hex "$(ata_failed 40 40 5 1)" >>"$BATS_TEST_TMPDIR/expected"
	sort "$BATS_TEST_TMPDIR/expected" | cmp - "$BATS_TEST_TMPDIR/got"
	faulted read
	said 'read 1 sectors at 5: Input/output error' 1
	counted '8 reads of 3584 bytes.* 1 errors'
	healthy
}

# fails_to_write ERROR: a write that meets it is aborted, others are not.
fails_to_write() {
	faulty "write $((5 * 512)) $1"
	serve 0 1 eth0 "$IMAGE"
	expect "$(ata_write 5 1 'ee*512')" "$(ata_failed 41 04 5 1)"
	expect "$(ata_write 4 2 'ee*1024')" "$(ata_failed 41 04 4 2)"
	writes 6
	writes 3
	faulted write
	said "write 1 sectors at 5: " 1
	counted '4 writes .* 2 errors'
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
	faulty "write $((5 * 512)) EIO"
	serve 0 1 eth0 "$IMAGE"
	for i in $(seq 0 9); do
		ata_write "$i" 1 '77*512'
	done | frame -n 10 | sort >"$BATS_TEST_TMPDIR/got"
	same 1 "$(grep -cx "$(hex "$(ata_failed 41 04 5 1)")" \
		"$BATS_TEST_TMPDIR/got")"
	same "$(hex '77*2560')" "$(stored "$IMAGE" 0 5)"
	same "$(sectors 5 1)" "$(stored "$IMAGE" 5 1)"
	same "$(hex '77*2048')" "$(stored "$IMAGE" 6 4)"
	counted '10 writes of 4608 bytes.* 1 errors'
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
		faulty "$@"
		serve $option 0 1 eth0 "$IMAGE"
		read_run
		writes 100
		expect "$(ata_flush)" "$(ata_flushed)"
		[ -s "$FAULT_LOG" ]
		counted " 0 errors"
		stop
		same "$(hex "a5*512")" "$(stored "$IMAGE" 100 1)"
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
	faulty "now * EOPNOTSUPP"
	serve 0 1 eth0 "$IMAGE"
	read_run
	faulted now
	healthy
}

@test "the size cannot be told: no write is done, until it can" {
	faulty
	serve 0 1 eth0 "$IMAGE"
	rules "size * EIO"
	query "$(config_read)" "$(identify)" >/dev/null
	reads 255
	expect "$(ata_write 254 1 'ee*512')" "$(ata_failed 41 10 254 1)"
	rules
	reads 254
	writes 253
	healthy
}

@test "the disk is gone: everything that needs it fails, and nothing else" {
	faulty
	serve 0 1 eth0 "$IMAGE"
	rules "read * ENODEV" "now * ENODEV" "write * ENODEV" \
		"sync * ENODEV" "size * ENODEV"
	expect "$(ata_read 7 1)" "$(ata_failed 40 40 7 1)"
	expect "$(ata_write 7 1 'ee*512')" "$(ata_failed 41 10 7 1)"
	same 548 $(($(query "$(identify)" | wc -c) / 2))
	query "$(config_read)" >/dev/null
	counted ' 2 errors'
	rules
	reads 200
	alive
}

# --- syncs ------------------------------------------------------------

flush_failed() {
	response 00 "00 04 00 41 000000000000 0000 @60"
}

@test "a sync that failed is remembered: every later FLUSH fails, said once" {
	faulty "sync * EIO"
	serve 0 1 eth0 "$IMAGE"
	expect "$(ata_flush)" "$(flush_failed)"
	expect "$(ata_flush)" "$(flush_failed)"
	rules
	expect "$(ata_flush)" "$(flush_failed)"
	expect "$(ata_flush)" "$(flush_failed)"
	reads 7
	writes 8
	said 'sync: Input/output error' 1
	kill "$PID"
	ended "$PID"
	same 1 "$STATUS"
	said 'sync: Input/output error' 1
}

@test "a sync in the background that failed is remembered too" {
	faulty "sync * EIO"
	serve 0 1 eth0 "$IMAGE"
	writes 8
	faulted sync
	rules
	said 'sync: Input/output error' 1
	expect "$(ata_flush)" "$(flush_failed)"
	expect "$(ata_flush)" "$(flush_failed)"
	alive
}

@test "a sync in the background that failed is remembered with -j 0 too" {
	faulty "sync * EIO"
	serve -j 0 0 1 eth0 "$IMAGE"
	writes 8
	faulted sync
	rules
	expect "$(ata_flush)" "$(flush_failed)"
	said 'sync: Input/output error' 1
}

# --- a disk that hangs ------------------------------------------------

# asks REQUEST: it is sent, and $HEARD gets the reply, now or later.
asks() {
	[ -n "$HEARD" ] || overhear
	frame -n 0 "$1"
}

heard() {
	grep -qx "$(hex "$1")" "$HEARD"
}

# hangs CALL REQUEST REPLY: while such a call for sector 100 hangs, others are
# answered; when it hangs no more, so is the request.
hangs() {
	local request reply
	request=$(TAG=11111111 $2)
	reply=$(TAG=11111111 $3)
	faulty "$1 51200 hang" "now 51200 EAGAIN"
	[ "$1" != sync ] || rules "sync * hang"
	serve $OPTION 0 1 eth0 "$IMAGE"
	asks "$request"
	faulted "$1"
	reads 7
	writes 8
	not heard "$reply"
	rules
	until_true 10 heard "$reply"
	reads 9
	counted " 0 errors"
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
	same "$(hex 'cc*512')" "$(stored "$IMAGE" 100 1)"
}

@test "a FLUSH hangs: others are answered, and it is too in the end" {
	hangs sync ata_flush ata_flushed
}

@test "with -j 0 a hanging read delays all, and loses none" {
	faulty "read 51200 hang"
	serve -j 0 0 1 eth0 "$IMAGE"
	asks "$(slow_read)"
	faulted read
	asks "$(TAG=22222222 ata_read 7 1)"
	rules
	until_true 10 heard "$(TAG=22222222 ata_data 7 1 "$(sectors 7 1)")"
}

@test "more hang than there is room for: dropped, counted, and served later" {
	faulty "read * hang" "now * EAGAIN"
	serve -b 2 0 1 eth0 "$IMAGE"
	adjacent 0 200 | awk '{ print } NR % 2 == 0 { print }' |
		frame -n 0
	counted 'dropped: [0-9]+ requests by the kernel, [1-9][0-9]* by us'
	said 'disk too slow'
	query "$(config_read)" >/dev/null
	rules
	until_true 10 answers "$(ata_read 200 1)" \
		"$(ata_data 200 1 "$(sectors 200 1)")"
}

# --- memory, threads, time --------------------------------------------

# with_memory KIB: vblade with so much address space.  It has to serve, or to
# say in a line why not.
with_memory() {
	VBLADE=$(guise small prlimit "--as=$(($1 * 1024))") \
		launch -b 256 0 1 eth0 "$IMAGE"
	until_true 10 serve_settled "$PID" "$OUT"
	if serve_ready "$OUT"; then
		reads 7
		stop
		echo served >>"$BATS_TEST_TMPDIR/outcomes"
	else
		ended "$PID"
		same 1 "$STATUS" "status with $1 KiB: $(cat "$ERR")"
		holds 'emory' "$(cat "$ERR")"
		echo refused >>"$BATS_TEST_TMPDIR/outcomes"
	fi
}

@test "too little memory at the start: status 1 and a line, or it serves" {
	local kib
	for kib in 4000 20000 100000 150000 160000 170000 175000 200000 \
		300000; do
		with_memory $kib
	done
	same "refused served" \
		"$(sort -u "$BATS_TEST_TMPDIR/outcomes" | xargs)"
}

@test "no memory for the least: status 1 and a line" {
	faulty "memory * ENOMEM"
	refused 1 memory 0 1 eth0 "$IMAGE"
}

@test "no thread can be started: the loop does all, and says so once" {
	faulty "thread * EAGAIN" "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	reads 7
	reads 8
	writes 9
	expect "$(ata_flush)" "$(ata_flushed)"
	said 'no more than 0 workers' 1
	counted ' 0 errors'
}

@test "a second thread cannot be started: the first does all" {
	faulty "read 51200 hang" "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	reads 7
	rules "read 51200 hang" "now * EAGAIN" "thread * EAGAIN"
	asks "$(slow_read)"
	faulted read
	asks "$(TAG=33333333 ata_read 8 1)"
	said 'no more than 1 workers' 1
	rules
	until_true 10 heard "$(slow_data)"
	until_true 10 heard "$(TAG=33333333 ata_data 8 1 "$(sectors 8 1)")"
	reads 9
}

@test "stopped and continued, it goes on" {
	serve 0 1 eth0 "$IMAGE"
	kill -STOP "$PID"
	asks "$(ata_read 7 1)"
	kill -CONT "$PID"
	until_true 10 heard "$(ata_data 7 1 "$(sectors 7 1)")"
}

@test "a clock that jumps is never looked at" {
	faulty "clock * lie" "sync * EINTR 1000"
	export FAULT_TRACE=$BATS_TEST_TMPDIR/trace
	serve -v 0 1 eth0 "$IMAGE"
	reads 7
	writes 8
	until_true 10 synced
	lacks clock "$(cat "$FAULT_LOG")"
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
		expect "$(ata_write 4096 2 'ee*1024')" \
			"$(ata_failed 41 04 4096 2)"
		reads 7
		writes 8
		expect "$(ata_read 4096 1)" "$(ata_data 4096 1 '00*512')"
		counted ' 1 errors'
		stop
	done
}

@test "a file that is deleted under the export is served on" {
	serve 0 1 eth0 "$IMAGE"
	rm "$IMAGE"
	reads 7
	writes 8
	expect "$(ata_flush)" "$(ata_flushed)"
	alive
}

@test "a loop device that is removed under the export is served on" {
	LOOP=$(losetup --show -f "$IMAGE")
	serve 0 1 eth0 "$LOOP"
	losetup -d "$LOOP"
	LOOP=
	reads 7
	writes 8
	expect "$(ata_flush)" "$(ata_flushed)"
	stop
	same "$(hex 'a5*512')" "$(stored "$IMAGE" 8 1)"
}

@test "a disk that loses its end: errors there, the rest is served" {
	LOOP=$(losetup --show -f "$IMAGE")
	serve 0 1 eth0 "$LOOP"
	truncate -s 64K "$IMAGE"
	losetup -c "$LOOP"
	expect "$(ata_read 200 1)" "$(ata_failed 40 10 200 1)"
	expect "$(ata_write 200 1 'ee*512')" "$(ata_failed 41 10 200 1)"
	reads 7
	writes 8
	alive
}
