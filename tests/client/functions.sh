# shellcheck shell=sh
#
# What a script for on_guest() in client.bash may use besides the programs of
# the host.

# wait_until SECONDS COMMAND...: run the command until it succeeds.
wait_until() {
	left=$(($1 * 10))
	shift
	until "$@"; do
		[ $((left -= 1)) -gt 0 ] || return
		usleep 100000
	done
}

# has_disk ADDRESS: discover targets; the disk of this one is there.
has_disk() {
	aoe-discover
	usleep 100000
	[ -b /dev/etherd/"$1" ]
}

# has_frames ADDRESS BYTES: the driver sends this much data in a frame.
has_frames() {
	aoe-discover
	aoe-stat | grep -q "$1.* $2 *up"
}

# start_job NAME COMMAND...: run the command in the background; its output
# goes to /run/NAME.output.
start_job() {
	job=$1
	shift
	(
		status=0
		"$@" || status=$?
		echo $status >/run/"$job".status
	) >/run/"$job".output 2>&1 &
}

# wait_for_job NAME SECONDS: wait for the end of a job, and take its output and
# exit status as one's own.
wait_for_job() {
	wait_until "$2" test -s /run/"$1".status || echo "$1 does not end"
	cat /run/"$1".output
	status=$(cat /run/"$1".status)
	rm /run/"$1".*
	return "$status"
}

# end_vblade: kill every vblade, and wait until its files are closed.
end_vblade() {
	killall -q -KILL vblade || :
	wait_until 30 no_vblade
}

# shellcheck disable=SC2046
no_vblade() {
	! grep -qs '^State:.[^ZX]' $(pidof vblade |
		sed 's,[0-9][0-9]*,/proc/&/task/*/status,g')
}

# write_and_verify FILE: write 12 MB to it in 4 s and more, sixteen requests at
# a time of up to 32 KiB, then read all and verify it.
write_and_verify() {
	fio --name=load --filename="$1" --direct=1 --ioengine=libaio \
		--iodepth=16 --rw=randwrite --bsrange=512-32k --size=12M \
		--rate=3M --verify=crc32c --verify_fatal=1
}

# wait_for_writes ADDRESS: wait until a hundred more writes have ended there.
wait_for_writes() {
	wait_until 30 has_written "$1" $(($(count_writes "$1") + 100))
}

has_written() {
	[ "$(count_writes "$1")" -ge "$2" ]
}

count_writes() {
	awk '{ print $5 }' /sys/block/etherd!"$1"/stat
}
