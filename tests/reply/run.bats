# Runs: requests for adjacent sectors share one disk operation, and one that
# fails fails alone.

load reply

setup() { export_image 64; }

# Where operations are executed: in the loop, from the page cache; or by the
# engine.
PLACES_OF_RUNS=(:warm :cold)

@test "adjacent reads of a batch are one operation" {
	local place
	for place in "${PLACES_OF_RUNS[@]}"; do
		run_script $place "$(ata_read 4 2)" "$(ata_read 6 1)" \
			"$(ata_read 7 2)"
		assert_calls "read 4 5"
		assert_replies "$(ata_data 4 2)" "$(ata_data 6 1)" \
			"$(ata_data 7 2)"
	done
}

@test "adjacent writes of a batch are one operation" {
	local place
	for place in "${PLACES_OF_RUNS[@]}"; do
		export_image 64
		run_script $place "$(ata_write 4 1 'aa*512')" \
			"$(ata_write 5 2 'bb*1024')" "$(ata_write 7 1 'cc*512')"
		assert_calls "write 4 4"
		assert_replies "$(ata_written 4 1)" "$(ata_written 5 2)" \
			"$(ata_written 7 1)"
		assert_image "$(sectors 0 4) aa*512 bb*1024 cc*512 $(sectors 8 56)"
	done
}

@test "requests of different batches are not" {
	run_script "$(ata_read 4 1)" "" "$(ata_read 5 1)"
	assert_calls "read 4 1" "read 5 1"
}

@test "a gap, the same sectors again and falling order end a run" {
	run_script "$(ata_read 4 1)" "$(ata_read 6 1)" "$(ata_read 7 1)" "" \
		"$(ata_write 4 1 'aa*512')" "$(ata_write 4 1 'bb*512')" "" \
		"$(ata_read 5 1)" "$(ata_read 4 1)"
	assert_calls "read 4 1" "read 6 2" "write 4 1" "write 4 1" \
		"read 5 1" "read 4 1"
	assert_stored 4 'bb*512'
}

@test "another direction ends a run" {
	run_script "$(ata_read 4 1)" "$(ata_write 5 1 'aa*512')" \
		"$(ata_read 6 1)"
	assert_calls "read 4 1" "write 5 1" "read 6 1"
}

@test "a read sees the writes before it and none after it" {
	local place
	for place in "${PLACES_OF_RUNS[@]}"; do
		export_image 64
		run_script $place "$(ata_read 4 1)" \
			"$(ata_write 4 1 'aa*512')" "$(ata_read 4 1)" \
			"$(ata_write 4 1 'bb*512')"
		assert_replies "$(ata_data 4 1)" "$(ata_written 4 1)" \
			"$(ata_data 4 1 'aa*512')" "$(ata_written 4 1)"
	done
}

@test "a flush ends a run" {
	run_script "$(ata_write 4 1 'aa*512')" "$(ata_flush)" \
		"$(ata_write 5 1 'bb*512')"
	assert_calls "write 4 1" "write 5 1" sync
}

@test "replies of a batch keep the order of its requests" {
	run_script "$(ata_read 4 1)" "$(ata_read 99 1)" "$(ata_read 5 1)"
	assert_replies "$(ata_data 4 1)" "$(ata_failed 40 10 99 1)" \
		"$(ata_data 5 1)"
}

@test "requests of different initiators share a run and get their own reply" {
	run_script "$(ata_read 4 1)" "$(request_from $A "$(ata_read 5 1)")"
	assert_calls "read 4 2"
	assert_replies "$(ata_data 4 1)" "$(reply_to $A "$(ata_data 5 1)")"
}

@test "a batch with more adjacent requests than a run: all are served" {
	local i script=() replies=()
	for i in {0..63}; do
		script+=("$(ata_read "$i" 1)")
		replies+=("$(ata_data "$i" 1)")
	done
	run_script "${script[@]}"
	assert_replies "${replies[@]}"
	assert_calls "read 0 16" "read 16 16" "read 32 16" "read 48 16"
}

@test "more frames than a batch holds are all served" {
	local i script=() replies=()
	for i in {0..199}; do
		script+=("$(ata_read $((i * 7 % 64)) 1)")
		replies+=("$(ata_data $((i * 7 % 64)) 1)")
	done
	run_script "${script[@]}"
	assert_replies "${replies[@]}"
}

@test "-b 2: a burst of 16 adjacent writes under -s is served whole" {
	local i script=() replies=()
	OPTIONS+=(-b 2 -s)
	for i in {4..19}; do
		script+=("$(ata_write "$i" 1 'ee*512')")
		replies+=("$(ata_written "$i" 1)")
	done
	run_script "${script[@]}" "" :cold "${script[@]}"
	assert_replies "${replies[@]}" "${replies[@]}"
	assert_image "$(sectors 0 4) ee*8192 $(sectors 20 44)"
}

@test "a bad sector in a run of reads fails its request only" {
	local place
	for place in "${PLACES_OF_RUNS[@]}"; do
		run_script $place ":bad 5" "$(ata_read 4 1)" "$(ata_read 5 2)" \
			"$(ata_read 7 1)"
		assert_replies_any_order "$(ata_data 4 1)" \
			"$(ata_failed 40 40 5 2)" "$(ata_data 7 1)"
	done
}

