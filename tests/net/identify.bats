# IDENTIFY DEVICE, judged by a program that did not write it.

load ../helper

setup() {
	lab_open
	truncate -s $((200 << 30)) "$BATS_TEST_TMPDIR/disk"
	serve 7 11 eth0 "$BATS_TEST_TMPDIR/disk"
	ADDRESS=00070b
}

teardown() {
	serve_end
	lab_close
}

# words: the 256 words of IDENTIFY as hdparm reads them, eight a line.
words() {
	local reply
	reply=$(query "$(identify)")
	sed 's/\(..\)\(..\)/\2\1 /g' <<<"${reply:72}" | fold -w 40
}

@test "hdparm decodes it and complains about nothing" {
	local out pattern
	out=$(words | hdparm --Istdin 2>"$BATS_TEST_TMPDIR/err")
	assert_equal "" "$(cat "$BATS_TEST_TMPDIR/err")" "standard error"
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
