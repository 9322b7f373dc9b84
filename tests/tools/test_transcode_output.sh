#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-transcode and output that fails: one line, status 1, and what was written can be played.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"
# shellcheck source=tests/tools/media.sh
. "${top_srcdir:-.}/tests/tools/media.sh"
need_libav

make_film film.y4m 150 160x120
make_film film.mp4 100 160x120 -c:v libx264

fails 1 'No such file' "$transcode" film.mp4 nowhere/out.y4m
check $? "a folder that is not there"
mkdir folder.y4m
fails 1 'directory' "$transcode" film.mp4 folder.y4m
check $? "a directory"

# A card that is none, as on a machine without a display.
fails 2 'nothing is written' "$transcode" film.mp4 out.y4m --display
check $? "a display and a file"
fails 2 'for --display' "$transcode" film.mp4 out.y4m --display-copies
check $? "copies for no display"
fails 2 'not understood' "$transcode" film.mp4 --display=
check $? "a display without a name"
fails 1 'no-card: No such file' "$transcode" film.mp4 --display=no-card
check $? "a display that is not there"
fails 1 '/dev/null: no display' "$transcode" film.mp4 --display=/dev/null
check $? "a display that is none"

# Old files: they stay until there is something to put in their place.
if has encoder h264; then
	printf 'kept' > kept.webm
	fails 1 'WebM' "$transcode" film.mp4 kept.webm --codec h264
	check $? "a codec that WebM cannot hold"
	is kept "$(cat kept.webm)" "a header that cannot be made leaves an old file alone"
	fails 1 'WebM' "$transcode" film.mp4 new.webm --codec h264
	[ ! -e new.webm ]
	check $? "a header that cannot be made leaves no new file"
	cp film.y4m old.mkv
	"$transcode" -q film.mp4 old.mkv && "$transcode" -q film.mp4 new.mkv
	is "$(size_of new.mkv)" "$(size_of old.mkv)" "a longer old file is cut off"
fi

if [ -w /dev/full ]; then
	for option in --help --version; do
		"$transcode" $option > /dev/full 2> full.err
		is 1 $? "/dev/full for $option: status"
		is 1 "$(grep -c '^wc-transcode: standard output: No space left' full.err)" \
			"/dev/full for $option: the reason"
	done
	for to in raw y4m ivf h264 mkv mp4 ts; do
		codec=vp8
		[ $to = h264 ] || [ $to = mp4 ] || [ $to = ts ] && codec=h264
		input=film.y4m
		[ $to = raw ] || [ $to = y4m ] && input=film.mp4
		option="--codec $codec"
		[ $input = film.mp4 ] && option=
		[ $input = film.y4m ] && ! has encoder $codec && continue
		# shellcheck disable=SC2086
		fails 1 'No space left' "$transcode" $input /dev/full --output-format $to $option
		check $? "/dev/full as $to"
	done
	if has encoder h264; then
		"$transcode" film.mp4 -q --md5 > /dev/full 2> md5.err
		is 1 $? "/dev/full for sums: status"
		is 1 "$(wc -l < md5.err | tr -d ' ')" "/dev/full for sums: one line"
	fi
fi

# A disk with little room: a limit for the size of files, in units of 512 bytes. What is there
# afterwards has to be played without a complaint up to its end (by formats that are cut in frames),
# or up to the frame that was cut (by containers).
limited() {
	units=$1
	shift
	(ulimit -f "$units" && "$transcode" -q "$@" 2> limited.err)
	status=$?
	lines=$(wc -l < limited.err | tr -d ' ')
	[ $status -eq 1 ] && [ "$lines" -eq 1 ] && grep -q 'too large\|No space' limited.err
}

