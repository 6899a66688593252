# The power fails (see promises.c): what vblade has promised to be on the disk
# is there.  The last tests inject faults that break a promise, to show that
# this would be detected.  durability-threads.bats is the same with the pool of
# threads.

load ../helper
load ../faults

setup_file() {
	lab_open 9000
	build_engine
	build_test_program failures/promises
}

teardown_file() { lab_close; }

teardown() {
	faults_end
	assert_injected && assert_engine
}

# cut_power VBLADE-OPTIONS LOAD-OPTIONS PROMISES-OPTIONS: serve an image that is
# empty, write at random, and cut the power; $status is that of promises.
cut_power() {
	local image=$BATS_TEST_TMPDIR/image log=$BATS_TEST_TMPDIR/log
	: >"$image"
	truncate -s 128K "$image"
	inject_faults "${RULES[@]}"
	export FAULT_TRACE=$BATS_TEST_TMPDIR/trace
	rm -f "$FAULT_TRACE"
	# shellcheck disable=SC2086
	serve $1 0 1 eth0 "$image"
	# shellcheck disable=SC2086
	on_initiator "$TESTS/load" -m write -r -u -w 16 -N 2000 -t 20000 \
		-L "$log" $2 0 1 eth0
	# shellcheck disable=SC2086
	run "$PROMISES" $3 "$log" "$FAULT_TRACE"
	echo "vblade $1: $output"
}

# assert_kept OPTIONS...: as cut_power; no promise is broken, and the engine
# under test did the work.
assert_kept() {
	local engine=call
	RULES=("sync * slow 5" "write * slow 8")
	cut_power "$@"
	assert_equal 0 "$status"
	! grep -q ' ring$' "$FAULT_LOG" || engine=ring
	assert_equal "${ENGINE/threads/call}" $engine "what made the calls"
	stop_vblade
}

# assert_broken RULE OPTIONS...: with this fault a promise is broken, and that
# is detected.
assert_broken() {
	RULES=(${1:+"$1"})
	cut_power "${@:2}"
	assert_equal 1 "$status"
	assert_match 'was promised' "$output"
	assert_injected
	serve_end
}

@test "durability: with -s every acknowledged write survives, lone or not" {
	local options
	for options in -s "-s -d"; do
		assert_kept "$options" "-F 20" -s
		assert_kept "$options" "-F 20 -N 500 -w 1" -s
	done
}

@test "durability: what was acknowledged before a FLUSH or a sync survives" {
	local options
	for options in "" -d; do
		assert_kept "$options" "-F 20"
		assert_kept "$options" "-N 2500 -w 1"
		assert_match "syncs=[1-9]" "$output"
	done
}

@test "durability: a FLUSH that does not sync, or an early reply, is detected" {
	assert_broken "sync * lie" "" "-F 20"
	assert_broken "" "" "" -s
	assert_broken "write * lie" -s "-F 20" -s
	# One by one, a FLUSH ends before the write that it promises.
	assert_broken "write * lie" "" "-F 20 -w 1"
}
