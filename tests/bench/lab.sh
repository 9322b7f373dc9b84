# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the scripts share that run in the lab.

set -u
builddir=${top_builddir:-$(pwd)}
srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
export top_builddir="$builddir" top_srcdir="$srcdir"
bench=$builddir/tests/bench

skip()
{
	echo "1..0 # SKIP $*"
	exit 77
}

# Why there is no lab now, or nothing.
lab_is_missing()
{
	cache=${WC_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/libwebcodecs-lab}
	if [ "${WC_LAB-}" = no ]; then
		echo 'WC_LAB=no: what needs the lab is not wanted'
	elif ! ls "$cache"/linux-*[0-9a-f] >/dev/null 2>&1; then
		echo 'the lab has no kernel yet, tests/lab/build makes it'
	elif grep -qE '__(asan|tsan)_init' "$bench/wc_loop"; then
		echo 'the guest has no room for the memory of sanitizers'
	fi
}

# Runs this script again in the guest: again NAME WORD [OPTION...]
again()
{
	script=$srcdir/tests/bench/$1
	word=$2
	shift 2
	"$srcdir/tests/lab/run" --strict-dmesg "$@" sh "$script" "$word"
}

# ---- in the guest ----

# A node of vicodec: node stateful-encoder
node()
{
	for n in /sys/class/video4linux/video*; do
		if [ "$(cat "$n/name")" = "$1" ]; then
			echo "/dev/${n##*/}"
			return
		fi
	done
	echo "there is no $1" >&2
	return 1
}

# The number after NAME= in a line of a loop: field NAME LINE
field()
{
	echo "$2" | sed -n "s/.* $1=\([0-9]*\).*/\1/p"
}
