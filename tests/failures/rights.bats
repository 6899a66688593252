# What the process may do once it serves, shown from inside (see inside.c).

load ../helper
load ../faults

setup_file() {
	lab_open
	build_test_program without
	build_test_program failures/inside -shared -fPIC
}

teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	ERR=
}

teardown() { serve_end; }

# take_over: serve, preloaded with the code that attempts what is forbidden, and
# let it do so.
take_over() {
	FILES=$BATS_TEST_TMPDIR/files
	mkdir "$FILES"
	touch "$FILES/one" "$FILES/two"
	VBLADE=$(wrap_vblade inside env -C "$FILES" "LD_PRELOAD=$INSIDE")
	serve 0 1 eth0 "$IMAGE"
	kill -USR2 "$PID"
}

# assert_denied ATTEMPT...: each of these fails in the process for lack of a
# right, and it serves on.
assert_denied() {
	local attempt
	take_over
	wait_until 10 grep -q '^execute: ' "$ERR"
	for attempt; do
		assert_match "^$attempt: (EPERM|EACCES|EMFILE|EBADF|EXDEV)\$" \
			"$(cat "$ERR")"
	done
	assert_readable 7
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

@test "no capability is left to any thread, and none can be gained" {
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
	assert_no_rights
	refute_match Landlock "$(cat "$ERR")"
	serve_end
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

@test "from inside no descriptor can be made, not even after a close" {
	assert_denied "inet socket" "packet socket" "unix socket" dup dup2 \
		memfd epoll eventfd "socket after close" ring
}

@test "from inside no program can be run, and nothing mounted or read" {
	assert_denied umount chroot unshare "read memory" setuid execute
	# Landlock can deny a signal from its ABI 6 on, Linux 6.12.
	! printf '6.12\n%s\n' "$(uname -r)" | sort -VC ||
		assert_match "^signal: EPERM\$" "$(cat "$ERR")"
	assert_alive
}

@test "from inside its io_uring takes only what serving needs" {
	assert_denied "probe ring"
	assert_match 'io_uring$' "$(grep 'disk I/O by' "$ERR")"
}

@test "from inside the filter of its socket cannot be taken away" {
	assert_denied "detach filter"
	assert_match '^detach filter: EPERM$' "$(cat "$ERR")"
}

@test "without Landlock it serves, and the log says what is missing" {
	VBLADE=$(wrap_vblade without "$WITHOUT" -e 38 -l) \
		serve 0 1 eth0 "$IMAGE"
	wait_for_log 'Landlock is not available: Function not implemented' 1
	assert_readable 7
}

@test "from inside a program that is not confined nothing is denied" {
	cp "$TESTS"/../*.[ch] "$TESTS/../Makefile" "$BATS_TEST_TMPDIR"
	VBLADE=$BATS_TEST_TMPDIR/vblade
	make -s -C "${VBLADE%/*}" "$UNCONFINED" vblade
	take_over
	wait_until 10 process_gone "$PID"
	assert_equal 27 "$(grep -cE '^[a-z0-9 ]+: (done|E[A-Z]+)$' "$ERR")" \
		"attempts"
	# The ring and the filter are restricted before that.
	refute_match 'EPERM|EACCES|EMFILE|EBADF|EXDEV' \
		"$(grep -vE '^(probe ring: EACCES|detach filter: EPERM)$' "$ERR")"
}
