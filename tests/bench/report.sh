#!/bin/sh
# SPDX-License-Identifier: ISC
#
# tests/bench/report.sh CSV [goals]: the measurements of bench.sh as Markdown
# tables: if asked for, the goals and whether they are met; ratios; medians.
# What was not measured is a -.

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
# --- reading -----------------------------------------------------------

BEGIN {
	FS = "|"
	split("vblade old vblade25 reflect fio", order, " ")
	title["old"] = "old"
	title["vblade25"] = "vblade 25"
	column["rps"] = 5
	column["cpu"] = 6
	column["p50"] = 8
	column["threads"] = 11
	column["wakeups"] = 14
	called["rps"] = "requests"
	called["cpu"] = "CPU per request"
	called["p50"] = "p50"
	called["threads"] = "threads"
	called["wakeups"] = "wake-ups/s"
}
NF == 0 {
	FS = ++part == 1 ? " " : ","
	next
}
part == 0 {
	row[++rows] = $1
	work[$1] = $8
	alone[$1] = $7 ~ /-w 1$/
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
	known[$3]
	if ($1 > rounds)
		rounds = $1
	for (i = 4; i <= NF; i++)
		if ($i != "") {
			value[$2, $3, i, $1] = $i
			measured[$2, $3]
		}
	retransmits[$2, $3] += $15
	errors[$2, $3] += $16
}

# --- figures -----------------------------------------------------------

# The median of the first n in list.
function middle(n,	i, j, x) {
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j > 0 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	if (n == 0)
		return ""
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}
function median(name, who, c,	i, n) {
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((name, who, c, i) in value)
			list[++n] = value[name, who, c, i] + 0
	return middle(n)
}

# A ratio of medians, and between which limits it was in the single rounds.
function ratio(name, who, base, other, c,	x, y) {
	x = median(name, who, c)
	y = median(base, other, c)
	return x == "" || y == "" || y == 0 ? "" : x / y
}
function limits(name, who, base, other, c,	i, x, y, low, high) {
	low = ""
	for (i = 1; i <= rounds; i++) {
		if (!((name, who, c, i) in value) ||
		    !((base, other, c, i) in value))
			continue
		x = value[name, who, c, i]
		y = value[base, other, c, i]
		if (y + 0 == 0)
			continue
		if (low == "" || x / y < low)
			low = x / y
		if (low == x / y || x / y > high)
			high = x / y
	}
	return low == "" ? "-" : sprintf("%.2f to %.2f", low, high)
}
function times(x) {
	return x == "" ? "-" : sprintf("%.2fx", x)
}
function number(x) {
	if (x == "")
		return "-"
	return sprintf(x < 10 ? "%.2f" : x < 100 ? "%.1f" : "%.0f", x)
}
function whole(x) {
	return x == "" ? "-" : sprintf("%.0f", x)
}

# --- tables ------------------------------------------------------------

# Cells are gathered, then printed in columns of equal width.
function cell(text) {
	cells[lines, ++columns] = text
	if (length(text) > width[columns])
		width[columns] = length(text)
	if (columns > widest)
		widest = columns
}
function line() {
	lines++
	columns = 0
}
function table(	i, j, s) {
	for (i = 1; i <= lines; i++) {
		s = "|"
		for (j = 1; j <= widest; j++)
			s = s sprintf(" %-" width[j] "s |", cells[i, j])
		print s
		if (i > 1)
			continue
		s = "|"
		for (j = 1; j <= widest; j++)
			s = s (j == 1 ? "---|" : "---:|")
		print s
	}
	print ""
	split("", cells)
	split("", width)
	lines = widest = 0
}

