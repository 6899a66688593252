# shellcheck shell=bats disable=SC2016,SC2034
#
# Two machines with the Linux driver on the LAN of one target.

load client

setup_file() {
	lan_open
	add_hosts a c
	boot_guest g
	boot_guest h
	# A disk is given up after 5 s instead of 180.
	for name in g h; do
		on_guest $name 'modprobe aoe aoe_deadsecs=5'
	done
}

setup() {
	disk=$BATS_TEST_TMPDIR/disk
	truncate -s 64M "$disk"
}

teardown() {
	stop t
	stop all
}

@test "a list of MAC addresses admits one and hides the target from the other" {
	start_target t a -m "$(guest_mac g)" 0 1 eth0 "$disk"
	start_target all a 0 2 eth0 "$(image 2048)"
	on_guest g 'wait_for_disk e0.1 e0.2'
	# A reply of e0.1 to h would have preceded that of e0.2.
	run on_guest h 'wait_for_disk e0.2; aoe-discover; wait_for_disk e0.2; ls /dev/etherd'
	refute_match '^e0\.1$' "$output"
	assert_match '^e0\.2$' "$output"
}

@test "what one machine writes, another reads" {
	start_target t a 0 3 eth0 "$disk"
	on_guest g '
		wait_for_disk e0.3
		mkfs.ext4 -q /dev/etherd/e0.3
		mount /dev/etherd/e0.3 /mnt
		seq 300000 >/mnt/file
		sync'
	on_guest h '
		wait_for_disk e0.3
		mount -o ro,noload /dev/etherd/e0.3 /mnt
		seq 300000 | cmp - /mnt/file
		umount /mnt'
	on_guest g 'umount /mnt'
}

@test "two machines write to their halves of one disk" {
	start_target t a 0 4 eth0 "$disk"
	write_half g 0
	write_half h 32M
	on_guest g 'wait_for_job half 200'
	on_guest h 'wait_for_job half 200'
}

# write_half GUEST OFFSET
write_half() {
	on_guest "$1" "
		wait_for_disk e0.4
		start_job half fio --name=half --filename=/dev/etherd/e0.4 \
			--direct=1 --ioengine=libaio --iodepth=16 \
			--rw=randwrite --bs=8k --offset=$2 --size=16M \
			--verify=crc32c --verify_fatal=1"
}

# reserve SHELF-SLOT ARGUMENT: from a third machine, by the tests' own client.
reserve() {
	local INITIATOR_NS=$LAN-c ADDRESS=$1 TARGET_MAC
	TARGET_MAC=$(on_host a cat /sys/class/net/eth0/address)
	query "$(request 03 "$2")"
}

@test "a reservation keeps another machine out until it is released" {
	local read='dd if=/dev/etherd/e0.5 of=/dev/null bs=4k count=1 \
		iflag=direct'
	start_target t a 0 5 eth0 "$disk"
	on_guest g 'wait_for_disk e0.5'
	on_guest h 'wait_for_disk e0.5'
	reserve 000005 "01 01 $(guest_mac g | tr -d :)"

	on_guest g "$read"
	run on_guest h "$read"
	assert_match 'Input/output error' "$output"

	reserve 000005 '02 00'
	on_guest h "
		again() {
			aoe-discover
			$read
		}
		wait_until 60 again"
}
