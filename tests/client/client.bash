# What the tests of this directory share: a LAN with hosts on which targets
# run, and guests, virtual machines that are their clients.
#
#	    lan: bridge br0 ---- tap ---- eth0 of a guest (QEMU)
#	          |       |
#	 host a: eth0    eth0 :host b
#
# Each host is a namespace, and so is the bridge. They are named by process,
# so that several files of tests can run side by side, and lan_close ends all
# that runs in them.

load ../helper

CLIENT=$TESTS/client
CACHE=${CACHE:-$CLIENT/.cache}
DIR=$BATS_FILE_TMPDIR

# --- the LAN ----------------------------------------------------------

# lan_open: make the LAN, without a host yet.
lan_open() {
	export LAN=vbc$$
	lab_namespace "$LAN"
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

# Remove the LAN and all that runs on it, also if it was only half made.
lan_close() {
	local ns pids
	[ -n "${LAN:-}" ] || return 0
	for ns in $(ip netns list | sed 's/ .*//' | grep -xE "$LAN(-.*)?"); do
		pids=$(ip netns pids "$ns")
		[ -z "$pids" ] || kill -9 $pids || :
		ip netns delete "$ns"
	done
}

# Where a file of tests has none of its own.
teardown_file() {
	lan_close
}

# add_hosts NAME...: make namespaces, each with its eth0 on the LAN.
add_hosts() {
	local name
	for name; do
		lab_namespace "$LAN-$name"
		ip -n "$LAN" link add name "$name" mtu 9000 type veth \
			peer name eth0 mtu 9000 netns "$LAN-$name"
		ip -n "$LAN" link set dev "$name" master br0 up
		ip -n "$LAN-$name" link set eth0 up
	done
}

# --- guests -----------------------------------------------------------

# start_machine NAME MAC ARGUMENT...: start a QEMU on the LAN. What it writes
# to its serial port goes to $DIR/NAME.console, its own errors to $DIR/NAME.err.
# It is emulated without help from the processor, so that it is the same machine
# everywhere.
start_machine() {
	local name=$1 mac=$2
	shift 2
	ip -n "$LAN" tuntap add dev "$name" mode tap
	ip -n "$LAN" link set dev "$name" mtu 9000 master br0 up
	ip netns exec "$LAN" qemu-system-x86_64 \
		-accel tcg -m 512 -nodefaults -no-user-config -no-reboot \
		-display none -serial "file:$DIR/$name.console" \
		-netdev "tap,id=lan,ifname=$name,script=no,downscript=no" \
		-device "virtio-net-pci,netdev=lan,mac=$mac" "$@" \
		>"$DIR/$name.err" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$DIR/$name.pid"
	disown
}

has_stopped() {
	process_gone "$(cat "$DIR/$1.pid")"
}

# guest_mac NAME: the MAC address of a guest, made from its first letter.
guest_mac() {
	printf '52:54:00:00:00:%02x\n' "'$1"
}

# boot_guest NAME [ARGUMENT...]: start a machine with Debian's kernel, and its
# eth0 with an MTU of 9000. The arguments are further ones of QEMU.
boot_guest() {
	local name=$1 options=security_model=none,multidevs=remap
	# On a busy machine the kernel finds no timer interrupts, and panics.
	local kernel='console=ttyS0 panic=-1 no_timer_check'
	shift
	mkdir -p "$CACHE" "$DIR/$name.port"
	flock "$CACHE" "$CLIENT/kernel.sh" "$CACHE"
	start_machine "$name" "$(guest_mac "$name"),romfile=" \
		-kernel "$CACHE/vmlinuz" -initrd "$CACHE/guest.cpio" -append \
		"$kernel guest.cache=$(realpath "$CACHE")" \
		-virtfs "local,path=/,mount_tag=host,readonly=on,$options" \
		-virtfs "local,path=$DIR/$name.port,mount_tag=port,$options" \
		"$@"
}

# on_guest NAME SCRIPT: run the script of sh there. Its output and exit status
# are those of the script. A guest that does not reply in time has failed:
# every later script for it fails at once.
on_guest() {
	local port=$DIR/$1.port
	[ ! -e "$DIR/$1.failed" ] || fail "guest $1 failed" || return
	rm -f "$port/status"
	printf "%s\n" ". '$CLIENT/functions.sh'" "$2" >"$port/next"
	mv "$port/next" "$port/script"
	wait_until 420 guest_replied_or_stopped "$1" && [ -e "$port/status" ] || {
		touch "$DIR/$1.failed"
		fail "guest $1 does not reply: $2" "$(cat "$DIR/$1.err")" \
			"$(grep -v '^\[[^]]*\]  ' "$DIR/$1.console" |
				tail -n 20)"
		return
	}
	cat "$port/output"
	return "$(cat "$port/status")"
}

guest_replied_or_stopped() {
	[ -e "$DIR/$1.port/status" ] || has_stopped "$1"
}
