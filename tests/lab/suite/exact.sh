#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The library's frames are those of v4l2-ctl and of GStreamer's v4l2fwhtdec, bit for bit; and what it
# encodes decodes there to the same frames. Arguments are options of tests/lab/run.
#
# The judges have limits. GStreamer 1.22 encodes nothing below 1280x720, takes no size that is no
# multiple of 8, pads the rows of its files, and loses the frames that it decoded before the driver
# announced the size. So of its frames those from the first whole group of pictures on are compared.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'v4l2-ctl gst-launch-1.0' "$@"
frames=8
group=4

# ---- the judges ----

# v4l2_encode SIZE FOURCC INPUT OUTPUT
v4l2_encode()
{
	picture="width=${1%x*},height=${1#*x}"
	timeout 30 v4l2-ctl -d "$encoder" -c video_gop_size="$group" -x "$picture,pixelformat=$2" \
		--set-selection-output "target=crop,$picture" --stream-mmap --stream-out-mmap \
		--stream-from="$3" --stream-to="$4" >peer.log 2>&1
}

# v4l2_decode INPUT OUTPUT
v4l2_decode()
{
	timeout 30 v4l2-ctl -d "$decoder" --stream-mmap --stream-out-mmap \
		--stream-from="$1" --stream-to="$2" >peer.log 2>&1
}

# gst FILE WORD...: a pipeline that writes FILE; false if it does not, or says that it failed
gst()
{
	file=$1
	shift
	rm -f "$file"
	timeout 30 gst-launch-1.0 -q "$@" ! filesink location="$file" >peer.log 2>&1 &&
		! grep -q '^ERROR' peer.log && [ -s "$file" ]
}

# gst_encode SIZE FORMAT OUTPUT
gst_encode()
{
	gst "$3" videotestsrc num-buffers=$frames pattern=ball ! \
		"video/x-raw,format=$2,width=${1%x*},height=${1#*x},framerate=30/1" ! \
		v4l2fwhtenc extra-controls="c,video_gop_size=$group"
}

