# Nobody in who does not belong, and nothing out: what the process may do once
# it serves, seen from inside, and what its replies carry.  That it serves on
# when its interface is made again is T3, that CAP_NET_RAW suffices T38, whom
# it refuses to share a disk with T28.

load ../helper
load failures

setup_file() {
	lab_open
	fault_setup
}

teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

# inside CALL...: let the process make these calls of the C library and print
# what each returns.
inside() {
	local call
	for call; do
		printf 'print ((int(*)())%s)(%s)\n' \
			"${call%%(*}" "$(cut -d'(' -f2- <<<"${call%)}")"
	done >"$BATS_TEST_TMPDIR/calls"
	gdb -nx -batch -p "$PID" -x "$BATS_TEST_TMPDIR/calls" \
		>"$BATS_TEST_TMPDIR/gdb" 2>&1
	sed -n 's/^\$[0-9]* = //p' "$BATS_TEST_TMPDIR/gdb"
}

# forbidden CALL...: each of them fails.
forbidden() {
	same "$(printf -- "-1 %s\n" "$@")" \
		"$(inside "$@" | paste -d " " - <(printf "%s\n" "$@"))"
}

# of_all_threads FIELD: its values in the status of all threads.
of_all_threads() {
	cat /proc/"$PID"/task/*/status | awk -v field="$1:" \
		'$1 == field { print $2 }' | sort -u
}

@test "no capability is left to any thread, and none can be gained" {
	local field
	faulty "now * EAGAIN"
	serve 0 1 eth0 "$IMAGE"
	reads 7
	same 2 "$(ls "/proc/$PID/task" | wc -l)" "threads"
	for field in CapInh CapPrm CapEff CapAmb; do
		same 0000000000000000 "$(of_all_threads $field)" $field
	done
	same 1 "$(of_all_threads NoNewPrivs)"
}

@test "from inside no file can be opened, made, changed or removed" {
	: >"$BATS_TEST_TMPDIR/file"
	ln -sf "$BATS_TEST_TMPDIR" /tmp/"vb$$"
	serve 0 1 eth0 "$IMAGE"
	forbidden "open(\"/etc/passwd\", 0)" "open(\"/dev/null\", 0)" \
		"open(\"/tmp/vb$$/new\", 0102, 0600)" \
		"unlink(\"/tmp/vb$$/file\")" "mkdir(\"/tmp/vb$$/dir\", 0700)" \
		"rename(\"/tmp/vb$$/file\", \"/tmp/vb$$/other\")" \
		"symlink(\"/etc\", \"/tmp/vb$$/link\")" \
		"truncate(\"/tmp/vb$$/file\", 1L)"
	rm /tmp/"vb$$"
	reads 7
}

@test "from inside no socket, pipe or descriptor can be had" {
	serve 0 1 eth0 "$IMAGE"
	forbidden "socket(2, 1, 0)" "socket(17, 3, 0)" "socket(1, 1, 0)" \
		"dup(0)" "dup2(0, 200)" "memfd_create(\"x\", 0)" \
		"epoll_create1(0)" "eventfd(0, 0)"
	reads 7
}

@test "from inside no program can be run, and nothing mounted or traced" {
	serve 0 1 eth0 "$IMAGE"
	forbidden "execl(\"/bin/true\", \"true\", (char *)0)" \
		"mount(\"/\", \"/mnt\", 0, 4096L, 0)" "setuid(1)" \
		"chroot(\"/\")" "unshare(0x20000)" "ptrace(16, 1, 0, 0)"
	reads 7
	alive
}

@test "from inside what is allowed succeeds, so the tests above see" {
	serve 0 1 eth0 "$IMAGE"
	same "$PID" "$(inside "getpid()")"
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
	same 11 "$(wc -l <"$BATS_TEST_TMPDIR/replies")"
	while read -r reply; do
		lacks '^(..)*eeee' "$reply"
	done <"$BATS_TEST_TMPDIR/replies"
}

@test "a config string that was cleared or shortened is gone" {
	serve 0 1 eth0 "$IMAGE"
	query "$(request 01 "0000 0000 00 14 0400 ee*1024")" >/dev/null
	expect "$(request 01 "0000 0000 00 14 0000")" \
		"$(response 01 "0040 0100 02 14 0000 @60")"
	expect "$(request 01 "0000 0000 00 13 0002 6162")" \
		"$(response 01 "0040 0100 02 13 0002 6162 @60")"
	expect "$(config_read)" \
		"$(response 01 "0040 0100 02 10 0002 6162 @60")"
}

# Confined, valgrind could say nothing.  That no memory is lost is shown by the
# soak; what main holds to the end would count as such here.
@test "valgrind has nothing to say" {
	REAL=$BATS_TEST_TMPDIR/vblade
	"${CC:-gcc}" -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DUNCONFINED -O1 -g \
		-pthread -o "$REAL" "$TESTS/../vblade.c" "$TESTS/../linux.c"
	VBLADE=$(guise valgrind valgrind -q --leak-check=no \
		"--log-file=$BATS_TEST_TMPDIR/valgrind.log")
	serve -s 0 1 eth0 "$IMAGE"
	fill
	reads 7
	writes 8
	expect "$(ata_flush)" "$(ata_flushed)"
	query "$(identify)" "$(config_read)" "$(request 03 "01 00")" >/dev/null
	kill -USR1 "$PID"
	said ' other requests'
	stop
	same "" "$(cat "$BATS_TEST_TMPDIR/valgrind.log")"
}
