# SPDX-License-Identifier: MIT
include tests/session/stateful.mk

WC_SESSION_TESTS = tests/session/test_converting_encoder tests/session/test_packaging
WC_SESSION_TESTS += tests/session/test_software_converter
if WITH_LIBAV
WC_SESSION_TESTS += tests/session/test_software
SLOW_TESTS += tests/session/test_software
LONG_TESTS += tests/session/test_software
endif
THREAD_TESTS += tests/session/test_software_converter
check_PROGRAMS += $(WC_SESSION_TESTS)
TESTS += $(WC_SESSION_TESTS)

WC_SESSION_TEST_LIBS = $(WC_LAYERS) $(V4L2_LIBS) $(WC_LAYER_LIBS) $(CHECK_LIBS)

# It defines what makes the sessions on both sides, so that the linker does not take those.
tests_session_test_converting_encoder_SOURCES = tests/session/test_converting_encoder.c
tests_session_test_converting_encoder_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_session_test_converting_encoder_LDADD = $(WC_SESSION_TEST_LIBS)

tests_session_test_packaging_SOURCES = tests/session/test_packaging.c
tests_session_test_packaging_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_session_test_packaging_LDADD = $(WC_SESSION_TEST_LIBS)

tests_session_test_software_SOURCES = \
	tests/session/media.c tests/session/media.h \
	tests/session/software_rig.c tests/session/software_rig.h \
	tests/session/test_software.c
tests_session_test_software_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/session
tests_session_test_software_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(LIBAV_CFLAGS)
tests_session_test_software_LDADD = $(WC_SESSION_TEST_LIBS) $(LIBAV_LIBS)

tests_session_test_software_converter_SOURCES = \
	tests/session/test_software_converter.c $(WC_FRAME_MEMORY_SOURCES)
tests_session_test_software_converter_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/frame
tests_session_test_software_converter_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_session_test_software_converter_LDADD = $(WC_SESSION_TEST_LIBS)
tests_session_test_software_converter_LDFLAGS = $(WC_FRAME_MEMORY_WRAP) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=aligned_alloc,--wrap=memory_io_poll
