# shellcheck shell=bats disable=SC2016,SC2034,SC2153,SC2030,SC2031,SC1003
#
# vbladed opens and checks everything, tells what is wrong and fails, or goes
# to the background when it is ready; from then on it tells syslog.

load ../helper

setup_file() {
	make -s -C "$TESTS/.." tests/service/datagrams
	lab_open
}
teardown_file() { lab_close; }

setup() {
	VBLADED=$BATS_TEST_TMPDIR/vbladed
	ln -s "$(realpath "$VBLADE")" "$VBLADED"
	cd "$BATS_TEST_TMPDIR" || return
	mv "$(image 8)" disk.img
	syslogd
}

# Daemons are nobody's children: whatever is in the namespace goes.
teardown() {
	local pid
	serve_end
	for pid in $(ip netns pids "$TARGET_NS"); do
		kill -9 "$pid" || :
	done
	wait_until 10 none_left
	on_target ip link set eth0 up
}

none_left() {
	[ -z "$(ip netns pids "$TARGET_NS")" ]
}

# syslogd: a /dev of our own, with a /dev/log, of which what is logged goes to
# the file $LOG.
syslogd() {
	# The variables are that shell's.
	# shellcheck disable=SC2016
	background "$TARGET_NS" unshare --mount sh -ec '
		mount -t tmpfs tmpfs /dev
		mknod -m 666 /dev/null c 1 3
		exec "$0" /dev/log' "$TESTS/service/datagrams"
	SYSLOGD=$PID
	LOG=$OUT
	wait_until 10 grep -q bound "$LOG"
}

# vbladed ARGUMENT...: run it, as bats' run does.  It gets 10 seconds.
vbladed() {
	run timeout 10 nsenter -t "$SYSLOGD" --mount --net --wd=. \
		"$VBLADED" "$@" 3>&-
}

# daemon: the pid of the one that serves.
daemon() {
	local pid
	for pid in $(ip netns pids "$TARGET_NS"); do
		[ "$pid" = "$SYSLOGD" ] || echo "$pid"
	done
}

no_daemon() {
	[ -z "$(daemon)" ]
}

# fails STATUS PATTERN ARGUMENT...: it says so, and nothing is left running.
fails() {
	local expected=$1 pattern=$2
	shift 2
	vbladed "$@"
	assert_equal "$expected" "$status" "exit status, $output"
	assert_match "$pattern" "$output"
	assert_equal "" "$(daemon)" "still running"
}

# serves: it returned well, and the export has the sectors of disk.img.
serves() {
	assert_equal "0 " "$status $output"
	assert_reply "$(ata_read 0 2)" "$(ata_data 0 2 "$(sectors 0 2)")"
}

@test "a missing file is told, and fails" {
	fails 6 'nosuch.img: No such file' 0 1 eth0 nosuch.img
}

@test "a missing interface is told, and fails" {
	fails 1 'nosuch0: No such device' 0 1 nosuch0 disk.img
}

@test "missing operands are told, and fail" {
	fails 2 usage: 0 1 eth0
}

@test "a file in use is told, and fails" {
	serve 0 2 eth0 disk.img
	vbladed 0 1 eth0 disk.img
	assert_equal 6 "$status" "$output"
	assert_match "disk.img is in use" "$output"
}

@test "a file named by a relative path is served" {
	vbladed 0 1 eth0 disk.img
	serves
}

@test "file names that a shell would take apart are served" {
	local name
	for name in 'two  words' "it's" 'a "b" c' 'a;touch oops' 'a|b&c' \
		'$HOME `id` $(id)' '*' '\' $'new\nline'; do
		mv disk.img "$name"
		vbladed 0 1 eth0 "$name"
		serves
		kill "$(daemon)"
		wait_until 10 flock -n "$name" true
		mv "$name" disk.img
	done
	[ ! -e oops ]
}

@test "a file name that begins with a dash is served" {
	mv disk.img ./-r
	vbladed 0 1 eth0 -- -r
	serves
	assert_match "O_RDWR" "$(cat "$LOG")"
}

@test "options may follow the operands" {
	vbladed 0 1 eth0 disk.img -r
	serves
	assert_match "O_RDONLY" "$(cat "$LOG")"
}

@test "it is asked by its own name, too" {
	PATH=$BATS_TEST_TMPDIR:$PATH VBLADED=vbladed
	vbladed 0 1 eth0 disk.img
	serves
}

@test "the command returns after the advertisement has left" {
	local sent ended
	background "$TARGET_NS" strace -f -o trace \
		-e trace=sendto,sendmmsg,exit_group "$VBLADED" 0 1 eth0 disk.img
	wait_until 10 grep -q 'exit_group(0)' trace
	sent=$(grep -n -m 1 'sendmmsg' trace | cut -d: -f1)
	ended=$(grep -n -m 1 'exit_group' trace | cut -d: -f1)
	[ "$sent" -lt "$ended" ] || fail "$(cat trace)"
}

@test "a link that is down does not keep the command" {
	on_target ip link set eth0 down
	vbladed 0 1 eth0 disk.img
	assert_equal 0 "$status" "$output"
	on_target ip link set eth0 up
	wait_until 10 frame -w 100 "$(config_read)"
}

@test "it leaves the terminal, the directory and the streams" {
	local pid fd
	vbladed 0 1 eth0 disk.img
	pid=$(daemon)
	assert_equal / "$(readlink "/proc/$pid/cwd")"
	assert_equal "$pid" "$(ps -o sid= -p "$pid" | tr -d ' ')" "session"
	for fd in 0 1 2; do
		assert_equal /dev/null "$(readlink "/proc/$pid/fd/$fd")" \
			"stream $fd"
	done
}

@test "each line it logs has the tag, its pid and the address" {
	vbladed -v 0 1 eth0 disk.img
	query "$(ata_read 0 2)" >/dev/null
	kill -USR1 "$(daemon)"
	wait_until 10 grep -q "1 reads" "$LOG"
	on_target ip link set eth0 down
	wait_until 10 grep -q "link down" "$LOG"
	assert_equal "" "$(grep -v -e '^bound$' -e \
		"^<[0-9]*>.\{15\} vbladed\[$(daemon)\]: e0\.1: eth0: [^ ]" \
		"$LOG")"
}

@test "it logs that it is ready and how it goes with their priorities" {
	vbladed 0 1 eth0 disk.img
	wait_until 10 grep -qE '^<29>.*: pid [0-9]+: e0\.1, 8 sectors' "$LOG"
	on_target ip link set eth0 down
	wait_until 10 grep -qE '^<29>.*link down' "$LOG"
	assert_match '^<30>.*MTU' "$(cat "$LOG")"
}

@test "it logs on when the log daemon was started again" {
	local pid
	vbladed 0 1 eth0 disk.img
	pid=$(daemon)
	kill -9 "$SYSLOGD"
	wait "$SYSLOGD" || :
	background "$TARGET_NS" nsenter -t "$pid" --mount sh -ec '
		rm /dev/log
		exec "$0" /dev/log' "$TESTS/service/datagrams"
	SYSLOGD=$PID
	wait_until 10 grep -q bound "$OUT"
	kill -USR1 "$pid"
	on_target ip link set eth0 down
	wait_until 10 grep -q "vbladed\[$pid\].*link down" "$OUT"
}

@test "SIGTERM ends it" {
	vbladed 0 1 eth0 disk.img
	kill "$(daemon)"
	wait_until 10 no_daemon
}
