# shellcheck shell=sh
#
# What bench.sh and soak.sh share: the lab, and a directory $WORK for the disk;
# the function `finish` of the script removes both.

set -eu
export LC_ALL=C

HERE=$(cd "$(dirname "$0")" && pwd)
LAB=vbb$$
. "$HERE/../lab.sh"
: "${VBLADE:=$HERE/../../vblade}" "${DIR:=/var/tmp}"
WORK=$DIR/$LAB
LOAD=$HERE/../load

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

# require PROGRAM...: they are built, and the user is root; make $WORK.
require() {
	[ "$(id -u)" = 0 ] || die 'requires root'
	for program; do
		[ -x "$program" ] || die "$program is not built"
	done
	trap finish EXIT
	trap 'exit 130' INT TERM HUP
	mkdir "$WORK"
}

# poll COMMAND...: run the command until it succeeds, for 20 seconds at most.
poll() {
	tries=400
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.05
	done
}
