# SPDX-License-Identifier: MIT
# libFuzzer targets, one for each parser: configure with --enable-fuzzing, CC=clang and
# --with-sanitizer=address,undefined, then `make fuzzers` and run one by hand or by scripts/test.
EXTRA_DIST += tests/fuzz/fuzz.h
if ENABLE_FUZZING
FUZZERS = \
	tests/fuzz/fuzz_av1 \
	tests/fuzz/fuzz_avcc \
	tests/fuzz/fuzz_codec_string \
	tests/fuzz/fuzz_fwht \
	tests/fuzz/fuzz_h264 \
	tests/fuzz/fuzz_hevc \
	tests/fuzz/fuzz_hvcc \
	tests/fuzz/fuzz_mjpeg \
	tests/fuzz/fuzz_nal_framing \
	tests/fuzz/fuzz_post \
	tests/fuzz/fuzz_vp8 \
	tests/fuzz/fuzz_vp9
EXTRA_PROGRAMS += $(FUZZERS)
CLEANFILES += $(FUZZERS)

tests_fuzz_fuzz_av1_SOURCES = tests/fuzz/fuzz_av1.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_av1_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_av1_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_avcc_SOURCES = tests/fuzz/fuzz_avcc.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_avcc_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_avcc_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_codec_string_SOURCES = tests/fuzz/fuzz_codec_string.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_codec_string_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_codec_string_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_fwht_SOURCES = tests/fuzz/fuzz_fwht.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_fwht_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_fwht_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_h264_SOURCES = tests/fuzz/fuzz_h264.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_h264_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_h264_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_hevc_SOURCES = tests/fuzz/fuzz_hevc.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_hevc_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_hevc_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_hvcc_SOURCES = tests/fuzz/fuzz_hvcc.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_hvcc_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_hvcc_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_mjpeg_SOURCES = tests/fuzz/fuzz_mjpeg.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_mjpeg_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_mjpeg_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_nal_framing_SOURCES = tests/fuzz/fuzz_nal_framing.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_nal_framing_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_nal_framing_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_post_SOURCES = tests/fuzz/fuzz_post.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_post_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_post_LDADD = lib/libbudget.la lib/libutil.la
tests_fuzz_fuzz_vp8_SOURCES = tests/fuzz/fuzz_vp8.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_vp8_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_vp8_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_vp9_SOURCES = tests/fuzz/fuzz_vp9.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_vp9_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_vp9_LDADD = $(FUZZ_LDADD)

FUZZ_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
FUZZ_LDADD = lib/libbitstream.la lib/libutil.la

.PHONY: fuzzers print-fuzzers
fuzzers: $(FUZZERS)
print-fuzzers:
	@echo $(FUZZERS)
else
EXTRA_DIST += \
	tests/fuzz/fuzz_av1.c \
	tests/fuzz/fuzz_avcc.c \
	tests/fuzz/fuzz_codec_string.c \
	tests/fuzz/fuzz_fwht.c \
	tests/fuzz/fuzz_h264.c \
	tests/fuzz/fuzz_hevc.c \
	tests/fuzz/fuzz_hvcc.c \
	tests/fuzz/fuzz_mjpeg.c \
	tests/fuzz/fuzz_nal_framing.c \
	tests/fuzz/fuzz_post.c \
	tests/fuzz/fuzz_vp8.c \
	tests/fuzz/fuzz_vp9.c
endif
