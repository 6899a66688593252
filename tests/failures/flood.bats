# A million malformed frames beside an honest initiator.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
teardown() { serve_end; }

# malformed: frames that each have an error, at four lengths, and are random
# otherwise.  None may change anything: neither the disk nor the config string
# nor the MAC list.  No initiator of load.c uses their tag.
malformed() {
	local min max flags address command argument length
	echo "ffffffffffff SS 88a2 10 00 000001 00 f00000"
	echo "ffffffffffff 010000000001 88a2 10 00 000001 00 f0000000 ?999"
	echo "00ffffffffff SS 88a2 10 00 000007 00 f0000000 ?999"
	while read -r min max flags address command argument; do
		for length in "$min" $(((2 * min + max) / 3)) \
			$(((min + 2 * max) / 3)) "$max"; do
			echo "ffffffffffff SS 88a2 $flags 00 $address" \
				"$command f0000000 ${argument%#*} ?$length"
		done
	done <<-END
		24   35 10 000001 00 # no ATA header
		36 1400 20 000001 00 # version 2
		36 1400 18 000001 00 # a response
		36 1400 10 000001 00 ?26 00 24 # no sector
		36 1400 10 000001 00 ?26 c8 34 # too short
		36 1400 10 000001 00 ?26 01 24 ?33 ff # beyond the end
		36 1400 10 000001 00 ?27 00 # opcode
		36 1400 10 000001 00 ?25 99 ?27 ef # feature
		24   31 10 000001 01 # no config header
		32 1400 10 000001 01 ?29 05 # CCmd
		32 1400 10 000001 01 ?29 03 05 # > 1024
		32   99 10 000001 01 ?29 04 03 # > frame
		24   27 10 000001 02 # no mask header
		28   99 10 000001 02 ?25 01 ?27 c8 # > frame
		36 1400 10 000001 02 ?25 01 ?27 01 ?29 09 # DCmd
		24   25 10 000001 03 # no reserve header
		26   99 10 000001 03 01 fa # > frame
		26 1400 10 000001 03 03 # RCmd
		24 1400 10 000001 ff # command
	END
}

# honest FIRST SECONDS: an initiator that verifies all that it reads, on a
# range of its own, until the time is up or it is killed.
honest() {
	background "$INITIATOR_NS" "$TESTS/load" -m mixed -r -u -t 200 \
		-f "$1" -c 2048 -w 16 -d "$2" \
		-o "$BATS_TEST_TMPDIR/expected" 0 1 eth0
}

# figures LINE: its figures of speed.
figures() {
	grep -oE '(rps|retransmits|p50_us|p99_us)=[0-9.]+' <<<"$1" | xargs
}

# status_of FIELD: a field of the status of vblade, in KiB.
status_of() {
	awk -v field="$1:" '$1 == field { print $2 }' "/proc/$PID/status"
}

@test "a million malformed frames: an honest initiator's data is right" {
	local before during rss fds target errors load rounds
	truncate -s 2M "$BATS_TEST_TMPDIR/image"
	truncate -s 2M "$BATS_TEST_TMPDIR/expected"
	serve 0 1 eth0 "$BATS_TEST_TMPDIR/image"
	target=$PID errors=$ERR
	honest 0 3
	wait "$PID"
	before=$(cat "$OUT")
	assert_flawless "$before"
	PID=$target
	rss=$(status_of VmRSS)
	fds=$(ls "/proc/$PID/fd" | wc -l)
	honest 2048 600
	load=$PID during=$OUT
	malformed >"$BATS_TEST_TMPDIR/frames"
	rounds=$((1000000 / $(wc -l <"$BATS_TEST_TMPDIR/frames") + 1))
	frame -n 0 -r $rounds <"$BATS_TEST_TMPDIR/frames"
	kill "$load"
	wait_for_exit "$load"
	during=$(cat "$during")
	assert_flawless "$during"
	PID=$target ERR=$errors
	printf '# alone:  %s\n# beside: %s\n' "$(figures "$before")" \
		"$(figures "$during")" >&3
	assert_alive
	[ $(($(status_of VmRSS) - rss)) -lt 16384 ]
	assert_equal "$fds" "$(ls "/proc/$PID/fd" | wc -l)" "descriptors"
	assert_reply "$(config_read)" \
		"$(response 01 "0040 $FIRMWARE 02 10 0000 @60")"
	assert_reply "$(request 02 "00 00 00 00")" \
		"$(response 02 "00 00 00 00 @60")"
	assert_reply "$(request 03 "00 00")" "$(response 03 "00 00 @60")"
	stop_vblade
	cmp "$BATS_TEST_TMPDIR/image" "$BATS_TEST_TMPDIR/expected"
}
