# Failure stories T20 to T29: the data.  More of T20 stands in durability.bats
# and of T21 in faults.bats.

load ../helper
load failures

setup_file() {
	lab_open
	build_fault_shim
}

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

flush_ext() {
	request 00 "00 00 00 ea 000000000000 0000"
}

@test "T20 FLUSH CACHE and FLUSH CACHE EXT reach the disk" {
	inject_faults
	export FAULT_TRACE=$BATS_TEST_TMPDIR/trace
	serve 0 1 eth0 "$IMAGE"
	assert_equal 0 "$(stat -c %s "$FAULT_TRACE")"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	assert_equal 32 "$(stat -c %s "$FAULT_TRACE")" "one sync"
	assert_reply "$(flush_ext)" "$(ata_flushed)"
	assert_equal 64 "$(stat -c %s "$FAULT_TRACE")" "two syncs"
}

@test "T20 a FLUSH that the disk fails has ERR set" {
	inject_faults "sync * EIO"
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_flush)" \
		"$(response 00 "00 04 00 41 000000000000 0000 @60")"
	assert_reply "$(flush_ext)" \
		"$(response 00 "00 04 00 41 000000000000 0000 @60")"
	assert_readable 7
	assert_alive
}

@test "T21 no space for a sparse image: that write fails, reads do not" {
	mounted -t tmpfs -o size=64k none
	truncate -s 1M "$MOUNT/image"
	serve 0 1 eth0 "$MOUNT/image"
	assert_reply "$(ata_write 0 1 '11*512')" "$(ata_written 0 1)"
	head -c 1M /dev/zero >"$MOUNT/rest" 2>/dev/null || :
	assert_reply "$(ata_write 1024 1 'ee*512')" "$(ata_failed 41 04 1024 1)"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 '11*512')"
	assert_reply "$(ata_read 1024 1)" "$(ata_data 1024 1 '00*512')"
	wait_for_log 'write 1 sectors at 1024: No space left on device' 1
	rm "$MOUNT/rest"
	assert_reply "$(ata_write 1024 1 '22*512')" "$(ata_written 1024 1)"
	wait_for_counters '3 writes .* 1 errors'
}

@test "T22 a file cut short under the export fails and does not grow" {
	serve 0 1 eth0 "$IMAGE"
	truncate -s $((32 * 512)) "$IMAGE"
	# The first word after it is a write; no query has told of the new size.
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
@test "T23 a write that comes twice does not undo a later one" {
	last_wins
	last_wins -s
	last_wins -d
	last_wins -j 0
}

@test "T24 the last sector, the one behind it, and what wraps round" {
	serve 0 1 eth0 "$IMAGE"
	assert_readable 63
	assert_reply "$(ata_read 64 1)" "$(ata_failed 40 10 64 1)"
	assert_reply "$(ata_read 63 2)" "$(ata_failed 40 10 63 2)"
	assert_reply "$(ata_write 64 1 'ee*512')" "$(ata_failed 41 10 64 1)"
	assert_reply "$(ata_read 0xffffffffffff 1)" \
		"$(ata_failed 40 10 0xffffffffffff 1)"
	assert_reply "$(ata_write 0xffffffffffff 2 'ee*1024')" \
		"$(ata_failed 41 10 0xffffffffffff 2)"
	assert_equal $((64 * 512)) "$(stat -c %s "$IMAGE")"
}

@test "T24 counts of 0 and 255, and more than was sent" {
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_read 0 0)" "$(ata_failed 40 04 0 0)"
	assert_reply "$(ata_write 0 0 '')" "$(ata_failed 41 04 0 0)"
	assert_reply "$(ata_read 0 255)" "$(ata_failed 40 04 0 255)"
	assert_reply "$(ata_write 0 2 'ee*512')" "$(ata_failed 41 04 0 2)"
	assert_equal "$(sectors 0 64)" "$(file_sectors "$IMAGE" 0 64)"
}

# read28 LBA COUNT: a command of 28 bits, with the device's bits set.
read28() {
	request 00 "00 00 $(be8 "$2") 20 $(lba $(($1 | 0xe0000000))) 0000"
}

@test "T24 a command of 28 bits ends at sector 2^28" {
	local last=$(((1 << 28) - 1)) failed
	truncate -s 160G "$BATS_TEST_TMPDIR/big"
	serve 0 1 eth0 "$BATS_TEST_TMPDIR/big"
	assert_reply "$(read28 $last 1)" "$(response 00 \
		"00 00 01 40 $(lba $((last | 0xe0000000))) 0000 00*512")"
	failed="00 10 02 41 $(lba $((last | 0xe0000000))) 0000 @60"
	assert_reply "$(read28 $last 2)" "$(response 00 "$failed")"
	assert_reply "$(ata_read $last 2)" "$(ata_data $last 2 '00*1024')"
}

