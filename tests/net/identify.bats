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

# characters FIRST LAST: the text in these words, without its padding.
characters() {
	words | tr -s ' \n' '\n\n' | sed -n "$(($1 + 1)),$(($2 + 1))p" |
		sed 's/^\(..\)\(..\)$/\\x\1\\x\2/' | tr -d '\n' |
		xargs -0 printf %b | sed 's/ *$//'
}

@test "hdparm decodes it without complaint" {
	words | hdparm --Istdin >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err"
	same "" "$(cat "$BATS_TEST_TMPDIR/err")" "hdparm's standard error"
	lacks -i "checksum: *(incorrect|bad|no)" "$(cat "$BATS_TEST_TMPDIR/out")"
	holds "Checksum: correct" "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "hdparm finds the serial number, the sizes and the flush commands" {
	local out
	out=$(words | hdparm --Istdin)
	holds "Serial Number: +7\.11:" "$out"
	holds "Model Number: +[[:graph:]]" "$out"
	holds "LBA +user addressable sectors: +268435455" "$out"
	holds "LBA48 +user addressable sectors: +419430400" "$out"
	holds "Logical(/Physical)? +Sector size: +512 bytes" "$out"
	holds "\*[[:space:]]+Mandatory FLUSH_CACHE" "$out"
	holds "\*[[:space:]]+FLUSH_CACHE_EXT" "$out"
	holds "\*[[:space:]]+48-bit Address feature set" "$out"
}

@test "the serial number is shelf.slot:host" {
	same "7.11:$(hostname | cut -c 1-15)" "$(characters 10 19)"
}

@test "the model is not blank" {
	holds "[[:alnum:]]" "$(characters 27 46)"
}

@test "nothing changes over a restart" {
	local before
	before=$(words)
	stop
	serve 7 11 eth0 "$BATS_TEST_TMPDIR/disk"
	same "$before" "$(words)"
}

@test "it is told to a wildcard address, and with flag E" {
	local reply
	reply=$(query "$(identify)")
	expect "$(ADDRESS=ffffff identify)" "$reply"
	same "${reply:72}" "$(query \
		"$(request 00 '40 00 01 ec 000000000000 0000')" | cut -c 73-)"
}
