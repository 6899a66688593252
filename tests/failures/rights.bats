# Nobody in who does not belong, and nothing out: what the process may do once
# it serves, seen from inside, and what its replies carry.  That it serves on
# when its interface is made again is T3, that CAP_NET_RAW suffices T38, whom
# it refuses to share a disk with T28.

load ../helper
load failures

setup_file() {
	lab_open
	build_fault_shim
	INSIDE=$(build_tool inside -shared -fPIC)
	export INSIDE
}

teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

# inside PROGRAM: from now on vblade is this program, with the shim inside.c
# under it that tries what is forbidden.
inside() {
	REAL=$1
	TOLD=$BATS_TEST_TMPDIR/told
	: >"$TOLD"
	mkdir -p "$BATS_TEST_TMPDIR/files"
	: >"$BATS_TEST_TMPDIR/files/one"
	: >"$BATS_TEST_TMPDIR/files/two"
	VBLADE=$(wrap_vblade inside env "LD_PRELOAD=$INSIDE" "INSIDE=$TOLD" \
		"INSIDE_DIR=$BATS_TEST_TMPDIR/files")
}

# try_all: let the process try it; what came of it is then in the file $TOLD.
try_all() {
	kill -USR2 "$PID"
	wait_until 10 grep -q '^execute: ' "$TOLD"
}

# assert_denied TRIAL...: each of these was not allowed.
assert_denied() {
	local trial
	for trial; do
		assert_match "^$trial: (EPERM|EACCES|EMFILE|EBADF|EXDEV)\$" \
			"$(cat "$TOLD")"
	done
}

# unconfined: build a program that keeps its rights, and print its name.
unconfined() {
	"${CC:-gcc}" -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DUNCONFINED -O1 -g \
		-pthread -o "$BATS_TEST_TMPDIR/vblade" \
		"$TESTS/../vblade.c" "$TESTS/../linux.c"
	printf '%s\n' "$BATS_TEST_TMPDIR/vblade"
}

# of_all_threads FIELD: its values in the status of all threads.
of_all_threads() {
	cat /proc/"$PID"/task/*/status | awk -v field="$1:" \
		'$1 == field { print $2 }' | sort -u
}

@test "no capability is left to any thread, and none can be gained" {
	local field
	inject_faults "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
	assert_equal 2 "$(ls "/proc/$PID/task" | wc -l)" "threads"
	for field in CapInh CapPrm CapEff CapAmb; do
		assert_equal 0000000000000000 "$(of_all_threads $field)" $field
	done
	assert_equal 1 "$(of_all_threads NoNewPrivs)"
}

@test "from inside no file can be opened, made, changed or removed" {
	inside "$VBLADE"
	serve 0 1 eth0 "$IMAGE"
	try_all
	assert_denied open "open null" create mkdir rename symlink truncate \
		unlink
	assert_equal "$(printf "one\ntwo")" "$(ls "$BATS_TEST_TMPDIR/files")"
	assert_readable 7
}

@test "from inside no socket, pipe or descriptor can be had" {
	inside "$VBLADE"
	serve 0 1 eth0 "$IMAGE"
	try_all
	assert_denied "inet socket" "packet socket" "unix socket" dup dup2 \
		memfd \
		epoll eventfd
	assert_readable 7
}

@test "from inside no program can be run, and nothing mounted or read" {
	inside "$VBLADE"
	serve 0 1 eth0 "$IMAGE"
	try_all
	assert_denied umount chroot unshare spy setuid execute
	assert_readable 7
	assert_alive
}

@test "from inside a program that is not confined is refused nothing" {
	inside "$(unconfined)"
	serve 0 1 eth0 "$IMAGE"
	kill -USR2 "$PID"
	wait_until 10 process_gone "$PID"
	assert_equal 22 "$(wc -l <"$TOLD")" "trials"
	refute_match 'EPERM|EACCES|EMFILE|EBADF|EXDEV' "$(cat "$TOLD")"
}

# fill: let every cell and every slot of the ring hold 0xee.
fill() {
	for _ in $(seq 40); do
		ata_write 1 2 'ee*1024'
		request 01 "eeee eeee ee 14 03e8 ee*1000"
		request 02 "ee 01 ee 00 ee*1400"
		request 77 "ee*1400"
		ata_read 1 2
	done | frame -n 200 >/dev/null
}

@test "no byte of another client's frames leaves in a reply" {
	local reply
	serve -j 2 0 1 eth0 "$IMAGE"
	fill
	query "$(request 01 "0000 0000 00 14 0002 6162")" >/dev/null
	query "$(config_read)" "$(ata_flush)" "$(ata_write 3 1 '11*512')" \
		"$(ata_read 99 1)" "$(request 02 "00 00 00 00")" \
		"$(request 03 "00 00")" "$(request 66 "")" "$(identify)" \
		"$(ata_read 7 1)" "$(request 01 "0000 0000 00 13 0001 63")" \
		"$(request 00 "00 00 00 e5 000000000000 0000")" \
		>"$BATS_TEST_TMPDIR/replies"
	assert_equal 11 "$(wc -l <"$BATS_TEST_TMPDIR/replies")"
	while read -r reply; do
		refute_match '^(..)*eeee' "$reply"
	done <"$BATS_TEST_TMPDIR/replies"
}

@test "a config string that was cleared or shortened is gone" {
	serve 0 1 eth0 "$IMAGE"
	query "$(request 01 "0000 0000 00 14 0400 ee*1024")" >/dev/null
	assert_reply "$(request 01 "0000 0000 00 14 0000")" \
		"$(response 01 "0040 0100 02 14 0000 @60")"
	assert_reply "$(request 01 "0000 0000 00 13 0002 6162")" \
		"$(response 01 "0040 0100 02 13 0002 6162 @60")"
	assert_reply "$(config_read)" \
		"$(response 01 "0040 0100 02 10 0002 6162 @60")"
}

# Confined, valgrind could say nothing.  That no memory is lost is shown by the
# soak; what main holds to the end would count as such here.
@test "valgrind has nothing to say" {
	REAL=$(unconfined)
	VBLADE=$(wrap_vblade valgrind valgrind -q --vgdb=no --leak-check=no \
		"--log-file=$BATS_TEST_TMPDIR/valgrind.log")
	serve -s 0 1 eth0 "$IMAGE"
	fill
	assert_readable 7
	assert_writable 8
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	query "$(identify)" "$(config_read)" "$(request 03 "01 00")" >/dev/null
	kill -USR1 "$PID"
	wait_for_log ' other requests'
	stop_vblade
	assert_equal "" "$(cat "$BATS_TEST_TMPDIR/valgrind.log")"
}
