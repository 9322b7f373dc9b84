#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-transcode between all kinds of files, with ffmpeg as the judge: sums of decoded frames, numbers
# of frames, times, and how near the pictures are to what went in.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"
# shellcheck source=tests/tools/media.sh
. "${top_srcdir:-.}/tests/tools/media.sh"
need_libav

has decoder h264 || skip "no software decoder for H.264"

# Whether two files show the same, to coding loss: near A B
near() {
	ffmpeg -v info -i "$1" -i "$2" -lavfi '[0:v][1:v]psnr' -f null - 2>&1 |
		sed -n 's/.*average:\([0-9.inf]*\) .*/\1/p' > psnr.txt
	[ -s psnr.txt ] && awk '{ exit !($1 == "inf" || $1 > 26) }' psnr.txt
}

# Times of the frames, in hundredths of seconds from the first.
times_of() {
	ffprobe -v quiet -select_streams v -show_entries frame=pts_time -of csv=p=0 "$1" | tr -d , |
		awk 'NF { if (!n++) first = $1; printf "%.2f\n", $1 - first }'
}

run() {
	"$transcode" --hardware no -q "$@"
}

make_film_with_sound in.mp4 50 192x128 -c:v libx264 -bf 2 -g 20 -c:a aac -movflags +faststart \
	-colorspace bt709 -color_primaries bt709 -color_trc bt709
check $? "film with B-frames and sound"

