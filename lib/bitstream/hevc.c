/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/bits.h"
#include "bitstream/hevc.h"

/* Widths and heights beyond this are taken for damage; level 7.2 ends at 33776. */
#define MAX_DIMENSION 65536

#define MAX_VPS 16
#define MAX_SPS 16
#define MAX_PPS 64
#define MAX_SHORT_TERM_SETS 64
#define MAX_DELTA_POCS 16

#define NAL_HEADER_SIZE 2

/* Begin to read a NAL unit of the base layer. 0, or -EINVAL when it is of another type or layer. */
static int open_nal(struct bit_reader *br, const uint8_t *data, size_t size, unsigned type)
{
	unsigned layer;

	if (size < NAL_HEADER_SIZE || data[0] >> 1 != type)
		return -EINVAL;
	layer = (data[0] & 1u) << 5 | data[1] >> 3;
	if (layer)
		return -EINVAL;
	bit_reader_init_nal(br, data + NAL_HEADER_SIZE, size - NAL_HEADER_SIZE);
	return 0;
}

static void parse_sub_layer_levels(struct bit_reader *br, unsigned max_sub_layers_minus1)
{
	const size_t profile_bits = 88, level_bits = 8;
	bool profile_present[8], level_present[8];

	for (unsigned i = 0; i < max_sub_layers_minus1; i++) {
		profile_present[i] = bit_reader_flag(br);
		level_present[i] = bit_reader_flag(br);
	}
	if (max_sub_layers_minus1)
		bit_reader_skip(br, 2 * (8 - max_sub_layers_minus1));
	for (unsigned i = 0; i < max_sub_layers_minus1; i++) {
		if (profile_present[i])
			bit_reader_skip(br, profile_bits);
		if (level_present[i])
			bit_reader_skip(br, level_bits);
	}
}

/* Section 7.3.3, with profilePresentFlag 1. */
static void parse_ptl(struct bit_reader *br, struct hevc_profile_tier_level *ptl,
		      unsigned max_sub_layers_minus1)
{
	ptl->profile_space = (uint8_t)bit_reader_get(br, 2);
	ptl->tier = (uint8_t)bit_reader_get(br, 1);
	ptl->profile = (uint8_t)bit_reader_get(br, 5);
	ptl->compatibility = bit_reader_get(br, 32);
	for (unsigned i = 0; i < 6; i++)
		ptl->constraints[i] = (uint8_t)bit_reader_get(br, 8);
	ptl->level = (uint8_t)bit_reader_get(br, 8);
	parse_sub_layer_levels(br, max_sub_layers_minus1);
}

/* Section 7.4.3.2.1. Offsets are in units of chroma samples. */
static int parse_conformance_window(struct bit_reader *br, struct hevc_sps *sps)
{
	unsigned format = sps->chroma_format;
	unsigned unit_x = format == 1 || format == 2 ? 2 : 1;
	unsigned unit_y = format == 1 ? 2 : 1;
	uint64_t left = (uint64_t)bit_reader_ue(br) * unit_x;
	uint64_t right = (uint64_t)bit_reader_ue(br) * unit_x;
	uint64_t top = (uint64_t)bit_reader_ue(br) * unit_y;
	uint64_t bottom = (uint64_t)bit_reader_ue(br) * unit_y;

	if (left + right >= sps->coded_width || top + bottom >= sps->coded_height)
		return -EINVAL;
	sps->visible.x = (uint32_t)left;
	sps->visible.y = (uint32_t)top;
	sps->visible.width = (uint32_t)(sps->coded_width - left - right);
	sps->visible.height = (uint32_t)(sps->coded_height - top - bottom);
	return 0;
}

