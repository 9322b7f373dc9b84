#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The part of the benchmark about the pool: get and put beside GStreamer's GstBufferPool, in turns,
# in one process. README.md tells more.

# shellcheck source=tests/bench/lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=tests/bench/table.sh
. "$(dirname "$0")/table.sh"
pairs=1000000
data=$(mktemp -d "${TMPDIR:-/tmp}/webcodecs-bench.XXXXXX") || exit 1
trap 'rm -rf "$data"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# compare WHAT THREADS
compare()
{
	for list in ours peer ratio; do
		: >"$data/$list"
	done
	first=ours
	until settled "$data/ratio"; do
		line=$("$bench/pool" "$2" $pairs $first) || {
			row_missing "$1" 'the program failed'
			return
		}
		ours=$(field ours "$line")
		peer=$(field peer "$line")
		divide "$ours" 1000000 '%.2f\n' >>"$data/ours"
		divide "$peer" 1000000 '%.2f\n' >>"$data/peer"
		divide "$ours" "$peer" '%.5f\n' >>"$data/ratio"
		[ $first = ours ] && first=peer || first=ours
	done
	row "$1" "$(median "$data/ours")" "$(median "$data/peer")" "$(median "$data/ratio")" '>= 1'
}

compare 'pool: million pairs/s, 1 thread' 1
compare 'pool: million pairs/s, 2 threads' 2
