# Every compiler and C library builds vblade without a warning, also for other
# processors: big-endian s390x, run by qemu, and 32 bits of i386, which this
# processor knows.  Both are linked statically, to need no libraries.

load ../helper
load platforms

MUSL='musl-gcc -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu'

@test "gcc, also -O3 and -O0, and clang" {
	build gcc CC=gcc vblade programs
	build gcc3 CC=gcc CFLAGS=-O3 vblade
	build gcc0 CC=gcc CFLAGS=-O0 vblade
	build clang CC=clang vblade programs
}

# Debian's musl-gcc does not search the directories of the kernel's headers; the
# README says what it needs.
@test "built with musl, whose getopt ends at the first operand, it serves" {
	assert_match "CC='$MUSL'" "$(tr -s '\n ' ' ' <"$TESTS/../README.md")"
	build musl CC="$MUSL" LDFLAGS=-static vblade tests/reply/reply
	export VBLADE=$TREE/vblade REPLY_PROGRAM=$TREE/tests/reply/reply
	suite cli/signals.bats reply/ata.bats reply/order.bats net/data.bats
}

@test "s390x passes the suites where bytes have an order, and fuzz's seeds" {
	build s390x CC=s390x-linux-gnu-gcc LDFLAGS=-static vblade \
		tests/reply/reply
	export REPLY_PROGRAM="qemu-s390x $TREE/tests/reply/reply"
	suite reply/accept.bats reply/announce.bats reply/ata.bats \
		reply/config.bats reply/identify.bats reply/mask.bats \
		reply/reserve.bats
	replay qemu-s390x s390x-linux-gnu-gcc -static
}

@test "i386 passes the suites where sizes matter, and fuzz's seeds" {
	build i386 CC=i686-linux-gnu-gcc CFLAGS='-O2 -Wno-psabi' \
		LDFLAGS=-static vblade tests/reply/reply
	export VBLADE=$TREE/vblade REPLY_PROGRAM=$TREE/tests/reply/reply
	suite reply/identify.bats reply/run.bats net/size.bats
	replay env i686-linux-gnu-gcc -static -Wno-psabi
}
