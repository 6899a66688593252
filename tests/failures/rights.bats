# What the process may do once it serves, shown from inside (see inside.c), and
# what its replies carry.

load ../helper
load failures

setup_file() {
	lab_open
	WITHOUT=$(build_test_program without)
	INSIDE=$(build_test_program failures/inside -shared -fPIC)
	export INSIDE WITHOUT
}

teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	ERR=
}

teardown() { serve_end; }

# take_over PROGRAM: from now on vblade is this program, preloaded with the code
# that attempts what is forbidden.
take_over() {
	VBLADE=$1
	FILES=$BATS_TEST_TMPDIR/files
	mkdir "$FILES"
	touch "$FILES/one" "$FILES/two"
	VBLADE=$(wrap_vblade inside env -C "$FILES" "LD_PRELOAD=$INSIDE")
}

# assert_denied ATTEMPT...: each of these fails in the process for lack of a
# right, and it serves on.
assert_denied() {
	local attempt
	take_over "$VBLADE"
	serve 0 1 eth0 "$IMAGE"
	kill -USR2 "$PID"
	wait_until 10 grep -q '^execute: ' "$ERR"
	for attempt; do
		assert_match "^$attempt: (EPERM|EACCES|EMFILE|EBADF|EXDEV)\$" \
			"$(cat "$ERR")"
	done
	assert_readable 7
}

# build_unconfined: build a program that keeps its rights, and print its name.
build_unconfined() {
	local dir=$BATS_TEST_TMPDIR/unconfined
	mkdir "$dir"
	cp "$TESTS"/../*.[ch] "$TESTS/../Makefile" "$dir"
	make -s -C "$dir" CPPFLAGS=-DUNCONFINED CFLAGS='-O1 -g' vblade >&2
	printf '%s\n' "$dir/vblade"
}

# of_all_threads FIELD: its values in the status of all threads.
of_all_threads() {
	cat /proc/"$PID"/task/*/status | awk -v field="$1:" \
		'$1 == field { print $2 }' | sort -u
}

assert_no_rights() {
	local field
	for field in CapInh CapPrm CapEff CapAmb; do
		assert_equal 0000000000000000 "$(of_all_threads $field)" $field
	done
	assert_equal 1 "$(of_all_threads NoNewPrivs)"
}

@test "no capability is left, and none can be gained" {
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
	assert_no_rights
	refute_match Landlock "$(cat "$ERR")"
}

@test "no capability is left to any thread of the pool" {
	VBLADE=$(wrap_vblade threads "$WITHOUT" -u) serve -d 0 1 eth0 "$IMAGE"
	assert_all_read 1 9 17 25 33
	[ "$(find "/proc/$PID/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ]
	assert_no_rights
}

@test "from inside no file can be opened, made, changed or removed" {
	assert_denied open "open null" create mkdir rename symlink truncate \
		unlink
	assert_equal "$(printf "one\ntwo")" "$(ls "$FILES")"
}

@test "from inside no socket, pipe or descriptor can be made" {
	assert_denied "inet socket" "packet socket" "unix socket" dup dup2 \
		memfd epoll eventfd
}

@test "from inside no socket can be made even after a close, nor by a ring" {
	assert_denied "socket after close" "ring socket"
}

@test "from inside no program can be run, and nothing mounted or read" {
	assert_denied umount chroot unshare "read memory" setuid execute
	# Landlock can deny a signal from its ABI 6 on, Linux 6.12.
	! printf '6.12\n%s\n' "$(uname -r)" | sort -VC ||
		assert_match "^signal: EPERM\$" "$(cat "$ERR")"
	assert_alive
}

@test "without Landlock it serves, and the log says what is missing" {
	VBLADE=$(wrap_vblade without "$WITHOUT" -e 38 -l) \
		serve 0 1 eth0 "$IMAGE"
	wait_for_log 'Landlock is not available: Function not implemented' 1
	assert_readable 7
}

@test "from inside a program that is not confined nothing is denied" {
	take_over "$(build_unconfined)"
	serve 0 1 eth0 "$IMAGE"
	kill -USR2 "$PID"
	wait_until 10 process_gone "$PID"
	assert_equal 25 "$(grep -cE '^[a-z0-9 ]+: (done|E[A-Z]+)$' "$ERR")" \
		"attempts"
	refute_match 'EPERM|EACCES|EMFILE|EBADF|EXDEV' "$(cat "$ERR")"
}

# fill: let every buffer and every slot of the ring hold 0xee.
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
	serve 0 1 eth0 "$IMAGE"
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

# Confined, valgrind could report nothing.  The soak shows that no memory is
# leaked; what main holds to the end would count as such here.
@test "valgrind reports nothing" {
	VBLADE=$(build_unconfined)
	VBLADE=$(wrap_vblade valgrind valgrind -q --vgdb=no --leak-check=no \
		"--log-file=$BATS_TEST_TMPDIR/valgrind.log")
	serve -s 0 1 eth0 "$IMAGE"
	fill
	assert_readable 7
	assert_writable 8
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	query "$(identify)" "$(config_read)" "$(request 03 "01 00")" >/dev/null
	kill -USR1 "$PID"
	wait_for_log ' reads=[0-9]+ '
	stop_vblade
	assert_equal "" "$(cat "$BATS_TEST_TMPDIR/valgrind.log")"
}
