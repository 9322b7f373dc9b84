# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/bitstream/test_bitstream
TESTS += tests/bitstream/test_bitstream

tests_bitstream_test_bitstream_SOURCES = \
	tests/bitstream/recipe_h264.c \
	tests/bitstream/recipe_h264.h \
	tests/bitstream/recipe_hevc.c \
	tests/bitstream/recipe_hevc.h \
	tests/bitstream/suites.h \
	tests/bitstream/support.c \
	tests/bitstream/support.h \
	tests/bitstream/test_av1.c \
	tests/bitstream/test_avcc.c \
	tests/bitstream/test_bits.c \
	tests/bitstream/test_bitstream.c \
	tests/bitstream/test_codec_string.c \
	tests/bitstream/test_chunk_info.c \
	tests/bitstream/test_fwht.c \
	tests/bitstream/test_h264.c \
	tests/bitstream/test_hevc.c \
	tests/bitstream/test_hvcc.c \
	tests/bitstream/test_mjpeg.c \
	tests/bitstream/test_nal.c \
	tests/bitstream/test_nal_framing.c \
	tests/bitstream/test_vp8.c \
	tests/bitstream/test_vp9.c \
	tests/bitstream/vectors/av1.h \
	tests/bitstream/vectors/fwht.h \
	tests/bitstream/vectors/h264.h \
	tests/bitstream/vectors/hevc.h \
	tests/bitstream/vectors/mjpeg.h \
	tests/bitstream/vectors/vector.h \
	tests/bitstream/vectors/vp8.h \
	tests/bitstream/vectors/vp9.h
tests_bitstream_test_bitstream_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/bitstream
tests_bitstream_test_bitstream_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_bitstream_test_bitstream_LDADD = lib/libbitstream.la lib/libutil.la $(CHECK_LIBS)

EXTRA_DIST += \
	tests/bitstream/vectors/README.md \
	tests/bitstream/vectors/encode_fwht.c \
	tests/bitstream/vectors/make_vectors.py
