#!/bin/sh
#
# make soak: four initiators at full speed over a bad wire, for half an hour.
#
#	target's eth0 --- relay (tests/relay.c) --- initiators' eth0
#
# Round after round each initiator writes its quarter of the disk and verifies
# it; a round is in small requests or in large ones.  Meanwhile the relay
# drops, doubles and reorders frames, the target's link goes down and up, its
# MTU changes, and now and then the target is restarted with other options.
# At the end the image must be what was written last.
#
# Wrong data, an error, a target that dies or does not stop with status 0,
# memory that grows or a descriptor that is leaked is a failure.
#
# Variables:
#	TIME	seconds (default 1800)
#	SIZE	of the disk in MiB (default 128)
#	DIR	for the disk (default /var/tmp)
#	LOSS	frames of a thousand that are dropped, doubled and reordered
#		(default 2 of each)
#	VBLADE	the program (default ./vblade of the tree)

set -eu
export LC_ALL=C

HERE=$(cd "$(dirname "$0")" && pwd)
: "${VBLADE:=$HERE/../vblade}" "${TIME:=1800}" "${SIZE:=128}"
: "${DIR:=/var/tmp}" "${LOSS:=2}"
LAB=vbk$$
WORK=$DIR/$LAB
QUARTER=$((SIZE * 2048 / 4))
RESTART=$((TIME / 6 + 1))	# seconds that a target lives
SLACK=8192			# KiB that a life may grow by: the pool, once used
TARGET=
RELAY=
LIVES=0

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "soak: $*"
	exit 1
}

now() {
	date +%s
}

on() {
	ns=$LAB-$1
	shift
	ip netns exec "$ns" "$@"
}

# --- the wire ----------------------------------------------------------

prepare() {
	[ "$(id -u)" = 0 ] || die "root is needed"
	for program in "$VBLADE" "$HERE/load" "$HERE/relay"; do
		[ -x "$program" ] || die "$program is not built"
	done
	mkdir "$WORK"
	: >"$WORK/samples"
	truncate -s "${SIZE}M" "$WORK/image" "$WORK/expected"
	for ns in target relay initiator; do
		ip netns add "$LAB-$ns"
		on $ns sh -c 'cd /proc/sys/net/ipv6/conf &&
			echo 1 >all/disable_ipv6 &&
			echo 1 >default/disable_ipv6' 2>/dev/null || :
	done
	wire target r0
	wire initiator r1
	ip netns exec "$LAB-relay" "$HERE/relay" -d "$LOSS" -u "$LOSS" \
		-r "$LOSS" r0 r1 >"$WORK/relay" &
	RELAY=$!
}

# wire NAMESPACE END: its eth0 is joined with an end of the relay.
wire() {
	ip -n "$LAB-$1" link add eth0 mtu 9216 type veth \
		peer name "$2" mtu 9216 netns "$LAB-relay"
	ip -n "$LAB-$1" link set eth0 up
	ip -n "$LAB-relay" link set "$2" up
}

