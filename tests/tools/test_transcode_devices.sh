#!/bin/sh
# SPDX-License-Identifier: MIT
# The tools on real devices: vicodec of the lab's kernel. v4l2-ctl is the judge of bits, strace of
# system calls.
if [ "${WC_LAB:-}" != 1 ]; then
	if [ "${WC_LAB:-}" = no ]; then
		echo "1..0 # SKIP the lab is switched off"
		exit 77
	fi
	# The tests change to a folder of their own.
	top_srcdir=$(cd "${top_srcdir:-.}" && pwd)
	top_builddir=$(cd "${top_builddir:-.}" && pwd)
	export top_srcdir top_builddir
	exec "$top_srcdir/tests/lab/run" --timeout 250 sh "$0"
fi
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"

# node NAME: by the name that the driver gave it, for the numbers change.
node() {
	for name_file in /sys/class/video4linux/*/name; do
		if grep -q "$1" "$name_file"; then
			path=${name_file%/name}
			echo "/dev/${path##*/}"
			return
		fi
	done
}
encoder=$(node 'stateful-encoder')
decoder=$(node 'stateful-decoder')
if [ ! -c "$encoder" ] || [ ! -c "$decoder" ]; then
	skip "there is no vicodec"
fi

width=640
height=360
bytes=$((width * height * 3 / 2))
# Twelve pictures of stripes that differ.
awk -v n=$((bytes / 40)) 'BEGIN {
	for (frame = 0; frame < 12; frame++)
		for (i = 0; i < n; i++)
			printf "%040d", (i * 7 + frame * 1000003) % 999983
}' > in.yuv
is $((12 * bytes)) "$(size_of in.yuv)" "pictures to encode"

"$list" > list.txt
grep -q "^$encoder  encoder  vicodec" list.txt && grep -q "^$decoder  decoder  vicodec" list.txt
check $? "wc-list finds both"
grep -q "  decoder  fwht .* stateful .*$decoder" list.txt
check $? "wc-list tells which decoder FWHT would get"
"$list" --json --device "$decoder" | grep -q '"path":"'"$decoder"'"'
check $? "wc-list --json --device"

last() {
	sed -n '$p' last.txt
}

"$transcode" in.yuv out.fwht --input-size ${width}x$height 2> last.txt
check $? "pictures to FWHT"
last | grep -q "^12 frames .*encoder fwht: $encoder vicodec (stateful); .*copied: 0 bytes by the library, 0 "
check $? "the encoder reads pictures in place: $(last)"
"$transcode" out.fwht out.yuv 2> last.txt
check $? "FWHT to pictures"
last | grep -q "^12 frames .*decoder fwht: $decoder vicodec (stateful); .*copied: 0 bytes by the library, 0 "
check $? "the decoder reads chunks in place: $(last)"
is $((12 * bytes)) "$(size_of out.yuv)" "all pictures are there"
if command -v v4l2-ctl > v4l2.path; then
	timeout 60 v4l2-ctl -d "$decoder" --stream-mmap --stream-out-mmap \
		--stream-from=out.fwht --stream-to=judge.yuv > judge.txt 2>&1
	cmp -s out.yuv judge.yuv
	check $? "v4l2-ctl decodes the same"
	timeout 60 v4l2-ctl -d "$encoder" -x "width=$width,height=$height,pixelformat=YU12" \
		--set-selection-output "target=crop,width=$width,height=$height" \
		--stream-mmap --stream-out-mmap --stream-count=12 \
		--stream-from=in.yuv --stream-to=judge.fwht > judge.txt 2>&1
	"$transcode" judge.fwht theirs.yuv -q && [ "$(size_of theirs.yuv)" -ge $((11 * bytes)) ]
	check $? "what v4l2-ctl encodes can be read"
