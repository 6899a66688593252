# How long frames are: requests that nothing padded, replies that are padded
# with zeros to 60 bytes and never beyond their data.

load ../helper

setup_file() { lab_open 9000; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	serve 0 1 eth0 "$IMAGE"
}

teardown() { serve_end; }

@test "an unpadded ATA request of 36 bytes is answered" {
	assert_equal 72 "$(hex "$(ata_flush)" | tr -d '\n' | wc -c)"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
}

@test "an unpadded Config request of 32 bytes is answered with 60" {
	local reply
	reply=$(query "$(config_read)")
	assert_equal 120 "${#reply}"
	assert_equal "$(hex '00*28')" "${reply:64}" "the padding"
}

@test "an unpadded MAC list request of 28 bytes is answered with 60" {
	assert_reply "$(request 02 '00 00 00 00')" \
		"$(response 02 '00 00 00 00 @60')"
}

@test "an unpadded Reserve request of 26 bytes is answered with 60" {
	assert_reply "$(request 03 '00 00')" "$(response 03 '00 00 @60')"
}

@test "a request with trailing bytes is answered like one without" {
	assert_reply "$(ata_read 3 1) a5*8192" \
		"$(ata_data 3 1 "$(sectors 3 1)")"
	assert_reply "$(ata_flush) a5*24" "$(ata_flushed)"
	assert_reply "$(request 03 '00 00') a5*34" "$(response 03 '00 00 @60')"
}

@test "a read is answered with its data and nothing more" {
	assert_reply "$(ata_read 0 1) @60" "$(ata_data 0 1 "$(sectors 0 1)")"
	assert_reply "$(ata_read 0 17) @60" "$(ata_data 0 17 "$(sectors 0 17)")"
}

@test "IDENTIFY is answered with 548 bytes" {
	local reply
	reply=$(query "$(identify)")
	assert_equal 1096 "${#reply}"
}

@test "a frame too short for its command is ignored" {
	local n command
	for command in 00 01 02 03; do
		for n in 14 15 16 19 20 23 24 25; do
			short "$command" "$n"
		done
	done
	for n in 26 31 35; do
		short 00 "$n"
	done
	for n in 26 31; do
		short 01 "$n"
	done
	for n in 26 27; do
		short 02 "$n"
	done
}

# short COMMAND LENGTH: the first bytes of a request get no answer.
short() {
	local whole
	whole=$(hex "$(request "$1" '00*40')")
	assert_silence "${whole:0:2 * $2}"
}

@test "a reply carries nothing of earlier frames" {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		query "$(ata_write "$i" 17 'a5*8704')" >/dev/null
	done
	assert_reply "$(ata_flush) a5*8000" "$(ata_flushed)"
	assert_reply "$(ata_write 0 1 'a5*512')" "$(ata_written 0 1)"
	assert_reply "$(ata_read 64 1)" "$(ata_failed 40 10 64 1)"
	assert_reply "$(request 03 '00 00 a5*34')" "$(response 03 '00 00 @60')"
	assert_reply "$(request 02 '00 00 00 00 a5*34')" \
		"$(response 02 '00 00 00 00 @60')"
}
