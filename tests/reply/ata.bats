# ATA: reads, writes, and what else the target does or refuses.

load reply

setup() { export_image 64; }

# ata FLAGS FEATURE COUNT OPCODE LBA [DATA...]: a request.
ata() {
	request 00 "$1 $2 $3 $4 $5 0000 ${*:6}"
}

# io OPCODE COUNT LBA [DATA...]: one with the flags that go with the opcode.
io() {
	local flags=00
	case $1 in
	24) flags=40 ;;
	30) flags=01 ;;
	34) flags=41 ;;
	esac
	ata $flags 00 "$2" "$1" "${@:3}"
}

# ata_reply FLAGS ERROR COUNT STATUS LBA [DATA...]
ata_reply() {
	response 00 "$1 $2 $3 $4 $5 0000 ${*:6} @60"
}

@test "READ EXT returns the sectors and nothing else" {
	assert_reply "$(ata_read 5 2)" "$(ata_data 5 2)"
}

@test "READ returns the sectors, and the LBA as requested" {
	assert_reply "$(io 20 02 050000e00000)" \
		"$(ata_reply 00 00 02 40 050000e00000 sectors:5,2)"
}

@test "WRITE EXT stores the sectors" {
	assert_reply "$(ata_write 5 2 'ee*1024')" "$(ata_written 5 2)"
	assert_image "$(sectors 0 5) ee*1024 $(sectors 7 57)"
}

@test "WRITE stores the sectors" {
	assert_reply "$(io 30 01 050000e00000 'ee*512')" \
		"$(ata_reply 01 00 01 40 050000e00000)"
	assert_image "$(sectors 0 5) ee*512 $(sectors 6 58)"
}

@test "of an LBA28 the low nibble of lba3 counts, and nothing above it" {
	assert_dialog <<-END
		> io 20 01 050000f00000
		< ata_reply 00 00 01 40 050000f00000 sectors:5,1
		> io 20 01 050000e0ffff
		< ata_reply 00 00 01 40 050000e0ffff sectors:5,1
		> io 20 01 050000e10000
		< ata_reply 00 10 01 41 050000e10000
		> io 30 01 050000f0ffff ee*512
		< ata_reply 01 00 01 40 050000f0ffff
	END
	assert_stored 5 'ee*512'
}

@test "every byte of an LBA48 counts" {
	local i lba
	for i in 1 2 3 4 5; do
		lba=$(hex "00*$i 01 @6")
		assert_reply "$(io 24 01 "$lba")" \
			"$(ata_reply 40 10 01 41 "$lba")"
	done
}

@test "the last sector is read and written" {
	assert_dialog <<-END
		> ata_read 63 1
		< ata_data 63 1
		> ata_write 63 1 ee*512
		< ata_written 63 1
	END
	assert_stored 63 'ee*512'
}

@test "a READ beyond or across the end is IDNF without data" {
	assert_dialog <<-END
		> ata_read 64 1
		< ata_failed 40 10 64 1
		> ata_read 63 2
		< ata_failed 40 10 63 2
	END
}

@test "a WRITE beyond or across the end is IDNF and writes nothing" {
	assert_dialog <<-END
		> ata_write 64 1 ee*512
		< ata_failed 41 10 64 1
		> ata_write 63 2 ee*1024
		< ata_failed 41 10 63 2
	END
	assert_unchanged
}

@test "an address that wraps is IDNF" {
	assert_dialog <<-END
		> io 24 01 ffffffffffff
		< ata_reply 40 10 01 41 ffffffffffff
		> io 24 02 ffffffffffff
		< ata_reply 40 10 02 41 ffffffffffff
		> io 34 01 ffffffffffff ee*512
		< ata_reply 41 10 01 41 ffffffffffff
		> io 20 02 ffffffff0000
		< ata_reply 00 10 02 41 ffffffff0000
	END
	assert_unchanged
}

@test "a count of 0 is ABRT for all four" {
	assert_dialog <<-END
		> io 20 00 010000e00000
		< ata_reply 00 04 00 41 010000e00000
		> io 24 00 010000000000
		< ata_reply 40 04 00 41 010000000000
		> io 30 00 010000e00000
		< ata_reply 01 04 00 41 010000e00000
		> io 34 00 010000000000
		< ata_reply 41 04 00 41 010000000000
	END
	assert_equal sync "$(cat "$CALLS")"
}

