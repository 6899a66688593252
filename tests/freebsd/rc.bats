# FreeBSD's service script, with rc.subr(8) and daemon(8) of our own.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	sed 's,@prefix@,/usr/local,g' "$TESTS/package/freebsd/vblade.in" >vblade
	mkdir conf run
	# What rc.subr does with a command, and with a pidfile.
	cat >rc.subr <<-'EOF'
		load_rc_config() { :; }
		check_pidfile() { cat "$1" 2>/dev/null || :; }
		wait_for_pids() { echo "waited: $*"; }
		run_rc_command() { eval "\$${1}_cmd"; }
	EOF
	cat >daemon <<-'EOF'
		#!/bin/sh
		printf '<%s>' "$@"
		echo
	EOF
	chmod +x daemon
	sed "s,/etc/rc.subr,$PWD/rc.subr,; s,/usr/sbin/daemon,$PWD/daemon,
		s,/var/run,$PWD/run," vblade >script
}

# conf NAME LINE...
conf() {
	printf '%s\n' "${@:2}" >"conf/$1.conf"
}

service() {
	vblade_confdir=$PWD/conf run sh script "$1"
}

@test "it is a shell script without a fault" {
	sh -n vblade
	shellcheck vblade
}

@test "each file becomes an export" {
	conf a shelf=0 slot=1 netif=em0 filename=/dev/ada1
	conf b shelf=0 slot=2 netif=em0 "filename='/a b.img'" \
		"options='-r -b 16'"
	service start
	assert_equal 0 "$status" "status"
	assert_match '<-T><vblade.a></usr/local/sbin/vblade><--><0><1><em0></dev/ada1>' \
		"$output"
	assert_match 'sbin/vblade><-r><-b><16><--><0><2><em0></a b.img>$' \
		"$output"
}

@test "only those are started that are named" {
	conf a shelf=0 slot=1 netif=em0 filename=/dev/ada1
	conf b shelf=0 slot=2 netif=em0 filename=/dev/ada2
	export vblade_exports=b
	service start
	refute_match ada1 "$output"
	assert_match ada2 "$output"
}

@test "without files nothing is started, and that is no failure" {
	service start
	assert_equal "0 " "$status $output"
}

@test "what runs is not started again" {
	conf a shelf=0 slot=1 netif=em0 filename=/dev/ada1
	echo 77 >run/vblade.a.pid
	service start
	assert_match 'a runs already, pid 77' "$output"
	refute_match ada1 "$output"
}

@test "stop ends what runs and waits for it" {
	conf a shelf=0 slot=1 netif=em0 filename=/dev/ada1
	sleep 60 3>&- &
	echo $! >run/vblade.a.pid
	service stop
	assert_match "waited: $!" "$output"
	wait_until 10 process_gone $!
}

@test "status names what runs and fails when something does not" {
	conf a shelf=0 slot=1 netif=em0 filename=/dev/ada1
	conf b shelf=0 slot=2 netif=em0 filename=/dev/ada2
	echo 77 >run/vblade.a.pid
	service status
	assert_equal 1 "$status" "status"
	assert_match '^a: 77$' "$output"
	assert_match '^b: not running$' "$output"
}
