# shellcheck shell=bats disable=SC2016
#
# The example of the manual that is for the client works there as printed.

load client

setup_file() {
	kernel
	lan_open
	shelf a
	guest_boot g 52:54:00:00:00:01
	guest g '
		modprobe virtio_net
		ip link set eth0 up'
}

teardown_file() {
	lan_close
}

teardown() {
	end t
}

# example: what the manual has a Linux host do.
example() {
	sed -n '/^modprobe aoe/,/^\.Ed/p' "$TESTS/../vblade.8" | grep -v '^\.'
}

@test "an export is made a file system and mounted" {
	truncate -s 64M "$BATS_TEST_TMPDIR/disk"
	target t a 0 1 eth0 "$BATS_TEST_TMPDIR/disk"
	assert_match mount "$(example)"
	guest g "set -e; $(example)
		echo kept >/mnt/file
		umount /mnt
		mount /dev/etherd/e0.1 /mnt
		grep kept /mnt/file
		umount /mnt"
}
