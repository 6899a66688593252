# Reserve/Release: who may do I/O.

load reply

setup() { export_image 64; }

A=0200000000a1 B=0200000000a2
SELF=020000000001

# reserve_request RCMD COUNT MAC..., told RCMD COUNT MAC...
reserve_request() {
	request 03 "$*"
}

reserve_reply() {
	response 03 "$* @60"
}

error() {
	echo "SS TT 88a2 1c $1 $ADDRESS 03 $TAG $2 @60"
}

numbered() {
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '0200000001%02x ' "$i"
	done
}

# denied FLAGS COUNT LBA: an ATA command that the reservation forbids.
denied() {
	echo "$A TT 88a2 1c 06 $ADDRESS 00 $TAG $1 04 $2 41 $3 0000 @60"
}

@test "read: at first nobody holds it" {
	assert_reply "$(reserve_request 00 00)" "$(reserve_reply 00 00)"
}

@test "read: addresses are neither needed nor stored" {
	run_script "$(reserve_request 00 01 $A)" "$(reserve_request 00 ff)"
	assert_replies "$(reserve_reply 00 00)" "$(reserve_reply 00 00)"
}

@test "set: the list in the reply has the holders in their order" {
	run_script "$(reserve_request 01 02 $B $SELF)" \
		"$(reserve_request 00 00)"
	assert_replies "$(reserve_reply 01 02 $B $SELF)" \
		"$(reserve_reply 00 02 $B $SELF)"
}

@test "set: the requester need not be in it" {
	assert_reply "$(reserve_request 01 01 $A)" "$(reserve_reply 01 01 $A)"
}

@test "set: a holder may change it" {
	run_script "$(reserve_request 01 02 $A $SELF)" \
		"$(reserve_request 01 01 $B)"
	assert_replies "$(reserve_reply 01 02 $A $SELF)" \
		"$(reserve_reply 01 01 $B)"
}

@test "set: each holder may, whatever the order" {
	run_script "$(reserve_request 01 03 0200000000ff $SELF $A)" \
		"$(request_from $A "$(reserve_request 01 02 $SELF $A)")" \
		"$(reserve_request 01 01 $SELF)"
	assert_replies "$(reserve_reply 01 03 0200000000ff $SELF $A)" \
		"$(reply_to $A "$(reserve_reply 01 02 $SELF $A)")" \
		"$(reserve_reply 01 01 $SELF)"
}

@test "set: a holder may release it" {
	run_script "$(reserve_request 01 01 $SELF)" "$(reserve_request 01 00)"
	assert_replies "$(reserve_reply 01 01 $SELF)" "$(reserve_reply 01 00)"
}

@test "set: anybody else gets error 6 and the holders" {
	run_script "$(reserve_request 01 02 $A $B)" \
		"$(reserve_request 01 01 $SELF)" "$(reserve_request 00 00)"
	assert_replies "$(reserve_reply 01 02 $A $B)" \
		"$(error 06 "01 02 $A $B")" \
		"$(reserve_reply 00 02 $A $B)"
}

@test "set: nobody else can release it" {
	run_script "$(reserve_request 01 01 $A)" "$(reserve_request 01 00)"
	assert_replies "$(reserve_reply 01 01 $A)" "$(error 06 "01 01 $A")"
}

@test "force: anybody may" {
	run_script "$(reserve_request 01 01 $A)" \
		"$(reserve_request 02 01 $SELF)" "$(reserve_request 00 00)"
	assert_replies "$(reserve_reply 01 01 $A)" \
		"$(reserve_reply 02 01 $SELF)" "$(reserve_reply 00 01 $SELF)"
}

@test "force: anybody may release it" {
	run_script "$(reserve_request 01 01 $A)" "$(reserve_request 02 00)"
	assert_replies "$(reserve_reply 01 01 $A)" "$(reserve_reply 02 00)"
}

@test "more addresses than the frame has are error 2 and change nothing" {
	run_script "$(reserve_request 01 02 $A $B)" \
		"$(reserve_request 02 02 $A 02000000)" \
		"$(reserve_request 02 01)" \
		"$(reserve_request 02 ff $A)" "$(reserve_request 01 ff)" \
		"$(reserve_request 00 00)"
	assert_replies "$(reserve_reply 01 02 $A $B)" "$(error 02 "02 00")" \
		"$(error 02 "02 00")" "$(error 02 "02 00")" \
		"$(error 02 "01 00")" "$(reserve_reply 00 02 $A $B)"
}

