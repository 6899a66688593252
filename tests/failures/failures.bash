# shellcheck shell=bash
#
# What the tests of failures share: injected faults and requests that arrive
# together.

# shellcheck source=../faults.bash
source "$TESTS/faults.bash"

# send_together REQUEST...: vblade receives them in one batch.
send_together() {
	kill -STOP "$PID"
	printf '%s\n' "$@" | frame -n 0
	kill -CONT "$PID"
}

# assert_all_read LBA...: reads of one sector each, sent together, are answered.
assert_all_read() {
	local i requests=()
	start_listener
	for i; do
		requests+=("$(ata_read "$i" 1)")
	done
	send_together "${requests[@]}"
	for i; do
		wait_for_frame "$(ata_data "$i" 1 "$(sectors "$i" 1)")"
	done
}
