# shellcheck shell=bats disable=SC2016,SC2034
#
# How tshark decodes all that is sent while the driver, aoetools and our own
# client are at work.

load client

setup_file() {
	lan_open
	add_hosts a c
	truncate -s 64M "$DIR/disk"
	boot_guest g
	start_capture
	start_target t a 0 1 eth0 "$DIR/disk"
	on_guest g '
		modprobe aoe
		wait_for_disk e0.1
		mkfs.ext4 -q /dev/etherd/e0.1
		mount /dev/etherd/e0.1 /mnt
		seq 300000 >/mnt/file
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		aoe-revalidate e0.1
		e2fsck -fn /dev/etherd/e0.1
		dd if=/dev/etherd/e0.1 of=/dev/null bs=64k iflag=direct count=99'
	send_all_kinds
	stop_capture
}

start_capture() {
	start tshark ip netns exec "$LAN-a" tshark -q -i eth0 -B 64 \
		-f 'ether proto 0x88a2' -w "$DIR/wire"
	wait_until 120 grep -q 'Capturing on' "$DIR/tshark.err"
	# It writes the first block once it really listens.
	wait_until 120 test -s "$DIR/wire"
}

# tshark has seen all frames when it has seen the last, of slot 254.
stop_capture() {
	on_host c aoecfg -t 1 -c fset -s 'the last frame' 0 1 eth0
	wait_until 120 grep -aq 'the last frame' "$DIR/wire"
	stop tshark INT
}

# Requests of every kind, good, bad and for others.
send_all_kinds() {
	local INITIATOR_NS=$LAN-c TARGET_MAC
	TARGET_MAC=$(on_host a cat /sys/class/net/eth0/address)
	on_host c aoecfg -t 1 -c set -s us 0 1 eth0
	on_host c aoecfg -t 1 -c set -s them 0 1 eth0
	on_host c timeout 5 aoeping -I 0 1 eth0 || :
	tagged 'ata_read 0 2' 'ata_write 131071 1 5a*512' \
		'ata_read 131071 2' ata_flush identify \
		'request 02 00000000' 'request 03 0000' 'request 09 00' \
		'request 01 0000000000070000'
}

# tagged REQUEST...: send what these commands print, each with its own tag.
tagged() {
	local request TAG=0badca00
	for request; do
		TAG=$(printf %08x $((0x$TAG + 1)))
		query "$($request)" || :
	done
}

# fields FILTER FIELD...: of the frames that pass the filter, one a line.
fields() {
	local filter=$1
	shift
	tshark -r "$DIR/wire" -Y "$filter" -T fields "${@/#/-e}" 2>/dev/null
}

@test "the capture holds requests and responses of all four commands" {
	assert_equal 8 "$(fields 'aoe.cmd < 4' aoe.response aoe.cmd |
		sort -u | wc -l)"
}

@test "no frame is malformed" {
	assert_equal '' "$(fields '_ws.malformed || _ws.expert.severity >= 0x600000' \
		frame.number frame.protocols)"
}

@test "each ATA request is answered" {
	local ata='aoe.cmd == 0 && aoe.response =='
	assert_equal '' "$(comm -23 <(fields "$ata 0" aoe.tag | sort -u) \
		<(fields "$ata 1" aoe.tag | sort -u))"
}

@test "each response but the advertisement answers a request with its tag" {
	assert_equal '' "$(comm -13 \
		<(fields 'aoe.response == 0' aoe.cmd aoe.tag | sort -u) \
		<(fields 'aoe.response == 1 && eth.dst != ff:ff:ff:ff:ff:ff' \
			aoe.cmd aoe.tag | sort -u))"
}

@test "each response has the address of the target, version 1 and no runt" {
	assert_equal '' "$(fields 'aoe.response == 1 && (aoe.major != 0 ||
		aoe.minor != 1 || aoe.version != 1 || frame.len < 60)' \
		frame.number)"
}

@test "only the bad requests get an error: set, command and its kind" {
	assert_equal "$(printf '%s\t%s\n' 1 4 9 1 1 2)" \
		"$(fields 'aoe.flags_error == 1' aoe.cmd aoe.error)"
}
