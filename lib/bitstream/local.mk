# SPDX-License-Identifier: MIT
noinst_LTLIBRARIES += lib/libbitstream.la

lib_libbitstream_la_SOURCES = \
	lib/bitstream/av1.c \
	lib/bitstream/av1.h \
	lib/bitstream/avcc.c \
	lib/bitstream/avcc.h \
	lib/bitstream/bits.c \
	lib/bitstream/bits.h \
	lib/bitstream/codec_string.c \
	lib/bitstream/codec_string.h \
	lib/bitstream/chunk_info.c \
	lib/bitstream/chunk_info.h \
	lib/bitstream/fwht.c \
	lib/bitstream/fwht.h \
	lib/bitstream/h264.c \
	lib/bitstream/h264.h \
	lib/bitstream/hevc.c \
	lib/bitstream/hevc.h \
	lib/bitstream/hvcc.c \
	lib/bitstream/hvcc.h \
	lib/bitstream/mjpeg.c \
	lib/bitstream/mjpeg.h \
	lib/bitstream/nal.c \
	lib/bitstream/nal.h \
	lib/bitstream/nal_framing.c \
	lib/bitstream/nal_framing.h \
	lib/bitstream/sample_format.h \
	lib/bitstream/vp8.c \
	lib/bitstream/vp8.h \
	lib/bitstream/vp9.c \
	lib/bitstream/vp9.h \
	lib/bitstream/vui.c \
	lib/bitstream/vui.h
