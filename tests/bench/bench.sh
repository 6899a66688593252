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
#	SIZE	of the file in MiB (default 1024)
#	DIR	for the file (default /var/tmp): on a disk, not in memory
#	CSV	where each measurement goes (default: bench.csv in DIR);
#		"sh tests/bench/report.sh CSV" reports it again
#	VBLADE	the program (default ./vblade of the tree)

# Lists of words are split on purpose.
# shellcheck disable=SC2046,SC2086

. "$(dirname "$0")/common.sh"
. "$HERE/rows.sh"
: "${ROWS:=*}" "${OLD:=}" "${PEER:=}"
[ "$ROWS" != goals ] || : "${TIME:=1}"
: "${ROUNDS:=5}" "${TIME:=2}" "${SIZE:=1024}" "${CSV:=$DIR/bench.csv}"
FILE=$WORK/image
LOG=$WORK/log
PIDS=
FAILED=0

# --- preparation -------------------------------------------------------

# select_rows: print the names of the rows to measure.
select_rows() {
	patterns=$ROWS
	[ "$ROWS" != goals ] || patterns=$(goals | cut -d ' ' -f 1,2)
	set -f
	for pattern in $patterns; do
		for name in $(rows | cut -d '|' -f 1); do
			# shellcheck disable=SC2254
			case $name in
			$pattern) echo "$name" ;;
			esac
		done
	done | awk '!seen[$0]++'
	set +f
}

# unpack_vblade25: Debian's vblade 25, not installed, becomes $PEER.  The version
# is given so that a package of this vblade is never taken.
unpack_vblade25() {
	mkdir "$WORK/vblade25"
	(
		cd "$WORK/vblade25"
		set -- apt-get -qq -o APT::Sandbox::User=root \
			download 'vblade=25-*'
		"$@" || { apt-get -qq update && "$@"; }
		dpkg-deb -x vblade_25-*.deb .
	) >&2 || die 'no vblade 25 from Debian; PEER=none measures without it'
	PEER=$WORK/vblade25/usr/sbin/vblade
}

# find_peers: what is compared, and that it is what it is taken for.
find_peers() {
	if [ -n "$OLD" ]; then
		"$OLD" -V 2>/dev/null | grep -q '^vblade ' ||
			die "OLD=$OLD: not an older build of this vblade"
		! cmp -s "$OLD" "$VBLADE" || die "OLD=$OLD: the same program"
	elif [ "$ROWS" = goals ]; then
		die 'ROWS=goals compares with an older build: OLD=path'
	fi
	[ -n "$PEER" ] || unpack_vblade25
	if [ "$PEER" = none ]; then
		PEER=
	elif ! grep -q 'Coraid EtherDrive vblade' "$PEER"; then
		die "PEER=$PEER: not the upstream vblade"
	fi
}

prepare() {
	NAMES=$(select_rows)
	[ -n "$NAMES" ] || die "no row '$ROWS'; ROWS=help lists them"
	require "$VBLADE" "$LOAD" "$HERE/reflect"
	find_peers
	dd if=/dev/zero of="$FILE" bs=1M count="$SIZE" status=none
	lab_open 9000
}

finish() {
	trap '' INT TERM HUP
	stop
	kill $(ip netns pids "$INITIATOR_NS" 2>/dev/null) 2>/dev/null || :
	lab_close
	rm -rf "$WORK"
}

# --- the targets -------------------------------------------------------

# start TARGET EXPORTS OPTION...: start all exports of a row; false if one
# fails.
start() {
	exports=${2#m} on=${2%%[0-9]*} disk=$FILE i=0
	case $1 in
	vblade) program=$VBLADE ;;
	old) program=$OLD ;;
	vblade25) program=$PEER ;;
	reflect) program=$HERE/reflect disk=$((SIZE * 2048)) ;;
	esac
	shift 2
	: >"$LOG"
	while [ $i -lt "$exports" ]; do
		interface=eth0
		if [ -n "$on" ]; then
			interface=mac$i
			ip -n "$TARGET_NS" link add link eth0 name $interface \
				mtu "$MTU" type macvlan mode bridge
			ip -n "$TARGET_NS" link set $interface up
		fi
		ip netns exec "$TARGET_NS" "$program" "$@" 0 $i $interface \
			"$disk" >>"$LOG" 2>&1 </dev/null &
		PIDS="$PIDS $!"
		i=$((i + 1))
	done
	poll settled && alive
}

