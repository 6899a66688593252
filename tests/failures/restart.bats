#!/usr/bin/env bats
#
# The disk is free again when vblade has ended.  An io_uring outlives its
# process for some milliseconds, and with it what it refers to.

load ../helper
load ../faults

setup_file() { lab_open; }
teardown_file() { lab_close; }

teardown() {
	umount "$BATS_TEST_TMPDIR/mnt" 2>/dev/null || :
}

# Start vblade, wait until it is ready, end it by a signal, run a command, all
# that again and again; in one shell, since a millisecond more hides the error.
# Arguments: signal, command, options of vblade and file.
repeat() {
	on_target bash -c '
		out=$0 vblade=$1 signal=$2 command=$3
		trap "kill \$! 2>/dev/null" EXIT
		for _ in {1..30}; do
			: >"$out"
			"$vblade" "${@:4:$#-4}" 0 1 eth0 "${@: -1}" >"$out" &
			until [ -s "$out" ]; do
				kill -0 $! && sleep 0.005 || exit
			done
			kill -s "$signal" $!
			wait
			eval "$command" || exit
		done' "$BATS_TEST_TMPDIR/out" "$VBLADE" "$@"
}

@test "an image can be exported again right after SIGTERM" {
	repeat TERM true "$(image 64)"
}

@test "an image can be exported again right after SIGKILL" {
	repeat KILL true -d "$(image 64)"
}

@test "the file system of an image can be unmounted right after SIGTERM" {
	local mnt=$BATS_TEST_TMPDIR/mnt
	truncate -s 16M "$BATS_TEST_TMPDIR/fs"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/fs"
	mkdir "$mnt"
	mount -o loop "$BATS_TEST_TMPDIR/fs" "$mnt"
	truncate -s 1M "$mnt/image"
	repeat TERM "umount $mnt && mount -o loop $BATS_TEST_TMPDIR/fs $mnt" \
		"$mnt/image"
}
