# A million malformed frames beside an honest initiator.

load ../helper
load failures

setup_file() {
	lab_open
	FLOOD=$(build_tool flood)
	export FLOOD
}

teardown_file() { lab_close; }
teardown() { serve_end; }

# honest FIRST SECONDS: an initiator that verifies all that it reads, on a
# range of its own, until the time is up or it is killed.
honest() {
	background "$INITIATOR_NS" "$TESTS/load" -m mixed -r -u -t 200 \
		-f "$1" -c 2048 -w 16 -d "$2" \
		-o "$BATS_TEST_TMPDIR/expected" 0 1 eth0
}

assert_flawless() {
	assert_match ' errors=0 bad=0 mismatches=0 ' "$1"
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
	local before during rss fds target errors load
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
	background "$INITIATOR_NS" "$FLOOD" -N 1000000 -R 120000 eth0
	wait_until 240 grep -q frames=1000000 "$OUT"
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
