# With standard streams closed, full or without a reader vblade serves all the
# same, and never takes the disk or the network for a stream.

load ../helper
load ../faults

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	PIPE=$BATS_TEST_TMPDIR/pipe
	mkfifo "$PIPE"
}

teardown() { serve_end; }

# serve_by SCRIPT: start vblade by a shell script, which executes "$@".
serve_by() {
	background "$TARGET_NS" sh -c "$1" sh "$VBLADE" -v 0 1 eth0 "$IMAGE"
	wait_until_readable 7
}

# assert_serves: it serves, and the image holds what was written and no more.
assert_serves() {
	assert_reply "$(ata_write 3 1 '5a*512')" "$(ata_written 3 1)"
	kill -USR1 "$PID"
	assert_readable 4
	stop_vblade
	assert_equal "$(sectors 0 3)$(hex '5a*512')$(sectors 4 60)" \
		"$(to_hex <"$IMAGE")"
}

@test "streams that are closed or full" {
	local how
	for how in '<&-' '>&-' '2>&-' '<&- >&- 2>&-' '>/dev/full' \
		'2>/dev/full'; do
		IMAGE=$(image 64)
		serve_by "exec \"\$@\" $how"
		assert_serves
	done
}

@test "streams that are closed, without /dev/null" {
	serve_by 'exec unshare -m sh -c "
		mount -t tmpfs tmpfs /dev
		exec \"\$@\" <&- >&- 2>&-" sh "$@"'
	assert_serves
}

@test "files are appended to" {
	local log=$BATS_TEST_TMPDIR/log
	echo before >"$log"
	serve_by "exec \"\$@\" >>'$log' 2>>'$log'"
	assert_serves
	assert_equal before "$(head -n 1 "$log")" "the first line"
}

# The first message, about the last byte, comes before anything is set up.
@test "a file that may not grow" {
	echo >>"$IMAGE"
	serve_by "ulimit -f 0 && exec \"\$@\" 2>>'$BATS_TEST_TMPDIR/log'"
	stop_vblade
}

# A pipe without a reader that is full.
@test "pipes that are full" {
	exec 8<>"$PIPE"
	dd if=/dev/zero bs=64k count=1 status=none >&8
	serve_by "exec \"\$@\" >'$PIPE' 2>'$PIPE' 8>&-"
	assert_serves
	exec 8>&-
}

@test "pipes that another process fills" {
	build_test_program cli/writable -shared -fPIC
	exec 8<>"$PIPE"
	dd if=/dev/zero bs=64k count=1 status=none >&8
	serve_by "LD_PRELOAD='$WRITABLE' exec \"\$@\" >'$PIPE' 2>&1 8>&-"
	assert_serves
	exec 8>&-
}

# One that nothing reads, and full, but for what select(2) says of it.
@test "a terminal that another process fills" {
	local terminal
	build_test_program cli/writable -shared -fPIC
	background "" script -q -c 'tty; exec sleep 600' /dev/null
	wait_until 10 grep -q /dev/pts "$OUT"
	terminal=$(tr -d '\r' <"$OUT")
	kill -STOP "$PID"
	refute dd if=/dev/zero of="$terminal" oflag=nonblock bs=1 count=1M
	serve_by "LD_PRELOAD='$WRITABLE' exec \"\$@\" >'$terminal' 2>&1"
	assert_serves
}

# serve_on_terminal COMMAND...: start vblade by a command, on a terminal.
serve_on_terminal() {
	background "$TARGET_NS" script -q -c \
		"$* '$VBLADE' -v 0 1 eth0 '$IMAGE'" /dev/null
	wait_until 20 grep -q '^pid' "$OUT"
	PID=$(sed -n 's/^pid \([0-9]*\):.*/\1/p' "$OUT")
	SERVED+=("$PID")
}

# stop_on_terminal: end it, and wait, though it is no child of ours.
stop_on_terminal() {
	kill "$PID"
	wait_until 10 process_gone "$PID"
}

@test "a terminal, without /proc" {
	serve_on_terminal unshare -m sh -c \
		"'mount -t tmpfs tmpfs /proc; exec \"\$@\"'" sh
	assert_readable 7
	stop_on_terminal
	assert_match ' read of 1 sectors at 7: ok' "$(<"$OUT")"
}

# On FreeBSD, descriptors 0 to 2 are confined.
@test "a terminal has no descriptor beside the standard ones" {
	serve_on_terminal exec
	assert_match ' 2 -> [^ ]*/dev/pts/' "$(ls -l "/proc/$PID/fd")"
	refute_match ' ([3-9]|..+) -> [^ ]*/dev/pts/' "$(ls -l "/proc/$PID/fd" |
		sed 's/.* \([0-9]* -> \)/ \1/')"
	stop_on_terminal
}

# Without /proc the pipe cannot be opened again.
@test "a full pipe that cannot be reopened" {
	exec 8<>"$PIPE"
	serve_by 'exec unshare -m sh -c "
		mount -t tmpfs tmpfs /proc
		exec \"\$@\" 2>&8" sh "$@"'
	on_initiator timeout 20 "$TESTS/load" -w 8 -n 1 -d 1 0 1 eth0
	exec 8>&-
	assert_serves
}

# It might block: logging ends.
@test "a terminal that cannot be reopened" {
	local terminal log
	background "" script -q -c 'chmod 0 "$(tty)"; tty; exec sleep 600' \
		/dev/null
	wait_until 10 grep -q /dev/pts "$OUT"
	log=$OUT terminal=$(tr -d '\r' <"$OUT")
	VBLADE=$(wrap_vblade closed "2>$terminal" setpriv \
		--bounding-set -dac_override,-dac_read_search) \
		serve -v 0 1 eth0 "$IMAGE"
	assert_serves
	assert_match 'logging ends.$' "$(tail -n 1 "$log")"
}

@test "a socket that nothing reads" {
	build_test_program cli/unread
	VBLADE=$(wrap_vblade unread "$UNREAD") serve -v 0 1 eth0 "$IMAGE"
	yes "$(ata_read 7 1)" | head -n 200 | frame -n 0
	assert_serves
}

@test "a socket that another process fills" {
	build_test_program cli/rival -shared -fPIC -ldl
	VBLADE=$(wrap_vblade rival env "LD_PRELOAD=$RIVAL") \
		serve -v 0 1 eth0 "$IMAGE"
	assert_serves
}

@test "the reader of standard error exits" {
	: <"$PIPE" &
	serve_by "exec \"\$@\" 2>'$PIPE'"
	assert_serves
}

# The first thing that it logs is that the file has a part of a sector.
@test "standard error has no reader at the start" {
	printf x >>"$IMAGE"
	serve_by "exec 8<>'$PIPE' 2>'$PIPE' 8>&-; exec \"\$@\""
	assert_readable 7
}

# No descriptor that it opens fits in a set of select(2).
@test "an error is reported with 1,024 descriptors open" {
	VBLADE=$(wrap_vblade many bash -c "'
		ulimit -n 2000
		for fd in {3..1030}; do eval \"exec \$fd</dev/null\"; done
		set -o pipefail
		\"\$0\" \"\$@\" 2>&1 | cat >&2'")
	assert_refused 1 'nosuch: No such device' 0 1 nosuch "$IMAGE"
}
