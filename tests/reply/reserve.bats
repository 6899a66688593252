# Reserve/Release: which initiators may use the disk.

load reply

# reserve COMMAND COUNT MAC...: a request, and the reply with the list.
ask_reserve() { request 03 "0$*"; }
answer_reserve() { response 03 "0$* @60"; }

# error ERROR COMMAND COUNT MAC...
answer_error() { echo "SS TT 88a2 1c $1 $ADDRESS 03 $TAG ${*:2} @60"; }

# denied: the reply to an ATA command of $A.
answer_denied() {
	echo "$A TT 88a2 1c 06 $ADDRESS 00 $TAG 41 04 01 41 $(lba 3) 0000 @60"
}

@test "set: the list is kept in its order, also without the requester" {
	assert_dialog <<-END
		= reserve 0 00
		= reserve 1 02 $B $A
		reserve 0 00 -> reserve 0 02 $B $A
		reserve 0 01 $C -> reserve 0 02 $B $A
		reserve 0 ff -> reserve 0 02 $B $A
	END
}

@test "each host in the list may read, write, change and release it" {
	assert_dialog <<-END
		= reserve 1 03 0200000000ff $SS $A

		= write 3 1

		from $A read 3 1 -> from $A read 3 1 ee
		= from $A reserve 1 01 $A
		= from $A reserve 1 00
		= from $B write 3 1
	END
}

@test "set: any other host gets error 6 and the list, also for a release" {
	assert_dialog <<-END
		= reserve 1 02 $A $B
		reserve 1 01 $SS -> error 06 01 02 $A $B
		reserve 1 00 -> error 06 01 02 $A $B
		reserve 0 00 -> reserve 0 02 $A $B
	END
}

@test "force: any host may set and release" {
	assert_dialog <<-END
		= reserve 1 01 $A
		= reserve 2 01 $B
		reserve 0 00 -> reserve 0 01 $B
		= reserve 2 00
	END
}

@test "more addresses than the frame has, and unknown commands, are error 2" {
	assert_dialog <<-END
		= reserve 1 02 $A $B
		reserve 2 06 $A 02000000 -> error 02 02 00
		reserve 2 ff $A -> error 02 02 00
		reserve 1 ff -> error 02 01 00
		reserve 3 01 $C -> error 02 03 00
		$(request 03 ff00) -> error 02 ff 00
		reserve 0 00 -> reserve 0 02 $A $B
	END
}

@test "addresses beyond the count are not stored, and none twice" {
	assert_reply "reserve 1 01 $A $B" "reserve 1 01 $A"
	assert_reply "reserve 1 03 $SS $A $SS" "reserve 1 02 $SS $A"
}

@test "other hosts get error 6 for every ATA command, and nothing is executed" {
	local opcode
	{
		echo "= reserve 1 01 $SS"
		for opcode in 20 24 30 34 e5 e7 ea ef b0 00; do
			request 00 "41 02 01 $opcode 030000000000 0000 ee*512" |
				sed "s/.*/from $A & -> denied/"
		done
	} | assert_dialog
	assert_unchanged
}

@test "other hosts may use IDENTIFY, Config, Mask and Reserve" {
	assert_dialog <<-END
		= reserve 1 01 $SS
		= from $A identify 64
		= from $A query
		> from $A $(request 02 "00 00 00 00")
		< from $A $(response 02 "00 00 00 00 @60")
		from $A reserve 0 00 -> from $A reserve 0 01 $SS
	END
}

@test "255 addresses have room; the reply has what fits into its frame" {
	MTU=9000
	run_script "reserve 1 ff $(numbered 0 254)"
	assert_replies "reserve 1 ff $(numbered 0 254)"
	run_script "reserve 1 ff $(numbered 0 254)" ":mtu 1500" "reserve 0 00"
	assert_last_replies "reserve 0 f8 $(numbered 0 247)"
}