static int parse_picture_format(struct bit_reader *br, struct hevc_sps *sps)
{
	uint32_t luma, chroma;

	sps->chroma_format = bit_reader_ue(br);
	if (sps->chroma_format > 3)
		return -EINVAL;
	if (sps->chroma_format == 3)
		sps->separate_planes = bit_reader_flag(br);
	sps->coded_width = bit_reader_ue(br);
	sps->coded_height = bit_reader_ue(br);
	if (!sps->coded_width || sps->coded_width > MAX_DIMENSION ||
	    !sps->coded_height || sps->coded_height > MAX_DIMENSION)
		return -EINVAL;
	sps->visible = (struct picture_rect) { 0, 0, sps->coded_width, sps->coded_height };
	if (bit_reader_flag(br) && parse_conformance_window(br, sps) < 0)
		return -EINVAL;
	luma = bit_reader_ue(br);
	chroma = bit_reader_ue(br);
	if (luma > 8 || chroma > 8)
		return -EINVAL;
	sps->bit_depth_luma = 8 + luma;
	sps->bit_depth_chroma = 8 + chroma;
	return 0;
}

static int parse_sub_layer_ordering(struct bit_reader *br, struct hevc_sps *sps)
{
	/* sps_sub_layer_ordering_info_present_flag: else only the highest layer is described. */
	unsigned n = bit_reader_flag(br) ? sps->temporal_layers : 1;

	while (n--) {
		uint32_t buffering_minus1 = bit_reader_ue(br);
		uint32_t reorder = bit_reader_ue(br);

		bit_reader_ue(br); /* sps_max_latency_increase_plus1 */
		if (buffering_minus1 > 15 || reorder > buffering_minus1)
			return -EINVAL;
		sps->max_dec_pic_buffering = buffering_minus1 + 1;
		sps->max_reorder_pics = reorder;
	}
	return 0;
}

/* The picture is made of whole minimum coding blocks (7.4.3.2.1). */
static int parse_block_sizes(struct bit_reader *br, const struct hevc_sps *sps)
{
	uint32_t log2_min_cb_minus3 = bit_reader_ue(br);
	uint32_t min_cb;

	if (log2_min_cb_minus3 > 3)
		return -EINVAL;
	min_cb = 8u << log2_min_cb_minus3;
	if (sps->coded_width % min_cb || sps->coded_height % min_cb)
		return -EINVAL;
	/* log2_diff_max_min_luma_coding_block_size to max_transform_hierarchy_depth_intra */
	for (unsigned i = 0; i < 5; i++)
		bit_reader_ue(br);
	return 0;
}

static void skip_scaling_list(struct bit_reader *br, unsigned size_id)
{
	unsigned n = size_id ? 64 : 16;

	if (!bit_reader_flag(br)) { /* scaling_list_pred_mode_flag */
		bit_reader_ue(br); /* scaling_list_pred_matrix_id_delta */
		return;
	}
	if (size_id > 1)
		n++; /* scaling_list_dc_coef_minus8 */
	while (n-- && !br->error)
		bit_reader_se(br);
}

/* Section 7.3.4. */
static void skip_scaling_lists(struct bit_reader *br)
{
	for (unsigned size_id = 0; size_id < 4; size_id++)
		for (unsigned matrix = 0; matrix < 6; matrix += size_id == 3 ? 3 : 1)
			skip_scaling_list(br, size_id);
}

static void parse_coding_tools(struct bit_reader *br)
{
	if (bit_reader_flag(br)) /* scaling_list_enabled_flag */
		if (bit_reader_flag(br)) /* sps_scaling_list_data_present_flag */
			skip_scaling_lists(br);
	bit_reader_skip(br, 2); /* amp_enabled_flag, sample_adaptive_offset_enabled_flag */
	if (bit_reader_flag(br)) { /* pcm_enabled_flag */
		bit_reader_skip(br, 4 + 4);
		bit_reader_ue(br);
		bit_reader_ue(br);
		bit_reader_skip(br, 1);
	}
}

/* A short-term reference picture set: DeltaPocS0 then DeltaPocS1 of section 7.4.8. */
struct short_term_set {
	unsigned negative, positive;
	int32_t delta[MAX_DELTA_POCS];
};

static int parse_explicit_set(struct bit_reader *br, struct short_term_set *set)
{
	uint32_t negative = bit_reader_ue(br), positive = bit_reader_ue(br);
	int32_t poc = 0;

	if (negative > MAX_DELTA_POCS || positive > MAX_DELTA_POCS - negative)
		return -EINVAL;
	set->negative = negative;
	set->positive = positive;
	for (unsigned i = 0; i < negative + positive; i++) {
		uint32_t step = bit_reader_ue(br);

		if (step > INT16_MAX)
			return -EINVAL;
		if (i == negative)
			poc = 0;
		poc += (int32_t)(step + 1) * (i < negative ? -1 : 1);
		set->delta[i] = poc;
		bit_reader_skip(br, 1); /* used_by_curr_pic_..._flag */
	}
	return 0;
}

