#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What webcodecs_id prints for nodes of all kinds, linked with the fake of V4L2. Prints TAP.

set -u
builddir=${top_builddir:-$(pwd)}
failed=no

# check WHAT WANTED_STATUS WANTED_OUTPUT ARGUMENT...
check()
{
	what=$1
	wanted="$3(status $2)"
	shift 3
	got=$("$builddir/tests/udev/fake_webcodecs_id" "$@" 2>"$errors"; echo "(status $?)")
	if [ "$got" = "$wanted" ]; then
		echo "ok - $what"
	else
		printf 'not ok - %s\n# wanted:\n%s\n# but got:\n%s\n' "$what" "$wanted" "$got"
		cat "$errors"
		failed=yes
	fi
}

# check_message WHAT PATTERN: of what the last check left on standard error
check_message()
{
	if grep -q "$2" "$errors" && [ "$(wc -l <"$errors")" -eq 1 ]; then
		echo "ok - $1"
	else
		printf 'not ok - %s\n# wanted one line with <%s>, but got:\n' "$1" "$2"
		cat "$errors"
		failed=yes
	fi
}

errors=$(mktemp) || exit 1
trap 'rm -f "$errors"' EXIT

check 'a multi-planar decoder' 0 'ID_WEBCODECS_ROLE=decoder
ID_WEBCODECS_CODECS=vp9,h264
ID_WEBCODECS_MULTIPLANAR=1
ID_WEBCODECS_DRIVER=codec-driver
ID_WEBCODECS_CARD=Codec 9000 (decoder)
ID_WEBCODECS_BUS=platform:f1000000.codec
' /dev/fake-decoder
check 'a stateless decoder with a codec that is not ours' 0 'ID_WEBCODECS_ROLE=stateless-decoder
ID_WEBCODECS_CODECS=h264,vp8
ID_WEBCODECS_MULTIPLANAR=1
ID_WEBCODECS_DRIVER=hantro-vpu
ID_WEBCODECS_CARD=rockchip,rk3288-vpu-dec
ID_WEBCODECS_BUS=platform:hantro-vpu
' /dev/fake-stateless
check 'a converter' 0 'ID_WEBCODECS_ROLE=converter
ID_WEBCODECS_CODECS=none
ID_WEBCODECS_MULTIPLANAR=0
ID_WEBCODECS_DRIVER=vim2m
ID_WEBCODECS_CARD=vim2m
ID_WEBCODECS_BUS=platform:vim2m
' /dev/fake-converter
check 'names that would do harm' 0 'ID_WEBCODECS_ROLE=encoder
ID_WEBCODECS_CODECS=vp9,h264
ID_WEBCODECS_MULTIPLANAR=0
ID_WEBCODECS_DRIVER=dr_iv_er__s____
ID_WEBCODECS_CARD=a_b_c_d_ID_EVIL=1_e__ [f/gh]
ID_WEBCODECS_BUS=platform:0123456789.abcdef@ghij
' /dev/fake-strange
check 'a camera' 0 'ID_WEBCODECS_ROLE=none
' /dev/fake-camera
check 'no V4L2 node' 0 'ID_WEBCODECS_ROLE=none
' /dev/null
check 'a device without a free context' 1 '' /dev/fake-full
check_message 'it says so' '/dev/fake-full: Resource temporarily unavailable'
check 'no node' 1 '' /dev/fake-nothing
check_message 'it says so' '/dev/fake-nothing: No such file'
check 'a name that is too long' 1 '' "/dev/$(printf '%070d' 0)"
check 'no argument' 2 ''
check_message 'how to call it' '^usage: '
check 'two arguments' 2 '' /dev/fake-decoder /dev/fake-camera
"$builddir/tests/udev/fake_webcodecs_id" /dev/fake-decoder >/dev/full 2>"$errors"
if [ $? -eq 1 ]; then
	echo 'ok - nowhere to write to'
else
	echo 'not ok - nowhere to write to'
	failed=yes
fi
[ $failed = no ]
