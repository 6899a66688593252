# The command line: what is accepted, and how what is not is refused.  Needs
# neither root nor a network: the file does not exist, so that accepted
# arguments get no further than that, and others are reported before it.

load ../helper

setup() {
	TARGET_NS=
	IMAGE=$(image 64)
	NONE=$BATS_TEST_TMPDIR/none
}

teardown() { serve_end; }

# arguments NAME VALUE: let ARGUMENTS be such that this option or operand has
# the value, and only the file is missing.
arguments() {
	case $1 in
	shelf) ARGUMENTS=(-- "$2" 1) ;;
	slot) ARGUMENTS=(-- 0 "$2") ;;
	*) ARGUMENTS=("$1" "$2" 0 1) ;;
	esac
	ARGUMENTS+=(none0 "$NONE")
}

# assert_accepted NAME VALUE
assert_accepted() {
	arguments "$@"
	assert_refused 6 "$NONE: No such file" "${ARGUMENTS[@]}"
}

# assert_values_refused NAME WHY: of each line of the standard input the message
# has the name, the value and the reason.
assert_values_refused() {
	local value
	while IFS= read -r value; do
		arguments "$1" "$value"
		assert_refused 2 "^vblade: $1 '" "${ARGUMENTS[@]}"
		assert_equal "vblade: $1 '$value': $2" "$(cat "$ERR")"
	done
}

# assert_range NAME MIN MAX VALUE...: from MIN to MAX is accepted, the values
# and what is no number are refused.
assert_range() {
	assert_accepted "$1" "$2"
	assert_accepted "$1" "$3"
	assert_values_refused "$1" "must be a number from $2 to $3" \
		< <(printf '%s\n' "${@:4}" 1.5 99999999999999999999 -1 '')
}

# assert_exit STATUS ARGUMENT...
assert_exit() {
	launch "${@:2}"
	wait_for_exit "$PID"
	assert_equal "$1" "$STATUS" "exit status of vblade ${*:2}"
}

# addresses N: a list of N different MAC addresses.
addresses() {
	local list
	list=$(seq -f 0200%08.0f, "$1" | tr -d '\n')
	echo "${list%,}"
}

@test "-h and --help print the usage" {
	local help
	for help in -h --help; do
		assert_exit 0 $help
		assert_equal "" "$(cat "$ERR")" "standard error"
		assert_match '^usage: vblade ' "$(cat "$OUT")"
		assert_match 'shelf slot interface file$' "$(cat "$OUT")"
		assert_equal 'see vblade(8)' "$(tail -n 1 "$OUT")"
		refute_match '.{80}' "$(cat "$OUT")"
	done
}

@test "-V and --version print the name and the version" {
	local option
	for option in -V --version; do
		assert_exit 0 $option
		assert_equal 1 "$(wc -l <"$OUT")" "lines"
		assert_match '^vblade [0-9]+\.[0-9]+$' "$(cat "$OUT")"
		assert_equal "" "$(cat "$ERR")" "standard error"
	done
}

@test "fewer or more than four operands are refused with the usage" {
	local arguments
	for arguments in "" 0 "0 1 eth0" "-r 0 1 eth0" "0 1 eth0 file more"; do
		# shellcheck disable=SC2086
		assert_exit 2 $arguments
		assert_equal "" "$(cat "$OUT")" "standard output"
		assert_match '^usage: ' "$(cat "$ERR")"
	done
}

# assert_misused PATTERN ARGUMENT...: getopt(3) says why, and usage follows.
assert_misused() {
	launch "${@:2}"
	wait_for_exit "$PID"
	assert_equal "2 " "$STATUS $(cat "$OUT")" "status and standard output"
	assert_match "$1" "$(head -n 1 "$ERR")"
	assert_match '^usage: vblade ' "$(sed -n 2p "$ERR")"
}

@test "an unknown option, or one without its argument, is refused by its name" {
	assert_misused "option -- '?x'?$" -x 0 1 eth0 "$IMAGE"
	assert_misused "option.* '?--?" --read-only 0 1 eth0 "$IMAGE"
	assert_misused "option requires an argument -- '?l'?$" -l
}

