# vblade-export reads the file of an export and runs vblade; here with sh,
# ionice, systemctl and sleep of our own.  OpenRC's init script, which runs it,
# is read by a shell with the functions of openrc-run(8) made here.

load ../helper
load container

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin conf
	sed "s,@sbindir@,$PWD/bin," "$TESTS/../dist/vblade-export.in" >script
	command_that 'printf "<%s>" "$0" "$@"; echo' bin/vblade
	cp bin/vblade bin/vbladed
	PATH=$PWD/bin:$PATH VBLADE_CONFDIR=$PWD/conf
	export PATH VBLADE_CONFDIR
	unset NOTIFY_SOCKET JOURNAL_STREAM
}

# conf NAME LINE...: a file of which all keys but those given are good.
conf() {
	printf '%s\n' shelf=0 slot=1 netif=eth0 filename=/dev/sdb "${@:2}" \
		>"conf/$1.conf"
}

# each_shell CHECK ARGUMENT LINE...: run it with these lines by every shell, and
# check the result with this argument.
each_shell() {
	local shell
	for shell in dash 'busybox sh' bash; do
		conf a "${@:3}"
		run $shell script a
		"$1" "$2" || fail "$shell: $output" || return
	done
}

# runs COMMAND_LINE LINE...: with these lines, this is run.
runs() {
	each_shell assert_run "$@"
}

assert_run() {
	assert_equal "0 $1" \
		"$status $(sed -n '/^<.*>$/s,<[^>]*/bin/,<,p' <<<"$output")"
}

# refuses PATTERN LINE...: with these lines, nothing is run.
refuses() {
	each_shell assert_refusal "$@"
}

assert_refusal() {
	assert_equal 2 "$status" &&
		assert_match "^vblade: $PWD/conf/a.conf: $1" "$output" &&
		refute_match '^<' "$output"
}

@test "values become operands, options come first and are not expanded" {
	touch -- -a
	# The last of several values counts, and an empty one is none.
	runs '<vblade><--><0><3><eth0></dev/sdb>' slot=2 slot=3 options=-r options=
	runs '<vblade><--><0><1><eth0></dev/sdb>'
	runs '<vblade><-r><-b><16><--><0><1><eth0></dev/sdb>' 'options=-r -b 16'
	runs '<vblade><-*><$x><--><0><1><eth0></dev/sdb>' 'options=-* $x'
	runs '<vblade><--><65534><254><eth0></dev/sdb>' shelf=65534 slot=254
	runs '<vblade><--><0><1><eth0></a#b>' 'filename=/a#b'
}

@test "single and double quotes are removed" {
	runs "<vblade><-r><-s><--><0><1><eth0></a  b\\c\"*\$d>" \
		'options="-r  -s"' "filename='/a  b\\c\"*\$d'"
}

@test "blanks, carriage returns, comments, no last newline are accepted" {
	runs '<vblade><--><0><2><br0></dev/sdb>' $'\t slot=2\r' \
		'netif= br0  ' '# comment' '  ; comment' ''
	conf a
	printf 'slot=3' >>conf/a.conf
	run sh script a
	assert_match '<0><3>' "$output"
}

@test "keys that are unknown, missing or empty are refused by name" {
	local key
	refuses "unknown key 'Options'" Options=-r
	refuses "unknown key 'export slot'" 'export slot=1'
	refuses "unknown key 'netif '" 'netif =br0'
	refuses 'not of the form KEY=VALUE: -s' -s
	for key in shelf slot netif filename; do
		refuses "$key= is missing" "$key="
	done
}

@test "values that are no address, have comments or stray quotes are refused" {
	refuses "shelf='65535': must be a number from 0 to 65534" shelf=65535
	refuses "slot='255': must be a number from 0 to 254" slot=255
	refuses "slot='-1': " slot=-1
	refuses "slot='x': " slot=x
	refuses "shelf='4294967296': " shelf=4294967296
	refuses 'options: a comment' 'options=-v # note'
	refuses 'options: a comment' 'options=# note'
	refuses 'options: misplaced quote' 'options="-v" # note'
	refuses 'options: misplaced' 'options=-r \' '-s=1'
	refuses 'filename: misplaced quote or backslash' 'filename=/a\ b'
	refuses 'filename: misplaced quote or backslash' 'filename="/a\$b"'
	refuses 'filename: misplaced quote' "filename='/a"
	refuses 'filename: misplaced quote' "filename='/a'b'"
	refuses 'filename: misplaced quote' 'filename=/a"b"'
}

@test "the file: its name, else the alias, else it is reported" {
	run sh script nosuch
	assert_equal "2 vblade: $PWD/conf/nosuch.conf: no such file" \
		"$status $output"
	conf 'a-b'
	run sh script 'a\x2db' a-b
	assert_equal 0 "$status" "$output"
	assert_match "conf/a-b.conf: " "$output"
	conf 'a\x2db' slot=2
	run sh script 'a\x2db' a-b
	assert_match '<0><2>' "$output"
}

