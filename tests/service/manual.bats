# The manual is well formed, and agrees with the program; its examples work.

load ../helper
load container

MANUAL=$TESTS/../vblade.8
SOURCE=$TESTS/../vblade.c

@test "mandoc and groff report nothing" {
	# Which other manuals are installed is not the manual's concern.
	assert_equal "" "$(mandoc -T lint -W style "$MANUAL" 2>&1 |
		grep -v -e 'referenced manual not found' -e 'mandoc.db' || :)"
	assert_equal "" "$(groff -mdoc -ww -z "$MANUAL" 2>&1)"
}

@test "its synopsis is the usage" {
	assert_equal "$("$VBLADE" -h | sed 's/usage: //; /^see /d' |
			tr -s '[:space:]' ' ')" \
		"$(mandoc -T ascii -O width=78 "$MANUAL" | sed 's/.\x08//g' |
			sed -n '/^SYNOPSIS/,/vbladed/p' | sed '1d;$d' |
			tr -s '[:space:]' ' ' | sed 's/^ //')"
}

@test "getopt, the switch, the usage and the manual have the same options" {
	local options
	options=$(sed -n 's/.*getopt(argc, argv, "+*:*\([^"]*\)".*/\1/p' \
		"$SOURCE")
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
	local option name constant
	for option in b=BUFFERS t=DELAY; do
		name=${option#*=}
		constant=$(sed -n "s/^	$name = \([0-9]*\),.*/\1/p" "$SOURCE")
		assert_match '^[1-9]' "$constant"
		assert_match "^The default is $constant\." "$(sed -n \
			"/^\.It Fl ${option%=*}/,/^\.It/p" "$MANUAL")"
	done
}

@test "it has every exit status of the program" {
	assert_equal "$(grep -hoE 'EXIT_[A-Z]+ = [0-9]+' "$TESTS/../aoe.h" |
		grep -o '[0-9]*$' | sort)" \
		"$(sed -n '/^\.Sh EXIT/,/^\.Sh SIG/s/^\.It \([1-9]\)/\1/p' \
			"$MANUAL" | sort)"
}

teardown() {
	serve_end
	stop_target
	lab_close
}

# example_serves TEXT READY: the example with this text gives this ready line.
example_serves() {
	background "$TARGET_NS" sh -ec "$(example "$1")"
	wait_until 10 serve_ready "$OUT" || fail "$(cat "$ERR")"
	assert_match "$2" "$(cat "$OUT")"
}

@test "its examples work where eth0 is the interface" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$(realpath "$VBLADE")" "$BATS_TEST_TMPDIR/bin/vblade"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	cd "$BATS_TEST_TMPDIR"
	lab_open
	example_serves truncate 'e0\.1, 2097152 sectors O_RDWR'
	truncate -s 4G big.img
	example_serves big.img 'e0\.3, 2097152 sectors O_RDWR'
	on_target sh -ec "$(example 'type macvlan')"
	serve 0 4 aoe4 "$(image 8)"
}
