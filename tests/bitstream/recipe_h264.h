/* SPDX-License-Identifier: MIT */
/* Hand-made parameter sets of H.264, for what encoders do not write. */
#ifndef WC_TESTS_BITSTREAM_RECIPE_H264_H
#define WC_TESTS_BITSTREAM_RECIPE_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A hand-made SPS: what differs from the plain one. */
struct h264_recipe {
	unsigned id;
	uint8_t profile, constraints, level;
	unsigned chroma_format;
	bool separate_planes, scaling_lists;
	unsigned poc_type;
	bool interlaced;
	uint32_t width_mbs, height_units;
	bool crop;
	uint32_t left, right, top, bottom;
	bool vui, hrd, restriction;
	uint32_t reorder, buffering;
	unsigned vui_bits_lost;
	/* Added to values that are valid with 0. */
	unsigned more_frame_num, more_depth, more_cycle, more_refs, more_cpbs;
	int more_scale;
};

/* Write the NAL unit with the SPS to dst, of 768 bytes; returns its size. */
size_t h264_cook_sps(const struct h264_recipe *recipe, uint8_t *dst);

/* The same for the beginning of a PPS. */
size_t h264_cook_pps(unsigned id, unsigned sps_id, uint8_t *dst);

#endif
