# What happens to a host with vblade 25: an upgrade, reboots, an upgrade of the
# new package, its removal, a new installation.  The tests are one story.

load ../helper
load container

setup_file() {
	container_open
	make_package "$BATS_FILE_TMPDIR"
	cp "$BATS_FILE_TMPDIR"/vblade_*.deb "$ROOT/srv/vblade.deb"
	conf first-image 1
	conf second 2
	conf odd 3
	sed -i 's/^slot=3/   slot="3"/' "$ROOT/etc/vblade.conf.d/odd.conf"
	truncate -s 1M "$ROOT/srv/s.img"
	printf '%s\n' shelf=0 slot=4 netif=eth0 filename=/srv/s.img \
		>>"$ROOT/etc/vblade.conf.d/skeleton.conf"
	conf incomplete 5
	sed -i /netif/d "$ROOT/etc/vblade.conf.d/incomplete.conf"
	conf masked 6
	container_boot
	wait_until 10 is_exported 1
	wait_until 10 is_exported 2
	in_container systemctl mask --now vblade@masked
	wait_until 10 refute is_exported 6
	upgrade
}

teardown_file() { container_close; }

@test "upgrade: exports go on, so does a skeleton, but no masked one" {
	assert_new 1 'first\x2dimage'
	assert_new 2 second
	assert_new 4 skeleton
	assert_match '^# This is a POSIX shell' \
		"$(cat "$ROOT/etc/vblade.conf.d/skeleton.conf")"
	refute is_exported 6
}

@test "reboot: the same, and indented lines; incomplete files do not fail" {
	container_reboot
	assert_new 1 'first\x2dimage'
	assert_new 2 second
	assert_new 3 odd
	assert_new 4 skeleton
	refute is_exported 6
	assert_equal 'first\x2dimage odd second skeleton' \
		"$(list_exports --state=loaded)"
	assert_equal "" "$(in_container systemctl list-units --plain \
		--no-legend --failed)"
}

@test "upgrade of this package: restarts what runs, enables nothing" {
	local pid
	in_container systemctl disable --now vblade@odd
	pid=$(property second MainPID)
	upgrade
	assert_new 2 second
	[ "$pid" != "$(property second MainPID)" ]
	refute is_exported 3
	container_reboot
	assert_new 2 second
	refute is_exported 3
}

@test "removed, it exports nothing and keeps the configuration" {
	in_container systemctl disable vblade@second
	assert_new 1 'first\x2dimage'
	assert_new 2 second
	in_container dpkg --remove vblade
	refute is_exported 1
	refute is_exported 2
	[ -e "$ROOT/etc/vblade.conf.d/second.conf" ]
}

@test "purged, it leaves nothing but the administrator's files" {
	in_container systemctl unmask vblade@masked
	in_container dpkg --purge vblade
	rm "$ROOT"/etc/vblade.conf.d/{first-image,second,odd,incomplete,masked}.conf
	assert_equal etc/vblade.conf.d "$(cd "$ROOT" &&
		find etc usr var/lib -name '*vblade*' ! -name '*-old' \
			-o -path '*vblade*/*' |
			grep -v '^var/lib/systemd/timers')"
	assert_equal "" "$(find "$ROOT/etc/rc2.d" -name '*vblade*')"
}

@test "a new installation: an export is enabled, and served at boot" {
	in_container dpkg --install /srv/vblade.deb
	conf new 3
	in_container systemctl enable --now vblade@new
	assert_new 3 new
	container_reboot
	assert_new 3 new
}
