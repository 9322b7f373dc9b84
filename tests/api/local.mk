# SPDX-License-Identifier: MIT
# The WebCodecs objects, on sessions that a script plays: script_session.c defines the functions of
# lib/session/select.c, so that the linker does not take that one from the library.
WC_API_TESTS = \
	tests/api/test_census \
	tests/api/test_context \
	tests/api/test_fences \
	tests/api/test_memory \
	tests/api/test_no_memory \
	tests/api/test_pressure \
	tests/api/test_steady_state \
	tests/api/test_usage_list \
	tests/api/test_video_converter \
	tests/api/test_video_decoder \
	tests/api/test_video_encoder
check_PROGRAMS += $(WC_API_TESTS)
TESTS += $(WC_API_TESTS)
THREAD_TESTS += $(WC_API_TESTS)

WC_API_TEST_SOURCES = \
	tests/api/app.c tests/api/app.h \
	tests/api/script_session.c tests/api/script_session.h \
	tests/api/trace.c tests/api/trace.h
WC_API_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
WC_API_TEST_LIBS = $(WC_LAYERS) $(V4L2_LIBS) $(WC_LAYER_LIBS) $(CHECK_LIBS)

TESTS += tests/api/test_leaks.sh
dist_check_SCRIPTS += tests/api/test_leaks.sh
EXTRA_DIST += tests/api/lose_frame.c

tests_api_test_census_SOURCES = tests/api/test_census.c $(WC_API_TEST_SOURCES)
tests_api_test_census_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_census_LDADD = $(WC_API_TEST_LIBS)

tests_api_test_context_SOURCES = tests/api/test_context.c $(WC_API_TEST_SOURCES)
tests_api_test_context_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_context_LDADD = $(WC_API_TEST_LIBS)

tests_api_test_fences_SOURCES = tests/api/test_fences.c $(WC_API_TEST_SOURCES)
tests_api_test_fences_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_fences_LDADD = $(WC_API_TEST_LIBS)
tests_api_test_fences_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=dma_buf_inspect,--wrap=memory_io_ioctl,--wrap=memory_io_poll

tests_api_test_memory_SOURCES = tests/api/test_memory.c $(WC_API_TEST_SOURCES)
tests_api_test_memory_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_memory_LDADD = $(WC_API_TEST_LIBS)

tests_api_test_no_memory_SOURCES = tests/api/test_no_memory.c $(WC_API_TEST_SOURCES)
tests_api_test_no_memory_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_no_memory_LDADD = $(WC_API_TEST_LIBS)
tests_api_test_no_memory_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc

tests_api_test_pressure_SOURCES = tests/api/test_pressure.c $(WC_API_TEST_SOURCES)
tests_api_test_pressure_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_pressure_LDADD = $(WC_API_TEST_LIBS)
tests_api_test_pressure_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=slab_get_and

tests_api_test_steady_state_SOURCES = tests/api/test_steady_state.c $(WC_API_TEST_SOURCES)
tests_api_test_steady_state_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_steady_state_LDADD = $(WC_API_TEST_LIBS)
tests_api_test_steady_state_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc

tests_api_test_usage_list_SOURCES = tests/api/test_usage_list.c $(WC_API_TEST_SOURCES)
tests_api_test_usage_list_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_usage_list_LDADD = $(WC_API_TEST_LIBS)

tests_api_test_video_converter_SOURCES = tests/api/test_video_converter.c $(WC_API_TEST_SOURCES)
tests_api_test_video_converter_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_video_converter_LDADD = $(WC_API_TEST_LIBS)

tests_api_test_video_decoder_SOURCES = tests/api/test_video_decoder.c $(WC_API_TEST_SOURCES)
tests_api_test_video_decoder_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_video_decoder_LDADD = $(WC_API_TEST_LIBS)

tests_api_test_video_encoder_SOURCES = tests/api/test_video_encoder.c $(WC_API_TEST_SOURCES)
tests_api_test_video_encoder_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_video_encoder_LDADD = $(WC_API_TEST_LIBS)

# The clock is the fake's.
WC_API_FAKE_TESTS = \
	tests/api/test_bookkeeping \
	tests/api/test_converting \
	tests/api/test_housekeeping \
	tests/api/test_tiles
check_PROGRAMS += $(WC_API_FAKE_TESTS)
TESTS += $(WC_API_FAKE_TESTS)
# Buffers that come back in other threads wake the loop.
THREAD_TESTS += tests/api/test_housekeeping
tests_api_test_bookkeeping_SOURCES = tests/api/test_bookkeeping.c
tests_api_test_bookkeeping_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS) $(V4L2_CFLAGS)
tests_api_test_bookkeeping_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_bookkeeping_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
tests_api_test_bookkeeping_LDADD = tests/fake/libfake.la $(WC_LAYERS) $(WC_LAYER_LIBS) \
	$(CHECK_LIBS)
tests_api_test_converting_SOURCES = tests/api/test_converting.c tests/api/trace.c \
	tests/api/trace.h
tests_api_test_converting_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS) $(V4L2_CFLAGS)
tests_api_test_converting_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_converting_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
tests_api_test_converting_LDADD = tests/fake/libfake.la $(WC_LAYERS) $(WC_LAYER_LIBS) \
	$(CHECK_LIBS)
tests_api_test_housekeeping_SOURCES = tests/api/test_housekeeping.c
tests_api_test_housekeeping_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS) $(V4L2_CFLAGS)
tests_api_test_housekeeping_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_housekeeping_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
tests_api_test_housekeeping_LDADD = tests/fake/libfake.la $(WC_LAYERS) $(WC_LAYER_LIBS) \
	$(CHECK_LIBS)
tests_api_test_tiles_SOURCES = tests/api/test_tiles.c
tests_api_test_tiles_CPPFLAGS = $(AM_CPPFLAGS) $(FAKE_CPPFLAGS) $(V4L2_CFLAGS)
tests_api_test_tiles_CFLAGS = $(WC_API_TEST_CFLAGS)
tests_api_test_tiles_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS)
tests_api_test_tiles_LDADD = tests/fake/libfake.la $(WC_LAYERS) $(WC_LAYER_LIBS) \
	$(CHECK_LIBS)
