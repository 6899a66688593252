# What is exported of files and devices of all sizes.

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
	assert_match "^pid $PID: e0\.1, $1 sectors O_RDWR$" "$(cat "$OUT")"
	size_words "$1"
	assert_reply "$(ata_read "$1" 1)" "$(ata_failed 40 10 "$1" 1)"
	assert_reply "$(ata_read $(($1 - 1)) 2)" \
		"$(ata_failed 40 10 $(($1 - 1)) 2)"
	assert_match "^$(hex "$(ata_data $(($1 - 1)) 1)")" \
		"$(query "$(ata_read $(($1 - 1)) 1)")"
}

# size_words SECTORS: words 60-61 are capped to 28 bits, 100-103 are not.
size_words() {
	local words small=$1
	[ "$small" -lt $((0x0fffffff)) ] || small=$((0x0fffffff))
	words=$(query "$(identify)")
	words=${words:72}
	assert_equal "$(lba "$small" | cut -c 1-8)" "${words:4 * 60:8}" \
		"words 60-61"
	assert_equal "$(lba "$1")0000" "${words:4 * 100:16}" "words 100-103"
}

@test "a sparse file over 128 GiB" {
	truncate -s $((129 << 30)) "$FILE"
	serve 0 1 eth0 "$FILE"
	assert_size $((129 << 21))
	written_and_found $(((129 << 21) - 1))
	written_and_found $((1 << 28))
}

@test "a sparse file over 2 TiB" {
	truncate -s $(((3 << 40) + 512)) "$FILE"
	serve 0 1 eth0 "$FILE"
	assert_size $(((3 << 31) + 1))
	written_and_found $((3 << 31))
	written_and_found $((1 << 32))
	assert_equal "$(hex '00*512')" "$(file_sectors "$FILE" 0 1)" \
		"the first sector"
}

written_and_found() {
	assert_reply "$(ata_write "$1" 1 '42*512')" "$(ata_written "$1" 1)"
	assert_equal "$(hex '42*512')" "$(file_sectors "$FILE" "$1" 1)"
}

@test "a block device" {
	seq -f %0511.0f 0 1023 >"$FILE"
	LOOP=$(losetup -f --show "$FILE")
	serve 0 1 eth0 "$LOOP"
	assert_size 1024
	assert_reply "$(ata_read 1022 2)" \
		"$(ata_data 1022 2 "$(sectors 1022 2)")"
	assert_reply "$(ata_write 1022 2 '42*1024')" "$(ata_written 1022 2)"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	assert_equal "$(hex '42*1024')" "$(file_sectors "$FILE" 1022 2)"
}

@test "a read-only block device is served with -r" {
	seq -f %0511.0f 0 1023 >"$FILE"
	LOOP=$(losetup -r -f --show "$FILE")
	serve -r 0 1 eth0 "$LOOP"
	assert_match "1024 sectors O_RDONLY$" "$(cat "$OUT")"
	assert_reply "$(ata_read 1022 2)" \
		"$(ata_data 1022 2 "$(sectors 1022 2)")"
	assert_reply "$(ata_write 0 1 '42*512')" "$(ata_failed 41 04 0 1)"
}

@test "a file that grows is served in its new size" {
	truncate -s 512 "$FILE"
	serve 0 1 eth0 "$FILE"
	assert_size 1
	truncate -s 1024 "$FILE"
	size_words 2
	assert_reply "$(ata_write 1 1 '42*512')" "$(ata_written 1 1)"
}
