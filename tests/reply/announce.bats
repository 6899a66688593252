# What the target advertises, and what it makes of responses from others.

load reply

# advert DESTINATION [SECTORS]
answer_advert() {
	echo \
		"$1 TT 88a2 18 00 000001 01 00000000 0040 0100 ${2:-02} 10 0000 @60"
}

# assert_adverts FILE FRAME...: the responses in the file are these.
assert_adverts() {
	assert_equal "$(hex "${@:2}")" "$(grep -E '^.{28}18' "$1")" \
		"advertisements"
}

@test "at the start it is advertised to all, once, before the ready line" {
	run_script "read 0 1"
	assert_adverts "$HELLO" "advert ffffffffffff"
	assert_replies "read 0 1"
}

@test "with -m it goes to each address of the list and to no other" {
	OPTIONS=(-m "$A")
	run_script
	assert_adverts "$HELLO" "advert $A"
	OPTIONS=(-m "$SS,$A")
	run_script
	assert_adverts "$HELLO" "advert $SS" "advert $A"
}

@test "it is repeated when the link is up, new, or has a new MTU or address" {
	run_script :down :up
	assert_adverts "$FRAMES" "advert ffffffffffff"
	run_script ":mtu 9000"
	assert_adverts "$FRAMES" "advert ffffffffffff 11"
	run_script ":mac 0200000000bb"
	assert_adverts "$FRAMES" "ffffffffffff 0200000000bb 88a2 18 00 000001 \
		01 00000000 0040 0100 02 10 0000 @60"
	run_script :down ":index 0" ":index 7" :up
	assert_adverts "$FRAMES" "advert ffffffffffff"
	run_script :down ":mtu 9000"
	assert_equal "" "$(cat "$FRAMES")"
}

@test "it is repeated on SIGHUP, with the query, also without sectors" {
	run_script ":truncate 0" :hup
	assert_adverts "$FRAMES" "advert ffffffffffff"
	assert_equal 2 "$(wc -l <"$FRAMES")" "frames"
}

@test "it is repeated with the config string and to the list that were set" {
	run_script "$(request 01 "0000 0000 00 04 0003 616263")" :hup
	assert_last_replies "ffffffffffff TT 88a2 18 00 000001 01 00000000 \
		0040 0100 02 10 0003 616263 @60"
	run_script "$(request 02 "00 01 00 02 0001 $SS 0001 $A")" :hup
	assert_last_replies "advert $SS" "advert $A"
}

@test "to a slow queue the rest of a long list is given up" {
	OPTIONS+=(-m "$(numbered 1 255 , | tr -d ' ' | cut -c 2-)")
	run_script ":slow-send 1000" :hup "from 020000000101 query"
	assert_equal 11 "$(wc -l <"$FRAMES")"
}

@test "the start queries for other targets at the same address" {
	run_script
	assert_match \
		"^$(hex "ffffffffffff TT 88a2 10 00 000001 01")[89a-f].{7}0{72}$" \
		"$(head -n 1 "$HELLO")"
}

# other MAC [DESTINATION]: another target's response for this address.
ask_other() {
	echo "${2:-TT} $1 88a2 18 00 000001 01 $TAG 0040 0100 02 10 0000 @60"
}

@test "a response from another address is logged: the 1st, 2nd, 4th ..." {
	run_script "other $A" "other $B ffffffffffff" "" "other $A" \
		"other $B" "other $A" "other $A" "other $A"
	assert_equal 'duplicate address: 02:00:00:00:00:a1 also exports e0.1;
duplicate address: 02:00:00:00:00:a2 also exports e0.1;
duplicate address: 02:00:00:00:00:a2 also exports e0.1;' \
		"$(grep -o 'duplicate address: .*e0\.1;' "$ERR")"
	assert_equal "" "$(cat "$FRAMES")"
}

@test "no duplicate: another slot, an ATA response, the target's own frames" {
	run_script "ffffffffffff $A 88a2 18 00 000002 01 00000000 \
		0040 0100 02 10 0000 @60" "TT $A 88a2 18 00 000001 00 $TAG @60" \
		"other TT ffffffffffff" ":mac 000000000000" \
		"other 000000000000 ffffffffffff"
	refute_logged duplicate
}

@test "a port that leaves its bridge is not reported" {
	run_script ":master br0" "" :master "" query
	assert_equal 1 "$(grep -c 'is a port of' "$ERR")"
}

@test "a link that is down at the start, and all changes, are logged once" {
	local line script=() lines=(
		"|link down: eth0, address 02:00:00:00:00:02, MTU 1500"
		":up|link up: eth0, address 02:00:00:00:00:02, MTU 1500"
		":mtu 9000|link up: eth0, address 02:00:00:00:00:02, MTU 9000"
		":mac 0200000000bb|link up: eth0, address 02:00:00:00:00:bb, MTU 9000"
		":name wan0|link up: wan0, address 02:00:00:00:00:bb, MTU 9000"
		":master br0|interface is a port of br0: if no requests arrive, use br0 instead"
		":down|link down: wan0, address 02:00:00:00:00:bb, MTU 9000"
		":index 0|interface is gone"
		":index 9|link down: wan0, address 02:00:00:00:00:bb, MTU 9000")
	for line in "${lines[@]}"; do
		script+=("${line%%|*}" "" "")
	done
	MTU=1500,down
	run_script "${script[@]}"
	assert_equal "$(printf 'vblade: e0.1: 1500,down: %s\n' "${lines[@]#*|}")" \
		"$(grep -v -e ': address 02' -e stopping "$ERR")"
}
