# shellcheck shell=bats disable=SC2016,SC2034
#
# Whatever happens to an export, the Linux driver continues without an error.
# Each test has an address of its own, since the driver forgets none.

load client

setup_file() {
	lan_open
	add_hosts a b
	boot_guest g
	on_guest g 'modprobe aoe'
}

setup() {
	disk=$BATS_TEST_TMPDIR/disk
	truncate -s 64M "$disk"
}

teardown() {
	stop t
	ip -n "$LAN-a" link set eth0 up
	set_mtu a 9000
}

# start_load ADDRESS: the guest writes and verifies there from now on. The
# load is named by its disk, since one of an earlier test may still hang.
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

assert_load_runs() {
	on_guest g "test ! -s /run/$LOAD.status"
}

@test "a target killed and started again costs no error" {
	start_target t a 0 1 eth0 "$disk"
	start_load e0.1
	stop t
	assert_load_runs
	start_target t a 0 1 eth0 "$disk"
	assert_load_succeeds
}

@test "an interface that is down for five seconds costs no error" {
	start_target t a 0 2 eth0 "$disk"
	start_load e0.2
	ip -n "$LAN-a" link set eth0 down
	sleep 5
	assert_load_runs
	ip -n "$LAN-a" link set eth0 up
	assert_load_succeeds
}

@test "a link cut for five seconds costs no error" {
	start_target t a 0 3 eth0 "$disk"
	start_load e0.3
	ip -n "$LAN" link set dev a down
	sleep 5
	assert_load_runs
	ip -n "$LAN" link set dev a up
	assert_load_succeeds
}

@test "an MTU lowered and raised under load costs no error" {
	start_target t a 0 4 eth0 "$disk"
	start_load e0.4
	set_mtu a 1500
	sleep 2
	assert_load_runs
	set_mtu a 9000
	assert_load_succeeds
}

@test "the driver adapts its frames to a lower and a higher MTU" {
	start_target t a 0 5 eth0 "$disk"
	on_guest g '
		wait_for_disk e0.5
		mkfs.ext4 -q /dev/etherd/e0.5
		mount /dev/etherd/e0.5 /mnt'
	set_mtu a 1500
	on_guest g '
		wait_until 60 has_frames e0.5 1024
		seq 200000 >/mnt/small
		sync'
	set_mtu a 9000
	on_guest g '
		wait_until 60 has_frames e0.5 8704
		seq 200000 >/mnt/large
		umount /mnt
		mount /dev/etherd/e0.5 /mnt
		cmp /mnt/small /mnt/large
		umount /mnt
		e2fsck -fn /dev/etherd/e0.5'
}

@test "a mounted file system grows with its file" {
	start_target t a 0 6 eth0 "$disk"
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
	start_target t a 0 7 eth0 "$disk"
	start_load e0.7
	stop t
	start_target t b 0 7 eth0 "$disk"
	assert_load_succeeds
}

@test "the driver follows a target whose MAC address changes under load" {
	start_target t a 0 8 eth0 "$disk"
	start_load e0.8
	ip -n "$LAN-a" link set eth0 address 02:00:00:00:08:08
	assert_load_runs
	assert_load_succeeds
}
