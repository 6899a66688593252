# Query/Config: the string and who may set it.

load reply

# config COMMAND LENGTH [STRING...]: a request, and the reply with the string
# that is set now.
ask_config() { request 01 "0000 0000 00 0$*"; }
answer_config() { response 01 "0040 0100 02 1$* @60"; }

# error ERROR [BODY...]: an error, with what the reply holds.
answer_error() { echo "SS TT 88a2 1c $1 $ADDRESS 01 $TAG ${*:2} @60"; }

@test "read: all but the command is ignored; the string is empty at first" {
	assert_dialog <<-END
		= config 0 0000
		config 0 0400 dd*1024 -> config 0 0000
		config 0 ffff -> config 0 0000
		$(request 01 "dddd dddd dd 00 0000") -> config 0 0000
	END
}

@test "the version nibble of a request is ignored" {
	assert_dialog <<-END
		$(request 01 "0000 0000 00 14 0002 6162") -> config 4 0002 6162
		$(request 01 "0000 0000 00 f0 0000") -> config 0 0002 6162
	END
}

@test "set: the same string succeeds; any other is error 4 with the owner's" {
	assert_dialog <<-END
		= config 3 0003 616263
		= config 3 0003 616263
		config 3 0003 616264 -> error 04 0040 0100 02 13 0003 616263
		config 3 0002 6162 -> error 04 0040 0100 02 13 0003 616263
		config 3 0004 61626364 -> error 04 0040 0100 02 13 0003 616263
		config 3 0000 -> error 04 0040 0100 02 13 0003 616263
		config 0 0000 -> config 0 0003 616263
	END
}

@test "force: replaces any string; an empty one clears it for another set" {
	assert_dialog <<-END
		= config 3 0003 616263
		= config 4 0002 7a7a
		config 0 0000 -> config 0 0002 7a7a
		= config 4 0000
		= config 3 0001 71
	END
}

@test "test: only the same string gets a reply" {
	assert_dialog <<-END
		= config 1 0000
		= config 4 0003 616263
		= config 1 0003 616263
		> config 1 0003 616264
		> config 1 0002 6162
		> config 1 0004 61626300
		> config 1 0000
	END
}

@test "prefix: only the beginning of the string gets a reply, with all of it" {
	assert_dialog <<-END
		= config 2 0000
		= config 4 0003 616263
		config 2 0000 -> config 2 0003 616263
		config 2 0002 6162 -> config 2 0003 616263
		= config 2 0003 616263
		> config 2 0004 61626300
		> config 2 0002 6163
		> config 2 0001 62
	END
}

@test "commands from 5 to 15 are error 2 and change nothing" {
	{
		printf 'config %s 0002 6162 -> error 02\n' {5..9} {a..f}
		echo "= config 0 0000"
	} | assert_dialog
}

@test "a string may have 1024 bytes; 1025 get no reply" {
	assert_dialog <<-END
		= config 4 0400 ab*1023 cd
		= config 1 0400 ab*1023 cd
		> config 4 0401 ab*1025
		> config 3 0401 ab*1025
		> config 1 0401 ab*1023 cd 00
		> config 2 0401 ab*1023 cd 00
	END
}

@test "a string that is longer than its frame gets no reply and is not kept" {
	assert_dialog <<-END
		= config 4 0400 99*1024

		= config 4 0000

		> config 4 001d 6162
		> config 3 001d ab*28
		> config 4 003c ab*28
		> config 4 003c @60
		config 4 0003 -> config 4 0003 000000
		> config 2 001d
		config 0 0000 -> config 0 0003 000000
	END
}

@test "a string is bytes of its length: zeroes count, what follows does not" {
	assert_dialog <<-END
		config 4 0002 6162 dd*30 -> config 4 0002 6162
		config 0 0000 -> config 0 0002 6162
		= config 4 001d ab*29
		= config 4 0005 6100ff0a00
		> config 1 0004 6100ff0a
		> config 1 0005 6100ff0a01
		config 2 0002 6100 -> config 2 0005 6100ff0a00
	END
}

@test "-b is the buffer count" {
	OPTIONS+=(-b 65535)
	assert_reply query "$(response 01 "ffff 0100 02 10 0000 @60")"
}

@test "the sectors per frame follow the MTU, between 1 and 255" {
	local mtu
	for mtu in 100:01 547:01 548:01 1059:01 1060:02 1500:02 4470:08 \
		9000:11 9216:11 65536:7f 200000:ff; do
		MTU=${mtu%:*}
		assert_reply query "query ${mtu#*:}"
	done
}

# Else no reply could be sent, and the target not be found.
@test "a string that exceeds the frame is cut to what fits" {
	MTU=600
	assert_reply "config 4 0400 99*1024" \
		"$(response 01 "0040 0100 01 14 0246 99*582")"
}
