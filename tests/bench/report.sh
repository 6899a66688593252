#!/bin/sh
# SPDX-License-Identifier: ISC
#
# tests/bench/report.sh CSV [goals]: the measurements of bench.sh as Markdown
# tables: if requested, the goals and whether they are met; medians, and how
# vblade's relate to them.  What was not measured is a -.

set -eu
export LC_ALL=C
. "$(dirname "$0")/rows.sh"

{
	rows
	echo
	[ "${2:-}" != goals ] || goals
	echo
	cat "$1"
} | awk '
BEGIN {
	FS = "|"
	targets = split("vblade old vblade25 reflect fio", target, " ")
	column["rps"] = 5
	column["cpu"] = 6
	column["p50"] = 8
	column["threads"] = 11
	column["wakeups"] = 14
}
NF == 0 {
	FS = ++part == 1 ? " " : ","
	next
}
part == 0 {
	row[++rows] = $1
	sub(/^-[ds]/, "`&`", $7)
	work[$1] = $7
	next
}
part == 1 {
	goal[++goals] = $0
	next
}
/^#/ {
	about = substr($0, 3)
	next
}
$1 ~ /^[0-9]+$/ {
	for (i = 4; i <= NF; i++)
		if ($i != "") {
			value[$2, $3, i, ++count[$2, $3, i]] = $i + 0
			measured[$2, $3]
		}
	retransmits[$2, $3] += $15
	errors[$2, $3] += $16
}

# --- figures -----------------------------------------------------------

function median(name, who, c,	i, j, n, x, list) {
	n = count[name, who, c]
	for (i = 1; i <= n; i++) {
		x = value[name, who, c, i]
		for (j = i - 1; j > 0 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	return n == 0 ? "" : (list[int((n + 1) / 2)] + list[int(n / 2) + 1]) / 2
}

# The maximum of this vblade in any row.
function max(c,	k, part, x) {
	for (k in value) {
		split(k, part, SUBSEP)
		if (part[2] == "vblade" && part[3] == c && value[k] >= x)
			x = value[k]
	}
	return x
}

# Of medians: this vblade relative to another row or target.
function ratio(name, base, other, c,	x, y) {
	x = median(name, "vblade", c)
	y = median(base, other, c)
	return x == "" || y + 0 == 0 ? "" : x / y
}
function times(x) {
	return x == "" ? "-" : sprintf("%.2fx", x)
}
function number(x) {
	return x == "" ? "-" : \
	    sprintf(x == int(x) || x >= 100 ? "%.0f" : "%.2f", x)
}

# --- tables ------------------------------------------------------------

# A row of a table; its cells are separated by |.
function print_cells(text) {
	gsub(/\|/, " | ", text)
	print "| " text " |"
}
function print_head(text) {
	print_cells(text)
	gsub(/[^|]+/, "---:", text)
	sub(/:/, "", text)
	print "|" text "|"
}
function verdict(x, how, factor,	over) {
	if (x == "")
		return "not measured"
	over = how == ">=" ? factor - x : x - factor
	return over <= 0 ? "yes" : over <= 0.03 * factor ? "nearly" : "NO"
}
function print_goals(	i, j, n, g, x, c, ok, base, all) {
	print "Goals (ratios of medians; rps: requests/s, cpu: CPU per " \
	    "request; nearly: within\n3 %):\n"
	print_head("work (window 16 unless said)|figure|goal|result|met")
	for (i = 1; i <= goals; i++) {
		n = split(goal[i], g, " ")
		base = g[2] == "none" ? "" : "x " g[2]
		for (j = 3; j < n; j += 3) {
			c = column[g[j]]
			if (g[1] == "all")
				x = max(c)
			else if (!base)
				x = median(g[1], "vblade", c)
			else if (g[2] in work)
				x = ratio(g[1], g[2], "vblade", c)
			else
				x = ratio(g[1], g[1], g[2], c)
			ok = verdict(x, g[j + 1], g[j + 2])
			print_cells((g[1] in work ? work[g[1]] : g[1]) "|" \
			    g[j] "|" g[j + 1] " " g[j + 2] base "|" \
			    (base ? times(x) : number(x)) "|" ok)
			met[ok]++
			all++
		}
	}
	printf "\n%d of %d goals met, %d more nearly\n\n", met["yes"], all,
	    met["nearly"]
}

function print_medians(	r, k, c, s, name, who) {
	print "Medians (CPU: of the target and its kernel threads; machine: of " \
	    "everything, the\ninitiator included; memory: the peak; last: " \
	    "vblade relative to this target):\n"
	print_head("row|target|MB/s|requests/s|CPU us/request|machine us/" \
	    "request|p50 us|p99 us|p99.9 us|threads|iou-wrk|memory KiB|" \
	    "wake-ups/s|retransmits|errors|MB/s|CPU|p50")
	for (r = 1; r <= rows; r++)
		for (k = 1; k <= targets; k++) {
			name = row[r]
			who = target[k]
			if (!((name, who) in measured))
				continue
			s = name "|" who
			for (c = 4; c <= 14; c++)
				s = s "|" number(median(name, who, c))
			s = s "|" retransmits[name, who] "|" errors[name, who]
			for (c = 4; c <= 8; c += 2)
				s = s "|" times(ratio(name, name, who, c))
			print_cells(s)
		}
}
END {
	print "\n" about "\n"
	if (goals)
		print_goals()
	print_medians()
}'
