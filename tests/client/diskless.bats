# shellcheck shell=bats disable=SC2016,SC2034
#
# Machines without a disk boot by iPXE from an export.

load client

setup_file() {
	kernel
	lan_open
	shelf a d
	ip -n "$LAN-d" address add 10.88.162.1/24 dev eth0
	# What iPXE is told: an address for itself, and where its disk is.
	start dnsmasq ip netns exec "$LAN-d" dnsmasq --keep-in-foreground \
		--conf-file=/dev/null --user=root --port=0 --log-facility=- \
		--pid-file= --dhcp-leasefile="$DIR/leases" \
		--interface=eth0 --bind-interfaces \
		--dhcp-range=10.88.162.10,10.88.162.99 \
		--dhcp-option=option:root-path,aoe:e0.1
}

teardown_file() {
	lan_close
}

teardown() {
	end t
}

# console_says NAME TEXT
console_says() {
	grep -q "$2" "$DIR/$1.console"
}

@test "iPXE runs a boot sector from the target" {
	disk=$BATS_TEST_TMPDIR/disk
	cc -c -o "$disk.o" "$CLIENT/boot.S"
	ld -Ttext=0x7c00 --oformat=binary -o "$disk" "$disk.o"
	truncate -s 64M "$disk"
	target t a 0 1 eth0 "$disk"
	machine sector 52:54:00:00:00:01 -boot n
	wait_until 90 console_says sector '^this boot sector came over AoE'
}

@test "iPXE boots a boot loader, it Linux, and that has the target for root" {
	truncate -s 96M "$DIR/disk"
	target t a 0 1 eth0 "$DIR/disk"
	guest_boot g 52:54:00:00:00:02
	guest g "cache=$(realpath "$CACHE")"'
		modprobe virtio_net
		ip link set eth0 mtu 9000 up
		modprobe aoe
		found e0.1
		mkfs.ext4 -q -O ^64bit,^metadata_csum /dev/etherd/e0.1
		mount /dev/etherd/e0.1 /mnt
		cp "$cache/vmlinuz" "$cache/diskless.cpio" /mnt
		mkdir /mnt/bin /mnt/dev /mnt/proc
		cp /bin/busybox /mnt/bin

		cat >/mnt/extlinux.conf <<END
DEFAULT linux
LABEL linux
KERNEL /vmlinuz
INITRD /diskless.cpio
APPEND console=ttyS0 quiet panic=-1
END
		cat >/mnt/init <<"END"
#!/bin/busybox sh
exec >/dev/console 2>&1
busybox grep " / " /proc/mounts
echo written by the diskless machine >/note
busybox sync
busybox poweroff -f
END
		chmod 755 /mnt/init
		extlinux --install /mnt
		umount /mnt'

	machine diskless 52:54:00:00:00:03 -boot n
	wait_until 200 ended_by_now diskless
	assert_match '^/dev/etherd/e0\.1 / ext4 rw' \
		"$(cat "$DIR/diskless.console")"

	run guest g '
		mount /dev/etherd/e0.1 /mnt
		cat /mnt/note'
	assert_equal 'written by the diskless machine' "$output"
}
