# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/unit/test_util tests/unit/test_tables
TESTS += tests/unit/test_util tests/unit/test_tables
THREAD_TESTS += tests/unit/test_util

if WITH_CENSUS
check_PROGRAMS += tests/unit/test_roll
TESTS += tests/unit/test_roll
endif
tests_unit_test_roll_SOURCES = tests/unit/test_roll.c
tests_unit_test_roll_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_roll_LDADD = lib/libutil.la $(CHECK_LIBS)
tests_unit_test_roll_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc

tests_unit_test_util_SOURCES = tests/unit/test_util.c
tests_unit_test_util_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_util_LDADD = lib/libutil.la $(CHECK_LIBS)

tests_unit_test_tables_SOURCES = tests/unit/test_tables.c
tests_unit_test_tables_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_tables_LDADD = $(WC_LAYERS) $(V4L2_LIBS) $(WC_LAYER_LIBS) $(CHECK_LIBS)