settled() {
	[ "$(grep -c '^pid ' "$LOG")" -ge "$exports" ] || ! alive
}

alive() {
	for pid in $PIDS; do
		kill -0 "$pid" 2>/dev/null || return 1
	done
}

stop() {
	[ -z "$PIDS" ] || kill $PIDS 2>/dev/null || :
	wait $PIDS 2>/dev/null || :
	PIDS=
	for link in $(ip -n "$TARGET_NS" -o link show type macvlan 2>/dev/null |
		sed 's/^[0-9]*: \(mac[0-9]*\)@.*/\1/'); do
		ip -n "$TARGET_NS" link delete "$link"
	done
}

# --- measuring ---------------------------------------------------------

# Of all targets together, so far: CPU time of the living threads in
# microseconds, kernel threads for io_uring (iou-wrk) included; that of the
# processes, whose unit is 10000 us, ended threads included; how often the
# living threads have slept; the most threads of a target, its own and the
# kernel's; peak memory in KiB; and the busy time of the machine.
usage() {
	for pid in $PIDS; do
		echo process
		sed 's/^/schedstat /' "/proc/$pid"/task/*/schedstat
		sed 's/.*) /stat /' "/proc/$pid/stat"
		sed 's/^/name /' "/proc/$pid"/task/*/comm
		grep -h '^voluntary' "/proc/$pid"/task/*/status
		grep '^VmHWM' "/proc/$pid/status"
	done 2>/dev/null | cat - /proc/stat | awk '
		$1 == "process" { own = kernel = 0 }
		$1 == "schedstat" { us += $2 / 1000 }
		$1 == "stat" { ticks += $13 + $14 }
		$1 == "name" && /iou-/ && ++kernel > kernels { kernels = kernel }
		$1 == "name" && !/iou-/ && ++own > owns { owns = own }
		$1 ~ /^voluntary/ { sleeps += $2 }
		$1 ~ /^VmHWM/ { kib += $2 }
		$1 == "cpu" { busy = $2 + $3 + $4 + $7 + $8 }
		END {
			printf "%.0f %.0f %d %d %d %d %.0f\n", us,
			    ticks * 10000, sleeps, owns, kernels, kib,
			    busy * 10000
		}'
}

# cache_file BOUND: nothing is left to be written back; the file is not in the
# page cache if the disk counts, else it is.
cache_file() {
	sync "$FILE"
	case $1 in
	reflect | none) cat "$FILE" >/dev/null ;;
	*) echo 3 >/proc/sys/vm/drop_caches ;;
	esac
}

# drive OPTION...: run the initiator of a row; prints its line.
drive() {
	if [ "$1" = idle ]; then
		sleep $((3 * TIME))
		echo "seconds=$((3 * TIME))"
	else
		on_initiator "$LOAD" -d "$TIME" -t 200 -m "$@" 0 0 eth0
	fi
}

# sample ROUND TARGET LINE BEFORE AFTER: append to the CSV what load printed
# and what was used.  What was not measured stays empty.
sample() {
	echo "$3" | tr ' ' '\n' | awk -F= -v OFS=, -v head="$1,$ROW,$2" \
		-v before="$4" -v after="$5" '
	{ v[$1] = $2 }
	END {
		split(before, b, " ")
		split(after, a, " ")
		cpu = a[1] - b[1]
		if (a[2] - b[2] > cpu + 20000)	# threads have ended meanwhile
			cpu = a[2] - b[2]
		n = v["requests"]
		print head, v["mbps"], v["rps"], n ? cpu / n : "",
			n ? (a[7] - b[7]) / n : "", v["p50_us"], v["p99_us"],
			v["p999_us"], a[4], a[5], a[6],
			(a[3] - b[3]) / v["seconds"], v["retransmits"],
			v["errors"]
	}' >>"$CSV"
}

# measure ROUND TARGET: one target in the current row.
measure() {
	cache_file "$BOUND"
	line=
	if start "$2" "$EXPORTS" $OPTIONS; then
		before=$(usage)
		line=$(drive $INITIATOR) || say "  $2: $line"
		after=$(usage)
	fi
	if alive && [ -n "$line" ]; then
		sample "$1" "$2" "$line" "$before" "$after"
	else
		say "  $2 failed: $(grep -v '^pid ' "$LOG" | tail -n 1)"
		FAILED=1
	fi
	stop
}

# measure_fio ROUND OPERATION SIZE NUMBER [s]: what the disk itself can do.
measure_fio() {
	how="--direct=1 --ioengine=libaio --iodepth=$4"
	[ $# -lt 5 ] ||
		how="--sync=dsync --ioengine=psync --thread --numjobs=$4"
	cache_file "$BOUND"
	fio --name=bound --filename="$FILE" --size="${SIZE}M" --rw="$2" \
		--bs="$3" $how --runtime="$TIME" --time_based \
		--group_reporting --minimal --terse-version=3 \
		--allow_file_create=0 --fallocate=none 2>/dev/null |
		awk -F';' -v OFS=, -v head="$1,$ROW,fio" '
		NF > 50 {
			print head, ($7 + $48) * 1.024 / 1000, $8 + $49
		}' >>"$CSV"
}

# targets ROUND BOUND: those that the current row compares, each time from
# another one on.
targets() {
	list="${OLD:+old} ${PEER:+vblade25}"
	case $ROWS,$2 in
	goals,none) list= ;;
	goals,* | *,none) ;;
	*,reflect) list="$list reflect" ;;
	*) ! command -v fio >/dev/null || list="$list fio" ;;
	esac
	printf '%s\n' vblade $list | awk -v first="$1" '
		{ word[NR - 1] = $0 }
		END { for (i = 0; i < NR; i++) print word[(first + i) % NR] }'
}

# measure_row ROUND NAME: all targets in turn.
measure_row() {
	IFS='|' read -r ROW MTU EXPORTS BOUND OPTIONS INITIATOR _ <<-ROW
		$(rows | grep "^$2|")
	ROW
	lab_mtu "$MTU"
	for target in $(targets "$1" "$BOUND"); do
		case $target in
		fio) measure_fio "$1" $BOUND ;;
		*) measure "$1" "$target" ;;
		esac
	done
}

measure_rounds() {
	echo round,row,target,MB/s,requests/s,cpu_us/request,\
machine_us/request,p50_us,p99_us,p99.9_us,threads,iou-wrk,memory_KiB,\
wakeups/s,retransmits,errors >"$CSV"
	began=$(now)
	for round in $(seq "$ROUNDS"); do
		for name in $NAMES; do
			say "round $round of $ROUNDS: $name" \
				"($(($(now) - began)) s so far)"
			measure_row "$round" "$name"
		done
	done
	# A line of the CSV that begins with a # describes the measurement.
	printf '# %s, %s CPUs, Linux %s, file on %s; medians of %s rounds%s\n' \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo |
			head -n 1)" "$(nproc)" "$(uname -r)" \
		"$(df --output=fstype "$FILE" | tail -n 1)" "$ROUNDS" \
		" ($TIME s, $SIZE MiB), $(($(now) - began)) s in all${OLD:+; \
old: $OLD}" >>"$CSV"
}

if [ "$ROWS" = help ]; then
	rows | awk -F '|' '{ printf "%-12s %s\n", $1, $7 }'
	exit
fi
prepare
measure_rounds
sh "$HERE/report.sh" "$CSV" "$ROWS"
say "all measurements: $CSV"
[ $FAILED = 0 ]
