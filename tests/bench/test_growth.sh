#!/bin/sh
# SPDX-License-Identifier: MIT
#
# 10,000 frames through an encoder and a decoder of the lab: memory, descriptors and counters end
# where they began. On the host the script boots a guest, in which it runs again. Prints TAP.

# shellcheck source=tests/bench/lab.sh
. "$(dirname "$0")/lab.sh"
frames=10000
warm=500
kibibytes=1024

part_measure()
{
	encoder=$(node stateful-encoder) && decoder=$(node stateful-decoder) || exit 1
	exec "$bench/growth" "$encoder" "$decoder" $frames $warm $kibibytes
}

if [ $# -gt 0 ]; then
	"part_$1"
	exit
fi
why=$(lab_is_missing)
[ -z "$why" ] || skip "$why"
again test_growth.sh measure --timeout 1800
