# Query/Config: the string and who may set it.

load reply

setup() { export_image 64; }

# config_request COMMAND LENGTH [STRING], config_reply COMMAND LENGTH [STRING]: a request, and
# the reply with the string as it is now.
config_request() {
	request 01 "0000 0000 00 $1 $2 ${3:-}"
}

config_reply() {
	response 01 "0040 0100 02 1$1 $2 ${3:-} @60"
}

refused_to() {
	echo "SS TT 88a2 1c 04 $ADDRESS 01 $TAG 0040 0100 02 13 $1 $2 @60"
}

@test "read: at first the string is empty" {
	assert_reply "$(config_request 00 0000)" "$(config_reply 0 0000)"
}

@test "read: length and data of the request are ignored" {
	assert_reply "$(config_request 00 0400 'dd*1024')" \
		"$(config_reply 0 0000)"
	assert_reply "$(config_request 00 ffff)" "$(config_reply 0 0000)"
}

@test "the version nibble of a request does not matter" {
	run_script "$(config_request 10 0000)" \
		"$(config_request 14 0002 6162)" "$(config_request f0 0000)"
	assert_replies "$(config_reply 0 0000)" "$(config_reply 4 0002 6162)" \
		"$(config_reply 0 0002 6162)"
}

@test "fields that only a target fills are ignored in a request" {
	assert_reply "$(request 01 "dddd dddd dd 00 0000")" \
		"$(config_reply 0 0000)"
}

@test "set: an empty string becomes the one given" {
	run_script "$(config_request 03 0003 616263)" \
		"$(config_request 00 0000)"
	assert_replies "$(config_reply 3 0003 616263)" \
		"$(config_reply 0 0003 616263)"
}

@test "set: the same string again is a success" {
	run_script "$(config_request 03 0003 616263)" \
		"$(config_request 03 0003 616263)"
	assert_replies "$(config_reply 3 0003 616263)" \
		"$(config_reply 3 0003 616263)"
}

@test "set: another string is error 4, with the owner's string" {
	run_script "$(config_request 03 0003 616263)" \
		"$(config_request 03 0003 616264)" "$(config_request 00 0000)"
	assert_replies "$(config_reply 3 0003 616263)" \
		"$(refused_to 0003 616263)" \
		"$(config_reply 0 0003 616263)"
}

@test "set: a longer or shorter string is another" {
	run_script "$(config_request 03 0003 616263)" \
		"$(config_request 03 0002 6162)" \
		"$(config_request 03 0004 61626364)" \
		"$(config_request 03 0000)" "$(config_request 00 0000)"
	assert_replies "$(config_reply 3 0003 616263)" \
		"$(refused_to 0003 616263)" \
		"$(refused_to 0003 616263)" "$(refused_to 0003 616263)" \
		"$(config_reply 0 0003 616263)"
}

@test "force: replaces any string" {
	run_script "$(config_request 03 0003 616263)" \
		"$(config_request 04 0002 7a7a)" "$(config_request 00 0000)"
	assert_replies "$(config_reply 3 0003 616263)" \
		"$(config_reply 4 0002 7a7a)" \
		"$(config_reply 0 0002 7a7a)"
}

@test "force: an empty string clears it, and another can be set" {
	run_script "$(config_request 03 0003 616263)" \
		"$(config_request 04 0000)" "$(config_request 03 0001 71)"
	assert_replies "$(config_reply 3 0003 616263)" \
		"$(config_reply 4 0000)" "$(config_reply 3 0001 71)"
}

@test "test: the same string is answered" {
	run_script "$(config_request 04 0003 616263)" \
		"$(config_request 01 0003 616263)"
	assert_replies "$(config_reply 4 0003 616263)" \
		"$(config_reply 1 0003 616263)"
}

@test "test: any other is met with silence" {
	run_script "$(config_request 04 0003 616263)" \
		"$(config_request 01 0003 616264)" \
		"$(config_request 01 0002 6162)" \
		"$(config_request 01 0004 61626300)" "$(config_request 01 0000)"
	assert_replies "$(config_reply 4 0003 616263)"
}

@test "test: the empty string is equal to the empty one" {
	assert_reply "$(config_request 01 0000)" "$(config_reply 1 0000)"
}

@test "prefix: the beginning is answered with all of it" {
	run_script "$(config_request 04 0003 616263)" \
		"$(config_request 02 0002 6162)" \
		"$(config_request 02 0003 616263)"
	assert_replies "$(config_reply 4 0003 616263)" \
		"$(config_reply 2 0003 616263)" \
		"$(config_reply 2 0003 616263)"
}

