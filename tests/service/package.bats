# The Debian package: reproducible, without lintian errors; and hosts with
# vblade 25 on which it is replaced.  upgrade.bats has the story of one host.

load ../helper
load container

setup_file() { make_package "$BATS_FILE_TMPDIR/1"; }

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

@test "package: two builds give the same bytes" {
	local file
	make_package "$BATS_FILE_TMPDIR/2"
	for file in "$BATS_FILE_TMPDIR"/1/*.deb "$BATS_FILE_TMPDIR"/1/*.xz \
		"$BATS_FILE_TMPDIR"/1/*.dsc; do
		cmp "$file" "$BATS_FILE_TMPDIR/2/${file##*/}"
	done
}

@test "package: lintian finds neither errors nor warnings; libc is required" {
	run lintian --allow-root --fail-on error,warning \
		"$BATS_FILE_TMPDIR"/1/*.changes
	assert_equal 0 "$status" "$output"
	assert_equal "libc6" "$(dpkg-deb --field "$DEB" Depends |
		sed 's/ *([^)]*)//g')"
}

@test "package: its files" {
	make -s -C "$TESTS/.." install INIT=systemd prefix=/usr \
		DESTDIR="$BATS_TEST_TMPDIR"
	assert_equal "$( (cd "$BATS_TEST_TMPDIR"
		find usr -type f | sed 's,\(/man/.*\),\1.gz,'
		echo etc/vblade.conf.d/
		printf 'usr/share/doc/vblade/%s\n' NEWS.Debian.gz changelog.gz \
			copyright) | sort)" "$(dpkg-deb --fsys-tarfile "$DEB" |
		tar t | sed 's,^\./,,' | grep -e '[^/]$' -e conf.d/$ |
		grep -v -e /README -e /lintian/ -e changelog.Debian | sort)"
}

@test "our programs in the place of its own: its unit and generator work" {
	local file
	for file in vblade vbladed; do
		chroot "$ROOT" dpkg-divert --local --rename --add \
			--divert "/usr/sbin/$file.debian" "/usr/sbin/$file"
	done
	make -s -C "$TESTS/.." install INIT=none prefix=/usr DESTDIR="$ROOT"
	conf with-dash 2 options=-r
	conf nice 3 'ionice="-c2 -n4"' 'options="-s -b 20"'
	container_boot
	wait_until 10 is_readonly 2
	wait_until 10 is_exported 3
	assert_equal 'nice with\x2ddash' "$(list_exports --state=running)"
}

@test "upgrade: what was disabled stays disabled" {
	conf disabled 1
	container_boot
	in_container systemctl disable --now vblade
	wait_until 10 refute is_exported 1
	upgrade
	refute is_exported 1
	assert_equal disabled "$(in_container systemctl is-enabled vblade)"
	container_reboot
	refute is_exported 1
	in_container systemctl start vblade
	assert_new 1 disabled
}

@test "upgrade: policy-rc.d is obeyed" {
	local pid
	conf kept 1
	container_boot
	wait_until 10 is_exported 1
	pid=$(in_container pidof vblade)
	command_that 'exit 101' "$ROOT/usr/sbin/policy-rc.d"
	upgrade
	assert_equal "$pid" "$(in_container pidof vblade)"
	container_reboot
	assert_new 1 kept
}

@test "upgrade without systemd: the init script stays, restarts the exports" {
	local pid
	# Incomplete, it makes the init script of vblade 25 fail.
	rm "$ROOT/etc/vblade.conf.d/skeleton.conf"
	command_that 'echo N 2' "$ROOT/usr/sbin/runlevel"
	conf old 1 options=-r 'ionice="-c2 -n7"'
	in_root /etc/init.d/vblade start
	wait_until 10 is_exported 1
	pid=$(pid_of vblade)
	in_root dpkg --install /srv/vblade.deb
	wait_until 10 process_gone "$pid"
	wait_until 10 is_readonly 1
	in_root /etc/init.d/vblade status
	assert_match '^vblade 1' "$(in_root /usr/sbin/vblade -V)"
	in_root apt-mark auto daemon
	refute_match '^Remv daemon' "$(in_root apt-get -s autoremove)"
	# It checks ten times, without a pause, whether daemon(1) has ended its
	# child, and then gives up; the child ends all the same.
	in_root /etc/init.d/vblade stop || :
	wait_until 10 refute is_exported 1
}
