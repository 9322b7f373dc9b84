#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The udev rules, and the library that reads what they leave, under the lab's systemd-udevd. On the
# host this script boots three guests, which run it again with one of these words:
#   marked    the rules are installed: properties, tags, and a library that opens no node
#   probed    udevd runs without the rules: the library opens each node and asks
#   bare      there is no udevd: the same
# The library must see the same devices in all of them. Prints TAP.

set -u
builddir=${top_builddir:-$(pwd)}
srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
export top_builddir="$builddir" top_srcdir="$srcdir"
print_registry=$builddir/tests/udev/print_registry
refuse=/run/webcodecs-refuse
failed=no

# same WHAT WANTED GOT
same()
{
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		printf 'not ok - %s\n# wanted <%s>\n# but got <%s>\n' "$1" "$2" "$3"
		failed=yes
	fi
}

# ---- in the guest ----

# node DRIVER [V4L2 NAME]
node()
{
	for n in /sys/class/video4linux/video*; do
		d=$(basename "$(readlink "$n/device/driver")")
		if [ "$d" = "$1" ] && [ "${2:-$(cat "$n/name")}" = "$(cat "$n/name")" ]; then
			echo "/dev/$(basename "$n")"
			return
		fi
	done
	echo "no node of $1 ${2-}" >&2
}

property()
{
	udevadm info --query=property --property="$2" --value "$1"
}

# Ours, and uaccess; there are more.
tags()
{
	property "$1" TAGS | tr : '\n' | grep -E '^(webcodecs|uaccess)' | sort | tr '\n' ' '
}

# check_node NODE ROLE CODECS MULTIPLANAR DRIVER
check_node()
{
	same "$5 $2: role" "$2" "$(property "$1" ID_WEBCODECS_ROLE)"
	same "$5 $2: codecs" "$3" "$(property "$1" ID_WEBCODECS_CODECS)"
	same "$5 $2: multi-planar" "$4" "$(property "$1" ID_WEBCODECS_MULTIPLANAR)"
	same "$5 $2: driver" "$5" "$(property "$1" ID_WEBCODECS_DRIVER)"
	same "$5 $2: card" "$5" "$(property "$1" ID_WEBCODECS_CARD)"
	same "$5 $2: bus" "platform:$5" "$(property "$1" ID_WEBCODECS_BUS)"
	same "$5 $2: tags" "uaccess webcodecs webcodecs-$2 " "$(tags "$1")"
}

# The entries of install_rules(), of which the last that fits wins.
check_contexts()
{
	same 'contexts of the encoder' 5 "$(property "$encoder" ID_WEBCODECS_CONTEXTS)"
	same 'contexts of the decoder' 2 "$(property "$decoder" ID_WEBCODECS_CONTEXTS)"
	same 'contexts that nobody knows' '' \
		"$(property "$(node vicodec stateless-decoder)" ID_WEBCODECS_CONTEXTS)"
	same 'contexts of what is no codec' '' \
		"$(property "$(node vivid vivid-000-vid-cap)" ID_WEBCODECS_CONTEXTS)"
}

check_camera()
{
	camera=$(node vivid vivid-000-vid-cap)
	same 'camera: role' none "$(property "$camera" ID_WEBCODECS_ROLE)"
	same 'camera: nothing else' 1 "$(udevadm info "$camera" | grep -c ID_WEBCODECS)"
	same 'camera: no tag of ours' '' "$(tags "$camera")"
	same 'vbi: nothing at all' 0 "$(udevadm info /dev/vbi0 | grep -c -i webcodecs)"
}

# As when a driver has no context left while an event comes for the node.
check_refusal()
{
	: >$refuse
	udevadm trigger --action=change --settle "$1"
	check_node "$1" encoder fwht 0 vicodec
	rm $refuse
}

# What udev says of contexts counts when a decoder is wanted. Until then the node was not opened, and
# vicodec itself would give any number.
check_quota()
{
	suite=$builddir/tests/lab/suite
	cd "$WC_LAB_SCRATCH" || return
	"$suite/pattern" i420 640 360 8 plain >in.raw &&
		"$builddir/wc-transcode" in.raw limit.fwht --input-size 640x360 \
			--hardware prefer -q &&
		"$suite/test_limit" refused 2 QuotaExceededError open 0 >quota.log 2>&1
	status=$?
	sed 's/^/# /' quota.log
	same 'two decoders are allowed, as udev says, and no third' 0 "$status"
	same 'the error says that there are two' 1 "$(grep -c '2 of 2 in use' quota.log)"
	cd / || return
}