@test "a bad sector in a run of writes fails its request only" {
	local place
	for place in "${PLACES_OF_RUNS[@]}"; do
		export_image 64
		run_script $place ":bad 5" "$(ata_write 4 1 'aa*512')" \
			"$(ata_write 5 2 'bb*1024')" "$(ata_write 7 1 'cc*512')"
		assert_replies "$(ata_written 4 1)" "$(ata_failed 41 04 5 2)" \
			"$(ata_written 7 1)"
		assert_image "$(sectors 0 4) aa*512 $(sectors 5 2) cc*512 \
			$(sectors 8 56)"
	done
}

@test "the first and the last of a run may be the bad ones" {
	run_script :cold ":bad 4" "$(ata_read 4 1)" "$(ata_read 5 1)" \
		"$(ata_read 6 1)" ":bad 6" "$(ata_read 4 1)" "$(ata_read 5 1)" \
		"$(ata_read 6 1)"
	assert_replies "$(ata_failed 40 40 4 1)" "$(ata_data 5 1)" \
		"$(ata_data 6 1)" "$(ata_data 4 1)" "$(ata_data 5 1)" \
		"$(ata_failed 40 40 6 1)"
}

@test "short reads are continued, wherever they end" {
	local place n
	for place in "${PLACES_OF_RUNS[@]}"; do
		for n in 1 512 700 1535; do
			run_script $place ":short $n" "$(ata_read 4 1)" \
				"$(ata_read 5 2)" "$(ata_read 7 1)"
			assert_replies "$(ata_data 4 1)" "$(ata_data 5 2)" \
				"$(ata_data 7 1)"
		done
	done
}

@test "short writes are continued, wherever they end" {
	local place n
	for place in "${PLACES_OF_RUNS[@]}"; do
		for n in 1 512 700 1535; do
			export_image 64
			run_script $place ":short $n" \
				"$(ata_write 4 1 sectors:20,1)" \
				"$(ata_write 5 2 sectors:21,2)" \
				"$(ata_write 7 1 sectors:23,1)"
			assert_replies "$(ata_written 4 1)" \
				"$(ata_written 5 2)" "$(ata_written 7 1)"
			assert_image "$(sectors 0 4) $(sectors 20 4) \
				$(sectors 8 56)"
		done
	done
}

# assert_repeated ERROR: an operation that fails with it is repeated as it was
# until it succeeds.
assert_repeated() {
	run_script :cold ":error $1 3" "$(ata_read 4 1)" "$(ata_read 5 1)" \
		":error $1 3" "$(ata_write 8 1 'aa*512')" \
		"$(ata_write 9 1 'bb*512')" ":error $1 3" "$(ata_flush)"
	assert_replies "$(ata_data 4 1)" "$(ata_data 5 1)" \
		"$(ata_written 8 1)" "$(ata_written 9 1)" "$(ata_flushed)"
	assert_calls "read 4 2" "read 4 2" "read 4 2" "read 4 2" \
		"write 8 2" "write 8 2" "write 8 2" "write 8 2" \
		sync sync sync sync
	assert_stored 8 'aa*512 bb*512'
}

@test "EINTR is repeated" {
	assert_repeated EINTR
}

@test "EAGAIN is repeated" {
	assert_repeated EAGAIN
}

@test "EINTR is repeated in the loop, too" {
	run_script ":error EINTR 3" "$(ata_write 8 1 'aa*512')" :cold \
		"$(ata_read 4 1)" ":error EINTR 3" "$(ata_read 4 1)"
	assert_replies "$(ata_written 8 1)" "$(ata_data 4 1)" "$(ata_data 4 1)"
}

@test "EINVAL from direct I/O is repeated through the page cache" {
	OPTIONS+=(-d)
	run_script :misaligned :cold "$(ata_write 8 1 'aa*512')" \
		"$(ata_write 9 1 'bb*512')" "" "$(ata_read 8 2)" "$OTHER" \
		"" "$(ata_write 8 1 'cc*512')" "$OTHER"
	assert_replies "$(ata_written 8 1)" "$(ata_written 9 1)" \
		"$(ata_data 8 2 'aa*512 bb*512')" "$(ata_written 8 1)"
	assert_calls "write 8 2" "write 8 2" "read 8 2" "read 8 2" \
		"write 8 1" "write 8 1"
}

@test "EINVAL through the page cache is an error" {
	run_script :cold ":error EINVAL 2" "$(ata_read 8 1)" "$OTHER"
	assert_replies "$(ata_failed 40 40 8 1)"
}

@test "a run of 16 requests of 255 sectors is whole" {
	local i script=() replies=()
	export_image 5000
	MTU=200000
	for i in {0..15}; do
		script+=("$(ata_read $((i * 255)) 255)")
		replies+=("$(ata_data $((i * 255)) 255)")
	done
	run_script "${script[@]}"
	assert_replies "${replies[@]}"
	assert_calls "read 0 4080"
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
	assert_stored $((0x123456780)) 'ee*512'
}

@test "an LBA28 reaches 2^28 - 1 and no further" {
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
