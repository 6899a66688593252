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

@test "no space for a sparse image: that write fails, reads do not" {
	mounted -t tmpfs -o size=64k none
	truncate -s 1M "$MOUNT/image"
	serve 0 1 eth0 "$MOUNT/image"
	assert_reply "$(ata_write 0 1 '11*512')" "$(ata_written 0 1)"
	head -c 1M /dev/zero >"$MOUNT/rest" 2>/dev/null || :
	assert_reply "$(ata_write 1024 1 'ee*512')" "$(ata_failed 41 04 1024 1)"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 '11*512')"
	assert_reply "$(ata_read 1024 1)" "$(ata_data 1024 1 '00*512')"
	wait_for_log 'write of 1 sectors at 1024 failed: No space left' 1
	rm "$MOUNT/rest"
	assert_reply "$(ata_write 1024 1 '22*512')" "$(ata_written 1024 1)"
	wait_for_counters ' writes=3 .* errors=1 '
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

# last_wins OPTION...: of a write, its copy and another, the last stays.
last_wins() {
	local i
	serve "$@" 0 1 eth0 "$IMAGE"
	for i in $(seq 0 9); do
		ata_write "$i" 1 '11*512'
		TAG=00000002 ata_write "$i" 1 '11*512'
		TAG=00000003 ata_write "$i" 1 '22*512'
	done | frame -n 30 >/dev/null
	assert_equal "$(hex '22*5120')" "$(file_sectors "$IMAGE" 0 10)" \
		"vblade $*"
	stop_vblade
}

# Between two processes or interfaces nothing can order them: see the manual.
@test "a write that comes twice does not undo a later one" {
	last_wins
	last_wins -s
	last_wins -d
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
