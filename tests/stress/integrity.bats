# Two initiators read and write in requests of all sizes, flush now and then,
# and send one request in ten twice, at once or later.  Each checks every read
# against a model of the disk (see load.c); at the end the image must be what
# the models say.  A million requests per mode: 800,000 at random on small
# ranges, so that much overlaps or shares pages and blocks; 200,000 sequential
# ones, so that there are runs.  integrity-threads.bats is the same with the
# pool of threads.
#
# STRESS is a divisor: STRESS=100 runs the same with a hundredth of that.

load ../helper
load ../faults

setup_file() {
	lab_open 9000
	build_engine
}

teardown_file() { lab_close; }

setup() { IMAGE="" LOOP="" ERR=""; }

teardown() {
	serve_end
	[ -z "$LOOP" ] || losetup -d "$LOOP"
	rm -f "$IMAGE"
	assert_engine
}

# initiator OPTION...: run the load generator; prints its line.  It retransmits
# only after so long that a lost request shows.
initiator() {
	on_initiator timeout 300 "$TESTS/load" -t 20000 -m mixed -u -p 10 \
		-F 1000 "$@" 0 1 eth0
}

# run_both A-OPTIONS B-OPTIONS: two initiators side by side, one with a small
# window and one with a large; both must report no error.
run_both() {
	local a=$BATS_TEST_TMPDIR/a pid
	# shellcheck disable=SC2086
	initiator -i 1 -w 8 $1 >"$a" 3>&- &
	pid=$!
	# shellcheck disable=SC2086
	assert_flawless "$(initiator -i 2 -w 48 $2)"
	wait "$pid"
	assert_flawless "$(cat "$a")"
}

# evict: drop the pages of the image from the cache all the time, so that the
# loop and the engine share the work; otherwise the loop would find everything
# cached.
evict() {
	while dd of="$IMAGE" oflag=nocache conv=notrunc,fdatasync count=0 \
		status=none; do
		sleep 0.02
	done 3>&- &
	EVICTOR=$!
	SERVED+=("$EVICTOR")
}

# stress DIRECTORY OPTION...
stress() {
	local expected=$BATS_TEST_TMPDIR/expected n=$((100000 / ${STRESS:-1}))
	local server errors
	IMAGE=$(mktemp "$1/image.XXXXXX")
	shift
	truncate -s 16M "$IMAGE" "$expected"
	[ -z "${BLOCK:-}" ] || LOOP=$(losetup --show -f -b "$BLOCK" "$IMAGE")
	serve "$@" 0 1 eth0 "${LOOP:-$IMAGE}"
	server=$PID errors=$ERR
	[ -z "${EVICT:-}" ] || evict
	run_both "-r -f 0 -c 1021 -N $((4 * n)) -o $expected" \
		"-r -f 1021 -c 1021 -N $((4 * n)) -o $expected"
	run_both "-f 2048 -c 8192 -N $n -o $expected" \
		"-f 10240 -c 8192 -N $n -o $expected"
	[ -z "${EVICT:-}" ] || kill -0 "$EVICTOR"
	PID=$server ERR=$errors
	wait_for_counters ' queue_drops=0 '
	stop_vblade
	ERR=$errors
	[ -z "$LOOP" ] || blockdev --flushbufs "$LOOP"
	cmp "$IMAGE" "$expected"
}

@test "integrity: default" {
	EVICT=yes stress "$BATS_TEST_TMPDIR"
}

@test "integrity: -d" {
	stress "$BATS_TEST_TMPDIR" -d
}

# Most requests are not aligned to a block here: they use the page cache, beside
# direct ones.
@test "integrity: -d on blocks of 4096 bytes" {
	BLOCK=4096 stress "$BATS_TEST_TMPDIR" -d
	refute_match 'sync failed' "$(cat "$ERR")"
}

# In memory, where a sync costs nothing: this tests the order.
@test "integrity: -s, at MTU 1500" {
	lab_mtu 1500
	stress /dev/shm -s
	lab_mtu 9000
}

@test "integrity: -s -d" {
	stress "$BATS_TEST_TMPDIR" -s -d
}
