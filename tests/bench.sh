#!/bin/sh
#
# make bench: what this vblade costs, beside Debian's vblade 25 and beside what
# bounds both: the reflector (tests/reflect.c, a target without a disk) where
# the data is cached, and fio on the same file where the disk counts.
#
# All of them take turns, round by round, over a veth pair between two network
# namespaces, each time freshly started.  A figure is the median of its rounds.
# Root is needed; vblade and fio are installed from Debian where missing.
#
# Variables:
#	ROWS	which rows (default: all; "help" lists them)
#	ROUNDS	how many rounds (default 5)
#	TIME	seconds a measurement (default 2)
#	SIZE	of the file in MiB (default 1024)
#	DIR	for the file (default /var/tmp): a disk, not memory
#	CSV	where each measurement goes (default: bench.csv in DIR)
#	QUICK	set: one short round of everything, a smoke test
#	VBLADE	the program (default ./vblade of the tree)
#
# Columns: cpu is the CPU time of the target's threads a request, all that of
# the whole machine (initiator and interrupts included), in microseconds;
# mem the peak memory of all targets together in KiB; wake their context
# switches a second; cpu/min their CPU seconds a minute.

set -eu
export LC_ALL=C

HERE=$(cd "$(dirname "$0")" && pwd)
: "${VBLADE:=$HERE/../vblade}" "${PEER:=/usr/sbin/vblade}" "${DIR:=/var/tmp}"
if [ -n "${QUICK:-}" ]; then
	: "${ROUNDS:=1}" "${TIME:=1}" "${SIZE:=64}"
fi
: "${ROUNDS:=5}" "${TIME:=2}" "${SIZE:=1024}" "${CSV:=$DIR/bench.csv}"
LAB=vbb$$
FILE=$DIR/$LAB.img
LOG=$DIR/$LAB.log
PIDS=

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "bench: $*"
	exit 1
}

# The rows.  What fio bounds starts without a cache, since fio drops the file
# from it.  Each line: name, MTU, exports, cache, bound, options of the
# target, options of the initiator, what it is.  Blanks within an entry are _.
table() {
	cat <<'ROWS'
r4k-9000     9000 1   warm reflect -  -m_read_-r_-n_8_-w_16      cached 4 KiB random reads, MTU 9000
rseq-9000    9000 1   warm reflect -  -m_read_-w_16              cached sequential reads, MTU 9000
wseq-9000    9000 1   warm reflect -  -m_write_-q_-w_16          buffered sequential writes, MTU 9000
r512-9000    9000 1   warm reflect -  -m_read_-r_-n_1_-w_16      cached 512-byte random reads, MTU 9000
r4k-1500     1500 1   warm reflect -  -m_read_-r_-n_2_-w_16      cached random reads, MTU 1500 (1 KiB a frame)
rseq-1500    1500 1   warm reflect -  -m_read_-w_16              cached sequential reads, MTU 1500
wseq-1500    1500 1   warm reflect -  -m_write_-q_-w_16          buffered sequential writes, MTU 1500
r512-1500    1500 1   warm reflect -  -m_read_-r_-n_1_-w_16      cached 512-byte random reads, MTU 1500
cold-r4k     9000 1   cold randread -  -m_read_-r_-n_8_-w_16     cold 4 KiB random reads
cold-rseq    9000 1   cold read    -  -m_read_-w_16              cold sequential reads
d-r4k        9000 1   cold randread -d -m_read_-r_-n_8_-w_16     -d 4 KiB random reads
d-w4k        9000 1   cold randwrite -d -m_write_-q_-r_-n_8_-w_16 -d 4 KiB random writes
d-rseq       9000 1   cold read    -d -m_read_-n_16_-w_64        -d sequential reads, window 64
d-wseq       9000 1   cold write   -d -m_write_-q_-n_16_-w_16    -d sequential writes
s-w4k        9000 1   cold dsyncrand -s -m_write_-q_-r_-n_8_-w_16 -s 4 KiB random writes
s-wseq       9000 1   cold dsync   -s -m_write_-q_-n_16_-w_16    -s sequential writes
w1-r4k       9000 1   warm reflect -  -m_read_-r_-n_8_-w_1       cached 4 KiB random reads, window 1
w64-r4k      9000 1   warm reflect -  -m_read_-r_-n_8_-w_64      cached 4 KiB random reads, window 64
x1-r4k       9000 1   warm none    -r -m_read_-r_-n_8_-w_16      1 export (to compare with the next three)
x8-r4k       9000 8   warm none    -r -m_read_-r_-n_8_-w_16      8 exports on one interface, one of them busy
x64-r4k      9000 64  warm none    -r -m_read_-r_-n_8_-w_16      64 exports on one interface, one of them busy
mac64-r4k    9000 m64 warm none    -r -m_read_-r_-n_8_-w_16      64 exports each on a macvlan of its own, one busy
idle         9000 1   warm none    -  idle                       nothing to do
foreign      9000 1   warm none    -  noise                      1000 frames a second for another address
ROWS
}