@test "T25 a write with too little data, a read with too much" {
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_write 0 1 'ee*511')" "$(ata_failed 41 04 0 1)"
	assert_reply "$(ata_write 0 1 '')" "$(ata_failed 41 04 0 1)"
	assert_reply "$(ata_read 7 1) ee*1024" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
	assert_equal "$(sectors 0 64)" "$(file_sectors "$IMAGE" 0 64)"
}

@test "T25 IDENTIFY padded to the MTU is answered as one that is not" {
	local plain
	serve 0 1 eth0 "$IMAGE"
	plain=$(query "$(identify)")
	assert_equal 548 $((${#plain} / 2))
	assert_equal "$plain" "$(query "$(identify) ee*1478")"
}

@test "T26 -r: every write aborts, and the file keeps its time" {
	local opcode before
	touch -d 2001-02-03 "$IMAGE"
	before=$(stat -c %Y:%Z "$IMAGE")
	serve -r 0 1 eth0 "$IMAGE"
	for opcode in 30 34 31 32 33 35 39 3a 3d c5 ca cb cd ce f1; do
		assert_reply "$(request 00 "41 00 01 $opcode 000000000000 0000
			ee*512")" "$(ata_failed 41 04 0 1)"
	done
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	stop_vblade
	assert_equal "$before" "$(stat -c %Y:%Z "$IMAGE")"
}

@test "T27 -d on a disk of 4096-byte sectors works, for any 512 of them too" {
	loop --sector-size 4096 "$IMAGE"
	assert_equal 4096 "$(blockdev --getss "$LOOP")"
	serve -d 0 1 eth0 "$LOOP"
	assert_readable 7
	assert_reply "$(ata_write 7 1 '11*512')" "$(ata_written 7 1)"
	assert_reply "$(ata_write 9 2 '22*1024')" "$(ata_written 9 2)"
	assert_reply "$(ata_read 6 2)" "$(ata_data 6 2 "$(sectors 6 1) 11*512")"
	assert_readable 8
	stop_vblade
	assert_equal "$(sectors 6 1)$(hex '11*512')$(sectors 8 1)$(hex '22*1024')" \
		"$(file_sectors "$IMAGE" 6 5)"
}

@test "T28 a mounted device is refused, but with -r or -f" {
	truncate -s 4M "$BATS_TEST_TMPDIR/ext4"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/ext4"
	loop "$BATS_TEST_TMPDIR/ext4"
	mounted "$LOOP"
	assert_refused 6 'in use, mounted.*-r .*-f ' 0 1 eth0 "$LOOP"
	serve -r 0 1 eth0 "$LOOP"
	stop_vblade
	serve -f 0 1 eth0 "$LOOP"
}

@test "T28 a device that is exported is neither mounted nor exported again" {
	truncate -s 4M "$BATS_TEST_TMPDIR/ext4"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/ext4"
	loop "$BATS_TEST_TMPDIR/ext4"
	serve 0 1 eth0 "$LOOP"
	refute mounted "$LOOP"
	assert_refused 6 'in use.*exported already' 0 2 eth0 "$LOOP"
	serve -r 0 2 eth0 "$LOOP"
}

@test "T28 a file that is exported is refused, but for two readers or -f" {
	serve 0 1 eth0 "$IMAGE"
	assert_refused 6 'in use.*-r .*-f ' 0 2 eth0 "$IMAGE"
	assert_refused 6 'in use.*-r .*-f ' -r 0 2 eth0 "$IMAGE"
	serve -f 0 2 eth0 "$IMAGE"
	serve_end
	serve -r 0 1 eth0 "$IMAGE"
	serve -r 0 2 eth0 "$IMAGE"
	assert_refused 6 'in use' 0 3 eth0 "$IMAGE"
}

# words FROM TO: these words of IDENTIFY, as they are on the wire.
words() {
	local reply
	reply=$(query "$(identify)")
	echo "${reply:$((72 + 4 * $1)):$((4 * ($2 - $1 + 1)))}"
}

@test "T29 128 GiB and 2 TiB are no limits, and IDENTIFY tells the size" {
	local bytes big=$BATS_TEST_TMPDIR/big
	for bytes in 160G:ffffff0f:0000001400000000 \
		3T:ffffff0f:0000008001000000; do
		truncate -s "${bytes%%:*}" "$big"
		serve 0 1 eth0 "$big"
		assert_equal "$(cut -d: -f2 <<<"$bytes")" "$(words 60 61)"
		assert_equal "${bytes##*:}" "$(words 100 103)"
		last=$(($(stat -c %s "$big") / 512 - 1))
		assert_reply "$(ata_write "$last" 1 '11*512')" \
			"$(ata_written "$last" 1)"
		assert_reply "$(ata_read "$last" 1)" \
			"$(ata_data "$last" 1 '11*512')"
		stop_vblade
		assert_equal "$(hex '11*512')" \
			"$(file_sectors "$big" "$last" 1)"
	done
}
