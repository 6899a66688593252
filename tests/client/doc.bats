# shellcheck shell=bats disable=SC2016
#
# Examples of the documentation work as printed: that of the manual for a Linux
# client, and dist/doc/quick-lab.md. raid.bats and diskless.bats have the
# other pages.

load client

setup_file() {
	lan_open
	add_hosts a
	boot_guest g
	install_on g
}

@test "the manual's example makes a file system and mounts it" {
	truncate -s 64M "$DIR/disk"
	start_target t a 0 1 eth0 "$DIR/disk"
	on_guest g "$(example 'modprobe aoe')
		echo kept >/mnt/file
		umount /mnt
		mount /dev/etherd/e0.1 /mnt
		grep kept /mnt/file
		umount /mnt
		modprobe -r aoe"
	stop t
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
