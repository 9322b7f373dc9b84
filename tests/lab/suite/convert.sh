#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The converter on the real vim2m: what v4l2-ctl makes of the same pictures, byte for byte, with
# formats, sizes and mirrors changed; DMA-BUFs as sources without a copy; and results in memory of a
# display. And vim2m between a frame and vicodec's encoder, where the encoder puts it and where the
# application does.
#
# v4l2-ctl has no DMA-BUFs of its own making: what it makes of copies is what those are compared with.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'v4l2-ctl' "$@"
frames=6

# drm NAME: what DRM calls a format of V4L2
drm()
{
	case $1 in
	RGBP) echo RG16 ;;
	RGB3) echo BG24 ;;
	BGR3) echo RG24 ;;
	*) echo "$1" ;;
	esac
}

# theirs SIZE FORMAT SIZE FORMAT MIRROR: pictures of v4l2-ctl; it may go on for longer than they do
theirs()
{
	v4l2-ctl -d "$device" -c "horizontal_flip=$5,vertical_flip=$6" \
		--set-fmt-video-out "width=${1%x*},height=${1#*x},pixelformat=$2" \
		--set-fmt-video "width=${3%x*},height=${3#*x},pixelformat=$4" \
		--stream-mmap --stream-out-mmap --stream-count $frames \
		--stream-from in.raw --stream-to theirs.raw &&
		[ "$(size_of theirs.raw)" -ge "$7" ] && truncate -s "$7" theirs.raw
}

# ours SIZE FORMAT SIZE FORMAT TURN MEMORY COPIED
ours()
{
	test_convert "$device" in.raw "$1" "$(drm "$2")" ours.raw "$3" "$(drm "$4")" "$5" "$6" \
		>said && same "$frames $7" "$(cat said)" && cmp ours.raw theirs.raw
}

bytes_of()
{
	case $2 in
	*3) echo $((${1%x*} * ${1#*x} * 3 * frames)) ;;
	*) echo $((${1%x*} * ${1#*x} * 2 * frames)) ;;
	esac
}

# compare SIZE FORMAT SIZE FORMAT TURN
compare()
{
	label="$1 $2 to $3 $4, $5"
	case $5 in
	none) flips='0 0' ;;
	mirror) flips='1 0' ;;
	half) flips='1 1' ;;
	esac
	in=$(bytes_of "$1" "$2")
	head -c "$in" noise >in.raw
	# shellcheck disable=SC2086 # two words
	check "$label: v4l2-ctl" theirs "$1" "$2" "$3" "$4" $flips "$(bytes_of "$3" "$4")"
	check "$label: the same" ours "$1" "$2" "$3" "$4" "$5" plain "$in"
	check "$label: the same from udmabuf, in place" ours "$1" "$2" "$3" "$4" "$5" udmabuf 0
	check "$label: the same from a display, in place" ours "$1" "$2" "$3" "$4" "$5" dumb 0
	check "$label: the same for a display" ours "$1" "$2" "$3" "$4" "$5" display "$in"
}

refuses()
{
	! test_convert "$device" in.raw "$@" none plain 2>said && grep "$reason" said
}

device=$(node vim2m) || exit 1
# A picture takes 40 ms otherwise.
echo 1 >/sys/module/vim2m/parameters/default_transtime
awk 'BEGIN { for (i = 0; i < 700000; i++) printf "%08x", (i * 2654435761) % 4294967296 }' >noise
compare 320x240 RGBP 320x240 RGBP none
compare 320x240 RGBP 320x240 YUYV none
compare 320x240 RGBP 320x240 RGB3 mirror
compare 320x240 RGB3 320x240 BGR3 half
compare 320x240 RGBP 640x480 YUYV none
compare 320x240 BGR3 160x120 RGB3 mirror
compare 320x240 RGB3 200x96 RGBP half
reason='makes no pictures of 321x240'
check 'an odd width is refused' refuses 320x240 RG16 ours.raw 321x240 RG16
reason='does not make NV12'
check 'NV12 is refused' refuses 320x240 RG16 ours.raw 320x240 NV12
check 'converted inside the encoder as before it' \
	test_convert_encode "$device" 640x360 640x360 udmabuf
check 'scaled inside the encoder as before it' \
	test_convert_encode "$device" 320x240 640x480 dumb
finish