limited 200 film.mp4 limited.yuv
check $? "raw pictures on a small disk"
is 0 $(($(size_of limited.yuv) % (160 * 120 * 3 / 2))) "raw pictures on a small disk: whole ones"
limited 200 film.mp4 limited.y4m
check $? "Y4M on a small disk"
ffmpeg -v error -i limited.y4m -f null - 2> judge.txt
is 0 "$(wc -l < judge.txt | tr -d ' ')" "Y4M on a small disk: whole pictures"
if has encoder vp8; then
	limited 100 film.y4m limited.ivf --bitrate 2M
	check $? "IVF on a small disk"
	ffmpeg -v error -i limited.ivf -f null - 2> judge.txt
	is 0 "$(wc -l < judge.txt | tr -d ' ')" "IVF on a small disk: whole frames"
	[ "$(frames_of limited.ivf)" -gt 5 ]
	check $? "IVF on a small disk: what fits is there"
	limited 200 film.y4m limited.webm --bitrate 2M
	check $? "WebM on a small disk"
	[ "$(frames_of limited.webm)" -gt 20 ]
	check $? "WebM on a small disk can be played"
fi
if has encoder h264; then
	for to in mp4 mkv ts mov; do
		limited 200 film.y4m limited.$to --bitrate 2M
		check $? "$to on a small disk"
		[ "$(frames_of limited.$to)" -gt 20 ]
		check $? "$to on a small disk can be played ($(frames_of limited.$to) frames)"
	done
fi

# A disk that is really full, where we may mount one.
cat > on_small_disk.sh <<'END'
mkdir disk && mount -t tmpfs -o size=100k none disk || exit 77
"$@" 2> disk.err
echo $? > disk.status
cp disk/* .
END
on_small_disk() {
	flags=-m
	[ "$(id -u)" -eq 0 ] || flags=-rm
	rm -rf disk
	unshare $flags sh on_small_disk.sh "$@" > mount.txt 2>&1
}
if on_small_disk touch disk/mounted; then
	on_small_disk "$transcode" -q film.mp4 disk/full.y4m
	is "1 1" "$(cat disk.status) $(wc -l < disk.err | tr -d ' ')" "a full disk: status and one line"
	grep -q 'No space left' disk.err
	check $? "a full disk: the reason"
	ffmpeg -v error -i full.y4m -f null - 2> judge.txt
	is 0 "$(wc -l < judge.txt | tr -d ' ')" "a full disk: whole pictures"
	for to in mp4 mkv ts; do
		has encoder h264 || continue
		on_small_disk "$transcode" -q film.y4m disk/full.$to --bitrate 2M
		is "1 1" "$(cat disk.status) $(wc -l < disk.err | tr -d ' ')" \
			"a full disk, $to: status and one line"
		[ "$(frames_of full.$to)" -gt 20 ]
		check $? "a full disk, $to: can be played ($(frames_of full.$to) frames)"
	done
fi

# Standard output that is a file with something in it already: offsets count from there.
for to in avi mp4 mkv ivf; do
	codec=mjpeg
	[ $to = avi ] || codec=h264
	[ $to = ivf ] && codec=vp8
	has encoder $codec || continue
	"$transcode" -q film.mp4 plain.$to --codec $codec
	(echo 'before'; exec "$transcode" -q film.mp4 - --output-format $to --codec $codec) > behind
	head -c 7 behind | grep -q before
	check $? "behind other data, $to: these stay"
	tail -c +8 behind > behind.$to
	is "$(size_of plain.$to) 100" "$(size_of behind.$to) $(frames_of behind.$to)" \
		"behind other data, $to: size and frames"
	# Matroska has random numbers in it.
	[ $to = mkv ] || cmp -s plain.$to behind.$to
	check $? "behind other data, $to: as in a file of its own"
	ffmpeg -v error -i behind.$to -f null - 2> judge.txt
	is 0 "$(wc -l < judge.txt | tr -d ' ')" "behind other data, $to: nothing is damaged"
done

# A reader that goes away.
"$transcode" -q film.mp4 - --output-format yuv 2> pipe.err | head -c 1000 > head.yuv
is 1 "$(wc -l < pipe.err | tr -d ' ')" "a closed pipe: one line"
grep -q 'Broken pipe' pipe.err
check $? "a closed pipe: the reason"
finish
