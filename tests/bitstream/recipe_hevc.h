/* SPDX-License-Identifier: MIT */
/* Hand-made parameter sets of HEVC, for what encoders do not write. */
#ifndef WC_TESTS_BITSTREAM_RECIPE_HEVC_H
#define WC_TESTS_BITSTREAM_RECIPE_HEVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the reference picture sets behind the first are written. */
enum {
	INTER_NONE,
	INTER_FORWARD,
	INTER_BACKWARD,
};

/* A hand-made SPS: what differs from the plain one. */
struct hevc_recipe {
	unsigned sub_layers_minus1;
	unsigned chroma_format;
	uint32_t width, height;
	bool window;
	uint32_t left, right, top, bottom;
	bool scaling_lists, pcm, long_term;
	unsigned n_sets;
	int inter;
	uint32_t first_negative, first_positive;
	bool vui, hrd, sub_pic_hrd;
	uint32_t segmentation;
	unsigned vui_bits_lost;
	unsigned depth_minus8;
	unsigned log2_min_cb_minus3;
	uint32_t reorder;
	/* Added to values that are valid with 0. */
	unsigned more_poc_lsb, more_step, more_magnitude, more_long_term, more_cpbs;
	unsigned layer;
};

/* Write the NAL unit with the SPS (id 5, of VPS 2) to dst, of 768 bytes; returns its size. */
size_t hevc_cook_sps(const struct hevc_recipe *recipe, uint8_t *dst);

/* The same for a PPS of that SPS. */
size_t hevc_cook_pps(unsigned id, bool tiles, bool entropy_sync, uint8_t *dst);

#endif
