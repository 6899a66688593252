# Workers: what waits for the disk delays nothing else, and what overlaps
# takes effect in the order in which it came.

load reply

setup() {
	export_image 64
	OPTIONS=(-j 4)
}

@test "a cold read is answered by a worker" {
	run_script :cold "$(ata_read 3 2)"
	assert_calls "disk_read 3 2"
	assert_replies "$(ata_data 3 2 "$(sectors 3 2)")"
}

@test "a warm read is answered by the loop" {
	run_script "$(ata_read 3 2)"
	assert_calls "disk_read_now 3 2"
	assert_replies "$(ata_data 3 2 "$(sectors 3 2)")"
}

@test "of a run that is warm in part the rest goes to a worker" {
	run_script ":warm 3" "$(ata_read 3 2)" "$(ata_read 5 2)" \
		"$(ata_read 7 1)"
	assert_calls "disk_read_now 3 5" "disk_read 5 3"
	assert_replies_any_order "$(ata_data 3 2 "$(sectors 3 2)")" \
		"$(ata_data 5 2 "$(sectors 5 2)")" \
		"$(ata_data 7 1 "$(sectors 7 1)")"
}

@test "a write that has not to wait is done by the loop" {
	run_script "$(ata_write 3 1 'ee*512')" "$(ata_read 3 1)"
	assert_replies "$(ata_written 3 1)" "$(ata_data 3 1 'ee*512')"
	assert_calls "disk_write 3 1" "disk_read_now 3 1"
}

@test "a write that waits is copied before its frame is gone" {
	run_script :busy ":hold 3" "$(ata_write 3 2 'ee*1024')" "" \
		"$(config_read)" ":await 1" "$(config_read)" ":await 2" :release
	assert_replies "$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(response 01 "0040 0100 02 10 0000 @60")" "$(ata_written 3 2)"
	assert_image "$(sectors 0 3)$(hex 'ee*1024')$(sectors 5 59)"
}

@test "a run of writes that waits is one call too" {
	run_script :busy "$(ata_write 3 1 'aa*512')" \
		"$(ata_write 4 2 'bb*1024')"
	assert_calls "disk_write 3 3"
	assert_replies_any_order "$(ata_written 3 1)" "$(ata_written 4 2)"
	assert_equal "$(hex 'aa*512 bb*1024')" "$(file_sectors "$DISK" 3 3)"
}

@test "while a read waits, others are served" {
	run_script ":hold 3" "$(ata_read 3 1)" "" "$(ata_read 9 1)" "" \
		"$(ata_write 10 1 'ee*512')" "" "$(ata_read 10 1)" "" \
		"$(identify)" ":await 4" :release
	assert_equal "$(hex "$(ata_data 9 1 "$(sectors 9 1)")" "$(ata_written 10 1)" \
		"$(ata_data 10 1 'ee*512')")" "$(head -n 3 "$FRAMES")"
	assert_equal "$(hex "$(ata_data 3 1 "$(sectors 3 1)")")" \
		"$(tail -n 1 "$FRAMES")"
}

@test "while a read waits, other cold reads are served" {
	run_script :cold ":hold 3" "$(ata_read 3 1)" "" "$(ata_read 9 1)" \
		":await 1" "$(ata_read 11 1)" ":await 2" :release
	assert_replies "$(ata_data 9 1 "$(sectors 9 1)")" \
		"$(ata_data 11 1 "$(sectors 11 1)")" \
		"$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "a write of sectors that are being read comes after" {
	run_script ":hold 4" "$(ata_read 3 2)" "" "$(ata_write 3 1 'ee*512')" \
		"" \
		"$(config_read)" ":await 1" :release
	assert_replies "$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(ata_data 3 2 "$(sectors 3 2)")" "$(ata_written 3 1)"
	assert_calls "disk_read 3 2" "disk_write 3 1"
}

@test "a read of sectors that are being written comes after" {
	run_script ":hold 4" "$(ata_write 3 2 'ee*1024')" "" "$(ata_read 3 1)" \
		"" \
		"$(config_read)" ":await 1" :release
	assert_replies "$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(ata_written 3 2)" "$(ata_data 3 1 'ee*512')"
}

@test "a stale write under way does not undo a newer one" {
	run_script ":hold 3" "$(ata_write 3 2 'aa*1024')" "" \
		"$(ata_write 4 1 'bb*512')" "" "$(ata_write 4 2 'cc*1024')" "" \
		"$(config_read)" ":await 1" :release
	assert_equal "$(hex 'aa*512 cc*1024')" "$(file_sectors "$DISK" 3 3)"
	assert_calls "disk_write 3 2" "disk_write 4 1" "disk_write 4 2"
}