/* Flags of section 7.3.7 for each picture of the reference set, and one for the set's own. */
static void parse_use_delta(struct bit_reader *br, unsigned n, bool *use)
{
	for (unsigned i = 0; i <= n; i++) {
		bool used_by_current = bit_reader_flag(br);

		use[i] = used_by_current || bit_reader_flag(br); /* use_delta_flag */
	}
}

/* One candidate of the derivation below; false when the set is full. */
static bool append_delta(struct short_term_set *set, int32_t poc, bool use, int sign)
{
	unsigned n = set->negative + set->positive;

	if (!use || (sign < 0 ? poc >= 0 : poc <= 0))
		return true;
	if (n == MAX_DELTA_POCS)
		return false;
	set->delta[n] = poc;
	if (sign < 0)
		set->negative++;
	else
		set->positive++;
	return true;
}

/*
 * Equations 7-61 and 7-62. Both go over the reference set from one side: S1 and S0 change their
 * places and their direction with the sign. In terms of ref->delta: far end of the other side
 * first, then the reference picture itself, then the own side outwards.
 */
static int derive_set(const struct short_term_set *ref, const bool *use, int32_t delta_rps,
		      struct short_term_set *set)
{
	unsigned n = ref->negative + ref->positive;
	bool ok = true;

	*set = (struct short_term_set) { 0 };
	for (unsigned i = n; i-- > ref->negative;)
		ok = ok && append_delta(set, ref->delta[i] + delta_rps, use[i], -1);
	ok = ok && append_delta(set, delta_rps, use[n], -1);
	for (unsigned i = 0; i < ref->negative; i++)
		ok = ok && append_delta(set, ref->delta[i] + delta_rps, use[i], -1);

	for (unsigned i = ref->negative; i-- > 0;)
		ok = ok && append_delta(set, ref->delta[i] + delta_rps, use[i], 1);
	ok = ok && append_delta(set, delta_rps, use[n], 1);
	for (unsigned i = ref->negative; i < n; i++)
		ok = ok && append_delta(set, ref->delta[i] + delta_rps, use[i], 1);
	return ok ? 0 : -EINVAL;
}

/* Section 7.3.7. set holds the one before when called, which is what prediction refers to here. */
static int parse_short_term_set(struct bit_reader *br, unsigned index, struct short_term_set *set)
{
	struct short_term_set ref = *set;
	bool use[MAX_DELTA_POCS + 1];
	int32_t delta_rps;
	uint32_t magnitude;
	bool negative;

	if (!index || !bit_reader_flag(br)) /* inter_ref_pic_set_prediction_flag */
		return parse_explicit_set(br, set);
	negative = bit_reader_flag(br); /* delta_rps_sign */
	magnitude = bit_reader_ue(br); /* abs_delta_rps_minus1 */
	if (magnitude > INT16_MAX)
		return -EINVAL;
	delta_rps = (int32_t)(magnitude + 1) * (negative ? -1 : 1);
	parse_use_delta(br, ref.negative + ref.positive, use);
	return derive_set(&ref, use, delta_rps, set);
}

static int parse_reference_sets(struct bit_reader *br, unsigned log2_max_poc_lsb)
{
	struct short_term_set set = { 0 };
	uint32_t n = bit_reader_ue(br);

	if (n > MAX_SHORT_TERM_SETS)
		return -EINVAL;
	for (unsigned i = 0; i < n && !br->error; i++)
		if (parse_short_term_set(br, i, &set) < 0)
			return -EINVAL;
	if (bit_reader_flag(br)) { /* long_term_ref_pics_present_flag */
		n = bit_reader_ue(br);
		if (n > 32)
			return -EINVAL;
		bit_reader_skip(br, n * (log2_max_poc_lsb + 1));
	}
	return 0;
}

