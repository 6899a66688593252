# What the sanitizers and valgrind find: nothing.  Each looks at what it can
# see best: the address and undefined behaviour sanitizers at the answers
# (clang's) and at the wire (gcc's), the thread sanitizers at the workers,
# the memory sanitizer and valgrind at what nobody wrote.
#
# They open files as they please, so that confine() is left out here.

load ../helper
load platforms

teardown() {
	serve_end
	lab_close
}

# sanitized NAME COMPILER SANITIZERS TARGET...
sanitized() {
	local name=$1 cc=$2 what=$3
	shift 3
	build "$name" CC="$cc" CPPFLAGS=-DUNCONFINED \
		CFLAGS="-O1 -g -fsanitize=$what -fno-sanitize-recover=all" "$@"
	export VBLADE=$TREE/vblade REPLY_PROGRAM=$TREE/tests/reply/reply
}

@test "addresses and undefined behaviour: clang, the reply suite" {
	sanitized asan-clang clang address,undefined tests/reply/reply
	suite reply
}

@test "addresses and undefined behaviour: gcc, on the wire" {
	sanitized asan-gcc gcc address,undefined vblade
	suite net
}

@test "threads: gcc, workers of the reply suite" {
	sanitized tsan-gcc gcc thread tests/reply/reply
	suite reply/order.bats reply/run.bats reply/sync.bats
}

# load OPTION...: both ends of a wire busy for some seconds.
load_for() {
	local file=$BATS_TEST_TMPDIR/image line
	truncate -s 16M "$file"
	export TSAN_OPTIONS=log_path=$BATS_TEST_TMPDIR/log
	lab_open 9000
	serve "$@" 0 1 eth0 "$file"
	line=$(on_initiator timeout -s KILL 60 \
		"$TESTS/load" -m mixed -d 5 0 1 eth0) ||
		fail 'the load was in vain' "$(logged_nothing 2>&1)"
	assert_match ' errors=0 bad=0 mismatches=0 ' "$line"
	stop_vblade
	logged_nothing
}

@test "threads: clang, under load" {
	sanitized tsan-clang clang thread vblade
	load_for
}

@test "threads: clang, under load with -d" {
	sanitized tsan-clang clang thread vblade
	load_for -d
}

@test "threads: clang, under load with -s" {
	sanitized tsan-clang clang thread vblade
	load_for -s
}

@test "memory nobody wrote: clang, the seeds of the fuzz suite" {
	replay env -- clang -O1 -fsanitize=memory -fno-sanitize-recover=all
}

@test "memory nobody wrote: valgrind, the seeds of the fuzz suite" {
	replay valgrind -q --vgdb=no --error-exitcode=9 -- gcc -O1
}

@test "memory nobody wrote: valgrind, reads and writes on the wire" {
	build valgrind CPPFLAGS=-DUNCONFINED CFLAGS='-O1 -g' vblade
	printf '#!/bin/sh\nexec valgrind "%s" "$@"\n' "$TREE/vblade" \
		>"$BATS_TEST_TMPDIR/vblade"
	chmod +x "$BATS_TEST_TMPDIR/vblade"
	export VBLADE=$BATS_TEST_TMPDIR/vblade
	suite net/data.bats
}
