# Query/Config: the string and who may set it.

load reply

setup() { export_image 64; }

# config COMMAND LENGTH [STRING...]: a request.
config() {
	request 01 "0000 0000 00 $1 $2 ${*:3}"
}

# config_reply COMMAND LENGTH [STRING...]: the reply, with the string set now.
config_reply() {
	response 01 "0040 0100 02 1$1 $2 ${*:3} @60"
}

# config_error ERROR [BODY...]: an error, with what the reply holds.
config_error() {
	echo "SS TT 88a2 1c $1 $ADDRESS 01 $TAG ${*:2} @60"
}

@test "read: the string is empty at first" {
	assert_reply "$(config 00 0000)" "$(config_reply 0 0000)"
}

@test "read: length and data of the request are ignored" {
	assert_reply "$(config 00 0400 'dd*1024')" "$(config_reply 0 0000)"
	assert_reply "$(config 00 ffff)" "$(config_reply 0 0000)"
}

@test "the version nibble of a request is ignored" {
	assert_dialog <<-END
		> config 10 0000
		< config_reply 0 0000
		> config 14 0002 6162
		< config_reply 4 0002 6162
		> config f0 0000
		< config_reply 0 0002 6162
	END
}

@test "fields that only a target fills in are ignored in a request" {
	assert_reply "$(request 01 "dddd dddd dd 00 0000")" \
		"$(config_reply 0 0000)"
}

@test "set: an empty string is replaced" {
	assert_dialog <<-END
		> config 03 0003 616263
		< config_reply 3 0003 616263
		> config 00 0000
		< config_reply 0 0003 616263
	END
}

@test "set: the same string again succeeds" {
	assert_dialog <<-END
		> config 03 0003 616263
		< config_reply 3 0003 616263
		> config 03 0003 616263
		< config_reply 3 0003 616263
	END
}

@test "set: a different, longer or shorter string is error 4 with the owner's" {
	assert_dialog <<-END
		> config 03 0003 616263
		< config_reply 3 0003 616263
		> config 03 0003 616264
		< config_error 04 0040 0100 02 13 0003 616263
		> config 03 0002 6162
		< config_error 04 0040 0100 02 13 0003 616263
		> config 03 0004 61626364
		< config_error 04 0040 0100 02 13 0003 616263
		> config 03 0000
		< config_error 04 0040 0100 02 13 0003 616263
		> config 00 0000
		< config_reply 0 0003 616263
	END
}

@test "force: replaces any string" {
	assert_dialog <<-END
		> config 03 0003 616263
		< config_reply 3 0003 616263
		> config 04 0002 7a7a
		< config_reply 4 0002 7a7a
		> config 00 0000
		< config_reply 0 0002 7a7a
	END
}

@test "force: an empty string clears it, and another can be set" {
	assert_dialog <<-END
		> config 03 0003 616263
		< config_reply 3 0003 616263
		> config 04 0000
		< config_reply 4 0000
		> config 03 0001 71
		< config_reply 3 0001 71
	END
}

@test "test: only the same string gets a reply" {
	assert_dialog <<-END
		> config 01 0000
		< config_reply 1 0000
		> config 04 0003 616263
		< config_reply 4 0003 616263
		> config 01 0003 616263
		< config_reply 1 0003 616263
		> config 01 0003 616264
		> config 01 0002 6162
		> config 01 0004 61626300
		> config 01 0000
	END
}

@test "prefix: the beginning of the string gets all of it" {
	assert_dialog <<-END
		> config 02 0000
		< config_reply 2 0000
		> config 04 0003 616263
		< config_reply 4 0003 616263
		> config 02 0000
		< config_reply 2 0003 616263
		> config 02 0002 6162
		< config_reply 2 0003 616263
		> config 02 0003 616263
		< config_reply 2 0003 616263
	END
}

@test "prefix: what is longer or differs gets no reply" {
	assert_dialog <<-END
		> config 04 0003 616263
		< config_reply 4 0003 616263
		> config 02 0004 61626300
		> config 02 0002 6163
		> config 02 0001 62
	END
}

@test "commands from 5 to 15 are error 2 and change nothing" {
	local c requests=() replies=()
	for c in 5 6 7 8 9 a b c d e f; do
		requests+=("$(config "0$c" 0002 6162)")
		replies+=("$(config_error 02)")
	done
	run_script "${requests[@]}" "$(config 00 0000)"
	assert_replies "${replies[@]}" "$(config_reply 0 0000)"
}

@test "a string may have 1024 bytes" {
	assert_dialog <<-END
		> config 04 0400 ab*1023 cd
		< config_reply 4 0400 ab*1023 cd
		> config 01 0400 ab*1023 cd
		< config_reply 1 0400 ab*1023 cd
	END
}

@test "1025 bytes get no reply" {
	assert_silence "$(config 04 0401 'ab*1025')" \
		"$(config 03 0401 'ab*1025')" "$(config 01 0401 'ab*1025')" \
		"$(config 02 0401 'ab*1025')"
}

@test "a string that is longer than its frame gets no reply and is not kept" {
	assert_dialog <<-END
		> config 04 001d 6162
		> config 03 001d ab*28
		> config 04 003c ab*28
		> config 04 0003
		< config_reply 4 0003 000000
		> config 02 001d
		> config 00 0000
		< config_reply 0 0003 000000
	END
}

@test "a string that is longer than its frame takes nothing from before" {
	assert_dialog <<-END
		> config 04 0400 99*1024
		< config_reply 4 0400 99*1024

		> config 04 0000
		< config_reply 4 0000

		> config 04 003c @60

		> config 00 0000
		< config_reply 0 0000
	END
}

@test "what follows the string is no part of it" {
	assert_dialog <<-END
		> config 04 0002 6162 dd*30
		< config_reply 4 0002 6162
		> config 00 0000
		< config_reply 0 0002 6162
	END
}

@test "a string is bytes: zeroes count, and none ends it" {
	assert_dialog <<-END
		> config 04 0005 6100ff0a00
		< config_reply 4 0005 6100ff0a00
		> config 01 0004 6100ff0a
		> config 01 0005 6100ff0a01
		> config 02 0002 6100
		< config_reply 2 0005 6100ff0a00
	END
}

@test "a short string after a long one leaves nothing of it" {
	assert_dialog <<-END
		> config 04 0400 ab*1024
		< config_reply 4 0400 ab*1024

		> config 04 0001 61
		< config_reply 4 0001 61
	END
}

@test "a reply of more than 60 bytes is not padded" {
	run_script "$(config 04 001d 'ab*29')"
	assert_equal 61 $(($(wc -c <"$FRAMES") / 2)) "bytes"
}

@test "-b is the buffer count" {
	OPTIONS+=(-b 65535)
	assert_reply "$(config_read)" "$(response 01 "ffff 0100 02 10 0000 @60")"
}

@test "the sectors per frame follow the MTU, between 1 and 255" {
	local mtu
	for mtu in 100:01 547:01 548:01 1059:01 1060:02 1500:02 4470:08 \
		9000:11 9216:11 65536:7f 200000:ff; do
		MTU=${mtu%:*}
		assert_reply "$(config_read)" \
			"$(response 01 "0040 0100 ${mtu#*:} 10 0000 @60")"
	done
}

@test "the sectors per frame are those of the MTU now" {
	run_script ":mtu 9000" "$(config_read)"
	assert_last_replies "$(response 01 "0040 0100 11 10 0000 @60")"
}