/* Section E.2.3. */
static void skip_sub_layer_hrd(struct bit_reader *br, uint32_t cpb_count, bool sub_pic)
{
	for (uint32_t i = 0; i < cpb_count && !br->error; i++) {
		bit_reader_ue(br);
		bit_reader_ue(br);
		if (sub_pic) {
			bit_reader_ue(br);
			bit_reader_ue(br);
		}
		bit_reader_skip(br, 1);
	}
}

/* One turn of the loop over sub-layers in hrd_parameters(). */
static void skip_hrd_sub_layer(struct bit_reader *br, unsigned hrds, bool sub_pic)
{
	bool fixed = bit_reader_flag(br); /* fixed_pic_rate_general_flag */
	bool low_delay = false;
	uint32_t cpb_count = 1;

	if (!fixed)
		fixed = bit_reader_flag(br); /* fixed_pic_rate_within_cvs_flag */
	if (fixed)
		bit_reader_ue(br); /* elemental_duration_in_tc_minus1 */
	else
		low_delay = bit_reader_flag(br);
	if (!low_delay)
		cpb_count = bit_reader_ue(br) + 1;
	if (cpb_count > 32)
		br->error = true;
	while (hrds--)
		skip_sub_layer_hrd(br, cpb_count, sub_pic);
}

/* Section E.2.2, with commonInfPresentFlag 1. */
static void skip_hrd(struct bit_reader *br, unsigned sub_layers)
{
	bool nal = bit_reader_flag(br), vcl = bit_reader_flag(br), sub_pic = false;

	if (nal || vcl) {
		sub_pic = bit_reader_flag(br);
		if (sub_pic)
			bit_reader_skip(br, 8 + 5 + 1 + 5);
		bit_reader_skip(br, 4 + 4); /* bit_rate_scale, cpb_size_scale */
		if (sub_pic)
			bit_reader_skip(br, 4); /* cpb_size_du_scale */
		bit_reader_skip(br, 5 + 5 + 5);
	}
	while (sub_layers-- && !br->error)
		skip_hrd_sub_layer(br, (nal ? 1u : 0u) + (vcl ? 1u : 0u), sub_pic);
}

static void parse_vui_timing(struct bit_reader *br, struct hevc_sps *sps)
{
	bit_reader_skip(br, 32 + 32); /* vui_num_units_in_tick, vui_time_scale */
	if (bit_reader_flag(br)) /* vui_poc_proportional_to_timing_flag */
		bit_reader_ue(br);
	if (bit_reader_flag(br)) /* vui_hrd_parameters_present_flag */
		skip_hrd(br, sps->temporal_layers);
}

/* Section E.2.1. */
static void parse_vui_fields(struct bit_reader *br, struct hevc_sps *sps)
{
	vui_display_parse(br, &sps->display);
	bit_reader_skip(br, 3); /* neutral_chroma_indication, field_seq, frame_field_info_present */
	if (bit_reader_flag(br)) /* default_display_window_flag */
		for (unsigned i = 0; i < 4; i++)
			bit_reader_ue(br);
	if (bit_reader_flag(br)) /* vui_timing_info_present_flag */
		parse_vui_timing(br, sps);
	if (!bit_reader_flag(br)) /* bitstream_restriction_flag */
		return;
	bit_reader_skip(br, 3);
	sps->min_spatial_segmentation = bit_reader_ue(br);
	if (sps->min_spatial_segmentation > 4095)
		br->error = true;
	for (unsigned i = 0; i < 4; i++)
		bit_reader_ue(br);
}

/* The VUI is advice, and there are encoders that damage it: then the SPS counts without it. */
static void parse_vui(struct bit_reader *br, struct hevc_sps *sps)
{
	struct hevc_sps with_vui = *sps;

	parse_vui_fields(br, &with_vui);
	if (br->error)
		return;
	*sps = with_vui;
	sps->has_vui = true;
}

static int parse_sps_header(struct bit_reader *br, struct hevc_sps *sps)
{
	sps->vps_id = bit_reader_get(br, 4);
	sps->temporal_layers = bit_reader_get(br, 3) + 1;
	sps->temporal_id_nested = bit_reader_flag(br);
	if (sps->temporal_layers > 7)
		return -EINVAL;
	parse_ptl(br, &sps->ptl, sps->temporal_layers - 1);
	sps->id = bit_reader_ue(br);
	return sps->id < MAX_SPS ? 0 : -EINVAL;
}

