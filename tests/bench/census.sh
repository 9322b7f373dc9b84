#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the census costs: two builds of one loop, with and without it, in turns. Rows of the table of
# the benchmark; status 1 when a frame costs more than it may. `make bench-census` runs it alone.

# shellcheck source=tests/bench/lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=tests/bench/table.sh
. "$(dirname "$0")/table.sh"

limit=1.15
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# A thread that moves between processors pays for it now and then.
pin=
! command -v taskset >/dev/null || pin='taskset -c 0'

while ! [ -e "$dir/ratio.1" ] || ! settled "$dir/ratio.1" || ! settled "$dir/ratio.2"; do
	# shellcheck disable=SC2086 # a command with options, or nothing
	$pin "$bench/census_on" >"$dir/on" && $pin "$bench/census_off" >"$dir/off" || exit 1
	for column in 1 2; do
		on=$(cut -d ' ' -f $column "$dir/on")
		off=$(cut -d ' ' -f $column "$dir/off")
		echo "$on" >>"$dir/on.$column"
		echo "$off" >>"$dir/off.$column"
		divide "$on" "$off" '%.4f\n' >>"$dir/ratio.$column"
	done
done

status=0
for column in 1 2; do
	what='clone'
	[ $column = 1 ] || what='wrapped memory'
	ratio=$(median "$dir/ratio.$column")
	row "census: life of a frame, $what, ns" "$(median "$dir/on.$column")" \
		"$(median "$dir/off.$column")" "$ratio" "<= $limit"
	awk "BEGIN { exit !($ratio <= $limit) }" || status=1
done
exit $status
