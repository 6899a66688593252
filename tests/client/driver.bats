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

# checksum FILE FIRST COUNT: the checksum of some of its sectors.
checksum() {
	dd if="$1" skip="$2" count="$3" status=none | sha256sum
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

@test "aoe-discover finds a target" {
	disk=$(image 2048)
	set_mtu a 1500
	start_target t a 0 2 eth0 "$disk"
	on_guest g 'wait_for_disk e0.2'
}

@test "aoe-stat shows size and frames of 17 sectors at MTU 9000" {
	disk=$(sparse_image 64M)
	start_target t a 0 3 eth0 "$disk"
	run on_guest g 'wait_for_disk e0.3; aoe-stat'
	assert_match '^ +e0\.3 +0\.067GB +eth0 8704 +up +$' "$output"
}

@test "aoe-stat shows frames of 2 sectors at MTU 1500" {
	on_guest g 'ip link set eth0 mtu 1500'
	set_mtu a 1500
	disk=$(sparse_image 64M)
	start_target t a 0 4 eth0 "$disk"
	run on_guest g 'wait_for_disk e0.4; aoe-stat'
	assert_match '^ +e0\.4 +0\.067GB +eth0 1024 +up +$' "$output"
}

@test "frames fit the target when the client's MTU is larger" {
	set_mtu a 1500
	disk=$(image 2048)
	start_target t a 0 5 eth0 "$disk"
	run on_guest g 'wait_for_disk e0.5; sha256sum </dev/etherd/e0.5'
	assert_equal "$(checksum "$disk" 0 2048)" "$output"
}

@test "ext4 keeps its files" {
	disk=$(sparse_image 96M)
	start_target t a 0 6 eth0 "$disk"
	check_file_system e0.6 'mkfs.ext4 -q' 'e2fsck -fn'
}

@test "ext4 keeps its files at MTU 1500" {
	on_guest g 'ip link set eth0 mtu 1500'
	set_mtu a 1500
	disk=$(sparse_image 96M)
	start_target t a 0 7 eth0 "$disk"
	check_file_system e0.7 'mkfs.ext4 -q' 'e2fsck -fn'
}

@test "XFS keeps its files" {
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

@test "a read-only export can be mounted" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	seq 100000 >"$BATS_TEST_TMPDIR/tree/file"
	disk=$(sparse_image 16M)
	mkfs.ext4 -q -d "$BATS_TEST_TMPDIR/tree" "$disk"
	start_target t a -r 0 11 eth0 "$disk"
	run on_guest g '
		wait_for_disk e0.11
		mount -o ro /dev/etherd/e0.11 /mnt
		sha256sum </mnt/file
		umount /mnt'
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/tree/file")" "$output"
}

@test "a write to a read-only export fails, and does not hang" {
	disk=$(image 2048)
	before=$(sha256sum <"$disk")
	start_target t a -r 0 12 eth0 "$disk"
	run on_guest g '
		wait_for_disk e0.12
		dd if=/dev/zero of=/dev/etherd/e0.12 bs=4k count=1 oflag=direct' 100
	assert_equal 1 "$status"
	assert_match 'Input/output error' "$output"
	assert_equal "$before" "$(sha256sum <"$disk")"
}

@test "-o and -l export a part, and nothing beyond it is written" {
	disk=$(image 1000)
	after=$BATS_TEST_TMPDIR/after
	cp "$disk" "$after"
	expected=$(checksum "$disk" 100 500)
	dd if=/dev/zero of="$after" seek=100 count=500 \
		conv=notrunc status=none
	start_target t a -o 100 -l 500 0 13 eth0 "$disk"
	run on_guest g '
		wait_for_disk e0.13
		blockdev --getsz /dev/etherd/e0.13
		sha256sum </dev/etherd/e0.13
		dd if=/dev/zero of=/dev/etherd/e0.13 bs=512 count=500 \
			oflag=direct status=none'
	assert_equal "500
$expected" "$output"
	cmp "$disk" "$after"
}

@test "an odd number of sectors can be read and written to the last" {
	disk=$(image 2049)
	printf 'no sector' >>"$disk"
	start_target t a 0 14 eth0 "$disk"
	expected=$(checksum "$disk" 0 2049)
	run on_guest g '
		wait_for_disk e0.14
		disk=/dev/etherd/e0.14
		blockdev --getsz $disk
		sha256sum <$disk
		dd if=/dev/zero of=$disk seek=2048 count=1 oflag=direct \
			status=none'
	assert_equal "2049
$expected" "$output"
	assert_equal "$(head -c 512 /dev/zero | to_hex)no sector" \
		"$(file_sectors "$disk" 2048 1)$(tail -c 9 "$disk")"
}

@test "a disk of 3 TiB can be read and written to the last sector" {
	disk=$(sparse_image 3T)
	start_target t a 0 15 eth0 "$disk"
	run on_guest g '
		wait_for_disk e0.15
		disk=/dev/etherd/e0.15
		blockdev --getsz $disk
		echo "The last words" >/run/last
		dd if=/run/last of=$disk seek=6442450943 bs=512 count=1 \
			conv=sync oflag=direct status=none
		dd if=$disk bs=512 skip=6442450943 iflag=direct status=none |
			head -n 1'
	assert_equal "6442450944
The last words" "$output"
}
