# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libutil.la
lib_libutil_la_SOURCES = \
	lib/util/address_set.c lib/util/address_set.h \
	lib/util/census.c lib/util/census.h \
	lib/util/clock.h \
	lib/util/core.c lib/util/core.h \
	lib/util/error.c lib/util/error.h \
	lib/util/external_memory.c lib/util/external_memory.h \
	lib/util/list.h \
	lib/util/log.c lib/util/log.h \
	lib/util/loop.c lib/util/loop.h \
	lib/util/macros.h \
	lib/util/memory_budget.c lib/util/memory_budget.h \
	lib/util/names.c \
	lib/util/reserved.h \
	lib/util/roll.c lib/util/roll.h \
	lib/util/shrinker.c lib/util/shrinker.h \
	lib/util/sites.c lib/util/sites.h \
	lib/util/slab.c lib/util/slab.h \
	lib/util/tiling.c lib/util/tiling.h \
	lib/util/video_codec.c lib/util/video_codec.h \
	lib/util/waker.c lib/util/waker.h
