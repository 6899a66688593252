# What an io_uring has to survive (see ../shim.c, which emulates one), and what
# only the pool of threads does.

# Numbers are split on purpose.
# shellcheck disable=SC2046

load ../helper
load ../faults

setup_file() {
	lab_open
	build_engine
}

teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 1024)
	ERR=
}

teardown() {
	faults_end
	assert_injected
}

# scattered COUNT: so many sectors, no two in one page.
scattered() { seq 0 9 $((($1 - 1) * 9)); }

# count_threads: the threads of the process, without the kernel's own workers.
count_threads() { cat "/proc/$PID/task"/*/comm | grep -vc '^iou-'; }

# --- set-up -----------------------------------------------------------

@test "io_uring: one thread serves, however much is under way" {
	serve -d 0 1 eth0 "$IMAGE"
	wait_for_log 'disk I/O by io_uring' 1
	assert_all_read $(scattered 60)
	assert_equal 1 "$(count_threads)" threads
}

# assert_pool ERRNO LOG: if io_uring_setup fails so, the pool serves.
assert_pool() {
	VBLADE=$(wrap_vblade without "$WITHOUT" -e "$1" -u) \
		serve -d 0 1 eth0 "$IMAGE"
	wait_for_log 'disk I/O by threads$' 1
	wait_for_log "io_uring is not available: $2\$" 1
	assert_all_read $(scattered 20)
	stop_vblade
}

@test "io_uring is disabled, or unknown: threads serve, and that is logged" {
	assert_pool 1 'Operation not permitted'
	assert_pool 12 'Cannot allocate memory'
	assert_pool 38 'Function not implemented'
}

@test "io_uring: a kernel that knows fewer set-up flags" {
	inject_faults "setup * EINVAL 1000"
	serve -d 0 1 eth0 "$IMAGE"
	wait_for_log 'disk I/O by io_uring' 1
	assert_all_read $(scattered 20)
}

# --- submission -------------------------------------------------------

@test "io_uring: interrupted, refused and partial submissions are repeated" {
	local rule
	for rule in "EINTR 2" "EAGAIN 2" "EBUSY 3" "short"; do
		inject_faults "submit * $rule" "?read * slow"
		serve -d 0 1 eth0 "$IMAGE"
		assert_all_read $(scattered 60)
		assert_writable 8
		assert_reply "$(ata_flush)" "$(ata_flushed)"
		wait_for_counters " errors=0 "
		stop_vblade
		assert_equal "$(hex 'a5*512')" "$(file_sectors "$IMAGE" 8 1)"
	done
	grep -q '^read [0-9]* slow ring$' "$FAULT_LOG"
}

@test "with -d nothing is tried in the loop, where it would wait" {
	inject_faults "?now * hang"
	serve -d 0 1 eth0 "$IMAGE"
	assert_all_read $(scattered 20)
	assert_writable 9
}

@test "a write of whole pages is executed in the loop, whatever is cached" {
	lab_mtu 9000
	inject_faults "?now * EAGAIN" "write * slow"
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_write 8 8 'ee*4096')" "$(ata_written 8 8)"
	assert_equal 'write 4096 slow call' "$(grep write "$FAULT_LOG")"
	lab_mtu 1500
}

@test "with -d a lone write is direct: it is aligned for the disk" {
	inject_faults
	serve -d 0 1 eth0 "$IMAGE"
	assert_writable 8
	assert_writable 9
	refute_match unaligned "$(cat "$FAULT_LOG")"
}

# --- the receive ring -------------------------------------------------

# Of 3 frames a block of 256 KiB.
@test "the ring has 32 MiB at most; that this is too little is logged" {
	ip -n "$TARGET_NS" link set lo up mtu 65536
	serve 0 1 lo "$IMAGE"
	wait_for_log 'receive ring holds only 384 frames \(576 requested\)$' 1
	ip -n "$TARGET_NS" link set lo down
}

@test "a larger ring that is refused is requested again, and logged once" {
	local before
	more_refused() { [ "$(wc -l <"$FAULT_LOG")" -gt "$before" ]; }
	inject_faults
	serve 0 1 eth0 "$IMAGE"
	set_faults "rxring * ENOMEM"
	ip -n "$TARGET_NS" link set eth0 mtu 9000
	wait_for_log 'eth0: Cannot allocate memory'
	before=$(wc -l <"$FAULT_LOG")
	wait_until 10 more_refused
	set_faults
	wait_until_readable 7
	assert_equal 1 "$(grep -c 'Cannot allocate memory' "$ERR")"
	ip -n "$TARGET_NS" link set eth0 mtu 1500
}

@test "a larger ring for which there is no address space is a smaller one" {
	local kb
	serve 0 1 eth0 "$IMAGE"
	kb=$(awk '/^VmSize/ { print $2 }' "/proc/$PID/status")
	prlimit --pid "$PID" --as=$(((kb + 2000) * 1024))
	ip -n "$TARGET_NS" link set eth0 mtu 9000
	wait_for_log 'receive ring holds only'
	wait_until_readable 7
	ip -n "$TARGET_NS" link set eth0 mtu 1500
}

@test "an interface created again, without memory for a ring: it advertises" {
	inject_faults
	serve 0 1 eth0 "$IMAGE"
	ip -n "$TARGET_NS" link delete eth0
	wait_for_log 'interface is gone'
	set_faults "rxring * ENOMEM"
	ip -n "$INITIATOR_NS" link add eth0 address "$INITIATOR_MAC" \
		mtu 9000 type veth peer name eth0 address "$TARGET_MAC" \
		mtu 9000 netns "$TARGET_NS"
	ip -n "$INITIATOR_NS" link set eth0 up
	start_listener
	ip -n "$TARGET_NS" link set eth0 up
	wait_for_frame "$(announcement 11)"
	set_faults
	wait_until_readable 7
	lab_mtu 1500
}

# --- the pool ---------------------------------------------------------

# serve_pool: serve with threads, and a disk that has been slow, so
# that the loop performs nothing itself.
serve_pool() {
	VBLADE=$(wrap_vblade without "$WITHOUT" -u)
	inject_faults "read * slow" "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	assert_readable 900
}

@test "threads: there are 16 at most" {
	local i
	serve_pool
	set_faults "read * hang" "sync * hang" "now * EAGAIN"
	start_listener
	for i in $(scattered 40); do
		ata_read "$i" 1
	done | frame -n 0
	frame -n 0 "$(ata_flush)" "$(ata_flush)" "$(ata_flush)"
	wait_for_fault sync
	assert_reply "$(config_read)" \
		"$(response 01 "0040 0100 02 10 0000 @60")"
	assert_equal 17 "$(count_threads)" "threads, with the first"
	set_faults
	wait_for_frame "$(ata_data 351 1 "$(sectors 351 1)")"
	assert_equal 17 "$(count_threads)" "threads, with the first"
}

# Else a thread would run the handler, beside the loop.
@test "threads: signals are blocked in them" {
	local signals=$((1 | 1 << 1 | 1 << 9 | 1 << 14)) task blocked
	serve_pool
	for task in "/proc/$PID/task"/*; do
		[ "${task##*/}" != "$PID" ] || continue
		blocked=0x$(awk '/^SigBlk/ { print $2 }' "$task/status")
		assert_equal $signals $((blocked & signals)) "SigBlk"
	done
	[ -n "${blocked:-}" ]
}

