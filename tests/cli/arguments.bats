# The command line: what is accepted, and how what is not is refused.  Needs
# neither root nor a network: the file does not exist, so that accepted
# arguments get no further than that.

load ../helper

setup() {
	TARGET_NS=
	IMAGE=$(image 64)
	NONE=$BATS_TEST_TMPDIR/none
}

teardown() { serve_end; }

# assert_accepted ARGUMENT...: the arguments are accepted; only the file is
# missing.
assert_accepted() {
	assert_refused 6 "$NONE: No such file" "$@"
}

# assert_value_refused NAME VALUE ARGUMENT...: the value, which is among the
# arguments, is refused; the message has its name and the value.
assert_value_refused() {
	local name=$1 value
	value=$(sed 's/[.+]/\\&/g' <<<"$2")
	shift 2
	assert_refused 2 "^vblade: $name '$value': " "$@"
}

# assert_success ARGUMENT...: exit status 0, and nothing on standard error.
assert_success() {
	launch "$@"
	wait_for_exit "$PID"
	assert_equal 0 "$STATUS" "exit status of vblade $*"
	assert_equal "" "$(cat "$ERR")" "standard error"
}

# assert_usage PATTERN ARGUMENT...: exit status 2, and a message.
assert_usage() {
	local pattern=$1
	shift
	launch "$@"
	wait_for_exit "$PID"
	assert_equal 2 "$STATUS" "exit status of vblade $*"
	assert_equal "" "$(cat "$OUT")" "standard output"
	assert_match "$pattern" "$(cat "$ERR")"
}

# malformed: what is no number from 0 on.
malformed() {
	printf '%s\n' x 1x x1 1.5 '1 ' ' 1' +-1 0x10 1k \
		99999999999999999999 18446744073709551616 -1 ''
}

# addresses N: a list of N different MAC addresses.
addresses() {
	local i list=
	for ((i = 0; i < $1; i++)); do
		list+=$(printf '0200%08x,' "$i")
	done
	echo "${list%,}"
}

@test "-h prints the usage and a line for each option" {
	local option
	assert_success -h
	assert_match '^usage: vblade ' "$(cat "$OUT")"
	assert_match 'shelf slot interface file$' "$(cat "$OUT")"
	for option in b d f h l m o r s t v V; do
		assert_equal 1 "$(grep -c "^  -$option .*[a-z]" "$OUT")" \
			"lines for -$option"
	done
	refute_match '.{80}' "$(cat "$OUT")"
}

@test "--help prints the same" {
	assert_success -h
	local short=$OUT
	assert_success --help
	assert_equal "$(cat "$short")" "$(cat "$OUT")"
}

@test "-V and --version print the name and the version" {
	local option
	for option in -V --version; do
		assert_success $option
		assert_equal 1 "$(wc -l <"$OUT")" "lines"
		assert_match '^vblade [0-9]+' "$(cat "$OUT")"
	done
}

@test "fewer or more than four operands are refused with the usage" {
	assert_usage '^usage: '
	assert_usage '^usage: ' 0
	assert_usage '^usage: ' 0 1 eth0
	assert_usage '^usage: ' -r 0 1 eth0
	assert_usage '^usage: ' 0 1 eth0 "$IMAGE" surplus
}

@test "an unknown option is refused by its name, and -h is mentioned" {
	assert_refused 2 "unknown option -x .*-h " -x 0 1 eth0 "$IMAGE"
}

@test "a long option is refused by its name" {
	assert_refused 2 "unknown option --read-only .*-h " --read-only 0 1 \
		eth0 "$IMAGE"
}

@test "an option without its argument is refused by its name" {
	assert_refused 2 "option requires an argument -- l" -l
}

@test "operands in the wrong order are explained" {
	assert_refused 2 "wrong order: .*before the interface 'eth0'" \
		eth0 0 1 "$IMAGE"
}

