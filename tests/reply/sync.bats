# Syncs: when written data is brought to stable storage, which replies wait
# for that, and what a failure means.

load reply

setup() { export_image 64; }

@test "written data is synced within a second" {
	run_script "$(ata_write 3 1 'ee*512')" :pass :pass :pass
	assert_calls "write 3 1" sync
	OPTIONS+=(-v)
	run_script "$(ata_write 3 1 'ee*512')" :pass "$(ata_read 3 1)"
	assert_calls "write 3 1" sync "read 3 1"
}

@test "-t: written data is synced within so many seconds" {
	OPTIONS+=(-t 5 -v)
	run_script "$(ata_write 3 1 'ee*512')" :pass ":slow 1" \
		"$(ata_write 4 1 'ee*512')" :pass
	assert_calls "write 3 1" sync "write 4 1" sync
}

@test "-t 0: nothing is synced before the exit" {
	OPTIONS+=(-t 0)
	run_script "$(ata_write 3 1 'ee*512')" :pass :pass :pass
	assert_calls "write 3 1"
}

@test "without a write nothing is synced" {
	run_script "$(ata_read 3 1)" :pass :pass :pass
	assert_calls "read 3 1"
}

@test "data written before and after a sync is synced twice" {
	run_script "$(ata_write 3 1 'ee*512')" :pass \
		"$(ata_write 5 1 'ee*512')" :pass :pass
	assert_calls "write 3 1" sync "write 5 1" sync
}

@test "data written while a sync runs is synced again" {
	run_script :hold-syncs "$(ata_write 3 1 'ee*512')" :pass \
		"$(ata_write 5 1 'ee*512')" :release :pass :pass
	assert_calls "write 3 1" "write 5 1" sync sync
}

@test "after a FLUSH nothing is left to sync" {
	run_script "$(ata_write 3 1 'ee*512')" "$(ata_flush)" :pass :pass
	assert_calls "write 3 1" sync
}

@test "with -s no background sync is needed" {
	OPTIONS+=(-s)
	run_script "$(ata_write 3 1 'ee*512')" :pass :pass
	assert_calls "write 3 1" sync
}

@test "what a failed write has written in part is synced, too" {
	run_script :cold ":short 512" ":bad 4" "$(ata_write 3 2 'ee*1024')" \
		"" :pass
	assert_replies "$(ata_failed 41 04 3 2)"
	assert_equal 2 "$(grep -c '^sync' "$CALLS")" "syncs, one at the exit"
}

@test "the exit syncs, after all writes" {
	run_script :cold "$(ata_write 3 1 'ee*512')" "$(ata_write 9 1 'ee*512')"
	assert_calls "write 3 1" "write 9 1"
	assert_equal "sync" "$(tail -n 1 "$EVENTS")"
}

# FLUSH.

@test "FLUSH CACHE and FLUSH CACHE EXT sync before the reply" {
	local opcode
	for opcode in e7 ea; do
		run_script "$(request 00 "00 00 00 $opcode 000000000000 0000")"
		assert_events sync "$(ata_flushed)"
	done
}

@test "a FLUSH is never executed in the loop, however fast the disk" {
	run_script "$(ata_flush)" "" "$(ata_flush)"
	assert_places sync sync
}

@test "FLUSHes that arrive together share one sync" {
	run_script "$(ata_flush)" "$(request_from $A "$(ata_flush)")" \
		"$(ata_flush)"
	assert_replies "$(ata_flushed)" "$(reply_to $A "$(ata_flushed)")" \
		"$(ata_flushed)"
	assert_calls sync
}

@test "a FLUSH that arrives while a sync runs waits for a later one" {
	run_script :hold-syncs "$(ata_flush)" "" "$(ata_write 3 1 'ee*512')" "" \
		"$(request_from $A "$(ata_flush)")" :release
	assert_replies "$(ata_written 3 1)" "$(ata_flushed)" \
		"$(reply_to $A "$(ata_flushed)")"
	assert_calls "write 3 1" sync sync
}

@test "a FLUSH delays nothing but its reply" {
	run_script :hold-syncs "$(ata_flush)" "" "$(ata_read 3 1)" "" \
		"$(ata_write 4 1 'ee*512')" "" "$(config_read)" :release
	assert_replies "$(ata_data 3 1)" "$(ata_written 4 1)" \
		"$(config_answer)" "$(ata_flushed)"
}

@test "with -r a FLUSH succeeds without a sync, and the exit needs none" {
	OPTIONS+=(-r)
	run_script ":sync-fails" "$(ata_flush)" "$(ata_read 3 1)"
	assert_replies "$(ata_flushed)" "$(ata_data 3 1)"
	assert_equal "read 3 1" "$(cat "$CALLS")"
}

# -s.

@test "with -s the reply to a write follows the sync" {
	OPTIONS+=(-s)
	run_script "$(ata_write 3 1 'ee*512')" "$OTHER"
	assert_events "write 3 1 in the loop" sync "$(ata_written 3 1)"
	run_script :cold "$(ata_write 3 1 'ee*512')" "$OTHER"
	assert_events "write 3 1" sync "$(ata_written 3 1)"
}

