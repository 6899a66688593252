# make install and make uninstall, with GNU make and BSD make.

load ../helper

setup() {
	ROOT="$BATS_TEST_TMPDIR/a root"
}

# make_with MAKE TARGET [VARIABLE...]: silently, into $ROOT.
make_with() {
	"$1" -s -C "$TESTS/.." "${@:2}" DESTDIR="$ROOT"
}

# installed_files: all below $ROOT, with modes.
installed_files() {
	(cd "$ROOT" && find . ! -type d -printf '%M %P\n' | LC_ALL=C sort -k 2)
}

# assert_installed TARGET FILE...: this target installs these, whatever the
# umask, with both makes and all variables of the templates replaced, and make
# uninstall removes them.
assert_installed() {
	local make
	for make in make bmake; do
		(umask 077 && make_with $make "$1" INIT=none prefix=/opt)
		assert_equal "$(printf '%s\n' "${@:2}")" "$(installed_files)" \
			"$make $1"
		assert_equal "" "$(find "$ROOT"/* -type d ! -perm -755)"
		refute_match '@[A-Za-z]+@' "$(grep -rIh . "$ROOT")"
		make_with $make uninstall prefix=/opt
		assert_equal "" "$(installed_files)" "$make uninstall"
	done
}

@test "make install, and for systemd, OpenRC and FreeBSD: the files" {
	local export='-rwxr-xr-x opt/libexec/vblade-export'
	assert_installed install '-rwxr-xr-x opt/sbin/vblade' \
		'-rwxr-xr-x opt/sbin/vbladed' \
		'-rw-r--r-- opt/share/doc/vblade/diskless.md' \
		'-rw-r--r-- opt/share/doc/vblade/quick-lab.md' \
		'-rw-r--r-- opt/share/doc/vblade/raid.md' \
		'-rw-r--r-- opt/share/man/man8/vblade.8' \
		'-rw-r--r-- opt/share/man/man8/vbladed.8'
	assert_installed install-systemd \
		'-rw-r--r-- opt/lib/systemd/system/vblade.service' \
		'-rw-r--r-- opt/lib/systemd/system/vblade@.service' "$export"
	assert_installed install-openrc '-rwxr-xr-x etc/init.d/vblade' "$export"
	assert_installed install-freebsd '-rwxr-xr-x opt/etc/rc.d/vblade' \
		"$export"
}

# Such as the script of vblade 25.
@test "make uninstall leaves an init script of another package" {
	mkdir -p "$ROOT/etc/init.d"
	echo old >"$ROOT/etc/init.d/vblade"
	make_with make install INIT=systemd
	make_with make uninstall
	assert_equal '-rw-r--r-- etc/init.d/vblade' "$(installed_files)"
}

# cp(1) cannot overwrite a program that runs.
@test "make install puts a new file in the place of the old one" {
	local old
	make_with make install
	exec 4<"$ROOT/usr/local/sbin/vblade"
	old=$(stat -L -c %i /dev/fd/4)
	make_with make install
	[ "$old" != "$(stat -c %i "$ROOT/usr/local/sbin/vblade")" ]
}

@test "directories may have blanks in their names" {
	make_with make install INIT=systemd "prefix=/a b"
	make_with make install-openrc "prefix=/a b"
	assert_equal '/a b/sbin/vblade' "$(sh -c "$(grep ^vblade= \
		"$ROOT/a b/libexec/vblade-export"); echo \"\$vblade\"")"
	assert_match '^ExecStart="/a b/libexec/vblade-export" ' \
		"$(cat "$ROOT/a b/lib/systemd/system/vblade@.service")"
	assert_match '^command="/a b/libexec/vblade-export"$' \
		"$(cat "$ROOT/etc/init.d/vblade")"
}

# install_where DIRECTORY: make install, where /run has this directory.
install_where() {
	unshare --mount sh -ec 'mount -t tmpfs tmpfs /run
		mkdir -p "/run/$1"; make -s -C "$2" install DESTDIR="$3"' \
		sh "$1" "$TESTS/.." "$ROOT"
}

@test "make install adds the units where systemd runs, and nowhere else" {
	install_where nothing
	refute_match 'service' "$(installed_files)"
	install_where systemd/system
	assert_match 'usr/local/lib/systemd/system/vblade@.service$' \
		"$(installed_files)"
}

@test "sbindir, mandir, libexecdir and unitdir are used" {
	make_with make install INIT=systemd sbindir=/a mandir=/b unitdir=/c \
		libexecdir=/d prefix=/e
	assert_equal "a/vblade a/vbladed b/man8/vblade.8 b/man8/vbladed.8 \
c/vblade.service c/vblade@.service d/vblade-export" "$(installed_files |
		cut -d' ' -f2 | grep -v ^e/share/doc | paste -sd' ')"
	assert_match '^ExecStart="/d/vblade-export" ' "$(cat "$ROOT"/c/*@.service)"
	assert_match "^vblade='/a/vblade'$" "$(cat "$ROOT/d/vblade-export")"
}

@test "program, manual and package have the version of the Makefile" {
	local version name
	version=$(sed -n 's/^VERSION = //p' "$TESTS/../Makefile")
	assert_equal "vblade $version" "$("$VBLADE" -V)"
	make_with make install
	cd "$ROOT/usr/local/share/man"
	for name in vblade vbladed; do
		assert_match "vblade $version *(November|December|January)" \
			"$(mandoc -T ascii "man8/$name.8" | tail -n 1)"
	done
	assert_match "^vblade \(25\+$version\)" \
		"$(head -n 1 "$TESTS/../dist/debian/changelog")"
}

@test "systemd-analyze reports nothing, and rates the exposure 3.0 or less" {
	local units
	ROOT=$BATS_TEST_TMPDIR units=$ROOT/usr/lib/systemd/system
	make_with make install-systemd prefix=/usr
	# verify looks for the program itself.
	sed -i "s,/usr/libexec,$ROOT/usr/libexec," "$units"/*@*
	run systemd-analyze verify --man=no "$units/vblade@x.service" \
		"$units/vblade.service"
	assert_equal "0 " "$status $output"
	run systemd-analyze security --offline=yes --threshold=30 \
		"$units/vblade@x.service"
	assert_equal 0 "$status" "$output"
}
