# A disk that grows and shrinks while it is exported.

load reply

@test "IDENTIFY reports growth and shrinking" {
	assert_dialog <<-END
		identify -> identify 64
		:truncate 65536
		identify -> identify 128
		:truncate 5120
		identify -> identify 10
	END
}

@test "bytes that fill no sector are not exported" {
	run_script ":truncate 33279" identify "" "read 64 1" "" "write 64 1"
	assert_last_replies "failed 40 10 64 1" "failed 41 10 64 1"
	assert_equal 33279 "$(wc -c <"$DISK")"
	run_script ":truncate 5000" "read 9 1" "" "read 8 1"
	assert_replies "failed 40 10 9 1" "read 8 1"
}

@test "in a run only what is beyond a shrunken end fails" {
	assert_dialog_warm_and_cold <<-END
		:truncate 5120
		write 10 1 cc -> failed 41 10 10 1

		= read 8 1
		= read 9 1
		read 10 1 -> failed 40 10 10 1

		read 9 2 -> failed 40 10 9 2

		> write 8 1 aa
		> write 9 1 bb
		write 10 1 cc -> failed 41 10 10 1
		< write 8 1
		< write 9 1

		write 9 2 -> failed 41 10 9 2
		disk sectors:0,8 aa*512 bb*512
	END
}

@test "a write that waited is not done beyond an end that moved" {
	run_script ":hold 5" "write 5 1 aa" other "" "write 4 3 bb" \
		":truncate 3072" :release
	assert_replies "write 5 1" "failed 41 10 4 3"
	assert_image "$(sectors 0 5) aa*512"
}

@test "a read that was under way when the end moved is IDNF without data" {
	run_script ":hold 5" "read 5 1" other ":truncate 512" :release
	assert_replies "failed 40 10 5 1"
}

@test "a disk that shrinks to nothing and grows again is served again" {
	run_script ":truncate 0" "read 0 1" "" identify ":truncate 32768" \
		"read 0 1"
	assert_last_replies "read 0 1 00"
}

@test "a write to a disk whose size is unknown is ABRT, not IDNF" {
	assert_dialog_warm_and_cold <<-END
		:truncate -1
		write 5 1 -> failed 41 04 5 1
		> other

		write 5 1 -> failed 41 04 5 1
		disk sectors:0,64
	END
}

@test "-l keeps growth out" {
	OPTIONS+=(-l 20)
	assert_dialog <<-END
		:truncate 65536
		read 20 1 -> failed 40 10 20 1
		identify -> identify 20
	END
}

@test "growth is served at once, also after -o; a shrink leaves nothing there" {
	OPTIONS+=(-o 60)
	assert_dialog <<-END
		read 4 1 -> failed 40 10 4 1
		:truncate 65536
		= read 4 1 00

		= write 67 1

		identify -> identify 68
		:truncate 5120
		identify -> identify 0
		write 0 1 -> failed 41 10 0 1
		disk sectors:0,10
	END
}
