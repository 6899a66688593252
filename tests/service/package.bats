# shellcheck shell=bats disable=SC2016,SC2034,SC2153
#
# The Debian package: reproducible, without lintian errors, and an upgrade of
# vblade 25 as its administrator expects it.

load ../helper
load container

setup_file() {
	export OUT=$BATS_FILE_TMPDIR/1
	make -s -C "$TESTS/.." deb 3>&- 2>"$BATS_FILE_TMPDIR/log" ||
		fail "$(cat "$BATS_FILE_TMPDIR/log")"
}

setup() {
	DEB=$(echo "$BATS_FILE_TMPDIR"/1/vblade_*.deb)
	case $BATS_TEST_DESCRIPTION in
	package:*) ;;
	*)
		container_open
		cp "$DEB" "$ROOT/srv/vblade.deb"
		;;
	esac
}

teardown() {
	[ -z "${ROOT:-}" ] || container_close
}

# assert_exported SLOT: e0.SLOT is exported before long.
assert_exported() {
	wait_until 20 is_exported "$1" || {
		in_container systemctl status --no-pager 'vblade*' >&2
		return 1
	}
}

# upgrade: install the package over vblade 25, all configured, nothing failed.
upgrade() {
	run in_container dpkg --install /srv/vblade.deb
	assert_equal 0 "$status" "$output"
	assert_equal 'install ok installed' "$(in_container dpkg-query \
		-W -f '${Status}' vblade)"
}

# assert_new SLOT NAME: vblade@NAME exports it, with the new program.
assert_new() {
	assert_exported "$1"
	assert_match " /usr/sbin/vblade .*-- 0 $1 eth0" \
		"$(in_container systemctl status --no-pager --full "vblade@$2")"
}

# --- the package ---

@test "package: two builds give the same bytes" {
	local file
	OUT=$BATS_FILE_TMPDIR/2 make -s -C "$TESTS/.." deb 3>&-
	for file in "$BATS_FILE_TMPDIR"/1/*.deb "$BATS_FILE_TMPDIR"/1/*.xz \
		"$BATS_FILE_TMPDIR"/1/*.dsc; do
		cmp "$file" "$BATS_FILE_TMPDIR/2/${file##*/}"
	done
}

