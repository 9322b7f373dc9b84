#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs that use the library as applications do, on the real driver, and a stream that is
# decoded, scaled and encoded again.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'v4l2-ctl' "$@"

# run PROGRAM: it prints results of its own
run()
{
	echo "# $1"
	timeout 120 "$1"
	status=$?
	[ $status -eq 0 ] || failed=$((failed + 1))
	# Without a result of its own this would not be seen.
	[ $status -lt 2 ] || result 1 "$1 ended with $status"
}

# Mean squared difference of both, as decibels below full scale: 40 is hard to see.
psnr()
{
	ffmpeg -v info -f rawvideo -s 1280x720 -pix_fmt yuv420p -i "$1" \
		-f rawvideo -s 640x360 -pix_fmt yuv420p -i "$2" \
		-lavfi '[0]scale=640:360:flags=area[a];[a][1]psnr' -f null - 2>&1 |
		sed -n 's/.*average:\([0-9.]*\).*/\1/p'
}

looks_alike()
{
	value=$(psnr "$1" "$2")
	echo "average PSNR: $value"
	[ "${value%.*}" -ge "$3" ]
}

# Both codecs at work in one process, with a picture that is made smaller between them.
test_scaling()
{
	pattern i420 1280 720 10 plain >in.raw
	check 'a stream to scale' transcode in.raw in.fwht --input-size 1280x720 -q
	check 'FWHT is decoded, scaled and encoded' \
		transcode in.fwht small.fwht --size 640x360 --key-interval 5
	check 'its pictures' transcode small.fwht small.raw -q
	check 'ten frames of the new size' same $((10 * 640 * 360 * 3 / 2)) "$(size_of small.raw)"
	check 'frames as v4l2-ctl' sh -c "timeout 30 v4l2-ctl -d $decoder --stream-mmap \
		--stream-out-mmap --stream-from=small.fwht --stream-to=peer.raw &&
		cmp small.raw peer.raw"
	if command -v ffmpeg >/dev/null; then
		check 'they look like the pictures scaled by ffmpeg' looks_alike in.raw small.raw 30
	else
		skip 'they look like the pictures scaled by ffmpeg' 'ffmpeg is missing'
	fi
	check 'larger' transcode small.fwht large.fwht --size 1280x720 -q
	check 'and back' transcode large.fwht back.raw -q
	check 'ten frames again' same $((10 * 1280 * 720 * 3 / 2)) "$(size_of back.raw)"
}

run test_lifetime
run test_seek
run test_sharing
run test_reclaim
run test_encoder
run test_bad_chunks
test_scaling
finish
