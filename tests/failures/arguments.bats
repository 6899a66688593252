# Failure stories T12 to T19: addresses, arguments and names.

load ../helper
load failures

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

# macs N: that many MAC addresses with commas between them, ours the last.
macs() {
	seq -f '02:00:00:01:%g' 1 "$(($1 - 1))" |
		awk -F: \
			'{ printf "02:00:00:01:%02x:%02x,", $5 / 256, $5 % 256 }'
	echo "$INITIATOR_MAC"
}

# started ARGUMENT...: it serves; then it is ended.
started() {
	serve "$@"
	assert_readable 7
	stop_vblade
}

# serves_in_any_order: options before, between and after the operands.
serves_in_any_order() {
	started -b 20 -r 0 1 eth0 "$IMAGE"
	started 0 -b 20 1 -r eth0 "$IMAGE"
	started 0 1 eth0 "$IMAGE" -b 20 -r
	assert_match O_RDONLY "$(cat "$OUT")"
	cp "$IMAGE" "$BATS_TEST_TMPDIR/-r"
	cd "$BATS_TEST_TMPDIR" || return
	started 0 1 eth0 -- -r
	assert_match O_RDWR "$(cat "$OUT")"
}

@test "T12 shelf and slot that are no address: 2, and the argument is named" {
	local bad
	for bad in 65535 70000 -1 abc 1x '' ' 1' 0x1; do
		assert_refused 2 "shelf '?$bad'?|-- '?1|usage" -- \
			"$bad" 1 eth0 "$IMAGE"
		assert_match "shelf" "$(cat "$ERR")"
	done
	for bad in 255 300 -1 abc 1x ''; do
		assert_refused 2 "slot '$bad'" -- 0 "$bad" eth0 "$IMAGE"
	done
}

@test "T12 shelf 4095 is served with a warning" {
	serve 4095 1 eth0 "$IMAGE"
	wait_for_log 4095
	ADDRESS=0fff01 assert_readable 7
}

@test "T13 -m: garbage and nothing are refused" {
	local bad
	for bad in zz:zz '' ',' "$INITIATOR_MAC," "$INITIATOR_MAC,zz" \
		02:00:00:00:00 02:00:00:00:00:01:02 ff:ff:ff:ff:ff:ff; do
		assert_refused 2 "-m '$bad'" -m "$bad" 0 1 eth0 "$IMAGE"
	done
}

@test "T13 -m: 33 and 255 addresses are all honoured, more are refused" {
	local n
	for n in 33 255; do
		started -m "$(macs $n)" 0 1 eth0 "$IMAGE"
	done
	serve -m "$(macs 33)" 0 1 eth0 "$IMAGE"
	expect_silence_from 020000000055 "$(config_read)"
	for n in 256 5000; do
		assert_refused 2 255 -m "$(macs $n)" 0 1 eth0 "$IMAGE"
	done
}

# expect_silence_from MAC REQUEST
expect_silence_from() {
	assert_silence "TT $1 ${2#TT SS}"
}

@test "T14 options stand before, between and after the operands" {
	serves_in_any_order
}

@test "T14 so they do with musl" {
	local triplet
	triplet=$(gcc -print-multiarch)
	musl-gcc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O1 -pthread \
		-idirafter /usr/include -idirafter "/usr/include/$triplet" \
		-o "$BATS_TEST_TMPDIR/vblade" "$TESTS/../vblade.c" \
		"$TESTS/../linux.c"
	VBLADE=$BATS_TEST_TMPDIR/vblade
	serves_in_any_order
}

@test "T15 -l and -o that do not fit: 2, with the number in question" {
	local bad
	assert_refused 2 "-l 999" -l 999 0 1 eth0 "$IMAGE"
	assert_refused 2 "-l 64" -o 1 -l 64 0 1 eth0 "$IMAGE"
	assert_refused 2 "-o 64" -o 64 0 1 eth0 "$IMAGE"
	for bad in -1 1k 99999999999999999999 18446744073709551616 \
		36028797018963968 '' 0x10; do
		assert_refused 2 "-l '$bad'" -l "$bad" 0 1 eth0 "$IMAGE"
		assert_refused 2 "-o '$bad'" -o "$bad" 0 1 eth0 "$IMAGE"
	done
}

