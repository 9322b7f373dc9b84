# SPDX-License-Identifier: MIT
# The tools use the public interface, and of the inside only what is pure: bitstreams and the table
# of pixel formats. wc-top reads the slots itself: it is there to look into any directory of them.
WC_TOOLS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools
WC_TOOLS_LDADD = tools/libtools.la lib/libwebcodecs.la lib/libbitstream.la lib/libframe.la \
	lib/libutil.la -lm

noinst_LTLIBRARIES += tools/libtools.la
tools_libtools_la_CPPFLAGS = $(WC_TOOLS_CPPFLAGS) $(JSON_C_CFLAGS)
tools_libtools_la_SOURCES = \
	tools/common/codec_choice.c tools/common/codec_choice.h \
	tools/common/failure.c tools/common/failure.h \
	tools/common/fourcc.c tools/common/fourcc.h \
	tools/common/fraction.c tools/common/fraction.h \
	tools/common/interrupt.c tools/common/interrupt.h \
	tools/common/json_builder.c tools/common/json_builder.h \
	tools/common/level.c tools/common/level.h \
	tools/common/parse.c tools/common/parse.h \
	tools/common/printable.c tools/common/printable.h \
	tools/common/reader.c tools/common/reader.h \
	tools/common/vectors.c tools/common/vectors.h \
	tools/common/writer.c tools/common/writer.h

bin_PROGRAMS += wc-list
wc_list_CPPFLAGS = $(WC_TOOLS_CPPFLAGS) $(JSON_C_CFLAGS)
wc_list_LDADD = $(WC_TOOLS_LDADD) $(JSON_C_LIBS)
wc_list_SOURCES = \
	tools/list/cameras.c tools/list/cameras.h \
	tools/list/json.c tools/list/json.h \
	tools/list/main.c \
	tools/list/menu_names.c tools/list/menu_names.h \
	tools/list/options.c tools/list/options.h \
	tools/list/session_query.c tools/list/session_query.h \
	tools/list/table.c tools/list/table.h

bin_PROGRAMS += wc-probe
wc_probe_CPPFLAGS = $(WC_TOOLS_CPPFLAGS)
wc_probe_LDADD = $(WC_TOOLS_LDADD)
wc_probe_SOURCES = \
	tools/probe/candidate.c tools/probe/candidate.h \
	tools/probe/main.c \
	tools/probe/options.c tools/probe/options.h \
	tools/probe/others.c tools/probe/others.h \
	tools/probe/picture.c tools/probe/picture.h \
	tools/probe/report.c tools/probe/report.h \
	tools/probe/round.c tools/probe/round.h \
	tools/probe/target.c tools/probe/target.h \
	tools/probe/wait.c tools/probe/wait.h

bin_PROGRAMS += wc-top
wc_top_CPPFLAGS = $(WC_TOOLS_CPPFLAGS) $(JSON_C_CFLAGS)
wc_top_LDADD = tools/libtools.la lib/libwebcodecs.la lib/libbudget.la lib/libutil.la \
	$(JSON_C_LIBS) $(ATOMIC_LIBS)
wc_top_SOURCES = \
	tools/top/json.c tools/top/json.h \
	tools/top/lines.c tools/top/lines.h \
	tools/top/main.c \
	tools/top/memory.c tools/top/memory.h \
	tools/top/options.c tools/top/options.h \
	tools/top/screen.h \
	tools/top/snapshot.c tools/top/snapshot.h \
	tools/top/table.c tools/top/table.h
if WITH_NCURSES
wc_top_CPPFLAGS += $(NCURSES_CFLAGS)
wc_top_LDADD += $(NCURSES_LIBS)
wc_top_SOURCES += tools/top/screen.c
EXTRA_DIST += tools/top/no_screen.c
else
wc_top_SOURCES += tools/top/no_screen.c
EXTRA_DIST += tools/top/screen.c
endif

bin_PROGRAMS += wc-transcode
wc_transcode_CPPFLAGS = $(WC_TOOLS_CPPFLAGS)
wc_transcode_LDADD = $(WC_TOOLS_LDADD) $(DRM_LIBS)
wc_transcode_SOURCES = \
	tools/transcode/av_message.h \
	tools/transcode/color.c tools/transcode/color.h \
	tools/transcode/decoding.c tools/transcode/decoding.h \
	tools/transcode/devices.c tools/transcode/devices.h \
	tools/transcode/encoding.c tools/transcode/encoding.h \
	tools/transcode/file_type.c tools/transcode/file_type.h \
	tools/transcode/frame_md5.h \
	tools/transcode/framebuffers.c tools/transcode/framebuffers.h \
	tools/transcode/input.c tools/transcode/input.h \
	tools/transcode/input_camera.c tools/transcode/input_camera.h \
	tools/transcode/input_fwht.c \
	tools/transcode/input_ivf.c \
	tools/transcode/input_raw.c \
	tools/transcode/input_y4m.c \
	tools/transcode/ivf.c tools/transcode/ivf.h \
	tools/transcode/main.c \
	tools/transcode/options.c tools/transcode/options.h \
	tools/transcode/output.c tools/transcode/output.h \
	tools/transcode/output_display.c \
	tools/transcode/output_elementary.c \
	tools/transcode/output_ivf.c \
	tools/transcode/output_raw.c \
	tools/transcode/output_y4m.c \
	tools/transcode/picture.c tools/transcode/picture.h \
	tools/transcode/pipeline.c tools/transcode/pipeline.h \
	tools/transcode/screen.c tools/transcode/screen.h \
	tools/transcode/progress.c tools/transcode/progress.h \
	tools/transcode/summary.c tools/transcode/summary.h \
	tools/transcode/track.h \
	tools/transcode/y4m.c tools/transcode/y4m.h

# libavformat brings the containers, libavutil the MD5.
WC_TRANSCODE_LIBAV = \
	tools/transcode/audio_copy.c tools/transcode/audio_copy.h \
	tools/transcode/av_io.c tools/transcode/av_io.h \
	tools/transcode/av_message.c \
	tools/transcode/av_stream.c tools/transcode/av_stream.h \
	tools/transcode/decode_clock.c tools/transcode/decode_clock.h \
	tools/transcode/extent.c tools/transcode/extent.h \
	tools/transcode/frame_md5.c \
	tools/transcode/input_av.c \
	tools/transcode/output_av.c \
	tools/transcode/time_set.c tools/transcode/time_set.h
if WITH_LIBAV
wc_transcode_CPPFLAGS += $(LIBAV_CFLAGS)
wc_transcode_LDADD += $(LIBAV_LIBS)
wc_transcode_SOURCES += $(WC_TRANSCODE_LIBAV)
EXTRA_DIST += tools/transcode/no_av.c
else
wc_transcode_SOURCES += tools/transcode/no_av.c
EXTRA_DIST += $(WC_TRANSCODE_LIBAV)
endif

dist_man_MANS += doc/man/wc-list.1 doc/man/wc-probe.1 doc/man/wc-top.1 doc/man/wc-transcode.1