/* Section 7.3.2.2.1, up to the VUI; what follows is of no interest here. */
static int parse_sps_body(struct bit_reader *br, struct hevc_sps *sps)
{
	uint32_t log2_max_poc_lsb;
	bool with_vui;

	if (parse_sps_header(br, sps) < 0 || parse_picture_format(br, sps) < 0)
		return -EINVAL;
	log2_max_poc_lsb = bit_reader_ue(br);
	if (log2_max_poc_lsb > 12)
		return -EINVAL;
	log2_max_poc_lsb += 4;
	if (parse_sub_layer_ordering(br, sps) < 0 || parse_block_sizes(br, sps) < 0)
		return -EINVAL;
	parse_coding_tools(br);
	if (parse_reference_sets(br, log2_max_poc_lsb) < 0)
		return -EINVAL;
	/* sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag */
	bit_reader_skip(br, 2);
	with_vui = bit_reader_flag(br);
	if (br->error)
		return -EINVAL;
	if (with_vui)
		parse_vui(br, sps);
	return 0;
}

int hevc_sps_parse(const uint8_t *data, size_t size, struct hevc_sps *out)
{
	struct hevc_sps sps = { .display = { .color = COLOR_DESCRIPTION_UNKNOWN } };
	struct bit_reader br;

	if (open_nal(&br, data, size, HEVC_NAL_SPS) < 0 || parse_sps_body(&br, &sps) < 0)
		return -EINVAL;
	*out = sps;
	return 0;
}

void hevc_sps_codec_string(const struct hevc_sps *sps, struct codec_string *out)
{
	*out = (struct codec_string) {
		.codec = VIDEO_CODEC_HEVC,
		.profile = sps->ptl.profile,
		.level = sps->ptl.level,
		.tier = sps->ptl.tier,
		.bit_depth = (int)sps->bit_depth_luma,
		.profile_compatibility = sps->ptl.compatibility,
		.chroma_subsampling = chroma_from_format_idc(sps->chroma_format),
		.color = sps->display.color,
	};
	memcpy(out->constraints, sps->ptl.constraints, sizeof(out->constraints));
}

int hevc_vps_parse_id(const uint8_t *data, size_t size)
{
	struct bit_reader br;
	uint32_t id;

	if (open_nal(&br, data, size, HEVC_NAL_VPS) < 0)
		return -EINVAL;
	id = bit_reader_get(&br, 4);
	return br.error ? -EINVAL : (int)id;
}

int hevc_pps_parse(const uint8_t *data, size_t size, struct hevc_pps *out)
{
	struct bit_reader br;

	if (open_nal(&br, data, size, HEVC_NAL_PPS) < 0)
		return -EINVAL;
	out->id = bit_reader_ue(&br);
	out->sps_id = bit_reader_ue(&br);
	/*
	 * dependent_slice_segments_enabled_flag, output_flag_present_flag,
	 * num_extra_slice_header_bits, sign_data_hiding_enabled_flag, cabac_init_present_flag
	 */
	bit_reader_skip(&br, 1 + 1 + 3 + 1 + 1);
	bit_reader_ue(&br); /* num_ref_idx_l0_default_active_minus1 */
	bit_reader_ue(&br); /* num_ref_idx_l1_default_active_minus1 */
	bit_reader_se(&br); /* init_qp_minus26 */
	bit_reader_skip(&br, 2); /* constrained_intra_pred_flag, transform_skip_enabled_flag */
	if (bit_reader_flag(&br)) /* cu_qp_delta_enabled_flag */
		bit_reader_ue(&br);
	bit_reader_se(&br); /* pps_cb_qp_offset */
	bit_reader_se(&br); /* pps_cr_qp_offset */
	/*
	 * pps_slice_chroma_qp_offsets_present_flag, weighted_pred_flag, weighted_bipred_flag,
	 * transquant_bypass_enabled_flag
	 */
	bit_reader_skip(&br, 4);
	out->tiles = bit_reader_flag(&br);
	out->entropy_sync = bit_reader_flag(&br);
	return br.error || out->id >= MAX_PPS || out->sps_id >= MAX_SPS ? -EINVAL : 0;
}

