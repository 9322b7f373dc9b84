#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Camera, encoder, decoder and display of the kernel in one pipeline: without a copy, with the
# pictures of the same pipeline with copies, and with few system calls.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'strace' "$@"
frames=150
limit=8.2

camera=$(node vivid-000-vid-cap) || exit 1

# The card that has a display, and where its checksums are.
for name in /sys/kernel/debug/dri/[0-9]*/name; do
	if grep -q '^vkms' "$name"; then
		card=/dev/dri/card$(basename "$(dirname "$name")")
		crc=$(dirname "$name")/crtc-0/crc
	fi
done

# run COMMAND...: a program that prints results of its own
run()
{
	echo "# $*"
	timeout 120 "$@"
	status=$?
	[ $status -eq 0 ] || failed=$((failed + 1))
	# Without a result of its own this would not be seen.
	[ $status -lt 2 ] || result 1 "$* ended with $status"
}

# The calls of the steady state, one a line, with those that the library makes by the clock. Asking for
# the time is a system call in User Mode Linux only; elsewhere the vDSO answers.
steady()
{
	awk '/steady state ends/ { on = 0 }
		on && !/resumed>/ && /^[0-9]+ +[a-z_0-9]+\(/ && !/ clock_gettime\(/
		/steady state begins/ { on = 1 }' trace >steady
	sed 's/^[0-9]* *//; s/(\([0-9]*, \)\{0,1\}\(VIDIOC_[A-Z]*\)\{0,1\}.*/ \2/' steady |
		sort | uniq -c | sed 's/^/# /'
	awk -v frames=$frames 'END { printf "%.2f\n", NR / frames }' steady >each
}

run test_pipeline same "$camera" "$card" "$crc"
run strace -f -qq -e signal=none -o trace test_pipeline encode "$camera" $frames
steady
check "$(cat each) system calls a frame from camera to encoder, at most $limit" \
	awk -v limit=$limit '{ exit !($1 >= 4 && $1 <= limit) }' each
finish
