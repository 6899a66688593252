# A disk that grows and shrinks while it is exported.

load reply

setup() { export_image 64; }

# identified_sectors: words 100-103 of the last reply, to an IDENTIFY.
identified_sectors() {
	local words
	words=$(tail -n 1 "$FRAMES" | cut -c $((73 + 400))-)
	printf '%s\n' $((0x${words:6:2}${words:4:2}${words:2:2}${words:0:2}))
}

@test "IDENTIFY reports growth and shrinking" {
	run_script "$(identify)" ":truncate 65536" "$(identify)"
	assert_equal 128 "$(identified_sectors)"
	run_script ":truncate 5120" "$(identify)"
	assert_equal 10 "$(identified_sectors)"
}

@test "growth is served at once" {
	run_script "$(ata_read 64 1)" ":truncate 65536" "$(ata_read 64 1)" "" \
		"$(ata_write 127 1 'ee*512')"
	assert_replies "$(ata_failed 40 10 64 1)" "$(ata_data 64 1 '00*512')" \
		"$(ata_written 127 1)"
}

@test "bytes that fill no sector are not exported" {
	run_script ":truncate 33279" "$(identify)" "" "$(ata_read 64 1)" "" \
		"$(ata_write 64 1 'ee*512')"
	assert_last_replies "$(ata_failed 40 10 64 1)" "$(ata_failed 41 10 64 1)"
	assert_equal 33279 "$(wc -c <"$DISK")"
}

@test "a read of sectors lost to a shrink is IDNF without data" {
	local place
	for place in :warm :cold; do
		export_image 64
		run_script $place ":truncate 5120" "$(ata_read 10 1)" "" \
			"$(ata_read 9 2)"
		assert_replies "$(ata_failed 40 10 10 1)" \
			"$(ata_failed 40 10 9 2)"
	done
}

@test "a write of sectors lost to a shrink is IDNF and changes nothing" {
	local place
	for place in :warm :cold; do
		export_image 64
		run_script $place ":truncate 5120" "$(ata_write 10 1 'ee*512')" \
			"" "$(ata_write 9 2 'ee*1024')"
		assert_replies "$(ata_failed 41 10 10 1)" \
			"$(ata_failed 41 10 9 2)"
		assert_image "$(sectors 0 10)"
	done
}

@test "in a run only what is beyond a shrunken end fails" {
	local place
	for place in :warm :cold; do
		export_image 64
		run_script $place ":truncate 5120" "$(ata_read 8 1)" \
			"$(ata_read 9 1)" "$(ata_read 10 1)" "" \
			"$(ata_write 8 1 'aa*512')" \
			"$(ata_write 9 1 'bb*512')" "$(ata_write 10 1 'cc*512')"
		assert_replies "$(ata_data 8 1)" "$(ata_data 9 1)" \
			"$(ata_failed 40 10 10 1)" "$(ata_written 8 1)" \
			"$(ata_written 9 1)" "$(ata_failed 41 10 10 1)"
		assert_image "$(sectors 0 8) aa*512 bb*512"
	done
}

@test "a write that waited is not done beyond an end that moved" {
	run_script ":hold 5" "$(ata_write 5 1 'aa*512')" "$OTHER" "" \
		"$(ata_write 4 3 'bb*1536')" ":truncate 3072" :release
	assert_replies "$(ata_written 5 1)" "$(ata_failed 41 10 4 3)"
	assert_image "$(sectors 0 5) aa*512"
}

@test "a read that was under way when the end moved is IDNF without data" {
	run_script ":hold 5" "$(ata_read 5 1)" "$OTHER" ":truncate 512" :release
	assert_replies "$(ata_failed 40 10 5 1)"
}

@test "an end within a sector loses that sector" {
	run_script ":truncate 5000" "$(ata_read 9 1)" "" "$(ata_read 8 1)"
	assert_replies "$(ata_failed 40 10 9 1)" "$(ata_data 8 1)"
}

@test "a disk that shrinks to nothing and grows again is served again" {
	run_script ":truncate 0" "$(ata_read 0 1)" "" "$(identify)" \
		":truncate 32768" "$(ata_read 0 1)"
	assert_last_replies "$(ata_data 0 1 '00*512')"
}

@test "a write to a disk whose size is unknown is ABRT, not IDNF" {
	local place
	for place in :warm :cold; do
		run_script $place ":truncate -1" "$(ata_write 5 1 'ee*512')" \
			"$OTHER" "" "$(ata_write 5 1 'ee*512')"
		assert_replies "$(ata_failed 41 04 5 1)" \
			"$(ata_failed 41 04 5 1)"
		assert_unchanged
	done
}

@test "-l keeps growth out" {
	OPTIONS+=(-l 20)
	run_script ":truncate 65536" "$(ata_read 20 1)" "" "$(identify)"
	assert_equal 20 "$(identified_sectors)"
	assert_equal "$(hex "$(ata_failed 40 10 20 1)")" \
		"$(head -n 1 "$FRAMES")"
}

@test "-o counts in growth, and a shrink before it leaves nothing" {
	OPTIONS+=(-o 60)
	run_script "$(ata_read 4 1)" ":truncate 65536" "$(ata_read 4 1)" "" \
		"$(identify)"
	assert_equal 68 "$(identified_sectors)"
	export_image 64 -o 60
	run_script ":truncate 5120" "$(identify)" "" "$(ata_write 0 1 'ee*512')"
	assert_last_replies "$(ata_failed 41 10 0 1)"
	assert_image "$(sectors 0 10)"
}
