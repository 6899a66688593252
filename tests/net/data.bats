# Reads in one burst against the bytes of the image.  That every option stores
# what is written is tested in stress/integrity.

load ../helper

setup_file() { lab_open; }
teardown_file() { lab_close; }
teardown() { serve_end; }

@test "the whole image is read" {
	local i data requests=() replies=()
	data=$(sectors 0 256)
	serve 0 1 eth0 "$(image 256)"
	for i in {0..127}; do
		TAG=$(printf %08x "$i")
		requests+=("$(ata_read $((2 * i)) 2)")
		replies+=("$(ata_data $((2 * i)) 2 "${data:i * 2048:2048}")")
	done
	# Replies may come in any order: sorted by their tags.
	assert_equal "$(hex "${replies[@]}")" "$({
		query "${requests[@]::64}"
		query "${requests[@]:64}"
	} | sort -k 1.41,1.48)"
}
