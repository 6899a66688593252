# MAC Mask List: who is heard.

load reply

setup() { export_image 64; }

A=0200000000a1 B=0200000000a2 C=0200000000a3
SELF=020000000001

# read_list, edit COUNT DIRECTIVE...: the requests.
# list COUNT ENTRY...: the reply of success to COMMAND, by default an edit.
read_list() {
	request 02 "00 00 00 00"
}

edit() {
	request 02 "00 01 00 $*"
}

list() {
	response 02 "00 ${COMMAND:-01} 00 $* @60"
}

stopped() {
	response 02 "00 01 $1 $2 @60"
}

# numbered FIRST LAST DCMD: directives for as many addresses.
numbered() {
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '00 %s 0200000001%02x ' "$3" "$i"
	done
}

@test "read: at first the list is empty" {
	assert_reply "$(read_list)" "$(COMMAND=00 list 00)"
}

@test "read: directives are neither needed nor carried out" {
	run_script "$(request 02 "00 00 00 01 0001 $A")" \
		"$(request 02 "00 00 00 ff")"
	assert_replies "$(COMMAND=00 list 00)" "$(COMMAND=00 list 00)"
}

@test "a request's error and reserved bytes are zero in its reply" {
	assert_reply "$(request 02 "dd 00 dd 00")" "$(COMMAND=00 list 00)"
}

@test "add: the list in the reply has it" {
	assert_reply "$(edit 01 "0001 $SELF")" "$(list 01 "0000 $SELF")"
}

@test "add: three addresses are kept in their order" {
	run_script "$(edit 03 "0001 $SELF 0001 $B 0001 $A")" "$(read_list)"
	assert_replies "$(list 03 "0000 $SELF 0000 $B 0000 $A")" \
		"$(COMMAND=00 list 03 "0000 $SELF 0000 $B 0000 $A")"
}

@test "add: an address that is there is not added again" {
	assert_reply "$(edit 03 "0001 $SELF 0001 $A 0001 $SELF")" \
		"$(list 02 "0000 $SELF 0000 $A")"
}

@test "add: five in five requests are five, and each is heard" {
	run_script "$(edit 01 "0001 $SELF")" "$(edit 01 "0001 $A")" \
		"$(edit 01 "0001 $B")" "$(edit 01 "0001 $C")" \
		"$(edit 01 "0001 0200000000a4")" \
		"$(request_from $A "$(read_list)")" \
		"$(request_from 0200000000a4 "$(edit 00)")"
	assert_equal "$(hex "$(reply_to $A "$(COMMAND=00 list 05 "0000 $SELF 0000 $A \
			0000 $B 0000 $C 0000 0200000000a4")")" \
		"$(reply_to 0200000000a4 "$(list 05 "0000 $SELF 0000 $A 0000 $B \
			0000 $C 0000 0200000000a4")")")" \
		"$(tail -n 2 "$FRAMES")"
}

@test "delete: the first, the last, one between" {
	run_script "$(edit 04 "0001 $SELF 0001 $A 0001 $B 0001 $C")" \
		"$(edit 01 "0002 $A")" "$(edit 01 "0002 $C")" \
		"$(edit 02 "0001 $A 0002 $SELF")"
	assert_replies "$(list 04 "0000 $SELF 0000 $A 0000 $B 0000 $C")" \
		"$(list 03 "0000 $SELF 0000 $B 0000 $C")" \
		"$(list 02 "0000 $SELF 0000 $B")" \
		"$(list 02 "0000 $B 0000 $A")"
}

@test "delete: the only one opens the target to all" {
	run_script "$(edit 01 "0001 $SELF")" "$(edit 01 "0002 $SELF")" \
		"$(request_from $A "$(read_list)")"
	assert_replies "$(list 01 "0000 $SELF")" "$(list 00)" \
		"$(reply_to $A "$(COMMAND=00 list 00)")"
}

@test "delete: what is not there is a success" {
	assert_reply "$(edit 02 "0001 $SELF 0002 $A")" "$(list 01 "0000 $SELF")"
	assert_reply "$(edit 01 "0002 $A")" "$(list 00)"
}

@test "directives take effect in their order" {
	assert_reply "$(edit 05 "0001 $SELF 0002 $SELF 0001 $A 0001 $SELF 0002 $A")" \
		"$(list 01 "0000 $SELF")"
}

@test "the directive 0 does nothing" {
	assert_reply "$(edit 02 "0000 $A 0001 $SELF")" "$(list 01 "0000 $SELF")"
}