@test "package: lintian finds neither errors nor warnings" {
	run lintian --allow-root --fail-on error,warning \
		"$BATS_FILE_TMPDIR"/1/*.changes
	assert_equal 0 "$status" "$output"
}

@test "package: its files" {
	assert_equal "/etc/vblade.conf.d/
/usr/lib/systemd/system/vblade.service
/usr/lib/systemd/system/vblade@.service
/usr/libexec/vblade-export
/usr/sbin/vblade
/usr/sbin/vbladed
/usr/share/doc/vblade/NEWS.Debian.gz
/usr/share/doc/vblade/changelog.gz
/usr/share/doc/vblade/copyright
/usr/share/doc/vblade/diskless.md
/usr/share/doc/vblade/quick-lab.md
/usr/share/doc/vblade/raid.md
/usr/share/man/man8/vblade.8.gz
/usr/share/man/man8/vbladed.8.gz" "$(dpkg-deb --fsys-tarfile "$DEB" | tar t |
		sed 's/^\.//' | grep -e '[^/]$' -e conf.d |
		grep -v -e /README -e /lintian/ -e changelog.Debian | LC_ALL=C sort)"
}

@test "package: its version is above 25 without an epoch, and the program's" {
	local version
	version=$(dpkg-deb --field "$DEB" Version)
	dpkg --compare-versions "$version" gt 25-1+b1
	assert_equal "vblade $version" "$("$VBLADE" -V | sed 's/ / 25+/')"
}

@test "package: it depends on libc only, and has the fields Debian asks for" {
	assert_equal "libc6" "$(dpkg-deb --field "$DEB" Depends |
		sed 's/ *([^)]*)//g')"
	assert_match 'Homepage: http' "$(dpkg-deb --field "$DEB")"
	assert_match 'Vcs-Git: http' "$(cat "$BATS_FILE_TMPDIR"/1/*.dsc)"
	assert_match 'Testsuite: autopkgtest' "$(cat "$BATS_FILE_TMPDIR"/1/*.dsc)"
}

# --- upgrades of vblade 25 ---

@test "upgrade: exports go on, with the new program, and after a reboot" {
	conf first-image 1
	conf second 2
	container_boot
	assert_exported 1
	assert_exported 2
	upgrade
	assert_new 1 'first\x2dimage'
	assert_new 2 second
	container_reboot
	assert_new 1 'first\x2dimage'
	assert_new 2 second
	assert_equal "" "$(in_container systemctl list-units --plain \
		--no-legend --failed)"
}

@test "upgrade: indented and quoted lines are exported after a reboot" {
	conf odd 1
	sed -i 's/^slot=1/   slot="1"/' "$ROOT/etc/vblade.conf.d/odd.conf"
	container_boot
	upgrade
	container_reboot
	assert_new 1 odd
}

@test "upgrade: a skeleton.conf that was filled in is exported, unchanged" {
	truncate -s 1M "$ROOT/srv/s.img"
	printf '%s\n' shelf=0 slot=1 netif=eth0 filename=/srv/s.img \
		>>"$ROOT/etc/vblade.conf.d/skeleton.conf"
	container_boot
	upgrade
	assert_new 1 skeleton
	container_reboot
	assert_new 1 skeleton
	assert_match '^# This is a POSIX shell' \
		"$(cat "$ROOT/etc/vblade.conf.d/skeleton.conf")"
}

@test "upgrade: incomplete files, and the skeleton, are not enabled" {
	conf incomplete 1
	sed -i /netif/d "$ROOT/etc/vblade.conf.d/incomplete.conf"
	container_boot
	upgrade
	container_reboot
	assert_equal "" "$(in_container systemctl list-units --all --plain \
		--no-legend 'vblade@*')"
}

@test "upgrade: what was disabled stays disabled" {
	conf disabled 1
	container_boot
	in_container systemctl disable --now vblade
	wait_until 10 not_exported 1
	upgrade
	not_exported 1
	assert_equal disabled "$(in_container systemctl is-enabled vblade)"
	container_reboot
	not_exported 1
	in_container systemctl start vblade
	assert_new 1 disabled
}

@test "upgrade: a masked export stays masked, the others go on" {
	conf masked 1
	conf other 2
	container_boot
	in_container systemctl mask --now vblade@masked
	wait_until 10 not_exported 1
	upgrade
	assert_new 2 other
	not_exported 1
	container_reboot
	assert_new 2 other
	not_exported 1
}

@test "upgrade: policy-rc.d is obeyed" {
	local pid
	conf kept 1
	container_boot
	assert_exported 1
	pid=$(in_container pidof vblade)
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
	chmod +x "$ROOT/usr/sbin/policy-rc.d"
	upgrade
	assert_equal "$pid" "$(in_container pidof vblade)"
	container_reboot
	assert_new 1 kept
}

@test "upgrade: systemctl restart vblade restarts the exports" {
	local pid
	conf one 1
	container_boot
	upgrade
	assert_new 1 one
	pid=$(in_container pidof vblade)
	in_container systemctl restart vblade
	assert_new 1 one
	[ "$pid" != "$(in_container pidof vblade)" ]
}

@test "upgrade of this package: a running export is restarted, a disabled one is not enabled" {
	local pid
	conf one 1
	conf two 2
	container_boot
	upgrade
	in_container systemctl disable --now vblade@two
	pid=$(in_container pidof vblade)
	upgrade
	assert_new 1 one
	[ "$pid" != "$(in_container pidof vblade)" ]
	not_exported 2
	container_reboot
	assert_new 1 one
	not_exported 2
}

@test "upgrade without systemd: the init script stays and restarts the exports" {
	local pid
	# Incomplete, it makes the init script of vblade 25 fail.
	rm "$ROOT/etc/vblade.conf.d/skeleton.conf"
	rm -f "$ROOT/usr/sbin/runlevel"
	printf '#!/bin/sh\necho N 2\n' >"$ROOT/usr/sbin/runlevel"
	chmod +x "$ROOT/usr/sbin/runlevel"
	conf old 1
	in_root /etc/init.d/vblade start
	wait_until 10 is_exported 1
	pid=$(ps -o pid=,comm= -p "$(ip netns pids "$TARGET_NS" | paste -sd,)" |
		awk '$2 == "vblade" { print $1 }')
	in_root dpkg --install /srv/vblade.deb
	wait_until 10 process_gone "$pid"
	wait_until 10 is_exported 1
	assert_match '^vblade 1' "$(in_root /usr/sbin/vblade -V)"
	in_root /etc/init.d/vblade stop || :
	wait_until 10 not_exported 1
	in_root /etc/init.d/vblade start
	wait_until 10 is_exported 1
}

# --- installation, removal ---

@test "a new installation: an export is enabled, and served at boot" {
	in_root dpkg --purge vblade
	container_boot
	in_container dpkg --install /srv/vblade.deb
	conf new 3
	in_container systemctl enable --now vblade@new
	assert_new 3 new
	container_reboot
	assert_new 3 new
}

@test "removed, it exports nothing and keeps the configuration" {
	conf one 1
	conf two 2
	container_boot
	upgrade
	in_container systemctl disable vblade@two
	assert_new 2 two
	in_container dpkg --remove vblade
	not_exported 1
	not_exported 2
	[ -e "$ROOT/etc/vblade.conf.d/one.conf" ]
}

@test "purged, it leaves nothing but the administrator's files" {
	conf one 1
	conf two 2
	container_boot
	upgrade
	in_container systemctl enable vblade@two
	in_container dpkg --purge vblade
	assert_equal "etc/vblade.conf.d etc/vblade.conf.d/one.conf etc/vblade.conf.d/two.conf" \
		"$(cd "$ROOT" && find etc usr var/lib -name '*vblade*' \
			! -name '*-old' -o -path '*vblade*/*' |
			grep -v '^var/lib/systemd/timers' | sort | paste -sd' ')"
	assert_equal "" "$(find "$ROOT/etc/rc2.d" -name '*vblade*')"
}
