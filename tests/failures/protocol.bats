# Failure stories T30 to T35: the protocol, and whom it trusts.

load ../helper
load failures

A=$INITIATOR_MAC
B=02:00:00:00:00:0b

# The same program under AddressSanitizer, which ends it at the first byte
# that is read or written where it must not be.
setup_file() {
	lab_open
	"${CC:-gcc}" -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DUNCONFINED -O1 \
		-g -pthread -fsanitize=address,undefined \
		-fno-sanitize-recover=all -o "$BATS_FILE_TMPDIR/vblade" \
		"$TESTS/../vblade.c" "$TESTS/../linux.c"
}

teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

sanitized() {
	VBLADE=$BATS_FILE_TMPDIR/vblade
}

@test "T30 frames of 14 to 60 bytes of every command: silence or an answer" {
	local command frame n
	sanitized
	serve 0 1 eth0 "$IMAGE"
	for command in 00 01 02 03 04 f0 ff; do
		frame=$(hex "TT SS 88a2 10 00 000001 $command 00000000 ff*36")
		for n in $(seq 14 60); do
			echo "${frame:0:$((2 * n))}"
		done
	done >"$BATS_TEST_TMPDIR/frames"
	frame -n 0 <"$BATS_TEST_TMPDIR/frames"
	assert_readable 7
	assert_alive
	refute_match 'Sanitizer|runtime error' "$(cat "$ERR")"
	assert_equal "$(sectors 0 64)" "$(file_sectors "$IMAGE" 0 64)"
}

@test "T30 responses and other versions are met with silence" {
	local version
	sanitized
	serve 0 1 eth0 "$IMAGE"
	assert_silence "TT SS 88a2 18 00 000001 01 00000000 @60" \
		"TT SS 88a2 1c 01 000001 00 00000000 @60" \
		"TT SS 88a2 18 00 000001 00 00000000 @60"
	for version in 00 20 f0; do
		assert_silence "TT SS 88a2 $version 00 ${ADDRESS} 01 $TAG @60"
	done
	assert_readable 7
}

@test "T30 vendor commands: one error each, short, and none to a wildcard" {
	local command
	sanitized
	serve 0 1 eth0 "$IMAGE"
	for command in 04 f0 f3 ff; do
		assert_reply "$(request $command "ee*1400")" \
			"SS TT 88a2 1c 01 000001 $command $TAG @60"
		assert_silence "$(ADDRESS=ffffff request $command "ee*1400")"
	done
}

@test "T31 an edit that claims 200 directives in 60 bytes is rejected whole" {
	local stale
	sanitized
	serve 0 1 eth0 "$IMAGE"
	# What an earlier frame left must not become a directive.
	stale=$(request 02 "00 00 00 00 $(printf '0001020000000099%.0s' {1..100})")
	query "$stale" >/dev/null
	assert_reply "$(request 02 "00 01 00 c8 @60")" \
		"SS TT 88a2 1c 02 000001 02 $TAG 00 01 00 00 @60"
	assert_reply "$(request 02 "00 00 00 00")" \
		"$(response 02 "00 00 00 00 @60")"
	assert_alive
}

