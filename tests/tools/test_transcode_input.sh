#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-transcode and bad input: one line, an exit status that is not 0, and an output that holds what
# was whole.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"
# shellcheck source=tests/tools/media.sh
. "${top_srcdir:-.}/tests/tools/media.sh"

# The command line.
for bad in '' 'a.mp4' 'a.mp4 b.nothing' 'a.mp4 b.mp4 c.mp4' 'a.mp4 b.mp4 --codec nonsense' \
	   'a.mp4 b.mp4 --size 12' 'a.mp4 b.mp4 --bitrate fast' 'a.mp4 b.mp4 --unknown' \
	   'a.mp4 b.mp4 --frames 0' 'a.yuv b.mp4' 'a.mp4 b.y4m --bitrate 1M' 'a.mp4 -' \
	   'a.mp4 b.mp4 --pixel-format nv12' 'a.mp4 b.yuv --pixel-format none' \
	   'a.mp4 b.mp4 --framerate 0' 'a.mp4 b.mp4 --size' 'a.mp4 b.mp4 --duration 5' \
	   '--camera /dev/null' '--camera /dev/null a.mp4 b.mp4' '--camera' \
	   '--camera /dev/null a.mp4 --duration 0' '--camera /dev/null a.mp4 --duration 1s' \
	   '--camera /dev/null a.mp4 --input-format mp4'; do
	# shellcheck disable=SC2086
	fails 2 . "$transcode" $bad
	check $? "wrong: $bad"
done

# What is no camera.
fails 1 'no such file' "$transcode" --camera /dev/nothing out.mkv
check $? "a camera that is not there"
fails 1 'no camera' "$transcode" --camera /dev/null out.mkv
check $? "what is no camera"
[ ! -e out.mkv ]
check $? "and nothing was written"

# What cannot be read.
mkdir folder.mp4
: > empty.mp4
: > empty.yuv
fails 1 'No such file' "$transcode" missing.mp4 out.mkv
check $? "a file that is not there"
fails 1 'directory' "$transcode" folder.mp4 out.mkv
check $? "a directory"
for extension in mp4 mkv ts h264 ivf y4m fwht avi; do
	: > "empty.$extension"
	fails 1 'empty' "$transcode" "empty.$extension" out.mkv
	check $? "an empty .$extension"
	head -c 3000 /dev/urandom > "random.$extension"
	fails 1 . "$transcode" "random.$extension" out.mkv
	check $? "random bytes as .$extension"
done
fails 1 'empty' "$transcode" empty.yuv out.mkv --input-size 16x16
check $? "empty raw pictures"
printf 'x' > forbidden.mp4
chmod 0 forbidden.mp4
if [ "$(id -u)" -ne 0 ]; then
	fails 1 'permission' "$transcode" forbidden.mp4 out.mkv
	check $? "no permission"
elif setpriv --reuid=65534 --clear-groups "$transcode" --version > nobody.log 2>&1; then
	chmod 711 .
	fails 1 'permission' setpriv --reuid=65534 --clear-groups \
		"$transcode" "$work/forbidden.mp4" out.mkv
	check $? "no permission"
else
	count=$((count + 1))
	echo "ok $count - no permission # SKIP others cannot run it: $(tail -n 1 nobody.log)"
fi
if [ -e out.mkv ]; then
	check 1 "bad input makes no output"
else
	check 0 "bad input makes no output"
fi
printf 'kept' > kept.mkv
fails 1 . "$transcode" random.mp4 kept.mkv
is kept "$(cat kept.mkv)" "bad input leaves an old output alone"

has decoder h264 || finish
make_film small.mp4 3 16x16 -c:v libx264 -bf 0 -bsf:v filter_units=remove_types=6 \
	-movflags +faststart -bitexact
ffmpeg -v error -y -f lavfi -i sine -t 0.1 sound.m4a
fails 1 'no video' "$transcode" sound.m4a out.mkv
check $? "sound alone"
make_film other.mkv 2 64x64 -c:v ffv1
fails 1 'ffv1' "$transcode" other.mkv out.y4m
check $? "a codec that is none of ours"
fails 1 . "$transcode" small.mp4 out.mkv --codec avc1.zzzzzz
check $? "a codec string that is none"
fails 1 . "$transcode" small.mp4 out.mkv --device "$work/gone"
check $? "a device that is not there"
fails 1 . "$transcode" small.mp4 out.y4m --hardware prefer --device "$work/gone"
check $? "hardware that is not there"
make_film pictures.yuv 1 16x16
fails 1 'nothing to decode' "$transcode" pictures.yuv out.y4m --input-size 16x16
check $? "pictures to pictures"
cp small.mp4 same.mp4
if has encoder h264; then
	fails 1 'input file' "$transcode" same.mp4 same.mp4
	check $? "the input as output"
	cmp -s same.mp4 small.mp4
	check $? "the input as output: nothing is lost"
fi

# Cut at every byte.
many=$(dirname "$list")/tests/tools/many_transcodes

