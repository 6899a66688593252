# With -d the unit in which requests overlap is a page, which the page cache
# shares.  (Their order in general is in reply/order, and all of it together in
# integrity.)  order-threads.bats is the same with the pool of threads.

load ../helper
load ../faults

setup_file() {
	lab_open
	build_engine
}

teardown_file() { lab_close; }

teardown() {
	faults_end
	assert_injected && assert_engine
}

@test "with -d, a write waits for a slow write in the same page" {
	# The disk has been slow, so that the loop performs nothing itself.
	inject_faults "write * slow"
	serve -d 0 1 eth0 "$(image 1024)"
	assert_writable 900
	start_listener
	set_faults "write $((100 * 512)) hang"
	frame -n 0 "$(TAG=00000001 ata_write 100 1 'aa*512')"
	wait_until 10 grep -q hang "$FAULT_LOG"
	frame -n 0 "$(TAG=00000002 ata_write 101 1 'bb*512')"
	assert_reply "$(ata_write 104 1 'cc*512')" "$(ata_written 104 1)"
	refute_match "^$(hex "$(TAG=00000002 ata_written 101 1)")\$" \
		"$(cat "$FRAMES")"
	set_faults
	wait_for_frame "$(TAG=00000001 ata_written 100 1)"
	wait_for_frame "$(TAG=00000002 ata_written 101 1)"
}
