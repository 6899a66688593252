# shellcheck shell=bats disable=SC2016,SC2034
#
# Two machines with the Linux driver on the LAN of one target.

load client

G=52:54:00:00:00:01

setup_file() {
	kernel
	lan_open
	shelf a c
	guest_boot g 52:54:00:00:00:01
	guest_boot h 52:54:00:00:00:02
	# A disk is given up after 5 s instead of 180.
	for name in g h; do
		guest $name '
			modprobe virtio_net
			ip link set eth0 mtu 9000 up
			modprobe aoe aoe_deadsecs=5'
	done
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
	end all
}

@test "a list of MAC addresses admits one and hides the target from the other" {
	target t a -m "$G" 0 1 eth0 "$disk"
	target all a 0 2 eth0 "$(image 2048)"
	guest g 'found e0.1 e0.2'
	# What h was told of e0.2 came after what it would have been of e0.1.
	run guest h 'found e0.2; aoe-discover; found e0.2; ls /dev/etherd'
	refute_match '^e0\.1$' "$output"
	assert_match '^e0\.2$' "$output"
}

@test "what one machine writes, another reads" {
	target t a 0 3 eth0 "$disk"
	guest g '
		found e0.3
		mkfs.ext4 -q /dev/etherd/e0.3
		mount /dev/etherd/e0.3 /mnt
		seq 300000 >/mnt/file
		sync'
	guest h '
		found e0.3
		mount -o ro,noload /dev/etherd/e0.3 /mnt
		seq 300000 | cmp - /mnt/file
		umount /mnt'
	guest g 'umount /mnt'
}

@test "two machines write to their halves of one disk" {
	target t a 0 4 eth0 "$disk"
	write_half g 0
	write_half h 32M
	guest g 'result half 60' 90
	guest h 'result half 60' 90
}

# write_half GUEST OFFSET
write_half() {
	guest "$1" "
		found e0.4
		later half fio --name=half --filename=/dev/etherd/e0.4 \
			--direct=1 --ioengine=libaio --iodepth=16 \
			--rw=randwrite --bs=8k --offset=$2 --size=16M \
			--verify=crc32c --verify_fatal=1"
}

# reserve SHELF-SLOT ARGUMENT: from a third machine, by the tests' own client.
reserve() {
	local INITIATOR_NS=$LAN-c ADDRESS=$1 TARGET_MAC
	TARGET_MAC=$(at a cat /sys/class/net/eth0/address)
	query "$(request 03 "$2")"
}

@test "a reservation keeps another machine out until it is released" {
	local read='dd if=/dev/etherd/e0.5 of=/dev/null bs=4k count=1 \
		iflag=direct'
	target t a 0 5 eth0 "$disk"
	guest g 'found e0.5'
	guest h 'found e0.5'
	reserve 000005 "01 01 ${G//:/}"

	guest g "$read"
	run guest h "$read"
	assert_match 'Input/output error' "$output"

	reserve 000005 '02 00'
	guest h "
		again() {
			aoe-discover
			$read
		}
		deadline 20 again"
}
