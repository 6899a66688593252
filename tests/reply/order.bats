# Where requests are executed, and in what order: what waits for the disk
# delays nothing else, and what overlaps takes effect in order of arrival.

load reply

# occupy: reads that are held, as many as may be under way at a time; from
# ${OCCUPY[2]} on they are their replies, too.
occupy() {
	local i slots=32
	[ -z "${POOL:-}" ] || slots=15
	export_image 256
	OCCUPY=(:cold ":hold 100")
	for ((i = 0; i < slots; i++)); do
		OCCUPY+=("read $((100 + 2 * i)) 1")
	done
}

# Where.

@test "what would block is executed by the engine, all else in the loop" {
	run_script "read 3 2" "write 3 1" "read 3 1"
	assert_places "read 3 2 cached" "write 3 1 in the loop" \
		"read 3 1 cached"
	assert_replies "read 3 2" "write 3 1" "read 3 1 ee"
	run_script :cold "read 4 2" "write 3 1"
	assert_places "read 4 2" "write 3 1"
}

@test "the rest of a run that is partly cached is executed by the engine" {
	run_script ":cold 6" "read 3 2" "read 5 2" "read 7 1"
	assert_places "read 3 5 cached" "read 6 2"
	assert_replies "read 3 2" "read 5 2" "read 7 1"
}

# One under way may hold the lock of the file.
@test "a write beside one under way is executed in the loop on a fast disk only" {
	run_script ":cold 3" "write 3 1" "" ":hold 3" "write 3 1" query "" \
		"write 9 1" "" :pass "write 11 1" "" "read 11 1"
	assert_places "write 3 1" "write 9 1 in the loop" sync "write 11 1" \
		"read 11 1 cached" "write 3 1"
}

# It may wait for the file system to read where its data is to go.
@test "no write is executed in the loop after a slow one" {
	run_script ":slow 2000" "write 3 1" "" "write 5 1" "" ":slow 10" \
		"write 7 1" "" "write 9 1" query
	assert_places "write 3 1 in the loop" "write 5 1" "write 7 1" \
		"write 9 1 in the loop"
}

# What is written to the page cache says nothing about the disk.
@test "a fast write to the page cache does not make a slow disk fast" {
	run_script ":cold 3" ":slow 2000" "write 3 1" "" ":slow 10" \
		"write 9 1" "" "write 3 1"
	assert_places "write 3 1" "write 9 1 in the loop" "write 3 1"
}

@test "nor does the rest of a write to the page cache" {
	run_script ":cold 3" ":slow 2000" "write 3 1" "" "write 5 1" "" \
		":slow 10" ":short 512" "write 9 2" "" ":short 0" "write 3 1"
	assert_places "write 3 1" "write 5 1 in the loop" "write 9 2" \
		"write 10 1" "write 3 1"
}

@test "no write is executed in the loop beside one on a slow disk" {
	run_script ":cold 3" ":slow 2000" "write 3 1" "" ":slow 10" \
		"write 9 1" ":hold 3" "write 3 1" query "" "write 11 1" :release
	assert_places "write 3 1" "write 9 1 in the loop" "write 11 1" \
		"write 3 1"
}

@test "a lone request is executed in the loop once the disk proved fast" {
	run_script :cold "read 3 1" "" "read 5 1" "" "write 3 1" "" "write 5 1"
	assert_places "read 3 1" "read 5 1 in the loop" "write 3 1" \
		"write 5 1 in the loop"
}

@test "a request beside another, an operation or a sync is not a lone one" {
	run_script :cold "read 3 1" "" "read 5 1" "read 7 1" "" "read 9 1" \
		query ":hold 11" "read 11 1" other "" "read 13 1"
	assert_places "read 3 1" "read 5 1" "read 7 1" "read 9 1" "read 13 1" \
		"read 11 1"
	run_script :cold "read 3 1" :hold-syncs flush "" "read 5 1"
	assert_places "read 3 1" "read 5 1" sync
}

@test "after a slow operation a lone request is left to the engine" {
	run_script :cold "read 3 1" ":slow 1000" "read 5 1" ":slow 999" \
		"read 7 1" "" "read 9 1" ":slow 0" "read 9 1"
	assert_places "read 3 1" "read 5 1 in the loop" "read 7 1" \
		"read 9 1 in the loop" "read 9 1 in the loop"
}

@test "with -s a lone write and its sync are executed in the loop" {
	OPTIONS+=(-s)
	run_script :cold "write 3 1" "" "write 5 1" ":slow 1000" "write 7 1" \
		"" "write 9 1"
	assert_places "write 3 1" sync "write 5 1 in the loop" \
		"sync in the loop" "write 7 1 in the loop" "sync in the loop" \
		"write 9 1" sync
}

