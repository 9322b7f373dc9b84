# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libutil.la
lib_libutil_la_SOURCES = \
	lib/util/clock.h \
	lib/util/core.c lib/util/core.h \
	lib/util/error.c lib/util/error.h \
	lib/util/list.h \
	lib/util/log.c lib/util/log.h \
	lib/util/loop.c lib/util/loop.h \
	lib/util/macros.h \
	lib/util/names.c \
	lib/util/reserved.h \
	lib/util/shrinker.c lib/util/shrinker.h \
	lib/util/slab.c lib/util/slab.h \
	lib/util/video_codec.c lib/util/video_codec.h