@test "a READ that exceeds the MTU is ABRT" {
	assert_reply "$(ata_read 0 3)" "$(ata_failed 40 04 0 3)"
	assert_reply "$(ata_read 0 255)" "$(ata_failed 40 04 0 255)"
}

@test "at MTU 534 one sector fits, at 533 none" {
	MTU=534
	assert_reply "$(ata_read 3 1)" "$(ata_data 3 1)"
	MTU=533
	assert_reply "$(ata_read 3 1)" "$(ata_failed 40 04 3 1)"
}

@test "at MTU 9000 17 sectors fit, and 18 do not" {
	MTU=9000
	assert_dialog <<-END
		> ata_read 3 17
		< ata_data 3 17
		> ata_read 3 18
		< ata_failed 40 04 3 18
	END
}

@test "a count above the advertised one is served where the frame has room" {
	# At MTU 1046 the formula that initiators use gives 1 sector.
	MTU=1046
	assert_dialog <<-END
		> config_read
		< config_answer 01
		> ata_read 3 2
		< ata_data 3 2
		> ata_write 3 2 ee*1024
		< ata_written 3 2
	END
}

@test "on a loopback interface 127 sectors are read and written" {
	export_image 256
	MTU=65536
	assert_dialog <<-END
		> ata_read 3 127
		< ata_data 3 127
		> ata_write 100 127 ee*65024
		< ata_written 100 127
	END
	assert_stored 100 'ee*65024'
}

@test "255 sectors are the maximum, whatever the MTU" {
	export_image 300
	MTU=200000
	assert_dialog <<-END
		> ata_read 3 255
		< ata_data 3 255
		> ata_write 40 255 ee*130560
		< ata_written 40 255
	END
	assert_stored 40 'ee*130560'
}

@test "a WRITE without all of its payload is ABRT" {
	assert_dialog <<-END
		> ata_write 5 1 ee*511
		< ata_failed 41 04 5 1
		> ata_write 5 2 ee*1023
		< ata_failed 41 04 5 2
		> ata_write 5 1
		< ata_failed 41 04 5 1
		> ata_write 5 255
		< ata_failed 41 04 5 255
	END
	assert_unchanged
}

@test "a WRITE stores no more than its count" {
	assert_reply "$(ata_write 5 1 'ee*1024')" "$(ata_written 5 1)"
	assert_image "$(sectors 0 5) ee*512 $(sectors 6 58)"
}

@test "a READ with a payload is a READ, also with flag W" {
	assert_dialog <<-END
		> ata 40 00 02 24 030000000000 ee*1024
		< ata_data 3 2
		> ata 41 00 02 24 030000000000 ee*1024
		< ata_reply 41 00 02 40 030000000000 sectors:3,2
	END
	assert_unchanged
}

@test "a WRITE without flag W is a WRITE" {
	assert_reply "$(ata 40 00 01 34 030000000000 'ee*512')" \
		"$(ata_reply 40 00 01 40 030000000000)"
	assert_stored 3 'ee*512'
}

@test "the opcode determines the width of the address, not flag E" {
	assert_dialog <<-END
		> ata 40 00 01 20 030000e00000
		< ata_reply 40 00 01 40 030000e00000 sectors:3,1
		> ata 00 00 01 24 030000e00000
		< ata_reply 00 10 01 41 030000e00000
	END
}

@test "flags without a meaning, features and reserved bytes are zero in a reply" {
	assert_dialog <<-END
		> ata ff 00 01 24 030000000000
		< ata_reply 53 00 01 40 030000000000 sectors:3,1
		> ata 40 99 01 24 030000000000
		< ata_data 3 1
		> request 00 40000124030000000000dddd
		< ata_data 3 1
	END
}

@test "with -r a WRITE is ABRT and causes no disk operation" {
	OPTIONS+=(-r)
	assert_dialog <<-END
		> ata_write 5 1 ee*512
		< ata_failed 41 04 5 1
		> io 30 01 050000e00000 ee*512
		< ata_reply 01 04 01 41 050000e00000
	END
	assert_equal "" "$(cat "$CALLS")"
	assert_unchanged
}

