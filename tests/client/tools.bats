# shellcheck shell=bats disable=SC2016,SC2034
#
# What aoetools and nmap, with their own idea of the protocol, report of a target.

load client

setup_file() {
	lab_open
}

teardown_file() {
	lab_close
}

setup() {
	serve 0 1 eth0 "$(image 2048)"
}

teardown() {
	serve_end
}

# assert_output EXPECTED COMMAND...: this is the output of the command, which
# exits with 0. One that waits for a reply that does not come waits forever.
assert_output() {
	local expected=$1
	shift
	run timeout 10 ip netns exec "$INITIATOR_NS" "$@"
	assert_equal 0 "$status" "exit status of $*"
	assert_equal "$expected" "$output" "output of $*"
}

# aoecfg waits its whole second for more replies.
assert_config() {
	assert_output "$1" aoecfg -t 1 "${@:2}" 0 1 eth0
}

@test "aoeping finds the target" {
	assert_output '' aoeping 0 1 eth0
}

@test "aoeping names the target's MAC address" {
	run timeout 10 ip netns exec "$INITIATOR_NS" aoeping -v 0 1 eth0
	assert_match '^found e0\.1 with mac 020000000002$' "$output"
}

@test "aoeping shows the identity" {
	run timeout 10 ip netns exec "$INITIATOR_NS" aoeping -I 0 1 eth0
	assert_match '^serial_number: 0\.1:' "$output"
	assert_match '^model: [^ ]' "$output"
}

@test "aoeping reports that there is no SMART" {
	run timeout 10 ip netns exec "$INITIATOR_NS" \
		aoeping -S status 0 1 eth0
	assert_equal 1 "$status"
	assert_equal 'Error: e0.1 does not support SMART' "$output"
}

@test "aoe-sancheck finds the path good for the largest frames" {
	local line='=========================================='
	assert_output "Probing...done.
${line}
INTERFACE SUMMARY
${line}
Name	Status	MTU	PCI ID
eth0	UP	1500	
${line}
DEVICE SUMMARY
${line}
Device	Macs	Payload	Local Interfaces
e0.1	   1	1024	eth0" aoe-sancheck eth0
}

@test "aoecfg reads an empty configuration" {
	assert_output '0.1	' aoecfg -t 1 eth0
}

@test "aoecfg sets the configuration, and reads it" {
	assert_config hello -c set -s hello
	assert_config hello
}

@test "aoecfg reads the configuration of any target" {
	assert_config hello -c set -s hello
	assert_output '0.1	hello' aoecfg -t 1 eth0
}

@test "aoecfg is refused when another configuration is set" {
	assert_config hello -c set -s hello
	assert_config '*badcfg*' -c set -s other
	assert_config hello
}

@test "aoecfg forces another configuration" {
	assert_config hello -c set -s hello
	assert_config other -c fset -s other
	assert_config other
}

@test "aoecfg tests for the whole configuration" {
	assert_config hello -c set -s hello
	assert_config hello -c test -s hello
	run timeout 10 ip netns exec "$INITIATOR_NS" \
		aoecfg -t 1 -c test -s hell 0 1 eth0
	assert_equal '' "$output"
}

@test "aoecfg tests for the start of the configuration" {
	assert_config hello -c set -s hello
	assert_config hello -c prefix -s hell
	run timeout 10 ip netns exec "$INITIATOR_NS" \
		aoecfg -t 1 -c prefix -s ello 0 1 eth0
	assert_equal '' "$output"
}

# nmap sends the bare header, 24 bytes that a virtual link does not pad to the
# 60 of Ethernet. It uses an interface only if it has an IP address.
@test "nmap discovers the target" {
	on_initiator ip address replace 10.88.162.2/24 dev eth0
	run timeout 60 ip netns exec "$INITIATOR_NS" \
		nmap --script broadcast-ataoe-discover -e eth0
	assert_match "Server: ${TARGET_MAC//:/}; Version: 1; Major: 0; Minor: 1\$" \
		"$output"
}
