# Starts.  Of those that fail the exit status and one line give the reason: 1
# may be temporary, 2 is a wrong argument, 4 a missing privilege, 6 the file.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }

setup() {
	IMAGE=$(image 64)
	PUBLIC=$(mktemp -d)
	chmod 755 "$PUBLIC"
}

teardown() {
	serve_end
	rm -rf "$PUBLIC"
}

# assert_ready TEXT ARGUMENT...: with these the ready line ends so.
assert_ready() {
	serve "${@:2}"
	assert_equal "pid $PID: e0.1, $1" "$(cat "$OUT")"
	stop_vblade
}

@test "options may stand before, between and after the operands, up to --" {
	assert_ready "5 sectors O_RDONLY" -r -l 5 0 1 eth0 "$IMAGE"
	assert_ready "5 sectors O_RDONLY" 0 -rl7 1 -l 5 eth0 "$IMAGE"
	assert_ready "5 sectors O_RDONLY" 0 1 eth0 "$IMAGE" -r -l 5
	cd "$BATS_TEST_TMPDIR"
	cp "$IMAGE" ./-r
	assert_ready "64 sectors O_RDWR" -- 0 1 eth0 -r
}

@test "an interface that does not exist: 1; a name that is too long: 2" {
	assert_refused 1 'none0: No such device' 0 1 none0 "$IMAGE"
	assert_refused '[12]' '' 0 1 "" "$IMAGE"
	ip -n "$TARGET_NS" link add cut456789012345 type veth peer name peer0
	assert_refused 2 "'cut4567890123456': name too long" \
		0 1 cut4567890123456 "$IMAGE"
	ip -n "$TARGET_NS" link delete cut456789012345
}

@test "an interface that is not Ethernet: 1" {
	ip -n "$TARGET_NS" tuntap add name tun0 mode tun
	ip -n "$TARGET_NS" link set tun0 up
	assert_refused 1 'tun0: not an Ethernet interface' 0 1 tun0 "$IMAGE"
	ip -n "$TARGET_NS" link delete tun0
}

@test "the same address twice on one interface: 2, except with -f" {
	local other
	other=$(image 32)
	ip -n "$TARGET_NS" link add other0 type veth peer name peer0
	serve 0 1 other0 "$(image 16)"
	serve 0 1 eth0 "$IMAGE"
	assert_refused 2 'e0\.1 is already exported on eth0 .*-f' \
		0 1 eth0 "$other"
	serve -f 0 1 eth0 "$other"
	# A claim ends with its process.
	serve_end
	serve 0 1 eth0 "$other"
	ip -n "$TARGET_NS" link delete other0
}

@test "the same address by another name of the interface: 2" {
	ip -n "$TARGET_NS" link property add dev eth0 altname other-name
	serve 0 1 eth0 "$(image 16)"
	assert_refused 2 'e0\.1 is already exported on eth0 .*-f' \
		0 1 other-name "$IMAGE"
	ip -n "$TARGET_NS" link property del dev eth0 altname other-name
}

@test "the same address by the new name of the interface: 2" {
	ip -n "$TARGET_NS" link add old0 type veth peer name peer1
	serve 0 1 old0 "$(image 16)"
	ip -n "$TARGET_NS" link set old0 name new0
	assert_refused 2 'e0\.1 is already exported on new0 .*-f' \
		0 1 new0 "$IMAGE"
	ip -n "$TARGET_NS" link delete new0
}

@test "the same address on an interface that was created again: 2" {
	ip -n "$TARGET_NS" link add again0 type veth peer name peer2
	serve 0 1 again0 "$(image 16)"
	ip -n "$TARGET_NS" link delete again0
	ip -n "$TARGET_NS" link add again0 type veth peer name peer2
	assert_refused 2 'e0\.1 is already exported on again0 .*-f' \
		0 1 again0 "$IMAGE"
	ip -n "$TARGET_NS" link delete again0
}

@test "a disk of more sectors than can be addressed is truncated" {
	VBLADE=$(wrap_vblade cut unshare -m sh -ec "'
		mount -t tmpfs tmpfs /mnt
		truncate -s 7E /mnt/disk
		exec \"\$0\" \"\$@\" /mnt/disk'")
	serve 0 1 eth0
	assert_match ' 281474976710655 sectors ' "$(cat "$OUT")"
}

@test "a file that is exported: 6, except for two readers or with -f" {
	serve 0 1 eth0 "$IMAGE"
	assert_refused 6 "$IMAGE: in use" 0 2 eth0 "$IMAGE"
	assert_refused 6 "$IMAGE: in use" -r 0 2 eth0 "$IMAGE"
	refute_match ' -r' "$(cat "$ERR")"
	serve -f 0 2 eth0 "$IMAGE"
	serve_end
	serve -r 0 1 eth0 "$IMAGE"
	serve -r 0 2 eth0 "$IMAGE"
	assert_refused 6 "$IMAGE: in use" 0 3 eth0 "$IMAGE"
}

# as_nobody MODE CAPABILITIES: from now on vblade is a copy of it that a user
# with these capabilities (+net_raw, -all) runs; the image becomes $IMAGE,
# which is root's, of this mode.
as_nobody() {
	install -m "$1" "$IMAGE" "$PUBLIC/image"
	install -m 755 "$VBLADE" "$PUBLIC/vblade"
	IMAGE=$PUBLIC/image VBLADE=$PUBLIC/vblade
	VBLADE=$(wrap_vblade nobody setpriv --reuid nobody --regid nogroup \
		--clear-groups --inh-caps "$2" --ambient-caps "$2")
}

@test "an ordinary user with CAP_NET_RAW serves" {
	as_nobody 666 +net_raw
	serve 0 1 eth0 "$IMAGE"
	assert_readable 7
	assert_writable 8
	assert_equal 65534 "$(awk '/^Uid/ { print $2 }' "/proc/$PID/status")"
	stop_vblade
}

# Then a sync cannot have a thread of its own, from the kernel or the pool.
@test "an ordinary user who may start no thread" {
	as_nobody 666 +net_raw
	serve -s 0 1 eth0 "$IMAGE"
	setpriv --reuid nobody --regid nogroup --clear-groups \
		prlimit --pid "$PID" --nproc=1:1
	assert_reply "$(ata_write 8 1 'ee*512')" "$(ata_written 8 1)"
	assert_reply "$(ata_flush)" "$(ata_flushed)"
	stop_vblade
}

@test "no right to open a packet socket: 4, and the message names it" {
	as_nobody 666 -all
	assert_refused 4 'packet socket.*CAP_NET_RAW' 0 1 eth0 "$IMAGE"
}

@test "a file that may only be read: 4, except with -r" {
	as_nobody 444 +net_raw
	assert_refused 4 "$IMAGE: Permission denied" 0 1 eth0 "$IMAGE"
	serve -r 0 1 eth0 "$IMAGE"
	assert_readable 7
}
