# shellcheck shell=bash
#
# What the tests of the disk share: the engine under test, faults that are
# injected by shim.c, and requests that arrive together.
#
# Disk work is done by io_uring, the engine, or by a pool of threads.  A file
# of tests whose name ends in -threads.bats (a link to the other one) runs them
# on a kernel that refuses io_uring.

case ${BATS_TEST_FILENAME:-} in
*-threads.bats)
	ENGINE=threads
	ENGINE_LOG='disk I/O by threads$'
	;;
*)
	ENGINE=ring
	: "${ENGINE_LOG:=disk I/O by io_uring}"
	;;
esac

# build_test_program NAME FLAG...: compile tests/NAME.c; a variable of its name
# in capitals, such as $WITHOUT, has the name of the program.
build_test_program() {
	local name=${1##*/}
	"${CC:-cc}" -std=gnu11 -O2 -pthread -o "$BATS_FILE_TMPDIR/$name" \
		"$TESTS/$1.c" "${@:2}" || return
	export "${name^^}=$BATS_FILE_TMPDIR/$name"
}

# build_engine: from now on $VBLADE uses the engine under test, and faults may
# be injected; in setup_file.
build_engine() {
	build_test_program without
	build_test_program shim -shared -fPIC -ldl
	[ "$ENGINE" = ring ] || VBLADE=$(wrap_vblade threads "$WITHOUT" -u)
	export VBLADE
}

# assert_engine: the vblade started last, if any, uses the engine under test.
assert_engine() {
	[ -z "${ERR:-}" ] || ! grep -q 'disk I/O by' "$ERR" ||
		assert_match "$ENGINE_LOG" "$(cat "$ERR")"
}

# inject_faults [RULE...]: vblade will run with the shim and these rules.
inject_faults() {
	export FAULT_RULES=$BATS_TEST_TMPDIR/rules
	export FAULT_LOG=$BATS_TEST_TMPDIR/injected
	: >"$FAULT_LOG"
	rm -f "$FAULT_RULES.calls"
	set_faults "$@"
	[ "${VBLADE##*/}" = faults ] ||
		VBLADE=$(wrap_vblade faults env "LD_PRELOAD=$SHIM")
}

# set_faults [RULE...]: these rules apply from now on, and no others.  One
# write replaces them all, so that at no moment there are none.  A rule that
# begins with a question mark need not come to be used.
set_faults() {
	local rule text=
	for rule; do
		text+=${rule#\?}$'\n'
		[ "${rule#\?}" != "$rule" ] ||
			echo "${rule%% *}" >>"$FAULT_RULES.calls"
	done
	printf '%-1024s' "$text" 1<>"$FAULT_RULES"
}

# wait_for_fault CALL: such a fault has been injected.
wait_for_fault() { wait_until 10 grep -q "^$1 " "$FAULT_LOG"; }

# assert_injected: every kind of fault that the test specified was injected.
assert_injected() {
	local call
	[ -e "${FAULT_RULES:-}.calls" ] || return 0
	while read -r call; do
		grep -q "^$call " "$FAULT_LOG" ||
			fail "no fault was injected: $call" || return
	done <"$FAULT_RULES.calls"
}

# faults_end: what injects faults has ended.  In teardown, of which bats looks
# at the last command only; let that be assert_injected && assert_engine.
faults_end() {
	[ ! -e "$BATS_TEST_TMPDIR/rules" ] || set_faults
	serve_end
}

# assert_all_read LBA...: these sectors are read, by requests in one batch.
assert_all_read() {
	local i
	start_listener
	kill -STOP "$PID"
	for i; do
		ata_read "$i" 1
	done | frame -n 0
	kill -CONT "$PID"
	for i; do
		wait_for_frame "$(ata_data "$i" 1 "$(sectors "$i" 1)")"
	done
}
