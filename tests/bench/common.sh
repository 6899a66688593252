# shellcheck shell=sh
#
# What bench.sh and soak.sh share.

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$(basename "$0" .sh): $*"
	exit 1
}

now() {
	date +%s
}

# require PROGRAM...: they are built, and the user is root.
require() {
	[ "$(id -u)" = 0 ] || die 'requires root'
	for program; do
		[ -x "$program" ] || die "$program is not built"
	done
}

# poll COMMAND...: run the command until it succeeds, for 20 seconds at most.
poll() {
	tries=400
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.05
	done
}
