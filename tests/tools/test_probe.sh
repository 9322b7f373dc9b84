#!/bin/sh
# SPDX-License-Identifier: MIT
# wc-probe on real devices, vicodec of the lab's kernel, which have no limit; and what it says of
# devices that are none.
if [ "${WC_LAB:-}" != 1 ]; then
	if [ "${WC_LAB:-}" = no ]; then
		echo "1..0 # SKIP the lab is switched off"
		exit 77
	fi
	# The tests change to a folder of their own.
	top_srcdir=$(cd "${top_srcdir:-.}" && pwd)
	top_builddir=$(cd "${top_builddir:-.}" && pwd)
	export top_srcdir top_builddir
	exec "$top_srcdir/tests/lab/run" --strict-dmesg --timeout 200 sh "$0"
fi
# shellcheck source=tests/tools/common.sh
. "${top_srcdir:-.}/tests/tools/common.sh"
probe=$(dirname "$list")/wc-probe
hold=$(dirname "$list")/tests/tools/hold_slots
top=$(dirname "$list")/wc-top

# node NAME: by the name that the driver gave it, for the numbers change.
node() {
	for name_file in /sys/class/video4linux/*/name; do
		if grep -q "$1" "$name_file"; then
			path=${name_file%/name}
			echo "/dev/${path##*/}"
			return
		fi
	done
}
encoder=$(node 'stateful-encoder')
decoder=$(node 'stateful-decoder')
if [ ! -c "$encoder" ] || [ ! -c "$decoder" ]; then
	skip "there is no vicodec"
fi
mkdir -m 700 /run/webcodecs

"$probe" --max 3 "$decoder" > decoder.txt 2> decoder.err
is 0 $? "the decoder: exit status"
is '' "$(cat decoder.err)" "the decoder: nothing on standard error"
grep -q "^$decoder  decoder  vicodec (vicodec, platform:vicodec)$" decoder.txt
check $? "the decoder: what is measured"
grep -q '^fwht at 1280x720; each context decodes a picture$' decoder.txt
check $? "the decoder: with what"
is 2 "$(grep -c '^round [12]: 3 contexts$' decoder.txt)" "the decoder: measured twice"
grep -q "^$decoder has at least 3 contexts" decoder.txt
check $? "the decoder: at least 3"
is 0 "$(grep -c '^webcodecs:' decoder.txt)" "the decoder: no entry, for no limit was found"

"$probe" --max 3 --codec fwht --size 640x360 "$encoder" > encoder.txt 2> encoder.err
is 0 $? "the encoder: exit status"
grep -q '^fwht at 640x360; each context encodes a picture$' encoder.txt
check $? "the encoder: with what"
grep -q "^$encoder has at least 3 contexts" encoder.txt
check $? "the encoder: at least 3"

"$top" --once --json | grep -q '"pid"'
is 1 $? "nothing is held afterwards"

# A limit that is known, here because somebody keeps to it, does not stop the measurement.
if [ -x "$hold" ]; then
	mkfifo open
	device=$("$top" --json | sed -n 's/.*"device":"\(.*decoder\)".*/\1/p')
	"$hold" /run/webcodecs "$device" 1 somebody < open > held &
	exec 3> open
	tries=0
	until [ -s held ] || [ $tries -eq 50 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	grep -q held held
	check $? "another process holds a context"
	"$probe" --max 3 "$decoder" > shared.txt 2> shared.err
	is 0 $? "beside another process: exit status"
	grep -q "^$decoder has at least 3 contexts" shared.txt
	check $? "beside another process: at least 3"
	grep -q "^Others used the device meanwhile: pid $! hold_slots (1)" shared.txt
	check $? "beside another process: the result says so"
	exec 3>&-
	wait
fi
exec 4< "$encoder"
"$probe" --max 1 "$encoder" > open.txt
grep -q "^Others used the device meanwhile: pid $$ " open.txt
check $? "who has the node open without the library is named, too"
exec 4<&-

# refuses TEXT ARGUMENT...: status 1, one line
refuses() {
	text=$1
	shift
	"$probe" "$@" > refused.out 2> refused.err
	is 1 $? "$*: exit status"
	is 1 "$(grep -c "^wc-probe: .*$text" refused.err)" "$*: the line tells"
	is 1 "$(wc -l < refused.err | tr -d ' ')" "$*: one line"
}
refuses 'is not a codec device' /dev/null
refuses 'is not a codec device' /dev/nothing
refuses 'has no decoder for h264' --codec h264 "$decoder"
refuses 'is a stateless-decoder' "$(node 'stateless-decoder')"
for bad in '' '--max 0 /dev/video0' '--max 65 /dev/video0' '--codec nonsense /dev/video0' \
	   '--size 7 /dev/video0' '--unknown /dev/video0' '/dev/video0 /dev/video1' '--codec'; do
	# shellcheck disable=SC2086
	"$probe" $bad > bad.out 2> bad.err
	is 2 $? "$bad: exit status"
	is 1 "$(wc -l < bad.err | tr -d ' ')" "$bad: one line"
done
finish
