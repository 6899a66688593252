# Whose frames the target takes: addresses of Ethernet and of AoE.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	serve 0 1 eth0 "$IMAGE"
}

teardown() { serve_end; }

# from_to SOURCE DESTINATION REQUEST: the request with other addresses.
from_to() {
	echo "$2 $1 ${3#TT SS}"
}

# tagged TYPE TAG REQUEST: the request with an 802.1Q or 802.1ad tag.
tagged() {
	echo "TT SS $1 $2 ${3#TT SS}"
}

untouched() {
	assert_equal "$(sectors 0 64)" "$(file_sectors "$IMAGE" 0 64)" \
		"the image"
}

@test "a request to our MAC address is answered" {
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "a request to the broadcast address is answered" {
	assert_reply "$(from_to SS ffffffffffff "$(ata_read 0 1)")" \
		"$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "a write to a foreign MAC address is ignored" {
	assert_silence "$(from_to SS 020000000099 "$(ata_write 0 1 'ee*512')")"
	untouched
}

@test "a write to a foreign MAC address is ignored on a promiscuous port" {
	ip -n "$TARGET_NS" link set eth0 promisc on
	assert_silence "$(from_to SS 020000000099 "$(ata_write 0 1 'ee*512')")"
	ip -n "$TARGET_NS" link set eth0 promisc off
	untouched
}

@test "the reply goes to the source of the request" {
	local reply
	reply=$(ata_data 5 1 "$(sectors 5 1)")
	assert_reply "$(from_to 020000000077 TT "$(ata_read 5 1)")" \
		"020000000077 ${reply#SS}"
}

@test "a frame from our own MAC address is ignored" {
	assert_silence "$(from_to TT TT "$(ata_write 0 1 'ee*512')")" \
		"$(from_to TT ffffffffffff "$(config_read)")"
	untouched
}

@test "a frame from a group address is ignored" {
	assert_silence \
		"$(from_to ffffffffffff TT "$(ata_write 0 1 'ee*512')")" \
		"$(from_to 01005e000001 TT "$(ata_write 0 1 'ee*512')")"
	untouched
}

@test "a priority tag does not matter" {
	assert_reply "$(tagged 8100 0000 "$(ata_read 1 1)")" \
		"$(ata_data 1 1 "$(sectors 1 1)")"
	assert_reply "$(tagged 8100 e000 "$(ata_write 1 1 '11*512')")" \
		"$(ata_written 1 1)"
	assert_equal "$(hex '11*512')" "$(file_sectors "$IMAGE" 1 1)"
}

@test "a frame of a VLAN is ignored" {
	assert_silence "$(tagged 8100 0005 "$(ata_write 0 1 'ee*512')")" \
		"$(tagged 8100 e001 "$(ata_write 0 1 'ee*512')")" \
		"$(tagged 8100 0fff "$(ata_read 0 1)")" \
		"$(tagged 8100 0005 "$(config_read)")"
	untouched
}

@test "a frame of a service VLAN is ignored" {
	assert_silence "$(tagged 88a8 0005 "$(ata_write 0 1 'ee*512')")"
	untouched
}

@test "a frame of a VLAN inside a priority tag is ignored" {
	assert_silence \
		"$(tagged '8100 0000' '8100 0005' "$(ata_write 0 1 'ee*512')")"
	untouched
}

@test "wildcards match in any mix, and the reply tells the address" {
	local address reply
	reply=$(ata_data 2 1 "$(sectors 2 1)")
	for address in 000001 ffff01 0000ff ffffff; do
		assert_reply "$(ADDRESS=$address ata_read 2 1)" "$reply"
	done
}

@test "other addresses are ignored, with wildcards too" {
	local address
	for address in 000101 000002 010001 000100 ffff02 0001ff ffff00 \
		00fe01 fffe01 0000fe; do
		assert_silence "$(ADDRESS=$address ata_write 0 1 'ee*512')"
	done
	untouched
}

@test "an address of two bytes is told from its parts" {
	serve_end
	serve 4660 171 eth0 "$IMAGE"
	ADDRESS=1234ab assert_reply "$(ADDRESS=1234ab ata_read 2 1)" \
		"$(ADDRESS=1234ab ata_data 2 1 "$(sectors 2 1)")"
	assert_silence "$(ADDRESS=1235ab config_read)" \
		"$(ADDRESS=3412ab config_read)" \
		"$(ADDRESS=1234aa config_read)" \
		"$(ADDRESS=0034ab config_read)"
}

@test "the highest address is served" {
	serve_end
	serve 65534 254 eth0 "$IMAGE"
	ADDRESS=fffefe assert_reply "$(ADDRESS=fffefe ata_read 2 1)" \
		"$(ADDRESS=fffefe ata_data 2 1 "$(sectors 2 1)")"
	ADDRESS=fffefe assert_reply "$(ADDRESS=ffffff ata_read 2 1)" \
		"$(ADDRESS=fffefe ata_data 2 1 "$(sectors 2 1)")"
}

@test "two targets on one interface answer for themselves" {
	local other=$BATS_TEST_TMPDIR/other
	seq -f %0511.0f 100 163 >"$other"
	serve 0 2 eth0 "$other"
	assert_equal "$(hex "$(ata_data 0 1 "$(sectors 0 1)")")" \
		"$(query "$(ata_read 0 1)")"
	ADDRESS=000002
	assert_equal "$(hex "$(ata_data 0 1 "$(sectors 100 1)")")" \
		"$(query "$(ata_read 0 1)")"
}

@test "an answer is never answered" {
	assert_silence "SS TT 88a2 18 00 000001 01 $TAG 0000 0000 00 00 0000" \
		"TT SS 88a2 18 00 000001 01 $TAG 0000 0000 00 00 0000" \
		"TT SS 88a2 18 00 ffffff 00 $TAG 00 00 01 ec 00*6 0000"
}
