#!/bin/sh
# SPDX-License-Identifier: ISC
#
# make soak: four initiators at full speed over an unreliable wire, for half an
# hour.
#
#	target's eth0 --- relay (relay.c) --- initiators' eth0
#
# Round after round each initiator writes its quarter of the disk and verifies
# it, in one round with small requests, in the next with large ones.  Meanwhile
# the relay drops, duplicates and reorders frames, the target's link goes down
# and up, its MTU changes, and from time to time the target is restarted with
# other options, or as on a kernel without io_uring.  At the end the image must
# hold what was written last.
#
# Wrong data, an error, a target that dies or does not exit with status 0,
# growing memory or a leaked descriptor is a failure.  Needs root.  A line is
# printed at least every 30 seconds.
#
# Variables:
#	TIME	seconds (default 1800)
#	DIR	for the disk (default /var/tmp)
#	VBLADE	the program (default ./vblade of the tree)

# Lists of words are split on purpose.
# shellcheck disable=SC2046,SC2086

. "$(dirname "$0")/common.sh"
RELAY_NS=$LAB-relay
: "${TIME:=1800}"
QUARTER=65536			# sectors
RESTART=$((TIME / 6 + 1))	# seconds from one restart to the next
GROWTH_MAX=8192			# KiB: buffers are used when first needed
TARGET= RELAY= initiators=
STARTS=0 ROUND=0 STEP=0 FLAPS=0 CHANGES=0

# --- the wire ----------------------------------------------------------

prepare() {
	require "$VBLADE" "$LOAD" "$HERE/relay"
	"${CC:-cc}" -o "$WORK/without" "$HERE/../without.c"
	truncate -s $((4 * QUARTER * 512)) "$WORK/image" "$WORK/expected"
	for ns in "$TARGET_NS" "$RELAY_NS" "$INITIATOR_NS"; do
		lab_namespace "$ns"
	done
	connect "$TARGET_NS" r0
	connect "$INITIATOR_NS" r1
	# Of a thousand frames 2 are dropped, duplicated, reordered.
	ip netns exec "$RELAY_NS" "$HERE/relay" 2 r0 r1 >"$WORK/relay" &
	RELAY=$!
}

# connect NAMESPACE INTERFACE: its eth0 with an interface of the relay.
connect() {
	ip -n "$1" link add eth0 mtu 9216 type veth \
		peer name "$2" mtu 9216 netns "$RELAY_NS"
	ip -n "$1" link set eth0 up
	ip -n "$RELAY_NS" link set "$2" up
}

finish() {
	trap '' INT TERM HUP
	kill $TARGET $RELAY 2>/dev/null || :
	kill -9 $initiators $(ip netns pids "$INITIATOR_NS" 2>/dev/null) \
		2>/dev/null || :
	wait
	lab_close
	ip netns delete "$RELAY_NS" 2>/dev/null || :
	rm -rf "$WORK"
}

# --- the target --------------------------------------------------------

# start: the target, each time with other options, or without io_uring.
start() {
	set -- '' -s -d '-d -s'
	shift $((STARTS % 4))
	options=$1 launcher=
	[ $((STARTS % 3)) != 2 ] || launcher="$WORK/without -u"
	STARTS=$((STARTS + 1))
	ip netns exec "$TARGET_NS" $launcher "$VBLADE" $options 0 1 eth0 \
		"$WORK/image" >"$WORK/out" 2>>"$WORK/err" &
	TARGET=$!
	STARTED=$(now) FDS= BASE=0
	poll grep -q "^pid $TARGET" "$WORK/out" ||
		die "the target did not start: $(tail -n 3 "$WORK/err")"
	sample
	say "start $STARTS: vblade $options" \
		"($(sed -n 's/.*disk I\/O by //p' "$WORK/err" | tail -n 1))"
}

stop() {
	kill $TARGET
	status=0
	wait $TARGET || status=$?
	[ $status = 0 ] || die "the target exited with status $status"
	say "  $BASE KiB, at last $rss KiB; $FDS descriptors"
}

# sample: from one start to the next, memory grows no more after the first
# third of the time, and the number of descriptors stays the same.
sample() {
	kill -0 $TARGET 2>/dev/null ||
		die "the target died: $(tail -n 3 "$WORK/err")"
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$TARGET/status")
	set -- "/proc/$TARGET/fd/"*
	: "${FDS:=$#}"
	[ $# = "$FDS" ] || die "$FDS descriptors have become $#"
	if [ $(($(now) - STARTED)) -le $((RESTART / 3)) ]; then
		BASE=$((rss > BASE ? rss : BASE))
	elif [ "$rss" -gt $((BASE + GROWTH_MAX)) ]; then
		die "memory grew from $BASE to $rss KiB"
	fi
}

# --- disturbances ------------------------------------------------------

# disturb: one event, and a second without any.
disturb() {
	STEP=$((STEP + 1))
	case $((STEP % 4)) in
	1)
		ip -n "$TARGET_NS" link set eth0 down
		sleep 0.2
		ip -n "$TARGET_NS" link set eth0 up
		FLAPS=$((FLAPS + 1))
		;;
	3)		# to the next of those that the requests fit
		set -- $MTUS
		shift $((CHANGES % $#))
		ip -n "$TARGET_NS" link set eth0 mtu "$1"
		CHANGES=$((CHANGES + 1))
		;;
	esac
	if [ $(($(now) - STARTED)) -ge "$RESTART" ]; then
		stop
		start
	fi
	sleep 0.8
	sample
	[ $((STEP % 20)) != 0 ] || say "$(($(now) - BEGAN)) of $TIME s:" \
		"round $ROUND, $FLAPS link flaps, $CHANGES MTU changes"
}

# --- the initiators ----------------------------------------------------

# run_initiator N SECTORS: write a quarter and verify it.
run_initiator() {
	for mode in write "verify -o $WORK/expected"; do
		on_initiator "$LOAD" -m $mode -t 100 -i $1 -n $2 -g $ROUND \
			-f $((($1 - 1) * QUARTER)) -c $QUARTER 0 1 eth0 \
			>>"$WORK/load.$1" 2>"$WORK/load.$1.err" || return
	done
}

# run_round: all four at once, disturbed until all are done.
run_round() {
	ROUND=$((ROUND + 1)) initiators=
	if [ $((ROUND % 2)) = 1 ]; then
		sectors=17 MTUS='9000 9216'
	else
		sectors=2 MTUS='1500 9000 4500 1500 9216'
	fi
	ip -n "$TARGET_NS" link set eth0 mtu 9000
	for i in 1 2 3 4; do
		run_initiator $i $sectors &
		initiators="$initiators $!"
	done
	for pid in $initiators; do
		while kill -0 $pid 2>/dev/null; do
			disturb
		done
		wait $pid || die "an initiator failed in round $ROUND:" \
			"$(tail -n 5 "$WORK"/load.*)"
	done
}

prepare
BEGAN=$(now)
start
while [ $(($(now) - BEGAN)) -lt "$TIME" ]; do
	run_round
done
stop
TARGET=
cmp "$WORK/image" "$WORK/expected" || die "the image is not as written"
kill $RELAY
wait $RELAY || :
RELAY=
say "relay: $(cat "$WORK/relay")"
say "$ROUND rounds, $FLAPS link flaps, $CHANGES MTU changes, $STARTS starts"
say "$(cat "$WORK"/load.[1-4] | tr ' ' '\n' | awk -F= '
	/^(requests|retransmits)=/ { sum[$1] += $2 }
	END { for (name in sum) printf "%s=%.0f ", name, sum[name] }')"
