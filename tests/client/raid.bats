# shellcheck shell=bats disable=SC2016,SC2034
#
# A RAID across two targets outlives one of them. It is made and mended by the
# commands of dist/doc/raid.md, as printed; the targets are virtual machines
# too, each with a disk. The tests are one story, in order.

load client

setup_file() {
	local name
	lan_open
	boot_guest g
	for name in first second; do
		truncate -s 64M "$DIR/$name.disk"
		boot_guest $name \
			-drive "file=$DIR/$name.disk,format=raw,if=none,id=disk" \
			-device virtio-blk-pci,drive=disk
	done
	# The page's disk is the only one of a target.
	for name in g first second; do
		install_on $name
		on_guest $name 'modprobe -a raid1 virtio_blk; ln -s vda /dev/sdb'
	done
}

# md0 ATTRIBUTE: the file in which the client has it of the array.
md0() {
	echo "/sys/block/md0/md/$1"
}

@test "raid.md: a mirror across two targets holds a file system" {
	on_guest first "$(block raid 1); N=1; $(block raid 2)"
	on_guest second "$(block raid 1); N=2; $(block raid 2)"
	on_guest g "$(block raid 3)
		findmnt -n -o SOURCE /mnt | grep -x /dev/md0
		cd /mnt
		for i in 1 2 3 4 5 6 7 8; do
			dd if=/dev/urandom of=\$i bs=1M count=1 status=none
		done
		sync
		sha256sum ? >/run/sums
		wait_until 200 grep -q idle $(md0 sync_action)"
}

@test "a target that dies under load costs no error" {
	# The page has half a minute; the test takes less.
	on_guest g '
		echo 5 >/sys/module/aoe/parameters/aoe_deadsecs
		start_job load write_and_verify /mnt/load
		wait_for_writes e1.0'
	on_guest second end_vblade
	on_guest g "wait_for_job load 200
		grep -x 1 $(md0 degraded)"
}

@test "the degraded array has all its data" {
	on_guest g '
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		mount /dev/md0 /mnt
		cd /mnt
		sha256sum --quiet -c /run/sums'
}

@test "raid.md: a target that is back is resynchronised" {
	on_guest second "N=2; $(block raid 2)"
	on_guest g "$(block raid 4)
		wait_until 200 grep -qx 0 $(md0 degraded)"
}

@test "both targets hold the same afterwards, and the data is whole" {
	on_guest g "
		wait_until 200 grep -q idle $(md0 sync_action)
		echo check >$(md0 sync_action)
		wait_until 200 grep -q idle $(md0 sync_action)
		grep -x 0 $(md0 mismatch_cnt)
		cd /
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		e2fsck -fn /dev/md0 >/dev/null 2>&1
		mount -r /dev/md0 /mnt
		cd /mnt
		sha256sum --quiet -c /run/sums
		cd /
		umount /mnt
		mdadm --stop /dev/md0"
}

# udev_handles_disk GUEST: have udev do with the disk of a target what it does
# when the machine starts, and print what RAID there is then.
udev_handles_disk() {
	on_guest "$1" '
		end_vblade
		udevadm trigger --settle --action=add /dev/vda
		cat /proc/mdstat'
}

@test "raid.md: as warned, a target assembles the array unless mdadm is limited" {
	run udev_handles_disk first
	refute_match '^md' "$output"
	on_guest first 'sed -i "/^AUTO/d" /etc/mdadm/mdadm.conf'
	run udev_handles_disk first
	assert_match '^md.* vda' "$output"
}
