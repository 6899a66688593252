# ATA: reads, writes, and what else the target does or refuses.

load reply

setup() { export_image 64; }

# io OPCODE COUNT LBA [DATA]: a request with the six bytes of the LBA as
# given and the flags that go with the opcode.
io() {
	local flags=00
	case $1 in
	24) flags=40 ;;
	30) flags=01 ;;
	34) flags=41 ;;
	esac
	request 00 "$flags 00 $2 $1 $3 0000 ${4:-}"
}

# ata FLAGS FEATURE COUNT OPCODE LBA, answer FLAGS ERROR COUNT STATUS LBA
ata() {
	request 00 "$1 $2 $3 $4 $5 0000"
}

answer() {
	response 00 "$1 $2 $3 $4 $5 0000 @60"
}

@test "READ EXT returns the sectors and nothing behind them" {
	assert_reply "$(ata_read 5 2)" "$(ata_data 5 2 "$(sectors 5 2)")"
}

@test "READ returns the sectors and the LBA as it was asked" {
	assert_reply "$(io 20 02 050000e00000)" "$(response 00 \
		"00 00 02 40 050000e00000 0000 $(sectors 5 2)")"
}

@test "WRITE EXT stores the sectors" {
	assert_reply "$(ata_write 5 2 'ee*1024')" "$(ata_written 5 2)"
	assert_image "$(sectors 0 5)$(hex 'ee*1024')$(sectors 7 57)"
}

@test "WRITE stores the sectors" {
	assert_reply "$(io 30 01 050000e00000 'ee*512')" \
		"$(answer 01 00 01 40 050000e00000)"
	assert_image "$(sectors 0 5)$(hex 'ee*512')$(sectors 6 58)"
}

@test "the high nibble of lba3 is no part of a 28-bit address" {
	assert_reply "$(io 20 01 050000f00000)" "$(response 00 \
		"00 00 01 40 050000f00000 0000 $(sectors 5 1)")"
}

@test "the low nibble of lba3 is" {
	assert_reply "$(io 20 01 050000e10000)" \
		"$(answer 00 10 01 41 050000e10000)"
}

@test "lba4 and lba5 are no part of a 28-bit address" {
	assert_reply "$(io 20 01 050000e0ffff)" "$(response 00 \
		"00 00 01 40 050000e0ffff 0000 $(sectors 5 1)")"
}

@test "a 28-bit write masks its address too" {
	run_script "$(io 30 01 050000f0ffff 'ee*512')"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$DISK" 5 1)"
}

@test "every byte of a 48-bit address counts" {
	local i lba
	for i in 1 2 3 4 5; do
		lba=$(hex "00*$i 01 @6")
		assert_reply "$(io 24 01 "$lba")" "$(answer 40 10 01 41 "$lba")"
	done
}

@test "the last sector is read" {
	assert_reply "$(ata_read 63 1)" "$(ata_data 63 1 "$(sectors 63 1)")"
}

@test "the last sector is written" {
	assert_reply "$(ata_write 63 1 'ee*512')" "$(ata_written 63 1)"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$DISK" 63 1)"
}

@test "a READ beyond the end is IDNF" {
	assert_reply "$(ata_read 64 1)" "$(ata_failed 40 10 64 1)"
}

@test "a READ across the end is IDNF and brings no data" {
	assert_reply "$(ata_read 63 2)" "$(ata_failed 40 10 63 2)"
}

@test "a WRITE beyond the end is IDNF and does not make the disk longer" {
	assert_reply "$(ata_write 64 1 'ee*512')" "$(ata_failed 41 10 64 1)"
	assert_unchanged
}

@test "a WRITE across the end is IDNF and writes nothing" {
	assert_reply "$(ata_write 63 2 'ee*1024')" "$(ata_failed 41 10 63 2)"
	assert_unchanged
}

@test "an address that wraps is IDNF" {
	run_script "$(io 24 01 ffffffffffff)" "$(io 24 02 ffffffffffff)" \
		"$(io 34 01 ffffffffffff 'ee*512')" "$(io 20 02 ffffffff0000)"
	assert_replies "$(answer 40 10 01 41 ffffffffffff)" \
		"$(answer 40 10 02 41 ffffffffffff)" \
		"$(answer 41 10 01 41 ffffffffffff)" \
		"$(answer 00 10 02 41 ffffffff0000)"
	assert_unchanged
}

