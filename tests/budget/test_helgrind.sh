#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Threads that hand slots and contexts over, watched by helgrind. It knows locks and threads, and not
# the atomics of C11, which it takes for plain accesses; so far it says nothing about ours. Prints TAP.

builddir=${top_builddir:-$(pwd)}
tests=$builddir/tests/budget
failed=no
n=0

# ok WHAT STATUS-WANTED COMMAND...
ok()
{
	what=$1 wanted=$2
	shift 2
	n=$((n + 1))
	CK_RUN_CASE=threads timeout 300 valgrind -q --tool=helgrind --error-exitcode=99 "$@" \
		>"$tests/helgrind.out" 2>&1
	status=$?
	if [ $status -eq "$wanted" ]; then
		echo "ok $n - $what"
		return
	fi
	sed 's/^/# /' "$tests/helgrind.out"
	echo "not ok $n - $what: status $status"
	failed=yes
}

command -v valgrind >/dev/null || { echo 'valgrind is not installed'; exit 77; }
if grep -qE '__[at]san_init' "$tests/race" "$tests/test_slot_wait"; then
	echo 'valgrind and sanitizers exclude each other'
	exit 77
fi
ok 'a race is found' 99 "$tests/race"
ok 'threads hand slots over' 0 "$tests/test_slot_wait"
ok 'threads hand contexts over' 0 "$tests/test_accountant"
rm -f "$tests/helgrind.out"
echo "1..$n"
[ $failed = no ]
