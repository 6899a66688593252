# Every compiler and C library builds vblade without a warning.

load ../helper
load platforms

MUSL='musl-gcc -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu'

@test "gcc" {
	build gcc CC=gcc vblade tests/reply/reply
}

@test "gcc -O3 and -O0" {
	build gcc3 CC=gcc CFLAGS=-O3 vblade
	build gcc0 CC=gcc CFLAGS=-O0 vblade
}

@test "clang" {
	build clang CC=clang vblade tests/reply/reply
}

@test "gcc with musl" {
	build musl CC="$MUSL" vblade tests/reply/reply
}

@test "gcc for 32 bits" {
	build i386 CC=i686-linux-gnu-gcc CFLAGS='-O2 -Wno-psabi' vblade
}

@test "gcc for big-endian s390x" {
	build s390x CC=s390x-linux-gnu-gcc vblade
}

@test "built with musl, whose getopt ends at the first operand, it serves" {
	build musl-static CC="$MUSL" LDFLAGS=-static vblade tests/reply/reply
	export VBLADE=$TREE/vblade REPLY_PROGRAM=$TREE/tests/reply/reply
	suite cli/signals.bats reply/ata.bats reply/order.bats net/data.bats
}

# Debian's musl-gcc does not search the directories of the kernel's headers.
@test "the README says what musl-gcc needs" {
	assert_match "CC='$MUSL'" "$(tr -s '\n ' ' ' <"$TESTS/../README.md")"
}
