/* SPDX-License-Identifier: MIT */
#include "bitstream/nal.h"
#include "recipe_h264.h"
#include "support.h"

static void put_scaling_lists(struct bit_writer *bw, int more_scale)
{
	put_bits(bw, 1, 1);             /* seq_scaling_list_present_flag[0] */
	for (unsigned i = 0; i < 16; i++)
		put_se(bw, i % 2 ? -3 : 5 + more_scale);
	put_bits(bw, 1, 1);
	put_se(bw, -8);                 /* next scale 0: the list ends here */
	put_bits(bw, 4, 0);
	put_bits(bw, 1, 1);             /* an 8x8 list */
	for (unsigned i = 0; i < 64; i++)
		put_se(bw, 0);
	put_bits(bw, 1, 0);
}

static void put_chroma(struct bit_writer *bw, const struct h264_recipe *recipe)
{
	put_ue(bw, recipe->chroma_format);
	if (recipe->chroma_format == 3)
		put_bits(bw, 1, recipe->separate_planes);
	put_ue(bw, 2 + recipe->more_depth);     /* bit_depth_luma_minus8 */
	put_ue(bw, 1);
	put_bits(bw, 1, 0);
	put_bits(bw, 1, recipe->scaling_lists);
	if (recipe->scaling_lists) {
		put_scaling_lists(bw, recipe->more_scale);
		if (recipe->chroma_format == 3)
			put_bits(bw, 4, 0);
	}
}

static void put_order(struct bit_writer *bw, const struct h264_recipe *recipe)
{
	unsigned poc_type = recipe->poc_type;

	put_ue(bw, 12 + recipe->more_frame_num);        /* log2_max_frame_num_minus4 */
	put_ue(bw, poc_type);
	if (poc_type == 0)
		put_ue(bw, 12);
	if (poc_type != 1)
		return;
	put_bits(bw, 1, 0);
	put_se(bw, -1000000);
	put_se(bw, 7);
	put_ue(bw, 3 + recipe->more_cycle);
	for (int i = 0; i < 3 + (int)recipe->more_cycle; i++)
		put_se(bw, i % 3);
}

static void put_hrd(struct bit_writer *bw, unsigned more_cpbs)
{
	put_ue(bw, 1 + more_cpbs);      /* cpb_cnt_minus1 */
	put_bits(bw, 8, 0x44);
	for (unsigned i = 0; i < 2 + more_cpbs; i++) {
		put_ue(bw, 1000);
		put_ue(bw, i ? 7 : 0xfffffffe);
		put_bits(bw, 1, 1);
	}
	put_bits(bw, 20, 0x8c618);
}

static void put_vui(struct bit_writer *bw, const struct h264_recipe *recipe)
{
	put_bits(bw, 1, 1);             /* aspect_ratio_info_present_flag */
	put_bits(bw, 8, 255);
	put_bits(bw, 16, 1234);
	put_bits(bw, 16, 567);
	put_bits(bw, 2, 3);             /* overscan */
	put_bits(bw, 1, 1);
	put_bits(bw, 3, 5);
	put_bits(bw, 1, 1);             /* full range */
	put_bits(bw, 1, 1);
	put_bits(bw, 24, 0x091009);
	put_bits(bw, 1, 1);             /* chroma_loc_info_present_flag */
	put_ue(bw, 2);
	put_ue(bw, 2);
	put_bits(bw, 1, 1);             /* timing, with zeros that need escapes */
	put_bits(bw, 32, 1);
	put_bits(bw, 32, 0x00000100);
	put_bits(bw, 1, 1);
	put_bits(bw, 1, recipe->hrd);
	if (recipe->hrd)
		put_hrd(bw, recipe->more_cpbs);
	put_bits(bw, 1, recipe->hrd);
	if (recipe->hrd) {
		put_hrd(bw, recipe->more_cpbs);
		put_bits(bw, 1, 0);
	}
	put_bits(bw, 1, 1);             /* pic_struct_present_flag */
	put_bits(bw, 1, recipe->restriction);
	if (!recipe->restriction)
		return;
	put_bits(bw, 1, 1);
	for (unsigned i = 0; i < 4; i++)
		put_ue(bw, 16);
	put_ue(bw, recipe->reorder);
	put_ue(bw, recipe->buffering);
}

static void put_size(struct bit_writer *bw, const struct h264_recipe *recipe)
{
	put_ue(bw, 4 + recipe->more_refs);      /* max_num_ref_frames */
	put_bits(bw, 1, 0);
	put_ue(bw, recipe->width_mbs - 1);
	put_ue(bw, recipe->height_units - 1);
	put_bits(bw, 1, !recipe->interlaced);
	if (recipe->interlaced)
		put_bits(bw, 1, 1);
	put_bits(bw, 1, 1);
	put_bits(bw, 1, recipe->crop);
	if (recipe->crop) {
		put_ue(bw, recipe->left);
		put_ue(bw, recipe->right);
		put_ue(bw, recipe->top);
		put_ue(bw, recipe->bottom);
	}
}

size_t h264_cook_sps(const struct h264_recipe *recipe, uint8_t *dst)
{
	struct bit_writer bw = { .bits = 0 };

	dst[0] = 0x67;
	put_bits(&bw, 8, recipe->profile);
	put_bits(&bw, 8, recipe->constraints);
	put_bits(&bw, 8, recipe->level);
	put_ue(&bw, recipe->id);
	if (recipe->profile >= 100)
		put_chroma(&bw, recipe);
	put_order(&bw, recipe);
	put_size(&bw, recipe);
	put_bits(&bw, 1, recipe->vui);
	if (recipe->vui)
		put_vui(&bw, recipe);
	put_stop_bit(&bw);
	bw.bits -= recipe->vui_bits_lost;
	return 1 + escape_payload(bw.data, byte_size(&bw), dst + 1);
}

size_t h264_cook_pps(unsigned id, unsigned sps_id, uint8_t *dst)
{
	struct bit_writer bw = { .bits = 0 };

	dst[0] = 0x60 | H264_NAL_PPS;
	put_ue(&bw, id);
	put_ue(&bw, sps_id);
	put_bits(&bw, 8, 0x88);
	put_stop_bit(&bw);
	return 1 + escape_payload(bw.data, byte_size(&bw), dst + 1);
}
