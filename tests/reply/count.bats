# What is counted, and what -v tells.

load reply

setup() { export_image 64; }

@test "SIGUSR1: requests, bytes and errors" {
	run_script "$(ata_read 3 2)" "" "$(ata_read 4 2)" "" \
		"$(ata_write 3 2 'ee*1024')" "" "$(identify)" "$(ata_flush)" \
		"$(ata_read 99 1)" "" :usr1
	assert_logged '2 reads of 2048 bytes, 1 writes of 1024 bytes, 3 other requests, 1 errors; dropped: 0 requests by the kernel, 0 by us, 0 replies'
}

@test "SIGUSR1: replies that the net would not take" {
	run_script ":full 3" "$(ata_read 3 1)" "$(config_read)" "$(identify)" \
		"" \
		"$(ata_read 3 1)" "" :usr1
	assert_logged ' 3 replies$'
	assert_replies "$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "SIGUSR1: ignored frames are not counted" {
	run_script "TT SS 88a2 18 00 000001 01 $TAG @60" "TT SS 88a2" :usr1
	assert_logged ' 0 reads .* 0 writes .* 0 other requests, 0 errors; '
}

@test "-v: a line for each request" {
	OPTIONS+=(-v)
	run_script "$(ata_read 3 2)" "" "$(ata_write 5 1 'ee*512')" "" \
		"$(ata_read 64 1)" "" "$(config_read)" "" "$(ata_flush)"
	assert_logged '02:00:00:00:00:01 read 2 sectors at 3: ok,'
	assert_logged '02:00:00:00:00:01 write 1 sectors at 5: ok,'
	assert_logged '02:00:00:00:00:01 read 1 sectors at 64: IDNF,'
	assert_logged '02:00:00:00:00:01 config: ok,'
	assert_logged '02:00:00:00:00:01 ATA e7: ok,'
	assert_equal 5 "$(grep -c 02:00:00:00:00:01 "$ERR")"
}

@test "without -v a request is not told" {
	run_script "$(ata_read 3 2)" "$(config_read)"
	refute_match 02:00:00:00:00:01 "$(cat "$ERR")"
}

@test "a failing disk is told the 1st, the 10th and the 100th time" {
	local i script=(":bad 3")
	for i in {1..105}; do
		script+=("$(ata_read 3 1)" "")
	done
	run_script "${script[@]}"
	assert_equal 3 "$(grep -c 'read 1 sectors at 3' "$ERR")"
	assert_equal 105 "$(wc -l <"$FRAMES")"
}
