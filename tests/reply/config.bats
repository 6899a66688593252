# Query/Config: the string and who may set it.

load reply

setup() { disk 64; }

# ask COMMAND LENGTH [STRING], told COMMAND LENGTH [STRING]: a request, and
# the reply with the string as it is now.
ask() {
	request 01 "0000 0000 00 $1 $2 ${3:-}"
}

told() {
	response 01 "0040 0100 02 1$1 $2 ${3:-} @60"
}

refused_to() {
	echo "SS TT 88a2 1c 04 $ADDRESS 01 $TAG 0040 0100 02 13 $1 $2 @60"
}

@test "read: at first the string is empty" {
	expect "$(ask 00 0000)" "$(told 0 0000)"
}

@test "read: length and data of the request are ignored" {
	expect "$(ask 00 0400 'dd*1024')" "$(told 0 0000)"
	expect "$(ask 00 ffff)" "$(told 0 0000)"
}

@test "the version nibble of a request does not matter" {
	play "$(ask 10 0000)" "$(ask 14 0002 6162)" "$(ask f0 0000)"
	replies "$(told 0 0000)" "$(told 4 0002 6162)" "$(told 0 0002 6162)"
}

@test "fields that only a target fills are ignored in a request" {
	expect "$(request 01 "dddd dddd dd 00 0000")" "$(told 0 0000)"
}

@test "set: an empty string becomes the one given" {
	play "$(ask 03 0003 616263)" "$(ask 00 0000)"
	replies "$(told 3 0003 616263)" "$(told 0 0003 616263)"
}

@test "set: the same string again is a success" {
	play "$(ask 03 0003 616263)" "$(ask 03 0003 616263)"
	replies "$(told 3 0003 616263)" "$(told 3 0003 616263)"
}

@test "set: another string is error 4, with the owner's string" {
	play "$(ask 03 0003 616263)" "$(ask 03 0003 616264)" "$(ask 00 0000)"
	replies "$(told 3 0003 616263)" "$(refused_to 0003 616263)" \
		"$(told 0 0003 616263)"
}

@test "set: a longer or shorter string is another" {
	play "$(ask 03 0003 616263)" "$(ask 03 0002 6162)" \
		"$(ask 03 0004 61626364)" "$(ask 03 0000)" "$(ask 00 0000)"
	replies "$(told 3 0003 616263)" "$(refused_to 0003 616263)" \
		"$(refused_to 0003 616263)" "$(refused_to 0003 616263)" \
		"$(told 0 0003 616263)"
}

@test "force: replaces any string" {
	play "$(ask 03 0003 616263)" "$(ask 04 0002 7a7a)" "$(ask 00 0000)"
	replies "$(told 3 0003 616263)" "$(told 4 0002 7a7a)" \
		"$(told 0 0002 7a7a)"
}

@test "force: an empty string clears it, and another can be set" {
	play "$(ask 03 0003 616263)" "$(ask 04 0000)" "$(ask 03 0001 71)"
	replies "$(told 3 0003 616263)" "$(told 4 0000)" "$(told 3 0001 71)"
}

@test "test: the same string is answered" {
	play "$(ask 04 0003 616263)" "$(ask 01 0003 616263)"
	replies "$(told 4 0003 616263)" "$(told 1 0003 616263)"
}

@test "test: any other is met with silence" {
	play "$(ask 04 0003 616263)" "$(ask 01 0003 616264)" \
		"$(ask 01 0002 6162)" "$(ask 01 0004 61626300)" "$(ask 01 0000)"
	replies "$(told 4 0003 616263)"
}

@test "test: the empty string is equal to the empty one" {
	expect "$(ask 01 0000)" "$(told 1 0000)"
}

@test "prefix: the beginning is answered with all of it" {
	play "$(ask 04 0003 616263)" "$(ask 02 0002 6162)" \
		"$(ask 02 0003 616263)"
	replies "$(told 4 0003 616263)" "$(told 2 0003 616263)" \
		"$(told 2 0003 616263)"
}

