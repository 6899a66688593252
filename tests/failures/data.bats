# What disks and files do to an export: they are mounted or exported already;
# what of them is cached; and that they are free when vblade has ended.

load ../helper

setup_file() { lab_open 9000; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	LOOP=
	MOUNT=
}

teardown() {
	[ -z "$MOUNT" ] || fsfreeze -u "$MOUNT" 2>/dev/null || :
	serve_end
	[ -z "$MOUNT" ] || umount -l "$MOUNT"
	[ -z "$LOOP" ] || losetup -d "$LOOP"
}

# mounted COMMAND...: mount something at $MOUNT.
mounted() {
	mkdir -p "$BATS_TEST_TMPDIR/mount"
	mount "$@" "$BATS_TEST_TMPDIR/mount" || return
	MOUNT=$BATS_TEST_TMPDIR/mount
}

# file_system: make one in a file and print its name.
file_system() {
	truncate -s 16M "$BATS_TEST_TMPDIR/ext4"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/ext4"
	echo "$BATS_TEST_TMPDIR/ext4"
}

@test "-d on a disk of 4096-byte sectors works, for any 512 of them too" {
	LOOP=$(losetup --show -f --sector-size 4096 "$IMAGE")
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

@test "a mounted or exported device is refused, except with -r or -f" {
	LOOP=$(losetup --show -f "$(file_system)")
	serve 0 1 eth0 "$LOOP"
	refute mounted "$LOOP"
	assert_refused 6 'in use: .*exported' 0 2 eth0 "$LOOP"
	serve -r 0 2 eth0 "$LOOP"
	serve_end
	# After SIGKILL the ring holds the disk for some milliseconds.
	wait_until 10 mounted "$LOOP"
	assert_refused 6 'in use: mounted' 0 1 eth0 "$LOOP"
	serve -r 0 1 eth0 "$LOOP"
	stop_vblade
	serve -f 0 1 eth0 "$LOOP"
}

@test "a read leaves the time of access, which would wait for the journal" {
	local option before
	mounted -o loop,strictatime "$(file_system)"
	cp "$IMAGE" "$MOUNT/image"
	before=$(stat -c %x "$MOUNT/image")
	for option in -r -d; do
		serve "$option" 0 1 eth0 "$MOUNT/image"
		assert_readable 7 2
		assert_readable 16 8
		stop_vblade
		assert_equal "$before" "$(stat -c %x "$MOUNT/image")"
	done
	cat "$MOUNT/image" >/dev/null
	[ "$before" != "$(stat -c %x "$MOUNT/image")" ]
}

cached_pages() { fincore -n -o PAGES "$IMAGE" | xargs; }

@test "-d: writes and reads, alone and in a window, bypass the page cache" {
	local load
	IMAGE=$(image 8192)
	sync "$IMAGE"
	dd if="$IMAGE" iflag=nocache count=0 status=none
	assert_equal 0 "$(cached_pages)" 'pages before'
	for load in 'write -w 1' 'write -w 16' 'read -w 1' 'read -w 16'; do
		serve -d 0 1 eth0 "$IMAGE"
		# shellcheck disable=SC2086
		on_initiator "$TESTS/load" -m $load -r -n 8 -N 500 0 1 eth0
		stop_vblade
		assert_equal 0 "$(cached_pages)" "pages after $load"
	done
}

# What is read ahead might share a block with direct writes.
@test "-d: a read of part of a block reads nothing ahead, and leaves its time" {
	local before
	LOOP=$(losetup --show -f --sector-size 4096 "$(file_system)")
	mkfs.ext4 -q "$LOOP"
	mounted -o strictatime "$LOOP"
	cp "$IMAGE" "$MOUNT/image"
	IMAGE=$MOUNT/image
	sync "$IMAGE"
	dd if="$IMAGE" iflag=nocache count=0 status=none
	before=$(stat -c %x "$IMAGE")
	serve -d 0 1 eth0 "$IMAGE"
	assert_readable 1
	assert_equal "$before" "$(stat -c %x "$IMAGE")"
	assert_equal 1 "$(cached_pages)" pages
}

# An io_uring outlives its process for some milliseconds, and with it what it
# refers to.
#
# repeat SIGNAL COMMAND OPTION... FILE: start vblade, wait until it is ready,
# end it by the signal, run the command, and so on; in one shell, since a
# millisecond more hides the error.
repeat() {
	on_target bash -c '
		out=$0 vblade=$1 signal=$2 command=$3
		trap "kill \$! 2>/dev/null" EXIT
		for _ in {1..30}; do
			: >"$out"
			"$vblade" "${@:4:$#-4}" 0 1 eth0 "${@: -1}" >"$out" &
			until [ -s "$out" ]; do
				kill -0 $! && sleep 0.005 || exit
			done
			kill -s "$signal" $!
			wait
			eval "$command" || exit
		done' "$BATS_TEST_TMPDIR/out" "$VBLADE" "$@"
}

@test "an image can be exported again right after SIGTERM or SIGKILL" {
	repeat TERM true "$IMAGE"
	repeat KILL true -d "$IMAGE"
}

# A write to the loop device lasts while the file system below it is frozen.
@test "a disk stays in use until the last write of a killed export has ended" {
	mounted -o loop "$(file_system)"
	truncate -s 1M "$MOUNT/image"
	LOOP=$(losetup --show -f "$MOUNT/image")
	serve -d 0 1 eth0 "$LOOP"
	fsfreeze -f "$MOUNT"
	frame -n 0 "$(ata_write 8 8 '11*4096')"
	wait_until 10 grep -q ' [1-9]' "/sys/block/${LOOP#/dev/}/inflight"
	kill -KILL "$PID"
	wait_until 10 process_gone "$PID"
	assert_refused 6 'in use' -d 0 1 eth0 "$LOOP"
	fsfreeze -u "$MOUNT"
	serve -d 0 1 eth0 "$LOOP"
	assert_reply "$(ata_read 8 8)" "$(ata_data 8 8 '11*4096')"
}

# Each write waits in a thread of the kernel, which by default has four for each
# CPU; the sync needs one more.
@test "31 writes that hang do not hold up a FLUSH" {
	local i
	mounted -o loop "$(file_system)"
	truncate -s 1M "$MOUNT/image"
	serve -d 0 1 eth0 "$MOUNT/image"
	fsfreeze -f "$MOUNT"
	for i in {1..31}; do
		ata_write $((i * 16)) 8 '11*4096'
	done | frame -n 0
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	fsfreeze -u "$MOUNT"
	wait_for_counters ' writes=31 .* flushes=1 .* errors=0 '
}

@test "the file system of an image can be unmounted right after SIGTERM" {
	local fs
	fs=$(file_system)
	mounted -o loop "$fs"
	truncate -s 1M "$MOUNT/image"
	repeat TERM "umount $MOUNT && mount -o loop $fs $MOUNT" "$MOUNT/image"
}

# A direct write and one through the page cache to the same block would undo
# each other.
@test "-d on a file system of blocks larger than a page: no write is lost" {
	truncate -s 400M "$BATS_TEST_TMPDIR/xfs"
	LOOP=$(losetup --show -f --sector-size 4096 "$BATS_TEST_TMPDIR/xfs")
	mkfs.xfs -q -b size=16384 "$LOOP"
	mounted "$LOOP"
	truncate -s 10M "$MOUNT/image"
	serve -d -s 0 1 eth0 "$MOUNT/image"
	on_initiator "$TESTS/load" -m mixed -u -r -d 3 -w 32 0 1 eth0
	stop_vblade
}
