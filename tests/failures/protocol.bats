# Failure stories T30 to T35: the protocol, and whom it trusts.

load ../helper
load failures

A=$INITIATOR_MAC
B=02:00:00:00:00:0b

# The same program under AddressSanitizer, which ends it at the first byte
# that is read or written where it must not be.
setup_file() {
	lab_open
	"${CC:-gcc}" -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DUNCONFINED -O1 \
		-g -pthread -fsanitize=address,undefined \
		-fno-sanitize-recover=all -o "$BATS_FILE_TMPDIR/vblade" \
		"$TESTS/../vblade.c" "$TESTS/../linux.c"
}

teardown_file() { lab_close; }
setup() { IMAGE=$(image 64); }
teardown() { serve_end; }

sanitized() {
	VBLADE=$BATS_FILE_TMPDIR/vblade
}

# from MAC REQUEST, to MAC REPLY: as if another host were at the wire's end.
from() {
	echo "TT ${1//:/} ${2#TT SS}"
}

to() {
	echo "${1//:/} ${2#SS}"
}

@test "T30 frames of 14 to 60 bytes of every command: silence or an answer" {
	local command frame n
	sanitized
	serve 0 1 eth0 "$IMAGE"
	for command in 00 01 02 03 04 f0 ff; do
		frame=$(hex "TT SS 88a2 10 00 000001 $command 00000000 ff*36")
		for n in $(seq 14 60); do
			echo "${frame:0:$((2 * n))}"
		done
	done >"$BATS_TEST_TMPDIR/frames"
	frame -n 0 <"$BATS_TEST_TMPDIR/frames"
	reads 7
	alive
	lacks 'Sanitizer|runtime error' "$(cat "$ERR")"
	same "$(sectors 0 64)" "$(stored "$IMAGE" 0 64)"
}

@test "T30 responses and other versions are met with silence" {
	local version
	sanitized
	serve 0 1 eth0 "$IMAGE"
	expect_silence "TT SS 88a2 18 00 000001 01 00000000 @60" \
		"TT SS 88a2 1c 01 000001 00 00000000 @60" \
		"TT SS 88a2 18 00 000001 00 00000000 @60"
	for version in 00 20 f0; do
		expect_silence "TT SS 88a2 $version 00 ${ADDRESS} 01 $TAG @60"
	done
	reads 7
}

@test "T30 vendor commands: one error each, short, and none to a wildcard" {
	local command
	sanitized
	serve 0 1 eth0 "$IMAGE"
	for command in 04 f0 f3 ff; do
		expect "$(request $command "ee*1400")" \
			"SS TT 88a2 1c 01 000001 $command $TAG @60"
		expect_silence "$(ADDRESS=ffffff request $command "ee*1400")"
	done
}

@test "T31 an edit that claims 200 directives in 60 bytes is rejected whole" {
	local stale
	sanitized
	serve 0 1 eth0 "$IMAGE"
	# What an earlier frame left must not become a directive.
	stale=$(request 02 "00 00 00 00 $(printf '0001020000000099%.0s' {1..100})")
	query "$stale" >/dev/null
	expect "$(request 02 "00 01 00 c8 @60")" \
		"SS TT 88a2 1c 02 000001 02 $TAG 00 01 00 00 @60"
	expect "$(request 02 "00 00 00 00")" \
		"$(response 02 "00 00 00 00 @60")"
	alive
}

