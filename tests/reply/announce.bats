# What the target says unasked, and what it makes of answers.

load reply

setup() { export_image 64; }

A=0200000000a1

# advertisement DESTINATION [SECTORS]
advertisement() {
	echo \
		"$1 TT 88a2 18 00 000001 01 00000000 0040 0100 ${2:-02} 10 0000 @60"
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
	run_script
	assert_equal "$(hex "$(advertisement ffffffffffff)")" \
		"$(responses "$HELLO")"
}

@test "the advertisement comes before the ready line, and once" {
	run_script "$(ata_read 0 1)"
	assert_equal 1 "$(responses "$HELLO" | wc -l)"
	assert_replies "$(ata_data 0 1 "$(sectors 0 1)")"
}

@test "with -m it goes to each address of the list and to nobody else" {
	OPTIONS+=(-m "$SS,$A")
	run_script
	assert_equal "$(hex "$(advertisement SS)" "$(advertisement $A)")" \
		"$(responses "$HELLO")"
}

@test "it carries what the MTU allows" {
	MTU=9000
	run_script
	assert_equal "$(hex "$(advertisement ffffffffffff 11)")" \
		"$(responses "$HELLO")"
}

@test "it is repeated when the link returns" {
	run_script :link
	assert_equal "$(hex "$(advertisement ffffffffffff)")" \
		"$(responses "$FRAMES")"
}

@test "it is repeated when the MTU changes, with the new sectors" {
	run_script ":mtu 9000"
	assert_equal "$(hex "$(advertisement ffffffffffff 11)")" \
		"$(responses "$FRAMES")"
}

@test "it is repeated from the new address when that changes" {
	run_script ":mac 0200000000bb"
	assert_equal "$(hex "ffffffffffff 0200000000bb 88a2 18 00 000001 01 00000000 \
		0040 0100 02 10 0000 @60")" "$(responses "$FRAMES")"
}

@test "it is repeated with the string that was set" {
	run_script "$(request 01 "0000 0000 00 04 0003 616263")" :link
	assert_equal "$(hex "ffffffffffff TT 88a2 18 00 000001 01 00000000 0040 0100 \
		02 10 0003 616263 @60")" "$(responses "$FRAMES" | tail -n 1)"
}

@test "it is repeated to the list as it was edited" {
	run_script "$(request 02 "00 01 00 02 0001 $SS 0001 $A")" :link
	assert_equal "$(hex "$(advertisement SS)" "$(advertisement $A)")" \
		"$(responses "$FRAMES" | tail -n 2)"
}

@test "it carries the size of no more than the file has" {
	run_script ":truncate 0" :link
	assert_equal "$(hex "$(advertisement ffffffffffff)")" \
		"$(responses "$FRAMES")"
}

@test "the start asks everybody for the target's address, padded" {
	run_script
	assert_match "^$(hex "ffffffffffff TT 88a2 10 00 000001 01").{8}0{72}$" \
		"$(questions "$HELLO")"
	refute_match "^$(hex "ffffffffffff TT 88a2 10 00 000001 01")0{8}" \
		"$(questions "$HELLO")"
}

@test "an answer to that from another address is a warning that names it" {
	run_script "$(config_answer 0200000000aa)"
	assert_logged '02:00:00:00:00:aa .*e0\.1'
	assert_equal "" "$(cat "$FRAMES")"
}

# config_answer MAC: a Config response that bears our shelf and slot.
config_answer() {
	echo "TT $1 88a2 18 00 000001 01 $TAG 0040 0100 02 10 0000 @60"
}

@test "the same twin is told once" {
	run_script "$(config_answer 0200000000aa)" \
		"$(config_answer 0200000000aa)" \
		"" "$(config_answer 0200000000aa)"
	assert_equal 1 "$(grep -c 00:00:00:00:aa "$ERR")"
}

@test "two twins that take turns are told once each" {
	run_script "$(config_answer 0200000000aa)" \
		"$(config_answer 0200000000ab)" \
		"" "$(config_answer 0200000000aa)" \
		"$(config_answer 0200000000ab)"
	assert_equal 1 "$(grep -c 00:00:00:00:aa "$ERR")"
	assert_equal 1 "$(grep -c 00:00:00:00:ab "$ERR")"
}

@test "a twin that advertises itself is told too" {
	run_script "ffffffffffff 0200000000aa 88a2 18 00 000001 01 00000000 \
		0040 0100 02 10 0000 @60"
	assert_logged '02:00:00:00:00:aa'
}

@test "an advertisement of another target is no twin's" {
	run_script "ffffffffffff 0200000000aa 88a2 18 00 000002 01 00000000 \
		0040 0100 02 10 0000 @60"
	refute_match 00:00:00:00:aa "$(cat "$ERR")"
}

@test "our own advertisement, heard again, is no twin's" {
	run_script "$(advertisement ffffffffffff)"
	refute_match exports "$(cat "$ERR")"
}

@test "on a loopback our own advertisement is no twin's" {
	run_script ":mac 000000000000" "ffffffffffff 000000000000 88a2 18 00 000001 \
		01 00000000 0040 0100 02 10 0000 @60"
	refute_match exports "$(cat "$ERR")"
}

@test "an ATA response with our shelf and slot is no twin's" {
	run_script "TT 0200000000aa 88a2 18 00 000001 00 $TAG @60"
	refute_match 00:00:00:00:aa "$(cat "$ERR")"
}
