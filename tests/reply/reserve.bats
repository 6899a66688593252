# Reserve/Release: which initiators may use the disk.

load reply

setup() { export_image 64; }

# reserve COMMAND COUNT MAC..., reserved COMMAND COUNT MAC...: a request, and
# the reply of success with the list.
reserve() {
	request 03 "$*"
}

reserved() {
	response 03 "$* @60"
}

# reserve_error ERROR COMMAND COUNT MAC...
reserve_error() {
	echo "SS TT 88a2 1c $1 $ADDRESS 03 $TAG ${*:2} @60"
}

numbered() {
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '0200000001%02x ' "$i"
	done
}

# denied FLAGS COUNT LBA: the reply to an ATA command of $A.
denied() {
	echo "$A TT 88a2 1c 06 $ADDRESS 00 $TAG $1 04 $2 41 $3 0000 @60"
}

@test "read: the list is empty at first; addresses are not stored" {
	assert_dialog <<-END
		> reserve 00 00
		< reserved 00 00
		> reserve 00 01 $A
		< reserved 00 00
		> reserve 00 ff
		< reserved 00 00
	END
}

@test "set: the list is kept in its order, also without the requester" {
	assert_dialog <<-END
		> reserve 01 02 $B $A
		< reserved 01 02 $B $A
		> reserve 00 00
		< reserved 00 02 $B $A
	END
}

@test "set: each host in the list may change it, wherever it stands" {
	assert_dialog <<-END
		> reserve 01 03 0200000000ff $SS $A
		< reserved 01 03 0200000000ff $SS $A
		> $(request_from $A "$(reserve 01 02 $A $SS)")
		< $(reply_to $A "$(reserved 01 02 $A $SS)")
		> reserve 01 01 $B
		< reserved 01 01 $B
	END
}

@test "set: a host in the list may release it" {
	assert_dialog <<-END
		> reserve 01 01 $SS
		< reserved 01 01 $SS
		> reserve 01 00
		< reserved 01 00
	END
}

@test "set: any other host gets error 6 and the list, also for a release" {
	assert_dialog <<-END
		> reserve 01 02 $A $B
		< reserved 01 02 $A $B
		> reserve 01 01 $SS
		< reserve_error 06 01 02 $A $B
		> reserve 01 00
		< reserve_error 06 01 02 $A $B
		> reserve 00 00
		< reserved 00 02 $A $B
	END
}

@test "force: any host may set and release" {
	assert_dialog <<-END
		> reserve 01 01 $A
		< reserved 01 01 $A
		> reserve 02 01 $B
		< reserved 02 01 $B
		> reserve 00 00
		< reserved 00 01 $B
		> reserve 02 00
		< reserved 02 00
	END
}

@test "more addresses than the frame has are error 2 and change nothing" {
	assert_dialog <<-END
		> reserve 01 02 $A $B
		< reserved 01 02 $A $B
		> reserve 02 06 $A 02000000
		< reserve_error 02 02 00
		> reserve 02 ff $A
		< reserve_error 02 02 00
		> reserve 01 ff
		< reserve_error 02 01 00
		> reserve 00 00
		< reserved 00 02 $A $B
	END
}

@test "addresses beyond the count are not stored" {
	assert_reply "$(reserve 01 01 $A $B)" "$(reserved 01 01 $A)"
}

@test "an unknown command is error 2 and changes nothing" {
	assert_dialog <<-END
		> reserve 03 01 $A
		< reserve_error 02 03 00
		> reserve ff 00
		< reserve_error 02 ff 00
		> reserve 00 00
		< reserved 00 00
	END
}

@test "other hosts get error 6 for reads and writes" {
	assert_dialog <<-END
		> reserve 01 01 $SS
		< reserved 01 01 $SS
		> $(request_from $A "$(ata_read 3 1)")
		< denied 40 01 030000000000
		> $(request_from $A "$(ata_write 3 1 'ee*512')")
		< denied 41 01 030000000000
		> $(request_from $A "$(request 00 "00 00 01 20 030000e00000 0000")")
		< denied 00 01 030000e00000
		> $(request_from $A "$(request 00 "01 00 01 30 030000e00000 0000 ee*512")")
		< denied 01 01 030000e00000
	END
	assert_unchanged
}

@test "other hosts get error 6 for every other ATA command" {
	local opcode requests=() replies=()
	for opcode in e5 e7 ea ef b0 00; do
		requests+=("$(request_from $A "$(request 00 \
			"00 02 00 $opcode 000000000000 0000")")")
		replies+=("$(denied 00 00 000000000000)")
	done
	run_script "$(reserve 01 01 $SS)" "${requests[@]}"
	assert_replies "$(reserved 01 01 $SS)" "${replies[@]}"
}

@test "other hosts may still IDENTIFY" {
	run_script "$(reserve 01 01 $SS)" "$(request_from $A "$(identify)")"
	assert_match "^$(hex "$(reply_to $A \
		"$(response 00 "00 00 01 40 000000a00000")")")" \
		"$(tail -n 1 "$FRAMES")"
	assert_equal 1097 "$(tail -n 1 "$FRAMES" | wc -c)"
}

@test "other hosts may use Config, Mask and Reserve" {
	assert_dialog <<-END
		> reserve 01 01 $SS
		< reserved 01 01 $SS
		> $(request_from $A "$(config_read)")
		< $(reply_to $A "$(config_answer)")
		> $(request_from $A "$(request 02 "00 00 00 00")")
		< $(reply_to $A "$(response 02 "00 00 00 00 @60")")
		> $(request_from $A "$(reserve 00 00)")
		< $(reply_to $A "$(reserved 00 01 $SS)")
	END
}

@test "each host in the list may read and write" {
	assert_dialog <<-END
		> reserve 01 02 0200000000ff $SS
		< reserved 01 02 0200000000ff $SS

		> ata_write 3 1 ee*512
		< ata_written 3 1

		> $(request_from 0200000000ff "$(ata_read 3 1)")
		< $(reply_to 0200000000ff "$(ata_data 3 1 'ee*512')")
	END
}

@test "after the release other hosts may write" {
	assert_dialog <<-END
		> reserve 01 01 $SS
		< reserved 01 01 $SS
		> reserve 01 00
		< reserved 01 00
		> $(request_from $A "$(ata_write 3 1 'ee*512')")
		< $(reply_to $A "$(ata_written 3 1)")
	END
}

@test "an address that is given twice is stored once" {
	assert_reply "$(reserve 01 03 $SS $A $SS)" "$(reserved 01 02 $SS $A)"
}

@test "255 addresses have room" {
	MTU=9000
	assert_reply "$(reserve 01 ff "$(numbered 0 254)")" \
		"$(reserved 01 ff "$(numbered 0 254)")"
}

@test "a list that exceeds the frame is cut to what fits" {
	MTU=9000
	run_script "$(reserve 01 ff "$(numbered 0 254)")" ":mtu 1500" \
		"$(reserve 00 00)"
	assert_last_replies "$(reserved 00 f8 "$(numbered 0 247)")"
}
