# Disks of FreeBSD: character devices that transfer whole sectors only; and
# which reads and writes of files are executed in the loop.

load ../helper

setup_file() { lab_open 9000; }
teardown_file() { lab_close; }

setup() {
	VBLADE=$SHIMMED
	IMAGE=$(image 256)
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace SHIM_RUN=$BATS_TEST_TMPDIR
}

teardown() { serve_end; }

# disk SECTOR: the image is a disk with such sectors.
disk() {
	export SHIM_DISK=$IMAGE SHIM_SECTOR=$1
}

# batch REQUEST...: the target receives all of them at a time, and replies.
batch() {
	local before
	before=$(count_frames)
	kill -STOP "$PID"
	printf '%s\n' "$@" | frame -n $# -w 10000 >"$BATS_TEST_TMPDIR/replies" &
	wait_until 10 frames_reached $((before + $#))
	kill -CONT "$PID"
	wait $!
	assert_equal $# "$(wc -l <"$BATS_TEST_TMPDIR/replies")" "replies"
}

# assert_transfer OPERATION LBA REQUESTS LOOP-OR-POOL: a read or write there
# was one of so many requests, and this executed it.
assert_transfer() {
	assert_equal "$3 at $(($2 * 512)) by the $4" "$(sed -n \
		"s/^$1 \([0-9]* at $(($2 * 512)) by\)/\1/p" "$SHIM_TRACE")"
}

# stress/integrity, which suites.bats runs, has all offsets and lengths.
@test "sectors of 4096 bytes: any 512 bytes are read and written" {
	disk 4096
	serve -o 3 -l 100 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_read 4 2)" "$(ata_data 4 2 "$(sectors 7 2)")"
	assert_reply "$(ata_write 4 2 '77*1024')" "$(ata_written 4 2)"
	assert_equal "$(sectors 0 7)$(hex '77*1024')$(sectors 9 247)" \
		"$(file_sectors "$IMAGE" 0 256)"
}

@test "a run is one transfer" {
	local i requests=()
	disk 512
	serve 0 1 eth0 "$IMAGE"
	for i in {0..7}; do
		requests+=("$(ata_read $((2 * i)) 2)")
	done
	batch "${requests[@]}"
	assert_equal "1 at 0 by the pool" "$(sed -n 's/^read //p' "$SHIM_TRACE")"
}

@test "FLUSH flushes the device, and with -s each write before its reply" {
	local request
	disk 512
	serve -s 0 1 eth0 "$IMAGE"
	for request in "$(ata_flush)" "$(ata_write 0 1 '11*512')"; do
		: >"$SHIM_TRACE"
		query "$request" >/dev/null
		assert_match 'DIOCGFLUSH = 0' "$(cat "$SHIM_TRACE")"
	done
}

@test "15: FLUSH of a read-only device succeeds" {
	disk 512
	serve -r 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	refute_match 'lost' "$(cat "$ERR")"
}

@test "21: a sync that a signal interrupts is repeated" {
	export SHIM_EINTR=1
	serve -t 3600 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	assert_equal 2 "$(grep -c ^fdatasync "$SHIM_TRACE")" "syncs"
}

@test "17: a mounted disk is refused, and -f is not advised" {
	disk 512
	export SHIM_MOUNTED=1
	assert_refused 6 "$IMAGE.*mounted" 0 1 eth0 "$IMAGE"
	refute_match ' -f' "$(cat "$ERR")"
	assert_refused 6 "$IMAGE.*mounted" -f 0 1 eth0 "$IMAGE"
	serve -r 0 1 eth0 "$IMAGE"
}

@test "other devices, and sectors that are no multiple of 512, are refused" {
	assert_refused 6 '/dev/zero: not a regular file or disk' \
		0 1 eth0 /dev/zero
	disk 2352
	assert_refused 6 'sectors of 2352 bytes' 0 1 eth0 "$IMAGE"
}

@test "16: reads of a file are executed by the loop if they are cached" {
	serve 0 1 eth0 "$IMAGE"
	batch "$(ata_read 0 1)" "$(ata_read 64 1)"
	assert_transfer read 64 1 pool
	batch "$(ata_read 0 1)" "$(ata_read 65 1)" "$(ata_read 192 1)"
	assert_transfer read 65 1 loop
	assert_transfer read 192 1 pool
}

# written_by_loop LBA: a sector there is written, by the loop.
written_by_loop() {
	batch "$(ata_write 0 1 '22*512')" "$(ata_write "$1" 1 '22*512')"
	grep "^write .* at $(($1 * 512)) by" "$SHIM_TRACE" | tail -n 1 |
		grep loop
}

@test "16: writes of a part of a block need the pool until it is cached" {
	serve 0 1 eth0 "$IMAGE"
	batch "$(ata_write 0 1 '11*512')" "$(ata_write 66 1 '11*512')"
	assert_transfer write 66 1 pool
	# On a busy machine a slow write keeps the loop from the next one.
	wait_until 10 written_by_loop 67
}

@test "16: a write of a whole block is executed by the loop" {
	local i requests=()
	serve 0 1 eth0 "$IMAGE"
	for i in {16..31}; do
		requests+=("$(ata_write $((4 * i)) 4 '33*2048')")
	done
	batch "${requests[@]}"
	assert_transfer write 64 16 loop
}

@test "16: with -d nothing is executed by the loop" {
	serve -d 0 1 eth0 "$IMAGE"
	batch "$(ata_read 0 1)" "$(ata_read 64 1)"
	batch "$(ata_read 0 1)" "$(ata_read 64 1)" "$(ata_write 128 1 '31*512')"
	refute_match loop "$(grep -E '^(read|write)' "$SHIM_TRACE")"
}
