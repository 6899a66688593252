#!/usr/bin/env bats
#
# With -d nothing that is aligned goes through the page cache.

load ../helper
load ../faults

setup_file() { lab_open 9000; }
teardown_file() { lab_close; }
teardown() { serve_end; }

# direct_only WINDOW MODE: 500 requests of 4 KiB leave no page in the cache.
direct_only() {
	local file
	file=$(image 8192)
	sync "$file"
	dd if="$file" iflag=nocache count=0 status=none
	assert_equal 0 "$(fincore -n -o PAGES "$file" | xargs)" 'pages before'
	serve -d 0 1 eth0 "$file"
	on_initiator "$TESTS/load" -m "$2" -r -n 8 -w "$1" -N 500 0 1 eth0
	stop_vblade
	assert_equal 0 "$(fincore -n -o PAGES "$file" | xargs)" 'cached pages'
}

@test "-d: writes bypass the page cache, one by one and in a full window" {
	direct_only 1 write
	direct_only 16 write
}

@test "-d: reads bypass the page cache, one by one and in a full window" {
	direct_only 1 read
	direct_only 16 read
}
