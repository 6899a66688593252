# Every number has its range; one outside ends the start with status 2 and a
# line that names the argument.  The interface does not exist, so that what
# is accepted goes no further than that.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

# bad NAME VALUE ARGUMENT...: the value, which is among the arguments, is
# refused, and both it and the name are told.
bad() {
	local name=$1 value=$2
	shift 2
	assert_refused 2 "$name.*${value//./\\.}" "$@"
}

# good ARGUMENT...: they are accepted, perhaps with a warning, and the
# interface is then missed.
good() {
	launch "$@"
	wait_for_exit "$PID"
	assert_equal 1 "$STATUS" "exit status of vblade $*"
	assert_match none0 "$(cat "$ERR")"
}

# garbage: what is no decimal number at all.
garbage() {
	printf '%s\n' x 1x x1 1.5 '1 ' +-1 99999999999999999999 -1
}

@test "shelf: 0 to 65534" {
	local value
	good 0 1 none0 "$IMAGE"
	good 65534 1 none0 "$IMAGE"
	for value in 65535 65536 70000 4294967296; do
		bad shelf "$value" -- "$value" 1 none0 "$IMAGE"
	done
}

@test "shelf: garbage is refused" {
	while IFS= read -r value; do
		bad shelf "$value" -- "$value" 1 none0 "$IMAGE"
	done < <(garbage)
	bad shelf "" -- "" 1 none0 "$IMAGE"
}

@test "shelf: 4095 is served with a warning" {
	serve 4095 1 eth0 "$IMAGE"
	assert_match "shelf 4095" "$(cat "$ERR")"
	assert_match ": e4095\.1, " "$(cat "$OUT")"
	stop_vblade
	serve 4094 1 eth0 "$IMAGE"
	refute_match "shelf 4094" "$(cat "$ERR")"
}

@test "slot: 0 to 254" {
	local value
	good 0 0 none0 "$IMAGE"
	good 0 254 none0 "$IMAGE"
	for value in 255 256 300 65536; do
		bad slot "$value" -- 0 "$value" none0 "$IMAGE"
	done
}

@test "slot: garbage is refused" {
	while IFS= read -r value; do
		bad slot "$value" -- 0 "$value" none0 "$IMAGE"
	done < <(garbage)
	bad slot "" -- 0 "" none0 "$IMAGE"
}

@test "slot: one above 15 is served with a warning" {
	serve 0 15 eth0 "$IMAGE"
	refute_match "slot" "$(cat "$ERR")"
	stop_vblade
	serve 0 16 eth0 "$IMAGE"
	assert_match "slot.*16|16.*slot" "$(cat "$ERR")"
}

@test "-b: 2 to 65535" {
	local value
	good -b 2 0 1 none0 "$IMAGE"
	good -b 65535 0 1 none0 "$IMAGE"
	for value in 0 1 65536 70000; do
		bad -b "$value" -b "$value" 0 1 none0 "$IMAGE"
	done
}

@test "-j: 0 is allowed, a million workers are not" {
	good -j 0 0 1 none0 "$IMAGE"
	good -j 16 0 1 none0 "$IMAGE"
	bad -j 1000000 -j 1000000 0 1 none0 "$IMAGE"
}

@test "-l: no sector at all is refused, and so is more than the file" {
	good -l 64 0 1 none0 "$IMAGE"
	bad -l 0 -l 0 0 1 none0 "$IMAGE"
}

@test "-o: none is allowed" {
	good -o 0 0 1 none0 "$IMAGE"
	good -o 63 0 1 none0 "$IMAGE"
}

@test "-t: 0 is allowed, more than a day is not" {
	good -t 0 0 1 none0 "$IMAGE"
	good -t 86400 0 1 none0 "$IMAGE"
	bad -t 86401 -t 86401 0 1 none0 "$IMAGE"
}

@test "-b -j -l -o -t: garbage is refused" {
	local option
	for option in b j l o t; do
		while IFS= read -r value; do
			bad "-$option" "$value" "-$option" "$value" \
				0 1 none0 "$IMAGE"
		done < <(garbage)
		bad "-$option" "" "-$option" "" 0 1 none0 "$IMAGE"
	done
}

@test "-l -o: what overflows as bytes is refused" {
	local option value
	for option in l o; do
		for value in 18014398509481984 36028797018963968 \
			9223372036854775807 18446744073709551615; do
			bad "-$option" "$value" "-$option" "$value" \
				0 1 none0 "$IMAGE"
		done
	done
}

@test "-m: what is no MAC address is refused" {
	local value
	for value in zz:zz:zz:zz:zz:zz 02:00:00:00:00 02000000000 \
		02:00:00:00:00:01:02 0200000000001 02-00-00-00-00-01 \
		02:00:00:00:00:0g x; do
		bad -m "$value" -m "$value" 0 1 none0 "$IMAGE"
	done
}

@test "-m: an empty list or entry is refused" {
	local value
	for value in "" "," "020000000001," ",020000000001" \
		020000000001,,020000000002; do
		bad -m "" -m "$value" 0 1 none0 "$IMAGE"
	done
}

@test "-m: one bad entry among good ones is refused" {
	bad -m zz -m 020000000001,zz,020000000002 0 1 none0 "$IMAGE"
}

@test "-m: 255 addresses are allowed, 256 are not" {
	good -m "$(addresses 255)" 0 1 none0 "$IMAGE"
	assert_refused 2 -m -m "$(addresses 256)" 0 1 none0 "$IMAGE"
	assert_refused 2 -m -m "$(addresses 5000)" 0 1 none0 "$IMAGE"
}

# addresses N: a list of N different MAC addresses.
addresses() {
	seq "$1" | sed 's/.*/0200000000000&/; s/.*\(............\)$/\1/' |
		sed 's/^./0/; s/^\(.\)./\12/' | paste -sd ,
}
