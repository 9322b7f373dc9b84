#!/bin/sh
# SPDX-License-Identifier: MIT
#
# wc-transcode --display on the kernel's virtual display: frames of the real decoder and of a camera
# on its plane in place, and the same pictures as copies. What was shown is told by the checksums
# that the display makes of each refresh.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'v4l2-ctl' "$@"

frames=25
size=768x480

# The card that has a display, and where its checksums are.
for name in /sys/kernel/debug/dri/[0-9]*/name; do
	if grep -q '^vkms' "$name"; then
		card=/dev/dri/card$(basename "$(dirname "$name")")
		crc=$(dirname "$name")/crtc-0/crc
	fi
done

# The checksum of each refresh, from when the display is on: before, it says EIO.
watch()
{
	until [ -s cat.ok ]; do
		cat "$crc/data" &
		echo $! >cat.pid
		wait $! && echo yes >cat.ok
		sleep 0.01
	done
}

# show NAME WORD...: leave the pictures that were shown, one checksum each, in NAME.crc
show()
{
	name=$1
	shift
	echo auto >"$crc/control"
	timeout 60 wc-transcode "$@" "--display=$card" 2>"$name.err" &
	pid=$!
	rm -f cat.ok
	watch >"$name.log" 2>/dev/null &
	watcher=$!
	wait "$pid"
	status=$?
	kill "$watcher" "$(cat cat.pid)"
	cat "$name.err"
	[ $status -eq 0 ] || return 1
	# Without any plane, between two owners of the display, the checksum is 0. A NUL ends each line.
	tr -d '\0' <"$name.log" | awk '$2 ~ /^0x/ && $2 !~ /^0x0*$/ { print $2 }' | uniq >"$name.crc"
}

show_film()
{
	show "$@" film.fwht --hardware prefer --framerate 10
}

# show_camera NAME PATTERN OPTION...: one of its test pictures, which without a clock stays the same
show_camera()
{
	name=$1
	v4l2-ctl -d "$camera" --set-ctrl="osd_text_mode=2,test_pattern=$2" || return
	shift 2
	show "$name" --camera "$camera" --input-pixel-format bgrx --size 640x360 \
		--framerate 15 --frames 6 "$@"
}

shown()
{
	tail -n 1 "$1.err" | grep "shown on $card Virtual-1: $2"
}

# Watching may begin after the first pictures, and a guest that is short of time misses refreshes:
# each way may lack a few. What else is there, before and after, is at most a blank screen.
same_pictures()
{
	sort -u place.crc >place.set
	sort -u copies.crc >copies.set
	comm -12 place.set copies.set >both
	wc -l place.set copies.set both
	[ "$(wc -l <both)" -ge $((frames - 5)) ] && [ "$(wc -l <place.set)" -le $((frames + 1)) ]
}

# own NAME: the pictures of a camera, without what was there before and after the film, too
own()
{
	sort -u "$1.crc" | comm -13 film.set - | grep .
}

same_camera()
{
	sort -u place.set copies.set >film.set
	place=$(own camera) && copies=$(own camera_copies) && other=$(own other) || return
	echo "place $place, copies $copies, other $other"
	same 1 "$(own camera | wc -l)" && same "$place" "$copies" && [ "$place" != "$other" ]
}

# Four bytes a pixel, as the plane takes them; what they mean does not matter.
pattern rgb24 $((${size%x*} / 3 * 4)) ${size#*x} $frames plain >film.raw
check 'a film in RGB' transcode film.raw film.fwht --input-size $size \
	--input-pixel-format bgrx -q
check 'its frames are shown in place' show_film place
check 'all of them, without a copy' shown place "$frames in place, 0 copied"
check 'copies are shown' show_film copies --display-copies
check 'all of them' shown copies "0 in place, $frames copied"
check 'both look the same' same_pictures

pattern i420 ${size%x*} ${size#*x} 3 plain >yuv.raw
transcode yuv.raw film.fwht --input-size $size -q
check 'what the plane cannot show is converted' show_film yuv
check 'with the reason' shown yuv '0 in place, 3 copied (the display does not take the frame'

camera=$(node vivid-000-vid-cap) || exit 1
check 'a camera is shown' show_camera camera 0
check 'all of it, without a copy' shown camera '6 in place, 0 copied'
check 'copies of it are shown' show_camera camera_copies 0 --display-copies
check 'all of them' shown camera_copies '0 in place, 6 copied'
check 'another picture is shown' show_camera other 3
check 'both look the same, and the other does not' same_camera
finish
