# What takes a minute in fuzz.bats, in seconds, and with any compiler.

load ../helper

# build NAME: $PROGRAM, with the sanitizers if the compiler has them.
build() {
	local sanitize='-fsanitize=address,undefined -fno-sanitize-recover=all'
	PROGRAM=$BATS_TEST_TMPDIR/$1
	# shellcheck disable=SC2086
	cc $sanitize -x c -o "$PROGRAM" - <<<'int main(void) { return 0; }' \
		2>/dev/null || sanitize=
	# shellcheck disable=SC2086
	"$TESTS/fuzz/build" "$PROGRAM" "${CC:-cc}" -O1 $sanitize
}

@test "the sequences of frames and events that are seeds" {
	build fuzz
	"$PROGRAM" "$TESTS/fuzz/seeds"/*
}

@test "random requests take effect in order of arrival, and once" {
	build random
	"$PROGRAM" 6
}