# reserves WHO COMMAND HOLDERS..., held WHO COMMAND HOLDERS...: the request
# and its reply.
reserves() {
	local who=$1 command=$2
	shift 2
	from "$who" "$(request 03 "$command $(be8 $#) ${*//:/}")"
}

held() {
	local who=$1 command=$2
	shift 2
	to "$who" "$(response 03 "$command $(be8 $#) ${*//:/} @60")"
}

@test "T32 a reservation keeps others out, until its holder releases it" {
	serve 0 1 eth0 "$IMAGE"
	expect "$(reserves "$A" 01 "$A")" "$(held "$A" 01 "$A")"
	expect "$(from "$B" "$(ata_read 7 1)")" \
		"$(to "$B" "SS TT 88a2 1c 06 000001 00 $TAG 40 04 01 41 $(lba 7)
			0000 @60")"
	expect "$(from "$B" "$(ata_write 7 1 'ee*512')")" \
		"$(to "$B" "SS TT 88a2 1c 06 000001 00 $TAG 41 04 01 41 $(lba 7)
			0000 @60")"
	same 548 $(($(query "$(from "$B" "$(identify)")" | wc -c) / 2))
	same 60 $(($(query "$(from "$B" "$(config_read)")" | wc -c) / 2))
	expect "$(reserves "$B" 01 "$B")" "$(to "$B" \
		"SS TT 88a2 1c 06 000001 03 $TAG 01 01 ${A//:/} @60")"
	reads 7
	expect "$(reserves "$A" 01)" "$(held "$A" 01)"
	expect "$(from "$B" "$(ata_read 7 1)")" \
		"$(to "$B" "$(ata_data 7 1 "$(sectors 7 1)")")"
	same "$(sectors 7 1)" "$(stored "$IMAGE" 7 1)"
}

@test "T32 a restart forgets the reservation" {
	serve 0 1 eth0 "$IMAGE"
	expect "$(reserves "$B" 01 "$B")" "$(held "$B" 01 "$B")"
	stop
	serve 0 1 eth0 "$IMAGE"
	expect "$(reserves "$A" 00)" "$(held "$A" 00)"
	reads 7
}

# sets COMMAND LENGTH STRING, told LENGTH STRING
sets() {
	request 01 "0000 0000 00 $1 $(be16 "$2") $3"
}

told() {
	response 01 "0040 0100 02 1$1 $(be16 "$2") $3 @60"
}

@test "T33 a second owner gets error 4 and the string of the first" {
	serve 0 1 eth0 "$IMAGE"
	expect "$(sets 03 4 61626364)" "$(told 3 4 61626364)"
	expect "$(from "$B" "$(sets 03 4 65666768)")" "$(to "$B" \
		"SS TT 88a2 1c 04 000001 01 $TAG 0040 0100 02 13 0004 61626364
			@60")"
	expect "$(sets 03 4 61626364)" "$(told 3 4 61626364)"
	expect "$(sets 01 4 61626364)" "$(told 1 4 61626364)"
	expect "$(sets 02 2 6162)" "$(told 2 4 61626364)"
	expect_silence "$(sets 01 4 65666768)" "$(sets 01 3 616263)" \
		"$(sets 02 2 6163)" "$(sets 02 5 6162636465)"
}

@test "T33 a string of 1024 bytes is kept, one of 1025 ignored" {
	serve 0 1 eth0 "$IMAGE"
	expect "$(sets 04 1024 '61*1024')" "$(told 4 1024 '61*1024')"
	expect_silence "$(sets 04 1025 '62*1025')"
	expect_silence "$(sets 04 100 '62*99')"
	expect "$(config_read)" "$(told 0 1024 '61*1024')"
}

@test "T34 a second target of our address is told by its MAC, once" {
	local first
	serve 0 1 eth0 "$IMAGE"
	first=$ERR
	background "$INITIATOR_NS" "$VBLADE" -r 0 1 eth0 "$(image 32)"
	until_true 10 serve_ready "$OUT"
	said "$TARGET_MAC exports e0.1 too" 1
	ERR=$first
	said "$INITIATOR_MAC exports e0.1 too" 1
}

@test "T35 replies have 60 bytes at least, and what follows is zero" {
	local reply
	serve 0 1 eth0 "$IMAGE"
	# What read replies leave behind would show.
	query "$(ata_write 1 2 'ee*1024')" >/dev/null
	yes "$(ata_read 1 2)" | head -n 200 | frame -n 200 >/dev/null
	query "$(ata_write 1 2 'ee*1024')" "$(ata_flush)" "$(config_read)" \
		"$(request 02 "00 00 00 00")" "$(request 03 "00 00")" \
		"$(ata_read 99 1)" "$(request 77 ee*100)" |
		while read -r reply; do
			same 60 $((${#reply} / 2)) "length"
			same "" "$(tr -d 0 <<<"${reply:88}")" "padding"
		done
}

@test "T35 the serial number stays over a restart" {
	local before
	serve 0 1 eth0 "$IMAGE"
	before=$(query "$(identify)")
	stop
	serve 0 1 eth0 "$IMAGE"
	same "$before" "$(query "$(identify)")"
}

@test "T35 a restart costs a client that sends again only time" {
	local load target told
	IMAGE=$BATS_TEST_TMPDIR/zeroes
	truncate -s 1M "$IMAGE"
	serve 0 1 eth0 "$IMAGE"
	target=$PID
	background "$INITIATOR_NS" "$TESTS/load" -m mixed -u -r -d 600 -w 4 \
		-t 100 -S 5 -p 5 0 1 eth0
	load=$PID told=$OUT
	for _ in 1 2 3; do
		until_true 10 received_more $(($(received) + 200))
		stop "$target"
		serve 0 1 eth0 "$IMAGE"
		target=$PID
	done
	until_true 10 received_more $(($(received) + 200))
	kill "$load"
	ended "$load"
	holds " errors=0 bad=0 mismatches=0 retransmits=[1-9]" \
		"$(cat "$told" "${told%out}err")"
}
