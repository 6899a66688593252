# With -d the unit in which requests overlap is a page, which the page cache
# shares.  (Their order in general is in reply/order, and all of it together in
# integrity.)  order-threads.bats is the same with the pool of threads.

load ../helper
load ../faults

setup_file() {
	lab_open
	build_engine
}

teardown_file() { lab_close; }

setup() { MOUNT=''; }

teardown() {
	faults_end
	[ -z "$MOUNT" ] || umount -l "$MOUNT"
	assert_injected && assert_engine
}

# hang_write OPTION... IMAGE: export it, and let a write to sector 100 hang,
# while one to sector 103, in the same page, has arrived.
hang_write() {
	# The disk has been slow, so that the loop performs nothing itself.
	inject_faults "write * slow"
	serve "${@:1:$#-1}" 0 1 eth0 "${@: -1}"
	assert_writable 900
	start_listener
	set_faults "write $((100 * 512)) hang"
	frame -n 0 "$(TAG=00000001 ata_write 100 1 'aa*512')"
	wait_until 10 grep -q hang "$FAULT_LOG"
	frame -n 0 "$(TAG=00000002 ata_write 103 1 'bb*512')"
}

# assert_waits OPTION... IMAGE: so, the second waits for the first.
assert_waits() {
	hang_write "$@"
	assert_reply "$(ata_write 104 1 'cc*512')" "$(ata_written 104 1)"
	refute_match "^$(hex "$(TAG=00000002 ata_written 103 1)")\$" \
		"$(cat "$FRAMES")"
	set_faults
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_written 103 1)"
}

@test "with -d, a write waits for a slow write in the same page" {
	assert_waits -d "$(image 1024)"
}

@test "with -d, also on a file system of smaller blocks" {
	truncate -s 16M "$BATS_TEST_TMPDIR/ext4"
	mkfs.ext4 -q -b 1024 "$BATS_TEST_TMPDIR/ext4"
	mkdir "$BATS_TEST_TMPDIR/mount"
	mount -o loop "$BATS_TEST_TMPDIR/ext4" "$BATS_TEST_TMPDIR/mount"
	MOUNT=$BATS_TEST_TMPDIR/mount
	cp "$(image 1024)" "$MOUNT/image"
	assert_waits -d "$MOUNT/image"
}

@test "without -d, it does not wait" {
	hang_write "$(image 1024)"
	wait_for_frame "$(TAG=00000002 ata_written 103 1)"
	refute_match "^$(hex "$(TAG=00000001 ata_written 100 1)")\$" \
		"$(cat "$FRAMES")"
	set_faults
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
}
