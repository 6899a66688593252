#!/bin/sh
# SPDX-License-Identifier: ISC
#
# make bench: measure this vblade, an older build of it and Debian's vblade 25,
# and what bounds them all: where the data is cached the reflector (reflect.c,
# a target without a disk), where the disk counts fio on the same file.
#
# All of them take turns, round by round, over a veth pair between two network
# namespaces, each time freshly started.  The report (report.sh) has the
# medians of the rounds as Markdown tables.
#
# Needs root, an idle machine and nothing else: Debian's vblade is unpacked
# into a temporary directory, not installed.  Where fio is missing, its bounds
# are left out.
#
# Variables:
#	ROWS	names of rows or patterns (default: all; "help" lists them);
#		"goals" measures the rows that have a goal, against OLD
#	OLD	an older build of this vblade, as a further target
#	PEER	the upstream vblade (default: Debian's vblade 25; "none")
#	ROUNDS	number of rounds (default 5)
#	TIME	seconds per measurement (default 2, with ROWS=goals 1)
#	LIMIT	no round is started that would end later than this many
#		seconds (default: none, with ROWS=goals 720)
#	SIZE	of the file in MiB (default 1024)
#	DIR	for the file (default /var/tmp): on a disk, not in memory
#	CSV	where each measurement goes (default: bench.csv in DIR);
#		"sh tests/bench/report.sh CSV" reports it again
#	QUICK	set: one short round on a small file, a smoke test
#	VBLADE	the program (default ./vblade of the tree)

set -eu
export LC_ALL=C

HERE=$(cd "$(dirname "$0")" && pwd)
LAB=vbb$$
. "$HERE/../lab.sh"
. "$HERE/rows.sh"
LOAD=$HERE/../load
REFLECT=$HERE/reflect

: "${ROWS:=*}" "${VBLADE:=$HERE/../../vblade}" "${DIR:=/var/tmp}"
: "${OLD:=}" "${PEER:=}"
if [ -n "${QUICK:-}" ]; then
	: "${ROUNDS:=1}" "${TIME:=1}" "${SIZE:=64}"
fi
if [ "$ROWS" = goals ]; then
	: "${TIME:=1}" "${LIMIT:=720}"
fi
: "${ROUNDS:=5}" "${TIME:=2}" "${SIZE:=1024}" "${LIMIT:=1000000}"
: "${CSV:=$DIR/bench.csv}"
WORK=$DIR/$LAB
FILE=$WORK/image
LOG=$WORK/log
PIDS=
FAILED=0

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "bench: $*"
	exit 1
}

now() {
	date +%s
}

# --- preparation -------------------------------------------------------

# select_rows: print the names of the rows to measure.
select_rows() {
	if [ "$ROWS" = goals ]; then
		goals | awk '{ print $1; if ($5 != "none") print $5 }' \
			>"$WORK/names"
		rows | cut -d '|' -f 1 | grep -Fx -f "$WORK/names"
		return
	fi
	set -f
	for pattern in $ROWS; do
		rows | cut -d '|' -f 1 | (
			status=1
			while read -r name; do
				# shellcheck disable=SC2254
				case $name in
				$pattern) echo "$name"; status=0 ;;
				esac
			done
			exit $status
		) || die "no row '$pattern'; ROWS=help lists them"
	done
	set +f
}

# find_peers: what is compared, and that it is what it is taken for.
find_peers() {
	[ -x "$VBLADE" ] || die "$VBLADE is not built"
	if [ -n "$OLD" ]; then
		[ ! -d "$OLD" ] || die "OLD=$OLD: a directory, not a program"
		case $("$OLD" -V 2>/dev/null) in
		vblade\ *) ;;
		*) die "OLD=$OLD: not an older build of this vblade" ;;
		esac
		! cmp -s "$OLD" "$VBLADE" || die "OLD=$OLD: the same program"
	elif [ "$ROWS" = goals ]; then
		die 'ROWS=goals compares with an older build: OLD=path'
	fi
	if [ -z "$PEER" ]; then
		mkdir "$WORK/vblade25"
		PEER=$("$HERE/vblade25" "$WORK/vblade25") ||
			die 'PEER=none measures without it'
	elif [ "$PEER" = none ]; then
		PEER=
	elif ! grep -q 'Coraid EtherDrive vblade' "$PEER"; then
		die "PEER=$PEER: not the upstream vblade"
	fi
}

