# shellcheck shell=bats disable=SC2016,SC2034,SC2153,SC2030,SC2031,SC1003
#
# Our binary in the place of that of Debian's vblade 25 package: all that the
# package and others built around it works as it did.

load ../helper
load container

setup_file() {
	container_open
	chroot "$ROOT" dpkg-divert --local --rename --add \
		--divert /usr/sbin/vblade.debian /usr/sbin/vblade
	install "$VBLADE" "$ROOT/usr/sbin/vblade"
	mkdir -p "$ROOT/srv"
}

teardown_file() { container_close; }

teardown() {
	local pid
	container_end
	for pid in $(ip netns pids "$TARGET_NS"); do
		kill -9 "$pid" || :
	done
	rm -f "$ROOT"/etc/vblade.conf.d/*
}

# conf NAME SLOT [LINE...]: configure an export e0.SLOT as Debian has it.
conf() {
	truncate -s 1M "$ROOT/srv/$1.img"
	printf '%s\n' shelf=0 "slot=$2" netif=eth0 "filename=/srv/$1.img" \
		"${@:3}" >"$ROOT/etc/vblade.conf.d/$1.conf"
}

# answer SLOT: e0.SLOT answers.
answer() {
	local ADDRESS
	ADDRESS=0000$(be8 "$1")
	frame -w 500 "$(config_read)"
}

silent() {
	! answer "$1"
}

# readonly_export SLOT: e0.SLOT refuses a write.
readonly_export() {
	local ADDRESS
	ADDRESS=0000$(be8 "$1")
	assert_reply "$(ata_write 0 1 '00*512')" "$(ata_failed 41 04 0 1)"
}

# outside COMMAND...: run it in the container's root, without systemd.
outside() {
	on_target unshare --mount sh -ec '
		mount -t proc proc "$0/proc"
		exec chroot "$0" "$@"' "$ROOT" "$@" 3>&-
}

# --- Debian's package, with systemd ---

@test "the unit and the generator export what is configured, at boot" {
	conf plain 1
	conf with-dash 2 options=-r
	conf nice 3 'ionice="-c2 -n4"' 'options="-s -b 20"'
	container_boot
	wait_until 10 answer 1
	wait_until 10 readonly_export 2
	wait_until 10 answer 3
	assert_equal 3 "$(in_container systemctl list-units --plain --no-legend \
		--state=running 'vblade@*' | wc -l)"
}

@test "systemctl stop and start of vblade.service mean all exports" {
	conf one 1
	conf two 2
	container_boot
	wait_until 10 answer 1
	wait_until 10 answer 2
	in_container systemctl stop vblade
	silent 1
	silent 2
	in_container systemctl start vblade
	wait_until 10 answer 1
	wait_until 10 answer 2
}

@test "the unit of the OpenMediaVault plug-in serves" {
	truncate -s 1M "$ROOT/srv/omv.img"
	printf '%s\n' '[Service]' Type=oneshot RemainAfterExit=yes \
		'ExecStart=/usr/sbin/vbladed -d -s 0 4 eth0 /srv/omv.img' \
		>"$ROOT/etc/systemd/system/omv-vblade.service"
	container_boot
	in_container systemctl start omv-vblade
	wait_until 10 answer 4
	in_container systemctl stop omv-vblade
	wait_until 10 silent 4
}

@test "the unit of the OpenMediaVault plug-in tells a missing file" {
	printf '%s\n' '[Service]' Type=oneshot RemainAfterExit=yes \
		'ExecStart=/usr/local/sbin/vbladed 0 4 eth0 /srv/nosuch.img' \
		>"$ROOT/etc/systemd/system/omv-vblade.service"
	ln -sf /usr/sbin/vblade "$ROOT/usr/local/sbin/vbladed"
	container_boot
	run in_container systemctl start omv-vblade
	[ "$status" -ne 0 ]
	assert_match 'nosuch.img: No such file' \
		"$(in_container journalctl --no-pager --quiet -u omv-vblade)"
}

# --- Debian's package, with System V init ---

@test "the init script starts and stops what is configured" {
	conf plain 1
	conf readonly 2 options=-r 'ionice="-c2 -n7"'
	outside /etc/init.d/vblade start
	wait_until 10 answer 1
	wait_until 10 readonly_export 2
	outside /etc/init.d/vblade status
	# It looks ten times, without a pause, whether daemon(1) has ended its
	# child, and then gives up; the child ends all the same.
	outside /etc/init.d/vblade stop || :
	wait_until 10 silent 1
	wait_until 10 silent 2
}

@test "the wrapper vbladed serves, and passes on what is said" {
	conf wrapped 5
	outside /usr/sbin/vbladed -r 0 5 eth0 /srv/wrapped.img
	wait_until 10 readonly_export 5
}

# --- others ---

# agent ACTION: what Pacemaker's agent says to it.
agent() {
	outside env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=aoe \
		OCF_RESOURCE_TYPE=AoEtarget HA_LOGFACILITY=none \
		HA_debug=0 HA_use_logd=no __OCF_ACTION="$1" \
		OCF_RESKEY_device=/srv/ha.img OCF_RESKEY_nic=eth0 \
		OCF_RESKEY_shelf=0 OCF_RESKEY_slot=6 \
		OCF_RESKEY_binary=/usr/sbin/vblade \
		OCF_RESKEY_pid=/run/aoe.pid \
		/usr/lib/ocf/resource.d/heartbeat/AoEtarget "$1" </dev/null
}

@test "Pacemaker's agent starts, monitors and stops it" {
	truncate -s 1M "$ROOT/srv/ha.img"
	run agent monitor
	assert_equal 7 "$status" "not running: $output"
	agent start >"$BATS_TEST_TMPDIR/agent" 2>&1
	wait_until 10 answer 6
	agent monitor
	agent stop
	silent 6
	run agent monitor
	assert_equal 7 "$status" "not running: $output"
}

@test "a supervisor like OpenWrt's procd may end and start it again" {
	truncate -s 1M "$ROOT/srv/uci.img"
	background "$TARGET_NS" chroot "$ROOT" /usr/sbin/vblade 0 7 eth0 \
		/srv/uci.img
	wait_until 10 answer 7
	stop_vblade
	background "$TARGET_NS" chroot "$ROOT" /usr/sbin/vblade 0 7 eth0 \
		/srv/uci.img
	wait_until 10 answer 7
	stop_vblade
}

@test "Gentoo's script finds it by its arguments and ends it" {
	local pid
	conf gentoo 8
	outside /usr/sbin/vbladed -m 02:00:00:00:00:01 0 8 eth0 /srv/gentoo.img
	wait_until 10 answer 8
	pid=$(ps -o pid=,args= -p "$(ip netns pids "$TARGET_NS" |
		paste -sd,)" | grep -E "/usr/sbin/vblade.* 0 8 " | grep -v 'sh -c' |
		awk '{ print $1 }')
	kill "$pid"
	wait_until 10 silent 8
}