@test "a count of 0 is ABRT for all four" {
	run_script "$(io 20 00 010000e00000)" "$(io 24 00 010000000000)" \
		"$(io 30 00 010000e00000)" "$(io 34 00 010000000000)"
	assert_replies "$(answer 00 04 00 41 010000e00000)" \
		"$(answer 40 04 00 41 010000000000)" \
		"$(answer 01 04 00 41 010000e00000)" \
		"$(answer 41 04 00 41 010000000000)"
	assert_equal disk_flush "$(cat "$CALLS")"
}

@test "a READ that exceeds the MTU is ABRT" {
	assert_reply "$(ata_read 0 3)" "$(ata_failed 40 04 0 3)"
	assert_reply "$(ata_read 0 255)" "$(ata_failed 40 04 0 255)"
}

@test "at MTU 534 one sector fits, above what is advertised" {
	MTU=534
	assert_reply "$(ata_read 3 1)" "$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "at MTU 533 no sector fits" {
	MTU=533
	assert_reply "$(ata_read 3 1)" "$(ata_failed 40 04 3 1)"
}

@test "at MTU 9000 17 sectors fit, and 18 do not" {
	MTU=9000
	run_script "$(ata_read 3 17)" "" "$(ata_read 3 18)"
	assert_replies "$(ata_data 3 17 "$(sectors 3 17)")" \
		"$(ata_failed 40 04 3 18)"
}

@test "a count above the advertised one is served where the frame has room" {
	# At MTU 1046, 1 sector is what the formula of Linux gives.
	MTU=1046
	run_script "$(config_read)" "" "$(ata_read 3 2)" "" \
		"$(ata_write 3 2 'ee*1024')"
	assert_replies "$(response 01 "0040 0100 01 10 0000 @60")" \
		"$(ata_data 3 2 "$(sectors 3 2)")" "$(ata_written 3 2)"
}

@test "on a loopback 127 sectors go both ways" {
	export_image 256
	MTU=65536
	run_script "$(ata_read 3 127)" "" "$(ata_write 100 127 'ee*65024')"
	assert_replies "$(ata_data 3 127 "$(sectors 3 127)")" \
		"$(ata_written 100 127)"
	assert_equal "$(hex 'ee*65024')" "$(file_sectors "$DISK" 100 127)"
}

@test "255 sectors are the most, whatever the MTU" {
	export_image 300
	MTU=200000
	run_script "$(ata_read 3 255)" "" "$(ata_write 40 255 'ee*130560')"
	assert_replies "$(ata_data 3 255 "$(sectors 3 255)")" \
		"$(ata_written 40 255)"
	assert_equal "$(hex 'ee*130560')" "$(file_sectors "$DISK" 40 255)"
}

@test "a WRITE whose payload is short of a byte is ABRT" {
	assert_reply "$(ata_write 5 1 'ee*511')" "$(ata_failed 41 04 5 1)"
	assert_reply "$(ata_write 5 2 'ee*1023')" "$(ata_failed 41 04 5 2)"
	assert_unchanged
}

@test "a WRITE without a payload is ABRT" {
	assert_reply "$(ata_write 5 1 '')" "$(ata_failed 41 04 5 1)"
	assert_reply "$(ata_write 5 255 '')" "$(ata_failed 41 04 5 255)"
	assert_unchanged
}

@test "a WRITE stores no more than its count" {
	assert_reply "$(ata_write 5 1 'ee*1024')" "$(ata_written 5 1)"
	assert_image "$(sectors 0 5)$(hex 'ee*512')$(sectors 6 58)"
}

@test "a READ with a payload is a READ" {
	assert_reply "$(ata_read 0 2) 00*1024" \
		"$(ata_data 0 2 "$(sectors 0 2)")"
}

@test "a READ with flag W is a READ" {
	assert_reply "$(ata 41 00 02 24 030000000000) ee*1024" \
		"$(response 00 "41 00 02 40 030000000000 0000 $(sectors 3 2)")"
	assert_unchanged
}

@test "a WRITE without flag W is a WRITE" {
	assert_reply "$(ata 40 00 01 34 030000000000) ee*512" \
		"$(answer 40 00 01 40 030000000000)"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$DISK" 3 1)"
}

