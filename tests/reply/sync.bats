# When written data is brought to stable storage, and what a failure means.

load reply

setup() { export_image 64; }

@test "written data is synced within a second without being asked" {
	run_script "$(ata_write 3 1 'ee*512')" :pass :pass :pass
	assert_calls "disk_write 3 1" disk_flush
}

@test "-t 0: nothing is synced without being asked, but for the exit" {
	OPTIONS+=(-t 0)
	run_script "$(ata_write 3 1 'ee*512')" :pass :pass :pass
	assert_calls "disk_write 3 1"
	assert_equal disk_flush "$(tail -n 1 "$CALLS")"
}

@test "without a write nothing is synced" {
	run_script "$(ata_read 3 1)" :pass :pass :pass
	assert_calls "disk_read 3 1"
}

@test "data written before and after a sync is synced twice" {
	run_script "$(ata_write 3 1 'ee*512')" :pass \
		"$(ata_write 5 1 'ee*512')" \
		:pass :pass
	assert_calls "disk_write 3 1" disk_flush "disk_write 5 1" disk_flush
}

@test "after a FLUSH nothing is left to sync" {
	run_script "$(ata_write 3 1 'ee*512')" "$(ata_flush)" :pass :pass
	assert_calls "disk_write 3 1" disk_flush
}

@test "with -s no background sync is needed" {
	OPTIONS+=(-s)
	run_script "$(ata_write 3 1 'ee*512')" :pass :pass
	assert_calls "disk_write 3 1"
}

@test "the exit syncs" {
	run_script "$(ata_write 3 1 'ee*512')"
	assert_equal "disk_write 3 1
disk_flush" "$(cat "$CALLS")"
}

@test "with -r the exit does not sync" {
	OPTIONS+=(-r)
	run_script "$(ata_read 3 1)"
	assert_equal "disk_read 3 1" "$(cat "$CALLS")"
}

@test "after a failed background sync every FLUSH fails" {
	EXIT=1
	run_script "$(ata_write 3 1 'ee*512')" :lost :pass :pass \
		"$(ata_flush)" "" \
		"$(ata_flush)"
	assert_replies "$(ata_written 3 1)" "$(ata_failed 00 04 0 0)" \
		"$(ata_failed 00 04 0 0)"
}

@test "after a FLUSH that failed every FLUSH fails" {
	EXIT=1
	run_script :lost "$(ata_flush)" "" "$(ata_flush)" "" \
		"$(ata_write 3 1 'ee*512')" "" "$(ata_flush)"
	assert_replies "$(ata_failed 00 04 0 0)" "$(ata_failed 00 04 0 0)" \
		"$(ata_written 3 1)" "$(ata_failed 00 04 0 0)"
}

@test "a failed sync is told once" {
	EXIT=1
	run_script :lost "$(ata_flush)" :lost "$(ata_flush)" :lost \
		"$(ata_flush)"
	assert_equal 1 "$(grep -c 'sync:' "$ERR")"
}

@test "a sync that fails at the exit is told and is exit status 1" {
	EXIT=1
	run_script "$(ata_write 3 1 'ee*512')" :lost
	assert_logged 'sync:.*lost'
}

@test "a failed sync fails no read and no write" {
	EXIT=1
	run_script :lost "$(ata_flush)" "" "$(ata_write 3 1 'ee*512')" "" \
		"$(ata_read 3 1)"
	assert_replies "$(ata_failed 00 04 0 0)" "$(ata_written 3 1)" \
		"$(ata_data 3 1 'ee*512')"
}
