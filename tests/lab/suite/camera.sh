#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Cameras: vivid captures, in all formats that frames can have, and is compared with what v4l2-ctl
# gets of it; vicodec and software encode it.

# shellcheck disable=SC2016,SC2317 # jq, awk and sh have variables of their own; check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'jq v4l2-ctl udevadm' --udev --param vivid.cache_hints=1 "$@"

camera=$(node vivid-000-vid-cap) || exit 1
tracing=/sys/kernel/tracing

# Without its clock the test picture is the same each time.
v4l2-ctl -d "$camera" --set-ctrl=osd_text_mode=2 || exit 1

# has FILTER: whether jq says true of the list
has()
{
	jq -e "$1" list.json
}

capture()
{
	timeout 60 wc-transcode --camera "$camera" "$@"
}

# Names that v4l2-ctl has and frames can be made of, in the driver's order.
test_list()
{
	check 'cameras are listed' wc-list --cameras
	wc-list --cameras --json >list.json 2>list.err
	check 'nothing on standard error' same '' "$(cat list.err)"
	check 'one camera' has ".cameras | length == 1 and .[0].path == \"$camera\" and
		.[0].driver == \"vivid\" and .[0].multiplanar == $1"
	v4l2-ctl -d "$camera" --list-formats | sed -n "s/.*\[[0-9]*\]: '\(.*\)'.*/\1/p" >theirs
	jq -r '.cameras[0].modes[].v4l2' list.json | uniq >ours
	check 'all formats of the driver' same "$(wc -l <theirs)" "$(wc -l <ours)"
	v4l2-ctl -d "$camera" --list-framesizes=YUYV | sed -n 's/.*Discrete //p' >theirs
	jq -r '.cameras[0].modes[] | select(.v4l2 == "YUYV") |
		"\(.max_width)x\(.max_height)"' list.json >ours
	check 'all sizes of YUYV' diff theirs ours
	v4l2-ctl -d "$camera" --list-frameintervals=width=1280,height=720,pixelformat=YUYV |
		sed -n 's/.*(\([0-9]*\)\.\([0-9]*\) fps).*/\1.\2/p' | sed 's/\.*0*$//' >theirs
	jq -r '.cameras[0].modes[] | select(.v4l2 == "YUYV" and .max_width == 1280) |
		.rates[]' list.json | sed 's/\.0*$//' >ours
	check 'all rates at 1280x720' diff theirs ours
}

# like_theirs V4L2 DRM WIDTH HEIGHT: three frames, each with the bits that v4l2-ctl gets
like_theirs()
{
	capture frames.raw --input-pixel-format "$2" --size "$3x$4" --framerate 60 --frames 3 -q || return
	rm -f theirs.raw
	timeout 20 v4l2-ctl -d "$camera" --set-fmt-video="width=$3,height=$4,pixelformat=$1" \
		--stream-mmap --stream-count=1 --stream-to=theirs.raw >v4l2.log 2>&1
	cat theirs.raw theirs.raw theirs.raw >wanted.raw
	[ -s theirs.raw ] && cmp wanted.raw frames.raw
}

test_formats()
{
	jq -r '.cameras[0].modes[] | select(.frames) | .v4l2 + " " + .fourcc' list.json |
		tr ' ' _ | uniq >formats
	check 'more than ten formats, NV12 among them' \
		sh -c '[ "$(wc -l <formats)" -gt 10 ] && grep -q "NV12$\|NM12" formats'
	while read -r format; do
		# R8 has two spaces behind its name.
		v4l2=${format%%_*}
		drm=$(echo "${format#*_}" | tr _ ' ')
		check "$v4l2: frames as v4l2-ctl" like_theirs "$v4l2" "$drm" 640 360 </dev/null
	done <formats
	check 'another size' like_theirs "$(sed -n '1s/_.*//p' formats)" \
		"$(sed -n '1s/.*_//p' formats)" 1280 720
}

# What is encoded is the picture that would have come raw.
test_encoder()
{
	capture one.raw --input-pixel-format nv12 --size 640x360 --frames 1 -q
	cat one.raw one.raw one.raw one.raw one.raw one.raw one.raw one.raw >many.raw
	check 'vicodec encodes what comes' capture camera.fwht --input-pixel-format nv12 \
		--size 640x360 --framerate 30 --frames 8 --hardware prefer -q
	check 'and decodes it' transcode camera.fwht camera.raw -q
	check 'the same frames from a file' transcode many.raw many.fwht --input-size 640x360 \
		--input-pixel-format nv12 -q
	transcode many.fwht wanted.raw -q
	check 'all eight are those' cmp wanted.raw camera.raw
	check 'smaller' capture small.fwht --input-size 1280x720 --size 640x360 --frames 4 -q
	transcode small.fwht small.raw -q
	check 'four frames of that size' same $((4 * 640 * 360 * 3 / 2)) "$(size_of small.raw)"
}

