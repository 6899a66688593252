# Runs: requests for adjacent sectors share one call to the disk, and one
# that fails fails alone.

load reply

setup() { export_image 64; }

@test "adjacent reads of a batch are one call" {
	run_script "$(ata_read 4 2)" "$(ata_read 6 1)" "$(ata_read 7 2)"
	assert_calls "disk_read 4 5"
	assert_replies "$(ata_data 4 2 "$(sectors 4 2)")" \
		"$(ata_data 6 1 "$(sectors 6 1)")" \
		"$(ata_data 7 2 "$(sectors 7 2)")"
}

@test "adjacent writes of a batch are one call" {
	run_script "$(ata_write 4 1 'aa*512')" "$(ata_write 5 2 'bb*1024')" \
		"$(ata_write 7 1 'cc*512')"
	assert_calls "disk_write 4 4"
	assert_replies "$(ata_written 4 1)" "$(ata_written 5 2)" \
		"$(ata_written 7 1)"
	assert_image "$(sectors 0 4)$(hex 'aa*512 bb*1024 cc*512')$(sectors 8 56)"
}

@test "requests of different batches are not" {
	run_script "$(ata_read 4 1)" "" "$(ata_read 5 1)"
	assert_calls "disk_read 4 1" "disk_read 5 1"
}

@test "a gap ends a run" {
	run_script "$(ata_read 4 1)" "$(ata_read 6 1)" "$(ata_read 7 1)"
	assert_calls "disk_read 4 1" "disk_read 6 2"
	assert_replies "$(ata_data 4 1 "$(sectors 4 1)")" \
		"$(ata_data 6 1 "$(sectors 6 1)")" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
}

@test "the same sectors again end a run" {
	run_script "$(ata_write 4 1 'aa*512')" "$(ata_write 4 1 'bb*512')"
	assert_calls "disk_write 4 1" "disk_write 4 1"
	assert_equal "$(hex 'bb*512')" "$(file_sectors "$DISK" 4 1)"
}

@test "sectors in falling order are no run" {
	run_script "$(ata_read 5 1)" "$(ata_read 4 1)"
	assert_calls "disk_read 5 1" "disk_read 4 1"
}

@test "another direction ends a run" {
	run_script "$(ata_read 4 1)" "$(ata_write 5 1 'aa*512')" \
		"$(ata_read 6 1)"
	assert_calls "disk_read 4 1" "disk_write 5 1" "disk_read 6 1"
}

@test "a read after a write of its sector sees what was written" {
	run_script "$(ata_write 4 1 'aa*512')" "$(ata_read 4 1)"
	assert_replies "$(ata_written 4 1)" "$(ata_data 4 1 'aa*512')"
}

@test "a read before a write of its sector sees what was there" {
	run_script "$(ata_read 4 1)" "$(ata_write 4 1 'aa*512')"
	assert_replies "$(ata_data 4 1 "$(sectors 4 1)")" "$(ata_written 4 1)"
}

@test "a flush ends a run" {
	run_script "$(ata_write 4 1 'aa*512')" "$(ata_flush)" \
		"$(ata_write 5 1 'bb*512')"
	assert_calls "disk_write 4 1" disk_flush "disk_write 5 1"
}

@test "replies of a batch keep the order of its requests" {
	run_script "$(ata_read 4 1)" "$(ata_read 99 1)" "$(ata_read 5 1)"
	assert_replies "$(ata_data 4 1 "$(sectors 4 1)")" \
		"$(ata_failed 40 10 99 1)" "$(ata_data 5 1 "$(sectors 5 1)")"
}

@test "requests of different initiators share a run and get their own" {
	local one other
	one=$(ata_read 4 1) other=$(ata_read 5 1)
	run_script "$one" "TT 0200000000aa ${other#TT SS}"
	assert_calls "disk_read 4 2"
	one=$(ata_data 4 1 "$(sectors 4 1)")
	other=$(ata_data 5 1 "$(sectors 5 1)")
	assert_replies "$one" "0200000000aa ${other#SS}"
}

@test "one batch has more adjacent requests than a run: all are served" {
	local i script=() answers=()
	for i in {0..63}; do
		script+=("$(ata_read "$i" 1)")
		answers+=("$(ata_data "$i" 1 "$(sectors "$i" 1)")")
	done
	run_script "${script[@]}"
	assert_replies "${answers[@]}"
	[ "$(wc -l <"$CALLS")" -le 6 ] || fail "$(cat "$CALLS")"
}

@test "more frames than a batch has are all served" {
	local i script=() answers=()
	for i in {0..199}; do
		script+=("$(ata_read $((i * 7 % 64)) 1)")
		answers+=("$(ata_data $((i * 7 % 64)) 1 \
			"$(sectors $((i * 7 % 64)) 1)")")
	done
	run_script "${script[@]}"
	assert_replies "${answers[@]}"
}

@test "a bad sector in a run of reads fails its request only" {
	run_script ":bad 5" "$(ata_read 4 1)" "$(ata_read 5 2)" \
		"$(ata_read 7 1)"
	assert_replies "$(ata_data 4 1 "$(sectors 4 1)")" \
		"$(ata_failed 40 40 5 2)" "$(ata_data 7 1 "$(sectors 7 1)")"
}

