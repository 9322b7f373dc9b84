#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The part of the benchmark that runs on the host: software sessions beside bare libavcodec, with the
# same codecs, options, threads and input. README.md tells more.

# shellcheck source=tests/bench/lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=tests/bench/table.sh
. "$(dirname "$0")/table.sh"
warm=50
# Half a second and more of work: decoders are quick.
encode_frames=400
decode_frames=2400
data=$(mktemp -d "${TMPDIR:-/tmp}/webcodecs-bench.XXXXXX") || exit 1
trap 'rm -rf "$data"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# one PROGRAM OPTION... : the line of a loop, or what it said when it failed
one()
{
	program=$1
	shift
	"$bench/$program" -w $warm "$@" 2>"$data/errors" || {
		sed 's/^/# /' "$data/errors" >&2
		return 1
	}
}

seconds()
{
	echo "$1" | sed -n 's/.* seconds=\([0-9.]*\).*/\1/p'
}

# compare WHAT FRAMES INPUT OPTION... VERB CODEC: frames a second, of outputs of the same size
compare()
{
	what=$1 frames=$2 input=$3
	shift 3
	set -- "$@" 640 360 "$frames" "$input"
	for list in ours peer ratio; do
		: >"$data/$list"
	done
	until settled "$data/ratio"; do
		if ! a=$(one wc_loop "$@") || ! b=$(one bare_av "$@"); then
			row_missing "$what" "a loop failed"
			return
		fi
		if [ "$(field bytes "$a")" != "$(field bytes "$b")" ]; then
			row_missing "$what" "the loops did not do the same work"
			return
		fi
		divide "$frames" "$(seconds "$a")" '%.1f\n' >>"$data/ours"
		divide "$frames" "$(seconds "$b")" '%.1f\n' >>"$data/peer"
		divide "$(seconds "$b")" "$(seconds "$a")" '%.5f\n' >>"$data/ratio"
	done
	row "$what" "$(median "$data/ours")" "$(median "$data/peer")" \
		"$(median "$data/ratio")" '>= 0.97'
}

# codec NAME CODEC OPTION...: of the encoder
codec()
{
	name=$1 codec=$2
	shift 2
	one bare_av "$@" -o "$data/packets" encode "$codec" 640 360 120 "$data/raw" >/dev/null || exit 1
	compare "encode: frames/s, software $name" $encode_frames "$data/raw" "$@" encode "$codec"
	compare "decode: frames/s, software $name" $decode_frames "$data/packets" decode "$codec"
}

"$bench/make_raw" 640 360 120 >"$data/raw" || exit 1
codec H.264 h264
# In its real-time mode libvpx looks at the clock, and does less when it is late.
codec VP8 vp8 -q
