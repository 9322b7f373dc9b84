# SPDX-License-Identifier: MIT
WC_BUDGET_TESTS = \
	tests/budget/test_accountant \
	tests/budget/test_post \
	tests/budget/test_pressure \
	tests/budget/test_pressure_source \
	tests/budget/test_rate \
	tests/budget/test_reclaim \
	tests/budget/test_slot_wait \
	tests/budget/test_slots \
	tests/budget/test_slots_hammer \
	tests/budget/test_usage
check_PROGRAMS += $(WC_BUDGET_TESTS)
TESTS += $(WC_BUDGET_TESTS)
# Contexts, each in a thread of its own, hand slots over.
THREAD_TESTS += tests/budget/test_accountant tests/budget/test_slot_wait
# Many processes for a fixed time: once is enough.
SLOW_TESTS += tests/budget/test_slots_hammer

TESTS += tests/budget/test_helgrind.sh
SLOW_TESTS += tests/budget/test_helgrind.sh
dist_check_SCRIPTS += tests/budget/test_helgrind.sh
check_PROGRAMS += tests/budget/race
tests_budget_race_SOURCES = tests/budget/race.c

WC_BUDGET_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
WC_BUDGET_TEST_LIBS = lib/libbudget.la lib/libutil.la $(ATOMIC_LIBS) $(CHECK_LIBS)
WC_SLOT_RIG = tests/budget/slot_rig.c tests/budget/slot_rig.h

tests_budget_test_accountant_SOURCES = tests/budget/test_accountant.c
tests_budget_test_accountant_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_accountant_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_post_SOURCES = tests/budget/test_post.c
tests_budget_test_post_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_post_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_pressure_SOURCES = tests/budget/test_pressure.c
tests_budget_test_pressure_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_pressure_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_pressure_source_SOURCES = tests/budget/test_pressure_source.c
tests_budget_test_pressure_source_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_pressure_source_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_rate_SOURCES = tests/budget/test_rate.c
tests_budget_test_rate_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_rate_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_reclaim_SOURCES = tests/budget/test_reclaim.c
tests_budget_test_reclaim_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_reclaim_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_slot_wait_SOURCES = tests/budget/test_slot_wait.c $(WC_SLOT_RIG)
tests_budget_test_slot_wait_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_slot_wait_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_slots_SOURCES = tests/budget/test_slots.c $(WC_SLOT_RIG)
tests_budget_test_slots_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_slots_LDADD = $(WC_BUDGET_TEST_LIBS)

tests_budget_test_slots_hammer_SOURCES = tests/budget/test_slots_hammer.c
tests_budget_test_slots_hammer_LDADD = lib/libbudget.la lib/libutil.la $(ATOMIC_LIBS)

tests_budget_test_usage_SOURCES = tests/budget/test_usage.c
tests_budget_test_usage_CFLAGS = $(WC_BUDGET_TEST_CFLAGS)
tests_budget_test_usage_LDADD = $(WC_BUDGET_TEST_LIBS)

# Ten minutes, not for every day. Another number: WC_SOAK_KILLS=1000000 make soak
.PHONY: soak
soak: tests/budget/test_slots_hammer
	WC_SOAK_KILLS="$${WC_SOAK_KILLS:-100000}" tests/budget/test_slots_hammer
