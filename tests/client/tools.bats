# What aoetools, nmap and tshark, with their own idea of the protocol, report
# of a target.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { serve 0 1 eth0 "$(image 2048)"; }
teardown() { serve_end; }

# tool COMMAND...: run it as bats' run does; it succeeds.  One that waits for a
# reply that does not come waits forever.
tool() {
	run timeout 60 ip netns exec "$INITIATOR_NS" "$@"
	assert_equal 0 "$status" "$*: $output"
}

@test "aoeping finds the target, its MAC address and its identity" {
	tool aoeping -v -I 0 1 eth0
	assert_match '^found e0\.1 with mac 020000000002$' "$output"
	assert_match '^serial_number: 0\.1:' "$output"
	assert_match '^model: [^ ]' "$output"
}

@test "aoe-sancheck finds the path good for the largest frames" {
	tool aoe-sancheck eth0
	assert_match $'^e0\\.1\t   1\t1024\teth0$' "$output"
}

@test "aoecfg sets, forces and reads the configuration" {
	local arguments expected
	# It waits its whole second for more replies.
	while IFS='|' read -r arguments expected; do
		tool aoecfg -t 1 $arguments 0 1 eth0
		assert_equal "$expected" "$output" "aoecfg $arguments"
	done <<-'END'
		-c set -s hello|hello
		-c set -s other|*badcfg*
		|hello
		-c fset -s other|other
		|other
	END
}

# decode FILTER FIELD...: of the captured frames that pass the filter.
decode() {
	local fields=("${@:2}")
	tshark -r wire -Y "$1" -T fields "${fields[@]/#/-e}" 2>/dev/null
}

@test "tshark finds no reply malformed, and the errors that were due" {
	local request requests=(identify ata_flush 'ata_read 0 2'
		'ata_write 2047 1 5a*512' 'ata_read 2047 2' config_read
		'request 01 0000000000070000' 'request 02 00000000'
		'request 03 0000' 'request 09 00')
	cd "$BATS_TEST_TMPDIR"
	background "$INITIATOR_NS" tshark -q -i eth0 -f 'ether proto 0x88a2' \
		-c $((2 * ${#requests[@]})) -w wire
	# It writes the first block once it really listens.
	wait_until 60 test -s wire
	for request in "${requests[@]}"; do
		query "$($request)" >/dev/null
	done
	wait_for_exit "$PID"
	assert_equal '' "$(decode '_ws.expert.severity >= 0x600000 ||
		_ws.malformed' frame.number frame.protocols)"
	assert_equal '0 0 0 0 0 1 1/2 2 3 9/1' "$(decode 'aoe.response == 1 &&
		aoe.major == 0 && aoe.minor == 1' aoe.cmd aoe.error |
		sed 's,\t$,,; s,\t,/,' | xargs)"
}

# nmap sends the bare header, 24 bytes that a virtual link does not pad to the
# 60 of Ethernet. It uses an interface only if it has an IP address.
@test "nmap discovers the target" {
	on_initiator ip address replace 10.88.162.2/24 dev eth0
	tool nmap --script broadcast-ataoe-discover -e eth0
	assert_match "Server: ${TARGET_MAC//:/}; Version: 1; Major: 0; Minor: 1\$" \
		"$output"
}
