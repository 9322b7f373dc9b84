#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A limit that kills: an application keeps all that a decoder gives it, more than twice what its
# control group has room for. With the ladder it gets its film to the end, without it is killed.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter '' "$@"

group=/sys/fs/cgroup/hoard

hoard()
{
	timeout 120 hoard "$@" >output 2>errors
}

# event NAME: how often the kernel counted it
event()
{
	sed -n "s/^$1 //p" "$group/memory.events"
}

says()
{
	grep -qx "$1" output || { cat output errors; return 1; }
}

# The steps in the order in which each of them came for the first time.
steps()
{
	sed -n 's/^step //p' output | awk '!seen[$0]++' | paste -s -d ,
}

mkdir hoard && cd hoard || exit 1

status=0
hoard off || status=$?
if [ $status -eq 77 ]; then
	skip 'an application that keeps everything' 'there is no software codec'
	finish
fi
check 'without the ladder the application is killed' same 137 "$status"
check 'by the limit of its group' same 1 "$(event oom_kill)"
rmdir "$group"

check 'with the ladder it lives, and its film comes to the end' hoard on
check 'all frames were decoded, in order; some were closed by force' \
	says 'decoded 600, closed some'
check 'the decoder that did nothing was closed' says 'reclaimed yes'
check 'nobody was killed' same 0 "$(event oom_kill)"
check 'each step came, one after the other' \
	same 'trim,stop growing,throttle,spill,reclaim,force close' "$(steps)"
check 'it began at low, and went up by one' \
	same 'low,medium,critical' "$(sed -n 's/^level //p' output | head -n 3 | paste -s -d ,)"

finish
