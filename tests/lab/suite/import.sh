#!/bin/sh
# SPDX-License-Identifier: MIT
#
# DMA-BUFs of somebody else's on the real encoder: the bits of the way by copies, no byte copied, and
# each DMA-BUF attached once, counted by the plugin of tests/lab/plugin; and fences of vgem.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'awk' --timeout 560 "$@"
frames=10000

# run COMMAND...: a program that prints results of its own
run()
{
	echo "# $*"
	timeout 450 "$@"
	status=$?
	[ $status -eq 0 ] || failed=$((failed + 1))
	# Without a result of its own this would not be seen.
	[ $status -lt 2 ] || result 1 "$* ended with $status"
}

# Lines are: process, role, queue, inode, times attached, times queued.
attached_once()
{
	cat attachments
	awk -v frames=$frames '
		$2 == "encoder" && $3 == "output" { n++; queued += $6; more += $5 != 1 }
		END { exit !(n == 8 && queued == frames && more == 0) }' attachments
}

run test_import bits heap
run test_import bits udmabuf
run test_import bits dumb
run test_import errors
WC_LAB_REFUSE_ATTACH=1 run "$lab/plugin/with-limit" --contexts 4 test_import refused
run test_fence
WC_LAB_ATTACHMENTS=$PWD/attachments run "$lab/plugin/with-limit" --contexts 4 \
	test_import many $frames
check "the driver attached each of the 8 once in $frames frames" attached_once
finish
