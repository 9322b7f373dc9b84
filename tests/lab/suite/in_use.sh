#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A decoder is closed, or reclaimed, while its frames are displayed, encoded and mapped: nothing
# breaks, and its context is free at once, on a device that the plugin of tests/lab/plugin gives two
# contexts. Frames lie in memory of the driver, and in that of each allocator of DMA-BUFs.

# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter '' "$@"

# The card that has a display, and where its checksums are.
for name in /sys/kernel/debug/dri/[0-9]*/name; do
	if grep -q '^vkms' "$name"; then
		card=/dev/dri/card$(basename "$(dirname "$name")")
		crc=$(dirname "$name")/crtc-0/crc
	fi
done

# The bookkeeping of memory planes is what differs in the multi-planar interface.
memories='driver heap udmabuf dumb'
[ "$(cat /sys/module/vicodec/parameters/multiplanar)" = Y ] && memories='driver heap'
# shellcheck disable=SC2086 # words
timeout 200 "$lab/plugin/with-limit" --contexts 2 --refuse buffers:ENOMEM \
	test_in_use "$card" "$crc" $memories
status=$?
[ $status -lt 2 ] || result 1 "test_in_use ended with $status"
exit $status
