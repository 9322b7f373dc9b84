# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the tests of the tools share: where the tools are, a folder to work in, and how to report.

set -u
top_builddir=${top_builddir:-.}
transcode=$top_builddir/wc-transcode
list=$top_builddir/wc-list
count=0
failures=0

skip() {
	echo "1..0 # SKIP $*"
	exit 77
}

# Prints the outcome of the command before: check $? WHAT
check() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failures=$((failures + 1))
	fi
}

# is EXPECTED SEEN WHAT
is() {
	if [ "$1" = "$2" ]; then
		check 0 "$3"
	else
		check 1 "$3: expected '$1', saw '$2'"
	fi
}

finish() {
	echo "1..$count"
	[ "$failures" -eq 0 ]
	exit
}

# Whether software can do it on this machine: has ROLE CODEC
has() {
	"$list" --hardware no --codec "$2" --size 320x240 | grep -q "^  $1 .* software"
}

# Frames that a file holds, as a judge that is not ours counts them.
frames_of() {
	ffprobe -v quiet -select_streams v -count_frames -show_entries stream=nb_read_frames \
		-of csv=p=0 "$1" | head -n 1 | tr -d ,
}

# One field of the first stream of a kind: field KIND NAME FILE
field() {
	ffprobe -v quiet -select_streams "$1" -show_entries "stream=$2" -of csv=p=0 "$3" |
		head -n 1 | tr -d ,
}

size_of() {
	wc -c < "$1" | tr -d ' '
}

# Runs a command that has to fail with one line that begins with the name of the tool and has some
# text in it: fails STATUS TEXT COMMAND...
fails() {
	wanted_status=$1
	wanted_text=$2
	shift 2
	"$@" > fails.out 2> fails.err
	status=$?
	lines=$(wc -l < fails.err | tr -d ' ')
	if [ "$status" -ne "$wanted_status" ] || [ "$lines" -ne 1 ] ||
	   ! grep -q '^wc-transcode: ' fails.err || ! grep -q -i -e "$wanted_text" fails.err; then
		echo "# status $status, $lines lines:"
		sed 's/^/# /' fails.err
		return 1
	fi
}

[ -x "$transcode" ] || skip "the tools are not built"
transcode=$(cd "$(dirname "$transcode")" && pwd)/wc-transcode
list=$(dirname "$transcode")/wc-list
# Without libtool's wrapper: it takes a third as long as what it starts, and some tests start
# thousands.
if [ -x "$(dirname "$list")/.libs/wc-transcode" ]; then
	transcode=$(dirname "$list")/.libs/wc-transcode
	LD_LIBRARY_PATH=$(dirname "$list")/lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

# libx265 leaves a little memory behind; it is no business of a sanitizer build of ours.
echo 'leak:libx265' > suppressions
LSAN_OPTIONS="suppressions=$work/suppressions:print_suppressions=0:${LSAN_OPTIONS:-}"
export LSAN_OPTIONS
