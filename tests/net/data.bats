# Reads and writes against the bytes of the image.  That every option stores
# what is written stands in stress/integrity.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
setup() { IMAGE=$(image 256); }
teardown() { serve_end; }

# with_tag N REQUEST-OR-REPLY...: build it with tag N.
with_tag() {
	local TAG
	TAG=$(printf %08x "$1")
	shift
	"$@"
}

# assert_image_read ARGUMENT...: a server with these options returns all of
# the image, requested in one burst.
assert_image_read() {
	local i requests replies data
	data=$(sectors 0 256)
	serve "$@" 0 1 eth0 "$IMAGE"
	for ((i = 0; i < 128; i++)); do
		requests+=$(with_tag "$i" ata_read $((2 * i)) 2)$'\n'
		replies+=$(with_tag "$i" ata_data $((2 * i)) 2 \
			"${data:i * 2048:2048}")$'\n'
	done
	assert_equal "$(hex <<<"${replies%$'\n'}")" \
		"$(query <<<"${requests%$'\n'}" | sort_by_tag)"
}

# Replies may come in any order.
sort_by_tag() {
	sort -k 1.41,1.48
}

@test "the whole image is read" {
	assert_image_read
}

@test "the whole image is read past the page cache" {
	assert_image_read -d
}

@test "reads between writes of one sector see the write before" {
	local i requests got
	serve 0 1 eth0 "$IMAGE"
	for ((i = 0; i < 60; i += 2)); do
		requests+=$(with_tag "$i" ata_write 5 1 "$(be8 "$i")*512")
		requests+=$'\n'$(with_tag $((i + 1)) ata_read 5 1)$'\n'
	done
	got=$(query <<<"${requests%$'\n'}" | sort_by_tag)
	for ((i = 0; i < 60; i += 2)); do
		assert_match "^$(hex "$(with_tag $((i + 1)) ata_data 5 1 \
			"$(be8 "$i")*512")")$" "$got"
	done
}
