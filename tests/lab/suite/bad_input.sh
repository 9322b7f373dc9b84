#!/bin/sh
# SPDX-License-Identifier: MIT
#
# wc-transcode on a device, with input that is broken, and with a device that goes away: one line on
# standard error, an exit status that tells, no hang, and an output that holds all that was whole.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'v4l2-ctl' "$@"
width=640
height=360
bytes=$((width * height * 3 / 2))
driver=/sys/bus/platform/drivers/vicodec

# The tool ended as it should with status $1 and one line, or with 0 and none.
ended_with()
{
	[ "$status" -eq "$1" ] || { echo "status $status instead of $1"; cat err; return 1; }
	if [ "$1" -eq 0 ]; then
		same '' "$(cat err)"
	else
		same 1 "$(wc -l <err)" && grep '^wc-transcode: ..' err
	fi
}

# out.md5 and out.raw hold the first frames of the good stream, $1 of them.
holds_frames()
{
	same "$1" "$(wc -l <out.md5)" && head -n "$1" good.md5 | cmp - out.md5 || return
	[ "$1" -gt 0 ] || { [ ! -s out.raw ]; return; }
	same $(($1 * bytes)) "$(size_of out.raw)" && cmp -n $(($1 * bytes)) out.raw good.raw
}

decode()
{
	rm -f out.raw
	status=0
	timeout 20 wc-transcode "$1" out.raw --hardware prefer -q --md5 >out.md5 2>err || status=$?
}

decodes_to()
{
	decode "$1" && ended_with "$2" && holds_frames "$3"
}

# refused TEXT FILE FRAMES: status 1, behind so many whole frames
refused()
{
	check "$1: $3 frames and one error" decodes_to "$2" 1 "$3"
	sed 's/^/# /' err
}

# ---- files ----

# The stream that all is made of; its frames are at 0, $first, $second, $total.
make_good()
{
	pattern i420 $width $height 3 plain >in.raw
	transcode in.raw good.fwht --input-size ${width}x$height -q
	decode good.fwht
	mv out.raw good.raw
	mv out.md5 good.md5
	first=$((44 + $(payload_at 0)))
	second=$((first + 44 + $(payload_at $first)))
	total=$(size_of good.fwht)
}

payload_at()
{
	od -An -tu4 --endian=big -j $(($1 + 40)) -N 4 good.fwht | tr -d ' '
}

# cut BYTES FRAMES
cut_at()
{
	head -c "$1" good.fwht >cut.fwht
	refused "cut at $1 of $total" cut.fwht "$2"
}

test_truncated()
{
	for at in 1 8 43 44 45 $((first / 2)) $((first - 1)); do
		cut_at "$at" 0
	done
	for at in 1 43 44 $(((second - first) / 2)) $((second - first - 1)); do
		cut_at $((first + at)) 1
	done
	for at in 1 44 $((total - second - 1)); do
		cut_at $((second + at)) 2
	done
	head -c "$second" good.fwht >cut.fwht
	check "cut between frames: 2 frames and no error" decodes_to cut.fwht 0 2
}

# patch OFFSET VALUE: good.fwht with four other bytes at OFFSET, big-endian
patch()
{
	cp good.fwht patched.fwht
	# shellcheck disable=SC2059 # the format is the value
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($2 >> 24 & 255)) $(($2 >> 16 & 255)) \
		$(($2 >> 8 & 255)) $(($2 & 255)))" |
		dd of=patched.fwht bs=1 seek="$1" conv=notrunc status=none
}

# patched TEXT FRAME OFFSET VALUE: in the header at FRAME bytes, which is the Nth
patched()
{
	patch $(($2 + $4)) "$5"
	refused "$1" patched.fwht "$3"
}

test_headers()
{
	for frame in "0 0" "$first 1"; do
		# shellcheck disable=SC2086 # two words
		{
			patched 'no magic number' $frame 0 0x12345678
			patched 'version 0' $frame 8 0
			patched 'version 9' $frame 8 9
			patched 'width 0' $frame 12 0
			patched 'width 16' $frame 12 16
			patched 'width 100000' $frame 12 100000
			patched 'height 0xffffffff' $frame 16 0xffffffff
			patched 'size 0xffffffff' $frame 40 0xffffffff
		}
	done
	patch 40 $((first - 43))
	refused 'size one too large' patched.fwht 1
}

