# shellcheck shell=bats
#
# The Debian package: built twice it has the same bytes, lintian finds no
# error, and it takes the place of vblade 25 in a running system.

load ../helper
load container

setup_file() {
	container_open
	OUT=$BATS_FILE_TMPDIR/1 make -s -C "$TESTS/.." deb 3>&-
	OUT=$BATS_FILE_TMPDIR/2 make -s -C "$TESTS/.." deb 3>&-
	mkdir -p "$ROOT/srv"
	cp "$BATS_FILE_TMPDIR"/1/vblade_*.deb "$ROOT/srv/vblade.deb"
}

teardown_file() { container_close; }

# conf NAME SLOT: configure, but not enable, an export e0.SLOT.
conf() {
	truncate -s 1M "$ROOT/srv/$1.img"
	printf '%s\n' shelf=0 "slot=$2" netif=eth0 "filename=/srv/$1.img" \
		>"$ROOT/etc/vblade.conf.d/$1.conf"
}

version() {
	dpkg-deb --field "$ROOT/srv/vblade.deb" "$@"
}

@test "two builds give the same bytes" {
	local file
	for file in "$BATS_FILE_TMPDIR"/1/*.deb "$BATS_FILE_TMPDIR"/1/*.xz \
		"$BATS_FILE_TMPDIR"/1/*.dsc; do
		cmp "$file" "$BATS_FILE_TMPDIR/2/${file##*/}"
	done
}

@test "lintian finds no error" {
	run lintian --allow-root --fail-on error \
		"$BATS_FILE_TMPDIR"/1/*.changes
	assert_equal 0 "$status" "$output"
}

@test "it holds these files" {
	assert_equal "./
./etc/
./etc/vblade.conf.d/
./lib/
./lib/systemd/
./lib/systemd/system/
./lib/systemd/system/vblade.target
./lib/systemd/system/vblade@.service
./usr/
./usr/sbin/
./usr/sbin/vblade
./usr/sbin/vbladed
./usr/share/
./usr/share/doc/
./usr/share/doc/vblade/
./usr/share/doc/vblade/README.md
./usr/share/doc/vblade/changelog.gz
./usr/share/doc/vblade/copyright
./usr/share/man/
./usr/share/man/man8/
./usr/share/man/man8/vblade.8.gz
./usr/share/man/man8/vbladed.8.gz" \
		"$(dpkg-deb --fsys-tarfile "$ROOT/srv/vblade.deb" | tar t |
			sed s/README.md.gz/README.md/ | sort)"
}

@test "its version is that of the program" {
	assert_equal "vblade $(version Version | sed 's/.*://')" \
		"$("$VBLADE" -V)"
}

@test "it needs nothing but libc" {
	assert_equal "libc6" "$(version Depends | sed 's/ *([^)]*)//g')"
}

# From here on each test goes on from where the last one ended.

@test "what vblade 25 exported at boot is exported after the upgrade" {
	conf first-image 1
	conf second 2
	container_boot
	wait_until 10 frame "$(config_read)"
	in_container dpkg --install /srv/vblade.deb
	wait_until 10 frame "$(config_read)"
	assert_match ' /usr/sbin/vblade -- 0 1 eth0' "$(in_container systemctl status \
		--no-pager --full 'vblade@first\x2dimage')"
	container_reboot
	wait_until 10 frame "$(config_read)"
	ADDRESS=000002 wait_until 10 frame "$(ADDRESS=000002 config_read)"
}

@test "nothing of vblade 25 is left behind" {
	assert_equal "" "$(find "$ROOT/etc/init.d" "$ROOT/lib/systemd" \
		"$ROOT/etc/rc2.d" "$ROOT/etc/systemd" \( -name '*vblade' -o \
		-name 'vblade.service' \
		-o -name '*vblade-generator' \))"
	assert_equal "" \
		"$(in_container systemctl list-units --plain --no-legend --failed)"
}

@test "a new export is enabled and served" {
	conf third 3
	in_container systemctl enable --now vblade@third
	ADDRESS=000003 frame "$(ADDRESS=000003 config_read)"
}

@test "removed, it exports no more and keeps the configuration" {
	in_container dpkg --remove vblade
	assert_equal "" "$(in_container systemctl list-units --plain --no-legend \
		--state=running 'vblade@*')"
	[ -e "$ROOT/etc/vblade.conf.d/third.conf" ]
}

@test "purged, it leaves nothing but that" {
	in_container dpkg --purge vblade
	assert_equal "" "$(find "$ROOT/usr" "$ROOT/lib/systemd" "$ROOT/var/lib" \
		-path "$ROOT/var/lib/dpkg/*-old" -prune -o -name '*vblade*' -print)"
	assert_equal "third.conf" "$(cd "$ROOT/etc/vblade.conf.d" && echo t*)"
}
