# FreeBSD's own headers and libc, from a compiler that contains them: the
# program compiles and links, and the numbers of the shim are theirs.

load ../helper

setup() { WORK=$BATS_TEST_TMPDIR; }

# assert_builds MAKE TARGET: the Makefile builds the program with that make for
# that target, without a warning.
assert_builds() {
	local tree=$TESTS/..
	cp "$tree/Makefile" "$tree/aoe.h" "$tree/vblade.c" "$tree/freebsd.c" \
		"$WORK"
	# In CPPFLAGS, so that the flags of the Makefile are tested too.
	assert_equal "" "$("$1" -s -C "$WORK" PLATFORM=freebsd CPPFLAGS=-Werror \
		CC="$TESTS/freebsd/zig cc -target $2" vblade 2>&1)" "warnings"
}

# machine: the machine an ELF file is for, a number of two bytes.
machine() {
	od -An -tx1 -j 18 -N 2 "$1" | tr -d ' '
}

@test "x86_64: builds with GNU make" {
	assert_builds make x86_64-freebsd
	assert_equal 3e00 "$(machine "$WORK/vblade")"
	assert_match /libexec/ld-elf.so.1 "$(tr -d '\0' <"$WORK/vblade" |
		grep -ao '/libexec/ld-elf.so.1' | head -n 1)"
}

@test "it installs where FreeBSD has such files" {
	local tree=$TESTS/.. make prefix=usr/local
	cp -R "$tree/Makefile" "$tree/dist" "$tree/vblade.8" "$tree/aoe.h" \
		"$WORK"
	touch "$WORK/vblade.c" "$WORK/freebsd.c"	# older than what follows
	touch "$WORK/vblade.o" "$WORK/freebsd.o"
	touch "$WORK/vblade"
	for make in make bmake; do
		$make -s -C "$WORK" PLATFORM=freebsd INIT=freebsd \
			DESTDIR="$WORK/$make" install || return
		[ -x "$WORK/$make/$prefix/sbin/vblade" ]
		[ -x "$WORK/$make/$prefix/sbin/vbladed" ]
		[ -x "$WORK/$make/$prefix/libexec/vblade-export" ]
		[ -e "$WORK/$make/$prefix/share/man/man8/vblade.8" ]
		[ -x "$WORK/$make/$prefix/etc/rc.d/vblade" ]
		refute_match @prefix@ "$(cat "$WORK/$make/$prefix/etc/rc.d/vblade")"
		[ ! -e "$WORK/$make/$prefix/lib/systemd" ]
	done
}

@test "aarch64: builds with BSD make" {
	assert_builds bmake aarch64-freebsd
	assert_equal b700 "$(machine "$WORK/vblade")"
}

@test "the shim's numbers and layouts are FreeBSD's" {
	"${CC:-cc}" -D_GNU_SOURCE -I"$TESTS/freebsd/include" \
		-o "$WORK/numbers" "$TESTS/freebsd/numbers.c"
	"$WORK/numbers" >"$WORK/asserts.c"
	[ "$(grep -c _Static_assert "$WORK/asserts.c")" -ge 40 ]
	"$TESTS/freebsd/zig" cc -target x86_64-freebsd -Werror -c \
		-o "$WORK/asserts.o" "$WORK/asserts.c"
}
