# What the target says unasked, and what it makes of answers.

load reply

setup() { disk 64; }

A=0200000000a1

# advertisement DESTINATION [SECTORS]
advertisement() {
	echo "$1 TT 88a2 18 00 000001 01 00000000 0040 0100 ${2:-02} 10 0000 @60"
}

# responses FILE: the frames in it that are responses.
responses() {
	grep -E '^.{28}18' "$1"
}

# questions FILE: the others.
questions() {
	grep -vE '^.{28}18' "$1"
}

@test "the start is advertised to everybody: version 1, R, tag 0, read" {
	play
	same "$(hex "$(advertisement ffffffffffff)")" "$(responses "$HELLO")"
}

@test "the advertisement comes before the ready line, and once" {
	play "$(ata_read 0 1)"
	same 1 "$(responses "$HELLO" | wc -l)"
	replies "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "with -m it goes to each address of the list and to nobody else" {
	OPTIONS+=(-m "$SS,$A")
	play
	same "$(hex "$(advertisement SS)" "$(advertisement $A)")" \
		"$(responses "$HELLO")"
}

@test "it carries what the MTU allows" {
	MTU=9000
	play
	same "$(hex "$(advertisement ffffffffffff 11)")" \
		"$(responses "$HELLO")"
}

@test "it is repeated when the link returns" {
	play :link
	same "$(hex "$(advertisement ffffffffffff)")" "$(responses "$FRAMES")"
}

@test "it is repeated when the MTU changes, with the new sectors" {
	play ":mtu 9000"
	same "$(hex "$(advertisement ffffffffffff 11)")" \
		"$(responses "$FRAMES")"
}

@test "it is repeated from the new address when that changes" {
	play ":mac 0200000000bb"
	same "$(hex "ffffffffffff 0200000000bb 88a2 18 00 000001 01 00000000 \
		0040 0100 02 10 0000 @60")" "$(responses "$FRAMES")"
}

@test "it is repeated with the string that was set" {
	play "$(request 01 "0000 0000 00 04 0003 616263")" :link
	same "$(hex "ffffffffffff TT 88a2 18 00 000001 01 00000000 0040 0100 \
		02 10 0003 616263 @60")" "$(responses "$FRAMES" | tail -n 1)"
}

@test "it is repeated to the list as it was edited" {
	play "$(request 02 "00 01 00 02 0001 $SS 0001 $A")" :link
	same "$(hex "$(advertisement SS)" "$(advertisement $A)")" \
		"$(responses "$FRAMES" | tail -n 2)"
}

@test "it carries the size of no more than the file has" {
	play ":truncate 0" :link
	same "$(hex "$(advertisement ffffffffffff)")" "$(responses "$FRAMES")"
}

@test "the start asks everybody for the target's address, padded" {
	play
	holds "^$(hex "ffffffffffff TT 88a2 10 00 000001 01").{8}0{72}$" \
		"$(questions "$HELLO")"
	lacks "^$(hex "ffffffffffff TT 88a2 10 00 000001 01")0{8}" \
		"$(questions "$HELLO")"
}

@test "an answer to that from another address is a warning that names it" {
	play "$(config_answer 0200000000aa)"
	notes '02:00:00:00:00:aa .*e0\.1'
	same "" "$(cat "$FRAMES")"
}

# config_answer MAC: a Config response that bears our shelf and slot.
config_answer() {
	echo "TT $1 88a2 18 00 000001 01 $TAG 0040 0100 02 10 0000 @60"
}

@test "the same twin is told once" {
	play "$(config_answer 0200000000aa)" "$(config_answer 0200000000aa)" \
		"" "$(config_answer 0200000000aa)"
	same 1 "$(grep -c 00:00:00:00:aa "$ERR")"
}

@test "two twins that take turns are told once each" {
	play "$(config_answer 0200000000aa)" "$(config_answer 0200000000ab)" \
		"" "$(config_answer 0200000000aa)" "$(config_answer 0200000000ab)"
	same 1 "$(grep -c 00:00:00:00:aa "$ERR")"
	same 1 "$(grep -c 00:00:00:00:ab "$ERR")"
}

@test "a twin that advertises itself is told too" {
	play "ffffffffffff 0200000000aa 88a2 18 00 000001 01 00000000 \
		0040 0100 02 10 0000 @60"
	notes '02:00:00:00:00:aa'
}

@test "an advertisement of another target is no twin's" {
	play "ffffffffffff 0200000000aa 88a2 18 00 000002 01 00000000 \
		0040 0100 02 10 0000 @60"
	lacks 00:00:00:00:aa "$(cat "$ERR")"
}

@test "our own advertisement, heard again, is no twin's" {
	play "$(advertisement ffffffffffff)"
	lacks exports "$(cat "$ERR")"
}

@test "on a loopback our own advertisement is no twin's" {
	play ":mac 000000000000" "ffffffffffff 000000000000 88a2 18 00 000001 \
		01 00000000 0040 0100 02 10 0000 @60"
	lacks exports "$(cat "$ERR")"
}

@test "an ATA response with our shelf and slot is no twin's" {
	play "TT 0200000000aa 88a2 18 00 000001 00 $TAG @60"
	lacks 00:00:00:00:aa "$(cat "$ERR")"
}
