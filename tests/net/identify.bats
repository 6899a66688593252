# IDENTIFY DEVICE, judged by a program that did not write it.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	truncate -s $((200 << 30)) "$BATS_TEST_TMPDIR/disk"
	serve 7 11 eth0 "$BATS_TEST_TMPDIR/disk"
	ADDRESS=00070b
}

teardown() { serve_end; }

# words: the 256 words of IDENTIFY as hdparm wants them, eight a line.
words() {
	local reply
	reply=$(query "$(identify)")
	sed 's/\(..\)\(..\)/\2\1 /g' <<<"${reply:72}" | fold -w 40
}

@test "hdparm decodes it without complaint" {
	words | hdparm --Istdin >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err"
	assert_equal "" "$(cat "$BATS_TEST_TMPDIR/err")" \
		"hdparm's standard error"
	refute_match -i "checksum: *(incorrect|bad|no)" \
		"$(cat "$BATS_TEST_TMPDIR/out")"
	assert_match "Checksum: correct" "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "hdparm finds the serial number, the sizes and the flush commands" {
	local out
	out=$(words | hdparm --Istdin)
	assert_match "Serial Number: +7\.11:" "$out"
	assert_match "Model Number: +[[:graph:]]" "$out"
	assert_match "LBA +user addressable sectors: +268435455" "$out"
	assert_match "LBA48 +user addressable sectors: +419430400" "$out"
	assert_match "Logical(/Physical)? +Sector size: +512 bytes" "$out"
	assert_match "\*[[:space:]]+Mandatory FLUSH_CACHE" "$out"
	assert_match "\*[[:space:]]+FLUSH_CACHE_EXT" "$out"
	assert_match "\*[[:space:]]+48-bit Address feature set" "$out"
}
