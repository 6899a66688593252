# shellcheck shell=bats
#
# The units as systemd-analyze sees them.

load ../helper

setup() {
	make -s -C "$TESTS/.." install-systemd DESTDIR="$BATS_TEST_TMPDIR" \
		prefix=/usr
	UNITS=$BATS_TEST_TMPDIR/usr/lib/systemd/system
	# verify looks for the program itself.
	sed -i "s,=/usr/libexec,=$BATS_TEST_TMPDIR/usr/libexec," "$UNITS"/*@*
}

@test "systemd-analyze verify reports nothing" {
	run systemd-analyze verify --man=no "$UNITS/vblade@x.service" \
		"$UNITS/vblade.service"
	assert_equal "0 " "$status $output"
}

@test "systemd-analyze security rates the exposure 3.0 or less" {
	run systemd-analyze security --offline=yes --threshold=30 \
		"$UNITS/vblade@x.service"
	assert_equal 0 "$status" "$output"
}
