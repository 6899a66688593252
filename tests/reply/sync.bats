# Syncs: when written data is brought to stable storage, which replies wait
# for that, and what a failure means.

load reply

@test "written data is synced within a second" {
	run_script "write 3 1" :pass :pass :pass
	assert_calls "write 3 1" sync
	OPTIONS+=(-v)
	run_script "write 3 1" :pass "read 3 1"
	assert_calls "write 3 1" sync "read 3 1"
}

@test "-t: written data is synced within so many seconds" {
	OPTIONS+=(-t 5 -v)
	run_script "write 3 1" :pass ":slow 1" "write 4 1" :pass
	assert_calls "write 3 1" sync "write 4 1" sync
}

@test "the delay is that of the oldest write" {
	run_script "write 3 1" :cold ":slow 600000" "read 9 1" "" "write 4 1" \
		"" ":slow 0" "read 11 1"
	assert_calls "write 3 1" "read 9 1" "write 4 1" sync "read 11 1"
}

@test "nothing is synced before the exit without a write, or with -t 0" {
	run_script "read 3 1" :pass :pass :pass
	assert_calls "read 3 1"
	OPTIONS+=(-t 0)
	run_script "write 3 1" :pass :pass :pass
	assert_calls "write 3 1"
}

@test "data written while a sync runs is synced again" {
	run_script :hold-syncs "write 3 1" :pass "write 5 1" :release :pass \
		:pass
	assert_calls "write 3 1" "write 5 1" sync sync
}

# A read that hangs as long tells how long it was.
@test "the loop waits for a sync without a limit, though more is to be synced" {
	OPTIONS+=(-v)
	run_script ":hold 9" "read 9 1" other "" :hold-syncs "write 3 1" :pass \
		"write 5 1" :pass :pass :release
	assert_logged 'read of 1 sectors at 9: ok, 7201000000 us$'
}

@test "after a FLUSH, and with -s, nothing is left to sync" {
	run_script "write 3 1" flush :pass :pass
	assert_calls "write 3 1" sync
	OPTIONS+=(-s)
	run_script "write 3 1" :pass :pass
	assert_calls "write 3 1" sync
}

@test "what a failed write has written in part is synced, too" {
	run_script :cold ":short 512" ":bad 4" "write 3 2" "" :pass
	assert_replies "failed 41 04 3 2"
	assert_equal 2 "$(grep -c '^sync' "$CALLS")" "syncs, one at the exit"
}

@test "a write that fails as a whole leaves nothing to sync" {
	run_script :cold ":bad 3" "write 3 1" other :pass
	assert_calls "write 3 1"
}

# FLUSH.

@test "FLUSH CACHE and FLUSH CACHE EXT sync before the reply, and delay no other" {
	local opcode
	for opcode in e7 ea; do
		run_script :hold-syncs "$(request 00 \
			"00 00 00 $opcode 000000000000 0000")" "" "read 3 1" "" \
			query "" "write 4 1" :release
		assert_replies "read 3 1" query "write 4 1" flush
		assert_calls "read 3 1" "write 4 1" sync
	done
}

@test "a FLUSH is never executed in the loop, however fast the disk" {
	run_script flush "" flush
	assert_places sync sync
}

@test "FLUSHes, and with -s writes, that arrive together share one sync" {
	OPTIONS+=(-s)
	assert_dialog <<-END
		= write 3 1
		= flush
		= from $A flush
		= flush
		! write 3 1
		! sync
	END
}

@test "with -r a FLUSH succeeds without a sync, and the exit needs none" {
	OPTIONS+=(-r)
	run_script ":sync-fails" flush "read 3 1"
	assert_replies flush "read 3 1"
	assert_equal "read 3 1" "$(cat "$CALLS")"
}

# -s.

@test "with -s a write that fails waits for no sync" {
	OPTIONS+=(-s)
	run_script :cold ":bad 3" "write 3 1" other
	assert_replies "failed 41 04 3 1"
	assert_calls "write 3 1"
}

# Failures.

@test "a failed background sync fails FLUSHes, no read or write; logged once" {
	EXIT=1
	run_script "write 3 1" :sync-fails :pass "" :sync-works flush "" \
		"write 5 1" "" "read 3 1" "" :sync-fails flush
	assert_replies "write 3 1" "failed 00 04 0 0" "write 5 1" \
		"read 3 1 ee" "failed 00 04 0 0"
	assert_equal "vblade: e0.1: 1500: sync failed: Input/output error: written data may be lost; every FLUSH and write with -s will fail until restart" \
		"$(grep 'sync failed' "$ERR")"
}

@test "a sync that fails at the exit is logged and is exit status 1" {
	EXIT=1
	run_script "write 3 1" :sync-fails
	assert_logged 'sync failed'
}
