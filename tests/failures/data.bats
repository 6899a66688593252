# What disks and files do to an export: they fill, shrink, are read-only,
# mounted or exported already.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	LOOP=
	MOUNT=
}

teardown() {
	serve_end
	[ -z "$MOUNT" ] || umount -l "$MOUNT"
	[ -z "$LOOP" ] || losetup -d "$LOOP"
}

# loop OPTION... FILE: make a block device of the file, $LOOP.
loop() {
	LOOP=$(losetup --show -f "$@")
}

# mounted COMMAND...: mount something at $MOUNT.
mounted() {
	mkdir "$BATS_TEST_TMPDIR/mount"
	mount "$@" "$BATS_TEST_TMPDIR/mount" || return
	MOUNT=$BATS_TEST_TMPDIR/mount
}

@test "a file cut short under the export fails and does not grow" {
	serve 0 1 eth0 "$IMAGE"
	truncate -s $((32 * 512)) "$IMAGE"
	# A write comes first: no query has reported the new size before.
	assert_equal "$(hex "$(ata_failed 41 10 40 1)")" \
		"$(query "$(ata_write 40 1 'ee*512')")"
	assert_reply "$(ata_read 40 1)" "$(ata_failed 40 10 40 1)"
	assert_reply "$(ata_write 40 1 'ee*512')" "$(ata_failed 41 10 40 1)"
	assert_reply "$(ata_write 31 2 'ee*1024')" "$(ata_failed 41 10 31 2)"
	assert_equal $((32 * 512)) "$(stat -c %s "$IMAGE")"
	assert_readable 31
}

@test "-d on a disk of 4096-byte sectors works, for any 512 of them too" {
	loop --sector-size 4096 "$IMAGE"
	assert_equal 4096 "$(blockdev --getss "$LOOP")"
	serve -d 0 1 eth0 "$LOOP"
	assert_readable 7
	assert_reply "$(ata_write 7 1 '11*512')" "$(ata_written 7 1)"
	assert_reply "$(ata_write 9 2 '22*1024')" "$(ata_written 9 2)"
	assert_reply "$(ata_read 6 2)" "$(ata_data 6 2 "$(sectors 6 1) 11*512")"
	assert_readable 8
	stop_vblade
	assert_equal \
		"$(hex "$(sectors 6 1) 11*512 $(sectors 8 1) 22*1024")" \
		"$(file_sectors "$IMAGE" 6 5)"
}

# loop_ext4: make a block device, $LOOP, with a file system.
loop_ext4() {
	truncate -s 4M "$BATS_TEST_TMPDIR/ext4"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/ext4"
	loop "$BATS_TEST_TMPDIR/ext4"
}

@test "a mounted device is refused, but with -r or -f" {
	loop_ext4
	mounted "$LOOP"
	assert_refused 6 'in use: mounted' 0 1 eth0 "$LOOP"
	serve -r 0 1 eth0 "$LOOP"
	stop_vblade
	serve -f 0 1 eth0 "$LOOP"
}

@test "a device that is exported is neither mounted nor exported again" {
	loop_ext4
	serve 0 1 eth0 "$LOOP"
	refute mounted "$LOOP"
	assert_refused 6 'in use: .*exported' 0 2 eth0 "$LOOP"
	serve -r 0 2 eth0 "$LOOP"
}