finish() {
	trap '' INT TERM HUP
	# shellcheck disable=SC2046,SC2086
	kill $TARGET $RELAY $(cat "$WORK"/*.pid 2>/dev/null) 2>/dev/null || :
	wait
	for ns in target relay initiator; do
		ip netns delete "$LAB-$ns" 2>/dev/null || :
	done
	rm -rf "$WORK"
}

# --- the target --------------------------------------------------------

# start: a target with the options of this life.
start() {
	case $((LIVES % 4)) in
	0) options= ;;
	1) options=-s ;;
	2) options='-j 0' ;;
	3) options=-d ;;
	esac
	LIVES=$((LIVES + 1))
	: >"$WORK/out"
	# shellcheck disable=SC2086
	ip netns exec "$LAB-target" "$VBLADE" $options 0 1 eth0 \
		"$WORK/image" >"$WORK/out" 2>>"$WORK/err" &
	TARGET=$!
	BORN=$(now)
	tries=0
	until grep -q '^pid' "$WORK/out"; do
		tries=$((tries + 1))
		if [ $tries -gt 400 ] || ! kill -0 $TARGET 2>/dev/null; then
			die "the target does not start: $(tail -n 3 "$WORK/err")"
		fi
		sleep 0.05
	done
	say "  life $LIVES: vblade $options"
}

# How often it told its counters.
counters() {
	grep -c ' reads of ' "$WORK/err" || :
}

stop() {
	told=$(counters)
	kill -USR1 $TARGET
	tries=0
	until [ "$(counters)" -gt "$told" ]; do
		tries=$((tries + 1))
		[ $tries -le 400 ] || die 'SIGUSR1 is not answered'
		sleep 0.05
	done
	kill $TARGET
	status=0
	wait $TARGET || status=$?
	[ $status = 0 ] || die "the target ended with status $status"
	grep ' other requests' "$WORK/err" | tail -n 1 | sed 's/^/  /' >&2
}

# sample: what the target holds now: life, KiB, descriptors, threads.
sample() {
	kill -0 $TARGET 2>/dev/null || die "the target is dead"
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$TARGET/status")
	threads=$(awk '/^Threads/ { print $2 }' "/proc/$TARGET/status")
	set -- "/proc/$TARGET/fd/"*
	echo "$LIVES $rss $# $threads" >>"$WORK/samples"
}

# judge_samples: within a life memory stays at what it had grown to at a third
# of it, and descriptors at what they were.
judge_samples() {
	awk -v slack="$SLACK" '
		{ n[$1]++; rss[$1, n[$1]] = $2; fds[$1, n[$1]] = $3
			if ($4 > most[$1]) most[$1] = $4 }
		END {
			for (life in n) {
				third = int(n[life] / 3) + 1; base = top = 0
				for (i = 1; i <= n[life]; i++) {
					if (i <= third && rss[life, i] > base)
						base = rss[life, i]
					if (rss[life, i] > top)
						top = rss[life, i]
					if (fds[life, i] != fds[life, 1])
						bad = 1
				}
				if (top > base + slack) bad = 1
				printf "  life %d: %d KiB, then %d at most; " \
					"%d descriptors; %d threads\n", life,
					base, top, fds[life, 1], most[life]
			}
			exit bad
		}' "$WORK/samples" >"$WORK/judgement"
	judged=$?
	sort -k 2n "$WORK/judgement" >&2
	return $judged
}

# --- the weather -------------------------------------------------------

flap() {
	ip -n "$LAB-target" link set eth0 down
	sleep 0.2
	ip -n "$LAB-target" link set eth0 up
	FLAPS=$((FLAPS + 1))
}

# mtu: the next of those that the requests of this round fit.
mtu() {
	# shellcheck disable=SC2086
	set -- $MTUS
	shift $((CHANGES % $#))
	ip -n "$LAB-target" link set eth0 mtu "$1"
	CHANGES=$((CHANGES + 1))
}

# weather: one thing happens, and then nothing for a while.
weather() {
	STEP=$((STEP + 1))
	case $((STEP % 4)) in
	1) flap ;;
	3) mtu ;;
	esac
	if [ $(($(now) - BORN)) -ge "$RESTART" ]; then
		stop
		start
	fi
	sleep 0.8
	sample
}

# --- the initiators ----------------------------------------------------

# initiator N SECTORS ROUND: write a quarter and verify it.
initiator() {
	set -- "$1" "-t 100 -i $1 -f $((($1 - 1) * QUARTER)) -c $QUARTER" \
		"-n $2 -g $3"
	for mode in write "verify -o $WORK/expected"; do
		# shellcheck disable=SC2086
		on initiator "$HERE/load" -m $mode $2 $3 0 1 eth0 \
			>>"$WORK/load.$1" 2>"$WORK/load.$1.err" || return
	done
}

# round: all four at once, and the weather until all are done.
round() {
	ROUND=$((ROUND + 1))
	if [ $((ROUND % 2)) = 1 ]; then
		sectors=17 MTUS='9000 9216'
	else
		sectors=2 MTUS='1500 9000 4500 1500 9216'
	fi
	ip -n "$LAB-target" link set eth0 mtu 9000
	for i in 1 2 3 4; do
		rm -f "$WORK/done.$i"
		{
			initiator $i $sectors $ROUND && echo 0 || echo 1
		} >"$WORK/done.$i.new" 2>/dev/null &&
			mv "$WORK/done.$i.new" "$WORK/done.$i" &
		echo $! >"$WORK/$i.pid"
	done
	until [ "$(cat "$WORK"/done.? 2>/dev/null | wc -l)" = 4 ]; do
		weather
	done
	rm -f "$WORK"/?.pid
	! cat "$WORK"/done.? | grep -q 1 || {
		tail -n 5 "$WORK"/load.*
		die "an initiator failed in round $ROUND"
	}
}

totals() {
	cat "$WORK"/load.[1-4] | tr ' ' '\n' | awk -F= '
		{ sum[$1] += $2 }
		END { printf "%d requests, errors=%d bad=%d mismatches=%d " \
			"retransmits=%d\n", sum["requests"], sum["errors"],
			sum["bad"], sum["mismatches"], sum["retransmits"] }'
}

trap finish EXIT
trap 'exit 1' INT TERM HUP
ROUND=0 STEP=0 FLAPS=0 CHANGES=0
prepare
start
until=$(($(now) + TIME))
while [ "$(now)" -lt $until ]; do
	round
done
stop
TARGET=
cmp "$WORK/image" "$WORK/expected" || die "the image is not what was written"
kill $RELAY
wait $RELAY || :
RELAY=
say "the relay: $(cat "$WORK/relay")"
say "$ROUND rounds, $FLAPS link flaps, $CHANGES MTU changes, $LIVES lives"
judge_samples || die "memory grew or descriptors were leaked"
totals
