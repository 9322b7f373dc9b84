# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libapi.la
lib_libapi_la_SOURCES = \
	lib/api/budget.c lib/api/budget.h \
	lib/api/camera.c \
	lib/api/camera_list.c \
	lib/api/census.c lib/api/census.h \
	lib/api/codec.c lib/api/codec.h \
	lib/api/config.c lib/api/config.h \
	lib/api/context.c lib/api/context.h \
	lib/api/converter_config.c lib/api/converter_config.h \
	lib/api/device_list.c \
	lib/api/display_size.c lib/api/display_size.h \
	lib/api/encoded_video_chunk.c \
	lib/api/error.c \
	lib/api/frame_cache.c \
	lib/api/memory.c lib/api/memory.h \
	lib/api/housekeeping.c lib/api/housekeeping.h \
	lib/api/pressure.c lib/api/pressure.h \
	lib/api/usage.c \
	lib/api/version.c \
	lib/api/video_converter.c \
	lib/api/video_decoder.c \
	lib/api/video_encoder.c \
	lib/api/video_frame.c
