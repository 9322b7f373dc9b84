/* SPDX-License-Identifier: MIT */
/*
 * HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 8.3.3.1: the WebCodecs description of
 * HEVC in "hevc" format.
 */
#ifndef WC_BITSTREAM_HVCC_H
#define WC_BITSTREAM_HVCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/nal.h"

/* Points into the record it was parsed from, which must stay while this is used. */
struct hvcc {
	uint8_t profile_space;
	uint8_t tier;                           /* 1: high */
	uint8_t profile;                        /* general_profile_idc */
	uint32_t profile_compatibility;         /* flag 0 in the most significant bit */
	uint8_t constraints[6];
	uint8_t level;                          /* general_level_idc */
	uint16_t min_spatial_segmentation;
	unsigned chroma_format;                 /* chroma_format_idc, 0..3 */
	unsigned bit_depth_luma;
	unsigned bit_depth_chroma;
	unsigned temporal_layers;               /* 0: unknown */
	bool temporal_id_nested;
	unsigned length_size;                   /* of the chunks: 1, 2 or 4 */
	unsigned n_nals;                        /* in all arrays */
	/* Private: the arrays, checked. Use struct hvcc_iter. */
	const uint8_t *arrays;
	unsigned n_arrays;
};

/*
 * 0; -EINVAL when the record is broken: truncated, another version, 3-byte lengths, an array with
 * a NAL unit of another type. A record without parameter sets is whole (hev1 has such). Bytes
 * behind the record are ignored.
 */
int hvcc_parse(const uint8_t *data, size_t size, struct hvcc *out);

/* Walks over all NAL units of a record in their order. Fields are private. */
struct hvcc_iter {
	const uint8_t *pos;
	unsigned arrays_left;
	unsigned nals_left;
};

void hvcc_iter_init(struct hvcc_iter *iter, const struct hvcc *hvcc);

/* The next NAL unit, of whatever type (nal_type() tells); false: there is none any more. */
bool hvcc_iter_next(struct hvcc_iter *iter, struct nal *nal);

/* As avcc_to_annexb_*(): all NAL units of the record. */
int hvcc_to_annexb_size(const struct hvcc *hvcc, size_t *size);
int hvcc_to_annexb_write(const struct hvcc *hvcc, uint8_t *dst, size_t capacity, size_t *size);

/* As avcc_from_annexb_*(): VPS, SPS and PPS must be there. The arrays are marked complete. */
int hvcc_from_annexb_size(const uint8_t *data, size_t data_size, size_t *size);
int hvcc_from_annexb_write(const uint8_t *data, size_t data_size, uint8_t *dst, size_t capacity,
			   size_t *size);

#endif