@test "T16 -b of 1, 0 and 70000: 2" {
	local bad
	for bad in 0 1 65536 70000 -1 ''; do
		assert_refused 2 "-b '$bad'" -b "$bad" 0 1 eth0 "$IMAGE"
	done
}

# log_without_paths: the line with which the last refusal was explained, without names.
log_without_paths() {
	sed "s,$BATS_TEST_TMPDIR,,g" "$ERR"
}

@test "T17 what cannot be exported is told apart" {
	local dir=$BATS_TEST_TMPDIR all=
	mkdir "$dir/f1"
	mkfifo "$dir/f2"
	: >"$dir/f3"
	truncate -s 511 "$dir/f4"
	for file in f0 f1 f2 f3 f4; do
		assert_refused 6 "$dir/$file" 0 1 eth0 "$dir/$file"
		all+=$(log_without_paths | sed "s,/$file,," && echo x)
	done
	assert_refused 6 /dev/zero 0 1 eth0 /dev/zero
	all+=$(log_without_paths | sed s,/dev/zero,,)
	assert_equal 6 "$(sed 's/x*$//' <<<"$all" | sort -u | wc -l)" \
		"messages: $all"
}

@test "T17 files of 512, 513 and 1000 bytes are served; the rest is told" {
	local size
	for size in 512 513 1000; do
		truncate -s $size "$BATS_TEST_TMPDIR/file"
		serve 0 1 eth0 "$BATS_TEST_TMPDIR/file"
		assert_match 'e0.1, 1 sectors' "$(cat "$OUT")"
		[ $size = 512 ] || wait_for_log "last $((size - 512)) bytes"
		stop_vblade
	done
}

@test "T18 lo is allowed" {
	ip -n "$TARGET_NS" link set lo up
	serve 0 1 lo "$IMAGE"
	INITIATOR_NS=$TARGET_NS TARGET_MAC=000000000000 \
		lo_answers "$(config_read)"
}

lo_answers() {
	assert_match '^0{24}88a218000000010'"1$TAG" "$(frame -i lo "$1")"
}

@test "T18 tun is refused, and a name that is too long is not cut short" {
	ip -n "$TARGET_NS" tuntap add name tun0 mode tun
	ip -n "$TARGET_NS" link set tun0 up
	assert_refused 1 tun0 0 1 tun0 "$IMAGE"
	ip -n "$TARGET_NS" link delete tun0
	assert_refused '[12]' eth0567890123456 0 1 eth0567890123456 "$IMAGE"
}

# More of vbladed stands in tests/service.

@test "T19 vbladed: a missing file is told by the exit status" {
	VBLADE=$(vbladed)
	assert_refused 6 missing 0 1 eth0 "$BATS_TEST_TMPDIR/missing"
}

@test "T19 vbladed: the parent returns when the target has been advertised" {
	local file="$BATS_TEST_TMPDIR/-a b';\"\$x"
	cp "$IMAGE" "$file"
	VBLADE=$(vbladed)
	start_listener
	launch 0 1 eth0 "$file"
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS"
	wait_for_frame "$(announcement)"
	assert_readable 7
	daemon_end
}

# vbladed: print the name under which vblade is a daemon.
vbladed() {
	ln -s "$(realpath "$VBLADE")" "$BATS_TEST_TMPDIR/vbladed"
	echo "$BATS_TEST_TMPDIR/vbladed"
}

# End what has detached itself: all that is left in the target's namespace.
daemon_end() {
	local pid
	for pid in $(ip netns pids "$TARGET_NS"); do
		kill "$pid"
		wait_until 10 process_gone "$pid"
	done
}
