# SPDX-License-Identifier: MIT
# The V4L2 layer and the stateful sessions on the strict fake of tests/fake.
WC_STATEFUL_TESTS = \
	tests/session/test_capture \
	tests/session/test_m2m_converter \
	tests/session/test_m2m_converter_imports \
	tests/session/test_v4l2 \
	tests/session/test_select \
	tests/session/test_stateful_decoder \
	tests/session/test_stateful_decoder_imports \
	tests/session/test_stateful_encoder \
	tests/session/test_stateful_import \
	tests/session/test_stateful_adversity \
	tests/session/test_stateful_budgets \
	tests/session/test_stateful_contexts \
	tests/session/test_stateful_failures \
	tests/session/test_stateful_failures_imports \
	tests/session/test_stateful_output_imports \
	tests/session/test_stateful_throttle \
	tests/session/test_stateful_throttle_imports \
	tests/session/test_stateful_tiles \
	tests/session/test_stateful_tiles_imports
check_PROGRAMS += $(WC_STATEFUL_TESTS)
TESTS += $(WC_STATEFUL_TESTS)
# Thousands of lives, one for every call and errno.
SLOW_TESTS += tests/session/test_stateful_failures tests/session/test_stateful_failures_imports
SLOW_TESTS += tests/session/test_m2m_converter tests/session/test_m2m_converter_imports
LONG_TESTS += tests/session/test_stateful_failures tests/session/test_stateful_failures_imports
# Frames come back from other threads while the decoder is throttled.
THREAD_TESTS += tests/session/test_stateful_throttle

WC_STATEFUL_RIG = tests/session/rig.c tests/session/rig.h tests/session/rig_no_memory.c
# The same in a context that decided on memory, which its decoders import.
WC_STATEFUL_IMPORTS_RIG = tests/session/rig.c tests/session/rig.h \
	tests/session/rig_memory.c tests/session/rig_memory.h
WC_STATEFUL_IMPORTS_LDFLAGS = $(WC_STATEFUL_LDFLAGS) \
	-Wl,--wrap=memory_io_open,--wrap=memory_io_ioctl
WC_STATEFUL_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS) $(V4L2_CFLAGS)
WC_STATEFUL_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
WC_STATEFUL_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
WC_STATEFUL_LDADD = tests/fake/libfake.la $(WC_LAYERS) $(WC_LAYER_LIBS) $(CHECK_LIBS)

tests_session_test_capture_SOURCES = tests/session/test_capture.c
tests_session_test_capture_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_capture_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_capture_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_capture_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_m2m_converter_SOURCES = tests/session/test_m2m_converter.c $(WC_STATEFUL_RIG)
tests_session_test_m2m_converter_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_m2m_converter_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_m2m_converter_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_m2m_converter_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_m2m_converter_imports_SOURCES = \
	tests/session/test_m2m_converter.c $(WC_STATEFUL_IMPORTS_RIG)
tests_session_test_m2m_converter_imports_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_m2m_converter_imports_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_m2m_converter_imports_LDFLAGS = $(WC_STATEFUL_IMPORTS_LDFLAGS)
tests_session_test_m2m_converter_imports_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_v4l2_SOURCES = tests/session/test_v4l2.c $(WC_STATEFUL_RIG)
tests_session_test_v4l2_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_v4l2_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_v4l2_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_v4l2_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_select_SOURCES = tests/session/test_select.c $(WC_STATEFUL_RIG)
tests_session_test_select_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_select_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_select_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_select_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_decoder_SOURCES = tests/session/test_stateful_decoder.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_decoder_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_decoder_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_decoder_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_decoder_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_encoder_SOURCES = tests/session/test_stateful_encoder.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_encoder_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_encoder_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_encoder_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_encoder_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_import_SOURCES = tests/session/test_stateful_import.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_import_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_import_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_import_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_import_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_adversity_SOURCES = tests/session/test_stateful_adversity.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_adversity_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_adversity_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_adversity_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_adversity_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_budgets_SOURCES = tests/session/test_stateful_budgets.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_budgets_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_budgets_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_budgets_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_budgets_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_contexts_SOURCES = tests/session/test_stateful_contexts.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_contexts_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_contexts_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_contexts_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_contexts_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_failures_SOURCES = tests/session/test_stateful_failures.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_failures_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_failures_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_failures_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_failures_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_throttle_SOURCES = tests/session/test_stateful_throttle.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_throttle_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_throttle_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_throttle_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_throttle_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_decoder_imports_SOURCES = \
	tests/session/test_stateful_decoder.c $(WC_STATEFUL_IMPORTS_RIG)
tests_session_test_stateful_decoder_imports_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_decoder_imports_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_decoder_imports_LDFLAGS = $(WC_STATEFUL_IMPORTS_LDFLAGS)
tests_session_test_stateful_decoder_imports_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_failures_imports_SOURCES = \
	tests/session/test_stateful_failures.c $(WC_STATEFUL_IMPORTS_RIG)
tests_session_test_stateful_failures_imports_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_failures_imports_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_failures_imports_LDFLAGS = $(WC_STATEFUL_IMPORTS_LDFLAGS)
tests_session_test_stateful_failures_imports_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_output_imports_SOURCES = \
	tests/session/test_stateful_output_imports.c $(WC_STATEFUL_IMPORTS_RIG)
tests_session_test_stateful_output_imports_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_output_imports_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_output_imports_LDFLAGS = $(WC_STATEFUL_IMPORTS_LDFLAGS)
tests_session_test_stateful_output_imports_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_throttle_imports_SOURCES = \
	tests/session/test_stateful_throttle.c $(WC_STATEFUL_IMPORTS_RIG)
tests_session_test_stateful_throttle_imports_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_throttle_imports_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_throttle_imports_LDFLAGS = $(WC_STATEFUL_IMPORTS_LDFLAGS)
tests_session_test_stateful_throttle_imports_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_tiles_SOURCES = \
	tests/session/test_stateful_tiles.c $(WC_STATEFUL_RIG)
tests_session_test_stateful_tiles_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_tiles_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_tiles_LDFLAGS = $(WC_STATEFUL_LDFLAGS)
tests_session_test_stateful_tiles_LDADD = $(WC_STATEFUL_LDADD)

tests_session_test_stateful_tiles_imports_SOURCES = \
	tests/session/test_stateful_tiles.c $(WC_STATEFUL_IMPORTS_RIG)
tests_session_test_stateful_tiles_imports_CPPFLAGS = $(WC_STATEFUL_CPPFLAGS)
tests_session_test_stateful_tiles_imports_CFLAGS = $(WC_STATEFUL_CFLAGS)
tests_session_test_stateful_tiles_imports_LDFLAGS = $(WC_STATEFUL_IMPORTS_LDFLAGS)
tests_session_test_stateful_tiles_imports_LDADD = $(WC_STATEFUL_LDADD)
