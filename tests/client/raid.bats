# shellcheck shell=bats disable=SC2016,SC2034
#
# A RAID across two shelves outlives one of them: two mirrors, each with one
# disk of either shelf, striped. The tests are one story, in order.

load client

setup_file() {
	kernel
	lan_open
	shelf a b
	truncate -s 48M "$DIR/disk.1.1" "$DIR/disk.1.2" \
		"$DIR/disk.2.1" "$DIR/disk.2.2"
	guest_boot g 52:54:00:00:00:01
	shelf_on a 1
	shelf_on b 2
	# A disk is given up after 5 s instead of 180.
	guest g '
		modprobe virtio_net
		ip link set eth0 mtu 9000 up
		modprobe aoe aoe_deadsecs=5'
}

teardown_file() {
	lan_close
}

# shelf_on SHELF MAJOR: start the targets of a shelf.
shelf_on() {
	target "t$2.1" "$1" "$2" 1 eth0 "$DIR/disk.$2.1"
	target "t$2.2" "$1" "$2" 2 eth0 "$DIR/disk.$2.2"
}

@test "two mirrors across the shelves, striped, hold a file system" {
	guest g '
		export MDADM_NO_UDEV=1
		found e1.1 e1.2 e2.1 e2.2
		cd /dev/etherd
		mirror="--level=1 --raid-devices=2 --bitmap=internal"
		mdadm --create /dev/md1 --run $mirror e1.1 e2.1
		mdadm --create /dev/md2 --run $mirror e1.2 e2.2
		mdadm --create /dev/md0 --run --level=0 --raid-devices=2 \
			/dev/md1 /dev/md2
		mkfs.ext4 -q /dev/md0
		mount /dev/md0 /mnt
		for i in 1 2 3 4 5 6 7 8; do
			dd if=/dev/urandom bs=1M count=1 status=none \
				of=/mnt/$i
		done
		sync
		cd /mnt
		sha256sum ? >/run/sums
		deadline 60 grep -q idle /sys/block/md1/md/sync_action
		deadline 60 grep -q idle /sys/block/md2/md/sync_action' 180
}

@test "a shelf that dies under load costs no error" {
	guest g 'later load load /mnt/load; loaded e1.1'
	end t1.1
	end t1.2
	guest g '
		result load 100
		cat /sys/block/md1/md/degraded /sys/block/md2/md/degraded \
			>/run/degraded' 120
	run guest g 'cat /run/degraded'
	assert_equal "1
1" "$output"
}

@test "the degraded array has all its data" {
	guest g '
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		mount /dev/md0 /mnt
		cd /mnt
		sha256sum --quiet -c /run/sums'
}

@test "the shelf comes back, is added again and brought up to date" {
	shelf_on a 1
	guest g '
		export MDADM_NO_UDEV=1
		for n in 1 2; do
			mdadm /dev/md$n --remove /dev/etherd/e1.$n
			alive() {
				aoe-discover
				aoe-stat | grep -q "e1\.$n .* up"
			}
			deadline 20 alive
			mdadm /dev/md$n --re-add /dev/etherd/e1.$n
		done
		deadline 60 grep -q 0 /sys/block/md1/md/degraded
		deadline 60 grep -q 0 /sys/block/md2/md/degraded' 150
}

@test "both shelves hold the same afterwards, and the data is whole" {
	run guest g '
		for n in 1 2; do
			deadline 60 grep -q idle /sys/block/md$n/md/sync_action
			echo check >/sys/block/md$n/md/sync_action
			deadline 60 grep -q idle /sys/block/md$n/md/sync_action
			cat /sys/block/md$n/md/mismatch_cnt
		done
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		e2fsck -fn /dev/md0 2>/dev/null >/dev/null
		mount /dev/md0 /mnt
		cd /mnt
		sha256sum --quiet -c /run/sums' 180
	assert_equal "0
0" "$output"
}
