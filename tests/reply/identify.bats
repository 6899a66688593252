# IDENTIFY DEVICE, word by word.

load reply

setup() { export_image 64; }

# identified LINE...: plays them, an IDENTIFY last.
identified() {
	run_script "$@" "" "$(identify)"
	WORDS=$(tail -n 1 "$FRAMES")
	assert_equal "$(hex "$(response 00 "00 00 01 40 000000a00000 0000")")" \
		"${WORDS:0:72}"
	WORDS=${WORDS:72}
	assert_equal 1024 ${#WORDS} "digits of data"
}

# word N [COUNT]: words as numbers are read, the first one last.
word() {
	local i out=
	for ((i = $1; i < $1 + ${2:-1}; i++)); do
		out=${WORDS:i * 4 + 2:2}${WORDS:i * 4:2}$out
	done
	printf '%s\n' "$out"
}

# text N COUNT: words as text is read.
text() {
	local i
	for ((i = $1; i < $1 + $2; i++)); do
		printf %b "\\x${WORDS:i * 4 + 2:2}\\x${WORDS:i * 4:2}"
	done
	echo .
}

@test "IDENTIFY brings 512 bytes and nothing behind them" {
	expect_length "$(identify)" 548
}

expect_length() {
	run_script "$1"
	assert_equal "$2" $(($(wc -c <"$FRAMES") / 2)) "bytes of the reply"
}

@test "IDENTIFY ignores count, flags and whatever follows" {
	run_script "$(identify)" \
		"$(request 00 "40 00 00 ec 000000a00000 0000 dd*1024")"
	assert_equal "$(head -n 1 "$FRAMES" | cut -c 73-)" \
		"$(tail -n 1 "$FRAMES" | cut -c 73-)"
	assert_equal "$(hex "$(response 00 "40 00 00 40 000000a00000 0000")")" \
		"$(tail -n 1 "$FRAMES" | cut -c -72)"
}

@test "IDENTIFY to any target by broadcast is answered" {
	expect_length "ffffffffffff SS 88a2 10 00 ffff ff 00 $TAG \
		00 00 01 ec 000000a00000 0000" 548
}

@test "IDENTIFY at an MTU without room for it is ABRT" {
	MTU=533
	assert_reply "$(identify)" "$(ata_failed 00 04 $((0xa0 << 24)) 1)"
}

@test "word 0: a fixed disk" {
	identified
	assert_equal 0040 "$(word 0)"
}

@test "words 10-19: the serial number is shelf.slot:host" {
	identified
	assert_equal "$(printf '%-20.20s.' "0.1:$(hostname)")" "$(text 10 10)"
}

@test "words 10-19: the serial number of another address is another" {
	PLACE=(65534 254)
	run_script "TT SS 88a2 10 00 ffffff 00 $TAG 00 00 01 ec 000000a00000 0000"
	WORDS=$(cut -c 73- "$FRAMES")
	assert_equal "$(printf '%-20.20s.' "65534.254:$(hostname)")" \
		"$(text 10 10)"
}

@test "words 23-26: a firmware revision, padded with blanks" {
	identified
	assert_match '^[0-9.]+ *\.$' "$(text 23 4)"
}

@test "words 27-46: the model is vblade, padded with blanks" {
	identified
	assert_equal "$(printf '%-40s.' vblade)" "$(text 27 20)"
}

@test "word 47: no READ MULTIPLE" {
	identified
	assert_equal 8000 "$(word 47)"
}

@test "word 49: LBA" {
	identified
	assert_equal 0200 "$(word 49)"
}

@test "word 50: valid" {
	identified
	assert_equal 4000 "$(word 50)"
}

@test "words 60-61: the sectors" {
	identified
	assert_equal 00000040 "$(word 60 2)"
}

@test "word 80: ATA/ATAPI-4 to ATA8-ACS" {
	identified
	assert_equal 01f0 "$(word 80)"
}

@test "word 82: a write cache, and no SMART" {
	identified
	assert_equal 0020 "$(word 82)"
}

@test "word 83: valid; FLUSH CACHE, FLUSH CACHE EXT, 48-bit addresses" {
	identified
	assert_equal 7400 "$(word 83)"
}

@test "word 84: valid" {
	identified
	assert_equal 4000 "$(word 84)"
}

@test "word 85: the write cache is on" {
	identified
	assert_equal 0020 "$(word 85)"
}

@test "word 85: with -s the write cache is off" {
	OPTIONS+=(-s)
	identified
	assert_equal 0000 "$(word 85)"
}

@test "word 85: SET FEATURES turns the write cache on, and with -s off" {
	OPTIONS+=(-s)
	identified "$(request 00 "00 02 00 ef 000000000000 0000")"
	assert_equal 0020 "$(word 85)"
	identified "$(request 00 "00 02 00 ef 000000000000 0000")" \
		"$(request 00 "00 82 00 ef 000000000000 0000")"
	assert_equal 0000 "$(word 85)"
}

@test "word 86: FLUSH CACHE, FLUSH CACHE EXT, 48-bit addresses" {
	identified
	assert_equal 3400 "$(word 86)"
}

@test "word 87: valid" {
	identified
	assert_equal 4000 "$(word 87)"
}

@test "word 93: valid" {
	identified
	assert_equal 400b "$(word 93)"
}

@test "words 100-103: the sectors" {
	identified
	assert_equal 0000000000000040 "$(word 100 4)"
}

@test "word 106: logical sectors are 512 bytes, nothing said of others" {
	identified
	assert_equal 4000 "$(word 106)"
}

@test "word 106: a physical sector of 512 bytes is one" {
	identified ":physical 512"
	assert_equal 4000 "$(word 106)"
}

@test "word 106: a physical sector of 4096 bytes is 2^3" {
	identified ":physical 4096"
	assert_equal 6003 "$(word 106)"
}

@test "word 209: the first sector is aligned" {
	identified ":physical 4096"
	assert_equal 4000 "$(word 209)"
}

@test "word 209: -o 3 makes it the fourth of a physical sector" {
	OPTIONS+=(-o 3)
	identified ":physical 4096"
	assert_equal 4003 "$(word 209)"
}

@test "word 217: a rotation rate is not known" {
	identified
	assert_equal 0000 "$(word 217)"
}

@test "word 217: a disk that does not rotate" {
	identified :solid
	assert_equal 0001 "$(word 217)"
}

@test "word 255: the signature, and all bytes add up to 0" {
	local i sum=0
	identified
	assert_equal a5 "${WORDS:1020:2}"
	for ((i = 0; i < 1024; i += 2)); do
		sum=$((sum + 0x${WORDS:i:2}))
	done
	assert_equal 0 $((sum % 256))
}

@test "all other words are zero" {
	local n
	identified
	for n in {0..255}; do
		case $n in
		0 | 1[0-9] | 2[3-9] | 3? | 4[0-79] | 50 | 60 | 80 | 8[2-7] | \
		93 | 100 | 106 | 255) continue ;;
		esac
		assert_equal 0000 "$(word "$n")" "word $n"
	done
}

@test "-l and -o count" {
	OPTIONS+=(-o 10 -l 20)
	identified
	assert_equal 00000014 "$(word 60 2)"
	assert_equal 0000000000000014 "$(word 100 4)"
}

@test "an odd number of sectors is told as it is" {
	export_image 63
	identified
	assert_equal 000000000000003f "$(word 100 4)"
}

@test "2^28 - 1 sectors are what 28-bit addresses can say" {
	truncate -s $(((0x10000000 - 1) * 512)) "$DISK"
	identified
	assert_equal 0fffffff "$(word 60 2)"
	assert_equal 000000000fffffff "$(word 100 4)"
}

@test "128 GiB and more: words 60-61 stay at their most" {
	truncate -s $((0x10000005 * 512)) "$DISK"
	identified
	assert_equal 0fffffff "$(word 60 2)"
	assert_equal 0000000010000005 "$(word 100 4)"
}

@test "2 TiB and more: the sector count needs more than 32 bits" {
	truncate -s $((0x123456789 * 512)) "$DISK"
	identified
	assert_equal 0fffffff "$(word 60 2)"
	assert_equal 0000000123456789 "$(word 100 4)"
}
