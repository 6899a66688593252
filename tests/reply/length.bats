# Frames of every length: what is too short is met with silence, what is
# longer than its command needs is as good as what is not, and a reply has 60
# bytes at least.

load reply

setup() { export_image 64; }

# cut_frames LEAST MOST FRAME: the frame cut or padded with dd to each length.
cut_frames() {
	local n frame
	frame=$(hex "$3 dd*60")
	for ((n = $1; n <= $2; n++)); do
		printf '%s\n' "${frame:0:n * 2}" ""
	done
}

# lengths FIRST REQUEST REPLY: of the frames of 1 to 70 bytes those from
# FIRST on get the reply, and the others silence.
lengths() {
	local i script replies=()
	mapfile -t script < <(cut_frames 1 70 "$2")
	for ((i = $1; i <= 70; i++)); do
		replies+=("$3")
	done
	run_script "${script[@]}" && assert_replies "${replies[@]}"
}

@test "a Config read needs 32 bytes" {
	lengths 32 "$(config_read)" "$(response 01 "0040 0100 02 10 0000 @60")"
}


@test "a Config force needs its string" {
	lengths 36 "$(request 01 "0000 0000 00 04 0004 61626364")" \
		"$(response 01 "0040 0100 02 14 0004 61626364 @60")"
}

@test "a bad Config command needs 32 bytes" {
	lengths 32 "$(request 01 "0000 0000 00 05 0000")" \
		"SS TT 88a2 1c 02 $ADDRESS 01 $TAG @60"
}

@test "a READ needs 36 bytes" {
	lengths 36 "$(ata_read 3 1)" "$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "a READ beyond the end needs 36 bytes" {
	lengths 36 "$(ata_read 99 1)" "$(ata_failed 40 10 99 1)"
}

@test "a WRITE of 36 bytes and without its data is ABRT" {
	lengths 36 "$(ata_write 3 1 "")" "$(ata_failed 41 04 3 1)"
	assert_unchanged
}

@test "a FLUSH needs 36 bytes" {
	lengths 36 "$(ata_flush)" "$(ata_flushed)"
}

@test "an unknown opcode needs 36 bytes" {
	lengths 36 "$(request 00 "00 00 00 b0 000000000000 0000")" \
		"$(ata_failed 00 04 0 0)"
}

@test "CHECK POWER MODE needs 36 bytes" {
	lengths 36 "$(request 00 "00 00 00 e5 000000000000 0000")" \
		"$(response 00 "00 00 ff 40 000000000000 0000 @60")"
}

@test "IDENTIFY needs 36 bytes" {
	local i script
	mapfile -t script < <(cut_frames 1 70 "$(identify)")
	run_script "${script[@]}"
	assert_equal 35 "$(wc -l <"$FRAMES")" "replies"
	assert_equal 1 "$(sort -u "$FRAMES" | wc -l)" "different replies"
	assert_equal 1097 "$(head -n 1 "$FRAMES" | wc -c)"
}

@test "a Mask read needs 28 bytes" {
	lengths 28 "$(request 02 "00 00 00 00")" \
		"$(response 02 "00 00 00 00 @60")"
}

@test "a Mask edit of two needs 28 bytes, and 44 for its success" {
	local i script replies=()
	mapfile -t script < <(cut_frames 1 70 "$(request 02 \
		"00 01 00 02 0001 $SS 0002 $SS")")
	for ((i = 28; i < 44; i++)); do
		replies+=("SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 01 00 00 @60")
	done
	for ((; i <= 70; i++)); do
		replies+=("$(response 02 "00 01 00 00 @60")")
	done
	run_script "${script[@]}"
	assert_replies "${replies[@]}"
}

@test "a Reserve read needs 26 bytes" {
	lengths 26 "$(request 03 "00 00")" "$(response 03 "00 00 @60")"
}

@test "a Reserve set of one needs 26 bytes, and 32 for its success" {
	local i script replies=()
	mapfile -t script < <(cut_frames 1 70 "$(request 03 "01 01 $SS")")
	for ((i = 26; i < 32; i++)); do
		replies+=("SS TT 88a2 1c 02 $ADDRESS 03 $TAG 01 00 @60")
	done
	for ((; i <= 70; i++)); do
		replies+=("$(response 03 "01 01 $SS @60")")
	done
	run_script "${script[@]}"
	assert_replies "${replies[@]}"
}

@test "an unknown command needs 24 bytes" {
	lengths 24 "$(request 07 "")" "SS TT 88a2 1c 01 $ADDRESS 07 $TAG @60"
}

@test "a WRITE of every length stores nothing until its data is whole" {
	local n script=()
	for ((n = 0; n <= 511; n += 7)); do
		script+=("$(ata_write 3 1 "ee*$((n + 1))")" "")
	done
	run_script "${script[@]::$((${#script[@]} - 2))}"
	assert_unchanged
}

@test "a frame of a jumbo's length for every command is as good as a short" {
	MTU=9000
	run_script "$(config_read) dd*8000" "" "$(ata_read 3 1) dd*8000" "" \
		"$(request 02 "00 00 00 00 dd*8000")" "" \
		"$(request 03 "00 00 dd*8000")" "" "$(ata_flush) dd*8000"
	assert_replies "$(response 01 "0040 0100 11 10 0000 @60")" \
		"$(ata_data 3 1 "$(sectors 3 1)")" \
		"$(response 02 "00 00 00 00 @60")" \
		"$(response 03 "00 00 @60")" "$(ata_flushed)"
}