@test "what the system does not accept at once is submitted later" {
	run_script :cold ":accept 1" "read 3 1" "read 5 1" "read 7 1" flush \
		:pass :pass :pass
	assert_replies "read 3 1" "read 5 1" "read 7 1" flush
}

# What waits delays nothing else.

@test "while a read waits, others are served, cached and not" {
	run_script ":hold 3" "read 3 1" other "" "read 9 1" "" "write 10 1" \
		:cold "read 10 1" "" "read 4 1" :release
	assert_replies "read 9 1" "write 10 1" "read 10 1 ee" "read 4 1" \
		"read 3 1"
}

@test "while all slots are taken, the loop serves what is cached" {
	occupy
	run_script "${OCCUPY[@]}" :warm "read 9 1" query
	assert_equal "$(hex "read 9 1" query)" "$(head -n 2 "$FRAMES")"
	assert_replies_any_order "read 9 1" query "${OCCUPY[@]:2}"
}

@test "while all slots are taken, a FLUSH is executed" {
	occupy
	run_script "${OCCUPY[@]}" "" flush
	assert_equal "$(hex flush)" "$(head -n 1 "$FRAMES")"
}

# Overlap.

# Else the retransmissions of one that hangs would take the whole engine.
@test "reads of the same sectors wait for each other" {
	run_script :cold ":hold 3" "read 3 2" other "" "read 4 1" "read 3 2" \
		other "" "read 5 1" :release
	assert_replies "read 5 1" "read 3 2" "read 4 1" "read 3 2"
}

@test "reads of different sectors of a page do not wait" {
	run_script ":unit 4096" :cold ":hold 8" "read 8 1" other "" \
		"read 9 1" :release
	assert_replies "read 9 1" "read 8 1"
}

@test "pages are those of the disk, whatever -o is" {
	OPTIONS+=(-o 1)
	run_script ":unit 4096" :cold ":hold 8" "write 7 1" other "" \
		"write 8 1" "" :release
	assert_calls "write 8 1" "write 9 1"
}

@test "adjacent writes that wait for the same one are one operation" {
	run_script :cold ":hold 8" "write 8 2" "write 10 2" other "" \
		"write 8 2 aa" "write 10 2 bb" "" :release
	assert_calls "write 8 4" "write 8 4"
	assert_stored 8 'aa*1024 bb*1024'
}

# With -d and an MTU of 1500, up to seven would be written one after another.
@test "small writes to the page of one under way are one operation" {
	run_script ":unit 4096" :cold ":hold 8" "write 8 2" other "" \
		"write 10 2" "write 12 2" "write 14 2" "" :release
	assert_calls "write 8 2" "write 10 6"
}

# Joins of requests that wait for a slot.

# calls_of_sectors: the reads of sectors 9 to 29, in order.
calls_of_sectors() { grep -xE 'read (9|[12][0-9]) .*' "$CALLS" | sort; }

@test "adjacent requests that wait for a slot become one operation" {
	occupy
	run_script "${OCCUPY[@]}" "" "read 9 2" "" "read 11 1" "read 12 1" "" \
		"read 14 1" "" query
	assert_equal $'read 14 1\nread 9 4' "$(calls_of_sectors)"
	assert_equal "$(hex query)" "$(head -n 1 "$FRAMES")"
	assert_replies_any_order query "${OCCUPY[@]:2}" "read 9 2" \
		"read 11 1" "read 12 1" "read 14 1"
}

# Linux reports a merged write to a bad loop device as done.
@test "requests that are no neighbours in the list do not join" {
	occupy
	run_script "${OCCUPY[@]}" "" "read 9 2" "" "read 14 1" "" "read 11 1"
	assert_equal $'read 11 1\nread 14 1\nread 9 2' "$(calls_of_sectors)"
}

@test "a run has at most 16 requests" {
	local i script=()
	for i in {10..29}; do
		script+=("" "read $i 1")
	done
	occupy
	run_script "${OCCUPY[@]}" "${script[@]}"
	assert_equal $'read 10 16\nread 26 4' "$(calls_of_sectors)"
}

@test "a request that waits for sectors joins none that does not" {
	run_script :cold ":hold 18" "write 18 1 aa" other "" "write 16 2 bb" \
		query "write 18 1 cc" :release
	assert_calls "write 16 2" "write 18 1" "write 18 1"
	assert_stored 16 'bb*1024 cc*512'
}

