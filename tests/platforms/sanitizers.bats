# The sanitizers and valgrind report nothing: those for addresses and undefined
# behaviour about the replies (clang's) and on the wire (gcc's), that for
# threads with both engines, the memory sanitizer and valgrind about memory
# that was never written.
#
# They open files at run time, so that confine() is left out.

load ../helper
load ../faults
load platforms

# build_sanitized NAME COMPILER SANITIZERS TARGET...
build_sanitized() {
	local name=$1 cc=$2 what=$3
	shift 3
	build "$name" CC="$cc" "$UNCONFINED" \
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

@test "addresses, undefined behaviour, threads: clang, load, both engines" {
	local what
	for what in address,undefined thread; do
		build_sanitized "load-$what" clang "$what" vblade
		suite stress/integrity.bats stress/integrity-threads.bats
	done
}

@test "threads, uninitialised memory: clang, the fuzz suite, not libFuzzer" {
	replay env clang -O1 -fsanitize=thread
	replay env clang -O1 -fsanitize=memory -fno-sanitize-recover=all
}

# make valgrind runs all of two suites so.
@test "uninitialised memory: valgrind, on the wire" {
	build valgrind "$UNCONFINED" CFLAGS='-O1 -g' vblade \
		tests/reply/reply
	VBLADE=$(VBLADE=$TREE/vblade wrap_vblade valgrind valgrind)
	export REPLY_PROGRAM="valgrind $TREE/tests/reply/reply"
	suite ${VALGRIND_SUITES:-net/data.bats}
}