@test "with -s writes that wait share one sync" {
	local i script=() replies=()
	OPTIONS+=(-s)
	for i in {0..15}; do
		script+=("$(ata_write $((i * 3)) 1 'ee*512')")
		replies+=("$(ata_written $((i * 3)) 1)")
	done
	# A sync is under way when the writes arrive.
	run_script :cold :hold-syncs "$(ata_flush)" "" "${script[@]}" "" \
		:release
	assert_replies "$(ata_flushed)" "${replies[@]}"
	assert_equal 3 "$(grep -c sync "$CALLS")" "syncs, with that at the exit"
}

@test "with -s a FLUSH and a write share one sync" {
	OPTIONS+=(-s)
	run_script "$(ata_write 3 1 'ee*512')" "$(ata_flush)"
	assert_replies "$(ata_written 3 1)" "$(ata_flushed)"
	assert_calls "write 3 1" sync
}

@test "with -s a write during a sync waits for one that begins after it" {
	OPTIONS+=(-s)
	run_script :hold-syncs "$(ata_write 3 1 'ee*512')" "$OTHER" "" \
		"$(ata_write 4 1 'ee*512')" "" "$(ata_write 6 1 'ee*512')" "" \
		"$(ata_write 8 1 'ee*512')" "" "$(ata_read 3 1)" :release
	assert_replies "$(ata_data 3 1 'ee*512')" "$(ata_written 3 1)" \
		"$(ata_written 4 1)" "$(ata_written 6 1)" "$(ata_written 8 1)"
	# The first sync, and one for the others together.
	assert_calls "write 3 1" "write 4 1" "write 6 1" "write 8 1" \
		"read 3 1" sync sync
}

@test "with -s a write that fails waits for no sync" {
	OPTIONS+=(-s)
	run_script :cold ":bad 3" "$(ata_write 3 1 'ee*512')" "$OTHER"
	assert_replies "$(ata_failed 41 04 3 1)"
	assert_calls "write 3 1"
}

# Failures.

@test "a failed sync fails every request that waited for it" {
	EXIT=1
	OPTIONS+=(-s)
	run_script :cold :sync-fails "$(ata_write 3 1 'ee*512')" \
		"$(ata_write 9 1 'ee*512')" "$(ata_flush)" "$(ata_read 11 1)"
	assert_replies_any_order "$(ata_data 11 1)" \
		"$(ata_failed 41 04 3 1)" "$(ata_failed 41 04 9 1)" \
		"$(ata_failed 00 04 0 0)"
}

@test "after a failed sync every FLUSH and every write under -s fails" {
	EXIT=1
	OPTIONS+=(-s)
	run_script :sync-fails "$(ata_flush)" :sync-works "$(ata_flush)" "" \
		"$(ata_write 3 1 'ee*512')" "" "$(ata_write 9 1 'ee*512')" \
		"$OTHER" "" "$(ata_read 11 1)"
	assert_replies "$(ata_failed 00 04 0 0)" "$(ata_failed 00 04 0 0)" \
		"$(ata_failed 41 04 3 1)" "$(ata_failed 41 04 9 1)" \
		"$(ata_data 11 1)"
}

@test "a sync that began before one failed, and ended after, fails too" {
	EXIT=1
	OPTIONS+=(-s)
	run_script :hold-syncs "$(ata_write 3 1 'ee*512')" "$OTHER" "" \
		"$(ata_write 4 1 'ee*512')" ":error EIO 1" :release
	assert_replies "$(ata_failed 41 04 3 1)" "$(ata_failed 41 04 4 1)"
}

@test "a failed sync in the background fails every later FLUSH" {
	EXIT=1
	run_script "$(ata_write 3 1 'ee*512')" :sync-fails :pass "" \
		:sync-works "$(ata_flush)" "" "$(ata_flush)"
	assert_replies "$(ata_written 3 1)" "$(ata_failed 00 04 0 0)" \
		"$(ata_failed 00 04 0 0)"
}

@test "a failed sync fails no read, and no write without -s" {
	EXIT=1
	run_script :sync-fails "$(ata_flush)" "" "$(ata_write 3 1 'ee*512')" \
		"" "$(ata_read 3 1)"
	assert_replies "$(ata_failed 00 04 0 0)" "$(ata_written 3 1)" \
		"$(ata_data 3 1 'ee*512')"
}

@test "a failed sync is logged once" {
	EXIT=1
	run_script :sync-fails "$(ata_flush)" "" "$(ata_flush)"
	assert_equal "vblade: e0.1: 1500: sync failed: Input/output error: written data may be lost; every FLUSH will fail until restart" \
		"$(grep 'sync failed' "$ERR")"
}

@test "a sync that fails at the exit is logged and is exit status 1" {
	EXIT=1
	run_script "$(ata_write 3 1 'ee*512')" :sync-fails
	assert_logged 'sync failed'
}