@test "a bad sector in a run of writes fails its request only" {
	run_script ":bad 5" "$(ata_write 4 1 'aa*512')" \
		"$(ata_write 5 2 'bb*1024')" \
		"$(ata_write 7 1 'cc*512')"
	assert_replies "$(ata_written 4 1)" "$(ata_failed 41 04 5 2)" \
		"$(ata_written 7 1)"
	assert_image "$(sectors 0 4)$(hex 'aa*512')$(sectors 5 2)$(hex \
		'cc*512')$(sectors 8 56)"
}

@test "the first and the last of a run may be the bad ones" {
	run_script ":bad 4" "$(ata_read 4 1)" "$(ata_read 5 1)" \
		"$(ata_read 6 1)" \
		":bad 6" "$(ata_read 4 1)" "$(ata_read 5 1)" "$(ata_read 6 1)"
	assert_replies "$(ata_failed 40 40 4 1)" \
		"$(ata_data 5 1 "$(sectors 5 1)")" \
		"$(ata_data 6 1 "$(sectors 6 1)")" \
		"$(ata_data 4 1 "$(sectors 4 1)")" \
		"$(ata_data 5 1 "$(sectors 5 1)")" "$(ata_failed 40 40 6 1)"
}

@test "a run that comes in pieces is whole, whatever the pieces" {
	local n
	for n in 1 511 512 513 700 1535; do
		run_script ":short $n" "$(ata_read 4 1)" "$(ata_read 5 2)" \
			"$(ata_read 7 1)"
		assert_replies "$(ata_data 4 1 "$(sectors 4 1)")" \
			"$(ata_data 5 2 "$(sectors 5 2)")" \
			"$(ata_data 7 1 "$(sectors 7 1)")"
	done
}

@test "a run that goes in pieces is whole, whatever the pieces" {
	local n
	for n in 511 512 513 700 1535; do
		run_script ":short $n" "$(ata_write 4 1 "$(sectors 20 1)")" \
			"$(ata_write 5 2 "$(sectors 21 2)")" \
			"$(ata_write 7 1 "$(sectors 23 1)")"
		assert_replies "$(ata_written 4 1)" "$(ata_written 5 2)" \
			"$(ata_written 7 1)"
		assert_equal "$(sectors 20 4)" "$(file_sectors "$DISK" 4 4)"
		dd if=<(seq -f %0511.0f 4 7) of="$DISK" seek=4 conv=notrunc \
			status=none
	done
}

@test "a call that is interrupted is not a failure of its run" {
	run_script ":interrupt 2" "$(ata_read 4 1)" "$(ata_read 5 1)"
	assert_replies "$(ata_data 4 1 "$(sectors 4 1)")" \
		"$(ata_data 5 1 "$(sectors 5 1)")"
	assert_calls "disk_read 4 2" "disk_read 4 2" "disk_read 4 2"
}

@test "a run of 16 requests of 255 sectors is whole" {
	local i script=() answers=()
	export_image 5000
	MTU=200000
	for i in {0..15}; do
		script+=("$(ata_read $((i * 255)) 255)")
		answers+=("$(ata_data $((i * 255)) 255 \
			"$(sectors $((i * 255)) 255)")")
	done
	run_script "${script[@]}"
	assert_replies "${answers[@]}"
	[ "$(grep -c read "$CALLS")" -le 2 ] || fail "$(cat "$CALLS")"
}

@test "addresses beyond 2 TiB are read and written where they are" {
	truncate -s $((0x123456789 * 512)) "$DISK"
	run_script "$(ata_write $((0x123456780)) 1 'ee*512')" "" \
		"$(ata_read $((0x12345677f)) 2)" "" \
		"$(ata_read $((0x123456788)) 1)" "" \
		"$(ata_read $((0x123456789)) 1)"
	assert_replies "$(ata_written $((0x123456780)) 1)" \
		"$(ata_data $((0x12345677f)) 2 '00*512 ee*512')" \
		"$(ata_data $((0x123456788)) 1 '00*512')" \
		"$(ata_failed 40 10 $((0x123456789)) 1)"
	assert_equal "$(hex 'ee*512')" \
		"$(file_sectors "$DISK" $((0x123456780)) 1)"
}

@test "a 28-bit address reaches 2^28 - 1 and no further" {
	truncate -s $((0x10000005 * 512)) "$DISK"
	run_script "$(ata_write $((0xfffffff)) 1 'ee*512')" "" \
		"$(request 00 "00 00 01 20 ffffffef0000 0000")" "" \
		"$(request 00 "00 00 02 20 ffffffef0000 0000")" "" \
		"$(ata_read $((0xfffffff)) 2)"
	assert_replies "$(ata_written $((0xfffffff)) 1)" \
		"$(response 00 "00 00 01 40 ffffffef0000 0000 ee*512")" \
		"$(response 00 "00 10 02 41 ffffffef0000 0000 @60")" \
		"$(ata_data $((0xfffffff)) 2 'ee*512 00*512')"
}
