# shellcheck shell=bash
#
# What the tests of this directory share: a LAN with shelves on which targets
# run, and guests, virtual machines that are their clients.
#
#	    lan: bridge br0 ---- tap ---- eth0 of a guest (QEMU)
#	          |       |
#	shelf a: eth0    eth0 :shelf b
#
#	load client
#	setup_file() { kernel; lan_open; shelf a; guest_boot g; }
#	teardown_file() { lan_close; }
#
#	@test "the guest sees the disk" {
#		target t a 0 1 eth0 "$DIR/disk"
#		guest g 'test -b /dev/etherd/e0.1'
#	}
#
# Each shelf is a namespace, and so is the bridge. They are named by process,
# so that several files of tests can run side by side, and lan_close ends all
# that runs in them. TARGET=/usr/sbin/vblade runs the tests against another
# target.

VBLADE=${TARGET:-${VBLADE:-}}
load ../helper

CLIENT=$TESTS/client
CACHE=${CACHE:-$CLIENT/.cache}
DIR=$BATS_FILE_TMPDIR

# --- the LAN ----------------------------------------------------------

# lan_open [MTU]: make the LAN, without a shelf yet.
lan_open() {
	export LAN=vbc$$
	namespace "$LAN"
	ip -n "$LAN" link add br0 type bridge
	ip -n "$LAN" link set br0 up
	# Tests that are killed have no teardown.
	(
		trap '' INT TERM HUP
		tail --pid=$$ -f /dev/null
		lan_close
	) >/dev/null 2>&1 </dev/null 3>&- 4>&- &
	disown
}

namespace() {
	ip netns add "$1"
	ip netns exec "$1" sh -c '
		cd /proc/sys/net/ipv6/conf 2>/dev/null || exit 0
		echo 1 >all/disable_ipv6
		echo 1 >default/disable_ipv6'
}

# Remove the LAN and all that runs on it, also if it was only half made.
lan_close() {
	local ns pids
	[ -n "${LAN:-}" ] || return 0
	for ns in $(ip netns list | sed 's/ .*//' | grep -xE "$LAN(-.*)?"); do
		pids=$(ip netns pids "$ns")
		# shellcheck disable=SC2086
		[ -z "$pids" ] || kill -9 $pids || :
		ip netns delete "$ns"
	done
}

# shelf NAME...: make namespaces, each with its eth0 on the LAN.
shelf() {
	local name
	for name; do
		namespace "$LAN-$name"
		ip -n "$LAN" link add name "$name" mtu 9000 type veth \
			peer name eth0 mtu 9000 netns "$LAN-$name"
		ip -n "$LAN" link set dev "$name" master br0 up
		ip -n "$LAN-$name" link set eth0 up
	done
}

# shelf_mtu NAME MTU: change the MTU of both ends of a shelf's wire.
shelf_mtu() {
	ip -n "$LAN" link set dev "$1" mtu "$2"
	ip -n "$LAN-$1" link set eth0 mtu "$2"
}

# at SHELF COMMAND...: run it there.
at() {
	ip netns exec "$LAN-$1" "${@:2}"
}

# start NAME COMMAND...: start it and leave it running; its pid is then in
# $DIR/NAME.pid, its standard output and error in $DIR/NAME.out and .err.
start() {
	local name=$1
	shift
	# What an earlier one of this name said must not count.
	rm -f "$DIR/$name.out" "$DIR/$name.err"
	"$@" >"$DIR/$name.out" 2>"$DIR/$name.err" </dev/null 3>&- 4>&- &
	echo $! >"$DIR/$name.pid"
	disown
}

runs() {
	kill -0 "$(cat "$DIR/$1.pid")"
} 2>/dev/null

# end NAME [SIGNAL]: end what start started, by default with SIGKILL.
end() {
	! runs "$1" || kill -s "${2:-KILL}" "$(cat "$DIR/$1.pid")"
	wait_until 20 process_ended "$1"
}

process_ended() {
	! runs "$1"
}

# target NAME SHELF ARGUMENT...: start vblade on the shelf, and wait until it
# is ready.
target() {
	start "$1" ip netns exec "$LAN-$2" "$VBLADE" "${@:3}"
	wait_until 10 target_settled "$1"
	grep -q '^pid ' "$DIR/$1.out" ||
		fail "vblade ${*:3}: not ready" "$(cat "$DIR/$1.err")"
}