# --- what is needed ----------------------------------------------------

# need FILE PACKAGE
need() {
	[ -x "$1" ] || apt-get install -qy "$2" >&2 || die "$1 is missing"
}

prepare() {
	[ "$(id -u)" = 0 ] || die "root is needed"
	need "$PEER" vblade
	need /usr/bin/fio fio
	need /sbin/ip iproute2
	for program in "$VBLADE" "$HERE/load" "$HERE/reflect"; do
		[ -x "$program" ] || die "$program is not built"
	done
	dd if=/dev/zero of="$FILE" bs=1M count="$SIZE" status=none
	ip netns add "$LAB-t"
	ip netns add "$LAB-i"
	ip -n "$LAB-t" link add eth0 type veth peer name eth0 netns "$LAB-i"
	for ns in "$LAB-t" "$LAB-i"; do
		ip netns exec "$ns" sh -c 'cd /proc/sys/net/ipv6/conf &&
			echo 1 >all/disable_ipv6
			echo 1 >default/disable_ipv6' 2>/dev/null || :
		ip -n "$ns" link set eth0 up
	done
}

finish() {
	trap '' INT TERM HUP
	stop
	ip netns delete "$LAB-t" 2>/dev/null || :
	ip netns delete "$LAB-i" 2>/dev/null || :
	rm -f "$FILE" "$LOG"
}

on_target() {
	ip netns exec "$LAB-t" "$@"
}

on_initiator() {
	ip netns exec "$LAB-i" "$@"
}

# --- the targets -------------------------------------------------------

# launch NAME INTERFACE SLOT OPTION...: one target; its pid joins PIDS.
launch() {
	case $1 in
	vblade)		program=$VBLADE last=$FILE ;;
	vblade25)	program=$PEER last=$FILE ;;
	reflect)	program=$HERE/reflect last=$((SIZE * 2048)) ;;
	esac
	interface=$2 slot=$3
	shift 3
	ip netns exec "$LAB-t" "$program" "$@" 0 "$slot" "$interface" "$last" \
		>>"$LOG" 2>&1 </dev/null &
	PIDS="$PIDS $!"
}

# start NAME EXPORTS OPTION...: all targets of a row; false if one fails.
start() {
	name=$1 exports=$2 interface=eth0 i=0
	shift 2
	: >"$LOG"
	while [ $i -lt "${exports#m}" ]; do
		[ "$exports" = "${exports#m}" ] || macvlan "$i"
		launch "$name" "$interface" "$i" "$@"
		i=$((i + 1))
	done
	tries=0
	until [ "$(grep -c '^pid ' "$LOG")" -ge "${exports#m}" ]; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] && alive || return 1
		sleep 0.05
	done
}

macvlan() {
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
	for link in $(ip -n "$LAB-t" -o link show type macvlan 2>/dev/null |
		sed 's/^[0-9]*: \(mac[0-9]*\)@.*/\1/'); do
		ip -n "$LAB-t" link delete "$link"
	done
}

# --- measuring ---------------------------------------------------------

# CPU time of the targets so far, in microseconds, and context switches.
usage() {
	for pid in $PIDS; do
		cat "/proc/$pid"/task/*/schedstat
	done | awk '{ ns += $1 } END { printf "%.0f ", ns / 1000 }'
	for pid in $PIDS; do
		cat "/proc/$pid"/task/*/status
	done | awk '/ctxt_switches/ { n += $2 } END { print n + 0 }'
}

# Busy time of the machine so far, in microseconds.
busy() {
	awk '$1 == "cpu" {
		printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 10000
		exit
	}' /proc/stat
}

memory() {
	for pid in $PIDS; do
		cat "/proc/$pid/status"
	done | awk '/^VmHWM/ { n += $2 } END { print n + 0 }'
}

# The caches as the row wants them, and nothing left to be written back.
cache() {
	sync "$FILE"
	if [ "$1" = cold ]; then
		echo 3 >/proc/sys/vm/drop_caches
	else
		cat "$FILE" >/dev/null
	fi
}

