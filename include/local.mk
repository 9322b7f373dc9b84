# SPDX-License-Identifier: MIT
webcodecsdir = $(includedir)/webcodecs
webcodecs_HEADERS = \
	include/webcodecs/budget.h \
	include/webcodecs/camera.h \
	include/webcodecs/census.h \
	include/webcodecs/codec.h \
	include/webcodecs/context.h \
	include/webcodecs/device.h \
	include/webcodecs/encoded_video_chunk.h \
	include/webcodecs/error.h \
	include/webcodecs/frame_cache.h \
	include/webcodecs/memory.h \
	include/webcodecs/pressure.h \
	include/webcodecs/scope.h \
	include/webcodecs/video_converter.h \
	include/webcodecs/video_decoder.h \
	include/webcodecs/video_encoder.h \
	include/webcodecs/video_frame.h \
	include/webcodecs/webcodecs.h
nodist_webcodecs_HEADERS = include/webcodecs/version.h