@test "threads: none can be started: the loop performs everything" {
	VBLADE=$(wrap_vblade without "$WITHOUT" -u)
	inject_faults "thread * EAGAIN" "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	assert_all_read $(scattered 20)
	assert_writable 9
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	assert_equal 1 "$(count_threads)" threads
	wait_for_counters ' errors=0 '
}

@test "threads: a second one cannot be started: the first does everything" {
	serve_pool
	assert_all_read 0
	start_listener
	set_faults "read 51200 hang" "now * EAGAIN" "?thread * EAGAIN"
	frame -n 0 "$(TAG=11111111 ata_read 100 1)"
	wait_until 10 grep -q '^read 51200 hang' "$FAULT_LOG"
	frame -n 0 "$(TAG=33333333 ata_read 8 1)"
	wait_until 10 grep -q '^thread ' "$FAULT_LOG"
	set_faults
	wait_for_frame "$(TAG=11111111 ata_data 100 1 "$(sectors 100 1)")"
	wait_for_frame "$(TAG=33333333 ata_data 8 1 "$(sectors 8 1)")"
	assert_equal 2 "$(count_threads)" threads
}

@test "threads: when there is memory again, others are started" {
	serve_pool
	start_listener
	set_faults "read 51200 hang" "now * EAGAIN" "thread * EAGAIN"
	frame -n 0 "$(TAG=11111111 ata_read 100 1)"
	wait_until 10 grep -q '^read 51200 hang' "$FAULT_LOG"
	frame -n 0 "$(TAG=22222222 ata_read 8 1)"
	wait_for_fault thread
	set_faults "read 51200 hang" "now * EAGAIN"
	frame -n 0 "$(TAG=33333333 ata_read 16 1)"
	wait_for_frame "$(TAG=22222222 ata_data 8 1 "$(sectors 8 1)")"
	wait_for_frame "$(TAG=33333333 ata_data 16 1 "$(sectors 16 1)")"
}
