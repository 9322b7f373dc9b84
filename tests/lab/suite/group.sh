#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two users who share the contexts of a device: a service of root's, and somebody of the group video,
# through the directory that the tmpfiles.d entry makes. Who is not of the group is not let into it:
# there the user's runtime directory takes its place, or without one the process counts alone.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter 'jq setpriv systemd-tmpfiles' "$@"

# Nobody has to have this number; nothing but it decides.
user=4711

# member COMMAND...: as somebody of the group video
member()
{
	setpriv --reuid=$user --regid=$user --groups=video "$@"
}

# stranger COMMAND...: as somebody of no group that matters
stranger()
{
	setpriv --reuid=$user --regid=$user --clear-groups "$@"
}

await()
{
	for _ in $(seq 100); do
		! grep -q "$1" "$2" || return 0
		sleep 0.1
	done
	return 1
}

# holders WHO: how many contexts of the decoder they see
holders()
{
	"$1" env XDG_RUNTIME_DIR= wc-top --once --json |
		jq '[.devices[].holders[] | select(.role == "decoder")] | length'
}

sees()
{
	same "$2" "$(holders "$1")"
}

# pid_is PID: whether the member sees it as a holder
pid_is()
{
	member wc-top --once --json |
		jq -e "[.devices[].holders[] | select(.role == \"decoder\").pid] == [$1]"
}

# The tree may lie where only its owner gets to.
mkdir /run/tree && mount --bind "$top_builddir" /run/tree || exit 1
PATH=/run/tree/.libs:/run/tree/tests/lab/suite:$PATH
LD_LIBRARY_PATH=/run/tree/lib/.libs

# As udev does. Strangers get to nodes by access control lists; here, once they are on.
chgrp video /dev/video* && chmod 660 /dev/video* && chmod 777 . || exit 1
pattern i420 640 360 8 plain >in.raw
check 'a stream to decode' transcode in.raw limit.fwht --input-size 640x360 -q
chmod 644 limit.fwht

check 'the entry of tmpfiles.d is taken' systemd-tmpfiles --create "$top_srcdir/udev/webcodecs.conf"
check 'root owns the directory, the group has it' \
	same '2770 root video' "$(stat -c '%a %U %G' /run/webcodecs)"

test_limit hold 1 >root.log &
root=$!
check 'the service has a decoder' await holding root.log
check 'its file is for the group alone' same '660 root video' \
	"$(stat -c '%a %U %G' /run/webcodecs/*.slots | sort -u)"
check 'somebody of the group sees who has it' pid_is $root
# Not by the function: its shell would be what is killed.
setpriv --reuid=$user --regid=$user --groups=video test_limit hold 1 >member.log &
member=$!
check 'and has another one' await holding member.log
check 'both are counted by both: by the service' sees env 2
check 'by the other' sees member 2

check 'who is not of the group does not see them' sees stranger 0
chmod 666 /dev/video*
mkdir -m 700 runtime && chown $user runtime
check 'but works, with slots in the runtime directory' \
	stranger env XDG_RUNTIME_DIR="$PWD/runtime" test_limit one
check 'which nobody else can use' same "700 $user" "$(stat -c '%a %u' runtime/webcodecs)"
check 'that has slots' sh -c 'ls runtime/webcodecs/*.slots'
check 'and works without one' stranger env -u XDG_RUNTIME_DIR test_limit one

kill -KILL $root $member
wait $root $member
check 'killed: none is left for either' sees member 0

finish
