/* SPDX-License-Identifier: MIT */
/*
 * Codec strings: the name of a codec with its profile and level, as WebCodecs wants them.
 *
 * Authorities: the W3C WebCodecs Codec Registry and its registrations; RFC 6381 section 3.4
 * (avc1, avc3); ISO/IEC 14496-15 annex E (hev1, hvc1); "VP Codec ISO Media File Format Binding"
 * (vp09); "AV1 Codec ISO Media File Format Binding" section 5 (av01). "mjpeg" and "fwht" are names
 * of this library for what cameras and the kernel's test codec produce.
 */
#ifndef WC_BITSTREAM_CODEC_STRING_H
#define WC_BITSTREAM_CODEC_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"
#include "bitstream/sample_format.h"

/* Room for every codec string that codec_string_format() makes, with its NUL. */
#define CODEC_STRING_MAX 64

/* Everything is zero that the codec does not have. */
struct codec_string {
	enum video_codec codec;
	/* avc3, hev1: parameter sets may also be in the chunks. */
	bool in_band_parameter_sets;
	/* H.264 profile_idc, HEVC general_profile_idc, VP9 profile, AV1 seq_profile. */
	int profile;
	/*
	 * H.264: level_idc (31 is level 3.1; for 1b see h264_level_is_1b()). HEVC:
	 * general_level_idc (93 is 3.1). VP9: 31 is level 3.1. AV1: seq_level_idx (5 is 3.1, 31 is
	 * "no limits").
	 */
	int level;
	/* 1: HEVC or AV1 high tier. */
	int tier;
	/* Bits of a sample; the most that the profile allows where the string does not say. */
	int bit_depth;
	/*
	 * HEVC: the six bytes that begin with general_progressive_source_flag. H.264: the first is
	 * the byte with constraint_set0_flag on top.
	 */
	uint8_t constraints[6];
	/* HEVC general_profile_compatibility_flags, flag 0 in the most significant bit. */
	uint32_t profile_compatibility;
	/*
	 * H.264 and HEVC: the richest that the profile and HEVC's constraint flags allow.
	 * CHROMA_UNKNOWN: the string leaves it open.
	 */
	enum chroma chroma_subsampling;
	/* With CHROMA_420. VP9: 0 vertical, 1 colocated. AV1: chroma_sample_position. */
	int chroma_sample_position;
	/*
	 * VP9 and AV1. Unknown where the string does not say: the defaults are not filled in. What
	 * is made from a stream has it for every codec.
	 */
	struct color_description color;
};

/*
 * Read a codec string. 0, or -EINVAL when it is not one: malformed, a codec that is not
 * registered, reserved values, values that contradict each other, or not enough to know what is
 * meant ("vp9", "avc1"). Strict: no spaces, no other case, no other number of digits. *out is
 * untouched on error.
 *
 * One kindness: the specifications of VP9 and AV1 make their optional fields all or none, but the
 * Web Platform Tests and applications end strings after the chroma subsampling
 * ("vp09.01.10.08.03"). That form is taken too.
 */
int codec_string_parse(const char *s, struct codec_string *out);

/*
 * Write the string for cs to dst, NUL-terminated. 0; -ENOSPC when capacity does not hold it
 * (CODEC_STRING_MAX always does); -EINVAL when cs describes nothing that codec_string_parse()
 * would take (VP9 with 4:4:0 has no string). VP9 and AV1: optional fields are left out when they
 * all have their defaults or are unknown. dst is untouched on error.
 */
int codec_string_format(const struct codec_string *cs, char *dst, size_t capacity);

#endif
