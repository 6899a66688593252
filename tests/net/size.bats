# What is exported of files and devices of all sizes.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { FILE=$BATS_TEST_TMPDIR/file; }

teardown() {
	serve_end
	[ -z "${LOOP:-}" ] || losetup -d "$LOOP"
}

# serves SECTORS: the ready line and IDENTIFY tell that size; the last
# sector can be read, the next cannot.
serves() {
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

@test "a file of 511 bytes has no sector to export" {
	truncate -s 511 "$FILE"
	assert_refused 6 "$FILE" 0 1 eth0 "$FILE"
}

@test "a file of 512 bytes is one sector" {
	truncate -s 512 "$FILE"
	serve 0 1 eth0 "$FILE"
	serves 1
	refute_match "$FILE" "$(cat "$ERR")"
}

@test "a file of 513 bytes is one sector, and the rest is told" {
	truncate -s 513 "$FILE"
	serve 0 1 eth0 "$FILE"
	serves 1
	assert_match "$FILE.*\<1 byte|\<1 byte.*$FILE" "$(cat "$ERR")"
	assert_reply "$(ata_write 1 1 '11*512')" "$(ata_failed 41 10 1 1)"
	assert_equal 513 "$(stat -c %s "$FILE")"
}

@test "a file of 1000 bytes is one sector, and the rest is told" {
	truncate -s 1000 "$FILE"
	serve 0 1 eth0 "$FILE"
	serves 1
	assert_match "$FILE.*\<488 bytes|\<488 bytes.*$FILE" "$(cat "$ERR")"
}

@test "a file of an odd number of sectors" {
	truncate -s $((512 * 1001)) "$FILE"
	serve 0 1 eth0 "$FILE"
	serves 1001
}

@test "a sparse file over 128 GiB" {
	truncate -s $((129 << 30)) "$FILE"
	serve 0 1 eth0 "$FILE"
	serves $((129 << 21))
	written_and_found $(((129 << 21) - 1))
	written_and_found $((1 << 28))
}

@test "a sparse file over 2 TiB" {
	truncate -s $(((3 << 40) + 512)) "$FILE"
	serve 0 1 eth0 "$FILE"
	serves $(((3 << 31) + 1))
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
	serves 1024
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

@test "-o leaves out the first sectors" {
	serve -o 10 0 1 eth0 "$(image 64)"
	assert_match " 54 sectors " "$(cat "$OUT")"
	assert_reply "$(ata_read 0 2)" "$(ata_data 0 2 "$(sectors 10 2)")"
	assert_reply "$(ata_read 53 1)" "$(ata_data 53 1 "$(sectors 63 1)")"
	assert_reply "$(ata_read 54 1)" "$(ata_failed 40 10 54 1)"
}

@test "-l leaves out all after so many sectors" {
	serve -l 20 0 1 eth0 "$(image 64)"
	assert_match " 20 sectors " "$(cat "$OUT")"
	assert_reply "$(ata_read 19 1)" "$(ata_data 19 1 "$(sectors 19 1)")"
	assert_reply "$(ata_read 20 1)" "$(ata_failed 40 10 20 1)"
}

@test "-o and -l export a middle part and write nowhere else" {
	local file
	file=$(image 64)
	serve -o 10 -l 20 0 1 eth0 "$file"
	assert_match " 20 sectors " "$(cat "$OUT")"
	size_words 20
	assert_reply "$(ata_write 0 1 '11*512')" "$(ata_written 0 1)"
	assert_reply "$(ata_write 19 1 '22*512')" "$(ata_written 19 1)"
	assert_reply "$(ata_write 20 1 '33*512')" "$(ata_failed 41 10 20 1)"
	assert_reply "$(ata_write 19 2 '33*1024')" "$(ata_failed 41 10 19 2)"
	stop_vblade
	assert_equal "$(sectors 0 10)$(hex '11*512')$(sectors 11 18)$(hex '22*512')" \
		"$(file_sectors "$file" 0 30)"
	assert_equal "$(sectors 30 34)" "$(file_sectors "$file" 30 34)"
}

@test "-o and -l that do not fit the file are refused" {
	local file
	file=$(image 64)
	assert_refused '[26]' "65" -o 65 0 1 eth0 "$file"
	assert_refused '[26]' "65" -l 65 0 1 eth0 "$file"
	assert_refused '[26]' "64|$file" -o 64 0 1 eth0 "$file"
	assert_refused '[26]' "55|10" -o 10 -l 55 0 1 eth0 "$file"
	assert_refused '[26]' "18014398509481984|36028797018963967" \
		-l 36028797018963967 -o 18014398509481984 0 1 eth0 "$file"
}

@test "a file that grows is served in its new size" {
	truncate -s 512 "$FILE"
	serve 0 1 eth0 "$FILE"
	serves 1
	truncate -s 1024 "$FILE"
	size_words 2
	assert_reply "$(ata_write 1 1 '42*512')" "$(ata_written 1 1)"
}

@test "with -l a file that grows is not" {
	truncate -s 512 "$FILE"
	serve -l 1 0 1 eth0 "$FILE"
	truncate -s 1024 "$FILE"
	size_words 1
	assert_reply "$(ata_write 1 1 '42*512')" "$(ata_failed 41 10 1 1)"
}