prepare() {
	[ "$(id -u)" = 0 ] || die 'requires root'
	for program in "$LOAD" "$REFLECT"; do
		[ -x "$program" ] || die "$program is not built"
	done
	mkdir "$WORK"
	NAMES=$(select_rows)
	find_peers
	dd if=/dev/zero of="$FILE" bs=1M count="$SIZE" status=none
	lab_open 9000
}

finish() {
	trap '' INT TERM HUP
	stop
	for ns in "$TARGET_NS" "$INITIATOR_NS"; do
		# shellcheck disable=SC2046
		kill $(ip netns pids "$ns" 2>/dev/null) 2>/dev/null || :
	done
	lab_close
	rm -rf "$WORK"
}

# --- the targets -------------------------------------------------------

# launch TARGET INTERFACE SLOT OPTION...: start one; its pid joins PIDS.
launch() {
	case $1 in
	vblade) program=$VBLADE last=$FILE ;;
	old) program=$OLD last=$FILE ;;
	vblade25) program=$PEER last=$FILE ;;
	reflect) program=$REFLECT last=$((SIZE * 2048)) ;;
	esac
	interface=$2 slot=$3
	shift 3
	ip netns exec "$TARGET_NS" "$program" "$@" 0 "$slot" "$interface" "$last" \
		>>"$LOG" 2>&1 </dev/null &
	PIDS="$PIDS $!"
}

