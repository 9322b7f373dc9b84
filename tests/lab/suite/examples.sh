#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The examples of doc/examples on the real drivers: what they make can be played, and is complete.

# shellcheck disable=SC2016,SC2317 # awk has variables of its own; check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'v4l2-ctl' "$@"
frames=20

PATH=$top_builddir/doc/examples:$PATH
camera=$(node vivid-000-vid-cap) || exit 1
for name in /sys/kernel/debug/dri/[0-9]*/name; do
	if grep -q '^vkms' "$name"; then
		card=/dev/dri/card$(basename "$(dirname "$name")")
	fi
done

# example COMMAND...: its output is in out
example()
{
	timeout 60 "$@" >out 2>err
	status=$?
	cat out err
	return $status
}

says()
{
	grep -qxF -e "$1" out
}

# refuses TEXT COMMAND...: status 1 and one line with the text
refuses()
{
	words=$1
	shift
	status=0
	example "$@" || status=$?
	same 1 $status && same 1 "$(wc -l <err)" && grep -q -e "$words" err
}

# decodes FILE WIDTH HEIGHT MINIMUM MAXIMUM: to that many frames
decodes()
{
	transcode "$1" decoded.raw -q || return
	n=$(($(size_of decoded.raw) * 2 / ($2 * $3 * 3)))
	echo "$n frames"
	[ "$n" -ge "$4" ] && [ "$n" -le "$5" ]
}

# Time, then pairs name=value: of each frame all that an import needs, with a size and a place.
attributes_are_good()
{
	awk -v frames=$frames '
		function bad(text) { print "line " NR ": " text; failed = 1; exit }
		{
			if ($1 != (NR - 1) * 40000 ":")
				bad("another time")
			for (i = 2; i <= NF; i++) {
				split($i, pair, "=")
				value[pair[1]] = pair[2]
			}
			if (value["0x3057"] != 640 || value["0x3056"] < 360)
				bad("another size")
			if (value["0x3271"] <= 0 || value["0x3272"] < 3 || value["0x3274"] < 640)
				bad("no plane")
			if (value["0x3443"] != 0 || value["0x3444"] != 0)
				bad("not linear")
		}
		END { exit failed || NR != frames }' out
}

mp4()
{
	if ! command -v camera_to_mp4 >/dev/null; then
		skip 'camera_to_mp4' 'this build is without libavformat'
		return
	fi
	if ! wc-list --hardware no --codec h264 --size 640x360 | grep -q '^  encoder .* software'; then
		skip 'camera_to_mp4' 'there is no H.264 encoder in this build'
		return
	fi
	check 'camera_to_mp4' example camera_to_mp4 "$camera" film.mp4 10
	check 'no camera' refuses 'cannot open the device' camera_to_mp4 /dev/video99 none.mp4 1
	if command -v ffprobe >/dev/null; then
		check 'the file can be played' same 'h264,640,360,10' "$(ffprobe -v error \
			-count_frames -show_entries stream=codec_name,width,height,nb_read_frames \
			-of csv=p=0 film.mp4)"
	else
		skip 'the file can be played' 'ffprobe is missing'
	fi
}

check 'encode_rendered' example encode_rendered fwht film.ivf $frames
check 'reads dumb buffers in place' says "$frames frames, 0 bytes copied"
check 'decode_to_egl' example decode_to_egl fwht film.ivf
check 'its attributes' attributes_are_good
check 'decode_to_screen' example decode_to_screen fwht film.ivf "$card"
check 'all frames are shown' says "$frames frames shown"
check 'no file' refuses 'none.ivf: cannot be opened' decode_to_egl fwht none.ivf
check 'no display' refuses 'no display' decode_to_screen fwht film.ivf /dev/null
head -c 3000 film.ivf >cut.ivf
check 'a file that is cut off' refuses 'cut off' decode_to_egl fwht cut.ivf

check 'scale' example scale fwht film.ivf nv12 320 180 small.nv12
check 'scales all frames' same $((frames * 320 * 180 * 3 / 2)) "$(size_of small.nv12)"
check 'scale to RGB' example scale fwht film.ivf rgb24 160 120 small.rgb
check 'scales all frames to RGB' same $((frames * 160 * 120 * 3)) "$(size_of small.rgb)"
check 'a picture that is no file' refuses 'cannot be opened' scale fwht none.ivf nv12 4 4 none.raw

check 'import_dma_buf' example import_dma_buf fwht import.ivf $frames
check 'reads in place what came from elsewhere' says "$frames frames, 0 bytes copied"
check 'decodes' example decode_to_egl fwht import.ivf
check 'all of it' attributes_are_good

check 'camera_to_two_encoders' example camera_to_two_encoders "$camera" fwht large.fwht small.fwht 8
check 'the large stream' decodes large.fwht 1280 720 2 8
check 'the small stream' decodes small.fwht 640 360 2 8
mp4
finish