# run_many NUMBERS FILE OUTPUT OPTION...: from each run.N.EXTENSION to run.N.OUTPUT. One line in
# runs.txt for each: N, the exit status, lines on standard error, bytes written.
run_many() {
	numbers=$1
	many_in=run.%.${2##*.}
	many_out=$3
	shift 3
	"$many" -q --hardware no "$many_in" "run.%.$many_out" "$@" < "$numbers" > status.txt
	wc -l run.*.err > lines.txt
	find . -name "run.*.$many_out" -printf '%f %s\n' > sizes.txt
	# An output is there or not; wc ends with a total.
	awk '
	FILENAME == "lines.txt" && split($2, name, ".") == 3 { lines[name[2]] = $1 }
	FILENAME == "sizes.txt" { split($1, name, "."); size[name[2]] = $2 }
	FILENAME == "status.txt" { print $1, $2, lines[$1], size[$1] + 0 }' \
		lines.txt sizes.txt status.txt | sort -n > runs.txt
	[ "$(wc -l < runs.txt)" -gt 50 ] && [ "$(wc -l < runs.txt)" -eq "$(wc -l < "$numbers")" ]
}

# cuts FILE STEP OUTPUT OPTION...
cuts() {
	cut_file=$1
	rm -f run.*
	seq 0 "$2" "$(($(size_of "$1") - 1))" > numbers.txt
	while read -r n; do
		head -c "$n" "$cut_file" > "run.$n.${cut_file##*.}"
	done < numbers.txt
	shift 2
	run_many numbers.txt "$cut_file" "$@"
}

# The same with the number of frames of an IVF file in place of bytes.
encode_cuts() {
	cuts "$@" || return
	while read -r n status lines bytes; do
		[ "$bytes" -eq 0 ] || bytes=$(od -A n -t u4 -j 24 -N 4 "run.$n.ivf")
		echo "$n $status $lines $bytes"
	done < runs.txt > counted.txt
	mv counted.txt runs.txt
}

# Where the frames of an IVF file end.
ivf_boundaries() {
	offset=32
	ivf_total=$(size_of "$1")
	while [ $offset -lt "$ivf_total" ]; do
		size=$(od -A n -t u4 -j $offset -N 4 "$1" | tr -d ' ')
		offset=$((offset + 12 + size))
		echo $offset
	done
}

# judge UNIT: boundaries.txt has the lengths at which the file is a shorter good one, one for each
# frame. Anywhere else there is one line and status 1. Either way all whole frames are written, as
# UNIT each.
judge() {
	awk -v unit="$1" '
	NR == FNR { boundary[n++] = $1; good[$1] = 1; next }
	{
		whole = 0
		for (i = 0; i < n; i++)
			whole += boundary[i] <= $1
		wrong = $1 in good ? 0 : 1
		if ($2 != wrong || $3 != wrong || $4 != whole * unit) {
			print "# cut at " $1 ": status " $2 ", " $3 " lines, " $4 " of " whole * unit
			bad = 1
		}
	}
	END { exit bad || n < 2 }' boundaries.txt runs.txt
}

if has decoder vp8; then
	make_film small.ivf 3 16x16 -c:v libvpx -deadline realtime
	ivf_boundaries small.ivf > boundaries.txt
	cuts small.ivf 1 yuv && judge 384
	check $? "IVF cut at every byte ($(size_of small.ivf))"
fi

# In containers all cuts can be seen, and all frames whose bytes are there can be had.
judge_container() {
	awk -v frame=384 '
	$2 != 1 || $3 != 1 || $4 % frame || $4 < before {
		print "# cut at " $1 ": status " $2 ", " $3 " lines, " $4 " bytes"
		bad = 1
	}
	{ before = $4 }
	END { exit bad || before < 2 * frame }' runs.txt
}
cuts small.mp4 1 yuv && judge_container
check $? "MP4 cut at every byte ($(size_of small.mp4))"
ffmpeg -v error -y -i small.mp4 -c copy -bitexact small.mkv
cuts small.mkv 1 yuv && judge_container
check $? "Matroska cut at every byte ($(size_of small.mkv))"

# Fragments are whole at the end of each: those cuts are no failure, nor are those that leave less
# than the header of a box behind them.
ffmpeg -v error -y -i small.mp4 -c copy -bitexact -movflags frag_keyframe+empty_moov fragments.mp4
cuts fragments.mp4 3 yuv && awk '
$2 > 1 || $2 != $3 || $4 % 384 {
	print "# cut at " $1 ": status " $2 ", " $3 " lines, " $4 " bytes"
	bad = 1
}
$2 == 0 { whole++ }
END { exit bad || whole > 3 }' runs.txt
check $? "MP4 in fragments cut at every third byte ($(size_of fragments.mp4))"

# Pictures: each whole one is encoded.
if has encoder vp8; then
	make_film small.y4m 2 8x8
	total=$(size_of small.y4m)
	printf '%s\n' $((total - 102)) "$total" > boundaries.txt
	encode_cuts small.y4m 1 ivf && judge 1
	check $? "Y4M cut at every byte ($total)"
	make_film small.yuv 2 16x16
	printf '384\n768\n' > boundaries.txt
	encode_cuts small.yuv 3 ivf --input-size 16x16 && judge 1
	check $? "raw pictures cut at every third byte"
fi

# Damage in the middle of a stream: no hang, no crash; the status says which of both ways it went.
rm -f run.*
seq 0 9 "$(size_of small.mp4)" > numbers.txt
while read -r n; do
	cp small.mp4 "run.$n.mp4"
	printf '\377\377\377\377' | dd of="run.$n.mp4" bs=1 seek="$n" conv=notrunc 2> dd.log
done < numbers.txt
run_many numbers.txt small.mp4 yuv && awk '
$2 > 1 || $2 != $3 { print "# damage at " $1 ": status " $2 ", " $3 " lines"; bad = 1 }
END { exit bad }' runs.txt
check $? "damage anywhere in MP4"
finish