# drive OPTION...: the initiator's line; for the rows without one, a like line.
drive() {
	case $1 in
	idle)	sleep "$TIME"
		echo "seconds=$TIME" ;;
	noise)	on_initiator "$HERE/load" -m noise -R 1000 -d "$TIME" 9 9 eth0
		echo "seconds=$TIME" ;;
	*)	on_initiator "$HERE/load" -d "$TIME" -t 200 "$@" 0 0 eth0 ;;
	esac
}

# sample ROUND ROW TARGET LINE BEFORE AFTER BUSY MEMORY: a line of the CSV.
sample() {
	echo "$4" | tr ' ' '\n' | awk -F= -v OFS=, -v head="$1,$2,$3" \
		-v before="$5" -v after="$6" -v busy="$7" -v mem="$8" '
	{ v[$1] = $2 }
	END {
		split(before, b, " ")
		split(after, a, " ")
		n = v["requests"]
		s = v["seconds"]
		cpu = a[1] - b[1]
		print head, v["mbps"] + 0, v["rps"] + 0,
			n ? cpu / n : 0, n ? busy / n : 0, v["p50_us"] + 0,
			v["p99_us"] + 0, v["p999_us"] + 0, mem,
			(a[2] - b[2]) / s, cpu / s * 60 / 1e6,
			v["retransmits"] + 0, v["errors"] + 0
	}' >>"$CSV"
}

# measure ROUND TARGET: the row of the moment.
measure() {
	options=$OPTIONS
	cache "$CACHE"
	# shellcheck disable=SC2086
	if ! start "$2" "$EXPORTS" $options; then
		say "  $2 did not start: $(grep -v '^pid ' "$LOG" | tail -n 1)"
		stop
		return
	fi
	before=$(usage) at=$(busy)
	# shellcheck disable=SC2086
	line=$(drive $LOAD) || say "  $2: a fault: $line"
	if alive && [ -n "$line" ]; then
		sample "$1" "$ROW" "$2" "$line" "$before" "$(usage)" \
			$(($(busy) - at)) "$(memory)"
	else
		say "  $2 failed: $(tail -n 1 "$LOG")"
	fi
	stop
}

# bound ROUND KIND: what the disk itself can do.
bound() {
	common="--name=bound --filename=$FILE --size=${SIZE}M --runtime=$TIME
		--time_based --minimal --terse-version=3 --group_reporting
		--allow_file_create=0 --fallocate=none"
	case $2 in
	randread|randwrite)
		set -- "$1" "$2" --direct=1 --ioengine=libaio --iodepth=16 \
			--bs=4k --rw="$2" ;;
	read|write)
		set -- "$1" "$2" --direct=1 --ioengine=libaio --iodepth=4 \
			--bs=128k --rw="$2" ;;
	dsyncrand)
		set -- "$1" "$2" --sync=dsync --ioengine=psync --thread \
			--numjobs=16 --bs=4k --rw=randwrite ;;
	dsync)
		set -- "$1" "$2" --sync=dsync --ioengine=psync --bs=128k \
			--rw=write ;;
	esac
	cache "$CACHE"
	round=$1
	shift 2
	# shellcheck disable=SC2086
	fio $common "$@" 2>/dev/null | awk -F';' -v OFS=, \
		-v head="$round,$ROW,fio" 'NF > 50 {
		print head, ($7 + $48) * 1.024 / 1000, $8 + $49, 0, 0, 0, 0, 0,
			0, 0, 0, 0, 0
	}' >>"$CSV"
}

# row ROUND LINE: all targets in turn.
row() {
	round=$1
	# shellcheck disable=SC2086
	set -- $2
	ROW=$1 MTU=$2 EXPORTS=$3 CACHE=$4 BOUND=$5
	OPTIONS=$(echo "$6" | sed 's/^-$//; s/_/ /g')
	LOAD=$(echo "$7" | tr _ ' ')
	ip -n "$LAB-t" link set eth0 mtu "$MTU"
	ip -n "$LAB-i" link set eth0 mtu "$MTU"
	say "round $round of $ROUNDS: $ROW"
	measure "$round" vblade
	measure "$round" vblade25
	case $BOUND in
	none)		;;
	reflect)	measure "$round" reflect ;;
	*)		bound "$round" "$BOUND" ;;
	esac
}

rounds() {
	echo round,row,target,mbps,rps,cpu_us,all_us,p50_us,p99_us,p999_us,\
mem_kib,wakeups,cpu_s_min,retransmits,errors >"$CSV"
	round=0
	while [ "$round" -lt "$ROUNDS" ]; do
		round=$((round + 1))
		for name in $(table | awk '{ print $1 }'); do
			wanted "$name" || continue
			row "$round" "$(table | grep "^$name ")"
		done
	done
}

