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

@test "all that is cached is read in the loop, 16 requests at a time" {
	local i script=("read 60 1" "")
	for i in {3..20}; do
		script+=("read $i 1")
	done
	run_script "${script[@]}"
	assert_places "read 60 1 cached" "read 3 16 cached" "read 19 2 cached"
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

@test "of a run that fails only the requests fail that must" {
	assert_dialog_warm_and_cold <<-END
		:bad 6
		= read 4 2
		read 6 1 -> failed 40 40 6 1
		= read 7 1

		> write 5 1
		> write 6 1
		> write 7 1
		< write 5 1
		< failed 41 04 6 1
		< write 7 1
		disk sectors:0,5 ee*512 sectors:6,1 ee*512 sectors:8,56
	END
}

@test "EINVAL through the page cache is an error" {
	run_script :cold ":invalid 2" "read 8 1" other
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

@test "of a disk whose size is unknown nothing is IDNF, but ABRT or UNC" {
	assert_dialog_warm_and_cold <<-END
		:truncate -1
		write 5 1 -> failed 41 04 5 1
		> other

		write 5 1 -> failed 41 04 5 1

		read 5 1 -> failed 40 40 5 1
		disk sectors:0,64
	END
}
