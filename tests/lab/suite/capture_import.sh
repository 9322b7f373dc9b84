#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The real decoder writes into memory of allocators: frames are those in memory of the driver, and
# each DMA-BUF is attached once, counted by the plugin of tests/lab/plugin.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'awk' "$@"
with_limit=$lab/plugin/with-limit

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

# Lines are: process, role, queue, inode, times attached, times queued.
attached_once()
{
	cat attachments
	awk '$2 == "decoder" && $3 == "capture" { n++; queued += $6; more += $5 != 1 }
		END { exit !(n >= 3 && queued >= 60 && more == 0) }' attachments
}

for kind in heap udmabuf dumb; do
	run test_capture_import frames $kind
	rm -f attachments
	WC_LAB_ATTACHMENTS=$PWD/attachments run "$with_limit" --contexts 4 \
		test_capture_import plain $kind
	check "$kind: the driver attached each DMA-BUF once" attached_once
done
run test_capture_import fallback
finish
