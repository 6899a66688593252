# Runs: requests for adjacent sectors share one disk operation, and one that
# fails fails alone.

load reply

@test "adjacent reads, or writes, of a batch are one operation" {
	assert_dialog_warm_and_cold <<-END
		= read 4 2
		= read 6 1
		= read 7 2
		= write 14 1 aa
		= write 15 2 bb
		= write 17 1 cc
		! read 4 5
		! write 14 4
		disk sectors:0,14 aa*512 bb*1024 cc*512 sectors:18,46
	END
}

@test "a gap, the same sectors again, falling order and a batch end a run" {
	run_script "read 4 1" "" "read 5 1" "read 7 1" "read 8 1" "" \
		"write 4 1 aa" "write 4 1 bb" "" "read 5 1" "read 4 1"
	assert_calls "read 4 1" "read 5 1" "read 7 2" "write 4 1" "write 4 1" \
		"read 5 1" "read 4 1"
	assert_stored 4 'bb*512'
}

@test "another direction ends a run, and so does a flush" {
	run_script "read 4 1" "write 5 1" "read 6 1" "" "write 8 1" flush \
		"write 9 1"
	assert_calls "read 4 1" "write 5 1" "read 6 1" "write 8 1" \
		"write 9 1" sync
}

@test "requests of a run get their own reply, in the order of the batch" {
	assert_dialog <<-END
		= read 4 1
		= from $A read 5 1
		read 99 1 -> failed 40 10 99 1
		= read 6 1
		! read 4 2
		! read 6 1
	END
}

@test "a batch with more adjacent requests than a run: all are served" {
	{
		printf '= read %d 1\n' {0..63}
		printf '! read %d 16\n' 0 16 32 48
	} | assert_dialog
}

@test "more frames than a batch holds are all served" {
	local i
	for i in {0..199}; do
		echo "= read $((i * 7 % 64)) 1"
	done | assert_dialog
}

@test "-b 2: a burst of 16 adjacent writes under -s is served whole" {
	OPTIONS+=(-b 2 -s)
	{
		printf '= write %d 1\n' {4..19}
		echo :cold
		printf '= write %d 1\n' {4..19}
		echo disk sectors:0,4 'ee*8192' sectors:20,44
	} | assert_dialog
}

@test "a bad sector in a run of reads fails its request only" {
	local cache
	for cache in :warm :cold; do
		run_script $cache ":bad 5" "read 4 1" "read 5 2" "read 7 1"
		assert_replies_any_order "read 4 1" "failed 40 40 5 2" \
			"read 7 1"
	done
}

@test "a bad sector in a run of writes fails its request only" {
	assert_dialog_warm_and_cold <<-END
		:bad 5
		= write 4 1 aa
		write 5 2 bb -> failed 41 04 5 2
		= write 7 1 cc
		disk sectors:0,4 aa*512 sectors:5,2 cc*512 sectors:8,56
	END
}

@test "the first and the last of a run may be the bad ones" {
	assert_dialog <<-END
		:cold
		:bad 4
		read 4 1 -> failed 40 40 4 1
		= read 5 1
		= read 6 1
		:bad 6
		= read 4 1
		= read 5 1
		read 6 1 -> failed 40 40 6 1
	END
}

@test "short reads and writes are continued, wherever they end" {
	local n
	for n in 1 512 700 1535; do
		assert_dialog_warm_and_cold <<-END
			:short $n
			= read 4 1
			= read 5 2
			= read 7 1

			= write 14 1 sectors:20,1
			= write 15 2 sectors:21,2
			= write 17 1 sectors:23,1
			disk sectors:0,14 sectors:20,4 sectors:18,46
		END
	done
}

@test "after EINTR and EAGAIN an operation is repeated as it was" {
	local error
	for error in EINTR EAGAIN; do
		run_script :cold ":error $error 3" "read 4 1" "read 5 1" \
			":error $error 3" "write 8 1 aa" "write 9 1 bb" \
			":error $error 3" flush
		assert_replies "read 4 1" "read 5 1" "write 8 1" "write 9 1" \
			flush
		assert_calls "read 4 2" "read 4 2" "read 4 2" "read 4 2" \
			"write 8 2" "write 8 2" "write 8 2" "write 8 2" \
			sync sync sync sync
		assert_stored 8 'aa*512 bb*512'
	done
}

@test "EINTR is repeated in the loop, too" {
	assert_dialog <<-END
		:error EINTR 3
		= write 8 1
		:cold
		= read 4 1
		:error EINTR 3
		= read 4 1
	END
}

@test "EINVAL from direct I/O is repeated through the page cache" {
	OPTIONS+=(-d)
	run_script :misaligned :cold "write 8 1 aa" "write 9 1 bb" "" \
		"read 8 2" other "" "write 8 1 cc" other
	assert_replies "write 8 1" "write 9 1" "read 8 2 aa*512 bb*512" \
		"write 8 1"
	assert_calls "write 8 2" "write 8 2" "read 8 2" "read 8 2" \
		"write 8 1" "write 8 1"
}

@test "EINVAL through the page cache is an error" {
	run_script :cold ":error EINVAL 2" "read 8 1" other
	assert_replies "failed 40 40 8 1"
}

@test "a run of 16 requests of 255 sectors is whole" {
	export_image 5000
	MTU=200000
	{
		printf '= read %d 255\n' {0..3825..255}
		echo '! read 0 4080'
	} | assert_dialog
}

@test "addresses beyond 2 TiB are read and written where they are" {
	truncate -s $((0x123456789 * 512)) "$DISK"
	run_script "write $((0x123456780)) 1" "" "read $((0x12345677f)) 2" "" \
		"read $((0x123456788)) 1" "" "read $((0x123456789)) 1"
	assert_replies "write $((0x123456780)) 1" \
		"read $((0x12345677f)) 2 00*512 ee*512" \
		"read $((0x123456788)) 1 00" \
		"failed 40 10 $((0x123456789)) 1"
	assert_stored $((0x123456780)) 'ee*512'
}

@test "an LBA28 reaches 2^28 - 1 and no further" {
	truncate -s $((0x10000005 * 512)) "$DISK"
	run_script "write $((0xfffffff)) 1" "" \
		"$(request 00 "00 00 01 20 ffffffef0000 0000")" "" \
		"$(request 00 "00 00 02 20 ffffffef0000 0000")" "" \
		"read $((0xfffffff)) 2"
	assert_replies "write $((0xfffffff)) 1" \
		"$(response 00 "00 00 01 40 ffffffef0000 0000 ee*512")" \
		"$(response 00 "00 10 02 41 ffffffef0000 0000 @60")" \
		"read $((0xfffffff)) 2 ee*512 00*512"
}
