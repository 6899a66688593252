# The manual is well formed, and agrees with the program; its examples work.

load ../helper
load container

MANUAL=$TESTS/../vblade.8
SOURCE=$TESTS/../vblade.c

# page: the manual as it is read, without emphasis.
page() {
	mandoc -T ascii -O width=78 "$MANUAL" | sed 's/.\x08//g'
}

# getopt_string: the program's, without the + at its beginning.
getopt_string() {
	sed -n 's/.*getopt(argc, argv, "+*:*\([^"]*\)".*/\1/p' "$SOURCE"
}

# default_of OPTION, constant NAME: by the manual, by the program.
default_of() {
	sed -n "/^\.It Fl $1/,/^\.It/s/^The default is \([0-9]*\)\./\1/p" \
		"$MANUAL"
}

constant() {
	sed -n "s/^	$1 = \([0-9]*\),.*/\1/p" "$SOURCE"
}

@test "mandoc reports nothing, neither of its language nor of its sections" {
	# Which other manuals are installed is not the manual's concern.
	assert_equal "" "$(mandoc -T lint -W style "$MANUAL" 2>&1 |
		grep -v -e 'referenced manual not found' -e 'mandoc.db' || :)"
}

@test "groff reports nothing" {
	run groff -mdoc -ww -z "$MANUAL"
	assert_equal "0 " "$status $output"
}

@test "its synopsis is the usage" {
	assert_equal "$("$VBLADE" -h | sed 's/usage: //; /^  -/d' | tr -s '[:space:]' ' ')" \
		"$(page | sed -n '/^SYNOPSIS/,/vbladed/p' | sed '1d;$d' |
			tr -s '[:space:]' ' ' | sed 's/^ //')"
}

@test "getopt, the switch, the usage and the manual have the same options" {
	local options
	options=$(getopt_string)
	assert_equal "${options//:/}" "$(sed -n "/^parse_options*(/,/^}/p" \
		"$SOURCE" | sed -n "s/.*case '\([a-zA-Z]\)':.*/\1/p" |
		tr -d '\n')" "switch"
	assert_equal "$options" "$(sed -n 's/^\.It Fl \([a-zA-Z]\) Ar.*/\1:/p
		s/^\.It Fl \([a-zA-Z]\)\( ,.*\)*$/\1/p' "$MANUAL" |
		tr -d '\n')" "manual"
	assert_equal "$(grep -o '[a-zA-Z]' <<<"$options" | sort)" \
		"$("$VBLADE" -h | grep -oE '\[-[a-zA-Z]+( |\])' |
			grep -o '[a-zA-Z]' | sort)" "usage"
}

@test "the defaults in it are those of the program" {
	assert_match '^[1-9]' "$(constant BUFFERS)"
	assert_equal "$(constant BUFFERS)" "$(default_of b)" "-b"
	assert_equal "$(constant DELAY)" "$(default_of t)" "-t"
}

@test "it has every exit status of the program" {
	assert_equal "$(grep -hoE 'EXIT_[A-Z]+ = [0-9]+' "$TESTS/../aoe.h" |
		grep -o '[0-9]*$' | sort)" \
		"$(sed -n '/^\.Sh EXIT/,/^\.Sh SIG/s/^\.It \([1-9]\)/\1/p' \
			"$MANUAL" | sort)"
}

# --- examples, as printed, on a host of which eth0 is the interface ---

setup() {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$(realpath "$VBLADE")" "$BATS_TEST_TMPDIR/bin/vblade"
	ln -s vblade "$BATS_TEST_TMPDIR/bin/vbladed"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	serve_end
	stop_target
	lab_close
}

# example_serves EXAMPLE READY: the example gives this ready line.
example_serves() {
	background "$TARGET_NS" sh -ec "$1"
	wait_until 10 serve_ready "$OUT" || fail "$(cat "$ERR")"
	assert_match "$2" "$(cat "$OUT")"
}

@test "example: a sparse image" {
	lab_open
	example_serves "$(example truncate)" 'e0\.1, 2097152 sectors O_RDWR'
}

@test "example: two hosts, a part of an image" {
	lab_open
	truncate -s 4G big.img
	example_serves "$(example big.img)" 'e0\.3, 2097152 sectors O_RDWR'
}

@test "example: a macvlan for each export" {
	lab_open
	on_target sh -ec "$(example 'type macvlan')"
	serve 0 4 aoe4 "$(image 8)"
}
