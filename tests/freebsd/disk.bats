# Disks of FreeBSD: character devices that move whole sectors only.

# Each test is a process; helper.bash uses what they set.
# shellcheck disable=SC2030,SC2031,SC2034

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	VBLADE=$SHIMMED
	IMAGE=$(image 256)
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace
}

teardown() { serve_end; }

# disk SECTOR [STRIPE]: the image is a disk with such sectors.
disk() {
	export SHIM_DISK=$IMAGE:$1${2:+:$2}
}

# reads LBA COUNT
reads() {
	assert_reply "$(ata_read "$1" "$2")" \
		"$(ata_data "$1" "$2" "$(sectors "$1" "$2")")"
}

# writes LBA COUNT: they are written, and nothing beside them.
writes() {
	assert_reply "$(ata_write "$1" "$2" "a5*$(($2 * 512))")" \
		"$(ata_written "$1" "$2")"
	assert_equal "$(sectors 0 "$1")$(hex "a5*$(($2 * 512))")$(sectors \
		$(($1 + $2)) $((256 - $1 - $2)))" "$(file_sectors "$IMAGE" 0 256)" \
		"the disk after a write of $2 at $1"
}

# word N: a word of IDENTIFY.
word() {
	local reply
	reply=$(query "$(identify)")
	echo "${reply:$((72 + 4 * $1)):4}"
}

@test "the size is that of the medium" {
	disk 512
	serve 0 1 eth0 "$IMAGE"
	assert_match ', 256 sectors O_RDWR$' "$(cat "$OUT")"
}

@test "sectors of 4096 bytes: any single sector is read" {
	disk 4096
	serve 0 1 eth0 "$IMAGE"
	reads 0 1
	reads 7 1
	reads 8 1
	reads 13 1
	reads 255 1
}

@test "sectors of 4096 bytes: two that lie in two are read" {
	disk 4096
	serve 0 1 eth0 "$IMAGE"
	reads 7 2
	reads 254 2
}

@test "sectors of 4096 bytes: a write changes its sectors only" {
	local at
	disk 4096
	serve 0 1 eth0 "$IMAGE"
	for at in 0 3 6 7 254; do
		writes $at 2
		seq -f %0511.0f 0 255 >"$IMAGE.new"
		cat "$IMAGE.new" >"$IMAGE"
	done
}

@test "sectors of 4096 bytes: writes side by side do not undo each other" {
	disk 4096
	serve 0 1 eth0 "$IMAGE"
	for i in {0..63}; do
		ata_write "$i" 1 "$(be8 "$i")*512"
	done | frame -n 64 >/dev/null
	for i in {0..63}; do
		printf '%s*512 ' "$(be8 "$i")"
	done >"$BATS_TEST_TMPDIR/want"
	assert_equal "$(hex "$(cat "$BATS_TEST_TMPDIR/want")")" \
		"$(file_sectors "$IMAGE" 0 64)" "64 writes of a sector"
}

@test "sectors of 4096 bytes: so they do not with an offset" {
	disk 4096
	serve -o 3 -l 100 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_write 4 2 '77*1024')" "$(ata_written 4 2)"
	assert_equal "$(sectors 0 7)$(hex '77*1024')$(sectors 9 247)" \
		"$(file_sectors "$IMAGE" 0 256)"
}

@test "a run is one transfer" {
	disk 512
	serve 0 1 eth0 "$IMAGE"
	RECEIVED=$(received)
	kill -STOP "$PID"
	for i in {0..7}; do
		ata_read "$((2 * i))" 2
	done | frame -n 8 -w 10000 >"$BATS_TEST_TMPDIR/got" &
	wait_until 10 arrived 8
	kill -CONT "$PID"
	wait $!
	assert_equal 8 "$(wc -l <"$BATS_TEST_TMPDIR/got")" "replies"
	assert_equal 1 "$(grep -c '^transfers' "$SHIM_TRACE")" "transfers"
}

# received: how many frames the target's interface has received.
received() {
	on_target cat /sys/class/net/eth0/statistics/rx_packets
}

# arrived N: so many since $RECEIVED was noted.
arrived() {
	[ "$(received)" -ge $((RECEIVED + $1)) ]
}

@test "the physical sector is told, be it the sector or hidden" {
	disk 4096
	serve 0 1 eth0 "$IMAGE"
	assert_equal 0360 "$(word 106)"
	stop_vblade
	disk 512 4096
	serve 0 1 eth0 "$IMAGE"
	assert_equal 0360 "$(word 106)"
	stop_vblade
	disk 512
	serve 0 1 eth0 "$IMAGE"
	assert_equal 0040 "$(word 106)"
}

@test "FLUSH flushes the device" {
	disk 512
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	assert_match 'DIOCGFLUSH = 0' "$(cat "$SHIM_TRACE")"
}

@test "with -s a write is flushed before its reply" {
	disk 512
	serve -s 0 1 eth0 "$IMAGE"
	refute_match DIOCGFLUSH "$(grep -v permitted "$SHIM_TRACE")"
	assert_reply "$(ata_write 0 1 '11*512')" "$(ata_written 0 1)"
	assert_match 'DIOCGFLUSH = 0' "$(cat "$SHIM_TRACE")"
}

@test "a medium that grows is served in its new size" {
	disk 512
	serve 0 1 eth0 "$IMAGE"
	assert_reply "$(ata_read 256 1)" "$(ata_failed 40 10 256 1)"
	truncate -s +512 "$IMAGE"
	assert_reply "$(ata_read 256 1)" "$(ata_data 256 1 '00*512')"
}

@test "a disk that is exported already is refused" {
	disk 512
	serve 0 1 eth0 "$IMAGE"
	assert_refused 6 "$IMAGE.*-f" 0 2 eth0 "$IMAGE"
}

@test "a character device that is no disk is refused" {
	assert_refused 6 '/dev/zero is a character device, but no disk' \
		0 1 eth0 /dev/zero
}

@test "sectors that are no multiple of 512 bytes are refused" {
	disk 2352
	assert_refused 6 2352 0 1 eth0 "$IMAGE"
}
