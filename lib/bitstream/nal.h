/* SPDX-License-Identifier: MIT */
/*
 * NAL units, the pieces of H.264 and HEVC streams, in their two framings:
 * - Annex B: a start code (00 00 01, any number of zeros before it) in front of each;
 * - lengths: each behind its size in 1, 2 or 4 bytes, big endian (ISO/IEC 14496-15).
 */
#ifndef WC_BITSTREAM_NAL_H
#define WC_BITSTREAM_NAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"

/* One NAL unit with its header byte(s), without framing. Points into the data it was found in. */
struct nal {
	const uint8_t *data;
	size_t size;            /* at least 1 from an iterator */
};

/* Walks over the NAL units of a piece of data, in order. Fields are private. */
struct nal_iter {
	const uint8_t *data;
	size_t size;
	size_t pos;
	unsigned length_size;   /* 0: Annex B */
};

/* data may hold any number of NAL units, each whole; the last ends where the data ends. */
void nal_iter_init_annexb(struct nal_iter *iter, const uint8_t *data, size_t size);

/* 0, or -EINVAL when length_size is not 1, 2 or 4. */
int nal_iter_init_lengths(struct nal_iter *iter, unsigned length_size, const uint8_t *data,
			  size_t size);

/*
 * The next NAL unit. 1: *nal is set. 0: there is none any more. -EINVAL: the framing is broken
 * here (a length beyond the end; Annex B data that does not begin with a start code).
 * Empty NAL units are passed over: neither framing allows them, some writers make them.
 */
int nal_iter_next(struct nal_iter *iter, struct nal *nal);

/* H.264, table 7-1. */
enum h264_nal_type {
	H264_NAL_SLICE = 1,
	H264_NAL_SLICE_DPA = 2,
	H264_NAL_IDR = 5,
	H264_NAL_SEI = 6,
	H264_NAL_SPS = 7,
	H264_NAL_PPS = 8,
	H264_NAL_AUD = 9,
	H264_NAL_SPS_EXT = 13,
	H264_NAL_SUBSET_SPS = 15,
};

/* HEVC, table 7-1. */
enum hevc_nal_type {
	HEVC_NAL_SLICE_MAX = 9,         /* 0..9: slices that are no random access point */
	HEVC_NAL_BLA_W_LP = 16,
	HEVC_NAL_IDR_W_RADL = 19,
	HEVC_NAL_IDR_N_LP = 20,
	HEVC_NAL_CRA = 21,
	HEVC_NAL_IRAP_MAX = 23,         /* 16..23: intra random access point pictures */
	HEVC_NAL_VPS = 32,
	HEVC_NAL_SPS = 33,
	HEVC_NAL_PPS = 34,
	HEVC_NAL_AUD = 35,
	HEVC_NAL_SEI_PREFIX = 39,
	HEVC_NAL_SEI_SUFFIX = 40,
};

/* nal_unit_type of a NAL unit; codec is H.264 or HEVC. */
unsigned nal_type(enum video_codec codec, const struct nal *nal);

bool nal_is_parameter_set(enum video_codec codec, unsigned type);
bool nal_is_access_unit_delimiter(enum video_codec codec, unsigned type);

#endif
