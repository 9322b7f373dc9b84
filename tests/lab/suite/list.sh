#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What wc-list says of the lab's devices: vicodec's three nodes, vim2m, visl, and nothing of vivid's
# camera and screen.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'jq strace v4l2-ctl' "$@"

# has FILTER: whether jq says true of the list
has()
{
	jq -e "$1" list.json
}

# node_of DRIVER [NAME]
node_of()
{
	for n in /sys/class/video4linux/video*; do
		if [ "$(basename "$(readlink "$n/device/driver")")" = "$1" ] &&
		   { [ $# -eq 1 ] || [ "$(cat "$n/name")" = "$2" ]; }; then
			echo "/dev/${n##*/}"
		fi
	done
}

# is_device NODE ROLE DRIVER MULTIPLANAR
is_device()
{
	has "[.devices[] | select(.path == \"$1\")] | length == 1 and
		(.[0] | .role == \"$2\" and .driver == \"$3\" and .card == \"$3\" and
		 .bus == \"platform:$3\" and .multiplanar == $4)"
}

# Codecs of a node, in the list's order.
codecs_of()
{
	jq -r ".devices[] | select(.path == \"$1\") | [.codecs[].codec] | join(\" \")" list.json
}

# Every raw format that v4l2-ctl sees and DRM has a name for, and no other; the driver's first one first.
formats_match()
{
	v4l2-ctl -d "$1" "$2" | sed -n "s/.*\[[0-9]*\]: '\(....\)'.*/\1/p" >theirs
	jq -r ".devices[] | select(.path == \"$1\") | .codecs[0].formats[]" list.json >ours
	# Some have other names in DRM, HSV has none.
	sed -e 's/422P/YU16/; s/BGR3/RG24/; s/RGB3/BG24/; s/GREY/R8  /' \
		-e '/HSV/d' -e 's/BGR4/XR24/; s/RGB4/BX24/' theirs >wanted
	sort -u wanted >wanted.sorted
	sort -u ours >ours.sorted
	diff wanted.sorted ours.sorted && same "$(head -n 1 wanted)" "$(head -n 1 ours)"
}

has_size()
{
	has "[.devices[] | select(.path == \"$1\")][0].codecs[0].size |
		.min_width == $2 and .min_height == $3 and .max_width == $4 and .max_height == $5"
}

test_devices()
{
	stateless=$(node_of vicodec stateless-decoder)
	visl=$(node_of visl)
	check 'it ends well' wc-list --json
	wc-list --json >list.json 2>list.err
	check 'nothing on standard error' same '' "$(cat list.err)"
	check 'the JSON is one object' jq -e -s 'length == 1 and (.[0] | type) == "object"' list.json
	check 'five devices' has '.devices | length == 5'
	check 'the encoder of vicodec' is_device "$encoder" encoder vicodec "$1"
	check 'the decoder of vicodec' is_device "$decoder" decoder vicodec "$1"
	check 'the stateless decoder of vicodec' \
		is_device "$stateless" stateless-decoder vicodec "$1"
	check 'vim2m' is_device "$(node_of vim2m)" converter vim2m false
	check 'what vim2m converts' has '[.devices[] | select(.role == "converter")][0].converter |
		.source.formats == ["RG16", "BG24", "RG24"] and
		.result.formats == ["RG16", "BG24", "RG24", "YUYV"] and
		.source.size.max_width == 640 and .result.size.step_width == 2 and
		.mirrors and .mirrors_vertically and (.crops or .rotates | not)'
	check 'visl' is_device "$visl" stateless-decoder visl true
	check 'nothing of vivid' has '[.devices[] | select(.driver == "vivid")] == []'
	for path in "$encoder" "$decoder" "$stateless"; do
		check "$path: FWHT" same fwht "$(codecs_of "$path")"
		check "$path: sizes" has_size "$path" 640 360 4096 2160
	done
	check 'the size may change in a stream to decode' \
		has "[.devices[] | select(.path == \"$decoder\")][0].codecs[0].dynamic_resolution"
	check 'formats of the encoder' formats_match "$encoder" --list-formats-out
	check 'formats of the decoder' formats_match "$decoder" --list-formats
	check 'six codecs of visl' same 'av1 fwht h264 hevc vp8 vp9' \
		"$(codecs_of "$visl" | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/ $//')"
	check 'FWHT goes to the stateful nodes' has "
		[.sessions[] | select(.codec == \"fwht\") | [.role, .kind, .device]] ==
		[[\"decoder\", \"stateful\", \"$decoder\"], [\"encoder\", \"stateful\", \"$encoder\"]]"
	check 'the first line of the table is the first device' \
		sh -c "wc-list | head -n 1 | grep '^/dev/video[0-9]*  encoder  vicodec'"
}

# opens COMMAND...: nodes that it opened, one a line
opens()
{
	strace -f -qq -e trace=open,openat,openat2 -o trace "$@" >out 2>err
	sed -n 's|.*"\(/dev/video[0-9]*\)".* = [0-9].*|\1|p' trace
}

test_opens()
{
	opens wc-list --json >opened
	check 'each node is opened once' \
		same "$(find /dev -name 'video[0-9]*' | sort)" "$(sort opened)"
	opens wc-list --device "$decoder" --json >opened
	check 'with a device named, only that is' same "$decoder" "$(cat opened)"
	check 'and only that is listed' jq -e '.devices | length == 1' out
	opens wc-list --hardware no >opened
	check 'without hardware, none' same '' "$(cat opened)"
	pattern i420 640 360 2 plain >in.raw
	opens wc-transcode in.raw out.fwht --input-size 640x360 --device "$encoder" -q >opened
	check 'a named encoder is opened to be asked, and to encode' \
		same "$encoder $encoder" "$(tr '\n' ' ' <opened | sed 's/ $//')"
}

# Plugins of libv4l2 see every node that is used; none may print.
test_silence()
{
	for command in 'wc-list --json' 'wc-transcode in.raw out.fwht --input-size 640x360 -q' \
		'wc-transcode out.fwht out.raw -q'; do
		# shellcheck disable=SC2086 # words
		$command >out 2>err
		check "$command: nothing on standard error" same '' "$(cat err)"
	done
	check 'wc-transcode prints nothing on standard output' same '' "$(cat out)"
}

# As modules that are not there, or a container without devices.
test_no_devices()
{
	for bound in vicodec/vicodec.0 vim2m/vim2m.0 visl/visl.0 vivid/vivid.0; do
		echo "${bound#*/}" >"/sys/bus/platform/drivers/${bound%/*}/unbind"
	done
	check 'a machine without devices: status 0' wc-list --json
	wc-list --json >list.json 2>list.err
	check 'no device in the list' has '.devices == []'
	check 'no session for FWHT' has '[.sessions[] | select(.codec == "fwht") | .supported] | any | not'
	check 'nothing on standard error' same '' "$(cat list.err)"
}

planar=false
v4l2-ctl -d "$decoder" --info | grep -q 'Memory-to-Memory Multiplanar' && planar=true
test_devices $planar
test_opens
test_silence
test_no_devices
finish
