# Static analysis reports nothing that has no explanation: the explanations
# are in /.clang-tidy and in cppcheck here.

load ../helper

setup() { cd "$TESTS/.." || exit; }

@test "clang-tidy" {
	local output
	output=$(clang-tidy --quiet vblade.c linux.c -- -std=c11 -D_GNU_SOURCE \
		-D_FILE_OFFSET_BITS=64 -DVERSION='"1.0"' 2>/dev/null) ||
		fail "$output"
}

@test "cppcheck" {
	cppcheck --quiet --error-exitcode=1 --enable=all --inconclusive \
		--std=c11 -D_GNU_SOURCE -D__linux__ '-DVERSION="1.0"' \
		--suppressions-list="$TESTS/platforms/cppcheck" \
		vblade.c linux.c
}

# scripts: all shell scripts of the tree, except the guests'.
scripts() {
	git ls-files '*.bats' '*.bash' '*.sh'
	git ls-files | grep -v '^tests/client/.*\.init$' |
		xargs awk 'FNR == 1 && /^#!\/bin\/sh/ { print FILENAME }'
}

@test "shellcheck" {
	# Helpers read what tests set, and the other way round; A= B= is meant.
	scripts | grep -v ^dist/ |
		xargs shellcheck -S warning -e SC2034,SC2154,SC1007
	scripts | grep ^dist/ | xargs shellcheck -e SC1007
	shellcheck -s dash -e SC2034,SC2154,SC1007 dist/openrc/vblade.in
}