@test "with -r a READ is served" {
	OPTIONS+=(-r)
	assert_reply "$(ata_read 5 1)" "$(ata_data 5 1)"
}

@test "-o and -l move and limit all reads" {
	OPTIONS+=(-o 10 -l 20)
	assert_dialog <<-END
		> ata_read 0 1
		< ata_data 0 1 sectors:10,1
		> ata_read 19 1
		< ata_data 19 1 sectors:29,1
		> ata_read 20 1
		< ata_failed 40 10 20 1
		> ata_read 19 2
		< ata_failed 40 10 19 2
	END
}

@test "-o and -l move and limit all writes" {
	OPTIONS+=(-o 10 -l 20)
	assert_dialog <<-END
		> ata_write 0 1 ee*512
		< ata_written 0 1
		> ata_write 19 1 ee*512
		< ata_written 19 1
		> ata_write 20 1 ee*512
		< ata_failed 41 10 20 1
		> ata_write 19 2 ee*1024
		< ata_failed 41 10 19 2
	END
	assert_image "$(sectors 0 10) ee*512 $(sectors 11 18) ee*512 \
		$(sectors 30 34)"
}

@test "CHECK POWER MODE reports active, whatever the count" {
	assert_dialog <<-END
		> ata 00 00 00 e5 000000000000
		< ata_reply 00 00 ff 40 000000000000
		> ata 00 00 01 e5 000000000000
		< ata_reply 00 00 ff 40 000000000000
	END
}

@test "SET FEATURES: the write cache can be turned on, but not off" {
	assert_dialog <<-END
		> ata 00 02 00 ef 000000000000
		< ata_reply 00 00 00 40 000000000000
		> ata 00 82 00 ef 000000000000
		< ata_reply 00 04 00 41 000000000000
	END
}

@test "SET FEATURES: with -s the write cache can be turned off" {
	OPTIONS+=(-s)
	assert_reply "$(ata 00 82 00 ef 000000000000)" \
		"$(ata_reply 00 00 00 40 000000000000)"
}

@test "SET FEATURES: any other feature is ABRT" {
	assert_reply "$(ata 00 03 45 ef 000000000000)" \
		"$(ata_reply 00 04 45 41 000000000000)"
}

@test "every other opcode is ABRT and changes nothing" {
	local n opcode request requests=() replies=()
	request=$(ata 41 00 01 XX 030000000000 'ee*512')
	for n in {0..255}; do
		printf -v opcode %02x "$n"
		case $opcode in
		20 | 24 | 30 | 34 | e5 | e7 | ea | ec | ef) continue ;;
		esac
		requests+=("${request/XX/$opcode}")
	done
	assert_equal 247 "${#requests[@]}"
	mapfile -t replies < <(yes "$(ata_failed 41 04 3 1)" | head -n 247)
	run_script "${requests[@]}"
	assert_replies "${replies[@]}"
	assert_unchanged
}

@test "nothing of an earlier READ is in a later reply" {
	assert_dialog <<-END
		> ata_read 5 2
		< ata_data 5 2

		> ata_write 9 1 ee*512
		< ata_written 9 1

		> ata_flush
		< ata_flushed

		> ata_read 99 1
		< ata_failed 40 10 99 1
		> config_read
		< config_answer
		> request 02 00000000
		< response 02 00*36
		> request 03 0000
		< response 03 00*36
	END
}

@test "a bad sector fails a READ with UNC without data" {
	run_script ":bad 5" "$(ata_read 5 1)"
	assert_replies "$(ata_failed 40 40 5 1)"
}

@test "a bad sector fails a WRITE with ABRT" {
	run_script ":bad 5" "$(ata_write 5 1 'ee*512')"
	assert_replies "$(ata_failed 41 04 5 1)"
}

@test "an I/O error stops nothing" {
	run_script ":bad 5" "$(ata_read 5 1)" ":bad 6" "$(ata_read 5 1)"
	assert_replies "$(ata_failed 40 40 5 1)" "$(ata_data 5 1)"
}
