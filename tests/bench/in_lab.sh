#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The part of the benchmark that runs in a guest of the lab. README.md tells what is measured and how.

# shellcheck source=tests/bench/lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=tests/bench/table.sh
. "$(dirname "$0")/table.sh"
data=/dev/shm/bench
tracing=/sys/kernel/tracing

# Outputs of each run that are not looked at, at its beginning.
warm=20

# Of so many outputs at a time the speed is looked at.
span=1

# The words that a program is started with: a tracer and its options, or nothing.
under=

# ---- the programs; each takes: encode|decode WIDTH HEIGHT FRAMES ----

# loop PROGRAM OPTION VERB WIDTH HEIGHT FRAMES
loop()
{
	program=$bench/$1
	option=$2
	shift 2
	case $1 in
	encode) set -- -d "$encoder" "$@" "$data/$2.raw" ;;
	decode) set -- -d "$decoder" "$@" "$data/$2.hdr" ;;
	esac
	device=$2
	verb=$3
	shift 3
	# shellcheck disable=SC2086 # words
	$under "$program" $option -d "$device" "$verb" fwht "$@"
}

ours()
{
	loop wc_loop '' "$@"
}

# As the peers do: the input from the file, frame by frame.
ours_reading()
{
	loop wc_loop -r "$@"
}

bare()
{
	loop bare_v4l2 '' "$@"
}

# It reads row by row; without a large buffer it is busy with that.
v4l2_ctl()
{
	case $1 in
	encode)
		# shellcheck disable=SC2086
		stdbuf -i 4M $under v4l2-ctl -d "$encoder" \
			-x "width=$2,height=$3,pixelformat=YU12" \
			--set-selection-output "target=crop,width=$2,height=$3" \
			--stream-mmap --stream-out-mmap --stream-count="$4" \
			--stream-from=- <"$data/$2.raw" ;;
	decode)
		# shellcheck disable=SC2086
		stdbuf -i 4M $under v4l2-ctl -d "$decoder" --stream-mmap --stream-out-mmap \
			--stream-count="$4" --stream-from-hdr=- <"$data/$2.hdr" ;;
	esac
}

gst_source()
{
	caps="video/x-raw,format=I420,width=$2,height=$3,framerate=30/1,interlace-mode=progressive"
	caps="$caps,pixel-aspect-ratio=1/1,colorimetry=bt709"
	case $1 in
	encode) echo "filesrc location=$data/$2.raw blocksize=$(($2 * $3 * 3 / 2))" \
		"num-buffers=$4 ! $caps" ;;
	decode) echo "filesrc location=$data/$2.$4.gdp ! gdpdepay" ;;
	esac
}

gst_element()
{
	case $1 in
	encode) echo '! v4l2fwhtenc' ;;
	decode) echo '! v4l2fwhtdec ! video/x-raw,format=I420' ;;
	esac
}

gstreamer()
{
	# shellcheck disable=SC2046,SC2086
	$under gst-launch-1.0 -q $(gst_source "$@") $(gst_element "$1") ! fakesink
}

gstreamer_without()
{
	# shellcheck disable=SC2046,SC2086
	$under gst-launch-1.0 -q $(gst_source "$@") ! fakesink
}

# ---- what encodes a camera's pictures; each takes: capture WIDTH HEIGHT FRAMES ----

ours_capturing()
{
	"$bench/camera_loop" "$camera" "$encoder" "$2" "$3" "$4"
}

gstreamer_capturing()
{
	gst-launch-1.0 -q v4l2src device="$camera" io-mode=dmabuf num-buffers="$4" ! \
		"video/x-raw,format=I420,width=$2,height=$3" ! \
		v4l2fwhtenc output-io-mode=dmabuf-import ! fakesink
}

# run PROGRAM VERB WIDTH HEIGHT FRAMES: says only why it failed
run()
{
	"$@" >$data/out 2>&1 || { sed 's/^/# /' $data/out >&2; return 1; }
}

# ---- the inputs ----

# make_input WIDTH HEIGHT FRAMES
make_input()
{
	"$bench/make_raw" "$1" "$2" "$3" >"$data/$1.raw" &&
		"$bench/wc_loop" -d "$encoder" -o "$data/$1.hdr" encode fwht "$@" "$data/$1.raw" \
			>/dev/null
}

