# The power fails (see powercut.c): what vblade has promised to be on the disk
# is there.  The last tests inject faults that break a promise, to show that
# this would be detected.  durability-threads.bats is the same with the pool of
# threads.

load ../helper
load failures

setup_file() {
	lab_open 9000
	build_engine
	build_fault_shim
	POWERCUT=$(build_tool powercut)
	export POWERCUT
}

teardown_file() { lab_close; }

teardown() {
	serve_end
	assert_engine
	assert_injected
}

# cut_power "VBLADE-OPTION..." POWERCUT-OPTION...: serve an image that is empty
# and cut the power; $status is that of powercut.
cut_power() {
	local options=$1 image=$BATS_TEST_TMPDIR/image
	shift
	: >"$image"

	truncate -s $((${SIZE:-256} * 512)) "$image"
	inject_faults "${RULES[@]}"
	export FAULT_TRACE=$BATS_TEST_TMPDIR/trace
	rm -f "$FAULT_TRACE"
	# shellcheck disable=SC2086
	serve $options 0 1 eth0 "$image"
	run on_initiator "$POWERCUT" -c "${CUTS:-400}" "$@" eth0 "$FAULT_TRACE"
	echo "vblade $options: $output"
}

# via_engine: the shim has recorded what passed through the engine under test.
via_engine() {
	if [ "$ENGINE" = ring ]; then
		grep -q ' ring$' "$FAULT_LOG"
	else
		refute grep -q ' ring$' "$FAULT_LOG"
	fi
}

# assert_kept "VBLADE-OPTION..." POWERCUT-OPTION...: no promise is broken.
assert_kept() {
	RULES=("sync * slow 5")
	cut_power "$@"
	assert_equal 0 "$status"
	via_engine
	stop_vblade
}

# assert_broken RULE "VBLADE-OPTION..." POWERCUT-OPTION...: with this fault a
# promise is broken, and that is detected.
assert_broken() {
	RULES=(${1:+"$1"})
	shift
	cut_power "$@"
	assert_equal 1 "$status"
	assert_match 'was promised' "$output"
}

# The last thing that was done to the disk is a sync.
ends_with_sync() {
	[ "$(tail -c 8 "$FAULT_TRACE" | od -An -tu4 -N4 | tr -d ' ')" = 0 ]
}

@test "durability: with -s every acknowledged write survives" {
	assert_kept "-s" -s -S 1
	assert_kept "-s -d" -s -S 3
}

@test "durability: with -s every acknowledged lone write survives" {
	assert_kept "-s" -s -S 2 -n 500 -p 3000
	assert_kept "-s -d" -s -S 17 -n 500 -p 3000
}

@test "durability: without, what was acknowledged before a FLUSH survives" {
	assert_kept "" -S 4
	assert_kept "-d" -S 6
}

@test "durability: what was acknowledged before a sync in the background too" {
	assert_kept "" -S 7 -F 0 -n 2500 -p 500
	assert_match "syncs=[1-9]" "$output"
	assert_kept "-d" -S 8 -F 0 -n 2500 -p 500
	assert_match "syncs=[1-9]" "$output"
}

@test "durability: nothing is written outside of the exported range" {
	SIZE=1000 assert_kept "-o 100 -l 300" -o 100 -l 300 -S 9
	SIZE=1000 assert_kept "-s -d -o 17 -l 301" -s -o 17 -l 301 -S 10
	SIZE=1001 assert_kept "-o 999" -o 999 -l 2 -S 11
}

@test "durability: a write is synced in the background, and so at the end" {
	RULES=()
	cut_power "" -F 0 -n 50 -c 1
	wait_until 10 ends_with_sync
	assert_reply "$(ata_write 5 1 'ee*512')" "$(ata_written 5 1)"
	stop_vblade
	ends_with_sync
}

@test "durability: a FLUSH that does not sync is detected" {
	assert_broken "sync * lie" "" -S 12
}

@test "durability: with -s a reply before its write is detected" {
	assert_broken "write * lie" "-s" -s -S 13
}

@test "durability: a reply before its sync is detected" {
	assert_broken "" "" -s -F 0 -S 14
}

# Paused, a FLUSH ends before the next write comes that does the one before.
@test "durability: a reply before its write is detected without -s too" {
	assert_broken "write * lie" "" -S 15 -p 500
}

@test "durability: a write outside of the exported range is detected" {
	RULES=() SIZE=1000
	cut_power "-o 100 -l 300" -o 101 -l 299 -S 16
	assert_equal 1 "$status"
	assert_match 'bytes written at|corrupt' "$output"
}