@test "prefix: the empty one matches every string" {
	run_script "$(config_request 02 0000)" \
		"$(config_request 04 0003 616263)" "$(config_request 02 0000)"
	assert_replies "$(config_reply 2 0000)" \
		"$(config_reply 4 0003 616263)" "$(config_reply 2 0003 616263)"
}

@test "prefix: what is longer or differs is met with silence" {
	run_script "$(config_request 04 0003 616263)" \
		"$(config_request 02 0004 61626300)" \
		"$(config_request 02 0002 6163)" "$(config_request 02 0001 62)"
	assert_replies "$(config_reply 4 0003 616263)"
}

@test "commands from 5 to 15 are error 2 and change nothing" {
	local c requests=() answers=()
	for c in 5 6 7 8 9 a b c d e f; do
		requests+=("$(config_request "0$c" 0002 6162)")
		answers+=("SS TT 88a2 1c 02 $ADDRESS 01 $TAG @60")
	done
	run_script "${requests[@]}" "$(config_request 00 0000)"
	assert_replies "${answers[@]}" "$(config_reply 0 0000)"
}

@test "a string may have 1024 bytes" {
	run_script "$(config_request 04 0400 'ab*1023 cd')" \
		"$(config_request 01 0400 'ab*1023 cd')"
	assert_replies "$(config_reply 4 0400 'ab*1023 cd')" \
		"$(config_reply 1 0400 'ab*1023 cd')"
}

@test "1025 bytes are met with silence" {
	assert_silence "$(config_request 04 0401 'ab*1025')" \
		"$(config_request 03 0401 'ab*1025')" \
		"$(config_request 01 0401 'ab*1025')" \
		"$(config_request 02 0401 'ab*1025')"
}

@test "a string that is not all there is met with silence and not kept" {
	run_script "$(config_request 04 0003 6162)" \
		"$(config_request 03 001d 'ab*28')" \
		"$(config_request 04 003c 'ab*28')" \
		"$(config_request 02 0001)" "$(config_request 00 0000)"
	assert_replies "$(config_reply 0 0000)"
}

@test "a string that claims more than is there takes nothing from before" {
	run_script "$(config_request 04 0400 '99*1024')" "" \
		"$(config_request 04 0000)" "" \
		"$(config_request 04 003c) @60" "" "$(config_request 00 0000)"
	assert_replies "$(config_reply 4 0400 '99*1024')" \
		"$(config_reply 4 0000)" "$(config_reply 0 0000)"
}

@test "what follows the string is no part of it" {
	run_script "$(config_request 04 0002 '6162 dd*30')" \
		"$(config_request 00 0000)"
	assert_replies "$(config_reply 4 0002 6162)" \
		"$(config_reply 0 0002 6162)"
}

@test "a string is bytes: zeroes count, none ends it" {
	run_script "$(config_request 04 0005 6100ff0a00)" \
		"$(config_request 01 0004 6100ff0a)" \
		"$(config_request 01 0005 6100ff0a01)" \
		"$(config_request 02 0002 6100)"
	assert_replies "$(config_reply 4 0005 6100ff0a00)" \
		"$(config_reply 2 0005 6100ff0a00)"
}

@test "a short string after a long one leaves nothing of it" {
	run_script "$(config_request 04 0400 'ab*1024')" "" \
		"$(config_request 04 0001 61)"
	assert_replies "$(config_reply 4 0400 'ab*1024')" \
		"$(config_reply 4 0001 61)"
}

@test "a reply of 60 bytes and more is not padded" {
	run_script "$(config_request 04 001d 'ab*29')"
	assert_equal 61 $(($(wc -c <"$FRAMES") / 2))
}

@test "-b is the buffer count" {
	OPTIONS+=(-b 65535)
	assert_reply "$(config_request 00 0000)" \
		"$(response 01 "ffff 0100 02 10 0000 @60")"
}

# sectors_at MTU HEX: what is advertised there.
sectors_at() {
	MTU=$1
	assert_reply "$(config_request 00 0000)" \
		"$(response 01 "0040 0100 $2 10 0000 @60")"
}

@test "the sectors of a frame follow the MTU as initiators reckon" {
	sectors_at 548 01
	sectors_at 1059 01
	sectors_at 1060 02
	sectors_at 1500 02
	sectors_at 4470 08
	sectors_at 9000 11
	sectors_at 9216 11
	sectors_at 65536 7f
}

@test "the sectors of a frame are never none" {
	sectors_at 547 01
	sectors_at 100 01
}

@test "the sectors of a frame are never more than 255" {
	sectors_at 200000 ff
}

@test "the sectors of a frame are those of the MTU now" {
	run_script ":mtu 9000" "$(config_request 00 0000)"
	assert_equal "$(hex "$(response 01 "0040 0100 11 10 0000 @60")")" \
		"$(tail -n 1 "$FRAMES")"
}