@test "operands in the wrong order: the first is no number" {
	assert_refused 2 "shelf 'eth0': must be a number" eth0 0 1 "$IMAGE"
}

# The same function parses them all.  Sectors: -l is at most what can be
# addressed, -o what is no overflow in bytes.
@test "numbers: the minimum and the maximum are accepted, nothing beyond" {
	assert_range shelf 0 65534 65535 65536 70000 4294967296 x 1x x1 '1 ' \
		' 1' +-1 0x10 1k 18446744073709551616
	assert_range slot 0 254 255 256 300 65536
	assert_range -b 2 65535 0 1 65536 70000
	assert_range -t 0 86400 86401
	assert_range -l 1 281474976710654 0 281474976710655 \
		36028797018963968 9223372036854775807
	assert_range -o 0 18014398509481983 18014398509481984 \
		36028797018963968 9223372036854775807
}

@test "-l and -o may be hexadecimal or octal, as with vblade 25" {
	assert_refused 2 "has only 64 sectors" -l 0x41 0 1 none0 "$IMAGE"
	assert_refused '[14]' "none0|packet socket" -o 077 0 1 none0 "$IMAGE"
	assert_values_refused -o "must be a number from 0 to 18014398509481983" \
		<<<$'0x\n0x1g\n08\n-0x1'
	assert_accepted -b 08
}

@test "-l and -o beyond the file are refused in sectors of 512 bytes" {
	assert_refused 2 "-o or -l: .* has only 64 sectors of 512 bytes" \
		-l 999 0 1 none0 "$IMAGE"
	assert_refused 2 "-o or -l: .* has only 64 sectors of 512 bytes" \
		-o 1 -l 64 0 1 none0 "$IMAGE"
	assert_refused 2 "-o or -l: .* has only 64 sectors of 512 bytes" \
		-o 64 0 1 none0 "$IMAGE"
	assert_refused 2 "-o or -l: " -o 18014398509481983 \
		-l 281474976710654 0 1 none0 "$IMAGE"
}

@test "-m: a list with an entry that is no unicast MAC address is refused" {
	printf '%s\n' zz:zz:zz:zz:zz:zz 02:00:00:00:00 02000000000 \
		02:00:00:00:00:01:02 0200000000001 02-00-00-00-00-01 \
		02:00:00:00:00:0g :020000000001 x ff:ff:ff:ff:ff:ff \
		01:00:5e:00:00:01 "" "," "020000000001," ",020000000001" \
		020000000001,,020000000002 020000000001,zz,020000000002 |
		assert_values_refused -m "expected a comma-separated list of \
at most 255 unicast MAC addresses"
}

@test "-m: 255 addresses are accepted, more are refused" {
	local n
	assert_accepted -m "$(addresses 255)"
	for n in 256 5000; do
		assert_refused 2 "^vblade: -m '.*at most 255 .* addresses$" \
			-m "$(addresses $n)" 0 1 none0 "$NONE"
	done
}

@test "what cannot be exported is refused, each kind with its message" {
	local file messages=
	mkdir "$BATS_TEST_TMPDIR/directory"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	: >"$BATS_TEST_TMPDIR/empty"
	truncate -s 511 "$BATS_TEST_TMPDIR/small"
	for file in none directory fifo empty small; do
		file=$BATS_TEST_TMPDIR/$file
		assert_refused 6 "^vblade: .*$file: " 0 1 none0 "$file"
		assert_refused 6 "^vblade: .*$file: " -r 0 1 none0 "$file"
		messages+=$(sed 's/.*: //' "$ERR")$'\n'
	done
	assert_equal 3 "$(sort -u <<<"${messages%$'\n'}" | wc -l)" \
		"messages: $messages"
	assert_match "no whole sector$" "$(cat "$ERR")"
	assert_refused 6 "/dev/zero: not a regular file or block device" \
		0 1 none0 /dev/zero
	assert_refused 6 "No such file" 0 1 none0 ""
}