@test "an edit without directives is a read" {
	assert_reply "$(edit 00)" "$(list 00)"
}

@test "a bad directive is told by its index; those before it stay" {
	run_script "$(edit 03 "0001 $SELF 0003 $A 0001 $B")" "$(read_list)"
	assert_replies "$(stopped 02 01)" "$(COMMAND=00 list 01 "0000 $SELF")"
}

@test "the first directive may be the bad one" {
	run_script "$(edit 02 "00ff $A 0001 $B")" "$(read_list)"
	assert_replies "$(stopped 02 00)" "$(COMMAND=00 list 00)"
}

@test "more directives than the frame has are error 2 and change nothing" {
	run_script "$(edit 14 "0001 $A 0001 $B @60")" \
		"$(edit 02 "0001 $A 0001 02")" \
		"$(edit 01)" "$(edit ff "0001 $A")" "$(read_list)"
	assert_replies "SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 01 00 00 @60" \
		"SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 01 00 00 @60" \
		"SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 01 00 00 @60" \
		"SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 01 00 00 @60" \
		"$(COMMAND=00 list 00)"
}

@test "directives beyond the count are not carried out" {
	assert_reply "$(edit 01 "0001 $SELF 0001 $A")" "$(list 01 "0000 $SELF")"
}

@test "an unknown mask command is error 2" {
	run_script "$(request 02 "00 02 00 01 0001 $A")" \
		"$(request 02 "00 ff 00 00")" \
		"$(read_list)"
	assert_replies "SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 02 00 00 @60" \
		"SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 ff 00 00 @60" \
		"$(COMMAND=00 list 00)"
}

@test "who is not in the list is not heard, whatever he asks" {
	run_script "$(edit 01 "0001 $A")" "$(read_list)" "$(config_read)" \
		"$(identify)" "$(ata_write 3 1 'ee*512')" \
		"$(request 01 "0000 0000 00 04 0001 61")" \
		"$(request 03 "02 01 $SELF")" "$(edit 01 "0001 $SELF")" \
		"$(request 07 "")"
	assert_replies "$(list 01 "0000 $A")"
	assert_unchanged
}

@test "who is in the list is heard" {
	run_script "$(edit 02 "0001 $SELF 0001 $A")" "" "$(ata_read 3 1)"
	assert_replies "$(list 02 "0000 $SELF 0000 $A")" \
		"$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "255 addresses have room, the 256th has not" {
	MTU=9000
	run_script "$(edit ff "$(numbered 0 253 01) 0001 $SELF")" \
		"$(edit 02 "0001 $SELF 0001 $A")"
	assert_replies "$(list ff "$(numbered 0 253 00) 0000 $SELF")" \
		"$(stopped 03 01)"
}

@test "a full list: the last one can be deleted and another be added" {
	MTU=9000
	run_script "$(edit ff "0001 $SELF $(numbered 0 253 01)")" \
		"$(edit 02 "0002 0200000001fd 0001 $A")"
	assert_replies "$(list ff "0000 $SELF $(numbered 0 253 00)")" \
		"$(list ff "0000 $SELF $(numbered 0 252 00) 0000 $A")"
}

@test "a list that exceeds the frame is cut to what fits it" {
	MTU=9000
	run_script "$(edit c8 "$(numbered 0 198 01) 0001 $SELF")" ":mtu 1500" \
		"$(read_list)"
	assert_equal "$(hex "$(COMMAND=00 list b9 "$(numbered 0 184 00)")")" \
		"$(tail -n 1 "$FRAMES")"
}

@test "with -m only these are heard" {
	OPTIONS+=(-m "$A,$B")
	run_script "$(read_list)" "$(request_from $B "$(config_read)")"
	assert_replies "$(reply_to $B "$(response 01 "0040 0100 02 10 0000 @60")")"
}

@test "with -m the list is read, with its addresses in their order" {
	OPTIONS+=(-m "02:00:00:00:00:01,0200000000a2")
	assert_reply "$(read_list)" "$(COMMAND=00 list 02 "0000 $SELF 0000 $B")"
}

@test "with -m an edit is MError 1 and changes nothing" {
	OPTIONS+=(-m "$SELF,$A")
	run_script "$(edit 01 "0001 $B")" "$(edit 02 "0002 $A 0001 $B")" \
		"$(read_list)"
	assert_replies "$(stopped 01 00)" "$(stopped 01 00)" \
		"$(COMMAND=00 list 02 "0000 $SELF 0000 $A")"
}
