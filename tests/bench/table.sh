# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The table of the benchmark. All of it is ratios of two things measured in turns in one run.

table_head()
{
	printf '%-44s %10s %10s %7s  %-8s %s\n' what ours peer ratio wanted ''
}

# row WHAT OURS PEER RATIO WANTED: WANTED is "RELATION NUMBER" of the ratio, or of ours for "ours ..."
row()
{
	echo "$4 $2 $5" | awk -v what="$1" -v ours="$2" -v peer="$3" '{
		value = $3 == "ours" ? $2 : $1
		relation = $(NF - 1)
		good = relation == "<=" ? value <= $NF : value >= $NF
		wanted = $3 == "ours" ? $3 " " relation $NF : relation $NF
		printf "%-44s %10s %10s %7.3f  %-8s %s\n", what, ours, peer, $1, wanted,
			good ? "ok" : "NOT"
	}'
}

# row_missing WHAT WHY
row_missing()
{
	printf '%-44s %s\n' "$1" "not measured: $2"
}

# The middle one of the numbers in a file, one a line.
median()
{
	sort -g "$1" | awk '{ v[NR] = $1 } END {
		print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# divide A B [FORMAT]
divide()
{
	awk "BEGIN { printf \"${3-%.4f}\", $1 / $2 }"
}

# Whether there are enough ratios in a file: five, if the middle half of them lies within four parts of
# a hundred; else the machine is busy with other things, and there have to be nine.
settled()
{
	sort -g "$1" | awk '{ v[NR] = $1 } END {
		first = v[int((NR + 3) / 4)]
		third = v[int((3 * NR + 3) / 4)]
		exit !(NR >= 9 || (NR >= 5 && third - first <= 0.04))
	}'
}
