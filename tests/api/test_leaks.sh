#!/bin/sh
# SPDX-License-Identifier: MIT
#
# LeakSanitizer sees a frame that was lost although the census lists it, and does not complain of one
# that is referred to. Prints TAP.

set -eu
builddir=${top_builddir:-$(pwd)}
srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
LSAN_OPTIONS=exitcode=23:fast_unwind_on_malloc=0
unset LD_PRELOAD ASAN_OPTIONS || :
export LSAN_OPTIONS

skip()
{
	echo "1..0 # SKIP $*"
	exit 77
}

! grep -qE '__(a|t|m)san_init' "$builddir/lib/.libs/libwebcodecs.so" ||
	skip 'the library has another sanitizer'
cat >"$dir/plain.c" <<-END
	#include <stdlib.h>
	#include <string.h>
	void *volatile lost;
	int main(void) { lost = malloc(100); lost = NULL; return 0; }
END
${CC:-cc} -fsanitize=leak -o "$dir/plain" "$dir/plain.c" 2>/dev/null ||
	skip 'the compiler has no LeakSanitizer'
status=0
"$dir/plain" 2>/dev/null || status=$?
[ $status -eq 23 ] || skip 'LeakSanitizer does not work here'

# shellcheck disable=SC2046 # options
${CC:-cc} -std=gnu11 -O1 -g -fsanitize=leak -I"$srcdir/include" -I"$builddir/include" \
	$(pkg-config --cflags libdrm) -o "$dir/lose_frame" "$srcdir/tests/api/lose_frame.c" \
	-L"$builddir/lib/.libs" -lwebcodecs -Wl,-rpath,"$builddir/lib/.libs"

failed=no
ok()
{
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/# /' "$dir/output"
		failed=yes
	fi
}

run()
{
	status=0
	"$dir/lose_frame" "$1" >"$dir/output" 2>&1 || status=$?
}

echo '1..4'
run keep
ok $((status != 0)) 'a frame that is kept is no leak'
run lose
ok $((status != 23)) 'a frame that is lost is a leak'
grep -q 'in wc_video_frame_new' "$dir/output" && found=0 || found=1
ok $found 'and the report says where it was made'
run check
grep -q 'leaks: 1' "$dir/output" && grep -q 'detected memory leaks' "$dir/output" &&
	grep -qE 'log: VideoFrame #1 .* was not released|no census' "$dir/output" && found=0 || found=1
ok $found 'wc_leak_check() counts it, and asks LeakSanitizer'
[ $failed = no ]