# The queue.

# repeat COUNT REQUEST...: these requests so often, in $script.
repeat() {
	local i once
	mapfile -t once < <(requests "${@:2}")
	script=()
	for ((i = 0; i < $1; i++)); do
		script+=("${once[@]}")
	done
}

# Among them may be retransmissions of one that hangs.
@test "what a host has waiting beyond 128 is dropped, counted and logged" {
	export_image 64 -b 2
	repeat 134 "read 3 1" ""
	run_script ":hold 3" "${script[@]}" "from $A read 3 1" "read 9 1" "" \
		:usr1 :release
	assert_equal "$(hex "read 9 1")" "$(head -n 1 "$FRAMES")"
	assert_equal 1 "$(grep -c "^$A" "$FRAMES")"
	assert_equal 130 "$(wc -l <"$FRAMES")"
	assert_logged 'queue_drops=6 '
	assert_equal 'request queue full: 1 requests dropped so far
request queue full: 2 requests dropped so far
request queue full: 4 requests dropped so far' \
		"$(sed -n 's/.*\(request queue full.*\)/\1/p' "$ERR")"
}

@test "a host may have twice as many waiting as -b allows" {
	export_image 64 -b 70
	repeat 140 "read 3 1" ""
	run_script ":hold 3" "${script[@]}" :usr1 :release
	assert_logged 'queue_drops=0 '
}

@test "a host may have no more than 1024 waiting, whatever -b allows" {
	export_image 64 -b 65535
	repeat 1030 "read 3 1" ""
	run_script ":hold 3" "${script[@]}" :usr1 :release
	assert_logged 'queue_drops=6 '
}

@test "nothing is dropped for what comes later, or need not wait" {
	local wait
	export_image 64 -b 2
	repeat 128 "read 3 1"
	wait=("${script[@]}")
	repeat 32 "read 9 1"
	run_script ":hold 3" "${wait[@]::64}" "" "${wait[@]::63}" "" \
		"${wait[@]::1}" "${script[@]}" :usr1 :release
	assert_logged 'queue_drops=0 '
	run_script ":hold 3" "${wait[@]}" "" "write 9 1" "" :release
	assert_equal "$(hex "write 9 1")" "$(head -n 1 "$FRAMES")"
}

@test "FLUSHes and writes with -s of a host do not fill the queue for others" {
	export_image 64 -s
	repeat 300 flush "write 3 1" ""
	run_script :cold :hold-syncs "${script[@]}" "from $A read 9 1" "" \
		"from $A flush" "" :usr1 :release
	assert_equal "$(hex "from $A read 9 1")" "$(head -n 1 "$FRAMES")"
	assert_equal "$(hex "from $A flush")" "$(grep "^$A" "$FRAMES" |
		tail -n 1)"
	assert_logged 'queue_drops=472 '
}

@test "a write with -s of a host without room joins no other" {
	OPTIONS+=(-s)
	repeat 134 "write 3 1" ""
	run_script :hold-syncs "${script[@]}" "from $A write 9 1" "write 10 1" \
		"" :usr1 :release
	assert_logged 'queue_drops=7 '
}

@test "the queue holds the requests of eight hosts" {
	local host hosts=()
	export_image 64
	repeat 64 "read 3 1"
	for host in {10..18}; do
		hosts+=("${script[@]/SS/0200000000$host}" "")
	done
	run_script ":hold 3" "${hosts[@]}" query "" :usr1 :release
	assert_match 88a2180000000101 "$(head -n 1 "$FRAMES")"
	assert_equal 513 "$(wc -l <"$FRAMES")"
	assert_logged 'queue_drops=64 '
}

@test "a reply that the MTU no longer allows does no harm" {
	MTU=9000
	run_script :cold ":hold 5" "read 5 17" other ":mtu 1500" :release query
	assert_match "^$(hex query)$" "$(cat "$FRAMES")"
}

# The first read hangs, the second waits for it; IDENTIFY sees the smaller size.
@test "a read that waited is served if the disk has grown back" {
	run_script ":hold 60" "read 60 1" "" "read 60 1" "" ":truncate 16384" \
		identify "" ":truncate 32768" "" :release query
	assert_equal "$(hex "read 60 1 00" "read 60 1 00" query)" \
		"$(tail -n 3 "$FRAMES")"
}

# The end.

@test "a second SIGTERM exits at once with status 1" {
	EXIT=1
	run_script :cold ":hold 3" "write 3 1" other :term :term
	assert_equal "" "$(cat "$CALLS" "$FRAMES")"
	assert_unchanged
}
