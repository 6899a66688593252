# Our programs in the place of those of Debian's vblade 25: its unit, and what
# others built around vblade, work as they did.  package.bats has its init
# script.

load ../helper
load container

setup_file() {
	local file
	container_open
	for file in vblade vbladed; do
		chroot "$ROOT" dpkg-divert --local --rename --add \
			--divert "/usr/sbin/$file.debian" "/usr/sbin/$file"
	done
	make -s -C "$TESTS/.." install INIT=none prefix=/usr DESTDIR="$ROOT"
}

teardown_file() { container_close; }

teardown() {
	container_stop
	stop_target
	rm -f "$ROOT"/etc/vblade.conf.d/*
}

@test "the unit and the generator export what is configured, at boot" {
	conf plain 1
	conf with-dash 2 options=-r
	conf nice 3 'ionice="-c2 -n4"' 'options="-s -b 20"'
	container_boot
	wait_until 10 is_exported 1
	wait_until 10 is_readonly 2
	wait_until 10 is_exported 3
	assert_equal 3 "$(in_container systemctl list-units --plain \
		--no-legend --state=running 'vblade@*' | wc -l)"
}

@test "the unit of the OpenMediaVault plug-in starts and stops vbladed" {
	truncate -s 1M "$ROOT/srv/omv.img"
	printf '%s\n' '[Service]' Type=oneshot RemainAfterExit=yes \
		'ExecStart=/usr/sbin/vbladed -d -s 0 4 eth0 /srv/omv.img' \
		>"$ROOT/etc/systemd/system/omv-vblade.service"
	container_boot
	in_container systemctl start omv-vblade
	wait_until 10 is_exported 4
	in_container systemctl stop omv-vblade
	wait_until 10 not_exported 4
}

# agent ACTION: run Pacemaker's agent.
agent() {
	in_root env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=aoe \
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
	wait_until 10 is_exported 6
	agent monitor
	agent stop
	not_exported 6
	run agent monitor
	assert_equal 7 "$status" "not running: $output"
}
