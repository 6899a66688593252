# shellcheck shell=bats disable=SC2016,SC2034
#
# What happens to an export in its life: the Linux driver goes on without an
# error. Each test has an address of its own, since the driver forgets none.

load client

setup_file() {
	kernel
	lan_open
	shelf a b
	guest_boot g 52:54:00:00:00:01
	guest g '
		modprobe virtio_net
		ip link set eth0 mtu 9000 up
		modprobe aoe'
}

teardown_file() {
	lan_close
}

setup() {
	disk=$BATS_TEST_TMPDIR/disk
	truncate -s 64M "$disk"
}

teardown() {
	end t
	ip -n "$LAN-a" link set eth0 up
	shelf_mtu a 9000
}

# under_load ADDRESS: the guest writes and verifies there from now on. The
# load bears the name of the disk: one of an earlier test may still hang.
under_load() {
	LOAD=$1
	guest g "
		found $LOAD
		later $LOAD load /dev/etherd/$LOAD
		loaded $LOAD"
}

# What was done to the target was done under load, and the load ends well.
load_ends_well() {
	guest g "result $LOAD 100" 120
}

load_goes_on() {
	guest g "test ! -s /run/$LOAD.status"
}

@test "a target killed and started again costs no error" {
	target t a 0 1 eth0 "$disk"
	under_load e0.1
	end t
	load_goes_on
	target t a 0 1 eth0 "$disk"
	load_ends_well
}

@test "an interface that is down for five seconds costs no error" {
	target t a 0 2 eth0 "$disk"
	under_load e0.2
	ip -n "$LAN-a" link set eth0 down
	sleep 5
	load_goes_on
	ip -n "$LAN-a" link set eth0 up
	load_ends_well
}

@test "a wire cut for five seconds costs no error" {
	target t a 0 3 eth0 "$disk"
	under_load e0.3
	ip -n "$LAN" link set dev a down
	sleep 5
	load_goes_on
	ip -n "$LAN" link set dev a up
	load_ends_well
}

@test "an MTU lowered and raised under load costs no error" {
	target t a 0 4 eth0 "$disk"
	under_load e0.4
	shelf_mtu a 1500
	sleep 2
	load_goes_on
	shelf_mtu a 9000
	load_ends_well
}

@test "the driver adapts its frames to a lower and a higher MTU" {
	target t a 0 5 eth0 "$disk"
	guest g '
		found e0.5
		mkfs.ext4 -q /dev/etherd/e0.5
		mount /dev/etherd/e0.5 /mnt'
	shelf_mtu a 1500
	guest g '
		frames_of() {
			aoe-discover
			aoe-stat | grep -q "e0.5.* $1 *up"
		}
		deadline 20 frames_of 1024
		seq 200000 >/mnt/small
		sync'
	shelf_mtu a 9000
	guest g '
		frames_of() {
			aoe-discover
			aoe-stat | grep -q "e0.5.* $1 *up"
		}
		deadline 20 frames_of 8704
		seq 200000 >/mnt/large
		umount /mnt
		mount /dev/etherd/e0.5 /mnt
		cmp /mnt/small /mnt/large
		umount /mnt
		e2fsck -fn /dev/etherd/e0.5'
}

@test "a mounted file system grows with its file" {
	target t a 0 6 eth0 "$disk"
	guest g '
		found e0.6
		mkfs.ext4 -q /dev/etherd/e0.6
		mount /dev/etherd/e0.6 /mnt
		seq 200000 >/mnt/before'
	truncate -s 128M "$disk"
	guest g '
		grown() {
			aoe-revalidate e0.6
			[ "$(blockdev --getsz /dev/etherd/e0.6)" = 262144 ]
		}
		deadline 20 grown
		resize2fs /dev/etherd/e0.6
		dd if=/dev/zero of=/mnt/more bs=1M count=80 status=none
		umount /mnt
		e2fsck -fn /dev/etherd/e0.6
		mount /dev/etherd/e0.6 /mnt
		seq 200000 | cmp - /mnt/before
		umount /mnt'
}

@test "the driver follows a target to another machine under load" {
	target t a 0 7 eth0 "$disk"
	under_load e0.7
	end t
	target t b 0 7 eth0 "$disk"
	load_ends_well
}

@test "the driver follows a target whose MAC address changes under load" {
	target t a 0 8 eth0 "$disk"
	under_load e0.8
	ip -n "$LAN-a" link set eth0 address 02:00:00:00:08:08
	load_goes_on
	load_ends_well
}
