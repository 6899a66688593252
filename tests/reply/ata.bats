# ATA: reads, writes, and what else the target does or refuses.

load reply

# ata FLAGS FEATURE COUNT OPCODE LBA [DATA...]: a request.
ask_ata() { request 00 "$1 $2 $3 $4 $5 0000 ${*:6}"; }

# io OPCODE COUNT LBA [DATA...]: one with the flags that go with the opcode.
ask_io() {
	local flags=00
	case $1 in
	24) flags=40 ;;
	30) flags=01 ;;
	34) flags=41 ;;
	esac
	ask_ata $flags 00 "$2" "$1" "${@:3}"
}

# ata FLAGS ERROR COUNT STATUS LBA [DATA...]: a reply.
answer_ata() { response 00 "$1 $2 $3 $4 $5 0000 ${*:6} @60"; }

@test "WRITE EXT and WRITE store the sectors of their count, and no more" {
	assert_dialog <<-END
		= write 5 2
		io 30 01 070000e00000 aa*512 -> ata 01 00 01 40 070000e00000
		write 8 1 bb*1024 -> write 8 1
		disk sectors:0,5 ee*1024 aa*512 bb*512 sectors:9,55
	END
}

@test "of an LBA28 the low nibble of lba3 counts, and nothing above it" {
	assert_dialog <<-END
		> io 20 02 050000f00000
		< ata 00 00 02 40 050000f00000 sectors:5,2
		> io 20 01 050000e0ffff
		< ata 00 00 01 40 050000e0ffff sectors:5,1
		io 20 01 050000e10000 -> ata 00 10 01 41 050000e10000
		io 30 01 050000f0ffff ee*512 -> ata 01 00 01 40 050000f0ffff
		disk sectors:0,5 ee*512 sectors:6,58
	END
}

@test "every byte of an LBA48 counts" {
	local i lba
	for i in 1 2 3 4 5; do
		lba=$(hex "00*$i 01 @6")
		assert_reply "io 24 01 $lba" "ata 40 10 01 41 $lba"
	done
}

@test "the last sector is served; beyond or across the end is IDNF" {
	assert_dialog <<-END
		= read 63 1
		= write 63 1
		read 64 1 -> failed 40 10 64 1
		read 63 2 -> failed 40 10 63 2
		write 64 1 -> failed 41 10 64 1
		write 63 2 -> failed 41 10 63 2
		disk sectors:0,63 ee*512
	END
}

@test "an address that wraps is IDNF" {
	assert_dialog <<-END
		io 24 01 ffffffffffff -> ata 40 10 01 41 ffffffffffff
		io 24 02 ffffffffffff -> ata 40 10 02 41 ffffffffffff
		io 34 01 ffffffffffff ee*512 -> ata 41 10 01 41 ffffffffffff
		io 20 02 ffffffff0000 -> ata 00 10 02 41 ffffffff0000
		disk sectors:0,64
	END
}

@test "a count of 0 is ABRT for all four" {
	assert_dialog <<-END
		io 20 00 010000e00000 -> ata 00 04 00 41 010000e00000
		io 24 00 010000000000 -> ata 40 04 00 41 010000000000
		io 30 00 010000e00000 -> ata 01 04 00 41 010000e00000
		io 34 00 010000000000 -> ata 41 04 00 41 010000000000
	END
	assert_equal sync "$(cat "$CALLS")"
}

# assert_maximum MTU COUNT: so many sectors fit into a frame, and no more.
assert_maximum() {
	MTU=$1
	assert_dialog <<-END
		$([ "$2" = 0 ] || echo "= read 3 $2")
		read 3 $(($2 + 1)) -> failed 40 04 3 $(($2 + 1))
		read 0 255 -> failed 40 04 0 255
	END
}

@test "a READ that exceeds the MTU is ABRT" {
	export_image 300
	assert_maximum 65536 127
	assert_maximum 1500 2
	assert_maximum 9000 17
	assert_maximum 534 1
	assert_maximum 533 0
}

