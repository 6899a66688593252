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

# set_mtu MTU: change the MTU of both ends of host a's link.
set_mtu() {
	ip -n "$LAN" link set dev a mtu "$1"
	ip -n "$LAN-a" link set eth0 mtu "$1"
}

setup() {
	TARGET_NS=$LAN-a
	disk=$BATS_TEST_TMPDIR/disk
	truncate -s 64M "$disk"
}

teardown() {
	serve_end
	set_mtu 9000
	on_guest g 'ip link set eth0 mtu 9000'
}

@test "the advertisement of a target that starts is enough to find it" {
	on_guest g 'modprobe -r aoe && modprobe aoe'
	serve 0 1 eth0 "$disk"
	# The driver itself discovers targets only every 60 s.
	on_guest g 'wait_until 40 test -b /dev/etherd/e0.1'
}

@test "a read-only export can be mounted; a write fails, and does not hang" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	seq 100000 >"$BATS_TEST_TMPDIR/tree/file"
	truncate -s 16M "$disk"
	mkfs.ext4 -q -d "$BATS_TEST_TMPDIR/tree" "$disk"
	before=$(sha256sum <"$disk")
	serve -r 0 11 eth0 "$disk"
	on_guest g '
		wait_until 30 has_disk e0.11
		mount -o ro /dev/etherd/e0.11 /mnt
		seq 100000 | cmp - /mnt/file
		umount /mnt'
	run on_guest g 'dd if=/dev/zero of=/dev/etherd/e0.11 bs=4k count=1 \
		oflag=direct'
	assert_equal 1 "$status"
	assert_match 'Input/output error' "$output"
	assert_equal "$before" "$(sha256sum <"$disk")"
}

# --- what happens to an export ---

# start_load ADDRESS: the guest writes and verifies there from now on. The load
# is named by its disk, since one of an earlier test may still hang.
start_load() {
	LOAD=$1
	on_guest g "
		wait_until 30 has_disk $LOAD
		start_job $LOAD write_and_verify /dev/etherd/$LOAD
		wait_for_writes $LOAD"
}

@test "the driver adapts its frames to an MTU lowered and raised under load" {
	serve 0 4 eth0 "$disk"
	start_load e0.4
	set_mtu 1500
	on_guest g 'wait_until 60 has_frames e0.4 1024'
	set_mtu 9000
	on_guest g 'wait_until 60 has_frames e0.4 8704'
	on_guest g "wait_for_job $LOAD 200"
}

@test "a mounted file system grows with its file, at MTU 1500" {
	set_mtu 1500
	on_guest g 'ip link set eth0 mtu 1500'
	serve 0 6 eth0 "$disk"
	on_guest g '
		wait_until 30 has_disk e0.6
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
		echo 3 >/proc/sys/vm/drop_caches
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
	on_guest g "wait_for_job $LOAD 200"
}