target_settled() {
	grep -q '^pid ' "$DIR/$1.out" || ! runs "$1"
}

# --- guests -----------------------------------------------------------

# Get the guests' kernel, if it is not here yet.
kernel() {
	mkdir -p "$CACHE"
	flock "$CACHE" "$CLIENT/kernel.sh" "$CACHE"
}

# machine NAME MAC ARGUMENT...: start a QEMU on the LAN. What its serial port
# says goes to $DIR/NAME.console. It is emulated without help from the
# processor, so that it is the same machine everywhere.
machine() {
	local name=$1 mac=$2
	shift 2
	ip -n "$LAN" tuntap add dev "$name" mode tap
	ip -n "$LAN" link set dev "$name" mtu 9000 master br0 up
	start "$name" ip netns exec "$LAN" qemu-system-x86_64 \
		-accel tcg -m 512 -nodefaults -no-user-config -no-reboot \
		-display none -serial "file:$DIR/$name.console" \
		-netdev "tap,id=lan,ifname=$name,script=no,downscript=no" \
		-device "virtio-net-pci,netdev=lan,mac=$mac" "$@"
}

# guest_boot NAME MAC [ARGUMENT...]: start a machine with the Linux that kernel
# got. The arguments are further ones of QEMU.
guest_boot() {
	local name=$1 mac=$2 host=local,path=/,mount_tag=host
	shift 2
	mkfifo "$DIR/$name.port.in" "$DIR/$name.port.out"
	machine "$name" "$mac,romfile=" -kernel "$CACHE/vmlinuz" \
		-initrd "$CACHE/guest.cpio" -append \
		"console=ttyS0 panic=-1 guest.cache=$(realpath "$CACHE")" \
		-device virtio-serial-pci \
		-chardev "pipe,id=port,path=$DIR/$name.port" \
		-device virtserialport,chardev=port \
		-virtfs "$host,security_model=none,readonly=on,multidevs=remap" \
		"$@"
	# What is written before QEMU has the port open would be lost.
	wait_until 60 guest_listens "$name" ||
		guest_lost "$name" 'power on' || return
	ip netns exec "$LAN" cat <"$DIR/$name.port.out" >"$DIR/$name.said" \
		3>&- 4>&- &
	disown
}

guest_listens() {
	readlink "/proc/$(cat "$DIR/$1.pid")/fd/"* | grep -q "/$1.port.out\$"
}

# guest NAME SCRIPT [SECONDS]: run the script of sh there. Its output and exit
# status are those of the guest. A guest that did not answer in time is lost:
# what is asked of it later fails at once.
guest() {
	local name=$1 script=$2 seconds=${3:-60} mark=mark-$RANDOM$RANDOM said
	[ ! -e "$DIR/$name.lost" ] || fail "guest $name was lost" || return
	printf '%s %s\n%s\n%s\n' "$mark" "$seconds" "$script" "$mark" \
		1<>"$DIR/$name.port.in"
	wait_until $((seconds + 30)) guest_done "$name" "$mark" &&
		guest_answered "$name" "$mark" ||
		guest_lost "$name" "$script" || return
	said=$(sed "0,/^$mark$/d" "$DIR/$name.said")
	echo -n "${said%"$mark "*}"
	return "${said##*"$mark "}"
}

guest_done() {
	guest_answered "$@" || ! runs "$1"
}

guest_answered() {
	[[ $(tail -n 1 "$DIR/$1.said") == "$2 "* ]]
}

guest_lost() {
	touch "$DIR/$1.lost"
	fail "guest $1 does not answer: $2" \
		"$(cat "$DIR/$1.err")" \
		"$(grep -v '^\[[^]]*\]  ' "$DIR/$1.console" | tail -n 20)"
}

# --- pages ------------------------------------------------------------

# block PAGE NUMBER: one of the blocks of commands of a page of dist/doc.
block() {
	awk -v wanted="$2" '
		/^    / && !inside++ { count++ }
		/^    / && count == wanted { print substr($0, 5); found = 1 }
		!/^    / { inside = 0 }
		END { exit !found }' "$TESTS/../dist/doc/$1.md"
}
