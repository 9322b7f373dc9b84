#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Memory checked by valgrind while the real driver works: no invalid access, no use of what was never
# written, nothing lost at the end.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter valgrind --timeout 600 "$@"

# Whatever valgrind has to say, it says; an error of its own ends with 99.
clean()
{
	timeout 200 valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
		--errors-for-leak-kinds=definite,indirect,possible \
		--suppressions="$suite/valgrind.supp" "$@"
}

# One that is known to be dirty must be found: a mistake in the options would hide all others.
finds_errors()
{
	status=0
	clean sh -c 'exit 0' || return
	clean bad_memory || status=$?
	same 99 "$status"
}

make_input()
{
	pattern i420 640 360 6 plain >in.raw
	pattern i420 644 366 3 plain >other.raw
}

check 'a leak is found' finds_errors
make_input
check 'wc-transcode encodes' clean wc-transcode in.raw small.fwht --input-size 640x360 \
	--hardware prefer --key-interval 3 -q
check 'wc-transcode decodes' clean wc-transcode small.fwht --md5 --hardware prefer -q
check 'another size' transcode other.raw other.fwht --input-size 644x366 -q
cat small.fwht other.fwht small.fwht >sizes.fwht
check 'changes of size, frames held' clean play sizes.fwht out.raw burst hold=12
check 'wc-transcode decodes and encodes' clean wc-transcode sizes.fwht again.fwht --size 640x360 \
	--hardware prefer -q
check 'frames that live long' clean test_lifetime
check 'seeks and flushes' clean test_seek
check 'several codecs at once' clean test_sharing
check 'encoders' clean test_encoder
check 'broken chunks' clean test_bad_chunks 30
check 'a device that goes away' clean test_gone
camera=$(node vivid-000-vid-cap)
check 'cameras' clean wc-list --cameras --device "$camera"
check 'a camera encoded' clean wc-transcode --camera "$camera" camera.fwht --size 640x360 \
	--framerate 5 --frames 6 --hardware prefer -q
for name in /sys/kernel/debug/dri/[0-9]*/name; do
	grep -q '^vkms' "$name" && card=/dev/dri/card$(basename "$(dirname "$name")")
done
pattern rgb24 1024 480 3 plain >rgb.raw
check 'frames for a display' transcode rgb.raw rgb.fwht --input-size 768x480 \
	--input-pixel-format bgrx -q
check 'a display' clean wc-transcode rgb.fwht --hardware prefer "--display=$card"
check 'DMA-BUFs that are refused' clean test_import errors
check 'wc-list' clean wc-list
finish
