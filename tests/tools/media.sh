# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Small films to test with, made by ffmpeg, which is also the judge of what the tools make of them.

for program in ffmpeg ffprobe; do
	command -v $program > program.path || skip "$program is not installed"
done
# What a build without libav cannot do is most of it.
need_libav() {
	printf 'neither of our formats' > any.bin
	# shellcheck disable=SC2154
	if "$transcode" any.bin --md5 2>&1 | grep -q 'this build'; then
		skip "wc-transcode was built without libav"
	fi
}

# make_film FILE FRAMES SIZE OPTION...: moving pictures at 25 frames a second
make_film() {
	film=$1
	film_frames=$2
	film_size=$3
	shift 3
	ffmpeg -v error -y -f lavfi -i "testsrc2=size=$film_size:rate=25" \
		-frames:v "$film_frames" -pix_fmt yuv420p "$@" "$film" || film_failed "$film"
}

# Without its films a test would say little.
film_failed() {
	echo "Bail out! ffmpeg cannot make $1"
	exit 99
}

# The same with sound.
make_film_with_sound() {
	film=$1
	film_frames=$2
	film_size=$3
	shift 3
	ffmpeg -v error -y -f lavfi -i "testsrc2=size=$film_size:rate=25" \
		-f lavfi -i "sine=frequency=440:sample_rate=48000" -shortest \
		-t "$((film_frames * 40))ms" -pix_fmt yuv420p "$@" "$film" || film_failed "$film"
}

# MD5 sums of the frames of a file, as ffmpeg decodes them.
sums_of() {
	ffmpeg -v error -i "$1" -map 0:v:0 -fps_mode passthrough -f framemd5 - |
		grep -v '^#' | awk -F ', *' '{ print $NF }'
}

# The same as wc-transcode decodes them.
our_sums_of() {
	"$transcode" "$@" --md5 -q --hardware no | awk '{ print $5 }'
}
