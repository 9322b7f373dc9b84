# SPDX-License-Identifier: MIT
# The acceptance suites of the library on real V4L2 drivers. Each boots a guest of its own.
WC_SUITES = \
	tests/lab/suite/allocators.sh \
	tests/lab/suite/bad_input.sh \
	tests/lab/suite/camera.sh \
	tests/lab/suite/camera_multiplanar.sh \
	tests/lab/suite/capture_import.sh \
	tests/lab/suite/capture_import_multiplanar.sh \
	tests/lab/suite/codecs.sh \
	tests/lab/suite/contend.sh \
	tests/lab/suite/convert.sh \
	tests/lab/suite/display.sh \
	tests/lab/suite/exact.sh \
	tests/lab/suite/exact_multiplanar.sh \
	tests/lab/suite/examples.sh \
	tests/lab/suite/group.sh \
	tests/lab/suite/hoard.sh \
	tests/lab/suite/import.sh \
	tests/lab/suite/in_use.sh \
	tests/lab/suite/in_use_multiplanar.sh \
	tests/lab/suite/ladder.sh \
	tests/lab/suite/limit.sh \
	tests/lab/suite/list.sh \
	tests/lab/suite/pipeline.sh \
	tests/lab/suite/pressure.sh \
	tests/lab/suite/valgrind.sh
LAB_TESTS += $(WC_SUITES)
LONG_TESTS += tests/lab/suite/valgrind.sh
dist_check_SCRIPTS += $(WC_SUITES)

EXTRA_DIST += \
	tests/lab/README.md \
	tests/lab/build \
	tests/lab/init \
	tests/lab/kernel.config \
	tests/lab/kernel.patch \
	tests/lab/packages \
	tests/lab/plugin/with-limit \
	tests/lab/run \
	tests/lab/selftest \
	tests/lab/suite/common.sh \
	tests/lab/suite/valgrind.supp

# What the suites start.
WC_SUITE_PLAYERS = \
	tests/lab/suite/play \
	tests/lab/suite/test_bad_chunks \
	tests/lab/suite/test_camera \
	tests/lab/suite/test_capture_import \
	tests/lab/suite/test_contend \
	tests/lab/suite/test_convert \
	tests/lab/suite/test_convert_encode \
	tests/lab/suite/test_encoder \
	tests/lab/suite/test_fence \
	tests/lab/suite/test_gone \
	tests/lab/suite/test_import \
	tests/lab/suite/test_ladder \
	tests/lab/suite/test_limit \
	tests/lab/suite/test_memory \
	tests/lab/suite/test_plugin \
	tests/lab/suite/test_lifetime \
	tests/lab/suite/test_reclaim \
	tests/lab/suite/test_seek \
	tests/lab/suite/test_sharing \
	tests/lab/suite/test_yield
check_PROGRAMS += $(WC_SUITE_PLAYERS) \
	tests/lab/suite/bad_memory \
	tests/lab/suite/eat_memory \
	tests/lab/suite/hoard \
	tests/lab/suite/pattern \
	tests/lab/suite/visible

WC_SUITE_SOURCES = \
	tests/lab/suite/picture.c tests/lab/suite/picture.h \
	tests/lab/suite/player.c tests/lab/suite/player.h \
	tests/lab/suite/stream.c tests/lab/suite/stream.h \
	tests/lab/suite/tap.c tests/lab/suite/tap.h
# Without libtool's wrapper script: it costs more time in the guest than some of these.
WC_SUITE_LINK = $(AM_LDFLAGS) -no-install

tests_lab_suite_bad_memory_SOURCES = tests/lab/suite/bad_memory.c
tests_lab_suite_pattern_SOURCES = tests/lab/suite/pattern.c \
	tests/lab/suite/picture.c tests/lab/suite/picture.h
tests_lab_suite_eat_memory_SOURCES = tests/lab/suite/eat_memory.c
tests_lab_suite_eat_memory_LDADD = lib/libbudget.la lib/libutil.la
tests_lab_suite_hoard_SOURCES = tests/lab/suite/hoard.c \
	tests/lab/suite/picture.c tests/lab/suite/picture.h \
	tests/lab/suite/tap.c tests/lab/suite/tap.h
tests_lab_suite_hoard_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_hoard_LDADD = lib/libwebcodecs.la
tests_lab_suite_visible_SOURCES = tests/lab/suite/visible.c

tests_lab_suite_play_SOURCES = tests/lab/suite/play.c $(WC_SUITE_SOURCES)
tests_lab_suite_play_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_play_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_bad_chunks_SOURCES = tests/lab/suite/test_bad_chunks.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_bad_chunks_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_bad_chunks_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_camera_SOURCES = tests/lab/suite/test_camera.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_camera_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_camera_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_contend_SOURCES = tests/lab/suite/test_contend.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_contend_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_contend_LDADD = lib/libwebcodecs.la

# A session without the objects in front of it.
tests_lab_suite_test_convert_SOURCES = tests/lab/suite/test_convert.c
tests_lab_suite_test_convert_CPPFLAGS = $(AM_CPPFLAGS) $(V4L2_CFLAGS)
tests_lab_suite_test_convert_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_convert_LDADD = $(WC_LAYERS) $(V4L2_LIBS) $(WC_LAYER_LIBS)

tests_lab_suite_test_convert_encode_SOURCES = tests/lab/suite/test_convert_encode.c \
	tests/lab/suite/tap.c tests/lab/suite/tap.h