@test "what waits for one that waits comes after both" {
	# 3 is held; 3-4 waits for it; 4 must not overtake 3-4.
	run_script :busy ":hold 3" "$(ata_write 3 1 'aa*512')" "" \
		"$(ata_write 3 2 'bb*1024')" "" "$(ata_write 4 1 'cc*512')" "" \
		"$(ata_write 9 1 'dd*512')" ":await 1" :release
	assert_equal "$(hex 'bb*512 cc*512')" "$(file_sectors "$DISK" 3 2)"
	assert_equal "$(hex "$(ata_written 9 1)")" "$(head -n 1 "$FRAMES")"
}

@test "reads of the same sectors do not wait for each other" {
	run_script :cold ":hold 3" "$(ata_read 3 2)" "" "$(ata_read 4 1)" \
		":await 1" :release
	assert_replies "$(ata_data 4 1 "$(sectors 4 1)")" \
		"$(ata_data 3 2 "$(sectors 3 2)")"
}

@test "writes that meet in a unit of the disk do not overtake each other" {
	run_script ":unit 4096" ":hold 8" "$(ata_write 8 1 'aa*512')" "" \
		"$(ata_write 15 1 'bb*512')" "" "$(config_read)" ":await 1" \
		:release
	assert_calls "disk_write 8 1" "disk_write 15 1"
	assert_replies "$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(ata_written 8 1)" "$(ata_written 15 1)"
}

@test "units are those of the disk, not of the export" {
	OPTIONS+=(-o 5)
	run_script ":unit 4096" ":hold 8" "$(ata_write 3 1 'aa*512')" "" \
		"$(ata_write 10 1 'bb*512')" "" "$(ata_write 11 1 'cc*512')" \
		":await 1" :release
	assert_calls "disk_write 16 1" "disk_write 8 1" "disk_write 15 1"
}

@test "what lies in another unit is not delayed" {
	run_script ":unit 4096" ":hold 8" "$(ata_write 8 1 'aa*512')" "" \
		"$(ata_write 16 1 'bb*512')" "" "$(ata_write 7 1 'cc*512')" \
		":await 2" :release
	assert_calls "disk_write 16 1" "disk_write 7 1" "disk_write 8 1"
}

@test "a flush does not delay the loop" {
	run_script ":hold 3" "$(ata_write 3 1 'aa*512')" "$(ata_flush)" "" \
		"$(config_read)" ":await 1" :release
	assert_equal 3 "$(wc -l <"$FRAMES")" "replies"
}

@test "with every worker waiting, the loop serves what is at hand" {
	OPTIONS=(-j 1)
	run_script ":hold 3" "$(ata_read 3 1)" "" "$(ata_read 9 1)" "" \
		"$(config_read)" ":await 2" :release
	assert_replies "$(ata_data 9 1 "$(sectors 9 1)")" \
		"$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "runs that wait for a worker join where one goes on from the other" {
	OPTIONS=(-j 1)
	run_script :cold ":hold 3" "$(ata_read 3 1)" "" "$(ata_read 9 2)" "" \
		"$(ata_read 11 1)" "$(ata_read 12 1)" "" "$(ata_read 14 1)" "" \
		"$(config_read)" ":await 1" :release
	assert_calls "disk_read 3 1" "disk_read 9 4" "disk_read 14 1"
	assert_replies "$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(ata_data 3 1 "$(sectors 3 1)")" \
		"$(ata_data 9 2 "$(sectors 9 2)")" \
		"$(ata_data 11 1 "$(sectors 11 1)")" \
		"$(ata_data 12 1 "$(sectors 12 1)")" \
		"$(ata_data 14 1 "$(sectors 14 1)")"
}

@test "runs join up to 16 requests" {
	local i script=()
	OPTIONS=(-j 1)
	for i in {10..29}; do
		script+=("$(ata_read "$i" 1)" "")
	done
	run_script :cold ":hold 3" "$(ata_read 3 1)" "" "${script[@]}" \
		"$(config_read)" ":await 1" :release
	assert_calls "disk_read 3 1" "disk_read 10 16" "disk_read 26 4"
}

