# MAC Mask List: which initiators are allowed.

load reply

setup() { export_image 64; }

# read_list, edit COUNT DIRECTIVE...: the requests.
# list COUNT ENTRY..., edited COUNT ENTRY...: the replies of success to them.
# stopped ERROR INDEX: the reply to an edit that a directive stopped.
# error_2 COMMAND: AoE error 2.
read_list() {
	request 02 "00 00 00 00"
}

edit() {
	request 02 "00 01 00 $*"
}

list() {
	response 02 "00 00 00 $* @60"
}

edited() {
	response 02 "00 01 00 $* @60"
}

stopped() {
	response 02 "00 01 $1 $2 @60"
}

error_2() {
	echo "SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 $1 00 00 @60"
}

# numbered FIRST LAST DCMD: directives for as many addresses.
numbered() {
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '00 %s 0200000001%02x ' "$3" "$i"
	done
}

@test "read: the list is empty at first" {
	assert_reply "$(read_list)" "$(list 00)"
}

@test "read: directives are neither needed nor executed" {
	run_script "$(request 02 "00 00 00 01 0001 $A")" \
		"$(request 02 "00 00 00 ff")"
	assert_replies "$(list 00)" "$(list 00)"
}

@test "a request's error and reserved bytes are zero in its reply" {
	assert_reply "$(request 02 "dd 00 dd 00")" "$(list 00)"
}

@test "add: addresses are kept in their order" {
	assert_dialog <<-END
		> edit 03 0001 $SS 0001 $B 0001 $A
		< edited 03 0000 $SS 0000 $B 0000 $A
		> read_list
		< list 03 0000 $SS 0000 $B 0000 $A
	END
}

@test "add: an address that is there is not added again" {
	assert_reply "$(edit 03 "0001 $SS 0001 $A 0001 $SS")" \
		"$(edited 02 "0000 $SS 0000 $A")"
}

@test "add: addresses of several requests, all of them allowed" {
	assert_dialog <<-END
		> edit 01 0001 $SS
		< edited 01 0000 $SS
		> edit 01 0001 $A
		< edited 02 0000 $SS 0000 $A
		> edit 01 0001 $B
		< edited 03 0000 $SS 0000 $A 0000 $B
		> $(request_from $A "$(read_list)")
		< $(reply_to $A "$(list 03 "0000 $SS 0000 $A 0000 $B")")
		> $(request_from $B "$(edit 00)")
		< $(reply_to $B "$(edited 03 "0000 $SS 0000 $A 0000 $B")")
	END
}

@test "delete: the first, the last, one between" {
	assert_dialog <<-END
		> edit 04 0001 $SS 0001 $A 0001 $B 0001 $C
		< edited 04 0000 $SS 0000 $A 0000 $B 0000 $C
		> edit 01 0002 $A
		< edited 03 0000 $SS 0000 $B 0000 $C
		> edit 01 0002 $C
		< edited 02 0000 $SS 0000 $B
		> edit 02 0001 $A 0002 $SS
		< edited 02 0000 $B 0000 $A
	END
}

@test "delete: the only one opens the target to all" {
	assert_dialog <<-END
		> edit 01 0001 $SS
		< edited 01 0000 $SS
		> edit 01 0002 $SS
		< edited 00
		> $(request_from $A "$(read_list)")
		< $(reply_to $A "$(list 00)")
	END
}

@test "delete: what is not there succeeds" {
	assert_reply "$(edit 02 "0001 $SS 0002 $A")" "$(edited 01 "0000 $SS")"
	assert_reply "$(edit 01 "0002 $A")" "$(edited 00)"
}

@test "directives take effect in their order" {
	assert_reply "$(edit 05 "0001 $SS 0002 $SS 0001 $A 0001 $SS 0002 $A")" \
		"$(edited 01 "0000 $SS")"
}

@test "directive 0 does nothing" {
	assert_reply "$(edit 02 "0000 $A 0001 $SS")" "$(edited 01 "0000 $SS")"
}

@test "an edit without directives is a read" {
	assert_reply "$(edit 00)" "$(edited 00)"
}

@test "a bad directive is reported by its index; those before it stay" {
	assert_dialog <<-END
		> edit 02 00ff $A 0001 $B
		< stopped 02 00
		> edit 03 0001 $SS 0003 $A 0001 $B
		< stopped 02 01
		> read_list
		< list 01 0000 $SS
	END
}

@test "more directives than the frame has are error 2 and change nothing" {
	assert_dialog <<-END
		> edit 14 0001 $A 0001 $B @60
		< error_2 01
		> edit 05 0001 $A 0001 02
		< error_2 01
		> edit ff 0001 $A
		< error_2 01
		> read_list
		< list 00
	END
}

@test "directives beyond the count are not executed" {
	assert_reply "$(edit 01 "0001 $SS 0001 $A")" "$(edited 01 "0000 $SS")"
}

@test "an unknown mask command is error 2" {
	assert_dialog <<-END
		> request 02 00020001
		< error_2 02
		> request 02 00ff0000
		< error_2 ff
		> read_list
		< list 00
	END
}

@test "an initiator that is not in the list gets no reply to any command" {
	run_script "$(edit 01 "0001 $A")" "$(read_list)" "$(config_read)" \
		"$(identify)" "$(ata_write 3 1 'ee*512')" \
		"$(request 01 "0000 0000 00 04 0001 61")" \
		"$(request 03 "02 01 $SS")" "$(edit 01 "0001 $SS")" \
		"$(request 07 "")"
	assert_replies "$(edited 01 "0000 $A")"
	assert_unchanged
}

@test "an initiator that is in the list gets replies" {
	run_script "$(edit 02 "0001 $SS 0001 $A")" "" "$(ata_read 3 1)"
	assert_replies "$(edited 02 "0000 $SS 0000 $A")" "$(ata_data 3 1)"
}

@test "255 addresses have room, the 256th has not" {
	MTU=9000
	run_script "$(edit ff "$(numbered 0 253 01) 0001 $SS")" \
		"$(edit 02 "0001 $SS 0001 $A")"
	assert_replies "$(edited ff "$(numbered 0 253 00) 0000 $SS")" \
		"$(stopped 03 01)"
}

@test "a full list: the last one can be deleted and another be added" {
	MTU=9000
	run_script "$(edit ff "0001 $SS $(numbered 0 253 01)")" \
		"$(edit 02 "0002 0200000001fd 0001 $A")"
	assert_replies "$(edited ff "0000 $SS $(numbered 0 253 00)")" \
		"$(edited ff "0000 $SS $(numbered 0 252 00) 0000 $A")"
}

@test "a list that exceeds the frame is cut to what fits" {
	MTU=9000
	run_script "$(edit c8 "$(numbered 0 198 01) 0001 $SS")" ":mtu 1500" \
		"$(read_list)"
	assert_last_replies "$(list b9 "$(numbered 0 184 00)")"
}

@test "with -m only these are allowed" {
	OPTIONS+=(-m "$A,$B")
	run_script "$(read_list)" "$(request_from $B "$(config_read)")"
	assert_replies "$(reply_to $B "$(config_answer)")"
}

@test "with -m the list can be read, but not edited" {
	OPTIONS+=(-m "02:00:00:00:00:01,$A")
	assert_dialog <<-END
		> read_list
		< list 02 0000 $SS 0000 $A
		> edit 01 0001 $B
		< stopped 01 00
		> edit 02 0002 $A 0001 $B
		< stopped 01 00
		> read_list
		< list 02 0000 $SS 0000 $A
	END
}
