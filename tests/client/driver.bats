# The Linux aoe driver finds, sizes, reads and writes what the target exports,
# and continues without an error whatever happens to an export.  Each test has
# an address of its own, since the driver forgets none.

load client

setup_file() {
	lan_open
	add_hosts a b
	boot_guest g
	on_guest g 'modprobe aoe'
}

setup() {
	TARGET_NS=$LAN-a
	disk=$BATS_TEST_TMPDIR/disk
	truncate -s 64M "$disk"
}

teardown() {
	serve_end
	set_mtu a 9000
	on_guest g 'ip link set eth0 mtu 9000'
}

@test "the advertisement of a target that starts is enough to find it" {
	on_guest g 'modprobe -r aoe && modprobe aoe'
	serve 0 1 eth0 "$disk"
	# The driver itself discovers targets only every 60 s.
	on_guest g 'wait_until 40 test -b /dev/etherd/e0.1'
}

@test "XFS keeps its files, at MTU 1500" {
	on_guest g 'ip link set eth0 mtu 1500'
	set_mtu a 1500
	truncate -s 300M "$disk"
	serve 0 8 eth0 "$disk"
	on_guest g '
		wait_for_disk e0.8
		mkfs.xfs -q /dev/etherd/e0.8
		mount /dev/etherd/e0.8 /mnt
		for i in $(seq 60); do
			seq $i 4000 >/mnt/$i
		done
		rm /mnt/1*
		sha256sum /mnt/* >/run/sums
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		mount /dev/etherd/e0.8 /mnt
		sha256sum --quiet -c /run/sums
		umount /mnt
		xfs_repair -n /dev/etherd/e0.8'
}

@test "a read-only export can be mounted; a write to it fails, and does not hang" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	seq 100000 >"$BATS_TEST_TMPDIR/tree/file"
	truncate -s 16M "$disk"
	mkfs.ext4 -q -d "$BATS_TEST_TMPDIR/tree" "$disk"
	before=$(sha256sum <"$disk")
	serve -r 0 11 eth0 "$disk"
	on_guest g '
		wait_for_disk e0.11
		mount -o ro /dev/etherd/e0.11 /mnt
		seq 100000 | cmp - /mnt/file
		umount /mnt'
	run on_guest g 'dd if=/dev/zero of=/dev/etherd/e0.11 bs=4k count=1 \
		oflag=direct'
	assert_equal 1 "$status"
	assert_match 'Input/output error' "$output"
	assert_equal "$before" "$(sha256sum <"$disk")"
}

@test "a disk of 3 TiB and a sector can be read and written to the last" {
	truncate -s $(((3 << 40) + 512 + 9)) "$disk"
	serve 0 15 eth0 "$disk"
	run on_guest g '
		wait_for_disk e0.15
		disk=/dev/etherd/e0.15
		blockdev --getsz $disk
		echo "The last words" >/run/last
		dd if=/run/last of=$disk seek=6442450944 bs=512 count=1 \
			conv=sync oflag=direct status=none
		dd if=$disk bs=512 skip=6442450944 iflag=direct status=none |
			head -n 1'
	assert_equal "6442450945
The last words" "$output"
}

# --- what happens to an export ---

# start_load ADDRESS: the guest writes and verifies there from now on. The load
# is named by its disk, since one of an earlier test may still hang.
start_load() {
	LOAD=$1
	on_guest g "
		wait_for_disk $LOAD
		start_job $LOAD write_and_verify /dev/etherd/$LOAD
		wait_for_writes $LOAD"
}

# The load has not failed, and ends without an error.
assert_load_succeeds() {
	on_guest g "wait_for_job $LOAD 200"
}

@test "the driver adapts its frames to an MTU lowered and raised under load" {
	serve 0 4 eth0 "$disk"
	start_load e0.4
	set_mtu a 1500
	on_guest g 'wait_until 60 has_frames e0.4 1024'
	set_mtu a 9000
	on_guest g 'wait_until 60 has_frames e0.4 8704'
	assert_load_succeeds
}

@test "a mounted file system grows with its file" {
	serve 0 6 eth0 "$disk"
	on_guest g '
		wait_for_disk e0.6
		mkfs.ext4 -q /dev/etherd/e0.6
		mount /dev/etherd/e0.6 /mnt
		seq 200000 >/mnt/before'
	truncate -s 128M "$disk"
	on_guest g '
		grown() {
			aoe-revalidate e0.6
			[ "$(blockdev --getsz /dev/etherd/e0.6)" = 262144 ]
		}
		wait_until 60 grown
		resize2fs /dev/etherd/e0.6
		dd if=/dev/zero of=/mnt/more bs=1M count=80 status=none
		umount /mnt
		e2fsck -fn /dev/etherd/e0.6
		mount /dev/etherd/e0.6 /mnt
		seq 200000 | cmp - /mnt/before
		umount /mnt'
}

@test "the driver follows a target to another machine under load" {
	serve 0 7 eth0 "$disk"
	start_load e0.7
	serve_end
	TARGET_NS=$LAN-b serve 0 7 eth0 "$disk"
	assert_load_succeeds
}
