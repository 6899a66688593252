# Examples of the documentation work as printed: that of the manual for a Linux
# client, and the pages of dist/doc, with virtual machines as targets and
# clients.  The tests of RAID are one story, in order.

load client

# block PAGE NUMBER: one of the blocks of commands of a page of dist/doc.
block() {
	awk -v wanted="$2" '
		/^    / && !inside++ { count++ }
		/^    / && count == wanted { print substr($0, 5); found = 1 }
		!/^    / { inside = 0 }
		END { exit !found }' "$TESTS/../dist/doc/$1.md"
}

setup_file() {
	local name
	# A Debian is installed there, which syncs often.
	MEMORY=$(mktemp -d -p /dev/shm)
	export MEMORY
	lan_open
	add_hosts a
	boot_guest g
	for name in first second; do
		truncate -s 64M "$DIR/$name.disk"
		boot_guest $name \
			-drive "file=$DIR/$name.disk,format=raw,if=none,id=disk" \
			-device virtio-blk-pci,drive=disk
	done
	# The page's disk is the only one of a target.
	for name in g first second; do
		on_guest $name "
			cp '$(realpath "$VBLADE")' /usr/sbin/vblade
			cp '$(realpath "$TESTS/../dist/vbladed")' /usr/sbin
			/lib/systemd/systemd-udevd --daemon
			modprobe -a raid1 virtio_blk
			ln -s vda /dev/sdb"
	done
}

teardown_file() {
	lan_close
	rm -r "$MEMORY"
}

teardown() { serve_end; }

@test "the manual's example makes a file system and mounts it" {
	truncate -s 64M "$DIR/disk"
	TARGET_NS=$LAN-a serve 0 1 eth0 "$DIR/disk"
	on_guest g "$(example 'modprobe aoe')
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
		umount /mnt"
}

# --- RAID ---

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

@test "raid.md: a target that is back is synchronised, and the data whole" {
	on_guest second "N=2; $(block raid 2)"
	on_guest g "$(block raid 4)
		wait_until 200 grep -qx 0 $(md0 degraded)
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

@test "raid.md: a target assembles the array unless mdadm is limited" {
	run udev_handles_disk first
	assert_match '^Personalities' "$output"
	refute_match '^md' "$output"
	on_guest first 'sed -i "/^AUTO/d" /etc/mdadm/mdadm.conf'
	run udev_handles_disk first
	assert_match '^md.* vda' "$output"
}

# --- a diskless client ---

# with_disk SCRIPT: run the script with the page's image on /mnt.
with_disk() {
	unshare -m sh -ec "mount disk.img /mnt; $1; umount /mnt"
}

@test "diskless.md: Debian boots from an export" {
	cd "$MEMORY"
	mkdir bin
	cp "$VBLADE" bin/vblade
	cp "$TESTS/../dist/vbladed" bin
	PATH=$PWD/bin:$PATH
	unshare -m sh -ec "$(block diskless 1)"
	# What shows that it booted: it writes a report and powers off.
	with_disk '
		cd /mnt/etc/systemd/system
		cat >report.service
		ln -s ../report.service multi-user.target.wants
		cd /' <<-'END'
		[Service]
		Type=oneshot
		ExecStart=sh -c "findmnt -n -o SOURCE,OPTIONS / >/report"
		ExecStopPost=systemctl poweroff
	END
	TARGET_NS=$LAN-a
	on_target ip address add 10.0.0.1/24 dev eth0
	on_target sh -ec "$(block diskless 2)"
	start_machine client 52:54:00:00:00:01 -boot n
	wait_until 1500 has_stopped client
	run with_disk 'cat /mnt/report'
	assert_match '^/dev/etherd/e0\.1 rw' "$output"
}
