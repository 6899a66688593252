# What is counted, and what -v tells.

load reply

setup() { disk 64; }

@test "SIGUSR1: requests, bytes and errors" {
	play "$(ata_read 3 2)" "" "$(ata_read 4 2)" "" \
		"$(ata_write 3 2 'ee*1024')" "" "$(identify)" "$(ata_flush)" \
		"$(ata_read 99 1)" "" :usr1
	notes '2 reads of 2048 bytes, 1 writes of 1024 bytes, 3 other requests, 1 errors; dropped: 0 requests by the kernel, 0 by us, 0 replies'
}

@test "SIGUSR1: replies that the net would not take" {
	play ":full 3" "$(ata_read 3 1)" "$(config_read)" "$(identify)" "" \
		"$(ata_read 3 1)" "" :usr1
	notes ' 3 replies$'
	replies "$(ata_data 3 1 "$(sectors 3 1)")"
}

@test "SIGUSR1: ignored frames are not counted" {
	play "TT SS 88a2 18 00 000001 01 $TAG @60" "TT SS 88a2" :usr1
	notes ' 0 reads .* 0 writes .* 0 other requests, 0 errors; '
}

@test "-v: a line for each request" {
	OPTIONS+=(-v)
	play "$(ata_read 3 2)" "" "$(ata_write 5 1 'ee*512')" "" \
		"$(ata_read 64 1)" "" "$(config_read)" "" "$(ata_flush)"
	notes '02:00:00:00:00:01 read 2 sectors at 3: ok,'
	notes '02:00:00:00:00:01 write 1 sectors at 5: ok,'
	notes '02:00:00:00:00:01 read 1 sectors at 64: IDNF,'
	notes '02:00:00:00:00:01 config: ok,'
	notes '02:00:00:00:00:01 ATA e7: ok,'
	same 5 "$(grep -c 02:00:00:00:00:01 "$ERR")"
}

@test "without -v a request is not told" {
	play "$(ata_read 3 2)" "$(config_read)"
	lacks 02:00:00:00:00:01 "$(cat "$ERR")"
}

@test "a failing disk is told the 1st, the 10th and the 100th time" {
	local i script=(":bad 3")
	for i in {1..105}; do
		script+=("$(ata_read 3 1)" "")
	done
	play "${script[@]}"
	same 3 "$(grep -c 'read 1 sectors at 3' "$ERR")"
	same 105 "$(wc -l <"$FRAMES")"
}
