#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a frame costs in the steady state of a V4L2 codec: system calls, heap allocations, payload
# copied. These are exact, so they are a test. On the host the script boots a guest, in which it runs
# again. Prints TAP.
#
# Four ioctls and one wait are the least for one buffer in and one out. The tenth above it is for what
# is done now and then. A codec that is kept busy has a watchdog, too, which makes four calls in two
# seconds. strace, and a host that is busy, turn seconds of work into many more: what the watchdog may
# need in the time that it took is allowed on top. clock_gettime() is not counted: it is a call on this
# kernel only, elsewhere the vDSO answers.

# shellcheck source=tests/bench/lab.sh
. "$(dirname "$0")/lab.sh"
frames=1000
warm=500
limit=5.1
data=/dev/shm
failed=no

# ok WHAT CONDITION, which is one of awk
ok()
{
	if awk "BEGIN { exit !($2) }"; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		failed=yes
	fi
}

# The lines of a log of strace in the steady state, one a call.
steady()
{
	awk '/steady state ends/ { on = 0 }
		on && !/resumed>/ && /^[0-9]+ +[a-z_0-9]+\(/ && !/ clock_gettime\(/
		/steady state begins/ { on = 1 }' "$1"
}

system_calls()
{
	strace -f -qq -e signal=none -o $data/log "$bench/wc_loop" -m -w $warm "$@" \
		>$data/result 2>$data/errors || { cat $data/errors; return 1; }
	steady $data/log >$data/steady
	wc -l <$data/steady
}

check_calls()
{
	verb=$1
	shift
	calls=$(system_calls "$@") || { echo "not ok - $verb under strace"; failed=yes; return; }
	each=$(awk "BEGIN { printf \"%.3f\", $calls / $frames }")
	watchdog=$(sed -n 's/.* seconds=\([0-9]*\).*/\1 * 2/p' $data/result)
	ok "$verb: $each system calls a frame, at most $limit" \
		"$calls >= 4 * $frames && $calls <= $limit * $frames + $watchdog"
	sed 's/^[0-9]* *//; s/(\([0-9]*, \)\{0,1\}\(VIDIOC_[A-Z]*\)\{0,1\}.*/ \2/' $data/steady |
		sort | uniq -c | sed 's/^/# /'
	echo "# $(cat $data/result)"
}

check_memory()
{
	verb=$1
	shift
	line=$(LD_PRELOAD=$alloc_count "$bench/wc_loop" -w $warm "$@") ||
		{ echo "not ok - $verb"; failed=yes; return; }
	echo "# $line"
	ok "$verb: 0 heap allocations in $frames frames" "\"$(field allocations "$line")\" == \"0\""
	ok "$verb: 0 bytes of payload copied" "\"$(field copied "$line")\" == \"0\""
}

part_measure()
{
	encoder=$(node stateful-encoder) && decoder=$(node stateful-decoder) || exit 1
	alloc_count=$bench/.libs/alloc_count.so
	[ -e "$alloc_count" ] || { echo "not ok - there is no $alloc_count"; exit 1; }
	"$bench/make_raw" 640 360 30 >$data/raw
	"$bench/wc_loop" -d "$encoder" -o $data/packets encode fwht 640 360 30 $data/raw >/dev/null ||
		exit 1
	for verb in encode decode; do
		device=$encoder input=$data/raw
		[ $verb = encode ] || device=$decoder input=$data/packets
		set -- -d "$device" "$verb" fwht 640 360 $frames "$input"
		check_calls "$verb" "$@"
		check_memory "$verb" "$@"
	done
	echo 1..6
	[ $failed = no ]
}

if [ $# -gt 0 ]; then
	"part_$1"
	exit
fi
why=$(lab_is_missing)
[ -z "$why" ] || skip "$why"
command -v strace >/dev/null || skip 'strace is not installed'
again test_costs.sh measure --timeout 900