@test "addresses beyond the count are not stored" {
	assert_reply "$(reserve_request 01 01 $A $B)" \
		"$(reserve_reply 01 01 $A)"
}

@test "an unknown command is error 2 and changes nothing" {
	run_script "$(reserve_request 03 01 $A)" "$(reserve_request ff 00)" \
		"$(reserve_request 00 00)"
	assert_replies "$(error 02 "03 00")" "$(error 02 "ff 00")" \
		"$(reserve_reply 00 00)"
}

@test "others get error 6 for reads and writes" {
	run_script "$(reserve_request 01 01 $SELF)" \
		"$(request_from $A "$(ata_read 3 1)")" \
		"$(request_from $A "$(ata_write 3 1 'ee*512')")" \
		"$(request_from $A "$(request 00 "00 00 01 20 030000e00000 0000")")" \
		"$(request_from $A "$(request 00 "01 00 01 30 030000e00000 0000 \
			ee*512")")"
	assert_replies "$(reserve_reply 01 01 $SELF)" \
		"$(denied 40 01 030000000000)" \
		"$(denied 41 01 030000000000)" "$(denied 00 01 030000e00000)" \
		"$(denied 01 01 030000e00000)"
	assert_unchanged
}

@test "others get error 6 for every other ATA command" {
	local opcode requests=() answers=()
	for opcode in e5 e7 ea ef b0 00; do
		requests+=("$(request_from $A "$(request 00 \
			"00 02 00 $opcode 000000000000 0000")")")
		answers+=("$(denied 00 00 000000000000)")
	done
	run_script "$(reserve_request 01 01 $SELF)" "${requests[@]}"
	assert_replies "$(reserve_reply 01 01 $SELF)" "${answers[@]}"
}

@test "others may still IDENTIFY" {
	run_script "$(reserve_request 01 01 $SELF)" \
		"$(request_from $A "$(identify)")"
	assert_match "^$(hex "$(reply_to $A "$(response 00 "00 00 01 40 000000a00000")")")" \
		"$(tail -n 1 "$FRAMES")"
	assert_equal 1097 "$(tail -n 1 "$FRAMES" | wc -c)"
}

@test "Config, Mask and Reserve are not forbidden to others" {
	run_script "$(reserve_request 01 01 $SELF)" \
		"$(request_from $A "$(config_read)")" \
		"$(request_from $A "$(request 02 "00 00 00 00")")" \
		"$(request_from $A "$(reserve_request 00 00)")"
	assert_replies "$(reserve_reply 01 01 $SELF)" \
		"$(reply_to $A "$(response 01 "0040 0100 02 10 0000 @60")")" \
		"$(reply_to $A "$(response 02 "00 00 00 00 @60")")" \
		"$(reply_to $A "$(reserve_reply 00 01 $SELF)")"
}

@test "each holder may read and write" {
	run_script "$(reserve_request 01 02 0200000000ff $SELF)" "" \
		"$(ata_write 3 1 'ee*512')" "" \
		"$(request_from 0200000000ff "$(ata_read 3 1)")"
	assert_replies "$(reserve_reply 01 02 0200000000ff $SELF)" \
		"$(ata_written 3 1)" \
		"$(reply_to 0200000000ff "$(ata_data 3 1 'ee*512')")"
}

@test "after the release others may write" {
	run_script "$(reserve_request 01 01 $SELF)" "" \
		"$(reserve_request 01 00)" "" \
		"$(request_from $A "$(ata_write 3 1 'ee*512')")"
	assert_replies "$(reserve_reply 01 01 $SELF)" "$(reserve_reply 01 00)" \
		"$(reply_to $A "$(ata_written 3 1)")"
}

@test "an address given twice is a holder once" {
	assert_reply "$(reserve_request 01 03 $SELF $A $SELF)" \
		"$(reserve_reply 01 02 $SELF $A)"
}

@test "255 holders have room" {
	MTU=9000
	assert_reply "$(reserve_request 01 ff "$(numbered 0 254)")" \
		"$(reserve_reply 01 ff "$(numbered 0 254)")"
}

@test "a list that exceeds the frame is cut to what fits it" {
	MTU=9000
	run_script "$(reserve_request 01 ff "$(numbered 0 254)")" ":mtu 1500" \
		"$(reserve_request 00 00)"
	assert_equal "$(hex "$(reserve_reply 00 f8 "$(numbered 0 247)")")" \
		"$(tail -n 1 "$FRAMES")"
}