@test "what is started is logged with the name of the file; -d runs vbladed" {
	conf a options=-r
	run sh script a
	assert_match "^vblade: $PWD/conf/a.conf: shelf=0 slot=1 netif=eth0 \
filename=/dev/sdb options=-r" "$output"
	JOURNAL_STREAM=1:1 run sh script a
	assert_match "^<6>vblade: $PWD/conf/a.conf: shelf=0" "$output"
	conf b x=1
	JOURNAL_STREAM=1:1 run sh script b
	assert_match '^<3>vblade: .*unknown key' "$output"
	run sh script -d a
	assert_match '/vbladed><-r><--><0>' "$output"
}

@test "ionice is used if it works, else ignored with a message" {
	conf a 'ionice=-c2 -n7'
	command_that 'echo "ionice $*"' bin/ionice
	run sh script a
	assert_match "^ionice -c2 -n7 .*/bin/vblade -- 0 1" "$output"
	command_that 'echo denied; exit 1' bin/ionice
	run sh script a
	assert_match 'ionice=-c2 -n7 is ignored: denied' "$output"
	assert_match '^<.*/vblade><--><0>' "$output"
}

# assert_waits SECONDS RESTARTS WHAT: -w waits so long for what is missing.
assert_waits() {
	command_that "echo $2" bin/systemctl
	command_that 'echo >>slept' bin/sleep
	: >slept
	run dash script -w a
	assert_equal "0 $1" "$status $(wc -l <slept)" "$3: $output"
}

@test "each restart waits longer for what is missing, up to 5 minutes" {
	conf a netif=nosuch0
	assert_waits 0 0 "the first start"
	assert_waits 15 1 "the first restart"
	assert_waits 30 2 "the second"
	assert_waits 300 21 "the twenty-first"
	assert_waits 300 1000 "the thousandth"
	conf a netif=lo filename=nosuch
	assert_waits 15 1 "a missing file"
	command_that '[ "$*" = "link show dev other0" ]' bin/ip
	conf a netif=other0 filename=conf
	assert_waits 0 1 "an alternative name"
	conf a netif=lo filename=conf
	assert_waits 0 1 "nothing missing"
}

@test "the wait goes on while the file is saved in two steps" {
	conf a netif=nosuch0
	command_that 'echo 1' bin/systemctl
	command_that 'case $(echo >>slept; wc -l <slept) in
		1) mv conf/a.conf saved ;;
		2) : >conf/a.conf ;;
		3) mv saved conf/a.conf ;;
	esac' bin/sleep
	run dash script -w a
	assert_equal "0 15" "$status $(wc -l <slept)" "$output"
}

@test "the wait ends when what was missing is there, or no longer configured" {
	conf a netif=lo filename=disk
	command_that 'echo 9' bin/systemctl
	command_that 'echo >>slept; [ $(wc -l <slept) -lt 3 ] || : >disk' \
		bin/sleep
	run dash script -w a
	assert_equal "0 3" "$status $(wc -l <slept)" "$output"
	assert_match '<--><0><1><lo><disk>' "$output"
	conf a netif=nosuch0 filename=disk options=-r
	command_that 'sed -i "s/nosuch0/lo/; /options/d" conf/a.conf' bin/sleep
	run dash script -w a
	assert_equal 0 "$status" "$output"
	assert_match '<--><0><1><lo><disk>' "$output"
}

# --- OpenRC ---

# openrc NAME COMMAND...: run it in the init script, as the service NAME.
openrc() {
	sed "s,@libexecdir@/vblade-export,$PWD/bin/vblade-export," \
		"$TESTS/../dist/openrc/vblade.in" >openrc
	cp script bin/vblade-export
	chmod +x bin/vblade-export
	RC_SVCNAME=$1 run dash -c '
		eerror() { echo "error: $*"; }
		. ./openrc
		"$@"' sh "${@:2}"
}

@test "OpenRC: a link vblade.NAME supervises NAME; start checks its file" {
	openrc vblade.a eval 'echo $supervisor ${command##*/} $command_args'
	assert_equal "supervise-daemon vblade-export a" "$output"
	conf a
	openrc vblade.a start_pre
	assert_equal "0 " "$status $output"
	conf a Options=-r
	openrc vblade.a start_pre
	assert_equal 2 "$status"
	assert_match "unknown key 'Options'" "$output"
	# The script itself is no export.
	openrc vblade start_pre
	assert_equal 1 "$status"
	assert_match 'error: ln -s vblade /etc/init.d/vblade.NAME' "$output"
}

# The supervisor of OpenRC 0.45 ignores the loggers, and discards all output
# that no file takes.
@test "OpenRC: the messages go to the log, or to a file where that is all" {
	conf a
	command_that 'echo "  -2, --stderr"' bin/supervise-daemon
	openrc vblade.a eval 'start_pre; echo $output_log $error_log'
	assert_equal "/var/log/vblade.a.log /var/log/vblade.a.log" "$output"
	command_that 'echo "  --stderr-logger" >&2' bin/supervise-daemon
	openrc vblade.a eval 'start_pre; echo $output_log $error_logger'
	assert_equal "logger -t vblade -p daemon.notice" "$output"
}
