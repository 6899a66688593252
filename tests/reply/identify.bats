# IDENTIFY DEVICE, word by word.

load reply

# identify_words LINE...: run the script with an IDENTIFY at its end, and keep
# the data of the reply in $WORDS.
identify_words() {
	run_script "$@" "" identify
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

# The words that are not zero and not tested below.
declare -gA VALUES=(
	[0]=0040	# a fixed disk
	[47]=8000	# no READ MULTIPLE
	[49]=0200	# LBA
	[50]=4000	# valid
	[60]=0040	# 64 sectors, up to word 61
	[80]=01f0	# ATA/ATAPI-4 to ATA8-ACS
	[82]=0020	# a write cache, and no SMART
	[83]=7400	# valid; FLUSH CACHE, FLUSH CACHE EXT, LBA48
	[84]=4000	# valid
	[85]=0020	# the write cache is on
	[86]=3400	# as word 83
	[87]=4000	# valid
	[93]=400b	# valid
	[100]=0040)	# 64 sectors, up to word 103

@test "every word has its value, and all others are zero" {
	local n got='' expected=''
	identify_words
	for n in {0..254}; do
		case $n in
		1[0-9] | 2[3-9] | 3? | 4[0-6]) continue ;;	# texts
		esac
		got+="$n: $(word "$n")"$'\n'
		expected+="$n: ${VALUES[$n]:-0000}"$'\n'
	done
	assert_equal "$expected" "$got" "words"
}

@test "words 10-19: the serial number is shelf.slot:host" {
	identify_words
	assert_equal "$(printf '%-20.20s.' "0.1:$(hostname)")" "$(text 10 10)"
	PLACE=(65534 254)
	run_script "TT SS 88a2 10 00 ffffff 00 $TAG \
		00 00 01 ec 000000a00000 0000"
	WORDS=$(cut -c 73- "$FRAMES")
	assert_equal "$(printf '%-20.20s.' "65534.254:$(hostname)")" \
		"$(text 10 10)"
}

@test "words 23-46: firmware revision and model, padded with blanks" {
	identify_words
	assert_match '^[0-9.]+ *\.$' "$(text 23 4)"
	assert_equal "$(printf '%-40s.' vblade)" "$(text 27 20)"
}

@test "word 85: with -s the write cache is off, until SET FEATURES" {
	local on off
	on=$(request 00 "00 02 00 ef 000000000000 0000")
	off=$(request 00 "00 82 00 ef 000000000000 0000")
	OPTIONS+=(-s)
	identify_words
	assert_equal 0000 "$(word 85)"
	identify_words "$on"
	assert_equal 0020 "$(word 85)"
	identify_words "$on" "$off"
	assert_equal 0000 "$(word 85)"
}

@test "word 255: the signature, and all bytes add up to 0" {
	local i sum=0
	identify_words
	assert_equal a5 "${WORDS:1020:2}"
	for ((i = 0; i < 1024; i += 2)); do
		sum=$((sum + 0x${WORDS:i:2}))
	done
	assert_equal 0 $((sum % 256))
}

@test "words 60-61 and 100-103: the sectors, with a limit for LBA28" {
	local size
	for size in 3f:0000003f fffffff:0fffffff 10000005:0fffffff \
		123456789:0fffffff; do
		truncate -s $((0x${size%:*} * 512)) "$DISK"
		identify_words
		assert_equal "${size#*:}" "$(word 60 2)" "words 60-61"
		assert_equal "$(printf %016x $((0x${size%:*})))" \
			"$(word 100 4)" "words 100-103"
	done
	OPTIONS+=(-o 10 -l 20)
	identify_words
	assert_equal 00000014 "$(word 60 2)"
	assert_equal 0000000000000014 "$(word 100 4)"
}

@test "IDENTIFY ignores count, flags and whatever follows" {
	run_script identify \
		"$(request 00 "40 00 00 ec 000000a00000 0000 dd*1024")"
	assert_equal "$(head -n 1 "$FRAMES" | cut -c 73-)" \
		"$(tail -n 1 "$FRAMES" | cut -c 73-)"
	assert_equal "$(hex "$(response 00 "40 00 00 40 000000a00000 0000")")" \
		"$(tail -n 1 "$FRAMES" | cut -c -72)"
}

@test "IDENTIFY at an MTU without room for it is ABRT" {
	MTU=533
	assert_reply identify "failed 00 04 $((0xa0 << 24)) 1"
}