wanted() {
	[ -n "${ROWS:-}" ] || return 0
	for wanted in $ROWS; do
		[ "$wanted" != "$1" ] || return 0
	done
	return 1
}

# --- the report --------------------------------------------------------

# Medians, ratios to vblade 25 and to the bound, and a bar of the requests a
# second (of the throughput, where the bound has requests of another size).
report() {
	{ table; echo; cat "$CSV"; } | awk '
	function median(row, who, column,	n, i, j, x, list) {
		n = count[row, who]
		for (i = 1; i <= n; i++) {
			x = value[row, who, i, column]
			for (j = i - 1; j > 0 && list[j] > x; j--)
				list[j + 1] = list[j]
			list[j + 1] = x
		}
		if (n % 2)
			return list[(n + 1) / 2]
		return (list[n / 2] + list[n / 2 + 1]) / 2
	}
	function ratio(row, who, other, column,	base) {
		base = count[row, other] ? median(row, other, column) : 0
		return base ? sprintf("%.2fx", median(row, who, column) / base) : "-"
	}
	function bar(share,	s) {
		for (s = ""; length(s) < share * 30 + 0.5; )
			s = s "#"
		return s
	}
	function target(row, who,	c) {
		c = bound[row] ~ /^(read|write|dsync)$/ ? 4 : 5
		printf "  %-8s %8.1f %8.0f %7.2f %7.2f %7.1f %8.1f %8.1f %8d %8.1f %7.3f |%s\n",
			who, median(row, who, 4), median(row, who, 5),
			median(row, who, 6), median(row, who, 7),
			median(row, who, 8), median(row, who, 9),
			median(row, who, 10), median(row, who, 11),
			median(row, who, 12), median(row, who, 13),
			bar(best[row] ? median(row, who, c) / best[row] : 0)
	}
	!separated && NF == 0 { separated = 1; FS = ","; next }
	!separated {
		name[++rows] = $1
		bound[$1] = $5
		what[$1] = $8
		for (i = 9; i <= NF; i++)
			what[$1] = what[$1] " " $i
		next
	}
	$1 ~ /^[0-9]+$/ {
		n = ++count[$2, $3]
		for (i = 4; i <= NF; i++)
			value[$2, $3, n, i] = $i
		lost[$2, $3] += $14
		failed[$2, $3] += $15
	}
	END {
		split("vblade vblade25 reflect fio", who, " ")
		for (r = 1; r <= rows; r++)
			print_row(name[r])
	}
	function print_row(row,	i, c, m, limit, some) {
		c = bound[row] ~ /^(read|write|dsync)$/ ? 4 : 5
		for (i = 1; i <= 4; i++) {
			if (!count[row, who[i]])
				continue
			some = 1
			m = median(row, who[i], c)
			if (m > best[row])
				best[row] = m
		}
		if (!some)
			return
		printf "\n%s: %s\n", row, what[row]
		printf "  %-8s %8s %8s %7s %7s %7s %8s %8s %8s %8s %7s\n",
			"", "MB/s", "req/s", "cpu", "all", "p50", "p99",
			"p99.9", "mem", "wake", "cpu/min"
		for (i = 1; i <= 4; i++)
			if (count[row, who[i]])
				target(row, who[i])
		if (!count[row, "vblade"])
			return
		limit = count[row, "fio"] ? "fio" : "reflect"
		printf "  ratio to vblade 25: throughput %s, cpu %s, p50 %s",
			ratio(row, "vblade", "vblade25", 4),
			ratio(row, "vblade", "vblade25", 6),
			ratio(row, "vblade", "vblade25", 8)
		if (count[row, limit])
			printf "; to %s: throughput %s, cpu %s", limit,
				ratio(row, "vblade", limit, 4),
				ratio(row, "vblade", limit, 6)
		printf "\n"
		for (i = 1; i <= 3; i++)
			if (lost[row, who[i]] || failed[row, who[i]])
				printf "  %s: %d retransmits, %d errors\n",
					who[i], lost[row, who[i]],
					failed[row, who[i]]
	}'
}

if [ "${ROWS:-}" = help ]; then
	table
	exit
fi
trap finish EXIT
trap 'exit 130' INT TERM HUP
prepare
rounds
printf '%s, %s CPUs, Linux %s; %s rounds of %s s, %s MiB on %s; %s\n' \
	"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
	"$(nproc)" "$(uname -r)" "$ROUNDS" "$TIME" "$SIZE" \
	"$(stat -f -c %T "$DIR")" "all measurements in $CSV"
report
