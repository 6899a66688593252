# Which frames are taken at all, and what the header of a reply says.

load reply

setup() { export_image 64; }

# with HEADER: a Config read under another Ethernet and AoE header.
with() {
	echo "$1 0badcafe 0000 0000 00 00 0000"
}

# The reply to it, with the destination and tag given.
configured() {
	echo \
		"$1 TT 88a2 18 00 000001 01 ${2:-0badcafe} 0040 0100 02 10 0000 @60"
}

@test "a request of an initiator gets a reply from the target's address" {
	assert_reply "$(with "TT SS 88a2 10 00 0000 01 01")" "$(configured SS)"
}

@test "a request to the broadcast address gets it too" {
	assert_reply "$(with "ffffffffffff SS 88a2 10 00 0000 01 01")" \
		"$(configured SS)"
}

@test "any shelf and any slot are wildcards" {
	assert_reply "$(with "ffffffffffff SS 88a2 10 00 ffff ff 01")" \
		"$(configured SS)"
}

@test "any shelf with our slot is answered" {
	assert_reply "$(with "TT SS 88a2 10 00 ffff 01 01")" "$(configured SS)"
}

@test "our shelf with any slot is answered" {
	assert_reply "$(with "TT SS 88a2 10 00 0000 ff 01")" "$(configured SS)"
}

@test "any shelf with another slot is not" {
	assert_silence "$(with "TT SS 88a2 10 00 ffff 02 01")"
}

@test "another shelf with any slot is not" {
	assert_silence "$(with "TT SS 88a2 10 00 0001 ff 01")"
}

@test "both bytes of the shelf count" {
	assert_silence "$(with "TT SS 88a2 10 00 0100 01 01")" \
		"$(with "TT SS 88a2 10 00 00ff 01 01")" \
		"$(with "TT SS 88a2 10 00 ff00 01 01")"
}

@test "a wildcard READ is answered from our own address" {
	assert_reply "TT SS 88a2 10 00 ffff ff 00 0badcafe \
		40 00 01 24 030000000000 0000" \
		"$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "a wildcard WRITE is carried out" {
	assert_reply "TT SS 88a2 10 00 ffff ff 00 0badcafe \
		41 00 01 34 030000000000 0000 ee*512" "$(ata_written 3 1)"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$DISK" 3 1)"
}

@test "a wildcard Mask read is answered" {
	assert_reply "TT SS 88a2 10 00 ffff 01 02 0badcafe 00 00 00 00" \
		"$(response 02 "00 00 00 00 @60")"
}

@test "a wildcard Reserve read is answered" {
	assert_reply "TT SS 88a2 10 00 0000 ff 03 0badcafe 00 00" \
		"$(response 03 "00 00 @60")"
}

@test "a large address is matched and answered whole" {
	PLACE=(65534 254)
	assert_reply "TT SS 88a2 10 00 fffe fe 01 0badcafe 0000 0000 00 00 0000" \
		"SS TT 88a2 18 00 fffe fe 01 0badcafe 0040 0100 02 10 0000 @60"
}

@test "a frame of another EtherType is ignored" {
	assert_silence "$(with "TT SS 88a3 10 00 0000 01 01")" \
		"$(with "TT SS a288 10 00 0000 01 01")"
}

@test "a frame to another address is ignored" {
	assert_silence "$(with "020000000099 SS 88a2 10 00 0000 01 01")"
}

@test "a frame to a multicast address is ignored" {
	assert_silence "$(with "01005e000001 SS 88a2 10 00 0000 01 01")"
}

@test "a frame from our own address is ignored" {
	assert_silence "$(with "TT TT 88a2 10 00 0000 01 01")"
}

@test "a frame from the broadcast address is ignored" {
	assert_silence "$(with "TT ffffffffffff 88a2 10 00 0000 01 01")"
}

@test "a frame from a multicast address is ignored" {
	assert_silence "$(with "TT 010000000001 88a2 10 00 0000 01 01")"
}

@test "on a loopback our own address may ask" {
	run_script ":mac 000000000000" \
		"$(with "000000000000 000000000000 88a2 10 00 0000 01 01")"
	assert_equal "$(hex "000000000000 000000000000 88a2 18 00 000001 01 0badcafe \
		0040 0100 02 10 0000 @60")" "$(tail -n 1 "$FRAMES")"
}

@test "a response is ignored, whatever its command" {
	local command
	for command in 00 01 02 03 04 f0; do
		assert_silence "TT SS 88a2 18 00 000001 $command 0badcafe @60"
	done
}

@test "a response to a WRITE is not carried out" {
	assert_silence "TT SS 88a2 18 00 000001 00 0badcafe \
		41 00 01 34 030000000000 0000 ee*512"
	assert_unchanged
}

@test "every version but 1 is met with silence" {
	local v
	for v in 0 2 3 4 5 6 7 8 9 a b c d e f; do
		set -- "$@" "TT SS 88a2 ${v}0 00 000001 01 0badcafe @60"
	done
	assert_silence "$@"
}

@test "a request's error flag and error byte do not survive" {
	assert_reply "$(with "TT SS 88a2 14 09 0000 01 01")" "$(configured SS)"
}

@test "a request's reserved flags do not survive" {
	assert_reply "$(with "TT SS 88a2 13 00 0000 01 01")" "$(configured SS)"
}

@test "the tag is echoed byte by byte" {
	assert_reply "TT SS 88a2 10 00 0000 01 01 80ff0001 0000 0000 00 00 0000" \
		"$(configured SS 80ff0001)"
}

@test "the reply goes to who asked" {
	assert_reply "$(with "TT 0200000000aa 88a2 10 00 0000 01 01")" \
		"$(configured 0200000000aa)"
}

@test "an unknown command gets error 1 and nothing of the request" {
	assert_reply "TT SS 88a2 10 00 000001 07 0badcafe dd*100" \
		"SS TT 88a2 1c 01 000001 07 0badcafe @60"
}

@test "commands from 4 to 255 are unknown" {
	local c requests=() answers=()
	for c in 04 05 7f 80 ef f0 f1 f2 f3 ff; do
		requests+=("TT SS 88a2 10 00 000001 $c 0badcafe")
		answers+=("SS TT 88a2 1c 01 000001 $c 0badcafe @60")
	done
	run_script "${requests[@]}"
	assert_replies "${answers[@]}"
}

@test "an unknown command to any target is met with silence" {
	assert_silence "TT SS 88a2 10 00 ffff01 07 0badcafe @60" \
		"TT SS 88a2 10 00 0000ff f0 0badcafe @60"
}

@test "the address of the reply is the interface's address now" {
	run_script ":mac 0200000000bb" "0200000000bb SS 88a2 10 00 000001 01 0badcafe \
		0000 0000 00 00 0000"
	assert_equal "$(hex "SS 0200000000bb 88a2 18 00 000001 01 0badcafe \
		0040 0100 02 10 0000 @60")" "$(tail -n 1 "$FRAMES")"
}

@test "a frame to the address we had before is ignored" {
	run_script ":mac 0200000000bb" ":link" "$(config_read)"
	refute_match "^$(hex "SS")" "$(cat "$FRAMES")"
}
