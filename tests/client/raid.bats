# shellcheck shell=bats disable=SC2016,SC2034
#
# A RAID across two shelves outlives one of them: two mirrors, each with one
# disk of either shelf, striped. The tests are one story, in order.

load client

setup_file() {
	lan_open
	add_hosts a b
	truncate -s 48M "$DIR/disk.1.1" "$DIR/disk.1.2" \
		"$DIR/disk.2.1" "$DIR/disk.2.2"
	boot_guest g
	start_shelf a 1
	start_shelf b 2
	# A disk is given up after 5 s instead of 180.
	on_guest g 'modprobe aoe aoe_deadsecs=5'
}

# start_shelf SHELF MAJOR: start the targets of a shelf.
start_shelf() {
	start_target "t$2.1" "$1" "$2" 1 eth0 "$DIR/disk.$2.1"
	start_target "t$2.2" "$1" "$2" 2 eth0 "$DIR/disk.$2.2"
}

@test "two mirrors across the shelves, striped, hold a file system" {
	on_guest g '
		export MDADM_NO_UDEV=1
		wait_for_disk e1.1 e1.2 e2.1 e2.2
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
		wait_until 60 grep -q idle /sys/block/md1/md/sync_action
		wait_until 60 grep -q idle /sys/block/md2/md/sync_action' 180
}

@test "a shelf that dies under load costs no error" {
	on_guest g 'start_job load write_and_verify /mnt/load; wait_for_writes e1.1'
	stop t1.1
	stop t1.2
	on_guest g '
		wait_for_job load 100
		cat /sys/block/md1/md/degraded /sys/block/md2/md/degraded \
			>/run/degraded' 120
	run on_guest g 'cat /run/degraded'
	assert_equal "1
1" "$output"
}

@test "the degraded array has all its data" {
	on_guest g '
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		mount /dev/md0 /mnt
		cd /mnt
		sha256sum --quiet -c /run/sums'
}

@test "the shelf comes back, is added again and brought up to date" {
	start_shelf a 1
	on_guest g '
		export MDADM_NO_UDEV=1
		for n in 1 2; do
			mdadm /dev/md$n --remove /dev/etherd/e1.$n
			alive() {
				aoe-discover
				aoe-stat | grep -q "e1\.$n .* up"
			}
			wait_until 20 alive
			mdadm /dev/md$n --re-add /dev/etherd/e1.$n
		done
		wait_until 60 grep -q 0 /sys/block/md1/md/degraded
		wait_until 60 grep -q 0 /sys/block/md2/md/degraded' 150
}

@test "both shelves hold the same afterwards, and the data is whole" {
	run on_guest g '
		for n in 1 2; do
			wait_until 60 grep -q idle /sys/block/md$n/md/sync_action
			echo check >/sys/block/md$n/md/sync_action
			wait_until 60 grep -q idle /sys/block/md$n/md/sync_action
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
