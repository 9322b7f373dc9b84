/* SPDX-License-Identifier: MIT */
/* H.264 (ITU-T H.264, ISO/IEC 14496-10): parameter sets and what an access unit contains. */
#ifndef WC_BITSTREAM_H264_H
#define WC_BITSTREAM_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/codec_string.h"
#include "bitstream/nal.h"
#include "bitstream/sample_format.h"
#include "bitstream/vui.h"

/* Sequence parameter set, section 7.4.2.1.1. */
struct h264_sps {
	uint8_t profile;                        /* profile_idc */
	uint8_t constraints;                    /* the byte with constraint_set0_flag on top */
	uint8_t level;                          /* level_idc */
	unsigned id;                            /* 0..31 */
	unsigned chroma_format;                 /* chroma_format_idc, 0..3 */
	bool separate_planes;
	unsigned bit_depth_luma;
	unsigned bit_depth_chroma;
	unsigned poc_type;
	unsigned max_ref_frames;                /* max_num_ref_frames */
	bool frame_mbs_only;
	uint32_t coded_width, coded_height;     /* whole macroblocks, of a frame */
	struct picture_rect visible;            /* the cropping rectangle */
	bool has_vui;                           /* and it is whole; the rest is from there */
	struct vui_display display;
	bool has_bitstream_restriction;
	unsigned max_reorder_frames;            /* with the former only */
	unsigned max_dec_frame_buffering;
};

/* Parse a NAL unit with an SPS, header byte included. 0 or -EINVAL. */
int h264_sps_parse(const uint8_t *data, size_t size, struct h264_sps *out);

/*
 * Frames that a decoder may have to keep back to give them out in order: as the SPS says, or else
 * the most that profile and level allow.
 */
unsigned h264_sps_max_reorder(const struct h264_sps *sps);

/* Fill in the codec string (avc1) for the SPS. */
void h264_sps_codec_string(const struct h264_sps *sps, struct codec_string *out);

/* Level 1b hides behind level_idc 9 or 11, depending on the profile (section A.3). */
bool h264_level_is_1b(unsigned profile_idc, unsigned constraints, unsigned level_idc);

/* What ties a picture parameter set to its SPS. */
struct h264_pps_ids {
	unsigned id;                            /* 0..255 */
	unsigned sps_id;                        /* 0..31 */
};

int h264_pps_parse_ids(const uint8_t *data, size_t size, struct h264_pps_ids *out);

/* What an access unit contains. */
struct h264_access_unit {
	bool has_picture;                       /* at least one slice */
	bool idr;
	bool intra;                             /* all slices are I slices */
	bool recovery_point;                    /* there is a recovery point SEI message */
	/* All parameter sets that the slices need come before them in the access unit. */
	bool self_contained;
	/*
	 * The SPS of the first slice if it is in the access unit, else the first SPS there; NULL
	 * and 0 without one. Points into the data.
	 */
	struct nal sps;
};

/* Walk over an access unit with an iterator of either framing. 0 or -EINVAL. */
int h264_access_unit_inspect(struct nal_iter *iter, struct h264_access_unit *out);

#endif