# reserve_request WHO COMMAND HOLDERS..., reserve_reply WHO COMMAND HOLDERS...: the request
# and its reply.
reserve_request() {
	local who=$1 command=$2
	shift 2
	request_from "$who" "$(request 03 "$command $(be8 $#) ${*//:/}")"
}

reserve_reply() {
	local who=$1 command=$2
	shift 2
	reply_to "$who" "$(response 03 "$command $(be8 $#) ${*//:/} @60")"
}

@test "T32 a reservation keeps others out, until its holder releases it" {
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(reserve_request "$A" 01 "$A")" \
		"$(reserve_reply "$A" 01 "$A")"
	assert_reply "$(request_from "$B" "$(ata_read 7 1)")" \
		"$(reply_to "$B" "SS TT 88a2 1c 06 000001 00 $TAG 40 04 01 41 $(lba 7)
			0000 @60")"
	assert_reply "$(request_from "$B" "$(ata_write 7 1 'ee*512')")" \
		"$(reply_to "$B" "SS TT 88a2 1c 06 000001 00 $TAG 41 04 01 41 $(lba 7)
			0000 @60")"
	assert_equal 548 \
		$(($(query "$(request_from "$B" "$(identify)")" | wc -c) / 2))
	assert_equal 60 \
		$(($(query "$(request_from "$B" "$(config_read)")" | wc -c) / 2))
	assert_reply "$(reserve_request "$B" 01 "$B")" "$(reply_to "$B" \
		"SS TT 88a2 1c 06 000001 03 $TAG 01 01 ${A//:/} @60")"
	assert_readable 7
	assert_reply "$(reserve_request "$A" 01)" "$(reserve_reply "$A" 01)"
	assert_reply "$(request_from "$B" "$(ata_read 7 1)")" \
		"$(reply_to "$B" "$(ata_data 7 1 "$(sectors 7 1)")")"
	assert_equal "$(sectors 7 1)" "$(file_sectors "$IMAGE" 7 1)"
}

@test "T32 a restart forgets the reservation" {
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(reserve_request "$B" 01 "$B")" \
		"$(reserve_reply "$B" 01 "$B")"
	stop_vblade
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(reserve_request "$A" 00)" "$(reserve_reply "$A" 00)"
	assert_readable 7
}

# config_request COMMAND LENGTH STRING, config_reply LENGTH STRING
config_request() {
	request 01 "0000 0000 00 $1 $(be16 "$2") $3"
}

config_reply() {
	response 01 "0040 0100 02 1$1 $(be16 "$2") $3 @60"
}

@test "T33 a second owner gets error 4 and the string of the first" {
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(config_request 03 4 61626364)" \
		"$(config_reply 3 4 61626364)"
	assert_reply "$(request_from "$B" "$(config_request 03 4 65666768)")" "$(reply_to "$B" \
		"SS TT 88a2 1c 04 000001 01 $TAG 0040 0100 02 13 0004 61626364
			@60")"
	assert_reply "$(config_request 03 4 61626364)" \
		"$(config_reply 3 4 61626364)"
	assert_reply "$(config_request 01 4 61626364)" \
		"$(config_reply 1 4 61626364)"
	assert_reply "$(config_request 02 2 6162)" \
		"$(config_reply 2 4 61626364)"
	assert_silence "$(config_request 01 4 65666768)" \
		"$(config_request 01 3 616263)" \
		"$(config_request 02 2 6163)" \
		"$(config_request 02 5 6162636465)"
}

@test "T33 a string of 1024 bytes is kept, one of 1025 ignored" {
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(config_request 04 1024 '61*1024')" \
		"$(config_reply 4 1024 '61*1024')"
	assert_silence "$(config_request 04 1025 '62*1025')"
	assert_silence "$(config_request 04 100 '62*99')"
	assert_reply "$(config_read)" "$(config_reply 0 1024 '61*1024')"
}

@test "T34 a second target of our address is told by its MAC, once" {
	local first
	serve 0 1 eth0 "$IMAGE"
	first=$ERR
	background "$INITIATOR_NS" "$VBLADE" -r 0 1 eth0 "$(image 32)"
	wait_until 10 serve_ready "$OUT"
	wait_for_log "$TARGET_MAC exports e0.1 too" 1
	ERR=$first
	wait_for_log "$INITIATOR_MAC exports e0.1 too" 1
}

@test "T35 replies have 60 bytes at least, and what follows is zero" {
	local reply
	serve 0 1 eth0 "$IMAGE"
	# What read replies leave behind would show.
	query "$(ata_write 1 2 'ee*1024')" >/dev/null
	yes "$(ata_read 1 2)" | head -n 200 | frame -n 200 >/dev/null
	query "$(ata_write 1 2 'ee*1024')" "$(ata_flush)" "$(config_read)" \
		"$(request 02 "00 00 00 00")" "$(request 03 "00 00")" \
		"$(ata_read 99 1)" "$(request 77 ee*100)" |
		while read -r reply; do
			assert_equal 60 $((${#reply} / 2)) "length"
			assert_equal "" "$(tr -d 0 <<<"${reply:88}")" "padding"
		done
}

@test "T35 the serial number stays over a restart" {
	local before
	serve 0 1 eth0 "$IMAGE"
	before=$(query "$(identify)")
	stop_vblade
	serve 0 1 eth0 "$IMAGE"
	assert_equal "$before" "$(query "$(identify)")"
}

@test "T35 a restart costs a client that sends again only time" {
	local load target told
	IMAGE=$BATS_TEST_TMPDIR/zeroes
	truncate -s 1M "$IMAGE"
	serve 0 1 eth0 "$IMAGE"
	target=$PID
	background "$INITIATOR_NS" "$TESTS/load" -m mixed -u -r -d 600 -w 4 \
		-t 100 -S 5 -p 5 0 1 eth0
	load=$PID told=$OUT
	for _ in 1 2 3; do
		wait_until 10 frames_reached $(($(count_frames) + 200))
		stop_vblade "$target"
		serve 0 1 eth0 "$IMAGE"
		target=$PID
	done
	wait_until 10 frames_reached $(($(count_frames) + 200))
	kill "$load"
	wait_for_exit "$load"
	assert_match " errors=0 bad=0 mismatches=0 retransmits=[1-9]" \
		"$(cat "$told" "${told%out}err")"
}
