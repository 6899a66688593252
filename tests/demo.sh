#!/bin/sh
#
# make demo: export a sparse image in one network namespace, and from another,
# at the other end of a wire, find it, write, read back and flush.  Needs
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

started() {
	tries=200
	until grep -q '^pid' "$dir/out"; do
		kill -0 "$pid" && [ $((tries -= 1)) -gt 0 ] || return
		sleep 0.05
	done
}

# send REQUEST: let $reply be the reply.
send() {
	reply=$(on_initiator tests/frame -t "$TARGET_MAC" "$1") ||
		die "no reply to $1"
}

# field OFFSET LENGTH: these bytes of the reply.
field() {
	echo "$reply" | cut -c "$((2 * $1 + 1))-$((2 * ($1 + $2)))"
}

# ata AFLAGS COUNT COMMAND LBA0 [DATA]: send it; the status has to be good.
ata() {
	send "TT SS 88a2 10 00 0000 01 00 deadbeef \
		$1 00 $2 $3 $4 00*5 0000 ${5:-}"
	[ "$(field 27 1)" = 40 ] || die "command $3 failed: $(field 24 12)"
}

[ "$(id -u)" -eq 0 ] || die "needs root, for network namespaces"
command -v ip >/dev/null || die "needs iproute2"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

truncate -s 1G "$dir/disk.img"
lab_open 9000 || die "cannot make the namespaces"
ip netns exec "$TARGET_NS" ./vblade 0 1 eth0 "$dir/disk.img" \
	>"$dir/out" 2>"$dir/err" &
pid=$!
started || die "vblade did not start: $(cat "$dir/err")"
echo "target:    vblade 0 1 eth0 disk.img (sparse, 1 GiB)"
sed 's/^/           /' "$dir/out"

send "ffffffffffff SS 88a2 10 00 ffff ff 01 deadbeef 00*8"
echo "discovery: e$((0x$(field 16 2))).$((0x$(field 18 1)))" \
	"at MAC address $(field 6 6 | sed 's/..\B/&:/g')," \
	"$((0x$(field 28 1))) sectors per frame, $((0x$(field 24 2))) buffers"

ata 00 01 ec 00
size=$(field 236 4 | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')
echo "IDENTIFY:  $((0x$size)) sectors of 512 bytes"

ata 41 10 34 64 '76*4096 62*4096'
echo "write:     16 sectors at 100, status 40"
ata 40 10 24 64
data=$(tests/frame -p -a "$INITIATOR_MAC" '76*4096 62*4096')
[ "$(field 36 8192)" = "$data" ] || die "other data came back"
echo "read:      16 sectors at 100, status 40, what was written"
ata 00 00 e7 00
echo "flush:     status 40"

kill "$pid"
wait "$pid" || die "vblade exited with status $?"
pid=
echo "image:     $(du -k "$dir/disk.img" | cut -f 1) KiB on disk of 1 GiB," \
	"bytes at sector 100: \"$(dd if="$dir/disk.img" skip=100 count=1 \
		status=none | cut -c 1-8)...\""
echo "stopped:   vblade exited with status 0"
