#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-probe, linked with the fake of V4L2: encoders that refuse at the stages at which drivers do.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"
probe=$(dirname "$list")/tests/tools/fake_probe
[ -x "$probe" ] || skip "fake_probe is not built"
XDG_RUNTIME_DIR=$work
export XDG_RUNTIME_DIR

# measure NODE COUNT STAGE PATTERN
measure() {
	"$probe" --codec h264 --size 640x480 "/dev/fake-$1" > probe.txt 2> probe.err
	is 0 $? "$1: exit status"
	is '' "$(cat probe.err)" "$1: nothing on standard error"
	is 2 "$(grep -c "^round [12]: $2 contexts, then QuotaExceededError: .*(stage $3, " probe.txt)" \
		"$1: twice $2, and where it refused"
	grep -q "^/dev/fake-$1 has $2 contexts\.$" probe.txt
	check $? "$1: the result"
	is "$4
 ID_WEBCODECS_CONTEXTS=$2" "$(grep -A 1 '^webcodecs:' probe.txt)" "$1: the entry"
}
measure bcm2835 4 buffers 'webcodecs:bcm2835-codec:bcm2835-codec-encode:encoder:*'
measure mfc 4 open 'webcodecs:s5p-mfc:s5p-mfc-enc:encoder:*'
measure venus 16 open 'webcodecs:qcom-venus:Qualcomm Venus video encoder:encoder:*'
# Six, where the library knows of four.
measure larger 6 open 'webcodecs:s5p-mfc:mfc?enc??:encoder:*'

"$probe" --codec h264 --size 640x480 --max 2 /dev/fake-mfc > max.txt
grep -q '^/dev/fake-mfc has at least 2 contexts\.$' max.txt
check $? "--max ends it earlier"
is 0 "$(grep -c '^webcodecs:' max.txt)" "and then there is no entry"

"$probe" --codec h264 --size 640x480 /dev/fake-full > full.txt 2> full.err
is 1 $? "a device that cannot even be opened: exit status"
is 1 "$(grep -c '^wc-probe: /dev/fake-full: ' full.err)" "and one line tells"
finish