@test "a READ with flag E has a 28-bit address" {
	assert_reply "$(ata 40 00 01 20 030000e00000)" \
		"$(response 00 "40 00 01 40 030000e00000 0000 $(sectors 3 1)")"
}

@test "a READ EXT without flag E has a 48-bit address" {
	assert_reply "$(ata 00 00 01 24 030000e00000)" \
		"$(answer 00 10 01 41 030000e00000)"
}

@test "the flags that have a meaning are echoed, the others are zero" {
	assert_reply "$(ata ff 00 01 24 030000000000)" \
		"$(response 00 "53 00 01 40 030000000000 0000 $(sectors 3 1)")"
}

@test "the features register of a READ does not become its error" {
	assert_reply "$(ata 40 99 01 24 030000000000)" \
		"$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "reserved bytes of a request are zero in its reply" {
	assert_reply "$(request 00 "40 00 01 24 030000000000 dddd")" \
		"$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "with -r a WRITE is ABRT and does not come near the disk" {
	OPTIONS+=(-r)
	assert_reply "$(ata_write 5 1 'ee*512')" "$(ata_failed 41 04 5 1)"
	assert_equal "" "$(cat "$CALLS")"
	assert_reply "$(io 30 01 050000e00000 'ee*512')" \
		"$(answer 01 04 01 41 050000e00000)"
	assert_unchanged
}

@test "with -r a READ is served" {
	OPTIONS+=(-r)
	assert_reply "$(ata_read 5 1)" "$(ata_data 5 1 "$(sectors 5 1)")"
}

@test "-o and -l move and limit all reads" {
	OPTIONS+=(-o 10 -l 20)
	run_script "$(ata_read 0 1)" "" "$(ata_read 19 1)" "" \
		"$(ata_read 20 1)" "" \
		"$(ata_read 19 2)"
	assert_replies "$(ata_data 0 1 "$(sectors 10 1)")" \
		"$(ata_data 19 1 "$(sectors 29 1)")" \
		"$(ata_failed 40 10 20 1)" "$(ata_failed 40 10 19 2)"
}

@test "-o and -l move and limit all writes" {
	OPTIONS+=(-o 10 -l 20)
	run_script "$(ata_write 0 1 'ee*512')" "" "$(ata_write 19 1 'ee*512')" \
		"" \
		"$(ata_write 20 1 'ee*512')" "" "$(ata_write 19 2 'ee*1024')"
	assert_replies "$(ata_written 0 1)" "$(ata_written 19 1)" \
		"$(ata_failed 41 10 20 1)" "$(ata_failed 41 10 19 2)"
	assert_image "$(sectors 0 10)$(hex 'ee*512')$(sectors 11 18)$(hex \
		'ee*512')$(sectors 30 34)"
}

@test "FLUSH CACHE syncs before it is answered" {
	run_script "$(ata 00 00 00 e7 000000000000)" "" "$(config_read)"
	assert_equal "disk_flush
$(hex "$(answer 00 00 00 40 000000000000)")
$(hex "$(response 01 "0040 0100 02 10 0000 @60")")
disk_flush" "$(cat "$TOLD")"
}

@test "FLUSH CACHE EXT syncs before it is answered" {
	run_script "$(ata 40 00 00 ea 000000000000)"
	assert_equal "disk_flush
$(hex "$(answer 40 00 00 40 000000000000)")
disk_flush" "$(cat "$TOLD")"
}

@test "a FLUSH that fails is ABRT" {
	EXIT=1
	run_script :lost "$(ata 00 00 00 e7 000000000000)"
	assert_replies "$(answer 00 04 00 41 000000000000)"
	assert_logged 'sync: .*lost'
}

@test "a FLUSH takes effect after the writes before it" {
	run_script "$(ata_write 3 1 'ee*512')" "$(ata_flush)" \
		"$(ata_write 5 1 'ee*512')"
	assert_calls "disk_write 3 1" disk_flush "disk_write 5 1"
	assert_replies "$(ata_written 3 1)" "$(ata_flushed)" \
		"$(ata_written 5 1)"
}

