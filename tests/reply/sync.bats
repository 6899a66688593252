# When written data is brought to stable storage, and what a failure means.

load reply

setup() { disk 64; }

@test "written data is synced within a second without being asked" {
	play "$(ata_write 3 1 'ee*512')" :pass :pass :pass
	calls "disk_write 3 1" disk_flush
}

@test "-t 0: nothing is synced without being asked, but for the exit" {
	OPTIONS+=(-t 0)
	play "$(ata_write 3 1 'ee*512')" :pass :pass :pass
	calls "disk_write 3 1"
	same disk_flush "$(tail -n 1 "$CALLS")"
}

@test "without a write nothing is synced" {
	play "$(ata_read 3 1)" :pass :pass :pass
	calls "disk_read 3 1"
}

@test "data written before and after a sync is synced twice" {
	play "$(ata_write 3 1 'ee*512')" :pass "$(ata_write 5 1 'ee*512')" \
		:pass :pass
	calls "disk_write 3 1" disk_flush "disk_write 5 1" disk_flush
}

@test "after a FLUSH nothing is left to sync" {
	play "$(ata_write 3 1 'ee*512')" "$(ata_flush)" :pass :pass
	calls "disk_write 3 1" disk_flush
}

@test "with -s no background sync is needed" {
	OPTIONS+=(-s)
	play "$(ata_write 3 1 'ee*512')" :pass :pass
	calls "disk_write 3 1"
}

@test "the exit syncs" {
	play "$(ata_write 3 1 'ee*512')"
	same "disk_write 3 1
disk_flush" "$(cat "$CALLS")"
}

@test "with -r the exit does not sync" {
	OPTIONS+=(-r)
	play "$(ata_read 3 1)"
	same "disk_read 3 1" "$(cat "$CALLS")"
}

@test "after a failed background sync every FLUSH fails" {
	EXIT=1
	play "$(ata_write 3 1 'ee*512')" :lost :pass :pass "$(ata_flush)" "" \
		"$(ata_flush)"
	replies "$(ata_written 3 1)" "$(ata_failed 00 04 0 0)" \
		"$(ata_failed 00 04 0 0)"
}

@test "after a FLUSH that failed every FLUSH fails" {
	EXIT=1
	play :lost "$(ata_flush)" "" "$(ata_flush)" "" \
		"$(ata_write 3 1 'ee*512')" "" "$(ata_flush)"
	replies "$(ata_failed 00 04 0 0)" "$(ata_failed 00 04 0 0)" \
		"$(ata_written 3 1)" "$(ata_failed 00 04 0 0)"
}

@test "a failed sync is told once" {
	EXIT=1
	play :lost "$(ata_flush)" :lost "$(ata_flush)" :lost "$(ata_flush)"
	same 1 "$(grep -c 'sync:' "$ERR")"
}

@test "a sync that fails at the exit is told and is exit status 1" {
	EXIT=1
	play "$(ata_write 3 1 'ee*512')" :lost
	notes 'sync:.*lost'
}

@test "a failed sync fails no read and no write" {
	EXIT=1
	play :lost "$(ata_flush)" "" "$(ata_write 3 1 'ee*512')" "" \
		"$(ata_read 3 1)"
	replies "$(ata_failed 00 04 0 0)" "$(ata_written 3 1)" \
		"$(ata_data 3 1 'ee*512')"
}
