# What the tests of this directory share: vblade and the rootless program of
# the reply suite, built in a copy of the tree by another compiler, or for
# another processor, and suites that are run with those.

# build NAME ARGUMENT...: run make with the arguments in a copy of the tree,
# $TREE; the compiler must not report anything.
build() {
	local output
	TREE=$BATS_FILE_TMPDIR/$1
	shift
	mkdir "$TREE"
	(cd "$TESTS/.." && git ls-files Makefile '*.[ch]' | tar -c -T -) |
		tar -x -C "$TREE"
	output=$(make -s -C "$TREE" "$@" 2>&1) || fail "make $*" "$output" ||
		return
	assert_equal '' "$output" "make $* is silent"
}

# suite FILE... [-- NAME...]: all tests in these files of other suites pass with
# $VBLADE and $REPLY_PROGRAM, except those named, which fail; the sanitizers
# report nothing.  FILTER, if set, is a pattern of the tests to run.  A signal
# handler may call anything, since it interrupts only a wait.
suite() {
	local files=() expected tap=$BATS_TEST_TMPDIR/tap
	local log=$BATS_TEST_TMPDIR/log
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		files+=("$TESTS/$1")
		shift
	done
	expected=$(printf '%s\n' "${@:2}")
	ASAN_OPTIONS=detect_leaks=0:log_path=$log UBSAN_OPTIONS=log_path=$log \
		TSAN_OPTIONS=log_path=$log:report_signal_unsafe=0 STRESS=50 \
		VALGRIND_OPTS="-q --vgdb=no --log-file=$log.%p" \
		bats --tap -f "${FILTER:-}" "${files[@]}" >"$tap" 2>&1 3>&- || :
	assert_equal "$expected" "$(sed -n 's/^not ok [0-9]* //p' "$tap")" \
		"failures" || fail "$(grep -v '^ok' "$tap" | head -60)" \
		"$(assert_no_reports 2>&1)" || return
	assert_equal "$(sed -n 's/^1\.\.//p' "$tap")" \
		"$(grep -cE '^(not )?ok ' "$tap")" "tests that ran"
	assert_no_reports
}

# A report of a sanitizer fails the test, even if nothing else does.
assert_no_reports() {
	local reports
	reports=$(find "$BATS_TEST_TMPDIR" -name 'log.*' -size +0 -exec cat {} +)
	assert_equal '' "$(head -60 <<<"$reports")" 'the sanitizers'
}

# replay COMMAND COMPILER...: the fuzz target and random.c, compiled so and run
# by that command, find no error: in the seeds, and in five seconds.
replay() {
	local dir=$BATS_TEST_TMPDIR
	"$TESTS/fuzz/build" "$dir/fuzz" "${@:2}" &&
		"$TESTS/fuzz/build" "$dir/random" "${@:2}" &&
		"$1" "$dir/fuzz" "$TESTS/fuzz/seeds"/* && "$1" "$dir/random" 5
}
