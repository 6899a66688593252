#!/bin/sh
#
# make demo: export a sparse image in one network namespace, and from another,
# at the other end of a wire, find it, write, flush and read back.  Needs
# root.  The host's own network is not touched, and nothing remains of it.

set -eu
cd "$(dirname "$0")/.."

LAB=vbdemo$$
. tests/lab.sh
dir=$(mktemp -d)
pid=

die() {
	echo "demo: $*" >&2
	exit 1
}

clean_up() {
	trap '' INT TERM HUP
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	wait
	lab_close
	rm -rf "$dir"
}

# field OFFSET LENGTH: these bytes of the reply, a number.
field() {
	echo $((0x$(echo "$reply" | cut -c "$((2 * $1 + 1))-$((2 * ($1 + $2)))")))
}

# run_load OPTION...: an initiator on the first MiB; its figures.
run_load() {
	on_initiator tests/load -n 16 -c 2048 "$@" 0 1 eth0 >"$dir/load" ||
		die "$(cat "$dir/load")"
	grep -o 'requests=[0-9]* ' "$dir/load"
}

[ "$(id -u)" -eq 0 ] || die "needs root, for network namespaces"
command -v ip >/dev/null || die "needs iproute2"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

truncate -s 1G "$dir/disk.img"
lab_open 9000 ||
	die "cannot make the namespaces (a chroot must be a mount point)"
ip netns exec "$TARGET_NS" ./vblade 0 1 eth0 "$dir/disk.img" \
	>"$dir/out" 2>"$dir/err" &
pid=$!
until grep -q '^pid' "$dir/out" 2>/dev/null; do
	kill -0 "$pid" || die "vblade did not start: $(cat "$dir/err")"
	sleep 0.05
done
echo "target:    vblade 0 1 eth0 disk.img (sparse, 1 GiB)"
sed 's/^/           /' "$dir/out"

reply=$(on_initiator tests/frame \
	"ffffffffffff SS 88a2 10 00 ffff ff 01 deadbeef 00*8") ||
	die "no reply to a query"
echo "discovery: e$(field 16 2).$(field 18 1)," \
	"$(field 28 1) sectors per frame, $(field 24 2) buffers"
echo "write:     1 MiB, a FLUSH every 16: $(run_load -m write -F 16)"
echo "read:      1 MiB, what was written: $(run_load -m verify -o "$dir/data")"

kill "$pid"
wait "$pid" || die "vblade exited with status $?"
pid=
cmp -n 1048576 "$dir/disk.img" "$dir/data"
echo "image:     $(du -k "$dir/disk.img" | cut -f 1) KiB on disk of 1 GiB"
echo "stopped:   vblade exited with status 0"
