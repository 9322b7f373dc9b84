#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-list: a table, JSON, and what it says of wrong options.
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"

"$list" --hardware no > table.txt
check $? "the table is printed"
grep -q '^There are no codec devices' table.txt
check $? "--hardware no looks at no device"
is 14 "$(grep -c -E '^  (decoder|encoder) ' table.txt)" "seven codecs, decoder and encoder"

"$list" --hardware no --codec h264 --size 1920x1080 --framerate 60 > h264.txt
grep -q 'avc1.64002a' h264.txt
check $? "1080p60 needs level 4.2"
"$list" --hardware no --codec h264 --size 176x144 --framerate 15 | grep -q 'avc1.64000a'
check $? "QCIF at 15 is level 1"
"$list" --hardware no --codec av1 --size 3840x2160 --framerate 60 | grep -q 'av01.0.13M.08'
check $? "2160p60 is level 5.1 of AV1"

if command -v python3 > python.path; then
	"$list" --hardware no --json > list.json
	python3 -c '
import json, sys
root = json.load(open("list.json"))
assert root["devices"] == []
assert len(root["sessions"]) == 14
assert all(("kind" in s) == s["supported"] for s in root["sessions"])
assert root["stream"] == {"width": 1920, "height": 1080, "framerate": 30.0}
'
	check $? "the JSON is whole"
fi

"$list" --device "$work/nothing" > gone.txt 2> gone.err
grep -q '^There are no codec devices' gone.txt
check $? "a path without a device is no device"

"$list" --cameras --hardware no > cameras.txt
is 'There are no cameras.' "$(cat cameras.txt)" "without devices there are no cameras"
"$list" --cameras --json --device /dev/null > cameras.json 2> cameras.err
is '' "$(cat cameras.err)" "what is no camera is no failure"
tr -d ' \n' < cameras.json | grep -q '"cameras":\[\]'
check $? "and not in the JSON"

for bad in '--size 0x10' '--size 10' '--framerate x' '--codec nonsense' '--hardware maybe' \
	   '--unknown' 'argument' '--size'; do
	# shellcheck disable=SC2086
	"$list" $bad > bad.out 2> bad.err
	is 2 $? "$bad: exit status"
	is 1 "$(wc -l < bad.err | tr -d ' ')" "$bad: one line"
done

if [ -w /dev/full ]; then
	"$list" --hardware no > /dev/full 2> full.err
	is 1 $? "a full disk: exit status"
	is 1 "$(wc -l < full.err | tr -d ' ')" "a full disk: one line"
	for option in --help --version; do
		"$list" $option > /dev/full 2> full.err
		is 1 $? "a full disk, $option: exit status"
		is 1 "$(grep -c '^wc-list: standard output: No space left' full.err)" \
			"a full disk, $option: the reason"
	done
fi
finish