/* What is known while walking over an access unit. */
struct walk {
	struct hevc_access_unit *au;
	bool vps[MAX_VPS];
	struct {
		struct nal nal;
		unsigned vps_id;
	} sps[MAX_SPS];
	uint8_t sps_of_pps[MAX_PPS];            /* MAX_SPS: not seen */
};

static int walk_vps(struct walk *walk, const struct nal *nal)
{
	int id = hevc_vps_parse_id(nal->data, nal->size);

	if (id < 0)
		return id;
	walk->vps[id] = true;
	return 0;
}

static int walk_sps(struct walk *walk, const struct nal *nal)
{
	struct hevc_sps sps;

	if (hevc_sps_parse(nal->data, nal->size, &sps) < 0)
		return -EINVAL;
	walk->sps[sps.id].nal = *nal;
	walk->sps[sps.id].vps_id = sps.vps_id;
	if (!walk->au->sps.data)
		walk->au->sps = *nal;
	return 0;
}

static int walk_pps(struct walk *walk, const struct nal *nal)
{
	struct hevc_pps pps;

	if (hevc_pps_parse(nal->data, nal->size, &pps) < 0)
		return -EINVAL;
	walk->sps_of_pps[pps.id] = (uint8_t)pps.sps_id;
	return 0;
}

static bool is_irap(unsigned type)
{
	return type >= HEVC_NAL_BLA_W_LP && type <= HEVC_NAL_IRAP_MAX;
}

/* Section 7.3.6.1, as far as slice_pic_parameter_set_id. */
static int walk_slice(struct walk *walk, const struct nal *nal, unsigned type)
{
	struct hevc_access_unit *au = walk->au;
	struct bit_reader br;
	uint32_t pps_id;
	unsigned sps_id;

	bit_reader_init_nal(&br, nal->data + NAL_HEADER_SIZE, nal->size - NAL_HEADER_SIZE);
	bit_reader_skip(&br, is_irap(type) ? 2 : 1);
	pps_id = bit_reader_ue(&br);
	if (br.error || pps_id >= MAX_PPS)
		return -EINVAL;
	sps_id = walk->sps_of_pps[pps_id];
	if (sps_id == MAX_SPS || !walk->sps[sps_id].nal.data ||
	    !walk->vps[walk->sps[sps_id].vps_id])
		au->self_contained = false;
	if (sps_id < MAX_SPS && walk->sps[sps_id].nal.data && !au->has_picture)
		au->sps = walk->sps[sps_id].nal;
	if (type >= HEVC_NAL_BLA_W_LP && type <= HEVC_NAL_CRA)
		au->irap = true;
	au->has_picture = true;
	return 0;
}

static int walk_nal(struct walk *walk, const struct nal *nal)
{
	unsigned type = nal_type(VIDEO_CODEC_HEVC, nal);

	if (nal->size < NAL_HEADER_SIZE)
		return -EINVAL;
	if (nal->data[0] & 1 || nal->data[1] >> 3) /* nuh_layer_id: another layer */
		return 0;
	if (type <= HEVC_NAL_SLICE_MAX || is_irap(type))
		return walk_slice(walk, nal, type);
	switch (type) {
	case HEVC_NAL_VPS:
		return walk_vps(walk, nal);
	case HEVC_NAL_SPS:
		return walk_sps(walk, nal);
	case HEVC_NAL_PPS:
		return walk_pps(walk, nal);
	default:
		return 0;
	}
}

int hevc_access_unit_inspect(struct nal_iter *iter, struct hevc_access_unit *out)
{
	struct walk walk = { .au = out };
	struct nal nal;
	int result;

	*out = (struct hevc_access_unit) { .self_contained = true };
	memset(walk.sps_of_pps, MAX_SPS, sizeof(walk.sps_of_pps));
	while ((result = nal_iter_next(iter, &nal)) > 0) {
		result = walk_nal(&walk, &nal);
		if (result < 0)
			return result;
	}
	if (!out->has_picture)
		out->self_contained = false;
	return result;
}
