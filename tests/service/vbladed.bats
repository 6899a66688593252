# shellcheck shell=bats disable=SC2016,SC2034,SC2153,SC2030,SC2031,SC1003
#
# vbladed reports start-up errors like vblade, or leaves it running in the
# background when it is ready, with its log sent to syslog by logger(1).

load ../helper

setup_file() {
	make -s -C "$TESTS/.." tests/service/datagrams tests/load
	lab_open
}

teardown_file() { lab_close; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin
	cp "$VBLADE" bin/vblade
	cp "$TESTS/../dist/vbladed" bin
	VBLADED=$PWD/bin/vbladed
	mv "$(image 8)" disk.img
	start_syslogd
}

# Daemons are not our children: kill what is in the namespace.
teardown() {
	local pid
	serve_end
	for pid in $(ip netns pids "$TARGET_NS"); do
		kill -9 "$pid" || :
	done
	wait_until 10 nothing_runs
	on_target ip link set eth0 up
}

nothing_runs() {
	[ -z "$(ip netns pids "$TARGET_NS")" ]
}

# start_syslogd: make a /dev with a /dev/log; what is logged goes to $LOG.
start_syslogd() {
	background "$TARGET_NS" unshare --mount sh -ec '
		mount -t tmpfs tmpfs /dev
		mknod -m 666 /dev/null c 1 3
		mknod -m 666 /dev/full c 1 7
		exec "$0" /dev/log' "$TESTS/service/datagrams"
	SYSLOGD=$PID
	LOG=$OUT
	wait_until 10 grep -q bound "$LOG"
}

# on_host COMMAND...: run it where that /dev is.
on_host() {
	nsenter -t "$SYSLOGD" --mount --net --wd=. "$@" 3>&-
}

# vbladed ARGUMENT...: run it, as bats' run does, for 10 seconds at most.
vbladed() {
	run on_host timeout 10 ${SHELL_UNDER_TEST:-} "$VBLADED" "$@"
}

# pid_of NAME: the process ids of this program in the namespace.
pid_of() {
	local pid
	for pid in $(ip netns pids "$TARGET_NS"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] ||
			echo "$pid"
	done
}

# process_ended PID: a process leaves its namespace before its files are closed,
# but its parent learns of its end only after.
process_ended() {
	! grep -q '^State:[[:space:]][^ZX]' "/proc/$1/status"
}

logger_runs() {
	[ -n "$(pid_of logger)" ]
}

# assert_fails STATUS PATTERN ARGUMENT...: vbladed fails, leaving nothing.
assert_fails() {
	local expected=$1 pattern=$2
	shift 2
	vbladed "$@"
	assert_equal "$expected" "$status" "exit status, $output"
	assert_match "$pattern" "$output"
	assert_equal "" "$(pid_of vblade)" "still running"
}

# assert_serves: it succeeded, silently, and serves disk.img.
assert_serves() {
	assert_equal "0 " "$status $output"
	assert_reply "$(ata_read 0 2)" "$(ata_data 0 2 "$(sectors 0 2)")"
}

wait_for_log() {
	wait_until 10 grep -qE "$1" "$LOG" || fail "$(cat "$LOG")"
}

# --- start ---

@test "start-up errors: vblade's message and exit status" {
	assert_fails 6 '^vblade: nosuch.img: No such file' 0 1 eth0 nosuch.img
	assert_fails 1 '^vblade: nosuch0: No such device' 0 1 nosuch0 disk.img
	assert_fails 2 '^vblade: shelf' x 1 eth0 disk.img
	assert_fails 2 usage: 0 1 eth0
}

@test "a file in use: exit status 6" {
	serve 0 2 eth0 disk.img
	vbladed 0 1 eth0 disk.img
	assert_equal 6 "$status" "$output"
	assert_match "disk.img is in use" "$output"
}

