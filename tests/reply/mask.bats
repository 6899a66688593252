# MAC Mask List: which initiators are allowed.

load reply

# list, edit COUNT DIRECTIVE...: a read or an edit, and its reply of success.
ask_list() { request 02 "00 00 00 $*"; }
ask_edit() { request 02 "00 01 00 $*"; }
answer_list() { response 02 "00 00 00 $* @60"; }
answer_edit() { response 02 "00 01 00 $* @60"; }

# stopped ERROR INDEX: the reply to an edit that a directive stopped.
answer_stopped() { response 02 "00 01 $1 $2 @60"; }

# error COMMAND: AoE error 2.
answer_error() { echo "SS TT 88a2 1c 02 $ADDRESS 02 $TAG 00 $1 00 00 @60"; }

@test "read: nothing of the request is executed or returned" {
	assert_dialog <<-END
		= list 00
		list 01 0001 $A -> list 00
		list ff -> list 00
		$(request 02 "dd 00 dd 00") -> list 00
		= edit 00
	END
}

@test "add: addresses are kept in their order, and none twice" {
	assert_dialog <<-END
		> edit 04 0001 $SS 0001 $B 0001 $A 0001 $B
		< edit 03 0000 $SS 0000 $B 0000 $A
		list 00 -> list 03 0000 $SS 0000 $B 0000 $A
	END
}

@test "add: addresses of several requests, all of them allowed" {
	assert_dialog <<-END
		edit 01 0001 $SS -> edit 01 0000 $SS
		edit 01 0001 $A -> edit 02 0000 $SS 0000 $A
		edit 01 0001 $B -> edit 03 0000 $SS 0000 $A 0000 $B
		from $A list 00 -> from $A list 03 0000 $SS 0000 $A 0000 $B
		from $B edit 00 -> from $B edit 03 0000 $SS 0000 $A 0000 $B
	END
}

@test "delete: the first, the last, one between" {
	assert_dialog <<-END
		> edit 04 0001 $SS 0001 $A 0001 $B 0001 $C
		< edit 04 0000 $SS 0000 $A 0000 $B 0000 $C
		edit 01 0002 $A -> edit 03 0000 $SS 0000 $B 0000 $C
		edit 01 0002 $C -> edit 02 0000 $SS 0000 $B
		edit 02 0001 $A 0002 $SS -> edit 02 0000 $B 0000 $A
	END
}

@test "delete: what is not there succeeds; an empty list is open to all" {
	assert_dialog <<-END
		edit 02 0001 $SS 0002 $A -> edit 01 0000 $SS
		edit 01 0002 $SS -> edit 00
		= from $A list 00
		edit 01 0002 $A -> edit 00
	END
}

@test "directives take effect in their order, up to the count; 0 does nothing" {
	assert_reply "edit 06 0001 $SS 0002 $SS 0001 $A 0001 $SS 0000 $B \
		0002 $A 0001 $C" "edit 01 0000 $SS"
}

@test "a bad directive is reported by its index; those before it stay" {
	assert_dialog <<-END
		edit 02 00ff $A 0001 $B -> stopped 02 00
		edit 03 0001 $SS 0003 $A 0001 $B -> stopped 02 01
		list 00 -> list 01 0000 $SS
	END
}

@test "more directives than the frame has, and unknown commands, are error 2" {
	assert_dialog <<-END
		edit 14 0001 $A 0001 $B @60 -> error 01
		edit 05 0001 $A 0001 02 -> error 01
		edit ff 0001 $A -> error 01
		edit 05 $(numbered 0 3 0001) 0001 0200000001 -> error 01
		$(request 02 "00 02 00 01 0001 $A") -> error 02
		$(request 02 "00 ff 00 00") -> error ff
		= list 00
	END
}

@test "only an initiator that is in the list gets replies, to any command" {
	run_script "edit 01 0001 $A" "list 00" query identify "write 3 1" \
		"$(request 01 "0000 0000 00 04 0001 61")" \
		"$(request 03 "02 01 $SS")" "edit 01 0001 $SS" \
		"$(request 07 "")" "from $A read 3 1"
	assert_replies "edit 01 0000 $A" "from $A read 3 1"
	assert_unchanged
}

@test "255 addresses have room, the 256th has not, until one is deleted" {
	MTU=9000
	run_script "edit ff 0001 $SS $(numbered 0 253 0001)" \
		"edit 02 0001 $SS 0001 $A" "edit 02 0002 0200000001fd 0001 $A"
	assert_replies "edit ff 0000 $SS $(numbered 0 253 0000)" \
		"stopped 03 01" \
		"edit ff 0000 $SS $(numbered 0 252 0000) 0000 $A"
}

@test "a list that exceeds the frame is cut to what fits" {
	MTU=9000
	run_script "edit c8 $(numbered 0 198 0001) 0001 $SS" ":mtu 1500" \
		"list 00"
	assert_last_replies "list b9 $(numbered 0 184 0000)"
}

@test "with -m only these are allowed; the list can be read, but not edited" {
	local list="list 03 0000 $SS 0000 $A 0000 0abbccddee0f"
	OPTIONS+=(-m "02:00:00:00:00:01,$A,0A:bB:cC:dD:eE:0f")
	assert_dialog <<-END
		> from $B query
		= from $A query
		list 00 -> $list
		edit 01 0001 $B -> stopped 01 00
		edit 02 0002 $A 0001 $B -> stopped 01 00
		list 00 -> $list
	END
}