# The form that keeps the borders of packets for GStreamer.
make_gdp()
{
	# shellcheck disable=SC2046
	run gst-launch-1.0 -q $(gst_source encode "$@") ! v4l2fwhtenc ! gdppay ! \
		filesink location="$data/$1.$3.gdp"
}

# ---- speed ----

minor()
{
	cut -d : -f 2 "/sys/class/video4linux/${1##*/}/dev"
}

# The kernel's own record of when a client took an output buffer of a codec, the same for all programs.
start_trace()
{
	echo mono >$tracing/trace_clock
	echo "type == 1 && (minor == $(minor "$encoder") || minor == $(minor "$decoder"))" \
		>$tracing/events/v4l2/v4l2_dqbuf/filter
	echo 1 >$tracing/events/v4l2/v4l2_dqbuf/enable
}

# Microseconds from output to output: each $span of them, as a mean.
intervals()
{
	awk -v warm=$warm -v span="$span" '/ v4l2_dqbuf: / {
		for (i = 1; $(i + 1) != "v4l2_dqbuf:"; i++)
			;
		if (++n < warm || (n - warm) % span)
			next
		now = $i * 1000000
		if (n > warm)
			printf "%.1f\n", (now - before) / span
		before = now
	}' $tracing/trace
}

# The mean of the faster half of them: in the others the host may have been about something else.
frame_time()
{
	intervals | sort -n | awk '{ v[NR] = $1 } END {
		n = int(NR / 2)
		if (n < 10)
			exit 1
		for (i = 1; i <= n; i++)
			sum += v[i]
		printf "%.2f\n", sum / n
	}'
}

# time_of PROGRAM VERB WIDTH HEIGHT FRAMES
time_of()
{
	: >$tracing/trace
	run "$@" && frame_time
}

# compare_speed WHAT OURS PEER WANTED VERB WIDTH HEIGHT FRAMES
compare_speed()
{
	what=$1 us=$2 peer=$3 wanted=$4
	shift 4
	for list in ours peer ratio; do
		: >$data/$list
	done
	until settled "$data/ratio"; do
		if ! a=$(time_of "$us" "$@") || ! b=$(time_of "$peer" "$@"); then
			row_missing "$what" "$us or $peer failed"
			return
		fi
		divide 1000000 "$a" '%.1f\n' >>$data/ours
		divide 1000000 "$b" '%.1f\n' >>$data/peer
		divide "$b" "$a" '%.5f\n' >>$data/ratio
	done
	row "$what" "$(median $data/ours)" "$(median $data/peer)" "$(median $data/ratio)" "$wanted"
}

# The input of the camera that can be faster than the encoder: others give 60 pictures a second. More
# than one a tick of the guest's clock, which has a hundred, it never makes.
set_camera()
{
	run v4l2-ctl -d "$camera" --set-input 3 \
		--set-dv-bt-timings "cvt,width=$1,height=$2,fps=120"
}

# Whether WIDTH HEIGHT are too few for this machine: the camera would set the pace.
camera_is_limit()
{
	set_camera "$1" "$2" && a=$(time_of ours_capturing capture "$1" "$2" 250) &&
		awk "BEGIN { exit !($a < 11000) }"
}

compare_capture()
{
	what='capture to encode: frames/s, GStreamer'
	# Outputs come in bursts where two devices and a program share a processor.
	span=10
	for size in '1280 720' '1920 1088'; do
		# shellcheck disable=SC2086
		camera_is_limit $size || break
		size=
	done
	if [ -n "$size" ]; then
		# shellcheck disable=SC2086
		compare_speed "$what" ours_capturing gstreamer_capturing '>= 1' capture $size 400
	else
		row_missing "$what" "the camera is slower than the encoder"
	fi
	span=1
}

# ---- system calls ----