@test "start-up errors go to standard error" {
	run on_host sh -c '"$0" 0 1 eth0 nosuch.img 2>/dev/null' "$VBLADED"
	assert_equal "6 " "$status $output"
}

@test "a vblade that is missing is reported" {
	rm bin/vblade
	run on_host sh -c '"$0" 0 1 eth0 disk.img || exit 3' "$VBLADED"
	assert_equal 3 "$status" "$output"
	assert_match 'bin/vblade' "$output"
}

@test "a vblade that ends well but was never ready is a failure" {
	printf '#!/bin/sh\necho "pid 1: e0.1, 8 sectors O_RDWR"\n' >bin/vblade
	vbladed 0 1 eth0 disk.img
	[ "$status" -ne 0 ]
}

@test "dash, busybox sh and bash serve a relative path" {
	for SHELL_UNDER_TEST in dash 'busybox sh' bash; do
		vbladed 0 1 eth0 disk.img
		assert_serves
		kill "$(pid_of vblade)"
		wait_until 10 nothing_runs_but_syslogd
	done
}

nothing_runs_but_syslogd() {
	[ "$(ip netns pids "$TARGET_NS")" = "$SYSLOGD" ]
}

@test "file names that a shell would split or expand are served" {
	local name
	for name in 'two  words' "it's" 'a "b" c' 'a;touch oops' 'a|b&c' \
		'$HOME `id` $(id)' '*' '\' $'new\nline'; do
		mv disk.img "$name"
		vbladed 0 1 eth0 "$name"
		assert_serves
		kill "$(pid_of vblade)"
		wait_until 10 flock -n "$name" true
		mv "$name" disk.img
	done
	[ ! -e oops ]
}

@test "a file name that begins with a dash is served" {
	mv disk.img ./-r
	vbladed 0 1 eth0 -- -r
	assert_serves
	wait_for_log O_RDWR
}

@test "it is found in PATH" {
	PATH=$PWD/bin:$PATH VBLADED=vbladed
	vbladed 0 1 eth0 disk.img
	assert_serves
}

@test "a link that is down does not delay the command" {
	on_target ip link set eth0 down
	vbladed 0 1 eth0 disk.img
	assert_equal 0 "$status" "$output"
	on_target ip link set eth0 up
	wait_until 10 frame -w 100 "$(config_read)"
}

@test "-V and -h are vblade's, on standard output" {
	assert_equal "$("$VBLADE" -V)" "$(on_host "$VBLADED" -V)"
	assert_equal "$("$VBLADE" --help)" "$(on_host "$VBLADED" --help)"
}

@test "it leaves no temporary files" {
	mkdir tmp
	export TMPDIR=$PWD/tmp
	vbladed 0 1 eth0 disk.img
	assert_serves
	vbladed 0 1 eth0 nosuch.img
	assert_equal "" "$(ls tmp)"
}

@test "VBLADED_PIDFILE names the file for vblade's process id" {
	export VBLADED_PIDFILE=$PWD/pid
	vbladed 0 1 eth0 disk.img
	assert_serves
	assert_equal "$(pid_of vblade)" "$(cat pid)"
}

# --- the log ---

@test "the ready line and all that follows go to the log, with a tag" {
	vbladed -v 0 1 eth0 disk.img
	wait_for_log '^<29>.* vbladed: pid [0-9]+: e0\.1, 8 sectors O_RDWR$'
	wait_for_log '^<29>.* vbladed: vblade: e0\.1: eth0: address .*MTU'
	query "$(ata_read 0 2)" >/dev/null
	wait_for_log ' vbladed: .* read of 2 sectors'
	on_target ip link set eth0 down
	wait_for_log '^<29>.* vbladed: vblade: e0\.1: eth0: link down$'
	assert_equal "" "$(grep -vE '^bound$|^<29>.{15} vbladed: ' "$LOG")"
}

