# 20,000 reads and writes of all sizes, repeated and overlapping, 64 in flight,
# checked by a model of the disk, under ThreadSanitizer.

load ../helper

setup_file() {
	lab_open 9000
	export TSAN=$BATS_FILE_TMPDIR/vblade
	"$TESTS/freebsd/build" "$TSAN" "$TESTS/../vblade.c" \
		"$TESTS/../freebsd.c" -w -O1 -fsanitize=thread
}

teardown_file() { lab_close; }

setup() {
	VBLADE=$TSAN
	IMAGE=$BATS_TEST_TMPDIR/image
	truncate -s 64K "$IMAGE"	# few sectors, many conflicts
	export SHIM_RUN=$BATS_TEST_TMPDIR
}

teardown() { serve_end; }

# assert_integrity OPTION...: vblade with these options loses no write.
assert_integrity() {
	local result
	serve "$@" 0 1 eth0 "$IMAGE"
	result=$(on_initiator "$TESTS/load" -m mixed -r -u -n 17 -p 5 -F 500 \
		-N 20000 -w 64 -o "$IMAGE.model" 0 1 eth0)
	assert_match 'requests=20000 .*errors=0 bad=0 mismatches=0' "$result"
	stop_vblade
	cmp "$IMAGE" "$IMAGE.model"
	refute_match 'ThreadSanitizer' "$(cat "$ERR")"
}

@test "a file" {
	assert_integrity
}

@test "a file, with -s" {
	assert_integrity -s
}

@test "a file, with -d" {
	assert_integrity -d
}

@test "a disk with sectors of 4096 bytes" {
	export SHIM_DISK=$IMAGE:4096
	assert_integrity
}

@test "a disk, with -s" {
	export SHIM_DISK=$IMAGE:512
	assert_integrity -s
}
