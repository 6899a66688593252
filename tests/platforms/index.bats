# The index of failures in ../README.md names tests that exist.

load ../helper

@test "every test that the index of failures names exists" {
	local row name rows=0
	while IFS='|' read -r row name; do
		grep -qF "@test \"${name#*: }" "$TESTS/${name%%: *}.bats" ||
			fail "$row: no such test: $name"
		rows=$((rows + 1))
	done < <(sed -nE 's/^\| (T[0-9]+) \|.*\| (.*) \|$/\1|\2/p' \
		"$TESTS/README.md")
	[ "$rows" -ge 60 ]
}
