/* SPDX-License-Identifier: MIT */
/* HEVC (ITU-T H.265, ISO/IEC 23008-2): parameter sets and what an access unit contains. */
#ifndef WC_BITSTREAM_HEVC_H
#define WC_BITSTREAM_HEVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/codec_string.h"
#include "bitstream/nal.h"
#include "bitstream/sample_format.h"
#include "bitstream/vui.h"

/* The general part of profile_tier_level(), section 7.3.3. */
struct hevc_profile_tier_level {
	uint8_t profile_space;
	uint8_t tier;
	uint8_t profile;
	uint32_t compatibility;         /* flag 0 in the most significant bit */
	uint8_t constraints[6];         /* from general_progressive_source_flag on */
	uint8_t level;                  /* general_level_idc */
};

/* Sequence parameter set, section 7.3.2.2. */
struct hevc_sps {
	unsigned vps_id;                        /* 0..15 */
	unsigned id;                            /* 0..15 */
	unsigned temporal_layers;               /* sps_max_sub_layers_minus1 + 1, 1..7 */
	bool temporal_id_nested;
	struct hevc_profile_tier_level ptl;
	unsigned chroma_format;                 /* chroma_format_idc, 0..3 */
	bool separate_planes;
	unsigned bit_depth_luma;
	unsigned bit_depth_chroma;
	uint32_t coded_width, coded_height;
	struct picture_rect visible;            /* the conformance window */
	/* Of the highest temporal layer. */
	unsigned max_dec_pic_buffering;         /* for stateless decoders */
	unsigned max_reorder_pics;              /* sps_max_num_reorder_pics */
	bool has_vui;                           /* and it is whole; the rest is from there */
	struct vui_display display;
	unsigned min_spatial_segmentation;      /* min_spatial_segmentation_idc, 0 without VUI */
};

/* Parse a NAL unit with an SPS of the base layer, header bytes included. 0 or -EINVAL. */
int hevc_sps_parse(const uint8_t *data, size_t size, struct hevc_sps *out);

/* Fill in the codec string (hvc1) for the SPS. */
void hevc_sps_codec_string(const struct hevc_sps *sps, struct codec_string *out);

/* vps_video_parameter_set_id of a NAL unit with a VPS; -EINVAL. */
int hevc_vps_parse_id(const uint8_t *data, size_t size);

/* The beginning of a picture parameter set, section 7.3.2.3. */
struct hevc_pps {
	unsigned id;                            /* 0..63 */
	unsigned sps_id;                        /* 0..15 */
	bool tiles;                             /* tiles_enabled_flag */
	bool entropy_sync;                      /* entropy_coding_sync_enabled_flag */
};

int hevc_pps_parse(const uint8_t *data, size_t size, struct hevc_pps *out);

/* What an access unit contains in its base layer. */
struct hevc_access_unit {
	bool has_picture;                       /* at least one slice segment */
	bool irap;                              /* IDR, CRA or BLA picture */
	/* All parameter sets that the slices need come before them in the access unit. */
	bool self_contained;
	/*
	 * The SPS of the first slice if it is in the access unit, else the first SPS there; NULL
	 * and 0 without one. Points into the data.
	 */
	struct nal sps;
};

/* Walk over an access unit with an iterator of either framing. 0 or -EINVAL. */
int hevc_access_unit_inspect(struct nal_iter *iter, struct hevc_access_unit *out);

#endif
