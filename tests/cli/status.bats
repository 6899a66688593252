# A start that fails says why in one line and by its exit status: 1 may pass,
# 4 is for want of privilege, 6 is about the file or device.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	PUBLIC=$(mktemp -d)
	chmod 755 "$PUBLIC"
	FILE=$BATS_TEST_TMPDIR/file
}

teardown() {
	serve_end
	rm -rf "$PUBLIC"
}

# as_nobody CAPABILITIES ARGUMENT...: launch a copy of vblade, and for what it
# may reach $PUBLIC, as a user with these capabilities (+net_raw, -all).
as_nobody() {
	local capabilities=$1
	shift
	install -m 755 "$VBLADE" "$PUBLIC/vblade"
	background "$TARGET_NS" setpriv --reuid nobody --regid nogroup \
		--clear-groups --inh-caps "$capabilities" \
		--ambient-caps "$capabilities" "$PUBLIC/vblade" "$@"
}

# published MODE: the name of an image that others find, with this mode.
published() {
	install -m "$1" "$IMAGE" "$PUBLIC/image"
	echo "$PUBLIC/image"
}

@test "an interface that does not exist: 1" {
	assert_refused 1 none0 0 1 none0 "$IMAGE"
}

@test "an interface name that is too long is not cut short: 1 or 2" {
	ip -n "$TARGET_NS" link add cut456789012345 type veth peer name peer0
	assert_refused '[12]' cut4567890123456 0 1 cut4567890123456 "$IMAGE"
	ip -n "$TARGET_NS" link delete cut456789012345
}

@test "an empty interface name: 1 or 2" {
	assert_refused '[12]' "" 0 1 "" "$IMAGE"
}

@test "an interface that is not Ethernet: 1" {
	ip -n "$TARGET_NS" tuntap add name tun0 mode tun
	ip -n "$TARGET_NS" link set tun0 up
	assert_refused 1 tun0 0 1 tun0 "$IMAGE"
	ip -n "$TARGET_NS" link delete tun0
}

@test "an interface that is down is no error" {
	ip -n "$TARGET_NS" link add down0 type veth peer name peer0
	serve 0 1 down0 "$IMAGE"
	stop_vblade
	ip -n "$TARGET_NS" link delete down0
}

@test "a file that does not exist: 6" {
	assert_refused 6 "$FILE" 0 1 eth0 "$FILE"
}

@test "an empty file name: 6 or 2" {
	assert_refused '[26]' "" 0 1 eth0 ""
}

@test "a directory: 6" {
	assert_refused 6 "$BATS_TEST_TMPDIR" 0 1 eth0 "$BATS_TEST_TMPDIR"
	assert_refused 6 "$BATS_TEST_TMPDIR" -r 0 1 eth0 "$BATS_TEST_TMPDIR"
}

@test "a fifo: 6, without waiting for its other end" {
	mkfifo "$FILE"
	assert_refused 6 "$FILE" 0 1 eth0 "$FILE"
	assert_refused 6 "$FILE" -r 0 1 eth0 "$FILE"
}

@test "a character device: 6" {
	assert_refused 6 /dev/zero 0 1 eth0 /dev/zero
	assert_refused 6 /dev/null -r 0 1 eth0 /dev/null
}

@test "an empty file: 6" {
	: >"$FILE"
	assert_refused 6 "$FILE" 0 1 eth0 "$FILE"
}

@test "a file that is exported already: 6, and the message tells of -f" {
	serve 0 1 eth0 "$IMAGE"
	assert_refused 6 "$IMAGE.*-f" 0 2 eth0 "$IMAGE"
	serve -f 0 2 eth0 "$IMAGE"
}

@test "a file that is exported already: two readers are no conflict" {
	serve -r 0 1 eth0 "$IMAGE"
	serve -r 0 2 eth0 "$IMAGE"
	assert_refused 6 "$IMAGE" 0 3 eth0 "$IMAGE"
}

@test "no right to open a packet socket: 4, and the message names it" {
	as_nobody -all 0 1 eth0 "$(published 666)"
	wait_for_exit "$PID"
	assert_equal 4 "$STATUS" "exit status"
	assert_equal "" "$(cat "$OUT")" "standard output"
	assert_equal 1 "$(wc -l <"$ERR")" "lines"
	assert_match CAP_NET_RAW "$(cat "$ERR")"
}

@test "no right to the file: 4" {
	as_nobody +net_raw 0 1 eth0 "$(published 600)"
	wait_for_exit "$PID"
	assert_equal 4 "$STATUS" "exit status"
	assert_equal "" "$(cat "$OUT")" "standard output"
	assert_equal 1 "$(wc -l <"$ERR")" "lines"
	assert_match "$PUBLIC/image" "$(cat "$ERR")"
}

@test "CAP_NET_RAW and the right to the file are enough" {
	as_nobody +net_raw 0 1 eth0 "$(published 666)"
	wait_until 10 serve_settled "$PID" "$OUT"
	assert_match "64 sectors O_RDWR$" "$(cat "$OUT" "$ERR")"
	assert_reply "$(ata_write 0 1 '5a*512')" "$(ata_written 0 1)"
	stop_vblade
}

@test "a file without the right to write is served with -r" {
	as_nobody +net_raw -r 0 1 eth0 "$(published 444)"
	wait_until 10 serve_settled "$PID" "$OUT"
	assert_match "64 sectors O_RDONLY$" "$(cat "$OUT" "$ERR")"
}

@test "bad arguments come before a missing interface and file" {
	assert_refused 2 shelf 70000 1 none0 "$FILE"
}
