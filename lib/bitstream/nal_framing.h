/* SPDX-License-Identifier: MIT */
/*
 * Change the framing of H.264 and HEVC access units: Annex B to lengths and back.
 *
 * Each conversion has a function that tells the exact size of its result and one that writes it,
 * so that a caller can have it written straight into its own (device) buffer. The content of the
 * NAL units is copied as it is. Source and destination must not overlap.
 */
#ifndef WC_BITSTREAM_NAL_FRAMING_H
#define WC_BITSTREAM_NAL_FRAMING_H

#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"

/* Lengths to Annex B. */
struct annexb_conversion {
	enum video_codec codec;         /* H.264 or HEVC */
	unsigned length_size;           /* of the source: 1, 2 or 4 bytes */
	/*
	 * Annex B data to put in front, for key frames: the parameter sets from the record, made
	 * with avcc_to_annexb_write() or hvcc_to_annexb_write(). It goes behind an access unit
	 * delimiter, which has to stay first. NULL and 0: nothing.
	 */
	const uint8_t *prefix;
	size_t prefix_size;
};

/*
 * Both: 0, or -EINVAL when the source is broken or length_size impossible. *size becomes the
 * number of bytes of the result. write: -ENOSPC when capacity is less; dst then has no meaning.
 * All start codes have four bytes.
 */
int annexb_from_lengths_size(const struct annexb_conversion *conversion, const uint8_t *data,
			     size_t data_size, size_t *size);
int annexb_from_lengths_write(const struct annexb_conversion *conversion, const uint8_t *data,
			      size_t data_size, uint8_t *dst, size_t capacity, size_t *size);

enum nal_drop {
	NAL_DROP_NOTHING = 0,
	NAL_DROP_PARAMETER_SETS = 1 << 0,       /* VPS, SPS, SPS extension, PPS */
	NAL_DROP_DELIMITERS = 1 << 1,           /* access unit delimiters */
};

/* Annex B to lengths. */
struct lengths_conversion {
	enum video_codec codec;         /* H.264 or HEVC */
	unsigned length_size;           /* of the result: 1, 2 or 4 bytes */
	unsigned drop;                  /* enum nal_drop, or-ed */
};

/* As above; -EINVAL also when a NAL unit is too large for length_size. */
int lengths_from_annexb_size(const struct lengths_conversion *conversion, const uint8_t *data,
			     size_t data_size, size_t *size);
int lengths_from_annexb_write(const struct lengths_conversion *conversion, const uint8_t *data,
			      size_t data_size, uint8_t *dst, size_t capacity, size_t *size);

#endif
