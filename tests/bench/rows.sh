# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# What the benchmark measures: sourced by bench.sh and report.sh.

# Name, MTU, exports (m: each on a macvlan of its own), bound, options of the
# target, options of the initiator after load -m, description.  A bound by fio
# has operation, size, number at a time, s for sync; the file is not cached then.
rows() {
	sed 's/ *| */|/g' <<'ROWS'
r4k-9000    | 9000 | 1   | reflect            |    | read -r -n 8 -w 16     | cached 4 KiB random reads, MTU 9000
rseq-9000   | 9000 | 1   | reflect            |    | read -w 16             | cached sequential reads, MTU 9000
w4k-9000    | 9000 | 1   | reflect            |    | write -q -r -n 8 -w 16 | buffered 4 KiB random writes, MTU 9000
wseq-9000   | 9000 | 1   | reflect            |    | write -q -w 16         | buffered sequential writes, MTU 9000
r1k-1500    | 1500 | 1   | reflect            |    | read -r -n 2 -w 16     | cached 1 KiB random reads, MTU 1500
rseq-1500   | 1500 | 1   | reflect            |    | read -w 16             | cached sequential reads, MTU 1500
w1k-1500    | 1500 | 1   | reflect            |    | write -q -r -n 2 -w 16 | buffered 1 KiB random writes, MTU 1500
wseq-1500   | 1500 | 1   | reflect            |    | write -q -w 16         | buffered sequential writes, MTU 1500
r512-9000   | 9000 | 1   | reflect            |    | read -r -n 1 -w 16     | cached 512-byte random reads, MTU 9000
r4k-w1      | 9000 | 1   | reflect            |    | read -r -n 8 -w 1      | cached 4 KiB random reads, window 1
r4k-w64     | 9000 | 1   | reflect            |    | read -r -n 8 -w 64     | cached 4 KiB random reads, window 64
cold-r4k    | 9000 | 1   | randread 4k 16     |    | read -r -n 8 -w 16     | cold 4 KiB random reads
cold-r4k-w1 | 9000 | 1   | randread 4k 1      |    | read -r -n 8 -w 1      | cold 4 KiB random reads, window 1
cold-rseq   | 9000 | 1   | read 128k 4        |    | read -w 16             | cold sequential reads
d-r4k       | 9000 | 1   | randread 4k 16     | -d | read -r -n 8 -w 16     | -d 4 KiB random reads
d-r4k-w1    | 9000 | 1   | randread 4k 1      | -d | read -r -n 8 -w 1      | -d 4 KiB random reads, window 1
d-w4k       | 9000 | 1   | randwrite 4k 16    | -d | write -q -r -n 8 -w 16 | -d 4 KiB random writes
d-w4k-w1    | 9000 | 1   | randwrite 4k 1     | -d | write -q -r -n 8 -w 1  | -d 4 KiB random writes, window 1
d-w4k-w64   | 9000 | 1   | randwrite 4k 64    | -d | write -q -r -n 8 -w 64 | -d 4 KiB random writes, window 64
d-rseq      | 9000 | 1   | read 128k 4        | -d | read -n 16 -w 64       | -d sequential reads, window 64
d-wseq      | 9000 | 1   | write 128k 4       | -d | write -q -n 16 -w 16   | -d sequential writes
s-w4k       | 9000 | 1   | randwrite 4k 16 s  | -s | write -q -r -n 8 -w 16 | -s 4 KiB random writes
s-w4k-w1    | 9000 | 1   | randwrite 4k 1 s   | -s | write -q -r -n 8 -w 1  | -s 4 KiB random writes, window 1
s-w4k-w4    | 9000 | 1   | randwrite 4k 4 s   | -s | write -q -r -n 8 -w 4  | -s 4 KiB random writes, window 4
s-w4k-w64   | 9000 | 1   | randwrite 4k 64 s  | -s | write -q -r -n 8 -w 64 | -s 4 KiB random writes, window 64
s-wseq      | 9000 | 1   | write 128k 1 s     | -s | write -q -n 16 -w 16   | -s sequential writes
x1-r4k      | 9000 | 1   | none               | -r | read -r -n 8 -w 16     | 1 export, cached 4 KiB random reads
x8-r4k      | 9000 | 8   | none               | -r | read -r -n 8 -w 16     | 8 exports on one interface, one of them busy
x64-r4k     | 9000 | 64  | none               | -r | read -r -n 8 -w 16     | 64 exports on one interface, one of them busy
mac64-r4k   | 9000 | m64 | none               | -r | read -r -n 8 -w 16     | 64 exports on a macvlan each, one of them busy
idle        | 9000 | 1   | none               |    | idle                   | no requests
ROWS
}

# Row, base (an older build, vblade25, another row, or none for an absolute
# value), and figures with a comparison and a factor each.
goals() {
	cat <<'GOALS'
d-r4k old cpu <= 0.42 rps >= 1.00
d-w4k old cpu <= 0.40 rps >= 1.10
d-rseq old cpu <= 0.60 rps >= 1.00
d-wseq old cpu <= 0.60 rps >= 1.10
d-r4k-w1 vblade25 p50 <= 1.00
d-w4k-w1 vblade25 p50 <= 1.20
cold-r4k-w1 vblade25 p50 <= 1.20
cold-r4k old cpu <= 0.65 rps >= 1.20
s-w4k old rps >= 1.60 cpu <= 0.35
s-w4k-w64 old rps >= 2.50 cpu <= 0.35
s-w4k-w4 old rps >= 1.00
s-wseq old rps >= 1.20 cpu <= 0.65
s-wseq vblade25 rps >= 4.00
s-w4k-w1 vblade25 p50 <= 1.20
r4k-9000 old rps >= 1.00 cpu <= 1.00
rseq-9000 old rps >= 1.00 cpu <= 1.00
w4k-9000 old rps >= 1.00 cpu <= 1.00
wseq-9000 old rps >= 1.00 cpu <= 1.00
r1k-1500 old rps >= 1.00 cpu <= 1.00
rseq-1500 old rps >= 1.00 cpu <= 1.00
w1k-1500 old rps >= 1.00 cpu <= 1.00
wseq-1500 old rps >= 1.00 cpu <= 1.00
r4k-w1 old p50 <= 1.00
mac64-r4k x1-r4k cpu <= 1.10
idle none wakeups <= 0
all none threads <= 1
GOALS
}
