# shellcheck shell=bats disable=SC2016
#
# The service scripts of FreeBSD and OpenRC, with rc.subr(8) and the functions
# of openrc-run(8) made here, and a vblade that only writes what it is given.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir conf run
	make -s -C "$TESTS/.." install-freebsd prefix="$PWD"
	sed "s,@libexecdir@,$PWD/libexec," "$TESTS/../dist/openrc/vblade.in" \
		>openrc
	mkdir sbin
	printf '#!/bin/sh\nprintf "<%%s>" "$@"; echo\n[ "$2" != 9 ]\n' \
		>sbin/vbladed
	chmod +x sbin/vbladed
	# What rc.subr does with a command, and with a pidfile.
	cat >rc.subr <<-'EOF'
		load_rc_config() { :; }
		check_pidfile() { cat "$1" 2>/dev/null || :; }
		wait_for_pids() { echo "waited: $*"; }
		run_rc_command() { eval "\$${1}_cmd"; }
	EOF
	sed "s,/etc/rc.subr,$PWD/rc.subr,; s,/var/run,$PWD/run," \
		etc/rc.d/vblade >script
}

# conf NAME LINE...: a file of which all keys but those given are good.
conf() {
	printf '%s\n' shelf=0 slot=1 netif=em0 filename=/dev/ada1 "${@:2}" \
		>"conf/$1.conf"
}

service() {
	vblade_confdir=$PWD/conf run dash script "$1"
}

# --- FreeBSD ---

@test "rc.d: start starts an export for each file" {
	conf a
	conf b slot=2 "filename='/a b.img'" "options='-r -b 16'"
	service start
	assert_equal 0 "$status" "$output"
	assert_match '^<--><0><1><em0></dev/ada1>$' "$output"
	assert_match '^<-r><-b><16><--><0><2><em0></a b.img>$' "$output"
}

@test "rc.d: options need no quotes" {
	conf a 'options=-r -s'
	service start
	assert_equal 0 "$status" "$output"
	assert_match '^<-r><-s><--><0><1><em0></dev/ada1>$' "$output"
}

@test "rc.d: start reports an export that fails, and starts the others" {
	conf a shelf=9
	conf b slot=2
	service start
	assert_equal 1 "$status" "$output"
	assert_match '<0><2>' "$output"
}

@test "rc.d: start reports a bad file" {
	conf a Options=-r
	service start
	assert_equal 1 "$status" "$output"
	assert_match "conf/a.conf: unknown key 'Options'" "$output"
}

@test "rc.d: vblade_exports names the exports to start" {
	conf a
	conf b slot=2
	export vblade_exports=b
	service start
	refute_match '<1>' "$output"
	assert_match '<2>' "$output"
}

@test "rc.d: without files start does nothing and succeeds" {
	service start
	assert_equal "0 " "$status $output"
}

@test "rc.d: start leaves a running export alone" {
	conf a
	echo 77 >run/vblade.a.pid
	service start
	assert_match 'a is already running, pid 77' "$output"
	refute_match ada1 "$output"
}

@test "rc.d: vbladed is given the pid file that stop and status read" {
	conf a
	printf '#!/bin/sh\necho 99 >"$VBLADED_PIDFILE"\n' >sbin/vbladed
	service start
	service status
	assert_equal "0 a: 99" "$status $output"
}

@test "rc.d: stop stops what runs and waits for it" {
	conf a
	sleep 60 3>&- &
	echo $! >run/vblade.a.pid
	service stop
	assert_match "waited: $!" "$output"
	wait_until 10 process_gone $!
}

@test "rc.d: status names what runs and fails when something does not" {
	conf a
	conf b slot=2
	echo 77 >run/vblade.a.pid
	service status
	assert_equal 1 "$status" "status"
	assert_match '^a: 77$' "$output"
	assert_match '^b: not running$' "$output"
}

# --- OpenRC ---

# openrc NAME COMMAND...: run it in the script, as the service of that name.
openrc() {
	RC_SVCNAME=$1 VBLADE_CONFDIR=$PWD/conf run dash -c '
		eerror() { echo "error: $*"; }
		need() { :; }; use() { :; }; after() { :; }
		. ./openrc
		"$@"' sh "${@:2}"
}

@test "OpenRC: a link vblade.NAME supervises the export NAME" {
	openrc vblade.a eval 'echo $supervisor ${command##*/} $command_args'
	assert_equal "supervise-daemon vblade-export a" "$output"
}

@test "OpenRC: start checks the file first" {
	conf a
	openrc vblade.a start_pre
	assert_equal "0 " "$status $output"
	conf a Options=-r
	openrc vblade.a start_pre
	assert_equal 2 "$status"
	assert_match "unknown key 'Options'" "$output"
}

@test "OpenRC: the script itself is no export" {
	openrc vblade start_pre
	assert_equal 1 "$status"
	assert_match 'error: ln -s vblade /etc/init.d/vblade.NAME' "$output"
}
