# shellcheck shell=sh
#
# lab.sh: two network namespaces joined by a wire, for sh and bash scripts
# that source it.  $TARGET_NS has the target, $INITIATOR_NS the initiator; in
# each the end of the wire is eth0.  No other traffic is on it.  LAB, which
# names the namespaces, has to be unique on the machine.

: "${LAB:=vb$$}"
TARGET_NS=$LAB-target
INITIATOR_NS=$LAB-initiator
TARGET_MAC=02:00:00:00:00:02
INITIATOR_MAC=02:00:00:00:00:01

# lab_namespace NAME: make a namespace whose kernel sends nothing by itself.
lab_namespace() {
	ip netns add "$1" &&
		ip netns exec "$1" sh -c '
			cd /proc/sys/net/ipv6/conf 2>/dev/null || exit 0
			echo 1 >all/disable_ipv6
			echo 1 >default/disable_ipv6'
}

# lab_wire MTU: join the two namespaces.
lab_wire() {
	ip -n "$TARGET_NS" link add eth0 address "$TARGET_MAC" mtu "$1" \
		type veth peer name eth0 address "$INITIATOR_MAC" \
		mtu "$1" netns "$INITIATOR_NS" &&
		ip -n "$TARGET_NS" link set eth0 up &&
		ip -n "$INITIATOR_NS" link set eth0 up
}

# lab_open [MTU]: make the lab.  In setup_file it serves all tests of a file,
# in setup each has its own; lab_close goes into the matching teardown.
lab_open() {
	export LAB
	lab_namespace "$TARGET_NS" && lab_namespace "$INITIATOR_NS" &&
		lab_wire "${1:-1500}" || return
	lab_tries=500
	until lab_has_carrier; do
		[ $((lab_tries -= 1)) -gt 0 ] || return
		sleep 0.02
	done
}

lab_has_carrier() {
	ip -n "$TARGET_NS" link show eth0 | grep -q LOWER_UP &&
		ip -n "$INITIATOR_NS" link show eth0 | grep -q LOWER_UP
}

# Remove the lab, also one that was only half made.
lab_close() {
	ip netns delete "$TARGET_NS" 2>/dev/null || :
	ip netns delete "$INITIATOR_NS" 2>/dev/null || :
}

# lab_mtu MTU: change the MTU of both ends.
lab_mtu() {
	ip -n "$TARGET_NS" link set eth0 mtu "$1" &&
		ip -n "$INITIATOR_NS" link set eth0 mtu "$1"
}

# on_target COMMAND..., on_initiator COMMAND...: run it in the namespace.
on_target() { ip netns exec "$TARGET_NS" "$@"; }
on_initiator() { ip netns exec "$INITIATOR_NS" "$@"; }
