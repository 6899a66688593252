# Other processors: big-endian s390x, run by qemu, and 32 bits of i386, which
# this processor knows.  Both are linked statically, to need no libraries.

load ../helper
load platforms

teardown() {
	serve_end
	lab_close
}

i386() {
	build i386 CC=i686-linux-gnu-gcc CFLAGS='-O2 -Wno-psabi' \
		LDFLAGS=-static "$@"
}

@test "s390x passes the reply suite where bytes have an order" {
	build s390x CC=s390x-linux-gnu-gcc LDFLAGS=-static vblade \
		tests/reply/reply
	export REPLY_PROGRAM="qemu-s390x $TREE/tests/reply/reply"
	suite reply/accept.bats reply/announce.bats reply/ata.bats \
		reply/config.bats reply/identify.bats reply/mask.bats \
		reply/reserve.bats reply/size.bats
}

@test "s390x survives the seeds of the fuzz suite" {
	replay qemu-s390x -- s390x-linux-gnu-gcc -static
}

@test "i386 passes the reply suite where sizes matter" {
	i386 tests/reply/reply
	export REPLY_PROGRAM=$TREE/tests/reply/reply
	suite reply/size.bats reply/identify.bats reply/run.bats
}

@test "i386 survives the seeds of the fuzz suite" {
	replay env -- i686-linux-gnu-gcc -static -Wno-psabi
}

@test "i386 exports 3 TiB to their last sector" {
	local file=$BATS_TEST_TMPDIR/image last=$((6 << 30)) got
	last=$((last - 1))
	truncate -s 3T "$file"
	i386 vblade
	export VBLADE=$TREE/vblade
	lab_open
	serve 0 1 eth0 "$file"
	assert_match ', 6442450944 sectors O_RDWR' "$(cat "$OUT")"
	assert_writable $last
	assert_reply "$(ata_read $((last + 1)) 1)" \
		"$(ata_failed 40 10 $((last + 1)) 1)"
	got=$(frame -s -n 1 "$(identify)")
	assert_equal 0000008001000000 "${got:(36 + 200) * 2:16}" \
		'words 100 to 103'
	assert_equal "$(hex 'a5*512')" "$(file_sectors "$file" $last 1)"
}
