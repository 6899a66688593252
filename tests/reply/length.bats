# Frames of every length: one that is shorter than 60 bytes counts as padded
# with zeroes, as every physical Ethernet would have padded it; one that is
# longer than its command needs is as good as one that is not; and a reply has
# at least 60 bytes.

load reply

# cut_frame FRAME [SUFFIX]: the frame, followed by bytes dd, cut to each length
# up to 70; then the suffix.
cut_frame() {
	local n frame
	frame=$(requests "$1")
	frame=$(hex "$frame dd*70")
	for ((n = 1; n <= 70; n++)); do
		printf '%s %s\n\n' "${frame:0:n * 2}" "${2:-}"
	done
}

# assert_padding FRAME: cut to each length, the frame gets the replies
# that it gets when it was padded with zeroes.
assert_padding() {
	local script replies
	mapfile -t script < <(cut_frame "$1" @60)
	run_script "${script[@]}"
	replies=$(cat "$FRAMES")
	assert_match "^$(hex SS)" "$replies" || return
	mapfile -t script < <(cut_frame "$1")
	run_script "${script[@]}"
	assert_equal "$replies" "$(cat "$FRAMES")" "$1"
	refute_match '^.{1,119}$' "$(cat "$FRAMES")"
}

@test "a frame shorter than 60 bytes counts as padded with zeroes" {
	local commands=(
		query
		"$(request 01 "0000 0000 00 04 0004 61626364")"
		"$(request 01 "0000 0000 00 05 0000")"
		"read 3 1"
		"read 99 1"
		"$(request 00 "41 00 01 34 030000000000 0000")"
		flush
		"$(request 00 "00 00 00 b0 000000000000 0000")"
		"$(request 00 "00 00 00 e5 000000000000 0000")"
		identify
		"$(request 02 "00 00 00 00")"
		"$(request 02 "00 01 00 02 0001 $SS 0002 $SS")"
		"$(request 03 "00 00")"
		"$(request 03 "01 01 $SS")"
		"$(request 07 "")")
	local command
	for command in "${commands[@]}"; do
		assert_padding "$command"
	done
	assert_unchanged
}

@test "what arrived before is no padding" {
	run_script "$(request 02 "00 01 00 02 0001 $SS 0001 $A")" "" \
		"$(request 02 "00 01 00 01 0002 $A")" "" \
		"$(request 02 "00 01 00 02 0001 $SS")"
	assert_last_replies "$(response 02 "00 01 00 01 0000 $SS @60")"
}

@test "a WRITE of every length is ABRT until its data is whole" {
	local n
	for ((n = 1; n <= 511; n += 6)); do
		echo "write 3 1 ee*$n -> failed 41 04 3 1"
		echo
		echo "write 3 2 ee*$((n + 512)) -> failed 41 04 3 2"
		echo "write 3 255 ee*$n -> failed 41 04 3 255"
	done | assert_dialog
	assert_unchanged
}

@test "a jumbo frame is as good as a short one for every command" {
	MTU=9000
	assert_dialog <<-END
		$(request 01 "0000000000000000 dd*8000") -> query 11
		$(request 00 "400001240300000000000000 dd*8000") -> read 3 1
		$(request 02 "00000000 dd*8000") -> $(response 02 '00*36')
		$(request 03 "0000 dd*8000") -> $(response 03 '00*36')
		$(ata_flush) dd*8000 -> flush
	END
}

@test "a reply has at least 60 bytes, whatever its command needs" {
	assert_dialog <<-END
		$(request 01 "0000 0000 00 04 001a 61*26") -> $(response 01 \
			"0040 0100 02 14 001a 61*26 00*2")
		$(request 01 "0000 0000 00 04 001b 61*27") -> $(response 01 \
			"0040 0100 02 14 001b 61*27 00")
		$(request 01 "0000 0000 00 04 001c 61*28") -> $(response 01 \
			"0040 0100 02 14 001c 61*28")
	END
}
