/* SPDX-License-Identifier: MIT */
/* What can be known about a chunk, or a decoder description, without decoding: for all codecs. */
#ifndef WC_BITSTREAM_CHUNK_INFO_H
#define WC_BITSTREAM_CHUNK_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"
#include "bitstream/codec_string.h"
#include "bitstream/sample_format.h"

struct chunk_info {
	/*
	 * A key chunk in the sense of the WebCodecs registrations: decoding can begin with it.
	 * H.264 and HEVC in Annex B must have all parameter sets that their slices need in the
	 * chunk; with lengths these are in the description.
	 */
	bool is_key;
	/* The picture can be decoded without others, be the parameter sets there or not. */
	bool is_random_access;
	/*
	 * The chunk describes the stream: it has a sequence header or parameter set, or the codec
	 * has it in each (key) frame. If not, all that follows is zero or unknown. Sizes, aspect
	 * and samples are kept for stateless decoders, whose drivers do not parse streams.
	 */
	bool has_format;
	uint32_t coded_width, coded_height;
	struct picture_rect visible;            /* part of the coded picture that is to be shown */
	/* Sample aspect ratio; 0:0 unknown. */
	uint32_t sar_width, sar_height;
	unsigned bit_depth;                     /* of luma; 0: unknown */
	enum chroma chroma;
	struct color_description color;
	/*
	 * The most frames that may have to be kept back until they are shown in order; -1: unknown.
	 * H.264 and HEVC.
	 */
	int max_reorder;
	/*
	 * Profile and level of what is in the chunk, ready for codec_string_format(). The level of
	 * VP9, which streams do not tell, is the least that fits the picture size.
	 */
	struct codec_string codec;
};

/*
 * Inspect one chunk: one access unit, frame or temporal unit. length_prefixed and length_size
 * count for H.264 and HEVC only: false and 0 for Annex B. 0; -EINVAL when the data is broken where
 * it had to be read (an empty chunk is); -ENOTSUP for what this library does not know:
 * VIDEO_CODEC_NONE, VP8 with a reserved version, later FWHT versions.
 */
int chunk_inspect(enum video_codec codec, bool length_prefixed, unsigned length_size,
		  const uint8_t *data, size_t size, struct chunk_info *out);

/*
 * Inspect an avcC or hvcC record. *length_size becomes that of the chunks; *out says what the
 * parameter sets in the record say (is_key and is_random_access are false). 0; -EINVAL when the
 * record or its first SPS is broken; -ENOTSUP when the codec has no such record.
 */
int description_inspect(enum video_codec codec, const uint8_t *data, size_t size,
			unsigned *length_size, struct chunk_info *out);

#endif