@test "it logs again when the log daemon was restarted" {
	vbladed 0 1 eth0 disk.img
	wait_for_log 'MTU'
	background "$TARGET_NS" nsenter -t "$(pid_of vblade)" --mount sh -ec '
		rm /dev/log
		exec "$0" /dev/log' "$TESTS/service/datagrams"
	LOG=$OUT
	wait_for_log bound
	kill -9 "$SYSLOGD"
	on_target ip link set eth0 down
	on_target ip link set eth0 up
	wait_for_log 'vbladed: .*link'
}

# --- what cannot stop it ---

# serves_with_logger SCRIPT: vbladed serves where this is logger.
serves_with_logger() {
	local pid
	printf '#!/bin/sh\n%s\n' "$1" >bin/logger
	chmod +x bin/logger
	PATH=$PWD/bin:$PATH vbladed -v 0 1 eth0 disk.img
	assert_serves
	assert_serves
	pid=$(pid_of vblade)
	kill "$pid"
	wait_until 10 process_ended "$pid"
}

@test "it serves when logger fails, closes its input, or is killed" {
	serves_with_logger 'exit 1'
	serves_with_logger 'exec sleep 600 <&-'
	serves_with_logger 'kill -9 $$'
}

@test "it serves when there is no logger" {
	local tool
	for tool in mktemp mkfifo rm sh; do
		ln -s "$(command -v $tool)" "bin/$tool"
	done
	run on_host "$(command -v env)" PATH="$PWD/bin" "$VBLADED" -v \
		0 1 eth0 disk.img
	assert_serves
	assert_serves
}

@test "it serves when logger does not read, with -v" {
	printf '#!/bin/sh\nexec sleep 600\n' >bin/logger
	chmod +x bin/logger
	PATH=$PWD/bin:$PATH vbladed -v 0 1 eth0 disk.img
	assert_serves
	on_initiator "$TESTS/load" -m read -d 1 0 1 eth0
	assert_reply "$(ata_read 0 2)" "$(ata_data 0 2 "$(sectors 0 2)")"
}

@test "it serves when the logger is killed later" {
	vbladed 0 1 eth0 disk.img
	wait_until 10 logger_runs
	kill -9 "$(pid_of logger)"
	on_target ip link set eth0 down
	on_target ip link set eth0 up
	wait_until 10 frame -w 100 "$(config_read)"
	assert_serves
}

@test "Ctrl-C and the end of the terminal do not stop it" {
	local pid
	printf '#!/bin/sh\nexec cat >>log\n' >bin/logger
	chmod +x bin/logger
	PATH=$PWD/bin:$PATH run on_target script -qc \
		"'$VBLADED' 0 1 eth0 disk.img; kill -INT 0; kill -HUP 0" \
		/dev/null </dev/null 3>&-
	pid=$(pid_of vblade)
	[ -n "$pid" ] || fail "$output"
	kill -INT "$pid"
	kill -HUP "$pid"
	wait_until 10 frame -w 100 "$(config_read)"
	assert_equal "$pid" "$(pid_of vblade)"
	on_target ip link set eth0 down
	wait_until 10 grep -q 'link down' log
}

@test "Ctrl-C during the start stops vblade, too" {
	printf '#!/bin/sh\necho $$ >vblade.pid\nexec sleep 600\n' >bin/vblade
	nsenter -t "$SYSLOGD" --mount --net --wd=. env --default-signal=INT \
		"$VBLADED" 0 1 eth0 disk.img 3>&- &
	PID=$!
	wait_until 10 test -s vblade.pid
	kill -INT "$PID"
	wait_for_exit "$PID"
	[ "$STATUS" -ne 0 ]
	wait_until 10 process_gone "$(cat vblade.pid)"
}

@test "SIGTERM stops it, and its logger ends" {
	vbladed 0 1 eth0 disk.img
	wait_until 10 logger_runs
	kill "$(pid_of vblade)"
	wait_until 10 nothing_runs_but_syslogd
	wait_for_log 'vbladed: .*stopping on SIGTERM'
}
