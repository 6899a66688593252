# A million malformed frames beside an honest initiator.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
teardown() { serve_end; }

# malformed: frames that each have an error, at three lengths, and are random
# otherwise.  None may change anything: neither the disk nor the config string
# nor the MAC list.  No initiator of load.c uses their tag.
malformed() {
	local max flags command argument length
	echo "ffffffffffff SS 88a2 10 00 000001 00 f00000"
	echo "ffffffffffff 010000000001 88a2 10 00 000001 00 f0000000 ?999"
	echo "00ffffffffff SS 88a2 10 00 000007 00 f0000000 ?999"
	while read -r max flags command argument; do
		for length in 24 $((max / 2)) "$max"; do
			echo "ffffffffffff SS 88a2 $flags 00 000001 $command" \
				"f0000000 ${argument%#*} ?$length"
		done
	done <<-END
		  35 10 00 # no ATA header
		1400 20 00 # version 2
		1400 18 00 # a response
		1400 10 00 ?26 00 24 # no sector
		1400 10 00 ?26 c8 34 # too short
		1400 10 00 ?26 01 24 ?33 ff # beyond the end
		1400 10 00 ?27 00 # opcode
		1400 10 00 ?25 99 ?27 ef # feature
		  31 10 01 # no config header
		1400 10 01 ?29 05 # CCmd
		1400 10 01 ?29 03 05 # > 1024
		  99 10 01 ?29 04 03 # > frame
		  27 10 02 # no mask header
		  99 10 02 ?25 01 ?27 c8 # > frame
		1400 10 02 ?25 01 ?27 01 ?29 09 # DCmd
		  25 10 03 # no reserve header
		  99 10 03 01 fa # > frame
		1400 10 03 03 # RCmd
		1400 10 ff # command
	END
}

# memory: KiB in use by vblade.  descriptors: how many it has open.
memory() { awk '/^VmRSS:/ { print $2 }' "/proc/$PID/status"; }
descriptors() { find "/proc/$PID/fd" -type l | wc -l; }

@test "a million malformed frames: an honest initiator's data is right" {
	local image=$BATS_TEST_TMPDIR/image frames=$BATS_TEST_TMPDIR/frames
	local target errors load begin kib files
	malformed >"$frames"
	truncate -s 2M "$image" "$image.expected"
	serve 0 1 eth0 "$image"
	target=$PID errors=$ERR begin=$(count_frames)
	background "$INITIATOR_NS" "$TESTS/load" -m mixed -r -u -t 200 -w 16 \
		-d 600 -o "$image.expected" 0 1 eth0
	load=$PID PID=$target
	wait_until 10 frames_reached $((begin + 20000))
	kib=$(memory) files=$(descriptors)
	frame -n 0 -r $((1000000 / $(wc -l <"$frames") + 1)) <"$frames"
	[ $(($(memory) - kib)) -lt 16384 ]
	assert_equal "$files" "$(descriptors)" "descriptors"
	kill "$load"
	wait_for_exit "$load"
	assert_flawless "$(cat "$OUT")"
	ERR=$errors
	assert_reply "$(config_read)" \
		"$(response 01 "0040 $FIRMWARE 02 10 0000 @60")"
	assert_reply "$(request 02 "00 00 00 00")" \
		"$(response 02 "00 00 00 00 @60")"
	assert_reply "$(request 03 "00 00")" "$(response 03 "00 00 @60")"
	stop_vblade
	cmp "$image" "$image.expected"
}