# The frames of an FWHT stream as files PREFIX000, PREFIX001, ... The first bytes of a header appear
# nowhere else.
cut_frames()
{
	input=$1
	prefix=$2
	n=0
	# shellcheck disable=SC2046 # numbers
	set -- $(LC_ALL=C grep -obUaP '\x4f\x4f\x4f\x4f\xff\xff\xff\xff' "$input" | cut -d: -f1) \
		"$(size_of "$input")"
	while [ $# -gt 1 ]; do
		tail -c +$(($1 + 1)) "$input" | head -c $(($2 - $1)) >"$(printf '%s%03d' "$prefix" $n)"
		n=$((n + 1))
		shift
	done
}

# gst_decode SIZE FORMAT INPUT OUTPUT: 4:2:0 comes with 16 rows and columns as unit
gst_decode()
{
	width=${1%x*} height=${1#*x}
	rm -f cut.*
	cut_frames "$3" cut.
	gst padded.raw multifilesrc location=cut.%03d start-index=0 stop-index=$((n - 1)) \
		caps="video/x-fwht,width=$width,height=$height,framerate=30/1,colorimetry=bt709,parsed=true" ! \
		v4l2fwhtdec ! "video/x-raw,format=$2" || return
	if [ "$2" = I420 ]; then
		visible $(((width + 15) / 16 * 16)) $(((height + 15) / 16 * 16)) "$width" "$height" \
			<padded.raw >"$4"
	else
		mv padded.raw "$4"
	fi
}

# ---- sums ----

# sums FILE BYTES: one a frame
sums()
{
	rm -f part.*
	split -b "$2" "$1" part.
	md5sum part.* | cut -c 1-32
	rm -f part.*
}

# The library's, which writes the frames to ours.raw as well.
library_sums()
{
	transcode "$1" ours.raw --md5 -q | awk '{ print $5 }'
}

# How many of the last frames can be compared with GStreamer's: those from the first key frame on
# that it cannot have lost.
find_kept()
{
	lost=$((frames - $(wc -l <peer.sums)))
	kept=$((frames - (lost + group - 1) / group * group))
}

# The last $kept frames of the peer are the last ones of ours.
is_tail()
{
	tail -n "$kept" ours.sums >wanted
	tail -n "$kept" peer.sums | diff wanted -
}

gst_says()
{
	grep -aE 'ERROR: from|WARNING|reason|smaller' peer.log | sed 's/^/# GStreamer: /'
}

# judge_by_gst NAME SIZE GST-FORMAT BYTES FILE
judge_by_gst()
{
	if ! gst_decode "$2" "$3" "$5" peer.raw; then
		gst_says
		echo "# v4l2fwhtdec does not decode $2 $3: no second judge"
		return
	fi
	gst_says
	sums peer.raw "$4" >peer.sums
	rm -f peer.raw
	find_kept
	if [ $kept -lt "$group" ]; then
		skip "$1: frames as v4l2fwhtdec" "it lost $lost of $frames frames"
	else
		check "$1: the last $kept frames as v4l2fwhtdec" is_tail
	fi
}

# judge NAME SIZE GST-FORMAT BYTES FILE: a stream, decoded by all three
judge()
{
	library_sums "$5" >ours.sums
	check "$1: the library decodes $frames frames" same $frames "$(wc -l <ours.sums)"
	check "$1: no two of them are the same" same $frames "$(sort -u ours.sums | wc -l)"
	check "$1: v4l2-ctl decodes it" v4l2_decode "$5" peer.raw
	sums peer.raw "$4" >peer.sums
	check "$1: frames as v4l2-ctl" diff ours.sums peer.sums
	check "$1: the file of frames as that of v4l2-ctl" cmp ours.raw peer.raw
	rm -f ours.raw peer.raw
	judge_by_gst "$@"
}

# ---- streams ----

# Made by GStreamer, or where that cannot, by v4l2-ctl from its own pattern.
test_foreign()
{
	size=$1 bytes=$(($2))
	if gst_encode "$size" I420 foreign.fwht; then
		judge "$size of v4l2fwhtenc" "$size" I420 $bytes foreign.fwht
		return
	fi
	gst_says
	echo "# v4l2fwhtenc does not encode $size: v4l2-ctl does it"
	pattern i420 "${size%x*}" "${size#*x}" $frames >in.raw
	check "$size: v4l2-ctl encodes" v4l2_encode "$size" YU12 in.raw foreign.fwht
	judge "$size of v4l2-ctl" "$size" I420 $bytes foreign.fwht
}

# test_own SIZE FORMAT FOURCC GST-FORMAT BYTES: encoded by the library
test_own()
{
	size=$1 format=$2
	pattern "$format" "${size%x*}" "${size#*x}" $frames >in.raw
	check "$size $format: the library encodes" transcode in.raw own.fwht -q --input-size "$size" \
		--input-pixel-format "$format" --key-interval $group
	judge "$size $format of the library" "$size" "$4" $(($5)) own.fwht
	# Beyond the visible part v4l2-ctl has its test pattern, which is seen in cut chroma blocks.
	[ $((${size%x*} % 16 + ${size#*x} % 16)) -eq 0 ] || return
	cp ours.sums own.sums
	check "$size $format: v4l2-ctl encodes the same" v4l2_encode "$size" "$3" in.raw peer.fwht
	library_sums peer.fwht >peer.sums
	check "$size $format: what they encoded is the same picture" diff own.sums peer.sums
}

# make_part NAME SIZE FRAMES: a stream, and the sums of its frames by v4l2-ctl
make_part()
{
	width=${2%x*} height=${2#*x}
	pattern i420 "$width" "$height" "$3" >in.raw
	transcode in.raw "$1.fwht" -q --input-size "$2" && v4l2_decode "$1.fwht" "$1.raw" &&
		sums "$1.raw" $((width * height * 3 / 2)) >"$1.sums"
}

# played NAME [OPTION of play]...: as the raw file of v4l2-ctl
played()
{
	name=$1
	shift
	rm -f played.raw
	play "$name.fwht" played.raw "$@" && cmp played.raw "$name.raw"
}

test_changes()
{
	for part in 'a 1280x720 7' 'b 1920x1080 6' 'c 640x360 8' 'd 644x366 9'; do
		# shellcheck disable=SC2086
		check "a part: $part" make_part $part
	done
	cat a.fwht b.fwht c.fwht d.fwht >all.fwht
	cat a.sums b.sums c.sums d.sums >all.sums
	cat a.raw b.raw c.raw d.raw >all.raw
	library_sums all.fwht >ours.sums
	check 'three changes of size: frames as those of the parts' diff all.sums ours.sums
	check 'three changes of size: v4l2-ctl decodes them' v4l2_decode all.fwht peer.raw
	check 'three changes of size: frames as v4l2-ctl' cmp ours.raw peer.raw
	rm -f ours.raw peer.raw
	check 'three changes of size: all queued, then flushed' played all burst
	check 'three changes of size: 26 frames held' played all hold=26
	check 'three changes of size: 26 frames held, all queued' played all hold=26 burst
	rm -f all.raw played.raw
}

# Each frame has another size: changes are on their way when the drain begins.
test_late_changes()
{
	: >late.fwht
	: >late.raw
	for part in a b c d a; do
		width=$(od -An -tu4 --endian=big -j 12 -N 4 $part.fwht)
		height=$(od -An -tu4 --endian=big -j 16 -N 4 $part.fwht)
		cut_frames $part.fwht cut.
		cat cut.000 >>late.fwht
		head -c $((width * height * 3 / 2)) $part.raw >>late.raw
	done
	check 'each frame of another size' played late
	check 'each frame of another size: flushed with changes on their way' played late burst
	check 'each frame of another size: and all frames held' played late burst hold=5
}

# The first frame that the input buffers are too small for: those for 640x360 hold four bytes a pixel.
test_growth()
{
	pattern i420 1920 1080 2 noise >in.raw
	check 'noise is encoded' transcode in.raw noise.fwht --input-size 1920x1080 -q
	check 'to frames of more than a megabyte' [ "$(size_of noise.fwht)" -gt 2000000 ]
	cat c.fwht noise.fwht >grown.fwht
	check 'small frames, and large ones: v4l2-ctl decodes them' \
		v4l2_decode grown.fwht grown.raw
	check 'small frames, and large ones: as v4l2-ctl' played grown
}

for size in 640x360 1280x720 1920x1080 1284x724; do
	test_foreign "$size" "${size%x*} * ${size#*x} * 3 / 2"
	test_own "$size" i420 YU12 I420 "${size%x*} * ${size#*x} * 3 / 2"
done
test_own 1280x720 nv12 NV12 I420 '1280 * 720 * 3 / 2'
test_own 1280x720 rgb24 RGB3 BGR '1280 * 720 * 3'
test_changes
test_late_changes
test_growth
finish