@test "runs that are more than 16 requests together do not join" {
	local i first=() second=()
	OPTIONS=(-j 1)
	for i in {10..18}; do
		first+=("$(ata_read "$i" 1)")
		second+=("$(ata_read $((i + 9)) 1)")
	done
	run_script :cold ":hold 3" "$(ata_read 3 1)" "" "${first[@]}" "" \
		"${second[@]}" "" "$(config_read)" ":await 1" :release
	assert_calls "disk_read 3 1" "disk_read 10 9" "disk_read 19 9"
	assert_equal 20 "$(wc -l <"$FRAMES")" "replies"
}

@test "a run that waits for sectors joins none that does not" {
	OPTIONS=(-j 1)
	run_script :busy ":hold 18" "$(ata_write 18 1 'aa*512')" "" \
		"$(ata_write 16 2 'bb*1024')" "" "$(ata_write 18 1 'cc*512')" \
		"" "$(config_read)" ":await 1" :release
	assert_calls "disk_write 18 1" "disk_write 16 2" "disk_write 18 1"
	assert_equal "$(hex 'bb*1024 cc*512')" "$(file_sectors "$DISK" 16 3)"
}

@test "more than the workers may have is dropped and counted" {
	local i script=()
	OPTIONS=(-j 1 -b 2)
	for i in {0..8}; do
		script+=("$(ata_read $((3 + i)) 1)" "")
	done
	run_script :cold ":hold 3" "${script[@]}" "$(config_read)" ":await 1" \
		:usr1 :release
	assert_logged 'dropped: 0 requests by the kernel, 1 by us, 0 replies'
	assert_equal 9 "$(wc -l <"$FRAMES")" "replies"
}

@test "what is dropped may be asked again" {
	local i script=()
	OPTIONS=(-j 1 -b 2)
	for i in {0..8}; do
		script+=("$(ata_read $((3 + 2 * i)) 1)" "")
	done
	run_script :cold ":hold 3" "${script[@]}" :release ":await 8" \
		"$(ata_read 19 1)"
	assert_equal "$(hex "$(ata_data 19 1 "$(sectors 19 1)")")" \
		"$(tail -n 1 "$FRAMES")"
	assert_equal 9 "$(wc -l <"$FRAMES")" "replies"
}

@test "a bad sector in a worker's run fails its request only" {
	run_script :cold ":bad 5" "$(ata_read 4 1)" "$(ata_read 5 2)" \
		"$(ata_read 7 1)"
	assert_replies_any_order "$(ata_data 4 1 "$(sectors 4 1)")" \
		"$(ata_failed 40 40 5 2)" "$(ata_data 7 1 "$(sectors 7 1)")"
}

@test "a worker's write beyond an end that moved is IDNF, and writes nothing" {
	run_script :busy ":hold 5" "$(ata_write 5 1 'aa*512')" "" \
		"$(ata_write 4 3 'bb*1536')" "" "$(config_read)" ":await 1" \
		":truncate 3072" :release
	assert_replies "$(response 01 "0040 0100 02 10 0000 @60")" \
		"$(ata_written 5 1)" "$(ata_failed 41 10 4 3)"
	assert_image "$(sectors 0 5)$(hex 'aa*512')"
}

@test "a worker's read beyond an end that moved is IDNF without data" {
	run_script :cold ":hold 5" "$(ata_read 5 1)" "" "$(ata_read 9 1)" \
		":await 1" ":truncate 512" :release
	assert_replies "$(ata_data 9 1 "$(sectors 9 1)")" \
		"$(ata_failed 40 10 5 1)"
}

@test "a reply that the MTU no longer allows does no harm" {
	MTU=9000
	run_script :cold ":hold 5" "$(ata_read 5 17)" ":mtu 1500" :release \
		"$(config_read)"
	assert_match "^$(hex "$(response 01 "0040 0100 02 10 0000 @60")")$" \
		"$(cat "$FRAMES")"
}

@test "the end finishes all that was taken" {
	local i script=() answers=()
	for i in {0..19}; do
		script+=("$(ata_write $((i * 3)) 1 "$(sectors $((i + 1)) 1)")" \
			"")
		answers+=("$(ata_written $((i * 3)) 1)")
	done
	run_script :busy "${script[@]}"
	assert_replies_any_order "${answers[@]}"
	for i in {0..19}; do
		assert_equal "$(sectors $((i + 1)) 1)" \
			"$(file_sectors "$DISK" $((i * 3)) 1)"
	done
}

@test "written data is synced by a worker, and by a failed one for ever" {
	EXIT=1
	run_script "$(ata_write 3 1 'ee*512')" :lost :pass "$(ata_flush)" \
		":await 2"
	assert_replies "$(ata_written 3 1)" "$(ata_failed 00 04 0 0)"
}
