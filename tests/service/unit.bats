# shellcheck shell=bats
#
# The unit is what systemd likes to see, and nothing more than it needs.

load ../helper

setup() {
	make -s -C "$TESTS/.." install DESTDIR="$BATS_TEST_TMPDIR" \
		prefix=/usr unitdir=/lib/systemd/system
	UNITS=$BATS_TEST_TMPDIR/lib/systemd/system
}

@test "systemd-analyze verify has nothing to say" {
	run systemd-analyze verify --man=no "$UNITS/vblade@x.service" \
		"$UNITS/vblade.target"
	assert_equal "0 " "$status $output"
}

@test "systemd-analyze security gives 3 or better" {
	run systemd-analyze security --offline=yes --threshold=30 \
		"$UNITS/vblade@x.service"
	assert_equal 0 "$status" "$output"
}

@test "all that is installed names the directory it was installed to" {
	make -s -C "$TESTS/.." install DESTDIR="$BATS_TEST_TMPDIR" \
		prefix=/opt/aoe unitdir=/units
	assert_match ' /opt/aoe/sbin/vblade ' \
		"$(cat "$BATS_TEST_TMPDIR"/units/*.service)"
}