@test "prefix: the empty one matches every string" {
	play "$(ask 02 0000)" "$(ask 04 0003 616263)" "$(ask 02 0000)"
	replies "$(told 2 0000)" "$(told 4 0003 616263)" "$(told 2 0003 616263)"
}

@test "prefix: what is longer or differs is met with silence" {
	play "$(ask 04 0003 616263)" "$(ask 02 0004 61626300)" \
		"$(ask 02 0002 6163)" "$(ask 02 0001 62)"
	replies "$(told 4 0003 616263)"
}

@test "commands from 5 to 15 are error 2 and change nothing" {
	local c requests=() answers=()
	for c in 5 6 7 8 9 a b c d e f; do
		requests+=("$(ask "0$c" 0002 6162)")
		answers+=("SS TT 88a2 1c 02 $ADDRESS 01 $TAG @60")
	done
	play "${requests[@]}" "$(ask 00 0000)"
	replies "${answers[@]}" "$(told 0 0000)"
}

@test "a string may have 1024 bytes" {
	play "$(ask 04 0400 'ab*1023 cd')" "$(ask 01 0400 'ab*1023 cd')"
	replies "$(told 4 0400 'ab*1023 cd')" "$(told 1 0400 'ab*1023 cd')"
}

@test "1025 bytes are met with silence" {
	expect_silence "$(ask 04 0401 'ab*1025')" "$(ask 03 0401 'ab*1025')" \
		"$(ask 01 0401 'ab*1025')" "$(ask 02 0401 'ab*1025')"
}

@test "a string that is not all there is met with silence and not kept" {
	play "$(ask 04 0003 6162)" "$(ask 03 001d 'ab*28')" \
		"$(ask 04 003c 'ab*28')" "$(ask 02 0001)" "$(ask 00 0000)"
	replies "$(told 0 0000)"
}

@test "a string that claims more than is there takes nothing from before" {
	play "$(ask 04 0400 '99*1024')" "" "$(ask 04 0000)" "" \
		"$(ask 04 003c) @60" "" "$(ask 00 0000)"
	replies "$(told 4 0400 '99*1024')" "$(told 4 0000)" "$(told 0 0000)"
}

@test "what follows the string is no part of it" {
	play "$(ask 04 0002 '6162 dd*30')" "$(ask 00 0000)"
	replies "$(told 4 0002 6162)" "$(told 0 0002 6162)"
}

@test "a string is bytes: zeroes count, none ends it" {
	play "$(ask 04 0005 6100ff0a00)" "$(ask 01 0004 6100ff0a)" \
		"$(ask 01 0005 6100ff0a01)" "$(ask 02 0002 6100)"
	replies "$(told 4 0005 6100ff0a00)" "$(told 2 0005 6100ff0a00)"
}

@test "a short string after a long one leaves nothing of it" {
	play "$(ask 04 0400 'ab*1024')" "" "$(ask 04 0001 61)"
	replies "$(told 4 0400 'ab*1024')" "$(told 4 0001 61)"
}

@test "a reply of 60 bytes and more is not padded" {
	play "$(ask 04 001d 'ab*29')"
	same 61 $(($(wc -c <"$FRAMES") / 2))
}

@test "-b is the buffer count" {
	OPTIONS+=(-b 65535)
	expect "$(ask 00 0000)" "$(response 01 "ffff 0100 02 10 0000 @60")"
}

# sectors_at MTU HEX: what is advertised there.
sectors_at() {
	MTU=$1
	expect "$(ask 00 0000)" "$(response 01 "0040 0100 $2 10 0000 @60")"
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
	play ":mtu 9000" "$(ask 00 0000)"
	same "$(hex "$(response 01 "0040 0100 11 10 0000 @60")")" \
		"$(tail -n 1 "$FRAMES")"
}
