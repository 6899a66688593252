# Before the first test: build the program with the shim, and download the
# compiler that has FreeBSD's headers while tests run.  If SHIMMED is set, it
# names the program instead.

setup_suite() {
	local here=${BASH_SOURCE[0]%/*}
	[ -z "${SHIMMED:-}" ] || return 0
	export SHIMMED=$BATS_SUITE_TMPDIR/vblade
	# What lives as long as the process is no leak.
	export ASAN_OPTIONS=detect_leaks=0
	"$here/build" "$SHIMMED" "$here/../../vblade.c" "$here/../../freebsd.c" \
		-Wshadow -Werror -O1 \
		-fsanitize=address,undefined -fno-sanitize-recover=all
	make -s -C "$here/../.." tests/frame tests/load
	nice "$here/zig" version >/dev/null 2>&1 3>&- &
}