tests_lab_suite_test_convert_encode_CPPFLAGS = $(AM_CPPFLAGS) $(DRM_CFLAGS)
tests_lab_suite_test_convert_encode_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_convert_encode_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_encoder_SOURCES = tests/lab/suite/test_encoder.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_encoder_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_encoder_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_fence_SOURCES = tests/lab/suite/test_fence.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_fence_CPPFLAGS = $(AM_CPPFLAGS) $(DRM_CFLAGS)
tests_lab_suite_test_fence_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_fence_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_gone_SOURCES = tests/lab/suite/test_gone.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_gone_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_gone_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_ladder_SOURCES = tests/lab/suite/test_ladder.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_ladder_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_ladder_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_lifetime_SOURCES = tests/lab/suite/test_lifetime.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_lifetime_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_lifetime_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_reclaim_SOURCES = tests/lab/suite/test_reclaim.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_reclaim_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_reclaim_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_seek_SOURCES = tests/lab/suite/test_seek.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_seek_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_seek_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_sharing_SOURCES = tests/lab/suite/test_sharing.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_sharing_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_sharing_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_yield_SOURCES = tests/lab/suite/test_yield.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_yield_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_yield_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_capture_import_SOURCES = tests/lab/suite/test_capture_import.c \
	$(WC_SUITE_SOURCES)
tests_lab_suite_test_capture_import_CPPFLAGS = $(AM_CPPFLAGS) $(DRM_CFLAGS)
tests_lab_suite_test_capture_import_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_capture_import_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_import_SOURCES = tests/lab/suite/test_import.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_import_CPPFLAGS = $(AM_CPPFLAGS) $(DRM_CFLAGS)
tests_lab_suite_test_import_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_import_LDADD = lib/libwebcodecs.la

# The display is the tools'.
if ENABLE_TOOLS
check_PROGRAMS += tests/lab/suite/test_in_use tests/lab/suite/test_pipeline
tests_lab_suite_test_in_use_SOURCES = tests/lab/suite/test_in_use.c \
	tests/lab/suite/crc.c tests/lab/suite/crc.h \
	$(WC_SUITE_SOURCES) \
	tools/transcode/screen.c tools/transcode/screen.h
tests_lab_suite_test_in_use_CPPFLAGS = $(WC_TOOLS_CPPFLAGS) $(V4L2_CFLAGS)
tests_lab_suite_test_in_use_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_in_use_LDADD = $(WC_TOOLS_LDADD) $(DRM_LIBS) $(V4L2_LIBS)
tests_lab_suite_test_pipeline_SOURCES = tests/lab/suite/test_pipeline.c \
	tests/lab/suite/crc.c tests/lab/suite/crc.h \
	tests/lab/suite/tap.c tests/lab/suite/tap.h \
	tools/transcode/framebuffers.c tools/transcode/framebuffers.h \
	tools/transcode/screen.c tools/transcode/screen.h
tests_lab_suite_test_pipeline_CPPFLAGS = $(WC_TOOLS_CPPFLAGS)
tests_lab_suite_test_pipeline_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_pipeline_LDADD = $(WC_TOOLS_LDADD) $(DRM_LIBS)
else
EXTRA_DIST += tests/lab/suite/test_in_use.c tests/lab/suite/test_pipeline.c
endif

tests_lab_suite_test_limit_SOURCES = tests/lab/suite/test_limit.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_limit_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_limit_LDADD = lib/libwebcodecs.la

tests_lab_suite_test_memory_SOURCES = tests/lab/suite/test_memory.c \
	tests/lab/suite/picture.c tests/lab/suite/picture.h \
	tests/lab/suite/raw_encoder.c tests/lab/suite/raw_encoder.h \
	tests/lab/suite/tap.c tests/lab/suite/tap.h
tests_lab_suite_test_memory_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_memory_LDADD = lib/libwebcodecs.la $(DRM_LIBS)

tests_lab_suite_test_plugin_SOURCES = tests/lab/suite/test_plugin.c $(WC_SUITE_SOURCES)
tests_lab_suite_test_plugin_CPPFLAGS = $(AM_CPPFLAGS) $(V4L2_CFLAGS)
tests_lab_suite_test_plugin_LDFLAGS = $(WC_SUITE_LINK)
tests_lab_suite_test_plugin_LDADD = lib/libwebcodecs.la $(V4L2_LIBS)

# A plugin of libv4l2, and what is preloaded for drivers that refuse in open(). Nothing is installed:
# without -rpath libtool would make no module of them.
WC_PLUGIN_LINK = $(AM_LDFLAGS) -module -avoid-version -rpath $(abs_top_builddir)/tests/lab/plugin
check_LTLIBRARIES += tests/lab/plugin/limit.la tests/lab/plugin/open.la

tests_lab_plugin_limit_la_SOURCES = \
	tests/lab/plugin/attach.c tests/lab/plugin/attach.h \
	tests/lab/plugin/control.c tests/lab/plugin/control.h \
	tests/lab/plugin/key.c tests/lab/plugin/key.h \
	tests/lab/plugin/limit.c \
	tests/lab/plugin/place.c tests/lab/plugin/place.h
tests_lab_plugin_limit_la_CPPFLAGS = $(AM_CPPFLAGS) $(V4L2_CFLAGS) -D_GNU_SOURCE
tests_lab_plugin_limit_la_LDFLAGS = $(WC_PLUGIN_LINK) -export-symbols-regex '^libv4l2_plugin$$'

tests_lab_plugin_open_la_SOURCES = \
	tests/lab/plugin/open.c \
	tests/lab/plugin/place.c tests/lab/plugin/place.h
tests_lab_plugin_open_la_CPPFLAGS = $(AM_CPPFLAGS) $(V4L2_CFLAGS) -D_GNU_SOURCE
tests_lab_plugin_open_la_LDFLAGS = $(WC_PLUGIN_LINK) \
	-export-symbols-regex '^(open|open64|close|v4l2_close)$$'
tests_lab_plugin_open_la_LIBADD = -ldl
