# SPDX-License-Identifier: MIT
# The V4L2 sessions on the imitated drivers.
WC_STATEFUL_TESTS = \
	tests/session/test_stateful_decoder \
	tests/session/test_stateful_encoder
check_PROGRAMS += $(WC_STATEFUL_TESTS)
TESTS += $(WC_STATEFUL_TESTS)

WC_RIG_SOURCES = tests/session/rig.c tests/session/rig.h
WC_RIG_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS)
WC_RIG_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
WC_RIG_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
WC_RIG_LDADD = $(WC_LAYERS) tests/fake/libfake.la $(WC_LAYER_LIBS) $(CHECK_LIBS)

tests_session_test_stateful_decoder_SOURCES = tests/session/test_stateful_decoder.c $(WC_RIG_SOURCES)
tests_session_test_stateful_decoder_CPPFLAGS = $(WC_RIG_CPPFLAGS)
tests_session_test_stateful_decoder_CFLAGS = $(WC_RIG_CFLAGS)
tests_session_test_stateful_decoder_LDFLAGS = $(WC_RIG_LDFLAGS)
tests_session_test_stateful_decoder_LDADD = $(WC_RIG_LDADD)

tests_session_test_stateful_encoder_SOURCES = tests/session/test_stateful_encoder.c $(WC_RIG_SOURCES)
tests_session_test_stateful_encoder_CPPFLAGS = $(WC_RIG_CPPFLAGS)
tests_session_test_stateful_encoder_CFLAGS = $(WC_RIG_CFLAGS)
tests_session_test_stateful_encoder_LDFLAGS = $(WC_RIG_LDFLAGS)
tests_session_test_stateful_encoder_LDADD = $(WC_RIG_LDADD)
