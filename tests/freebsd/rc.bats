# FreeBSD's service script, with a small rc.subr(8) and a vblade of our own;
# vblade-export and vbladed are the real ones.

load ../helper

setup() {
	local prefix=$BATS_TEST_TMPDIR/usr
	cd "$BATS_TEST_TMPDIR" || return
	env DESTDIR= VERSION=0 "prefix=$prefix" "sbindir=$prefix/sbin" \
		"libexecdir=$prefix/libexec" sh "$TESTS/../dist/install" \
		freebsd
	mkdir -p conf run usr/sbin
	cp "$TESTS/../dist/vbladed" usr/sbin
	cat >usr/sbin/vblade <<-EOF
		#!/bin/sh
		{ printf '<%s>' "\$@"; echo; } >>$PWD/started
		case \$* in
		*nosuch*) echo 'vblade: nosuch: No such file' >&2; exit 6 ;;
		esac
		echo "pid \$\$: e0.1, 8 sectors O_RDWR"
		exec sleep 60
	EOF
	# What rc.subr does with a command, and with a pidfile.
	cat >rc.subr <<-'EOF'
		load_rc_config() { :; }
		check_pidfile() { cat "$1" 2>/dev/null || :; }
		wait_for_pids() { echo "waited: $*"; }
		run_rc_command() { eval "\$${1}_cmd"; }
	EOF
	chmod +x usr/sbin/vblade
	: >started
	sed "s,/etc/rc.subr,$PWD/rc.subr,; s,/var/run,$PWD/run," \
		usr/etc/rc.d/vblade >script
}

teardown() {
	cat run/*.pid 2>/dev/null | xargs -r kill 2>/dev/null || :
}

# conf NAME SLOT FILE LINE...: the file of an export.
conf() {
	printf '%s\n' shelf=0 "slot=$2" netif=em0 "filename=$3" "${@:4}" \
		>"conf/$1.conf"
}

# running NAME: of an export the process runs already; it is $!.
running() {
	conf "$1" 1 /dev/ada1
	sleep 60 3>&- &
	echo $! >"run/vblade.$1.pid"
}

service() {
	vblade_confdir=$PWD/conf run sh script "$1"
}

@test "each file becomes an export" {
	conf a 1 /dev/ada1
	conf b 2 "'/a b.img'" "options='-r -b 16'"
	service start
	assert_equal 0 "$status" "status"
	assert_match '<0><1><em0></dev/ada1>$' "$(cat started)"
	assert_match '<-r><-b><16>.*<0><2><em0></a b.img>$' "$(cat started)"
}

@test "21: an export that ends at once is a failure, the others start" {
	conf a 1 /nosuch
	conf b 2 /dev/ada2
	service start
	assert_equal 1 "$status" "status"
	assert_match 'nosuch: No such file' "$output"
	assert_match '</dev/ada2>$' "$(cat started)"
	[ ! -e run/vblade.a.pid ]
}

@test "only those are started that are named and do not run already" {
	service start
	assert_equal "0 " "$status $output" "without files"
	conf b 2 /dev/ada2
	running a
	service start
	assert_match "a is already running, pid $!" "$output"
	assert_match ada2 "$(cat started)"
	refute_match ada1 "$(cat started)"
	conf c 3 /dev/ada3
	conf d 4 /dev/ada4
	vblade_exports=d service start
	refute_match ada3 "$(cat started)"
	assert_match ada4 "$(cat started)"
}

@test "stop ends what runs and waits for it, and reports nothing else" {
	running a
	conf b 2 /dev/ada2
	service stop
	assert_equal "Stopping vblade: $!. waited: $!" "$(xargs <<<"$output")"
	wait_until 10 process_gone $!
	rm run/*.pid
	service stop
	assert_equal '' "$output"
}

@test "stop ends an export whose file is gone or not listed any more" {
	local a
	running a
	a=$!
	rm conf/a.conf
	running b
	conf c 3 /dev/ada3
	vblade_exports=c service stop
	wait_until 10 process_gone "$a"
	wait_until 10 process_gone $!
}

@test "status names what runs and fails when something does not" {
	conf a 1 /dev/ada1
	conf b 2 /dev/ada2
	service start
	service status
	assert_equal 0 "$status" "status"
	assert_match "^a: $(cat run/vblade.a.pid)\$" "$output"
	kill "$(cat run/vblade.b.pid)"
	rm run/vblade.b.pid
	service status
	assert_equal 1 "$status" "status"
	assert_match '^b: not running$' "$output"
}
