#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-transcode and signals: the first ends it with a whole file, the second kills.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"
# shellcheck source=tests/tools/media.sh
. "${top_srcdir:-.}/tests/tools/media.sh"
need_libav

make_film film.yuv 100 160x120 -c:v rawvideo


# interrupted SIGNAL STATUS FILE OPTION...: pictures come through a pipe that then stays open
interrupted() {
	signal=$1
	wanted=$2
	file=$3
	shift 3
	mkfifo pipe
	# Without this, a shell without job control starts it with SIGINT ignored, and so it stays.
	(trap - INT; exec "$transcode" -q --hardware no - "$file" --input-format yuv \
		--input-size 160x120 --framerate 25 "$@" < pipe 2> signal.err) &
	pid=$!
	exec 3> pipe
	cat film.yuv >&3
	sleep 1
	kill "-$signal" $pid
	wait $pid
	status=$?
	exec 3>&-
	rm pipe
	is "$wanted" $status "$signal, $file: status"
	is 0 "$(wc -l < signal.err | tr -d ' ')" "$signal, $file: nothing is complained of"
	is 100 "$(frames_of "$file")" "$signal, $file: all frames are there"
}

if has encoder h264; then
	interrupted INT 130 out.mp4
	interrupted TERM 143 out.mkv
	interrupted INT 130 out.ts
fi
if has encoder vp8; then
	interrupted TERM 143 out.ivf
	interrupted INT 130 out.webm
fi

# A writer that hangs in a pipe nobody reads is ended by the second signal.
if has decoder h264; then
	make_film film.mp4 50 160x120 -c:v libx264
	mkfifo pipe
	(trap - INT; exec "$transcode" -q --hardware no film.mp4 - --output-format yuv > pipe 2> /dev/null) &
	pid=$!
	exec 3< pipe
	sleep 1
	kill -INT $pid
	sleep 0.5
	kill -0 $pid
	check $? "the first signal does not cut a frame"
	kill -INT $pid
	wait $pid
	is 130 $? "the second signal kills"
	exec 3<&-
fi
finish
