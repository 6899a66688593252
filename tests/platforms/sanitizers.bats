# The sanitizers and valgrind report nothing: those for addresses and undefined
# behaviour about the replies (clang's) and on the wire (gcc's), that for
# threads with both engines, the memory sanitizer and valgrind about memory
# that was never written.
#
# They open files at run time, so that confine() is left out.

load ../helper
load ../faults
load platforms

setup_file() {
	WITHOUT=$(build_test_program without)
	export WITHOUT
}

teardown() {
	serve_end
	lab_close
}

# build_sanitized NAME COMPILER SANITIZERS TARGET...
build_sanitized() {
	local name=$1 cc=$2 what=$3
	shift 3
	build "$name" CC="$cc" CPPFLAGS=-DUNCONFINED \
		CFLAGS="-O1 -g -fsanitize=$what -fno-sanitize-recover=all" "$@"
	export VBLADE=$TREE/vblade REPLY_PROGRAM=$TREE/tests/reply/reply
}

@test "addresses and undefined behaviour: clang, the reply suite" {
	build_sanitized asan-clang clang address,undefined tests/reply/reply
	suite reply
}

@test "addresses and undefined behaviour: gcc, on the wire" {
	build_sanitized asan-gcc gcc address,undefined vblade
	suite net
}

@test "threads: gcc, the order of the reply suite" {
	build_sanitized tsan-gcc gcc thread tests/reply/reply
	POOL=1 suite reply/order.bats reply/run.bats reply/sync.bats
}

# load_both_engines OPTIONS...: with each of these and with each engine, keep
# both ends of a wire busy for some seconds.
load_both_engines() {
	local file=$BATS_TEST_TMPDIR/image program=$VBLADE options line
	local threads=$BATS_TEST_TMPDIR/threads log=$BATS_TEST_TMPDIR/log
	export ASAN_OPTIONS=detect_leaks=0:log_path=$log
	export UBSAN_OPTIONS=log_path=$log TSAN_OPTIONS=log_path=$log
	printf '#!/bin/sh\nexec "%s" -u "%s" "$@"\n' "$WITHOUT" "$program" \
		>"$threads"
	chmod 755 "$threads"
	lab_open 9000
	for options; do
		for VBLADE in "$program" "$threads"; do
			rm -f "$file"
			truncate -s 16M "$file"
			# shellcheck disable=SC2086
			serve $options 0 1 eth0 "$file"
			assert_match "disk I/O by $([ "$VBLADE" = "$threads" ] &&
				echo threads || echo io_uring)" "$(cat "$ERR")"
			line=$(on_initiator timeout -s KILL 60 \
				"$TESTS/load" -m mixed -u -r -d 3 0 1 eth0) ||
				fail "vblade $options: the load failed" \
					"$(assert_no_reports 2>&1)"
			assert_match ' errors=0 bad=0 mismatches=0 ' "$line"
			stop_vblade
			assert_no_reports
		done
	done
}

@test "addresses and undefined behaviour: clang, under load, both engines" {
	build_sanitized asan-load clang address,undefined vblade
	load_both_engines '' '-s -d'
}

@test "threads: clang, under load, both engines" {
	build_sanitized tsan-clang clang thread vblade
	load_both_engines '' -d -s
}

@test "uninitialised memory: clang, the seeds of the fuzz suite" {
	replay env -- clang -O1 -fsanitize=memory -fno-sanitize-recover=all
}

@test "uninitialised memory: valgrind, the seeds of the fuzz suite" {
	replay valgrind -q --vgdb=no --error-exitcode=9 -- gcc -O1
}

# make valgrind runs all of two suites so.
@test "uninitialised memory: valgrind, on the wire" {
	build valgrind CPPFLAGS=-DUNCONFINED CFLAGS='-O1 -g' vblade \
		tests/reply/reply
	printf '#!/bin/sh\nexec valgrind "%s" "$@"\n' "$TREE/vblade" \
		>"$BATS_TEST_TMPDIR/vblade"
	chmod +x "$BATS_TEST_TMPDIR/vblade"
	export VBLADE=$BATS_TEST_TMPDIR/vblade
	export REPLY_PROGRAM="valgrind $TREE/tests/reply/reply"
	# shellcheck disable=SC2086
	suite ${VALGRIND_SUITES:-net/data.bats}
}