# Times of frames are those of the camera, from zero on.
test_times()
{
	capture --md5 --framerate 25 --duration 1 -q >sums.txt
	n=$(wc -l <sums.txt)
	check "25 frames a second for a second: $n" [ "$n" -ge 20 -a "$n" -le 26 ]
	check 'they begin at 0 and increase' awk '
		{ if (NR == 1 ? $2 != 0 : $2 <= last) exit 1; last = $2 }
		END { exit last < 800000 || last >= 1000000 }' sums.txt
}

ends_at_signal()
{
	status=0
	timeout --preserve-status -s INT 2 wc-transcode --camera "$camera" signal.fwht \
		--size 640x360 --framerate 30 -q || status=$?
	same 130 $status && transcode signal.fwht signal.raw -q && [ "$(size_of signal.raw)" -gt 0 ]
}

test_container()
{
	if ! wc-list --hardware no --codec h264 --size 640x360 | grep -q '^  encoder .* software'; then
		skip 'MP4' 'there is no H.264 encoder in this build'
		return
	fi
	if ! command -v ffprobe >/dev/null; then
		skip 'MP4' 'ffprobe is missing'
		return
	fi
	check 'MP4' capture camera.mp4 --size 640x360 --framerate 15 --frames 15 --hardware no -q
	check 'it can be played' same 'h264,640,360,15' "$(ffprobe -v error -count_frames \
		-show_entries stream=codec_name,width,height,nb_read_frames -of csv=p=0 camera.mp4)"
}

# Until somebody has written something.
await_file()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ ! -s "$1" ] || return 0
		sleep 0.5
	done
	return 1
}

# fails TEXT COMMAND...: one line, with the text in it
fails()
{
	text=$1
	shift
	"$@" >fails.out 2>fails.err && return 1
	cat fails.err
	same 1 "$(wc -l <fails.err)" && grep -q -i -e "$text" fails.err
}

test_failures()
{
	check 'a format that it has not' \
		fails 'no format P010' capture out.raw --input-pixel-format p010
	check 'a codec is no camera' fails 'no camera' wc-transcode --camera "$encoder" out.raw
	capture long.raw --size 320x180 --framerate 30 --duration 5 -q &
	check 'one that captures' await_file long.raw
	check 'one that somebody else uses' fails 'somebody else captures' capture out.raw
	wait $!
	check 'who is not disturbed' [ "$(size_of long.raw)" -gt $((60 * 320 * 180)) ]
	capture gone.fwht --size 640x360 --framerate 30 -q 2>gone.err &
	check 'another one' await_file gone.fwht
	echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind
	status=0
	wait $! || status=$?
	check 'unplugged: status 1' same 1 $status
	check 'one line that says so' sh -c '[ "$(wc -l <gone.err)" -eq 1 ] && grep "device is gone" gone.err'
	check 'what came before is whole' transcode gone.fwht gone.raw -q
	check 'without it there is no camera' sh -c 'wc-list --cameras | grep "There are no cameras"'
	echo vivid.0 >/sys/bus/platform/drivers/vivid/bind
	camera=$(node vivid-000-vid-cap)
	check 'plugged in again' capture again.raw --frames 3 -q
}

# The first time each buffer has zeros in caches; and the CPU may read all pictures.
caches_are_cleaned_once()
{
	echo 1 >$tracing/events/v4l2/v4l2_qbuf/enable
	capture caches.raw --frames 30 -q
	echo 0 >$tracing/events/v4l2/v4l2_qbuf/enable
	awk '/v4l2_qbuf:.*VIDEO_CAPTURE/ {
		match($0, /index = [0-9]+/)
		n++
		wrong += !seen[substr($0, RSTART, RLENGTH)]++ != !/NO_CACHE_CLEAN/
		wrong += /NO_CACHE_INVALIDATE/
	}
	END { print n + 0, "times,", wrong + 0, "wrong"; exit !(n >= 30 && !wrong) }' $tracing/trace
}

planar=false
v4l2-ctl -d "$camera" --info | grep -q 'Video Capture Multiplanar' && planar=true
test_list $planar
test_formats
test_encoder
test_times
check 'the driver cleans caches once for each buffer' caches_are_cleaned_once
check 'SIGINT ends it, and the file is whole' ends_at_signal
test_container
echo '# test_camera'
timeout 120 test_camera "$camera" || failed=$((failed + 1))
camera=$(node vivid-000-vid-cap)
test_failures
finish
