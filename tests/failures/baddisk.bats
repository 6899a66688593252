# A disk of which a part fails: no failed write is reported as done.
# baddisk-threads.bats is the same with the pool of threads.

load ../helper
load ../faults

setup_file() {
	lab_open 9000
	build_engine
	build_test_program failures/promises
}

teardown_file() { lab_close; }

setup() {
	DISK=$BATS_TEST_TMPDIR/disk LOOP='' ERR=''
	mkdir "$DISK"
	mount -t tmpfs -o size=16m none "$DISK"
}

teardown() {
	serve_end
	[ -z "$LOOP" ] || losetup -d "$LOOP"
	umount -l "$DISK"
	assert_engine
}

# make_disk PART: a loop device of 3072 pages, $LOOP, on a full tmpfs: writes
# to one page in PART, which is not allocated, fail.  Linux reports success for
# a merged write of which a loop device did only a part, so nothing is merged.
make_disk() {
	[ -z "$LOOP" ] || losetup -d "$LOOP"
	rm -f "$DISK"/*
	awk -v n="$1" 'BEGIN {
		srand(1)
		for (i = 0; i < 3072; i++)
			printf "%4096s", rand() * n < 1 ? "" : "x"
	}' | tr " " "\0" | dd iflag=fullblock bs=4k conv=sparse \
		of="$DISK/image" status=none
	truncate -s 12M "$DISK/image"
	dd if=/dev/zero of="$DISK/rest" bs=4k 2>/dev/null || :
	LOOP=$(losetup --show -f "$DISK/image")
	echo 2 >"/sys/block/${LOOP#/dev/}/queue/nomerges"
}

# write_disk VBLADE-OPTIONS LOAD-OPTIONS PROMISES-OPTIONS: write pages at
# random; no promise is broken, and some writes or syncs failed.
write_disk() {
	local log=$BATS_TEST_TMPDIR/log
	# shellcheck disable=SC2086
	serve $1 0 1 eth0 "$LOOP"
	# shellcheck disable=SC2086
	on_initiator "$TESTS/load" -m write -r -n 8 -w 32 -N 3072 -t 20000 \
		-L "$log" $2 0 1 eth0 2>/dev/null || :
	# shellcheck disable=SC2086
	run "$PROMISES" -d -l 24576 $3 "$log" "$DISK/image"
	echo "vblade $1: $output"
	assert_equal 0 "$status"
	assert_match ' lost=0$' "$output"
	kill "$PID"
	wait_for_exit "$PID"
}

# With -s writes before the first error are done.
@test "a bad disk: with -s no failed write is reported as done" {
	make_disk 3
	write_disk -s "" -s
	assert_match ' failed=[1-9]' "$output"
	make_disk 500
	write_disk -s "" -s
	assert_match '^promised=[1-9].* failed=[1-9]' "$output"
}

@test "a bad disk: with -d only the writes that fail are reported, also by -s" {
	make_disk 3
	write_disk "-s -d" "" -s
	assert_match '^promised=[1-9][0-9]{3} failed=[1-9]' "$output"
	make_disk 3
	write_disk -d "-F 100"
	assert_match '^promised=[1-9][0-9]{3} failed=[1-9]' "$output"
}

@test "a bad disk: no FLUSH after a failed write succeeds" {
	make_disk 3
	write_disk "" "-F 100"
	make_disk 500
	write_disk "" "-F 10"
	assert_match ' flushed=[1-9]' "$output"
}