@test "a count above the advertised one is served where the frame has room" {
	# At MTU 1046 the formula that initiators use gives 1 sector.
	MTU=1046
	assert_dialog <<-END
		query -> query 01
		= read 3 2
		= write 3 2
	END
}

@test "255 sectors are the maximum, whatever the MTU" {
	export_image 300
	MTU=200000
	assert_dialog <<-END
		= read 3 255
		= write 40 255
		disk sectors:0,40 ee*130560 sectors:295,5
	END
}

@test "the opcode, not the flags, determines direction and width of address" {
	assert_dialog <<-END
		ata 40 00 02 24 030000000000 ee*1024 -> read 3 2
		> ata 41 00 02 24 030000000000 ee*1024
		< ata 41 00 02 40 030000000000 sectors:3,2
		> ata 40 00 01 20 030000e00000
		< ata 40 00 01 40 030000e00000 sectors:3,1
		ata 00 00 01 24 030000e00000 -> ata 00 10 01 41 030000e00000
		> ata 40 00 01 34 030000000000 ee*512
		< ata 40 00 01 40 030000000000
		disk sectors:0,3 ee*512 sectors:4,60
	END
}

@test "flags without a meaning, features and reserved bytes are zero in a reply" {
	assert_dialog <<-END
		> ata ff 00 01 24 030000000000
		< ata 53 00 01 40 030000000000 sectors:3,1
		ata 40 99 01 24 030000000000 -> read 3 1
		$(request 00 40000124030000000000dddd) -> read 3 1
	END
}

@test "with -r a READ is served, and a WRITE is ABRT and not executed" {
	OPTIONS+=(-r)
	assert_dialog <<-END
		= read 5 1
		write 5 1 -> failed 41 04 5 1
		io 30 01 050000e00000 ee*512 -> ata 01 04 01 41 050000e00000
		disk sectors:0,64
	END
	assert_equal "read 5 1" "$(cat "$CALLS")"
}

@test "-o and -l move and limit all reads and writes" {
	OPTIONS+=(-o 10 -l 20)
	assert_dialog <<-END
		read 0 1 -> read 0 1 sectors:10,1
		read 19 1 -> read 19 1 sectors:29,1
		read 20 1 -> failed 40 10 20 1
		read 19 2 -> failed 40 10 19 2
		= write 0 1
		= write 19 1
		write 20 1 -> failed 41 10 20 1
		write 19 2 -> failed 41 10 19 2
		disk sectors:0,10 ee*512 sectors:11,18 ee*512 sectors:30,34
	END
}

@test "CHECK POWER MODE reports active, whatever the count" {
	assert_reply "ata 00 00 00 e5 000000000000" "ata 00 00 ff 40 000000000000"
	assert_reply "ata 00 00 01 e5 000000000000" "ata 00 00 ff 40 000000000000"
}

# With -s it can be off: see identify.bats.
@test "SET FEATURES: the write cache on; all else is ABRT" {
	assert_dialog <<-END
		ata 00 02 00 ef 000000000000 -> ata 00 00 00 40 000000000000
		ata 00 82 00 ef 000000000000 -> ata 00 04 00 41 000000000000
		ata 00 03 45 ef 000000000000 -> ata 00 04 45 41 000000000000
	END
}

@test "every other opcode is ABRT and changes nothing" {
	local n opcode
	for n in {0..255}; do
		printf -v opcode %02x "$n"
		case $opcode in
		20 | 24 | 30 | 34 | e5 | e7 | ea | ec | ef) ;;
		*) echo "ata 41 00 01 $opcode 030000000000 ee*512 ->" \
			"failed 41 04 3 1" ;;
		esac
	done | assert_dialog
	assert_unchanged
}

@test "nothing of an earlier READ is in a later reply" {
	assert_dialog <<-END
		= read 5 2

		= write 9 1

		= flush

		read 99 1 -> failed 40 10 99 1
		= query
		$(request 02 00000000) -> $(response 02 '00*36')
		$(request 03 0000) -> $(response 03 '00*36')
	END
}
