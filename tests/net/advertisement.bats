# What the target says unasked.  Its start makes a Config response for
# everyone, or for each address of the MAC list.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	start_listener
}

teardown() {
	serve_end
	lab_mtu 1500
}

# advertisement DESTINATION SECTORS [BUFFERS]: with tag 0, in the fields
# that vblade does not choose for itself; dots match the firmware version.
advertisement() {
	echo "$1 TT 88a2 18 00 000001 01 00000000 $(be16 "${3:-64}")" \
		"4019 $2 10 0000 @60"
}

# advertised_to DESTINATION SECTORS [BUFFERS]: it is heard, whatever the
# firmware version.
advertised_to() {
	local frame
	frame=$(hex "$(advertisement "$@")")
	wait_until 10 grep -qx "${frame:0:52}....${frame:56}" "$FRAMES" ||
		fail "expected: $frame" "heard:" "$(cat "$FRAMES")"
}

# asked: the target has had all frames before and answered.
asked() {
	frame -s
}

@test "the start is advertised to everyone" {
	serve 0 1 eth0 "$IMAGE"
	advertised_to ffffffffffff 02
}

@test "the advertisement is out when the ready line is" {
	local i
	for i in 1 2 3 4 5; do
		: >"$FRAMES"
		serve 0 1 eth0 "$IMAGE"
		assert_match "^ffffffffffff02000000000288a2180000000101" \
			"$(cat "$FRAMES")"
		stop_vblade
	done
}

@test "the advertisement carries the buffer count and the sectors" {
	lab_mtu 9000
	serve -b 300 0 1 eth0 "$IMAGE"
	advertised_to ffffffffffff 11 300
}

@test "with a MAC list it goes to each of its addresses and no other" {
	serve -m 02:00:00:00:00:01,020000000055 0 1 eth0 "$IMAGE"
	advertised_to SS 02
	advertised_to 020000000055 02
	asked
	refute_match "^ffffffffffff02000000000288a218" "$(cat "$FRAMES")"
}

@test "the start says nothing but the advertisement and a question" {
	serve 0 1 eth0 "$IMAGE"
	asked
	assert_equal "" "$(sed -E "/^ffffffffffff02000000000288a21000000001018/d
		/^ffffffffffff02000000000288a218000000010100000000/d
		/^020000000001/d" "$FRAMES")" "other frames"
}

@test "a new MTU is advertised" {
	serve 0 1 eth0 "$IMAGE"
	advertised_to ffffffffffff 02
	lab_mtu 9000
	advertised_to ffffffffffff 11
}

@test "a link that returns is advertised" {
	serve 0 1 eth0 "$IMAGE"
	ip -n "$INITIATOR_NS" link set eth0 down
	wait_until 10 down
	: >"$FRAMES"
	ip -n "$INITIATOR_NS" link set eth0 up
	advertised_to ffffffffffff 02
}

down() {
	! ip -n "$TARGET_NS" link show eth0 | grep -q LOWER_UP
}

@test "a second target of the same address warns of the first by its MAC" {
	serve 0 1 eth0 "$IMAGE"
	cp "$IMAGE" "$IMAGE.twin"
	background "$INITIATOR_NS" "$VBLADE" 0 1 eth0 "$IMAGE.twin"
	wait_until 10 grep -qi "02:00:00:00:00:02" "$ERR" ||
		fail "no warning: $(cat "$ERR")"
}

@test "the first target warns of a second of the same address" {
	local err
	serve 0 1 eth0 "$IMAGE"
	err=$ERR
	cp "$IMAGE" "$IMAGE.twin"
	background "$INITIATOR_NS" "$VBLADE" 0 1 eth0 "$IMAGE.twin"
	wait_until 10 grep -qi "02:00:00:00:00:01" "$err" ||
		fail "no warning: $(cat "$err")"
}

@test "a target of another address is no reason to warn" {
	serve 0 1 eth0 "$IMAGE"
	cp "$IMAGE" "$IMAGE.other"
	background "$INITIATOR_NS" "$VBLADE" 0 2 eth0 "$IMAGE.other"
	wait_until 10 serve_ready "$OUT"
	asked
	refute_match "02:00:00:00:00:02" "$(cat "$ERR")"
}
