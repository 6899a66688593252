# The MAC list given with -m is a door that nobody on the wire opens.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

served() {
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "a listed host is served, in every notation of its address" {
	local list
	for list in 02:00:00:00:00:01 020000000001 \
		0A:bB:cC:dD:eE:0f,020000000001; do
		serve -m "$list" 0 1 eth0 "$IMAGE"
		served
		stop_vblade
	done
}

@test "any other host meets silence, whatever it asks" {
	serve -m 02:00:00:00:00:01 0 1 eth0 "$IMAGE"
	assert_silence "$(request_from 020000000077 "$(ata_write 0 1 'ee*512')")" \
		"$(request_from 020000000077 "$(config_read)")" \
		"$(request_from 020000000077 "$(identify)")" \
		"$(request_from 020000000077 "$(request 02 '00 00 00 00')")" \
		"$(request_from 020000000077 "$(request 03 '02 00')")"
	assert_equal "$(sectors 0 1)" "$(file_sectors "$IMAGE" 0 1)"
}

@test "the list is told in the order of its addresses" {
	serve -m 02:00:00:00:00:01,020000000055 0 1 eth0 "$IMAGE"
	assert_reply "$(request 02 '00 00 00 00')" \
		"$(response 02 '00 00 00 02 0000 SS 0000 020000000055 @60')"
}

@test "remote edits are refused and change nothing" {
	serve -m 02:00:00:00:00:01 0 1 eth0 "$IMAGE"
	assert_reply "$(request 02 '00 01 00 01 0001 020000000077')" \
		"$(response 02 '00 01 01 00 @60')"
	assert_reply "$(request 02 '00 01 00 01 0002 SS')" \
		"$(response 02 '00 01 01 00 @60')"
	assert_reply "$(request 02 '00 00 00 00')" \
		"$(response 02 '00 00 00 01 0000 SS @60')"
	served
}

@test "without -m the list is edited over the wire" {
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(request 02 '00 01 00 02 0001 SS 0001 020000000055')" \
		"$(response 02 '00 01 00 02 0000 SS 0000 020000000055 @60')"
	assert_silence "$(request_from 020000000077 "$(ata_read 0 1)")"
	served
}

@test "255 addresses are honoured, and the reply tells what fits" {
	local i list reply
	list=02:00:00:00:00:01
	for i in $(seq 1 254); do
		list+=,0200000001$(be8 "$i")
	done
	serve -m "$list" 0 1 eth0 "$IMAGE"
	served
	reply=$(query "$(request_from 0200000001fe "$(request 02 '00 00 00 00')")")
	assert_match "^0200000001fe02000000000288a2180000000102$TAG" "$reply"
	assert_equal b9 "${reply:54:2}" "addresses in the reply"
	assert_equal $((2 * (28 + 8 * 185))) "${#reply}" "digits of the reply"
}
