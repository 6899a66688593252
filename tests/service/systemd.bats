# Exports as services of a real systemd, in a container that serves them to
# the initiator.

load ../helper
load container

setup_file() {
	container_open
	chroot "$ROOT" dpkg --purge vblade
	make -s -C "$TESTS/.." install INIT=systemd prefix=/usr \
		DESTDIR="$ROOT"
	mkdir -p "$ROOT/etc/vblade.conf.d"
	container_boot
}

teardown_file() { container_close; }

# Each test begins with nothing exported.
teardown() {
	serve_end
	in_container systemctl stop vblade 'vblade@*'
	in_container find /etc/systemd/system -name 'vblade*' -exec rm -r '{}' +
	in_container systemctl daemon-reload
	in_container systemctl reset-failed
	rm -f "$ROOT"/etc/vblade.conf.d/*
	on_target ip link delete late0 2>/dev/null || :
}

# drop_in INSTANCE LINE...: add lines to its unit.
drop_in() {
	local directory=$ROOT/etc/systemd/system/vblade@$1.service.d
	mkdir -p "$directory"
	printf '%s\n' "${@:2}" >"$directory/test.conf"
	in_container systemctl daemon-reload
}

journal() {
	in_container journalctl --no-pager --quiet -u "vblade@$1" "${@:2}"
}

status_has() {
	in_container systemctl status --no-pager --full "vblade@$1" |
		grep -qE -e "$2"
}

# assert_start_fails INSTANCE STATUS REASON: it exits so, and is not retried.
assert_start_fails() {
	run in_container systemctl start "vblade@$1"
	assert_equal "1 failed $2" "$status $(property "$1" ActiveState) \
$(property "$1" ExecMainStatus)"
	status_has "$1" "Status: .*$3"
}

# assert_start_retried INSTANCE: the first start fails, and is tried again.
assert_start_retried() {
	run in_container systemctl start "vblade@$1"
	assert_equal "1 activating" "$status $(property "$1" ActiveState)"
}

# wait_for_exports NAME...: in the end these instances run, and no others.
wait_for_exports() {
	wait_until 10 exports_are "$*"
}

exports_are() {
	[ "$(list_exports --state=running)" = "$1" ]
}

@test "systemctl start, restart and stop vblade: all enabled exports" {
	local pid
	conf a 1
	conf b 2 'ionice=-c2 -n7'
	conf c 3
	in_container systemctl enable vblade@a vblade@b
	in_container systemctl start vblade
	wait_for_exports a b
	pid=$(property a MainPID)
	in_container systemctl restart vblade
	wait_for_exports a b
	[ "$(property a MainPID)" != "$pid" ]
	in_container systemctl start vblade@c
	is_exported 3
	in_container systemctl stop vblade
	exports_are ""
}

@test "systemctl reload advertises the export again" {
	conf a 1
	in_container systemctl start vblade@a
	start_listener
	in_container systemctl reload vblade@a
	wait_until 10 grep -q 88a2 "$FRAMES"
	exports_are a
}

@test "systemctl status shows export, size and the command of vblade" {
	conf a 1 options=-r
	in_container systemctl start vblade@a
	run in_container systemctl status --no-pager --full vblade@a
	assert_match 'vblade@a.service - AoE export a' "$output"
	assert_match 'Active: active \(running\)' "$output"
	assert_match 'Status: "Exporting e0.1 \(2048 sectors\)"' "$output"
	assert_match '[0-9] /usr/sbin/vblade -r -- 0 1 eth0 /srv/a.img' "$output"
	refute_match '/bin/sh' "$output"
	assert_match '^vblade: e0.1: eth0: .*MTU' \
		"$(journal a --output cat --priority 6..6)"
}

@test "instances may have dashes, blanks and escapes in their names" {
	conf live-rescue-x64 1
	in_container systemctl start vblade@live-rescue-x64
	is_exported 1
	in_container systemctl stop vblade@live-rescue-x64
	in_container systemctl start 'vblade@live\x2drescue\x2dx64'
	is_exported 1
	conf "two words" 2
	in_container systemctl start "$(in_container systemd-escape \
		--template=vblade@.service "two words")"
	is_exported 2
}

@test "the user who owns the file may run the export" {
	conf owned 1
	echo 'images:x:1000:1000::/:/bin/false' >>"$ROOT/etc/passwd"
	echo 'images:x:1000:' >>"$ROOT/etc/group"
	chown 1000:1000 "$ROOT/srv/owned.img"
	chmod 600 "$ROOT/srv/owned.img"
	drop_in owned "$(example '[Service]')"
	in_container systemctl start vblade@owned || fail "$(journal owned)"
	is_exported 1
	assert_equal 1000 "$(in_container stat -c %u \
		"/proc/$(property owned MainPID)")"
}

@test "an unknown key and a file without permission are not retried" {
	conf bad 1 Options=-r
	assert_start_fails bad 2 "bad.conf: unknown key 'Options'"
	conf foreign 2
	chown 1000 "$ROOT/srv/foreign.img"
	chmod 600 "$ROOT/srv/foreign.img"
	assert_start_fails foreign 4 'foreign.img: Permission denied'
}

@test "an export that was killed is restarted" {
	conf a 1
	in_container systemctl start vblade@a
	in_container systemctl kill --signal=KILL vblade@a
	wait_until 30 eval '[ "$(property a NRestarts)" = 1 ]'
	wait_until 30 is_exported 1
}

@test "a missing interface: one message, then a wait for it" {
	conf late 1 netif=late0
	assert_start_retried late
	status_has late 'Status: "late0: No such device"'
	wait_until 30 status_has late 'Status: "Waiting: late0: no such interface"'
	assert_equal 1 "$(journal late | grep -c 'late0: No such device')"
	on_target ip link add link eth0 name late0 type macvlan mode bridge
	on_target ip link set late0 up
	wait_for_exports late
	TARGET_MAC=$(on_target cat /sys/class/net/late0/address) is_exported 1
	assert_equal 1 "$(property late NRestarts)"
}

@test "an export that waits can be stopped, and started again at once" {
	conf late 1
	rm "$ROOT/srv/late.img"
	assert_start_retried late
	wait_until 30 status_has late 'Waiting: /srv/late.img'
	in_container systemctl stop vblade@late
	assert_equal inactive "$(property late ActiveState)"
	assert_start_retried late
}

# As when the old process hangs in the kernel.
@test "an image in use is exported when it is released" {
	conf busy 1
	exec 8<"$ROOT/srv/busy.img"
	flock 8
	assert_start_retried busy
	status_has busy 'Status: "/srv/busy.img: in use'
	wait_until 30 eval '[ "$(property busy NRestarts)" -ge 1 ]'
	refute_match overrides "$(journal busy)"
	flock -u 8
	wait_until 30 is_exported 1
}

@test "with RequiresMountsFor= the export stops before its nofail mount" {
	mkdir -p "$ROOT/mnt/data"
	printf '%s\n' '[Unit]' Before=umount.target Conflicts=umount.target \
		'[Mount]' What=tmpfs Where=/mnt/data Type=tmpfs Options=nofail \
		'[Install]' WantedBy=multi-user.target \
		>"$ROOT/etc/systemd/system/mnt-data.mount"
	conf data 1 filename=/mnt/data/data.img
	drop_in data '[Unit]' RequiresMountsFor=/mnt/data
	in_container systemctl start mnt-data.mount
	in_container truncate -s 1M /mnt/data/data.img
	in_container systemctl start vblade@data
	container_reboot
	run in_container journalctl --no-pager --quiet -b -1 -o cat \
		-u vblade@data -u mnt-data.mount
	refute_match 'busy' "$output"
	assert_match '^Stopped vblade@data' "$(grep -E '^(Stopped vblade|Unmounting)' \
		<<<"$output" | head -n 1)"
	in_container rm /etc/systemd/system/mnt-data.mount
}

@test "example: an export now and at every boot" {
	truncate -s 1M "$ROOT/srv/music.img"
	in_container sh -ec "$(example music)"
	is_exported 4
	assert_equal enabled "$(in_container systemctl is-enabled vblade@music)"
}

@test "example: an ISO image in the background, stopped later" {
	truncate -s 1M "$ROOT/srv/live.iso"
	in_container sh -ec "$(example live.iso | sed -n 1p)"
	is_readonly 2
	wait_until 10 eval 'in_container journalctl --quiet --no-pager -t vbladed |
		grep -q "e0\.2.*O_RDONLY"'
	in_container sh -ec "$(example live.iso | sed -n 2p)"
	wait_until 10 refute is_exported 2
}

@test "example: a macvlan made by systemd-networkd, at boot" {
	in_container sh -ec "$(example aoe4.netdev)"
	printf '%s\n' '[Match]' Name=eth0 '[Network]' LinkLocalAddressing=no \
		MACVLAN=aoe4 >"$ROOT/etc/systemd/network/eth0.network"
	conf many 9 netif=aoe4
	in_container systemctl enable systemd-networkd vblade@many
	container_reboot
	wait_until 40 eval 'TARGET_MAC=$(on_target cat \
		/sys/class/net/aoe4/address) is_exported 9'
}
