# shellcheck shell=bats disable=SC2016
#
# The init script of OpenRC, read by a shell with the functions of
# openrc-run(8) made here.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	make -s -C "$TESTS/.." install-freebsd prefix="$PWD"
	sed "s,@libexecdir@,$PWD/libexec," "$TESTS/../dist/openrc/vblade.in" \
		>openrc
	mkdir conf
}

# conf NAME LINE...: a file of which all keys but those given are good.
conf() {
	printf '%s\n' shelf=0 slot=1 netif=eth0 filename=/dev/sdb "${@:2}" \
		>"conf/$1.conf"
}

# openrc NAME COMMAND...: run it in the script, as the service of that name.
openrc() {
	RC_SVCNAME=$1 VBLADE_CONFDIR=$PWD/conf run dash -c '
		eerror() { echo "error: $*"; }
		. ./openrc
		"$@"' sh "${@:2}"
}

@test "a link vblade.NAME supervises the export NAME" {
	openrc vblade.a eval 'echo $supervisor ${command##*/} $command_args'
	assert_equal "supervise-daemon vblade-export a" "$output"
}

@test "start checks the file first" {
	conf a
	openrc vblade.a start_pre
	assert_equal "0 " "$status $output"
	conf a Options=-r
	openrc vblade.a start_pre
	assert_equal 2 "$status"
	assert_match "unknown key 'Options'" "$output"
}

@test "the script itself is no export" {
	openrc vblade start_pre
	assert_equal 1 "$status"
	assert_match 'error: ln -s vblade /etc/init.d/vblade.NAME' "$output"
}