# Calls a frame from one output to one much later; those that read and write files do not count.
calls_of()
{
	last=$(($5 - 10))
	under="strace -f -qq -e signal=none -o $data/log"
	run "$@"
	status=$?
	under=
	[ $status -eq 0 ] || return 1
	awk -v warm=$warm -v last=$last '
		/VIDIOC_DQBUF.*VIDEO_CAPTURE/ { takes[$1] = 1 }
		/ = [^ ]/ { n += takes[$1] && / = 0$/; takes[$1] = 0 }
		/resumed>/ || !/^[0-9]+ +[a-z_0-9]+\(/ { next }
		/^[0-9]+ +(read|pread64|readv|write|pwrite64|writev|lseek)\(/ { next }
		n >= warm && n < last { calls++ }
		END {
			if (n < last)
				exit 1
			printf "%.3f\n", calls / (last - warm)
		}' $data/log
}

# compare_calls WHAT PEER WANTED VERB WIDTH HEIGHT FRAMES
compare_calls()
{
	what=$1 peer=$2 wanted=$3
	shift 3
	if ! a=$(calls_of ours "$@") || ! b=$(calls_of "$peer" "$@"); then
		row_missing "$what" "it failed under strace"
		return
	fi
	row "$what" "$a" "$b" "$(divide "$a" "$b")" "$wanted"
}

# ---- instructions ----

# The sum of a profile of callgrind without memcpy and memmove. Lines of cost belong to the fn= above
# them, but for the one after calls=, which is what the callee cost.
self_cost()
{
	awk '/^c?fn=/ {
			split($0, part, /[()]/)
			if (part[3] != "")
				name[part[2]] = part[3]
			if (/^fn=/)
				copies = name[part[2]] ~ /mem(cpy|move)/
			next
		}
		/^calls=/ { getline; next }
		/^[0-9+*-]/ && !copies { sum += $NF }
		END { printf "%.0f\n", sum }' "$1"
}

# Of two runs the cheaper one: GStreamer does a few things in some runs only.
cheaper_run()
{
	under="valgrind --tool=callgrind --callgrind-out-file=$data/callgrind"
	for _ in 1 2; do
		run "$@" || break
		self_cost $data/callgrind
	done | sort -n | head -n 1
	under=
}

# Instructions a frame, from a short run and a longer one: instructions_of PROGRAM VERB WIDTH HEIGHT
instructions_of()
{
	short=$(cheaper_run "$@" 20)
	long=$(cheaper_run "$@" 60)
	[ -n "$short" ] && [ -n "$long" ] && divide "($long - $short)" 40 '%.0f\n'
}

# compare_instructions WHAT WANTED VERB WIDTH HEIGHT
compare_instructions()
{
	what=$1 wanted=$2
	shift 2
	if ! a=$(instructions_of ours "$@") || ! b=$(instructions_of gstreamer "$@") ||
	   ! c=$(instructions_of gstreamer_without "$@"); then
		row_missing "$what" "it failed under callgrind"
		return
	fi
	b=$((b - c))
	row "$what" "$a" "$b" "$(divide "$a" "$b")" "$wanted"
}

# ---- all of it ----

# Small pictures, in which overhead weighs most. GStreamer's encoder takes none below 1280x720.
small='640 360 320'
large='1280 720 120'

# shellcheck disable=SC2086 # sizes are words
compare()
{
	compare_calls "$1: system calls, bare loop" bare 'ours <= 5.1' "$1" $small
	compare_calls "$1: system calls, v4l2-ctl" v4l2_ctl '<= 1' "$1" $small
	compare_calls "$1: system calls, GStreamer" gstreamer '<= 1' "$1" $large
	compare_speed "$1: frames/s, bare loop" ours bare '>= 0.97' "$1" $small
	compare_speed "$1: frames/s, v4l2-ctl" ours_reading v4l2_ctl '>= 1' "$1" $small
	compare_speed "$1: frames/s, GStreamer" ours_reading gstreamer '>= 1' "$1" $large
	compare_instructions "$1: instructions, GStreamer's element" '<= 0.333' "$1" 1280 720
}

encoder=$(node stateful-encoder) && decoder=$(node stateful-decoder) &&
	camera=$(node vivid-000-vid-cap) || exit 1
mkdir -p $data
export GST_REGISTRY=$data/registry
run gst-inspect-1.0 v4l2fwhtenc || exit 1
# shellcheck disable=SC2086
make_input $small && make_input $large && make_gdp $large && make_gdp 1280 720 20 &&
	make_gdp 1280 720 60 || exit 1
start_trace
for verb in ${BENCH_ONLY-encode decode capture}; do
	case $verb in
	capture) compare_capture ;;
	*) compare "$verb" ;;
	esac
done
