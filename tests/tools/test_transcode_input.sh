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
make_film small.mp4 3 32x32 -c:v libx264 -bf 0 -bsf:v filter_units=remove_types=6 -movflags +faststart
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

# Cut at every byte. The files are small, and several cuts are tried at a time.
parallel() {
	xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 sh "$@"
}

# One line for each cut: its length, the exit status, lines on standard error, bytes written.
cat > decode_cut.sh <<'END'
name=cut.$4.${2##*.}
head -c "$4" "$2" > "$name"
"$1" -q --hardware no "$name" "$name.yuv" 2> "$name.err"
echo "$4 $? $(wc -l < "$name.err") $([ -e "$name.yuv" ] && wc -c < "$name.yuv" || echo 0)"
rm -f "$name" "$name".*
END
# The same with the number of frames of an IVF file in place of bytes.
cat > encode_cut.sh <<'END'
name=cut.$4.${2##*.}
head -c "$4" "$2" > "$name"
# shellcheck disable=SC2086
"$1" -q --hardware no "$name" "$name.ivf" $3 2> "$name.err"
echo "$4 $? $(wc -l < "$name.err") $([ -e "$name.ivf" ] &&
	od -A n -t u4 -j 24 -N 4 "$name.ivf" || echo 0)"
rm -f "$name" "$name".*
END

# cuts SCRIPT FILE STEP OPTIONS
cuts() {
	seq 0 "$3" "$(($(size_of "$2") - 1))" |
		parallel "$1" "$transcode" "$2" "${4:-}" | sort -n > cuts.txt
	[ "$(wc -l < cuts.txt)" -gt 50 ]
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
	END { exit bad || n < 2 }' boundaries.txt cuts.txt
}

if has decoder vp8; then
	make_film small.ivf 3 32x32 -c:v libvpx -deadline realtime
	ivf_boundaries small.ivf > boundaries.txt
	cuts decode_cut.sh small.ivf 1 && judge 1536
	check $? "IVF cut at every byte ($(size_of small.ivf))"
fi

# In containers all cuts can be seen, and all frames whose bytes are there can be had.
judge_container() {
	awk -v frame=1536 '
	$2 != 1 || $3 != 1 || $4 % frame || $4 < before {
		print "# cut at " $1 ": status " $2 ", " $3 " lines, " $4 " bytes"
		bad = 1
	}
	{ before = $4 }
	END { exit bad || before < 2 * frame }' cuts.txt
}
cuts decode_cut.sh small.mp4 1 && judge_container
check $? "MP4 cut at every byte ($(size_of small.mp4))"
ffmpeg -v error -y -i small.mp4 -c copy small.mkv
cuts decode_cut.sh small.mkv 1 && judge_container
check $? "Matroska cut at every byte ($(size_of small.mkv))"

# Fragments are whole at the end of each: those cuts are no failure, nor are those that leave less
# than the header of a box behind them.
ffmpeg -v error -y -i small.mp4 -c copy -movflags frag_keyframe+empty_moov fragments.mp4
cuts decode_cut.sh fragments.mp4 3 && awk '
$2 > 1 || $2 != $3 || $4 % 1536 {
	print "# cut at " $1 ": status " $2 ", " $3 " lines, " $4 " bytes"
	bad = 1
}
$2 == 0 { whole++ }
END { exit bad || whole > 3 }' cuts.txt
check $? "MP4 in fragments cut at every third byte ($(size_of fragments.mp4))"

# Pictures: each whole one is encoded.
if has encoder vp8; then
	make_film small.y4m 2 16x16
	total=$(size_of small.y4m)
	printf '%s\n' $((total - 390)) "$total" > boundaries.txt
	cuts encode_cut.sh small.y4m 1 && judge 1
	check $? "Y4M cut at every byte ($total)"
	make_film small.yuv 2 16x16
	printf '384\n768\n' > boundaries.txt
	cuts encode_cut.sh small.yuv 3 '--input-size 16x16' && judge 1
	check $? "raw pictures cut at every third byte"
fi

# Damage in the middle of a stream: no hang, no crash; the status says which of both ways it went.
cat > damage.sh <<'END'
name=damaged.$3.mp4
cp "$2" "$name"
printf '\377\377\377\377' | dd of="$name" bs=1 seek="$3" conv=notrunc 2> "$name.err"
timeout 60 "$1" -q --hardware no "$name" "$name.yuv" 2> "$name.err"
echo "$3 $? $(wc -l < "$name.err")"
rm -f "$name" "$name".*
END
seq 0 9 "$(size_of small.mp4)" | parallel damage.sh "$transcode" small.mp4 | sort -n > damage.txt
[ "$(wc -l < damage.txt)" -gt 50 ] && awk '$2 > 1 || $2 != $3 { print "# damage at " $1 ": status " $2 ", " $3 " lines"; bad = 1 }
	END { exit bad }' damage.txt
check $? "damage anywhere in MP4"
finish
