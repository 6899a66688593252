# The house rules that a machine can check.

load ../helper

setup_file() {
	cd "$TESTS/.." || exit
	local budget
	for budget in aoe.h:200 vblade.c:1000 linux.c:400 freebsd.c:400 \
		Makefile:60; do
		[ ! -e "${budget%:*}" ] ||
			echo "# ${budget%:*}: $(wc -l <"${budget%:*}") lines," \
				"thought to be ${budget#*:}" >&3
	done
}

setup() { cd "$TESTS/.." || exit; }

# nothing: there is no line on the standard input.
nothing() {
	assert_equal '' "$(cat)" "$1"
}

@test "no line of C is longer than 80 columns" {
	local file
	for file in $(git ls-files '*.c' '*.h'); do
		expand "$file" | LC_ALL=C.UTF-8 grep -nE '^.{81}' |
			sed "s|^|$file:|" || :
	done | nothing 'lines too long'
}

@test "no function is longer than 60 lines" {
	local file
	for file in $(git ls-files '*.c' '*.h'); do
		awk -v file="$file" '
			/^[a-z_][a-z_0-9]*\(/ { name = $0; began = FNR }
			/^}$/ && began && FNR - began >= 60 {
				print file ": " name ": " FNR - began + 1
			}
			/^}/ { began = 0 }' "$file"
	done | nothing 'functions too long'
}

# global OBJECT: what the object defines for others.
global() {
	nm -g --defined-only "$1" | awk '{ print $3 }'
}

@test "nothing is global but main and the platform interface" {
	local name
	make -s vblade.o linux.o
	for name in $(global vblade.o; global linux.o); do
		[ "$name" = main ] || grep -qE "[ *]$name\(" aoe.h ||
			echo "$name"
	done | nothing 'global names'
}

@test "vblade.c asks for no memory but its pool" {
	make -s vblade.o
	refute_match ' (malloc|calloc|realloc|strn?dup|v?asprintf|getline)$' \
		"$(nm -u vblade.o)"
}

@test "vblade.c does not know what system it runs on" {
	sed 's|/\*.*||' vblade.c | grep -nE \
		'^#.*\b_*(linux|gnu|FreeBSD|NetBSD|OpenBSD|APPLE|unix)_*\b' |
		nothing 'systems'
}

@test "byte order is the business of aoe.h" {
	grep -nE '\b(hton|ntoh)[sl]|\b(be|le)[0-9]+toh|\bhto(be|le)' vblade.c |
		nothing 'conversions'
}
