# The config string as hosts on the wire see it.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	serve -b 16 0 1 eth0 "$IMAGE"
}

teardown() { serve_end; }

# config CCMD LENGTH STRING
config() {
	request 01 "0000 0000 00 0$1 $(be16 "$2") $3"
}

# told HEADER CCMD LENGTH STRING: the reply to a request of e0.1, apart from
# the firmware version.
expect_config() {
	local got
	got=$(frame -s -n 1 "$1")
	assert_equal "$(hex "SS TT 88a2 $2 000001 01 $TAG 0010")" "${got:0:52}"
	assert_equal "$(hex "02 1$3 $(be16 "$4") $5")" "${got:56}"
}

@test "a string is set, read, tested and kept against another" {
	local padding="00*26"
	expect_config "$(config 3 2 6869)" "18 00" 3 2 "6869 $padding"
	expect_config "$(config 0 0)" "18 00" 0 2 "6869 $padding"
	expect_config "$(config 1 2 6869)" "18 00" 1 2 "6869 $padding"
	expect_config "$(config 2 1 68)" "18 00" 2 2 "6869 $padding"
	expect_config "$(config 3 2 6f6f)" "1c 04" 3 2 "6869 $padding"
	assert_silence "$(config 1 2 6f6f)" "$(config 2 1 6f)"
	expect_config "$(config 4 2 6f6f)" "18 00" 4 2 "6f6f $padding"
}

@test "the longest string fits a frame" {
	expect_config "$(config 4 1024 'a5*1024')" "18 00" 4 1024 "a5*1024"
	expect_config "$(config 0 0)" "18 00" 0 1024 "a5*1024"
}

@test "a string longer than its frame is not taken from elsewhere" {
	expect_config "$(config 4 1024 'a5*1024')" "18 00" 4 1024 "a5*1024"
	expect_config "$(config 4 0)" "18 00" 4 0 "00*28"
	frame -s -n 0 -w 5000 "$(config 4 60 '5a*28')" >/dev/null || :
	expect_config "$(config 0 0)" "18 00" 0 0 "00*28"
}

@test "every host sees the same string" {
	expect_config "$(config 3 2 6869)" "18 00" 3 2 "6869 00*26"
	assert_match "^0200000000770200.*1200026869(00)+$" \
		"$(query "TT 020000000077 88a2 10 00 000001 01 $TAG 00*5 02
			0001 68")"
}

@test "the string is gone after a restart" {
	expect_config "$(config 3 2 6869)" "18 00" 3 2 "6869 00*26"
	stop_vblade
	serve -b 16 0 1 eth0 "$IMAGE"
	expect_config "$(config 0 0)" "18 00" 0 0 "00*28"
}