@test "shelf: 0 to 65534" {
	local value
	assert_accepted 0 1 none0 "$NONE"
	assert_accepted 65534 1 none0 "$NONE"
	{
		printf '%s\n' 65535 65536 70000 4294967296
		malformed
	} | while IFS= read -r value; do
		assert_value_refused shelf "$value" -- "$value" 1 none0 "$NONE"
	done
}

@test "slot: 0 to 254" {
	local value
	assert_accepted 0 0 none0 "$NONE"
	assert_accepted 0 254 none0 "$NONE"
	{
		printf '%s\n' 255 256 300 65536
		malformed | tail -n 3
	} | while IFS= read -r value; do
		assert_value_refused slot "$value" -- 0 "$value" none0 "$NONE"
	done
}

# assert_range OPTION MIN MAX VALUE...: from MIN to MAX is accepted, the
# values and what is no number are refused.  (All of malformed is tried with
# the shelf; the same function parses all numbers.)
assert_range() {
	local option=$1 value
	assert_accepted "$option" "$2" 0 1 none0 "$NONE"
	assert_accepted "$option" "$3" 0 1 none0 "$NONE"
	shift 3
	{
		printf '%s\n' "$@"
		malformed | tail -n 3
	} | while IFS= read -r value; do
		assert_value_refused "$option" "$value" "$option" "$value" \
			0 1 none0 "$NONE"
	done
}

@test "-b: 2 to 65535" {
	assert_range -b 2 65535 0 1 65536 70000
}

@test "-t: 0 to a day" {
	assert_range -t 0 86400 86401
}

@test "-l: from 1 to what is no overflow in bytes" {
	assert_range -l 1 18014398509481983 0 18014398509481984 \
		36028797018963968 9223372036854775807
}

@test "-o: from 0 to what is no overflow in bytes" {
	assert_range -o 0 18014398509481983 18014398509481984 \
		36028797018963968 9223372036854775807
}

@test "-l and -o beyond the file are refused in sectors of 512 bytes" {
	assert_refused 2 "-l 999: .* has only 64 sectors of 512 bytes" \
		-l 999 0 1 none0 "$IMAGE"
	assert_refused 2 "-l 64: .* has only 63 sectors of 512 bytes" \
		-o 1 -l 64 0 1 none0 "$IMAGE"
	assert_refused 2 "-o 64: .* has only 64 sectors of 512 bytes" \
		-o 64 0 1 none0 "$IMAGE"
	assert_refused 2 "-o 18014398509481983: " -o 18014398509481983 \
		-l 18014398509481983 0 1 none0 "$IMAGE"
}

@test "-m: what is no unicast MAC address is refused" {
	local value
	for value in zz:zz:zz:zz:zz:zz 02:00:00:00:00 02000000000 \
		02:00:00:00:00:01:02 0200000000001 02-00-00-00-00-01 \
		02:00:00:00:00:0g x ff:ff:ff:ff:ff:ff 01:00:5e:00:00:01; do
		assert_value_refused -m "$value" -m "$value" 0 1 none0 "$NONE"
	done
}

@test "-m: an empty list or entry, or one bad entry, is refused" {
	local value
	for value in "" "," "020000000001," ",020000000001" \
		020000000001,,020000000002 020000000001,zz,020000000002; do
		assert_value_refused -m "$value" -m "$value" 0 1 none0 "$NONE"
	done
}

@test "-m: 255 addresses are accepted, more are refused" {
	assert_accepted -m "$(addresses 255)" 0 1 none0 "$NONE"
	assert_refused 2 "^vblade: -m" -m "$(addresses 256)" 0 1 none0 "$NONE"
	assert_refused 2 "^vblade: -m" -m "$(addresses 5000)" 0 1 none0 "$NONE"
}

@test "bad arguments are reported before a missing file or interface" {
	assert_refused 2 shelf 70000 1 none0 "$NONE"
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
	assert_equal 4 "$(sort -u <<<"${messages%$'\n'}" | wc -l)" \
		"messages: $messages"
	assert_refused 6 "/dev/zero: not a regular file or block device" \
		0 1 none0 /dev/zero
	assert_refused 6 "No such file" 0 1 none0 ""
}
