/* SPDX-License-Identifier: MIT */
/*
 * AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3.1: the WebCodecs description of
 * H.264 in "avc" format.
 */
#ifndef WC_BITSTREAM_AVCC_H
#define WC_BITSTREAM_AVCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/nal.h"

/*
 * NAL units behind 2-byte lengths, checked, none empty. Walk over them with
 * nal_iter_init_lengths(&iter, 2, list.data, list.size).
 */
struct nal_list {
	const uint8_t *data;
	size_t size;            /* bytes, lengths included */
	unsigned count;
};

/* Points into the record it was parsed from, which must stay while this is used. */
struct avcc {
	uint8_t profile;                /* profile_idc */
	uint8_t constraints;            /* constraint_set flags */
	uint8_t level;                  /* level_idc */
	unsigned length_size;           /* of the chunks: 1, 2 or 4 */
	struct nal_list sps;
	struct nal_list pps;
	/* The rest exists in records of the High profiles, and there not always. */
	unsigned chroma_format;         /* chroma_format_idc, 0..3 */
	unsigned bit_depth_luma;        /* 0: the rest is not there */
	unsigned bit_depth_chroma;
	struct nal_list sps_ext;
};

/*
 * 0; -EINVAL when the record is broken: truncated, another version, 3-byte lengths, a list with
 * another kind of NAL unit. A record without parameter sets is whole (avc3 has such).
 * Bytes behind the record are ignored, as the standard asks.
 */
int avcc_parse(const uint8_t *data, size_t size, struct avcc *out);

/*
 * The parameter sets of a record in Annex B form: SPS, SPS extension, PPS. *size becomes the
 * number of bytes. 0; write: -ENOSPC when capacity is less.
 */
int avcc_to_annexb_size(const struct avcc *avcc, size_t *size);
int avcc_to_annexb_write(const struct avcc *avcc, uint8_t *dst, size_t capacity, size_t *size);

/*
 * The record, with 4-byte lengths, for the parameter sets found in Annex B data. Of those with
 * the same id the last counts. *size becomes the number of bytes. 0; -EINVAL when the data is
 * broken, has no SPS or no PPS, an SPS that cannot be parsed, or more than a record can hold;
 * write: -ENOSPC when capacity is less.
 */
int avcc_from_annexb_size(const uint8_t *data, size_t data_size, size_t *size);
int avcc_from_annexb_write(const uint8_t *data, size_t data_size, uint8_t *dst, size_t capacity,
			   size_t *size);

#endif
