/* SPDX-License-Identifier: MIT */
#include "bitstream/nal.h"
#include "recipe_hevc.h"
#include "support.h"

static void put_profile(struct bit_writer *bw)
{
	put_bits(bw, 8, 0x21);          /* profile space 0, high tier, profile 1 */
	put_bits(bw, 32, 0x60000000);
	put_bits(bw, 32, 0xb0000000);
	put_bits(bw, 16, 0);
}

static void put_ptl(struct bit_writer *bw, unsigned sub_layers_minus1)
{
	put_profile(bw);
	put_bits(bw, 8, 120);
	for (unsigned i = 0; i < sub_layers_minus1; i++)
		put_bits(bw, 2, i % 4);
	if (sub_layers_minus1)
		put_bits(bw, 2 * (8 - sub_layers_minus1), 0);
	for (unsigned i = 0; i < sub_layers_minus1; i++) {
		if (i & 2)              /* sub_layer_profile_present_flag */
			put_profile(bw);
		if (i & 1)
			put_bits(bw, 8, 93);
	}
}

static void put_scaling_lists(struct bit_writer *bw)
{
	for (unsigned size_id = 0; size_id < 4; size_id++)
		for (unsigned matrix = 0; matrix < 6; matrix += size_id == 3 ? 3 : 1) {
			bool coded = (size_id + matrix) % 2;

			put_bits(bw, 1, coded);
			if (!coded) {
				put_ue(bw, 0);
				continue;
			}
			if (size_id > 1)
				put_se(bw, 8);
			for (unsigned i = 0; i < (size_id ? 64 : 16); i++)
				put_se(bw, i % 2 ? -1 : 1);
		}
}

static void put_explicit_set(struct bit_writer *bw, uint32_t negative, uint32_t positive,
			     unsigned more_step)
{
	put_ue(bw, negative);
	put_ue(bw, positive);
	for (uint32_t i = 0; i < negative + positive; i++) {
		put_ue(bw, i % 2 + more_step);
		put_bits(bw, 1, i & 1);
	}
}

/*
 * Sets -1 -3 +1, then predicted ones. Forward, delta -1: -1-1, -3-1, 1-1 (which is the picture
 * itself and falls out), -1: three. Backward, delta +2: 1+2, -1+2, -3+2, +2: four.
 */
static void put_inter_set(struct bit_writer *bw, const struct hevc_recipe *recipe,
			  unsigned n_ref)
{
	put_bits(bw, 1, 1);             /* inter_ref_pic_set_prediction_flag */
	put_bits(bw, 1, recipe->inter == INTER_FORWARD);
	put_ue(bw, (recipe->inter == INTER_FORWARD ? 0 : 1) + recipe->more_magnitude);
	for (unsigned i = 0; i <= n_ref; i++)
		if (i % 2)
			put_bits(bw, 2, 1);     /* not used now, but kept */
		else
			put_bits(bw, 1, 1);
}

/* Pictures in the set before the one with this index. */
static unsigned count_before(const struct hevc_recipe *recipe, unsigned index)
{
	if (index == 1)
		return recipe->first_negative + recipe->first_positive;
	return recipe->inter == INTER_FORWARD ? 3 : 4;
}

static void put_sets(struct bit_writer *bw, const struct hevc_recipe *recipe)
{
	put_ue(bw, recipe->n_sets);
	for (unsigned i = 0; i < recipe->n_sets; i++) {
		if (!i) {
			put_explicit_set(bw, recipe->first_negative, recipe->first_positive,
					 recipe->more_step);
		} else if (recipe->inter == INTER_NONE) {
			put_bits(bw, 1, 0);
			put_explicit_set(bw, i % 4, i % 3, 0);
		} else {
			put_inter_set(bw, recipe, count_before(recipe, i));
		}
	}
}

static void put_hrd(struct bit_writer *bw, const struct hevc_recipe *recipe)
{
	put_bits(bw, 2, 3);             /* NAL and VCL parameters */
	put_bits(bw, 1, recipe->sub_pic_hrd);
	if (recipe->sub_pic_hrd)
		put_bits(bw, 19, 0x12345);
	put_bits(bw, 8, 0x44);
	if (recipe->sub_pic_hrd)
		put_bits(bw, 4, 5);
	put_bits(bw, 15, 0x5ad7);
	for (unsigned i = 0; i <= recipe->sub_layers_minus1; i++) {
		unsigned cpbs = i % 3 == 2 ? 1 : 2;

		if (i % 3 == 0) {
			put_bits(bw, 1, 1);     /* fixed_pic_rate_general_flag */
			put_ue(bw, 7);
			put_ue(bw, 1 + recipe->more_cpbs);
		} else if (i % 3 == 1) {
			put_bits(bw, 2, 1);     /* fixed_pic_rate_within_cvs_flag */
			put_ue(bw, 7);
			put_ue(bw, 1);
		} else {
			put_bits(bw, 3, 1);     /* low_delay_hrd_flag */
		}
		for (unsigned k = 0; k < 2 * cpbs; k++) {
			put_ue(bw, 1000);
			put_ue(bw, 2000);
			if (recipe->sub_pic_hrd) {
				put_ue(bw, 10);
				put_ue(bw, 20);
			}
			put_bits(bw, 1, 1);
		}
	}
}