# Options in the description as code.
function markdown(text) {
	sub(/^-[ds]/, "`&`", text)
	return text
}
function print_goals(	i, g, x, what, ok, c) {
	print "Goals (ratios of medians; nearly: within 3 %):\n"
	line()
	cell("work (window 16 unless said)")
	cell("figure")
	cell("goal")
	cell("result")
	cell("in single rounds")
	cell("met")
	for (i = 1; i <= goals; i++) {
		split(goal[i], g, " ")
		c = column[g[2]]
		line()
		cell(g[1] == "all" ? "all of these" : markdown(work[g[1]]))
		cell(called[g[2]])
		if (g[5] == "none") {
			x = g[1] == "all" ? most(c) : median(g[1], "vblade", c)
			cell(g[3] " " (g[4] + 0))
			cell(x == int(x) ? whole(x) : number(x))
			cell("-")
		} else if (g[5] in work) {
			x = ratio(g[1], "vblade", g[5], "vblade", c)
			cell(g[3] " " g[4] "x one export")
			cell(times(x))
			cell(limits(g[1], "vblade", g[5], "vblade", c))
		} else {
			x = ratio(g[1], "vblade", g[1], g[5], c)
			cell(g[3] " " g[4] "x " title[g[5]])
			cell(times(x))
			cell(limits(g[1], "vblade", g[1], g[5], c))
		}
		ok = verdict(x, g[3], g[4])
		cell(ok)
		met += ok == "yes"
		near += ok == "nearly"
	}
	table()
	printf "%d of %d goals met, %d more nearly\n\n", met, goals, near
}
function verdict(x, how, factor) {
	if (x == "")
		return "not measured"
	if (how == "<=")
		return x <= factor ? "yes" : x <= factor * 1.03 ? "nearly" : "NO"
	return x >= factor ? "yes" : x >= factor * 0.97 ? "nearly" : "NO"
}
function most(c,	r, i, x) {
	x = ""
	for (r = 1; r <= rows; r++)
		for (i = 1; i <= rounds; i++)
			if (((row[r], "vblade", c, i) in value) &&
			    value[row[r], "vblade", c, i] + 0 >= x + 0)
				x = value[row[r], "vblade", c, i] + 0
	return x
}
function print_ratios(	r, k, name) {
	print "This vblade relative to the others:\n"
	line()
	cell("work (window 16 unless said)")
	for (k = 2; k <= 3; k++)
		if (order[k] in known) {
			cell("requests/s / " title[order[k]])
			cell("CPU/request / " title[order[k]])
			cell("p50 / " title[order[k]])
		}
	cell("MB/s / bound")
	for (r = 1; r <= rows; r++) {
		name = row[r]
		if (!((name, "vblade") in measured) ||
		    name ~ /^(idle|foreign|x1-r4k)$/)
			continue	# nothing to compare
		line()
		cell(markdown(work[name]))
		for (k = 2; k <= 3; k++)
			if (order[k] in known)
				print_ratio(name, order[k])
		if ((name, "fio") in measured)
			cell(times(ratio(name, "vblade", name, "fio", 4)) " fio")
		else if ((name, "reflect") in measured)
			cell(times(ratio(name, "vblade", name, "reflect", 4)) \
			    " reflector")
		else if (name ~ /^(x8|x64|mac64)-/ &&
		    ("x1-r4k", "vblade") in measured)
			cell(times(ratio(name, "vblade", "x1-r4k", "vblade", \
			    4)) " one export")
		else
			cell("-")
	}
	table()
}
function print_ratio(name, who) {
	cell(times(ratio(name, "vblade", name, who, column["rps"])))
	cell(times(ratio(name, "vblade", name, who, column["cpu"])))
	cell(!alone[name] ? "-" : \
	    times(ratio(name, "vblade", name, who, column["p50"])))
}
function print_medians(	r, k, who, name, c, n) {
	print "Medians (CPU: of the target and its kernel threads; machine: of " \
	    "everything, the\ninitiator included; memory: the peak):\n"
	line()
	n = split("row,target,MB/s,requests/s,CPU us/request,machine us/" \
	    "request,p50 us,p99 us,p99.9 us,threads,iou-wrk,memory KiB," \
	    "wake-ups/s", head, ",")
	for (k = 1; k <= n; k++)
		cell(head[k])
	for (r = 1; r <= rows; r++)
		for (k = 1; k <= 5; k++) {
			name = row[r]
			who = order[k]
			if (!((name, who) in measured))
				continue
			line()
			cell(name)
			cell(who)
			for (c = 4; c <= n + 1; c++)
				if (c == 5 || c >= 11)
					cell(whole(median(name, who, c)))
				else
					cell(number(median(name, who, c)))
		}
	table()
}
END {
	print "\n" about "\n"
	if (goals)
		print_goals()
	print_ratios()
	print_medians()
	for (r = 1; r <= rows; r++)
		for (k = 1; k <= 5; k++)
			if (retransmits[row[r], order[k]] || errors[row[r], order[k]])
				printf "%s, %s: %d retransmits, %d errors\n",
				    row[r], order[k], retransmits[row[r], order[k]],
				    errors[row[r], order[k]]
}'
