# The house rules that a machine can check.

load ../helper

setup() { cd "$TESTS/.." || exit; }

# assert_no_lines WHAT: the standard input is empty.
assert_no_lines() {
	assert_equal '' "$(cat)" "$1"
}

# A file may keep the lines that it has now, and get no more.
@test "no source file of the program grows" {
	local limit file over=
	for limit in vblade.c:1450 linux.c:718 freebsd.c:482 aoe.h:320; do
		file=${limit%:*}
		[ "$(wc -l <"$file")" -le "${limit#*:}" ] ||
			over+=" $file: $(wc -l <"$file"), limit ${limit#*:};"
	done
	assert_equal '' "$over"
}

@test "the sources of the program are all-ASCII and name their licence" {
	LC_ALL=C grep -nP '[^\x00-\x7f]' ./*.c ./*.h |
		assert_no_lines 'not ASCII'
	grep -L '^/\* SPDX-License-Identifier: ISC \*/$' ./*.c ./*.h |
		assert_no_lines 'no licence line'
}

@test "no line of C is longer than 80 columns" {
	local file
	for file in $(git ls-files '*.c' '*.h'); do
		expand "$file" | awk -v file="$file" \
			'length > 80 { print file ":" NR ": " $0 }'
	done | assert_no_lines 'lines too long'
}

@test "no function is longer than 60 lines" {
	git ls-files '*.c' '*.h' | xargs awk '
		/^[a-z_][a-z_0-9]*\(/ { name = $0; began = FNR }
		/^}$/ && began && FNR - began >= 60 {
			print FILENAME ": " name ": " FNR - began + 1
		}
		/^}/ { began = 0 }' | assert_no_lines 'functions too long'
}

@test "nothing is global but main and the platform interface" {
	local name
	make -s vblade.o linux.o
	for name in $(nm -g --defined-only vblade.o linux.o |
		awk 'NF == 3 { print $3 }'); do
		[ "$name" = main ] || grep -qE "[ *]$name\(" aoe.h ||
			echo "$name"
	done | assert_no_lines 'global names'
}

@test "vblade.c allocates only buffers, and does not know its system" {
	make -s vblade.o
	refute_match ' (malloc|calloc|realloc|strn?dup|v?asprintf|getline)$' \
		"$(nm -u vblade.o)"
	sed 's|/\*.*||' vblade.c | grep -nE \
		'^#.*\b_*(linux|gnu|FreeBSD|NetBSD|OpenBSD|APPLE|unix)_*\b' |
		assert_no_lines 'systems'
}

@test "only aoe.h converts byte orders" {
	grep -nE '\b(hton|ntoh)[sl]|\b(be|le)[0-9]+toh|\bhto(be|le)' vblade.c |
		assert_no_lines 'conversions'
}

@test "every test that the index of failures names exists" {
	local row name rows=0
	while IFS='|' read -r row name; do
		grep -qF "@test \"${name#*: }" "$TESTS/${name%%: *}.bats" ||
			fail "$row: no such test: $name"
		rows=$((rows + 1))
	done < <(sed -nE 's/^\| (T[0-9]+) \|.*\| (.*) \|$/\1|\2/p' \
		"$TESTS/README.md")
	[ "$rows" -ge 60 ]
}
