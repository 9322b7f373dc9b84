# SPDX-License-Identifier: MIT
WC_TOOLS_TESTS = \
	tests/tools/test_list.sh \
	tests/tools/test_probe_limits.sh \
	tests/tools/test_top.sh \
	tests/tools/test_transcode_audio.sh \
	tests/tools/test_transcode_formats.sh \
	tests/tools/test_transcode_input.sh \
	tests/tools/test_transcode_output.sh \
	tests/tools/test_transcode_signal.sh
TESTS += $(WC_TOOLS_TESTS)
WC_TOOLS_LAB_TESTS = \
	tests/tools/test_probe.sh \
	tests/tools/test_transcode_devices.sh
LAB_TESTS += $(WC_TOOLS_LAB_TESTS)
dist_check_SCRIPTS += $(WC_TOOLS_TESTS) $(WC_TOOLS_LAB_TESTS)
EXTRA_DIST += tests/tools/common.sh tests/tools/media.sh
SLOW_TESTS += tests/tools/test_transcode_input.sh
LONG_TESTS += tests/tools/test_transcode_input.sh

# Somebody for wc-top to look at.
check_PROGRAMS += tests/tools/hold_slots
tests_tools_hold_slots_SOURCES = tests/tools/hold_slots.c
tests_tools_hold_slots_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_tools_hold_slots_LDADD = lib/libbudget.la lib/libutil.la $(ATOMIC_LIBS)
check_PROGRAMS += tests/tools/keep_frames
tests_tools_keep_frames_SOURCES = tests/tools/keep_frames.c
tests_tools_keep_frames_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_tools_keep_frames_LDADD = lib/libwebcodecs.la

if ENABLE_TOOLS
check_PROGRAMS += tests/tools/fake_probe
tests_tools_fake_probe_SOURCES = tests/tools/fake_probe.c $(wc_probe_SOURCES)
tests_tools_fake_probe_CPPFLAGS = $(WC_TOOLS_CPPFLAGS) $(FAKE_CPPFLAGS)
tests_tools_fake_probe_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LDFLAGS) -Wl,--wrap=stat
tests_tools_fake_probe_LDADD = tools/libtools.la $(WC_LAYERS) tests/fake/libfake.la \
	$(WC_LAYER_LIBS)

# The objects of wc-transcode themselves: it is the tool that is tested.
check_PROGRAMS += tests/tools/many_transcodes
tests_tools_many_transcodes_SOURCES = tests/tools/many_transcodes.c
tests_tools_many_transcodes_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_tools_many_transcodes_LDADD = $(wc_transcode_OBJECTS) $(wc_transcode_LDADD)
tests_tools_many_transcodes_DEPENDENCIES = wc-transcode$(EXEEXT)
endif