# Sums: what we decode is what ffmpeg decodes, in the same order.
compare_sums() {
	sums_of "$1" > theirs.txt
	our_sums_of "$@" > ours.txt
	[ -s theirs.txt ] && cmp -s theirs.txt ours.txt
}
compare_sums in.mp4
check $? "md5: MP4"
ffmpeg -v error -y -i in.mp4 -c copy in.mkv && compare_sums in.mkv
check $? "md5: Matroska"
ffmpeg -v error -y -i in.mp4 -c copy in.ts && compare_sums in.ts
check $? "md5: transport stream"
ffmpeg -v error -y -i in.mp4 -c:v copy -an in.h264 && compare_sums in.h264
check $? "md5: Annex B"
make_film in.avi 20 192x128 -c:v mjpeg -pix_fmt yuvj420p && compare_sums in.avi
check $? "md5: Motion JPEG in AVI"
for vpx in vp8:libvpx:webm vp9:libvpx-vp9:webm vp8:libvpx:ivf vp9:libvpx-vp9:ivf; do
	codec=${vpx%%:*}
	extension=${vpx##*:}
	encoder=${vpx#*:}
	has decoder "$codec" || continue
	make_film "$codec.$extension" 20 192x128 -c:v "${encoder%:*}" -deadline realtime -cpu-used 8 &&
		compare_sums "$codec.$extension"
	check $? "md5: $codec in $extension"
done
if has decoder hevc; then
	make_film in.h265 20 192x128 -c:v libx265 -x265-params log-level=none:bframes=3 &&
		compare_sums in.h265
	check $? "md5: HEVC, Annex B"
fi
ffmpeg -v error -y -ss 0.5 -i in.mp4 -c copy -an edited.mp4 && compare_sums edited.mp4
check $? "md5: MP4 whose edit list hides its first frames"
"$transcode" in.mp4 --md5 --frames 3 -q > three.txt
is "0 0 192x128" "$(head -n 1 three.txt | cut -d ' ' -f 1-3)" "md5: number, time and size"
is 80000 "$(tail -n 1 three.txt | cut -d ' ' -f 2)" "md5: time of the third frame"
is 3 "$(wc -l < three.txt | tr -d ' ')" "--frames ends in time"
# Sizes that say nothing, and bytes that are in no box, are no cut file.
ffmpeg -v error -i in.avi -c copy -f avi - | cat > piped.avi
is 4294967295 "$(od -A n -t u4 -j 4 -N 4 piped.avi | tr -d ' ')" "AVI through a pipe has no size"
run piped.avi --md5 > piped.txt
is "0 20" "$? $(wc -l < piped.txt | tr -d ' ')" "md5: AVI through a pipe"
head -c $(($(size_of in.avi) - 100)) in.avi > cut.avi
fails 1 'cut short' "$transcode" cut.avi --md5 -q
check $? "md5: AVI that is cut"
for stray in 1 7; do
	cp in.mp4 stray.mp4
	printf '\001\002mo\003\004\005' | head -c $stray >> stray.mp4
	run stray.mp4 --md5 > stray.txt
	is "0 50" "$? $(wc -l < stray.txt | tr -d ' ')" "md5: MP4 with $stray bytes behind it"
done
sums_of in.h264 > theirs.txt
"$transcode" - --input-format h264 --md5 -q < in.h264 | awk '{ print $5 }' > ours.txt
cmp -s theirs.txt ours.txt
check $? "md5: standard input"

# Pictures out.
run in.mp4 out.yuv && ffmpeg -v error -y -i in.mp4 -f rawvideo theirs.yuv && cmp -s out.yuv theirs.yuv
check $? "raw pictures are ffmpeg's"
run in.mp4 out.nv12 &&
	ffmpeg -v error -y -i in.mp4 -f rawvideo -pix_fmt nv12 theirs.nv12 && cmp -s out.nv12 theirs.nv12
check $? "raw pictures as NV12"
run in.mp4 - --output-format raw > stdout.yuv && cmp -s stdout.yuv theirs.yuv
check $? "raw pictures to standard output"
run in.mp4 out.y4m && ffmpeg -v error -y -i out.y4m -f rawvideo from_y4m.yuv && cmp -s from_y4m.yuv theirs.yuv
check $? "Y4M"
is 25/1 "$(field v r_frame_rate out.y4m)" "Y4M: rate"
run in.mp4 out.rgb --frames 1
is $((192 * 128 * 3)) "$(size_of out.rgb)" "RGB pictures have three bytes"

# An encoder there and back. What is near to the film is its picture; the rest is in the numbers.
for codec in h264 vp8 vp9 hevc; do
	has encoder $codec || continue
	run out.y4m "$codec.mkv" --codec $codec --bitrate 2M && near "$codec.mkv" out.y4m
	check $? "$codec: Y4M to Matroska shows the same"
	is 50 "$(frames_of "$codec.mkv")" "$codec: all frames"
	"$transcode" --hardware no theirs.yuv raw.mkv --input-size 192x128 --framerate 25 \
		--codec $codec --bitrate 2M 2> last.txt && near raw.mkv out.y4m
	check $? "$codec: raw pictures to Matroska show the same"
	is 1 "$(wc -l < last.txt | tr -d ' ')" "$codec: one last line"
	grep -q '^50 frames in .* fps, .*x real time; encoder .*(software); .* copied: ' last.txt
	check $? "$codec: the last line tells all"
	if [ $codec = vp8 ] || [ $codec = vp9 ]; then
		run out.y4m $codec.back.ivf --codec $codec --bitrate 2M &&
			near $codec.back.ivf out.y4m
		check $? "$codec: IVF"
		is 50 "$(frames_of $codec.back.ivf)" "$codec: IVF has all frames"
		run $codec.back.ivf - --output-format ivf --codec $codec > piped.ivf &&
			run - piped.mkv --codec $codec < piped.ivf
		is 50 "$(frames_of piped.mkv)" "$codec: IVF through pipes"
	fi
done

# The unit of time of an IVF file is not its rate.
if has encoder vp8; then
	run in.mp4 clock.ivf
	[ "$(od -A n -t u4 -j 16 -N 4 clock.ivf | tr -d ' ')" -gt 1000 ]
	check $? "IVF: the unit of time is that of the container"
	run clock.ivf clock.y4m
	is 25/1 "$(field v r_frame_rate clock.y4m)" "IVF: the rate is found in the times"
	run - piped.y4m < clock.ivf && cmp -s clock.y4m piped.y4m
	check $? "IVF: the same through a pipe"
	run clock.ivf one.ivf --frames 1 && run one.ivf one.y4m
	is 25/1 "$(field v r_frame_rate one.y4m)" "IVF: a frame alone has the usual rate"
	if has encoder vp9; then
		"$transcode" --hardware no clock.ivf clock.mkv --codec vp9 2> last.txt
		grep -q 'encoder vp09.00.10.08:' last.txt
		check $? "IVF: the level is that of the rate"
	fi
	ffmpeg -v error -y -r 60 -i out.y4m -c:v libvpx rounded.webm &&
		ffmpeg -v error -y -i rounded.webm -c copy rounded.ivf && run rounded.ivf rounded.y4m
	is 60/1 "$(field v r_frame_rate rounded.y4m)" "IVF: a rate in whole milliseconds"
	ffmpeg -v error -y -r 1/2 -i out.y4m -frames:v 3 -c:v libvpx slow.ivf && run slow.ivf slow.y4m
	is 1/2 "$(field v r_frame_rate slow.y4m)" "IVF: a slow one"
	printf 'YUV4MPEG2 W16 H16 F99999999:1 Ip C420\n' > fast.y4m
	for _ in 1 2 3; do
		printf 'FRAME\n' && head -c 384 theirs.yuv
	done >> fast.y4m
	run fast.y4m fast.ivf
	is 25/1 "$(field v r_frame_rate fast.ivf)" "Y4M: a rate that is none"
	is 3 "$(frames_of fast.ivf)" "Y4M: a rate that is none: all frames"
fi

# From container to container.
if has encoder h264; then
	run in.mp4 out.mkv --bitrate 1M && near out.mkv in.mp4
	check $? "MP4 to Matroska"
	is 50 "$(frames_of out.mkv)" "MP4 to Matroska: all frames"
	is aac "$(field a codec_name out.mkv)" "MP4 to Matroska: sound"
	is bt709 "$(field v color_space out.mkv)" "MP4 to Matroska: colours"
	times_of in.mp4 > in.times
	times_of out.mkv > out.times
	[ -s in.times ] && cmp -s in.times out.times
	check $? "MP4 to Matroska: times"
	for to in mp4 mov ts; do
		run out.mkv "back.$to" && near "back.$to" in.mp4
		check $? "Matroska to $to"
		is 50 "$(frames_of "back.$to")" "Matroska to $to: all frames"
		is aac "$(field a codec_name "back.$to")" "Matroska to $to: sound"
	done
	ffmpeg -v error -y -i in.mp4 -an -vf 'setpts=PTS*(1+mod(N\,3)*0.01)' -fps_mode vfr \
		-c:v libx264 uneven.mp4
	run uneven.mp4 out_uneven.mp4
	times_of uneven.mp4 > in.times
	times_of out_uneven.mp4 > out.times
	[ -s in.times ] && cmp -s in.times out.times
	check $? "uneven times go along"
	run in.mp4 annexb.mp4 --annexb && near annexb.mp4 in.mp4
	check $? "Annex B chunks into MP4"
	run in.mp4 small.mp4 --size 96x64 --no-audio
	is "96 64" "$(field v width small.mp4) $(field v height small.mp4)" "--size"
	is "" "$(field a codec_name small.mp4)" "--no-audio"
	run in.mp4 keys.h264 --key-interval 5
	is 10 "$(ffprobe -v quiet -show_entries packet=flags -of csv=p=0 keys.h264 | grep -c K)" \
		"--key-interval"
	is 50 "$(frames_of keys.h264)" "elementary stream: all frames"
	run in.h264 times.mp4 && near times.mp4 in.mp4
	check $? "reordered frames without times come out in order"
	ffmpeg -v error -y -i in.mp4 -c copy -metadata:s:v rotate=90 turned.mp4
	run turned.mp4 out_turned.mp4
	is "$(field v:0 'side_data=rotation' turned.mp4)" \
		"$(field v:0 'side_data=rotation' out_turned.mp4)" "rotation goes along"
	run in.mp4 wide.mp4 --size 100x128 && field v sample_aspect_ratio wide.mp4 | grep -q '48:25'
	check $? "the display aspect stays when the size changes"
fi
if has encoder vp8; then
	run in.mp4 out.webm && near out.webm in.mp4
	check $? "MP4 to WebM"
	is "" "$(field a codec_name out.webm)" "WebM takes no AAC"
fi
if has encoder av1; then
	run in.mp4 av1.mp4 --codec av1 --size 96x64 --frames 5 && run av1.mp4 av1.mkv --codec av1
	is 5 "$(frames_of av1.mkv)" "AV1 in MP4 and Matroska"
fi
if has encoder mjpeg; then
	run in.mp4 out.avi && near out.avi in.mp4
	check $? "MP4 to Motion JPEG in AVI"
fi
finish
