#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Memory pressure of a real kernel: who reports it, in which order, through whatever loop the
# application has; and that the ladder saves a process from a limit that otherwise kills it.

# shellcheck disable=SC2317 # check calls functions
# shellcheck source=tests/lab/suite/common.sh
. "$(dirname "$0")/common.sh"
enter '' "$@"

eat()
{
	timeout 60 eat_memory "$@" >output 2>errors
}

# first TEXT: the number of the first line that is TEXT; a failure if there is none
first()
{
	grep -n -m 1 -x "$1" output | cut -d : -f 1 | grep . || {
		echo "nobody says '$1'"
		cat output errors
		return 1
	}
}

# in_order TEXT...: the lines come for the first time in this order
in_order()
{
	last=0
	for wanted in "$@"; do
		at=$(first "$wanted") || { echo "$at"; return 1; }
		if [ "$at" -le "$last" ]; then
			echo "'$wanted' comes too early"
			cat output
			return 1
		fi
		last=$at
	done
}

lacks()
{
	! grep -E "$1" output
}

is_killed()
{
	status=0
	"$@" || status=$?
	same 137 "$status"
}

line()
{
	in_order "$1"
}

mkdir pressure && cd pressure || exit 1

check 'memory.high: a process eats' eat order
check 'the limit is seen coming, then counted, then stalls are seen' \
	in_order 'cgroup limit 1' 'cgroup limit 2' 'cgroup events 2' 'cgroup trigger [123]' 'level 3'
check 'nothing is critical before the limit is reached' lacks '^cgroup limit 3'

check 'memory.max: without the ladder the process is killed' is_killed eat hold off
check 'it had been warned' line 'cgroup limit 3'
check 'memory.max: with the ladder it survives' eat hold on
check 'trimming comes first, spilling frees' \
	in_order 'step 1 level 1 freed 0 MB' 'step 4 level [23] freed [1-9][0-9]* MB' survived

check 'reports reach an application with a loop around the loop' eat nested
check 'though its poll takes the word away from the dispatch' in_order 'manager trigger [23]'

check 'the whole system is short' eat system
check 'it reports when memory is short only' in_order 'now short' 'system trigger 3' 'level 3'

check 'triggers that are refused' eat window
check 'root may watch everything' line 'root: cgroup events system'
check 'root may have windows of 1 s' line 'root, 1 s: manager cgroup events system'
check 'garbage is replaced' line 'root, garbage: manager cgroup events system'
check 'others may not, and get 2 s' line 'nobody, 1 s: manager events system'
check 'what is fit for others is taken' line 'nobody, 2 s: manager events system'
check 'others watch what they may' line 'nobody: events system'

check 'the group goes away' eat move
check 'the process is followed to its new one' in_order \
	'/sys/fs/cgroup/before: cgroup events system' \
	'/sys/fs/cgroup/after: cgroup events system' 'cgroup events 2'

check 'nothing to do' eat quiet
check 'nothing wakes up, but once after the start' line 'woken [01] times'

finish
