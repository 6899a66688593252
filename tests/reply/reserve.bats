# Reserve/Release: who may do I/O.

load reply

setup() { disk 64; }

A=0200000000a1 B=0200000000a2
SELF=020000000001

# ask RCMD COUNT MAC..., told RCMD COUNT MAC...
ask() {
	request 03 "$*"
}

told() {
	response 03 "$* @60"
}

error() {
	echo "SS TT 88a2 1c $1 $ADDRESS 03 $TAG $2 @60"
}

from() {
	echo "TT $1 ${2#TT SS}"
}

to() {
	echo "$1 ${2#SS}"
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
	expect "$(ask 00 00)" "$(told 00 00)"
}

@test "read: addresses are neither needed nor stored" {
	play "$(ask 00 01 $A)" "$(ask 00 ff)"
	replies "$(told 00 00)" "$(told 00 00)"
}

@test "set: the list in the reply has the holders in their order" {
	play "$(ask 01 02 $B $SELF)" "$(ask 00 00)"
	replies "$(told 01 02 $B $SELF)" "$(told 00 02 $B $SELF)"
}

@test "set: the requester need not be in it" {
	expect "$(ask 01 01 $A)" "$(told 01 01 $A)"
}

@test "set: a holder may change it" {
	play "$(ask 01 02 $A $SELF)" "$(ask 01 01 $B)"
	replies "$(told 01 02 $A $SELF)" "$(told 01 01 $B)"
}

@test "set: each holder may, whatever the order" {
	play "$(ask 01 03 0200000000ff $SELF $A)" \
		"$(from $A "$(ask 01 02 $SELF $A)")" \
		"$(ask 01 01 $SELF)"
	replies "$(told 01 03 0200000000ff $SELF $A)" \
		"$(to $A "$(told 01 02 $SELF $A)")" "$(told 01 01 $SELF)"
}

@test "set: a holder may release it" {
	play "$(ask 01 01 $SELF)" "$(ask 01 00)"
	replies "$(told 01 01 $SELF)" "$(told 01 00)"
}

@test "set: anybody else gets error 6 and the holders" {
	play "$(ask 01 02 $A $B)" "$(ask 01 01 $SELF)" "$(ask 00 00)"
	replies "$(told 01 02 $A $B)" "$(error 06 "01 02 $A $B")" \
		"$(told 00 02 $A $B)"
}

@test "set: nobody else can release it" {
	play "$(ask 01 01 $A)" "$(ask 01 00)"
	replies "$(told 01 01 $A)" "$(error 06 "01 01 $A")"
}

@test "force: anybody may" {
	play "$(ask 01 01 $A)" "$(ask 02 01 $SELF)" "$(ask 00 00)"
	replies "$(told 01 01 $A)" "$(told 02 01 $SELF)" "$(told 00 01 $SELF)"
}

@test "force: anybody may release it" {
	play "$(ask 01 01 $A)" "$(ask 02 00)"
	replies "$(told 01 01 $A)" "$(told 02 00)"
}

@test "more addresses than the frame has are error 2 and change nothing" {
	play "$(ask 01 02 $A $B)" "$(ask 02 02 $A 02000000)" "$(ask 02 01)" \
		"$(ask 02 ff $A)" "$(ask 01 ff)" "$(ask 00 00)"
	replies "$(told 01 02 $A $B)" "$(error 02 "02 00")" \
		"$(error 02 "02 00")" "$(error 02 "02 00")" \
		"$(error 02 "01 00")" "$(told 00 02 $A $B)"
}

@test "addresses beyond the count are not stored" {
	expect "$(ask 01 01 $A $B)" "$(told 01 01 $A)"
}

@test "an unknown command is error 2 and changes nothing" {
	play "$(ask 03 01 $A)" "$(ask ff 00)" "$(ask 00 00)"
	replies "$(error 02 "03 00")" "$(error 02 "ff 00")" "$(told 00 00)"
}

@test "others get error 6 for reads and writes" {
	play "$(ask 01 01 $SELF)" "$(from $A "$(ata_read 3 1)")" \
		"$(from $A "$(ata_write 3 1 'ee*512')")" \
		"$(from $A "$(request 00 "00 00 01 20 030000e00000 0000")")" \
		"$(from $A "$(request 00 "01 00 01 30 030000e00000 0000 \
			ee*512")")"
	replies "$(told 01 01 $SELF)" "$(denied 40 01 030000000000)" \
		"$(denied 41 01 030000000000)" "$(denied 00 01 030000e00000)" \
		"$(denied 01 01 030000e00000)"
	untouched
}

@test "others get error 6 for every other ATA command" {
	local opcode requests=() answers=()
	for opcode in e5 e7 ea ef b0 00; do
		requests+=("$(from $A "$(request 00 \
			"00 02 00 $opcode 000000000000 0000")")")
		answers+=("$(denied 00 00 000000000000)")
	done
	play "$(ask 01 01 $SELF)" "${requests[@]}"
	replies "$(told 01 01 $SELF)" "${answers[@]}"
}

@test "others may still IDENTIFY" {
	play "$(ask 01 01 $SELF)" "$(from $A "$(identify)")"
	holds "^$(hex "$(to $A "$(response 00 "00 00 01 40 000000a00000")")")" \
		"$(tail -n 1 "$FRAMES")"
	same 1097 "$(tail -n 1 "$FRAMES" | wc -c)"
}

@test "Config, Mask and Reserve are not forbidden to others" {
	play "$(ask 01 01 $SELF)" "$(from $A "$(config_read)")" \
		"$(from $A "$(request 02 "00 00 00 00")")" \
		"$(from $A "$(ask 00 00)")"
	replies "$(told 01 01 $SELF)" \
		"$(to $A "$(response 01 "0040 0100 02 10 0000 @60")")" \
		"$(to $A "$(response 02 "00 00 00 00 @60")")" \
		"$(to $A "$(told 00 01 $SELF)")"
}

@test "each holder may read and write" {
	play "$(ask 01 02 0200000000ff $SELF)" "" \
		"$(ata_write 3 1 'ee*512')" "" \
		"$(from 0200000000ff "$(ata_read 3 1)")"
	replies "$(told 01 02 0200000000ff $SELF)" "$(ata_written 3 1)" \
		"$(to 0200000000ff "$(ata_data 3 1 'ee*512')")"
}

@test "after the release others may write" {
	play "$(ask 01 01 $SELF)" "" "$(ask 01 00)" "" \
		"$(from $A "$(ata_write 3 1 'ee*512')")"
	replies "$(told 01 01 $SELF)" "$(told 01 00)" \
		"$(to $A "$(ata_written 3 1)")"
}

@test "an address given twice is a holder once" {
	expect "$(ask 01 03 $SELF $A $SELF)" "$(told 01 02 $SELF $A)"
}

@test "255 holders have room" {
	MTU=9000
	expect "$(ask 01 ff "$(numbered 0 254)")" \
		"$(told 01 ff "$(numbered 0 254)")"
}

@test "a list that exceeds the frame is cut to what fits it" {
	MTU=9000
	play "$(ask 01 ff "$(numbered 0 254)")" ":mtu 1500" "$(ask 00 00)"
	same "$(hex "$(told 00 f8 "$(numbered 0 247)")")" \
		"$(tail -n 1 "$FRAMES")"
}
