# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the suites share. Each is a script that calls enter first: on the host this runs the script
# once more, in a guest, and ends with its status; in the guest it returns, in an empty directory
# in memory. Results are TAP: check and failing print them, finish ends.

set -u
suite=$(cd "$(dirname "$0")" && pwd)
lab=$(dirname "$suite")
top_srcdir=${top_srcdir:-$(cd "$lab/../.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir/build/main}
top_srcdir=$(cd "$top_srcdir" && pwd) && top_builddir=$(cd "$top_builddir" && pwd) || exit 1
export top_srcdir top_builddir
programs=$top_builddir/tests/lab/suite
work=/dev/shm/suite
count=0
failed=0

skip_all()
{
	echo "$*"
	exit 77
}

# enter PROGRAMS [OPTION OF run]...: PROGRAMS are what the suite needs on the host
enter()
{
	needed=$1
	shift
	if [ "${WC_LAB-}" = 1 ]; then
		prepare
		return
	fi
	[ "${WC_LAB-}" != no ] || skip_all 'WC_LAB=no: what needs the lab is not wanted'
	status=0
	reason=$("$lab/build" --cached 2>&1 >/dev/null) || status=$?
	[ $status -ne 1 ] || skip_all "$reason"
	for program in $needed; do
		command -v "$program" >/dev/null ||
			skip_all "$program is missing, see tests/lab/packages"
	done
	if grep -qE '__(asan|tsan)_init' "$programs/play"; then
		skip_all 'the guest has no room for the memory of sanitizers'
	fi
	exec "$lab/run" --strict-dmesg --timeout 280 "$@" "$0"
}

# libtool's wrappers would cost more time than what they start.
prepare()
{
	PATH=$top_builddir/.libs:$top_builddir:$programs:$PATH
	LD_LIBRARY_PATH=$top_builddir/lib/.libs
	export PATH LD_LIBRARY_PATH
	mkdir -p "$work" && cd "$work" || exit 1
	# shellcheck disable=SC2034 # suites use them
	encoder=$(node stateful-encoder) && decoder=$(node stateful-decoder) || exit 1
}

# node NAME: of vicodec
node()
{
	for n in /sys/class/video4linux/video*; do
		if [ "$(cat "$n/name")" = "$1" ]; then
			echo "/dev/${n##*/}"
			return
		fi
	done
	echo "there is no $1" >&2
	return 1
}

result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=$((failed + 1))
	fi
}

# note FILE: its last lines, as an explanation
note()
{
	tr '\r' '\n' <"$1" | grep . | tail -n "${2-20}" | sed 's/^/# /'
}

# check TEXT COMMAND...: what the command prints is shown if it fails
check()
{
	text=$1
	shift
	if "$@" >check.log 2>&1; then
		result 0 "$text"
	else
		result 1 "$text"
		note check.log
	fi
}

# skip TEXT WHY
skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

same()
{
	[ "$1" = "$2" ] || { printf 'expected <%s>\nbut got  <%s>\n' "$1" "$2"; return 1; }
}

size_of()
{
	stat -c %s "$1"
}

# The library's tool, with devices only.
transcode()
{
	timeout 60 wc-transcode "$@" --hardware prefer
}

finish()
{
	[ $count -gt 0 ] && [ $failed -eq 0 ]
	exit
}