# start TARGET EXPORTS OPTION...: start all exports of a row; false if one
# fails.
start() {
	target=$1 exports=${2#m} i=0
	[ "$exports" = "$2" ] && macvlans=false || macvlans=true
	shift 2
	: >"$LOG"
	while [ $i -lt "$exports" ]; do
		interface=eth0
		! $macvlans || add_macvlan "$i"
		launch "$target" "$interface" "$i" "$@"
		i=$((i + 1))
	done
	tries=0
	until [ "$(grep -c '^pid ' "$LOG")" -ge "$exports" ]; do
		tries=$((tries + 1))
		[ $tries -lt 400 ] && alive || return 1
		sleep 0.05
	done
}

add_macvlan() {
	interface=mac$1
	on_target ip link add link eth0 name "$interface" mtu "$MTU" \
		type macvlan mode bridge
	on_target ip link set "$interface" up
}

alive() {
	for pid in $PIDS; do
		kill -0 "$pid" 2>/dev/null || return 1
	done
}

stop() {
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $PIDS; do
		wait "$pid" 2>/dev/null || :
	done
	PIDS=
	for link in $(ip -n "$TARGET_NS" -o link show type macvlan 2>/dev/null |
		sed 's/^[0-9]*: \(mac[0-9]*\)@.*/\1/'); do
		ip -n "$TARGET_NS" link delete "$link"
	done
}

# --- measuring ---------------------------------------------------------

# Of all targets together, so far: CPU time of the living threads in
# microseconds, kernel threads for io_uring (iou-wrk) included; that of the
# processes, whose unit is 10000 us, ended threads included; and how often
# the living threads have slept.
usage() {
	for pid in $PIDS; do
		sed 's/^/schedstat /' "/proc/$pid"/task/*/schedstat
		sed 's/.*) /stat /' "/proc/$pid/stat"
		sed -n 's/^voluntary_ctxt_switches:/switches/p' \
			"/proc/$pid"/task/*/status
	done 2>/dev/null | awk '
		$1 == "schedstat" { ns += $2 }
		$1 == "stat" { ticks += $13 + $14 }
		$1 == "switches" { n += $2 }
		END { printf "%.0f %.0f %.0f\n", ns / 1000, ticks * 10000, n }'
}

# The most threads of a target: its own, and the kernel's for its io_uring.
threads() {
	for pid in $PIDS; do
		cat "/proc/$pid"/task/*/comm 2>/dev/null | awk '
			/^iou-/ { kernel++; next }
			{ own++ }
			END { print own + 0, kernel + 0 }'
	done | awk '
		$1 > own { own = $1 }
		$2 > kernel { kernel = $2 }
		END { print own + 0, kernel + 0 }'
}

# Busy time of the machine so far, in microseconds.
busy() {
	awk '$1 == "cpu" {
		printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 10000
		exit
	}' /proc/stat
}

# Peak memory of all targets together in KiB.
memory() {
	for pid in $PIDS; do
		cat "/proc/$pid/status"
	done | awk '/^VmHWM/ { n += $2 } END { print n + 0 }'
}

# cache STATE: nothing is left to be written back; the file is in the page
# cache if warm, and not if cold.
cache() {
	sync "$FILE"
	if [ "$1" = cold ]; then
		echo 3 >/proc/sys/vm/drop_caches
	else
		cat "$FILE" >/dev/null
	fi
}

# drive OPTION...: run the initiator of a row; prints its line.
drive() {
	case $1 in
	idle)	sleep $((3 * TIME))
		echo "seconds=$((3 * TIME))" ;;
	foreign) # A reflector answers them, and is not measured.
		ip netns exec "$TARGET_NS" "$REFLECT" 9 9 eth0 2048 \
			>/dev/null 2>&1 </dev/null &
		reflector=$!
		on_initiator "$LOAD" -d "$TIME" -m read -n 1 -w 1 9 9 eth0
		kill $reflector ;;
	*)	on_initiator "$LOAD" -d "$TIME" -t 200 "$@" 0 0 eth0 ;;
	esac
}

# sample ROUND TARGET LINE BEFORE AFTER BUSY THREADS MEMORY: append to the CSV.
# What was not measured stays empty.
sample() {
	echo "$3" | tr ' ' '\n' | awk -F= -v OFS=, -v head="$1,$ROW,$2" \
		-v before="$4" -v after="$5" -v busy="$6" -v threads="$7" \
		-v memory="$8" '
	{ v[$1] = $2 }
	END {
		split(before, b, " ")
		split(after, a, " ")
		split(threads, t, " ")
		cpu = a[1] - b[1]
		if (a[2] - b[2] > cpu + 20000)	# threads have ended meanwhile
			cpu = a[2] - b[2]
		n = v["requests"]
		print head, v["mbps"], v["rps"], n ? cpu / n : "",
			n ? busy / n : "", v["p50_us"], v["p99_us"],
			v["p999_us"], t[1], t[2], memory,
			(a[3] - b[3]) / v["seconds"], v["retransmits"],
			v["errors"]
	}' >>"$CSV"
}

# measure ROUND TARGET: one target in the current row.
measure() {
	cache "$CACHE"
	# shellcheck disable=SC2086
	if ! start "$2" "$EXPORTS" $OPTIONS; then
		say "  $2 did not start: $(grep -v '^pid ' "$LOG" | tail -n 1)"
		FAILED=1
		stop
		return
	fi
	before=$(usage) at=$(busy)
	# shellcheck disable=SC2086
	line=$(drive $INITIATOR) || say "  $2: $line"
	machine=$(($(busy) - at)) after=$(usage)
	if alive && [ -n "$line" ]; then
		sample "$1" "$2" "$line" "$before" "$after" "$machine" \
			"$(threads)" "$(memory)"
	else
		say "  $2 failed: $(tail -n 1 "$LOG")"
		FAILED=1
	fi
	stop
}

# measure_fio ROUND KIND: what the disk itself can do.
measure_fio() {
	depth=${2#*:}
	case $2 in
	rand*) set -- "$1" --direct=1 --ioengine=libaio --iodepth="$depth" \
		--bs=4k --rw="${2%:*}" ;;
	read | write) set -- "$1" --direct=1 --ioengine=libaio --iodepth=4 \
		--bs=128k --rw="$2" ;;
	dsyncrand:*) set -- "$1" --sync=dsync --ioengine=psync --thread \
		--numjobs="$depth" --bs=4k --rw=randwrite ;;
	dsync) set -- "$1" --sync=dsync --ioengine=psync --bs=128k \
		--rw=write ;;
	esac
	cache cold
	round=$1
	shift
	fio --name=bound --filename="$FILE" --size="${SIZE}M" \
		--runtime="$TIME" --time_based --group_reporting --minimal \
		--terse-version=3 --allow_file_create=0 --fallocate=none "$@" \
		2>/dev/null | awk -F';' -v OFS=, -v head="$round,$ROW,fio" '
		NF > 50 {
			print head, ($7 + $48) * 1.024 / 1000, $8 + $49, "", "",
				"", "", "", "", "", "", "", "", ""
		}' >>"$CSV"
}

# targets BOUND: those that the current row compares.
targets() {
	list=vblade
	if [ "$ROWS" = goals ] && [ "$1" = none ]; then
		echo "$list"		# compared with other rows only
		return
	fi
	[ -z "$OLD" ] || list="$list old"
	[ -z "$PEER" ] || list="$list vblade25"
	case $ROWS,$1 in
	goals,* | *,none) ;;
	*,reflect) list="$list reflect" ;;
	*) ! command -v fio >/dev/null || list="$list fio" ;;
	esac
	echo "$list"
}

# turn N WORD...: the words, from another one on each time.
turn() {
	n=$1
	shift
	n=$((n % $#))
	while [ $n -gt 0 ]; do
		first=$1
		shift
		set -- "$@" "$first"
		n=$((n - 1))
	done
	echo "$@"
}

# measure_row ROUND NAME: all targets in turn.
measure_row() {
	round=$1
	IFS='|' read -r ROW MTU EXPORTS CACHE BOUND OPTIONS INITIATOR _ <<-ROW
		$(rows | grep "^$2|")
	ROW
	lab_mtu "$MTU"
	# shellcheck disable=SC2046
	for target in $(turn "$round" $(targets "$BOUND")); do
		case $target in
		fio) measure_fio "$round" "$BOUND" ;;
		*) measure "$round" "$target" ;;
		esac
	done
}

measure_rounds() {
	echo round,row,target,MB/s,requests/s,cpu_us/request,\
machine_us/request,p50_us,p99_us,p99.9_us,threads,iou-wrk,memory_KiB,\
wakeups/s,retransmits,errors >"$CSV"
	began=$(now) finished=0 round=0
	# shellcheck disable=SC2086
	all=$(($(set -- $NAMES; echo $#) * ROUNDS))
	while [ "$round" -lt "$ROUNDS" ]; do
		started=$(now) round=$((round + 1))
		for name in $NAMES; do
			spent=$(($(now) - began)) left='?'
			[ $finished = 0 ] || left=$((spent * (all - finished) / finished))
			say "round $round of $ROUNDS: $name" \
				"($spent s so far, about $left s left)"
			measure_row "$round" "$name"
			finished=$((finished + 1))
		done
		if [ $((2 * $(now) - started - began)) -gt "$LIMIT" ]; then
			break
		fi
	done
	spent=$(($(now) - began))
}

# The lines of the CSV that begin with a # describe the measurement.
describe() {
	printf '# %s, %s CPUs, Linux %s, file on %s; medians of %s rounds' \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo |
			head -n 1)" "$(nproc)" "$(uname -r)" \
		"$(df --output=fstype "$FILE" | tail -n 1)" "$round"
	printf ' (%s s, %s MiB), %s s in all' "$TIME" "$SIZE" "$spent"
	[ -z "$OLD" ] || printf '; old: %s' "$OLD"
	echo
}

if [ "$ROWS" = help ]; then
	rows | awk -F '|' '{ printf "%-12s %s\n", $1, $8 }'
	exit
fi
trap finish EXIT
trap 'exit 130' INT TERM HUP
prepare
measure_rounds
describe >>"$CSV"
sh "$HERE/report.sh" "$CSV" "$ROWS"
say "all measurements: $CSV"
[ $FAILED = 0 ]
