# The shim is held to what real kernels did: conf.c prints facts about bpf,
# and the transcripts are what it printed on FreeBSD 13.2 and 15.1.

load ../helper

setup_file() {
	export CONF=$BATS_FILE_TMPDIR/conf
	"$TESTS/freebsd/build" "$CONF" "$TESTS/freebsd/conf.c" -- -Werror
}

setup() {
	lab_open
	ip -n "$TARGET_NS" link add conf0 type veth peer name conf1
}

teardown() { lab_close; }

# transcribes MAXWRITE RELEASE
transcribes() {
	SHIM_MAXWRITE=$1 on_target "$CONF" conf0 conf1 |
		diff "$TESTS/freebsd/conf-freebsd$2.txt" -
}

@test "with a write limit of a page the shim does as FreeBSD 13.2 did" {
	transcribes 4096 13.2
}

@test "with a write limit of 16 KiB it does as FreeBSD 15.1 did" {
	transcribes 16384 15.1
}