@test "CHECK POWER MODE says active, whatever the count" {
	run_script "$(ata 00 00 00 e5 000000000000)" \
		"$(ata 00 00 01 e5 000000000000)" \
		"$(ata 00 00 ff e5 000000000000)"
	assert_replies "$(answer 00 00 ff 40 000000000000)" \
		"$(answer 00 00 ff 40 000000000000)" \
		"$(answer 00 00 ff 40 000000000000)"
}

@test "SET FEATURES: the write cache may be on" {
	assert_reply "$(ata 00 02 00 ef 000000000000)" \
		"$(answer 00 00 00 40 000000000000)"
}

@test "SET FEATURES: the write cache may not be off" {
	assert_reply "$(ata 00 82 00 ef 000000000000)" \
		"$(answer 00 04 00 41 000000000000)"
}

@test "SET FEATURES: with -s the write cache may be off" {
	OPTIONS+=(-s)
	assert_reply "$(ata 00 82 00 ef 000000000000)" \
		"$(answer 00 00 00 40 000000000000)"
}

@test "SET FEATURES: any other feature is ABRT" {
	assert_reply "$(ata 00 03 45 ef 000000000000)" \
		"$(answer 00 04 45 41 000000000000)"
}

@test "every other opcode is ABRT and changes nothing" {
	local n opcode requests=() answers=()
	for n in {0..255}; do
		opcode=$(be8 "$n")
		case $opcode in
		20 | 24 | 30 | 34 | e5 | e7 | ea | ec | ef) continue ;;
		esac
		requests+=("$(ata 41 00 01 "$opcode" 030000000000) ee*512")
		answers+=("$(answer 41 04 01 41 030000000000)")
	done
	assert_equal 247 "${#requests[@]}"
	run_script "${requests[@]}"
	assert_replies "${answers[@]}"
	assert_unchanged
}

@test "a bad sector fails a READ with UNC and brings no data" {
	run_script :bad\ 5 "$(ata_read 5 1)"
	assert_replies "$(ata_failed 40 40 5 1)"
}

@test "a bad sector fails a WRITE with ABRT" {
	run_script :bad\ 5 "$(ata_write 5 1 'ee*512')"
	assert_replies "$(ata_failed 41 04 5 1)"
}

@test "a READ that was interrupted goes on" {
	run_script ':interrupt 3' "$(ata_read 5 1)"
	assert_replies "$(ata_data 5 1 "$(sectors 5 1)")"
}

@test "a WRITE that was interrupted goes on" {
	run_script ':interrupt 3' "$(ata_write 5 1 'ee*512')"
	assert_replies "$(ata_written 5 1)"
	assert_equal "$(hex 'ee*512')" "$(file_sectors "$DISK" 5 1)"
}

@test "a READ that comes in pieces is whole" {
	run_script ':short 100' "$(ata_read 5 2)"
	assert_replies "$(ata_data 5 2 "$(sectors 5 2)")"
}

@test "a WRITE that goes in pieces is whole" {
	run_script ':short 100' "$(ata_write 5 2 "$(sectors 20 2)")"
	assert_replies "$(ata_written 5 2)"
	assert_equal "$(sectors 20 2)" "$(file_sectors "$DISK" 5 2)"
}

@test "an I/O error ends nothing" {
	run_script :bad\ 5 "$(ata_read 5 1)" :bad\ 6 "$(ata_read 5 1)"
	assert_replies "$(ata_failed 40 40 5 1)" \
		"$(ata_data 5 1 "$(sectors 5 1)")"
}

@test "nothing of an earlier READ is in a later reply" {
	run_script "$(ata_read 5 2)" "" "$(ata_write 9 1 'ee*512')" \
		"" "$(ata 00 00 00 e7 000000000000)" "" "$(ata_read 99 1)" \
		"$(config_read)" "$(request 02 '00 00 00 00')" \
		"$(request 03 '00 00')" "$(request 07 'dd*1400')"
	assert_replies "$(ata_data 5 2 "$(sectors 5 2)")" "$(ata_written 9 1)" \
		"$(answer 00 00 00 40 000000000000)" \
		"$(ata_failed 40 10 99 1)" \
		"$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(response 02 "00 00 00 00 @60")" \
		"$(response 03 "00 00 @60")" \
		"SS TT 88a2 1c 01 000001 07 $TAG @60"
}
