#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Memory pressure below pipelines without a copy: frames in memory of allocators, and the way from a
# camera to a display. Each step of the ladder is taken and taken back; no frame is lost or different.

# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter '' "$@"

run()
{
	echo "# $*"
	timeout 120 "$@"
	status=$?
	count=$((count + 1))
	[ $status -eq 0 ] || failed=$((failed + 1))
	# Without a result of its own this would not be seen.
	[ $status -lt 2 ] || result 1 "$* ended with $status"
}

# The card that has a display, and where its checksums are.
camera=$(node vivid-000-vid-cap) || exit 1
for name in /sys/kernel/debug/dri/[0-9]*/name; do
	if grep -q '^vkms' "$name"; then
		card=/dev/dri/card$(basename "$(dirname "$name")")
		crc=$(dirname "$name")/crtc-0/crc
	fi
done

run test_ladder
run test_pipeline pressed "$camera" "$card" "$crc"
finish
