#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Processes that contend for the few contexts of a device, behind the plugin of tests/lab/plugin,
# and share them through slots in /run/webcodecs.

# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'v4l2-ctl' "$@"

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

# As webcodecs.conf of tmpfiles.d makes it.
mkdir -m 2770 /run/webcodecs
pattern i420 640 360 8 plain >in.raw
check 'a stream to decode' transcode in.raw limit.fwht --input-size 640x360 -q
# A device that refuses the fifth, and one that would take sixteen: there only the slots count.
run "$lab/plugin/with-limit" --contexts 4 --refuse buffers:EBUSY test_contend "$decoder" 8
run "$lab/plugin/with-limit" --contexts 16 --refuse buffers:EBUSY test_contend "$decoder" 8
run "$lab/plugin/with-limit" --contexts 4 --refuse buffers:EBUSY test_yield "$decoder"
finish
