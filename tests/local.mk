# SPDX-License-Identifier: MIT
# What a test gets to know of where it is. WC_LAB=no skips all that needs the lab's kernel. Check
# gives a test four seconds unless it is told otherwise, too few under sanitizers on a busy machine.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	CC='$(CC)' CXX='$(CXX)' CK_DEFAULT_TIMEOUT=60; \
	export top_srcdir top_builddir CC CXX CK_DEFAULT_TIMEOUT;

# Tests that look at the source or the build and say the same in every configuration.
CHECK_TESTS =
# Tests that run in the lab.
LAB_TESTS =
# Tests that are worth the thread sanitizer.
THREAD_TESTS =
# Tests of thousands of processes: once is enough.
SLOW_TESTS =
# Tests of half a minute and more, which start first: begun last they would run alone.
LONG_TESTS =

include tests/checks/local.mk
include tests/unit/local.mk
include tests/bitstream/local.mk
include tests/budget/local.mk
include tests/fake/local.mk
include tests/frame/local.mk
include tests/session/local.mk
include tests/api/local.mk
include tests/tools/local.mk
include tests/udev/local.mk
include tests/lab/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk

TESTS += $(CHECK_TESTS) $(LAB_TESTS)

HOST_TESTS = $(filter-out $(CHECK_TESTS) $(LAB_TESTS) $(SLOW_TESTS),$(TESTS))

.PHONY: print-tests print-host-tests print-libav-tests print-dist-tests print-thread-tests
print-tests:
	@echo $(filter $(LONG_TESTS),$(TESTS)) $(filter-out $(LONG_TESTS),$(TESTS))
print-host-tests:
	@echo $(HOST_TESTS)
# Those that can tell whether libav is there: other objects are the same, bit by bit.
print-libav-tests:
	@echo $(filter tests/session/test_select tests/api/% tests/tools/%,$(HOST_TESTS))
# Those that read files of the source as they run; for the others it is enough to have been
# compiled.
print-dist-tests:
	@echo $(filter %.sh,$(HOST_TESTS))
print-thread-tests:
	@echo $(THREAD_TESTS)
