# FreeBSD's own headers and libc, from a compiler that contains them: the
# program compiles and links, and the numbers of the shim are theirs.

load ../helper

setup() {
	WORK=$BATS_TEST_TMPDIR
	cp -R "$TESTS"/../{Makefile,aoe.h,dist,freebsd.c,vblade.8,vblade.c} \
		"$WORK"
}

# assert_builds MAKE TARGET MACHINE: the Makefile builds the program with that
# make for that target, without a warning; MACHINE is its number in ELF.
assert_builds() {
	# In CPPFLAGS, so that the flags of the Makefile are tested too.
	assert_equal "" "$("$1" -s -C "$WORK" PLATFORM=freebsd CPPFLAGS=-Werror \
		CC="$TESTS/freebsd/zig cc -target $2" vblade 2>&1)" "warnings"
	assert_equal "$3" "$(od -An -tx1 -j 18 -N 2 "$WORK/vblade")" "machine"
	grep -qa /libexec/ld-elf.so.1 "$WORK/vblade"
}

@test "it builds for x86_64 with GNU make, and for aarch64 with BSD make" {
	assert_builds make x86_64-freebsd ' 3e 00'
	make -s -C "$WORK" clean
	assert_builds bmake aarch64-freebsd ' b7 00'
}

# numbers COMPILER...: those of numbers.c by its headers, one a line.
numbers() {
	"$@" -c -o "$WORK/numbers.o" "$TESTS/freebsd/numbers.c"
	objcopy -O binary -j .rodata "$WORK/numbers.o" "$WORK/numbers"
	od -An -v -tx8 -w8 "$WORK/numbers"
}

@test "the shim's numbers and layouts are FreeBSD's" {
	local shim
	shim=$(numbers "${CC:-cc}" -D_GNU_SOURCE -I"$TESTS/freebsd/include")
	[ "$(wc -l <<<"$shim")" -gt 45 ]
	assert_equal "$(numbers "$TESTS/freebsd/zig" cc -target x86_64-freebsd)" \
		"$shim"
}