test_rubbish()
{
	: >empty.fwht
	refused 'an empty file' empty.fwht 0
	head -c 50000 /dev/zero >zero.fwht
	refused 'zero bytes' zero.fwht 0
	head -c 50000 /dev/urandom >random.fwht
	refused 'random bytes' random.fwht 0
	cat good.fwht random.fwht >both.fwht
	refused 'random bytes behind the stream' both.fwht 3
	refused 'no file' nothing.fwht 0
	refused 'a directory' . 0
}

# The headers are right: it is the device that finds out.
test_payload()
{
	for value in 377 000; do
		fill=\\$value
		head -c 44 good.fwht >payload.fwht
		head -c $((first - 44)) /dev/zero | tr '\000' "$fill" >>payload.fwht
		tail -c +$((first + 1)) good.fwht >>payload.fwht
		refused "payload of bytes $value in the first frame" payload.fwht 0
		head -c $((first + 44)) good.fwht >payload.fwht
		head -c $((second - first - 44)) /dev/zero | tr '\000' "$fill" >>payload.fwht
		tail -c +$((second + 1)) good.fwht >>payload.fwht
		refused "payload of bytes $value in the second frame" payload.fwht 1
	done
}

# A frame says that it is larger than others before, and is beyond the buffers that were made for them.
test_large()
{
	head -c "$first" good.fwht >large.fwht
	head -c 44 good.fwht >header
	{
		head -c 12 header
		# 1920x1080, 2.25 MiB
		printf '\000\000\007\200\000\000\004\070'
		tail -c +21 header | head -c 20
		printf '\000\044\000\000'
		head -c 2359296 /dev/urandom
	} >>large.fwht
	refused 'a frame larger than input buffers' large.fwht 1
}

# ---- a device that goes away ----

# until SECONDS CONDITION...
until_true()
{
	tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

has_lines()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

is_larger()
{
	[ -e "$1" ] && [ "$(size_of "$1")" -gt "$2" ]
}

# Feeds a stream without end.
feed()
{
	while cat "$1"; do :; done >pipe 2>/dev/null
}

# start FEED WORD...: the tool with its input from the pipe
start()
{
	: >out.md5
	rm -f out.fwht
	file=$1
	shift
	timeout 60 wc-transcode - "$@" --hardware prefer -q <pipe >out.md5 2>err &
	tool=$!
	feed "$file" &
	feeder=$!
}

vanish()
{
	echo vicodec.0 >"$driver/unbind"
	status=0
	wait $tool || status=$?
	wait $feeder
	echo vicodec.0 >"$driver/bind"
}

decodes_whole()
{
	v4l2-ctl -d "$decoder" --stream-mmap --stream-out-mmap --stream-from=out.fwht \
		--stream-to=peer.raw >/dev/null 2>&1
	transcode out.fwht whole.raw -q && [ -s whole.raw ] &&
		same 0 $(($(size_of whole.raw) % bytes)) && cmp whole.raw peer.raw
}

test_gone()
{
	mkfifo pipe
	start good.fwht --input-format fwht --md5
	check 'a decoder in work' until_true 20 has_lines out.md5 50
	vanish
	check 'its device goes away: one error' ended_with 1
	sed 's/^/# /' err
	check 'the frames until then' has_lines out.md5 50
	check 'which are right' same 3 "$(cut -d ' ' -f 5 out.md5 | sort -u | wc -l)"

	start in.raw out.fwht --input-format yuv --input-size ${width}x$height
	check 'an encoder in work' until_true 20 is_larger out.fwht 20000
	vanish
	check 'its device goes away: one error' ended_with 1
	sed 's/^/# /' err
	check 'what was encoded can be played' decodes_whole

	start good.fwht out.fwht --input-format fwht
	check 'a decoder and an encoder in work' until_true 20 is_larger out.fwht 20000
	vanish
	check 'both devices go away: one error' ended_with 1
	sed 's/^/# /' err
	check 'what was encoded can be played' decodes_whole

	check 'without a device: NotSupportedError' no_device
	sed 's/^/# /' err
	check 'the device is back' decodes_to good.fwht 0 3
}

no_device()
{
	echo vicodec.0 >"$driver/unbind"
	decode good.fwht
	echo vicodec.0 >"$driver/bind"
	ended_with 1 && grep NotSupportedError err
}

make_good
check 'three frames' same 3 "$(wc -l <good.md5)"
test_truncated
test_headers
test_rubbish
test_payload
test_large
test_gone
echo '# test_gone'
timeout 100 test_gone || failed=$((failed + 1))
finish
