# shellcheck shell=bats disable=SC2016
#
# The documentation's examples work as printed: that of the manual for a
# Linux client, and the pages of dist/doc (diskless.bats has the third). Two
# more virtual machines, each with a disk, are the targets of the RAID.

load client

setup_file() {
	local name
	lan_open
	add_hosts a
	boot_guest g
	for name in first second; do
		truncate -s 64M "$DIR/$name.disk"
		boot_guest $name \
			-drive "file=$DIR/$name.disk,format=raw,if=none,id=disk" \
			-device virtio-blk-pci,drive=disk
	done
	for name in g first second; do
		on_guest $name "
			cp '$(realpath "$VBLADE")' /usr/sbin/vblade
			cp '$(realpath "$TESTS/../dist/vbladed")' /usr/sbin
			/lib/systemd/systemd-udevd --daemon"
	done
}

teardown() {
	stop t
}

# manual_example: the commands of the manual for a Linux client.
manual_example() {
	sed -n '/^modprobe aoe/,/^\.Ed/p' "$TESTS/../vblade.8" | grep -v '^\.'
}

@test "the manual's example makes a file system and mounts it" {
	truncate -s 64M "$BATS_TEST_TMPDIR/disk"
	start_target t a 0 1 eth0 "$BATS_TEST_TMPDIR/disk"
	assert_match mount "$(manual_example)"
	on_guest g "$(manual_example)
		echo kept >/mnt/file
		umount /mnt
		mount /dev/etherd/e0.1 /mnt
		grep kept /mnt/file
		umount /mnt
		modprobe -r aoe"
}

@test "each page fits a screen" {
	for page in "$TESTS"/../dist/doc/*.md; do
		[ "$(wc -l <"$page")" -le 24 ] || fail "more than 24 lines: $page"
		refute_match '.{81}' "$(cat "$page")"
	done
}

@test "quick-lab.md: an image is exported, mounted and removed" {
	on_guest g "$(block quick-lab 1)
		$(block quick-lab 2)
		findmnt -n -o SOURCE /mnt | grep -x /dev/etherd/e0.1
		echo kept >/mnt/file
		$(block quick-lab 3)
		[ ! -e /run/netns/target ]
		modprobe loop
		mount -o loop disk.img /mnt
		grep kept /mnt/file
		umount /mnt" 120
}

@test "raid.md: a mirror across two targets holds a file system" {
	# The page's disk is the machine's only one.
	for name in first second; do
		on_guest $name 'modprobe virtio_blk
			modprobe raid1
			ln -s vda /dev/sdb'
		on_guest $name "$(block raid 1)"
	done
	on_guest first "N=1; $(block raid 2)"
	on_guest second "N=2; $(block raid 2)"
	on_guest g "modprobe raid1
		$(block raid 3)
		findmnt -n -o SOURCE /mnt | grep -x /dev/md0
		seq 100000 >/mnt/before" 120
}

@test "raid.md: a target that was lost is resynchronised" {
	on_guest second 'killall vblade'
	on_guest g '
		# Half a minute as the page has it, but here less.
		echo 5 >/sys/module/aoe/parameters/aoe_deadsecs
		seq 200000 >/mnt/after
		sync
		grep -x 1 /sys/block/md0/md/degraded' 120
	on_guest second "N=2; $(block raid 2)"
	on_guest g "$(block raid 4)
		wait_until 60 grep -qx 0 /sys/block/md0/md/degraded
		wait_until 60 grep -q idle /sys/block/md0/md/sync_action
		umount /mnt
		mdadm --stop /dev/md0" 150
	# The targets write back what they have within two seconds.
	wait_until 30 cmp -i 1M "$DIR/first.disk" "$DIR/second.disk"
}

# udev_assembles GUEST: what udev does with the disk of a target at its start.
udev_sees_disk() {
	on_guest "$1" '
		killall -q vblade || :
		udevadm trigger --settle --action=add /dev/vda
		cat /proc/mdstat'
}

@test "raid.md: as warned, a target assembles the array unless mdadm is limited" {
	run udev_sees_disk first
	refute_match '^md' "$output"
	on_guest first 'sed -i "/^AUTO/d" /etc/mdadm/mdadm.conf'
	run udev_sees_disk first
	assert_match '^md.* vda' "$output"
}
