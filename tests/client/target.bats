# The target is the virtual machine: vblade runs under Debian's kernel, and
# the tests' own initiators send to it. The kernel of the machine that runs
# the tests may lack VLANs (8021q); Debian's has them.

load client

setup_file() {
	lan_open
	add_hosts c
	boot_guest g
	on_guest g '
		modprobe 8021q
		modprobe brd rd_nr=1 rd_size=16384
		ip link add link eth0 name eth0.5 type vlan id 5
		ip link set eth0.5 up'
}

setup() {
	INITIATOR_NS=$LAN-c
	TARGET_MAC=$(guest_mac g)
	INITIATOR_MAC=$(on_initiator cat /sys/class/net/eth0/address)
	DATA='aa*512'
}

teardown() {
	on_guest g end_vblade
}

# serve NAME ARGUMENT...: start vblade in the guest and wait until it is ready.
# The disk is one of 8 sectors for each name; it is all zeroes.
serve() {
	on_guest g "
		rm -f /run/$1.*
		truncate -s 4k /run/$1.disk
		start_job $1 '$(realpath "$VBLADE")' ${*:2}
		wait_until 120 grep -q '^pid ' /run/$1.output || {
			cat /run/$1.output
			exit 1
		}"
}

# tagged FRAME: the frame in VLAN 5. (Of a reply, the kernel of the host shows
# the tag to no one.)
tagged() {
	echo "${1:0:6}8100 0005 ${1:6}"
}

# assert_untouched NAME: nothing was written to the disk.
assert_untouched() {
	on_guest g "head -c 4k /dev/zero | cmp - /run/$1.disk"
}

@test "the frames of a VLAN on the interface are ignored" {
	serve t 0 1 eth0 /run/t.disk
	assert_silence "$(tagged "$(ata_write 0 1 "$DATA")")" \
		"$(tagged "$(config_read)")"
	assert_untouched t
}

@test "untagged and priority-tagged frames are executed beside a VLAN" {
	serve t 0 1 eth0 /run/t.disk
	assert_reply "$(ata_write 0 1 "$DATA")" "$(ata_written 0 1)"
	assert_reply "TT SS 8100 e000 $(ata_read 0 1 | cut -c 7-)" \
		"$(ata_data 0 1 "$DATA")"
}

@test "on the interface of a VLAN, only its frames are executed" {
	serve t 0 1 eth0.5 /run/t.disk
	assert_equal "$(hex "$(ata_written 1 1)")" \
		"$(frame -n 1 "$(ata_write 0 1 "$DATA")" \
			"$(tagged "$(ata_write 1 1 "$DATA")")")"
	on_guest g 'head -c 512 /dev/zero | cmp -n 512 /run/t.disk -'
}

@test "an interface and a VLAN on it can export the same address" {
	serve t 0 1 eth0 /run/t.disk
	serve v 0 1 eth0.5 /run/v.disk
	assert_reply "$(tagged "$(ata_write 0 1 "$DATA")")" \
		"$(ata_written 0 1)"
	assert_untouched t
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 '00*512')"
}

@test "Debian's kernel serves by io_uring, also with -d and -s" {
	local option
	for option in '' -d -s; do
		on_guest g 'head -c 16M /dev/zero >/dev/ram0'
		serve t $option 0 1 eth0 /dev/ram0
		on_guest g "grep 'disk I/O by io_uring\$' /run/t.output"
		assert_match ' errors=0 bad=0 mismatches=0 retransmits=0 ' \
			"$(on_initiator timeout 120 "$TESTS/load" -t 20000 \
				-m mixed -u -p 10 -F 100 -r -w 32 -N 4000 \
				0 1 eth0)"
		on_guest g end_vblade
	done
}

# The last test: it takes eth0 away from the others.
@test "a port of a bond is reported; the bond is served" {
	on_guest g '
		modprobe bonding max_bonds=0
		ip link add bond0 type bond mode active-backup
		ip link set eth0 down
		ip link set eth0 master bond0
		ip link set bond0 up'
	serve t 0 1 eth0 /run/t.disk
	on_guest g 'grep "is a port of bond0: if no requests" /run/t.output'
	on_guest g end_vblade
	serve t 0 1 bond0 /run/t.disk
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 '00*512')"
}
