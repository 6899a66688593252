# What is exported of files and devices of all sizes, and how it is identified.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { FILE=$BATS_TEST_TMPDIR/file; }

teardown() {
	serve_end
	[ -z "${LOOP:-}" ] || losetup -d "$LOOP"
}

# assert_size SECTORS: the ready line and IDENTIFY report that size; the last
# sector can be read, the next cannot.
assert_size() {
	local words last=$(($1 - 1))
	assert_match "^pid $PID: e0\.1, $1 sectors O_RDWR$" "$(cat "$OUT")"
	words=$(query "$(identify)")
	assert_equal "$(lba "$1")0000" "${words:72 + 4 * 100:16}" \
		"words 100 to 103"
	assert_reply "$(ata_read $last 2)" "$(ata_failed 40 10 $last 2)"
	assert_match "^$(hex "$(ata_data $last 1)")" \
		"$(query "$(ata_read $last 1)")"
}

@test "a sparse file over 2 TiB" {
	local lba
	truncate -s $(((3 << 40) + 512)) "$FILE"
	serve 0 1 eth0 "$FILE"
	assert_size $(((3 << 31) + 1))
	for lba in $((3 << 31)) $((1 << 28)) $((1 << 32)); do
		assert_reply "$(ata_write $lba 1 '42*512')" \
			"$(ata_written $lba 1)"
		assert_equal "$(hex '42*512')" "$(file_sectors "$FILE" $lba 1)"
	done
	assert_equal "$(hex '00*512')" "$(file_sectors "$FILE" 0 1)" \
		"the first sector"
}

@test "a block device" {
	seq -f %0511.0f 0 1023 >"$FILE"
	LOOP=$(losetup -f --show "$FILE")
	serve 0 1 eth0 "$LOOP"
	assert_size 1024
	assert_readable 1022 2
	assert_reply "$(ata_write 1022 2 '42*1024')" "$(ata_written 1022 2)"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	assert_equal "$(hex '42*1024')" "$(file_sectors "$FILE" 1022 2)"
}

@test "a read-only block device is refused without -r" {
	seq -f %0511.0f 0 1023 >"$FILE"
	LOOP=$(losetup -r -f --show "$FILE")
	assert_refused 6 "$LOOP: read-only: export it with -r" \
		0 1 eth0 "$LOOP"
}

@test "a read-only block device is served with -r" {
	seq -f %0511.0f 0 1023 >"$FILE"
	LOOP=$(losetup -r -f --show "$FILE")
	serve -r 0 1 eth0 "$LOOP"
	assert_match "1024 sectors O_RDONLY$" "$(cat "$OUT")"
	assert_readable 1022 2
	assert_reply "$(ata_write 0 1 '42*512')" "$(ata_failed 41 04 0 1)"
}

@test "a file that grows is served in its new size" {
	truncate -s 512 "$FILE"
	serve 0 1 eth0 "$FILE"
	assert_size 1
	truncate -s 1024 "$FILE"
	assert_reply "$(ata_write 1 1 '42*512')" "$(ata_written 1 1)"
}

# Eight words of IDENTIFY in a line, as hdparm reads them.
@test "hdparm decodes it and complains about nothing" {
	local reply out pattern
	truncate -s $((200 << 30)) "$FILE"
	serve 7 11 eth0 "$FILE"
	reply=$(ADDRESS=00070b; query "$(identify)")
	out=$(sed 's/\(..\)\(..\)/\2\1 /g' <<<"${reply:72}" | fold -w 40 |
		hdparm --Istdin 2>"$FILE.err")
	assert_equal "" "$(cat "$FILE.err")" "standard error"
	for pattern in 'Checksum: correct' 'Serial Number: +7\.11:' \
		'Model Number: +[[:graph:]]' \
		'LBA +user addressable sectors: +268435455' \
		'LBA48 +user addressable sectors: +419430400' \
		'Logical(/Physical)? +Sector size: +512 bytes' \
		'\*[[:space:]]+Mandatory FLUSH_CACHE' \
		'\*[[:space:]]+FLUSH_CACHE_EXT' \
		'\*[[:space:]]+48-bit Address feature set'; do
		assert_match "$pattern" "$out"
	done
}
