# shellcheck shell=bats disable=SC2016,SC2034
#
# The Linux aoe driver finds, sizes, reads and writes what the target exports.
# Each test has an address of its own, since the driver forgets none.

load client

setup_file() {
	lan_open
	add_hosts a
	boot_guest g
	on_guest g 'modprobe aoe'
}

teardown() {
	stop t
	set_mtu a 9000
	on_guest g 'ip link set eth0 mtu 9000'
}

# sparse_image SIZE: make an image that is all holes, and print its name.
sparse_image() {
	truncate -s "$1" "$BATS_TEST_TMPDIR/sparse"
	echo "$BATS_TEST_TMPDIR/sparse"
}

# check_file_system ADDRESS MKFS FSCK: files written there are the same after
# a mount without the cache of the guest, and fsck finds no error.
check_file_system() {
	on_guest g "
		wait_for_disk $1
		disk=/dev/etherd/$1
		$2 \$disk >/dev/null
		mount \$disk /mnt
		mkdir /mnt/many
		for i in \$(seq 60); do
			seq \$i 400 >/mnt/many/\$i
		done
		dd if=/dev/urandom of=/mnt/large bs=1M count=8 status=none
		rm /mnt/many/1*
		cd /mnt
		find . -type f | xargs sha256sum >/run/sums
		cd /
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		mount \$disk /mnt
		cd /mnt
		sha256sum --quiet -c /run/sums
		cd /
		umount /mnt
		$3 \$disk"
}

@test "the advertisement of a target that starts is enough to find it" {
	on_guest g 'modprobe -r aoe && modprobe aoe'
	disk=$(image 2048)
	start_target t a 0 1 eth0 "$disk"
	# The driver itself discovers targets only every 60 s.
	on_guest g 'wait_until 40 test -b /dev/etherd/e0.1'
}

@test "ext4 keeps its files" {
	disk=$(sparse_image 96M)
	start_target t a 0 6 eth0 "$disk"
	check_file_system e0.6 'mkfs.ext4 -q' 'e2fsck -fn'
}

@test "XFS keeps its files, at MTU 1500" {
	on_guest g 'ip link set eth0 mtu 1500'
	set_mtu a 1500
	disk=$(sparse_image 300M)
	start_target t a 0 8 eth0 "$disk"
	check_file_system e0.8 'mkfs.xfs -q' 'xfs_repair -n'
}

@test "fio verifies a mixed load" {
	disk=$(sparse_image 64M)
	start_target t a 0 9 eth0 "$disk"
	on_guest g '
		wait_for_disk e0.9
		fio --name=mixed --filename=/dev/etherd/e0.9 --direct=1 \
			--ioengine=libaio --iodepth=16 --rw=randrw \
			--bsrange=512-32k --size=32M --verify=crc32c \
			--verify_backlog=64 --verify_fatal=1 --output=/dev/null'
}

# The driver has no SG_IO, which hdparm -I requires.
@test "hdparm decodes the identity that the driver keeps" {
	disk=$(sparse_image 64M)
	start_target t a 0 10 eth0 "$disk"
	run on_guest g 'wait_for_disk e0.10; hdparm -i /dev/etherd/e0.10'
	assert_match '^ Model=[^ ,].*, FwRev=[^ ,]+, SerialNo=0\.10:' "$output"
	assert_match ' LBA=yes, LBAsects=131072$' "$output"
}

@test "a read-only export can be mounted; a write to it fails, and does not hang" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	seq 100000 >"$BATS_TEST_TMPDIR/tree/file"
	disk=$(sparse_image 16M)
	mkfs.ext4 -q -d "$BATS_TEST_TMPDIR/tree" "$disk"
	before=$(sha256sum <"$disk")
	start_target t a -r 0 11 eth0 "$disk"
	on_guest g '
		wait_for_disk e0.11
		mount -o ro /dev/etherd/e0.11 /mnt
		seq 100000 | cmp - /mnt/file
		umount /mnt'
	run on_guest g 'dd if=/dev/zero of=/dev/etherd/e0.11 bs=4k count=1 \
		oflag=direct' 100
	assert_equal 1 "$status"
	assert_match 'Input/output error' "$output"
	assert_equal "$before" "$(sha256sum <"$disk")"
}

@test "a disk of 3 TiB and a sector can be read and written to the last" {
	disk=$(sparse_image $(((3 << 40) + 512 + 9)))
	start_target t a 0 15 eth0 "$disk"
	run on_guest g '
		wait_for_disk e0.15
		disk=/dev/etherd/e0.15
		blockdev --getsz $disk
		echo "The last words" >/run/last
		dd if=/run/last of=$disk seek=6442450944 bs=512 count=1 \
			conv=sync oflag=direct status=none
		dd if=$disk bs=512 skip=6442450944 iflag=direct status=none |
			head -n 1'
	assert_equal "6442450945
The last words" "$output"
}
