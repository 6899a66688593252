# Which frames are accepted, and the headers of replies.

load reply

# with HEADER: a Config read with another Ethernet and AoE header.
ask_with() { echo "$* 0badcafe 0000 0000 00 00 0000"; }

# with DESTINATION [SOURCE]: the reply to it.
answer_with() {
	echo "$1 ${2:-TT} 88a2 18 00 000001 01 0badcafe 0040 0100 02 10 0000 @60"
}

@test "the target's own and the broadcast address, and wildcards, get a reply" {
	assert_dialog <<-END
		with TT SS 88a2 10 00 0000 01 01 -> with SS
		with ffffffffffff SS 88a2 10 00 0000 01 01 -> with SS
		with ffffffffffff SS 88a2 10 00 ffff ff 01 -> with SS
		with TT SS 88a2 10 00 ffff 01 01 -> with SS
		with TT SS 88a2 10 00 0000 ff 01 -> with SS
	END
}

@test "another shelf or slot is ignored, also beside a wildcard" {
	assert_dialog <<-END
		with TT SS 88a2 10 00 ffff 02 01
		with TT SS 88a2 10 00 0001 ff 01
		with TT SS 88a2 10 00 0100 01 01
		with TT SS 88a2 10 00 00ff 01 01
		with TT SS 88a2 10 00 ff00 01 01
	END
}

@test "a frame of another EtherType, or with a wrong address, is ignored" {
	assert_dialog <<-END
		with TT SS 88a3 10 00 0000 01 01
		with TT SS a288 10 00 0000 01 01
		with 020000000099 SS 88a2 10 00 0000 01 01
		with 01005e000001 SS 88a2 10 00 0000 01 01
		with TT TT 88a2 10 00 0000 01 01
		with TT ffffffffffff 88a2 10 00 0000 01 01
		with TT 010000000001 88a2 10 00 0000 01 01
	END
}

@test "commands to a wildcard are executed; replies have the target's address" {
	local any="TT SS 88a2 10 00 ffff"
	assert_dialog <<-END
		$any ff 00 $TAG 40 00 01 24 030000000000 0000 -> read 3 1
		> $any 01 00 $TAG 41 00 01 34 030000000000 0000 ee*512
		< write 3 1
		$any ff 02 $TAG 00 00 00 00 -> $(response 02 "00 00 00 00 @60")
		$any 01 03 $TAG 00 00 -> $(response 03 "00 00 @60")
		disk sectors:0,3 ee*512 sectors:4,60
	END
}

@test "the largest shelf and slot are matched and returned whole" {
	PLACE=(65534 254)
	assert_reply "with TT SS 88a2 10 00 fffe fe 01" \
		"SS TT 88a2 18 00 fffe fe 01 0badcafe 0040 0100 02 10 0000 @60"
}

@test "on a loopback interface requests come from its own address" {
	run_script ":mac 000000000000" \
		"with 000000000000 000000000000 88a2 10 00 0000 01 01"
	assert_last_replies "with 000000000000 000000000000"
}

@test "a response is ignored, whatever its command, and not executed" {
	local command write="41 00 01 34 030000000000 0000 ee*512"
	for command in 00 01 02 03 04 f0; do
		echo "TT SS 88a2 18 00 000001 $command 0badcafe $write"
	done | assert_dialog
	assert_unchanged
}

@test "every version but 1 is ignored" {
	printf 'TT SS 88a2 %s0 00 000001 01 0badcafe @60\n' 0 {2..9} {a..f} |
		assert_dialog
}

@test "the tag survives, but no error flag, error byte or reserved flag" {
	assert_dialog <<-END
		with TT SS 88a2 14 09 0000 01 01 -> with SS
		with TT SS 88a2 13 00 0000 01 01 -> with SS
		> TT $A 88a2 10 00 0000 01 01 80ff0001 @60
		< $A TT 88a2 18 00 000001 01 80ff0001 0040 0100 02 10 0000 @60
	END
}

@test "unknown commands are error 1, but to a wildcard get no reply" {
	local c
	for c in 04 05 07 7f 80 ef f0 f1 f2 f3 ff; do
		echo "> TT SS 88a2 10 00 000001 $c 0badcafe dd*100"
		echo "< SS TT 88a2 1c 01 000001 $c 0badcafe @60"
		echo "> TT SS 88a2 10 00 ffff01 $c 0badcafe dd*100"
		echo "> TT SS 88a2 10 00 0000ff $c 0badcafe dd*100"
	done | assert_dialog
}

@test "after the interface's address changed only the new one counts" {
	run_script ":mac 0200000000bb" "with TT SS 88a2 10 00 0000 01 01" \
		"with 0200000000bb SS 88a2 10 00 0000 01 01"
	assert_equal "$(hex "with SS 0200000000bb")" \
		"$(grep "^$(hex SS)" "$FRAMES")"
}
