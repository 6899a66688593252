# Every compiler and C library builds vblade without a warning; processors.bats
# has those for other processors.

load ../helper
load platforms

MUSL='musl-gcc -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu'

@test "gcc, also -O3 and -O0" {
	build gcc CC=gcc vblade tests/reply/reply
	build gcc3 CC=gcc CFLAGS=-O3 vblade
	build gcc0 CC=gcc CFLAGS=-O0 vblade
}

@test "clang" {
	build clang CC=clang vblade tests/reply/reply
}

@test "built with musl, whose getopt ends at the first operand, it serves" {
	build musl CC="$MUSL" LDFLAGS=-static vblade tests/reply/reply
	export VBLADE=$TREE/vblade REPLY_PROGRAM=$TREE/tests/reply/reply
	suite cli/signals.bats reply/ata.bats reply/order.bats net/data.bats
}

# Debian's musl-gcc does not search the directories of the kernel's headers.
@test "the README says what musl-gcc needs" {
	assert_match "CC='$MUSL'" "$(tr -s '\n ' ' ' <"$TESTS/../README.md")"
}
