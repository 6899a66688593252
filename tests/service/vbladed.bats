# vbladed reports start-up errors like vblade, or leaves it running in the
# background when it is ready, with its log sent to syslog by logger(1).

bats_require_minimum_version 1.5.0
load ../helper
load container

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
	# A /dev with a /dev/log; what is logged goes to $ERR.
	background "$TARGET_NS" unshare --mount sh -ec '
		mount -t tmpfs tmpfs /dev
		mknod -m 666 /dev/null c 1 3
		exec "$0" /dev/log' "$TESTS/service/datagrams"
	SYSLOGD=$PID
	ERR=$OUT
	wait_for_log bound
}

# Daemons are not our children: kill what is in the namespace.
teardown() {
	stop_target
	on_target ip link set eth0 up
	wait_until 10 lab_has_carrier
}

# on_host COMMAND...: run it where that /dev is.
on_host() {
	nsenter -t "$SYSLOGD" --mount --net --wd=. "$@" 3>&-
}

# vbladed ARGUMENT...: run it, as bats' run does, for 10 seconds at most.
vbladed() {
	run --separate-stderr on_host timeout 10 ${SHELL_UNDER_TEST:-} \
		"$VBLADED" "$@"
}

runs() {
	[ -n "$(pid_of "$1")" ]
}

# assert_fails STATUS PATTERN ARGUMENT...: vbladed fails, with the message on
# standard error, leaving nothing.
assert_fails() {
	vbladed "${@:3}"
	assert_equal "$1 " "$status $output" "$stderr"
	assert_match "$2" "$stderr"
	assert_equal "" "$(pid_of vblade)" "still running"
}

# assert_serves: it succeeded, silently, and serves disk.img.
assert_serves() {
	assert_equal "0 " "$status $output$stderr"
	assert_reply "$(ata_read 0 2)" "$(ata_data 0 2 "$(sectors 0 2)")"
}

# stop_served: stop what vbladed has started, so that it can be started again.
stop_served() {
	local pid
	pid=$(pid_of vblade)
	kill "$pid"
	wait_until 10 process_gone "$pid"
}

@test "start-up errors: vblade's message and exit status" {
	assert_fails 6 '^vblade: nosuch.img: No such file' 0 1 eth0 nosuch.img
	assert_fails 1 '^vblade: nosuch0: No such device' 0 1 nosuch0 disk.img
	assert_fails 2 '^vblade: shelf' x 1 eth0 disk.img
	assert_fails 2 usage: 0 1 eth0
}

@test "a vblade that is missing, or ends well but was never ready" {
	command_that 'echo "pid 1: e0.1, 8 sectors O_RDWR"' bin/vblade
	assert_fails 1 '^pid 1: ' 0 1 eth0 disk.img
	rm bin/vblade
	run on_host sh -c '"$0" 0 1 eth0 disk.img || exit 3' "$VBLADED"
	assert_equal 3 "$status" "$output"
	assert_match 'bin/vblade' "$output"
}

@test "dash, busybox sh and bash serve a relative path" {
	for SHELL_UNDER_TEST in dash 'busybox sh' bash; do
		vbladed 0 1 eth0 disk.img
		assert_serves
		stop_served
	done
}

@test "file names that a shell would split or expand are served" {
	local name
	for name in 'two  words' "it's" 'a "b" c' 'a;touch oops' 'a|b&c' \
		'$HOME `id` $(id)' '*' '\' $'new\nline' -r; do
		mv -- disk.img "$name"
		vbladed 0 1 eth0 -- "$name"
		assert_serves
		stop_served
		mv -- "$name" disk.img
	done
	[ ! -e oops ]
}

@test "-V and -h are vblade's, on standard output" {
	assert_equal "$("$VBLADE" -V)" "$(on_host "$VBLADED" -V)"
	assert_equal "$("$VBLADE" --help)" "$(on_host "$VBLADED" --help)"
}

@test "found in PATH it leaves a pid file, vblade, and nothing else" {
	mkdir tmp
	export TMPDIR=$PWD/tmp VBLADED_PIDFILE=$PWD/pid
	PATH=$PWD/bin:$PATH VBLADED=vbladed
	vbladed -b 16 0 1 eth0 disk.img
	assert_serves
	assert_equal "$(pid_of vblade)" "$(cat pid)"
	# Gentoo's script searches for the arguments.
	assert_equal "$PWD/bin/vblade -b 16 0 1 eth0 disk.img" \
		"$(ps -o args= -p "$(pid_of vblade)")"
	vbladed 0 1 eth0 nosuch.img
	ln -s /bin/false bin/mkfifo
	vbladed 0 1 eth0 disk.img
	assert_equal "1 " "$status $(ls tmp)"
}

@test "messages that nobody reads do not end it before the export is ready" {
	export VBLADED_PIDFILE=$PWD/pid
	# The first message is that the last byte is not exported.
	echo >>disk.img
	for SHELL_UNDER_TEST in dash 'busybox sh' bash; do
		rm -f pid
		# yes ends once the pipe has no reader.
		on_host sh -c "{ yes; $SHELL_UNDER_TEST '$VBLADED' 0 1 eth0 \
			disk.img; echo \$? >status; } 2>&1 | :"
		assert_equal "0 $(pid_of vblade)" "$(cat status pid | xargs)"
		stop_served
	done
}

