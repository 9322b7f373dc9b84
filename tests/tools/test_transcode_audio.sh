#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-transcode and the sound that goes along, with ffprobe as the judge of what arrives.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"
# shellcheck source=tests/tools/media.sh
. "${top_srcdir:-.}/tests/tools/media.sh"
need_libav

for role in decoder encoder; do
	has $role h264 || skip "no software $role for H.264"
done

run() {
	"$transcode" --hardware no -q "$@"
}

# Packets of the first audio stream of a file, 0 without one.
sound_packets() {
	ffprobe -v quiet -select_streams a:0 -count_packets -show_entries stream=nb_read_packets \
		-of csv=p=0 "$1" | head -n 1 | tr -d , | grep . || echo 0
}

# near_packets A B: the sound of A is in B, but for what a container cuts off at the ends
near_packets() {
	near_theirs=$(sound_packets "$1")
	near_ours=$(sound_packets "$2")
	[ "$near_theirs" -gt 10 ] && [ "$near_ours" -ge $((near_theirs - 2)) ]
}

make_film_with_sound in.ts 50 96x64 -c:v libx264 -preset ultrafast -c:a aac

# AAC has headers of its own in transport streams, and none in MP4.
for to in mp4 mov mkv; do
	run in.ts "out.$to"
	check $? "transport stream to $to"
	is 50 "$(frames_of "out.$to")" "transport stream to $to: all frames"
	near_packets in.ts "out.$to"
	check $? "transport stream to $to: all sound"
	ffmpeg -v error -i "out.$to" -map 0:a -f null - 2> judge.txt
	is 0 "$(wc -l < judge.txt | tr -d ' ')" "transport stream to $to: the sound can be played"
done

# Streams that are announced in the middle of a transport stream have no place in the output.
make_film_with_sound one.ts 200 96x64 -c:v libx264 -preset ultrafast -c:a aac
make_film_with_sound three.ts 50 96x64 -map 0:v -map 1:a -map 1:a -map 1:a -c:v libx264 \
	-preset ultrafast -c:a aac -output_ts_offset 9
cat one.ts three.ts | run - grown.mkv
check $? "more sound begins later"
is 250 "$(frames_of grown.mkv)" "more sound begins later: all frames"
is 1 "$(ffprobe -v quiet -select_streams a -show_entries stream=index -of csv=p=0 grown.mkv |
	wc -l | tr -d ' ')" "more sound begins later: it is left out"
cat one.ts three.ts | "$transcode" --hardware no - grown.mkv 2> notes.txt
is 2 "$(grep -c '^wc-transcode: audio aac: .* left out$' notes.txt)" \
	"more sound begins later: each stream is named once"

# A stream that is announced, and of which nothing comes in the beginning, cannot be described.
ffmpeg -v error -y -f lavfi -i testsrc2=size=96x64:rate=25 -itsoffset 9 -f lavfi \
	-i sine=sample_rate=48000 -t 10 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -c:a aac \
	quiet.ts || film_failed quiet.ts
"$transcode" --hardware no quiet.ts quiet.mkv 2> notes.txt
is 0 $? "sound that is only announced"
is "$(frames_of quiet.ts)" "$(frames_of quiet.mkv)" "sound that is only announced: all frames"
is 'wc-transcode: audio aac: its sample rate is not known, left out' "$(head -n 1 notes.txt)" \
	"sound that is only announced: one line says so"
is 2 "$(wc -l < notes.txt | tr -d ' ')" "sound that is only announced: nothing else but the last line"

# Films that were joined: time begins again. What comes twice is left out, the pictures are not.
make_film_with_sound longer.ts 75 96x64 -c:v libx264 -preset ultrafast -c:a aac
cat in.ts longer.ts > joined.ts
for to in mkv mp4; do
	"$transcode" --hardware no joined.ts joined.$to 2> notes.txt
	is 0 $? "sound that goes back, $to: status"
	is 125 "$(frames_of joined.$to)" "sound that goes back, $to: all frames"
	[ "$(sound_packets joined.$to)" -gt "$(sound_packets in.ts)" ]
	check $? "sound that goes back, $to: it goes on where it is new"
	is "wc-transcode: audio aac: packets whose time goes back, left out" \
		"$(head -n 1 notes.txt)" "sound that goes back, $to: one line says so"
	is 2 "$(wc -l < notes.txt | tr -d ' ')" \
		"sound that goes back, $to: nothing else but the last line"
done

# Sound that the container does not take.
if has encoder vp8; then
	"$transcode" --hardware no in.ts out.webm 2> notes.txt
	is 0 $? "AAC for WebM: status"
	is 'wc-transcode: audio aac: webm cannot hold it, left out' "$(head -n 1 notes.txt)" \
		"AAC for WebM: one line says so"
	is 2 "$(wc -l < notes.txt | tr -d ' ')" "AAC for WebM: nothing else but the last line"
	run in.ts out.webm 2> notes.txt
	is 0 "$(size_of notes.txt)" "AAC for WebM: -q says nothing"
	"$transcode" --hardware no in.ts out.webm --no-audio 2> notes.txt
	is 1 "$(wc -l < notes.txt | tr -d ' ')" "AAC for WebM: nobody misses it with --no-audio"
fi
finish