fi
"$transcode" out.fwht --md5 -q > sums.txt
is 12 "$(grep -c " ${width}x$height YU12 " sums.txt)" "md5: a line for each frame"
"$transcode" - - --input-format fwht --output-format yuv -q < out.fwht > piped.yuv
cmp -s out.yuv piped.yuv
check $? "FWHT and pictures through pipes"
"$transcode" out.fwht again.fwht --hardware prefer --device "$decoder" --device "$encoder" 2> last.txt
check $? "FWHT to FWHT on named devices"
is 12 "$("$transcode" again.fwht --md5 -q | wc -l | tr -d ' ')" "FWHT to FWHT: all frames"
"$transcode" out.fwht out.nv12 -q
is $((12 * bytes)) "$(size_of out.nv12)" "converted to NV12"
"$transcode" out.nv12 nv12.fwht --input-size ${width}x$height 2> last.txt
last | grep -q 'copied: 0 bytes by the library'
check $? "NV12 is encoded in place: $(last)"
"$transcode" out.fwht three.y4m --frames 3 -q
is $((3 * (bytes + 6))) $(($(size_of three.y4m) - $(head -n 1 three.y4m | wc -c))) "Y4M, three frames"

fails 1 'NotSupportedError' "$transcode" out.fwht no.yuv --hardware no
check $? "no software decodes FWHT"
fails 1 'not a codec device' "$transcode" out.fwht no.yuv --device /dev/null
check $? "/dev/null is no device"
fails 1 . "$transcode" out.fwht no.yuv --device "$encoder"
check $? "an encoder does not decode"

# Cut in many places: all whole frames are written.
length=44
frames_wrong=0
while [ $length -lt "$(size_of out.fwht)" ]; do
	head -c $length out.fwht > cut.fwht
	rm -f cut.yuv
	fails 1 'cut short' "$transcode" cut.fwht cut.yuv || frames_wrong=1
	if [ -e cut.yuv ]; then
		[ $(($(size_of cut.yuv) % bytes)) -eq 0 ] || frames_wrong=1
		cmp -s -n "$(size_of cut.yuv)" cut.yuv out.yuv || frames_wrong=1
	fi
	length=$((length + $(size_of out.fwht) / 15 + 1))
done
is 0 $frames_wrong "FWHT cut in places"
head -c 60000 out.fwht > damaged.fwht
head -c 5000 /dev/urandom >> damaged.fwht
fails 1 . "$transcode" damaged.fwht damaged.yuv
check $? "FWHT with random bytes behind"

# What a frame costs: one read and one write by the tool.
if command -v strace > strace.path; then
	strace -o trace.txt -e trace=readv,writev,clock_gettime "$transcode" in.yuv cost.fwht \
		--input-size ${width}x$height -q
	is 12 "$(grep -c '^writev' trace.txt)" "encoding: one write for a frame"
	[ "$(grep -c '^readv' trace.txt)" -le 14 ]
	check $? "encoding: one read for a frame"
	strace -o trace.txt -e trace=readv,writev "$transcode" out.fwht cost.yuv -q
	is 12 "$(grep -c '^writev' trace.txt)" "decoding: one write for a frame"
	[ "$(grep -c '^readv' trace.txt)" -le 14 ]
	check $? "decoding: one read for a frame"
fi

# A device that goes away while it works. Pictures come through a pipe, so that it is in the middle.
if [ -w /sys/bus/platform/drivers/vicodec/unbind ]; then
	mkfifo pipe
	"$transcode" - gone.fwht --input-format yuv --input-size ${width}x$height < pipe 2> gone.err &
	pid=$!
	exec 3> pipe
	head -c $((6 * bytes)) in.yuv >&3
	sleep 1
	echo vicodec.0 > /sys/bus/platform/drivers/vicodec/unbind
	tail -c $((6 * bytes)) in.yuv >&3
	exec 3>&-
	wait $pid
	is 1 $? "a device that goes away: status"
	is 1 "$(wc -l < gone.err | tr -d ' ')" "a device that goes away: one line: $(head -n 1 gone.err)"
	echo vicodec.0 > /sys/bus/platform/drivers/vicodec/bind
fi
finish