static void put_vui(struct bit_writer *bw, const struct hevc_recipe *recipe)
{
	put_bits(bw, 1, 1);             /* aspect_ratio_info_present_flag */
	put_bits(bw, 8, 14);
	put_bits(bw, 1, 0);
	put_bits(bw, 1, 1);
	put_bits(bw, 3, 5);
	put_bits(bw, 1, 1);             /* full range */
	put_bits(bw, 1, 1);
	put_bits(bw, 24, 0x091209);
	put_bits(bw, 1, 1);             /* chroma_loc_info_present_flag */
	put_ue(bw, 2);
	put_ue(bw, 2);
	put_bits(bw, 3, 2);
	put_bits(bw, 1, 1);             /* default_display_window_flag */
	for (unsigned i = 0; i < 4; i++)
		put_ue(bw, i);
	put_bits(bw, 1, 1);             /* timing */
	put_bits(bw, 32, 1001);
	put_bits(bw, 32, 30000);
	put_bits(bw, 1, 1);
	put_ue(bw, 3);
	put_bits(bw, 1, recipe->hrd);
	if (recipe->hrd)
		put_hrd(bw, recipe);
	put_bits(bw, 1, 1);             /* bitstream_restriction_flag */
	put_bits(bw, 3, 7);
	put_ue(bw, recipe->segmentation);
	for (unsigned i = 0; i < 4; i++)
		put_ue(bw, 15);
}

static void put_format(struct bit_writer *bw, const struct hevc_recipe *recipe)
{
	put_ue(bw, 5);                  /* sps_seq_parameter_set_id */
	put_ue(bw, recipe->chroma_format);
	if (recipe->chroma_format == 3)
		put_bits(bw, 1, 0);
	put_ue(bw, recipe->width);
	put_ue(bw, recipe->height);
	put_bits(bw, 1, recipe->window);
	if (recipe->window) {
		put_ue(bw, recipe->left);
		put_ue(bw, recipe->right);
		put_ue(bw, recipe->top);
		put_ue(bw, recipe->bottom);
	}
	put_ue(bw, recipe->depth_minus8);
	put_ue(bw, recipe->depth_minus8);
	put_ue(bw, 4 + recipe->more_poc_lsb);   /* log2_max_pic_order_cnt_lsb_minus4 */
	put_bits(bw, 1, 1);
	for (unsigned i = 0; i <= recipe->sub_layers_minus1; i++) {
		put_ue(bw, 5);
		put_ue(bw, i ? recipe->reorder : 0);
		put_ue(bw, 0);
	}
	put_ue(bw, recipe->log2_min_cb_minus3);
	put_ue(bw, 2);                  /* coding tree blocks of 32 */
	put_ue(bw, 0);
	put_ue(bw, 3);
	put_ue(bw, 1);
	put_ue(bw, 1);
}

size_t hevc_cook_sps(const struct hevc_recipe *recipe, uint8_t *dst)
{
	struct bit_writer bw = { .bits = 0 };

	dst[0] = HEVC_NAL_SPS << 1;
	dst[1] = (uint8_t)(recipe->layer << 3 | 1);
	put_bits(&bw, 4, 2);            /* sps_video_parameter_set_id */
	put_bits(&bw, 3, recipe->sub_layers_minus1);
	put_bits(&bw, 1, 1);
	put_ptl(&bw, recipe->sub_layers_minus1);
	put_format(&bw, recipe);
	put_bits(&bw, 1, recipe->scaling_lists);
	if (recipe->scaling_lists) {
		put_bits(&bw, 1, 1);
		put_scaling_lists(&bw);
	}
	put_bits(&bw, 2, 3);
	put_bits(&bw, 1, recipe->pcm);
	if (recipe->pcm) {
		put_bits(&bw, 8, 0x77);
		put_ue(&bw, 0);
		put_ue(&bw, 1);
		put_bits(&bw, 1, 1);
	}
	put_sets(&bw, recipe);
	put_bits(&bw, 1, recipe->long_term);
	if (recipe->long_term) {
		put_ue(&bw, 3 + recipe->more_long_term);
		for (unsigned i = 0; i < 3 + recipe->more_long_term; i++)
			put_bits(&bw, 9, 0x123);
	}
	put_bits(&bw, 2, 3);
	put_bits(&bw, 1, recipe->vui);
	if (recipe->vui)
		put_vui(&bw, recipe);
	put_bits(&bw, 1, 0);            /* sps_extension_present_flag */
	put_stop_bit(&bw);
	bw.bits -= recipe->vui_bits_lost;
	return 2 + escape_payload(bw.data, byte_size(&bw), dst + 2);
}

size_t hevc_cook_pps(unsigned id, bool tiles, bool entropy_sync, uint8_t *dst)
{
	struct bit_writer bw = { .bits = 0 };

	dst[0] = HEVC_NAL_PPS << 1;
	dst[1] = 1;
	put_ue(&bw, id);
	put_ue(&bw, 5);                 /* pps_seq_parameter_set_id */
	put_bits(&bw, 7, 0x11);
	put_ue(&bw, 2);
	put_ue(&bw, 1);
	put_se(&bw, -3);                /* init_qp_minus26 */
	put_bits(&bw, 2, 1);
	put_bits(&bw, 1, 1);            /* cu_qp_delta_enabled_flag */
	put_ue(&bw, 2);
	put_se(&bw, -6);
	put_se(&bw, 6);
	put_bits(&bw, 4, 5);
	put_bits(&bw, 1, tiles);
	put_bits(&bw, 1, entropy_sync);
	put_stop_bit(&bw);
	return 2 + escape_payload(bw.data, byte_size(&bw), dst + 2);
}