@test "a pid file that cannot be written: 1, and nothing runs" {
	export VBLADED_PIDFILE=$PWD/missing/pid
	vbladed 0 1 eth0 disk.img
	assert_equal 1 "$status"
	wait_until 10 refute runs vblade
}

@test "the ready line and all that follows go to the log, with a tag" {
	vbladed -v 0 1 eth0 disk.img
	wait_for_log '^<29>.* vbladed: pid [0-9]+: e0\.1, 8 sectors O_RDWR$'
	wait_for_log '^<29>.* vbladed: vblade: e0\.1: eth0: address .*MTU'
	query "$(ata_read 0 2)" >/dev/null
	wait_for_log ' vbladed: .* read of 2 sectors'
	on_target ip link set eth0 down
	wait_for_log '^<29>.* vbladed: vblade: e0\.1: eth0: link down: '
	assert_equal "" "$(grep -vE '^bound$|^<29>.{15} vbladed: ' "$ERR")"
}

@test "it serves when logger fails, reads nothing, or is killed" {
	local logger
	PATH=$PWD/bin:$PATH
	for logger in 'exec nosuch' 'exec sleep 600 <&-' 'kill -9 $$' \
		'exec sleep 600'; do
		command_that "$logger" bin/logger
		vbladed -v 0 1 eth0 disk.img
		assert_serves
		on_initiator "$TESTS/load" -m read -d 1 0 1 eth0
		assert_serves
		stop_served
	done
}

@test "Ctrl-C and the end of the terminal do not stop it" {
	local pid
	command_that 'exec cat >>log' bin/logger
	PATH=$PWD/bin:$PATH run on_target script -qc "
		'$VBLADED' 0 1 eth0 disk.img
		trap : INT HUP
		until grep -q MTU log; do sleep 0.02; done
		kill -INT 0
		kill -HUP 0" /dev/null </dev/null 3>&-
	pid=$(pid_of vblade)
	[ -n "$pid" ] || fail "$output"
	kill -INT "$pid"
	kill -HUP "$pid"
	wait_until 10 frame -w 100 "$(config_read)"
	assert_equal "$pid" "$(pid_of vblade)"
	on_target ip link set eth0 down
	wait_until 10 grep -q 'link down' log
}

@test "Ctrl-Z, pressed while a script that started it runs, does not stop it" {
	local pid
	vbladed 0 1 eth0 disk.img
	wait_until 10 runs logger
	for pid in $(pid_of vblade) $(pid_of logger); do
		# SIGTSTP is 20.
		assert_match '^SigIgn:.*[89a-f].{4}$' "$(cat "/proc/$pid/status")"
	done
}

@test "Ctrl-C during the start stops vblade, too" {
	command_that 'echo $$ >vblade.pid; exec sleep 600' bin/vblade
	background '' nsenter -t "$SYSLOGD" --mount --net --wd=. \
		env --default-signal=INT "$VBLADED" 0 1 eth0 disk.img
	wait_until 10 test -s vblade.pid
	kill -INT "$PID"
	wait_for_exit "$PID"
	[ "$STATUS" -ne 0 ]
	wait_until 10 process_gone "$(cat vblade.pid)"
}

@test "SIGTERM stops it, and its logger ends" {
	vbladed 0 1 eth0 disk.img
	wait_until 10 runs logger
	stop_served
	wait_until 10 refute runs logger
	wait_for_log 'vbladed: .*stopping on SIGTERM'
}

@test "SIGTERM during the start leaves no process and no file" {
	child_waits() {
		grep -q wait_for_partner \
			"/proc/$(xargs <"/proc/$PID/task/$PID/children")/wchan"
	}
	# What is to become vblade waits, since this has no writer.
	on_host sh -c 'rm /dev/null; mkfifo /dev/null'
	mkdir tmp
	background '' nsenter -t "$SYSLOGD" --mount --net --wd=. \
		env "TMPDIR=$PWD/tmp" "$VBLADED" 0 1 eth0 disk.img
	wait_until 10 child_waits
	on_host sh -c 'rm /dev/null; mknod -m 666 /dev/null c 1 3'
	kill "$PID"
	wait_for_exit "$PID"
	assert_equal 1 "$STATUS"
	assert_equal "" "$(ls tmp)"
	wait_until 10 refute runs vbladed
}

@test "SIGTERM during the start ends a vblade that lost its first signal" {
	command_that 'trap "trap - TERM" TERM; echo $$ >vblade.pid
		while :; do sleep 0.1; done' bin/vblade
	background '' nsenter -t "$SYSLOGD" --mount --net --wd=. \
		"$VBLADED" 0 1 eth0 disk.img
	wait_until 10 test -s vblade.pid
	kill "$PID"
	wait_for_exit "$PID"
	assert_equal 1 "$STATUS"
	wait_until 10 process_gone "$(cat vblade.pid)"
}
