# IDENTIFY DEVICE: the reply's 256 words are in identify_data.

load reply

# cache FEATURE: SET FEATURES, which turns the write cache on or off, succeeds.
ask_cache() { request 00 "00 $1 00 ef 000000000000 0000"; }
answer_cache() { response 00 "00 00 00 40 000000000000 0000 @60"; }

@test "every word has its value, and all others are zero" {
	assert_reply identify "identify 64"
	# Words 10 to 19, the serial number, have shelf and slot.
	PLACE=(65534 254)
	ADDRESS=fffefe
	assert_reply identify "identify 64"
}

@test "word 85: with -s the write cache is off, until SET FEATURES" {
	OPTIONS+=(-s)
	assert_dialog <<-END
		identify -> identify 64 0000
		= cache 02
		identify -> identify 64 0020
		= cache 82
		identify -> identify 64 0000
	END
}

@test "words 60-61 and 100-103: the sectors, with a limit for LBA28" {
	local size
	for size in $((0x3f)) $((0xffffffe)) $((0xfffffff)) $((0x10000005)) \
		$((0x123456789)); do
		truncate -s $((size * 512)) "$DISK"
		assert_reply identify "identify $size"
	done
	OPTIONS+=(-o 10 -l 20)
	assert_reply identify "identify 20"
}

@test "IDENTIFY ignores count, flags and whatever follows" {
	assert_reply "$(request 00 "40 00 00 ec 000000a00000 0000 dd*1024")" \
		"$(response 00 "40 00 00 40 000000a00000 0000 \
			$(identify_data 64)")"
	assert_reply "$(request 00 "00 00 02 ec 000000a00000 0000")" \
		"$(response 00 "00 00 02 40 000000a00000 0000 \
			$(identify_data 64)")"
}

@test "IDENTIFY at an MTU without room for it is ABRT" {
	MTU=533
	assert_reply identify "failed 00 04 $((0xa0 << 24)) 1"
}

@test "bytes that fill no sector are not exported" {
	run_script ":truncate 33279" identify "" "read 64 1" "" "write 64 1"
	assert_last_replies "failed 40 10 64 1" "failed 41 10 64 1"
	assert_equal 33279 "$(wc -c <"$DISK")"
}

@test "IDENTIFY reports growth and shrinking" {
	assert_dialog <<-END
		identify -> identify 64
		:truncate 65536
		identify -> identify 128
		:truncate 5120
		identify -> identify 10
	END
}
