# Options and operands that need neither a network nor rights.

load reply

setup() { export_image 64; }

# try STATUS ARGUMENT...: it exits with the status without serving; $OUT has
# standard output and $ERR standard error.
try() {
	local status=0
	# shellcheck disable=SC2086
	OUT=$($REPLY_PROGRAM "${@:2}" 2>"$BATS_TEST_TMPDIR/err" </dev/null) ||
		status=$?
	ERR=$(cat "$BATS_TEST_TMPDIR/err")
	assert_equal "$1" "$status" "exit status; $ERR"
	refute_match '^pid ' "$OUT"
}

# assert_usage_error MESSAGE ARGUMENT...: exit status 2 and this message.
assert_usage_error() {
	try 2 "${@:2}"
	assert_equal "vblade: $1" "$ERR"
}

@test "-h and --help list every option on standard output" {
	local option
	try 0 -h
	assert_match '^usage: vblade ' "$OUT"
	for option in b d f h l m o r s t v V; do
		assert_match "^  -$option" "$OUT"
	done
	local help=$OUT
	try 0 --help
	assert_equal "$help" "$OUT"
	assert_equal "" "$ERR"
}

@test "-V and --version print the version" {
	try 0 -V
	assert_equal "vblade 1.0" "$OUT"
	try 0 --version
	assert_equal "vblade 1.0" "$OUT"
}

@test "without operands: the usage on standard error" {
	try 2
	assert_match '^usage: vblade ' "$ERR"
	assert_equal "" "$OUT"
}

@test "swapped operands are recognised" {
	assert_usage_error "operands in the wrong order: shelf and slot come before the interface 'eth0'" \
		eth0 0 1 "$DISK"
}

@test "shelf and slot are numbers within their limits" {
	assert_usage_error "shelf '65535': must be a number from 0 to 65534" \
		65535 1 1500 "$DISK"
	assert_usage_error "shelf '1x': must be a number from 0 to 65534" \
		1x 1 1500 "$DISK"
	assert_usage_error "slot '255': must be a number from 0 to 254" \
		0 255 1500 "$DISK"
}

@test "-b is from 2 to 65535" {
	assert_usage_error "-b '1': must be a number from 2 to 65535" \
		-b 1 0 1 1500 "$DISK"
	assert_usage_error "-b '70000': must be a number from 2 to 65535" \
		-b 70000 0 1 1500 "$DISK"
	assert_usage_error "option requires an argument -- b" -b
}

@test "unknown options are named" {
	try 2 -x 0 1 1500 "$DISK"
	assert_match '^vblade: unknown option -x' "$ERR"
	try 2 --read-only 0 1 1500 "$DISK"
	assert_match '^vblade: unknown option --read-only' "$ERR"
}

@test "-m rejects the whole list for any error in it" {
	local list
	for list in '' x 02000000000 0200000000011 01:00:00:00:00:01 \
		'020000000001,' ',020000000001' 02:00:00:00:00:01,zz; do
		assert_usage_error "-m '$list': expected a comma-separated list of unicast MAC addresses" \
			-m "$list" 0 1 1500 "$DISK"
	done
}

@test "-o and -l lie within the disk, in sectors of 512 bytes" {
	assert_usage_error "-o 64: $DISK has only 64 sectors of 512 bytes" \
		-o 64 0 1 1500 "$DISK"
	assert_usage_error "-l 61: $DISK has only 60 sectors of 512 bytes from -o 4 on" \
		-o 4 -l 61 0 1 1500 "$DISK"
}

@test "a disk without a whole sector is exit status 6" {
	truncate -s 511 "$DISK"
	try 6 0 1 1500 "$DISK"
	assert_equal "vblade: $DISK: no whole sector in 511 bytes" "$ERR"
}

@test "what some initiators cannot handle is logged at the start" {
	truncate -s 32300 "$DISK"
	PLACE=(4095 16)
	run_script
	assert_logged 'Linux initiators ignore shelf 4095$'
	assert_logged 'some initiators ignore slots above 15$'
	assert_logged 'ignoring the last 44 bytes \(less than one sector\)$'
	assert_logged 'odd number of sectors \(63\)'
}