# list FILE: what the library sees; opens: how often it opened a node
list()
{
	strace -f -qq -e trace=open,openat,openat2 -o "$WC_LAB_SCRATCH/trace" \
		"$print_registry" >"$WC_LAB_SCRATCH/$1" || failed=yes
	opens=$(grep -c '"/dev/video' "$WC_LAB_SCRATCH/trace")
}

part_marked()
{
	encoder=$(node vicodec stateful-encoder)
	decoder=$(node vicodec stateful-decoder)
	check_node "$encoder" encoder fwht 0 vicodec
	check_node "$decoder" decoder fwht 0 vicodec
	check_node "$(node vicodec stateless-decoder)" stateless-decoder fwht 0 vicodec
	check_node "$(node vim2m)" converter none 0 vim2m
	check_node "$(node visl)" stateless-decoder fwht,vp8,vp9,h264,hevc,av1 1 visl
	check_camera
	check_contexts
	check_refusal "$encoder"
	check_contexts
	same 'decoders are found by their tag' "$decoder" "$(udevadm trigger --dry-run --verbose \
		--type=devices --tag-match=webcodecs-decoder | sed 's|.*/|/dev/|')"
	list marked
	same 'nodes opened where there are marks' 0 "$opens"
	check_quota
}

part_probed()
{
	same 'no marks without the rules' 0 "$(udevadm info --export-db | grep -c ID_WEBCODECS)"
	list probed
	same 'nodes opened without marks' "$(find /dev -name 'video[0-9]*' | wc -l)" "$opens"
}

part_bare()
{
	list bare
	same 'nodes opened without udevd' "$(find /dev -name 'video[0-9]*' | wc -l)" "$opens"
}

# ---- on the host ----

skip()
{
	echo "$*"
	exit 77
}

# The helper of the build tree, and a way to make it refuse.
install_rules()
{
	mkdir "$dir/rules" "$dir/no-rules"
	sed "s|@udevdir@|$dir|" "$srcdir/udev/70-webcodecs.rules.in" >"$dir/rules/70-webcodecs.rules"
	cat >"$dir/webcodecs_id" <<-END
		#!/bin/sh
		[ ! -e $refuse ] || exit 1
		exec $builddir/udev/webcodecs_id "\$@"
	END
	chmod +x "$dir/webcodecs_id"
	cp "$srcdir/udev/71-webcodecs.hwdb" "$dir/rules"
	cat >"$dir/rules/72-webcodecs-local.hwdb" <<-'END'
		webcodecs:vicodec:*:decoder:*
		 ID_WEBCODECS_CONTEXTS=2

		webcodecs:vicodec:*:encoder:*
		 ID_WEBCODECS_CONTEXTS=9

		webcodecs:vicodec:vico?ec:encoder:*
		 ID_WEBCODECS_CONTEXTS=5

		webcodecs:vivid:*
		 ID_WEBCODECS_CONTEXTS=9
	END
	# An empty file of the same name keeps out the rules of an installed libwebcodecs, and those
	# of systemd that give uaccess to all of video4linux.
	: >"$dir/no-rules/70-webcodecs.rules"
	: >"$dir/rules/70-uaccess.rules"
}

# guest PART [OPTION...]
guest()
{
	part=$1
	shift
	"$srcdir/tests/lab/run" --scratch "$dir" --strict-dmesg "$@" \
		"$srcdir/tests/udev/test_udev.sh" "$part" || failed=yes
}

if [ $# -gt 0 ]; then
	"part_$1"
	[ $failed = no ]
	exit
fi
[ "${WC_LAB-}" != no ] || skip 'WC_LAB=no: tests that need the lab are not wanted'
if grep -q __asan_init "$builddir/udev/webcodecs_id" "$print_registry"; then
	skip 'the guest has no room for the address sanitizer'
fi
cache=${WC_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/libwebcodecs-lab}
ls "$cache"/linux-*[0-9a-f] >/dev/null 2>&1 ||
	skip "the lab has no kernel yet, tests/lab/build makes it"

dir=$(mktemp -d "$builddir/tests/udev/lab.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
install_rules
guest marked --udev-rules "$dir/rules"
guest probed --udev-rules "$dir/no-rules"
guest bare
same 'marks say what probing says' "$(cat "$dir/probed")" \
	"$(sed 's/ marked$/ probed/' "$dir/marked")"
same 'the marks were read, and are all there is' 5 "$(grep -c ' marked$' "$dir/marked")"
same 'udevd makes no difference to probing' "$(cat "$dir/bare")" "$(cat "$dir/probed")"
[ $failed = no ]
