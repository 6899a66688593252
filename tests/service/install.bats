# shellcheck shell=bats
#
# make install puts it where it is told, with either make, and make uninstall
# leaves nothing.

load ../helper

# installed: what lies below the destination, with modes.
installed() {
	(cd "$BATS_TEST_TMPDIR/root" && find . ! -type d -printf '%M %P\n' |
		sort -k 2)
}

WANTED='-rwxr-xr-x opt/sbin/vblade
lrwxrwxrwx opt/sbin/vbladed
-rw-r--r-- opt/share/man/man8/vblade.8
lrwxrwxrwx opt/share/man/man8/vbladed.8
-rw-r--r-- units/vblade.target
-rw-r--r-- units/vblade@.service'

# installs MAKE: it installs all, whatever the umask, and removes all.
installs() {
	umask 077
	"$1" -C "$TESTS/.." install prefix=/opt unitdir=/units \
		DESTDIR="$BATS_TEST_TMPDIR/root"
	assert_equal "$WANTED" "$(installed)"
	assert_equal "vblade vblade.8" "$(cd "$BATS_TEST_TMPDIR/root/opt" &&
		echo "$(readlink sbin/vbladed)" \
			"$(readlink share/man/man8/vbladed.8)")"
	"$1" -C "$TESTS/.." uninstall prefix=/opt unitdir=/units \
		DESTDIR="$BATS_TEST_TMPDIR/root"
	assert_equal "" "$(installed)"
}

@test "GNU make installs and uninstalls" {
	installs make
}

@test "BSD make installs and uninstalls" {
	installs bmake
}

@test "sbindir, mandir and unitdir are heeded" {
	make -s -C "$TESTS/.." install DESTDIR="$BATS_TEST_TMPDIR/root" \
		sbindir=/a mandir=/b unitdir=/c
	assert_equal "a/vblade a/vbladed b/man8/vblade.8 b/man8/vbladed.8 \
c/vblade.target c/vblade@.service" "$(installed | cut -d' ' -f2 | paste -sd' ')"
	assert_match ' /a/vblade ' \
		"$(cat "$BATS_TEST_TMPDIR/root/c/vblade@.service")"
}

@test "the installed program serves, and its manual is found by both names" {
	lab_open
	make -s -C "$TESTS/.." install DESTDIR="$BATS_TEST_TMPDIR/root"
	VBLADE=$BATS_TEST_TMPDIR/root/usr/local/sbin/vblade \
		serve 0 1 eth0 "$(image 8)"
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 "$(sectors 0 1)")"
	for name in vblade vbladed; do
		assert_match 'export a file or a disk' "$(mandoc -T ascii \
			"$BATS_TEST_TMPDIR/root/usr/local/share/man/man8/$name.8")"
	done
}

teardown() {
	serve_end
	lab_close
}
