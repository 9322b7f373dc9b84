/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/bits.h"
#include "bitstream/h264.h"

/* Widths and heights beyond this are taken for damage; level 6.2 ends at 16880. */
#define MAX_MBS 4096

#define MAX_SPS 32
#define MAX_PPS 256

/* Profiles whose SPS has the fields from chroma_format_idc on (section 7.3.2.1.1). */
static bool has_chroma_format(unsigned profile)
{
	static const uint8_t profiles[] = {
		100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
	};

	return memchr(profiles, (int)profile, sizeof(profiles)) != NULL;
}

static void skip_scaling_list(struct bit_reader *br, unsigned size)
{
	int last = 8, next = 8;

	for (unsigned i = 0; i < size && !br->error; i++) {
		if (next) {
			int delta = bit_reader_se(br);

			if (delta < -128 || delta > 127)
				br->error = true;
			else
				next = (last + delta + 256) % 256;
		}
		if (next)
			last = next;
	}
}

static void skip_scaling_matrix(struct bit_reader *br, unsigned chroma_format)
{
	unsigned n = chroma_format == 3 ? 12 : 8;

	for (unsigned i = 0; i < n && !br->error; i++)
		if (bit_reader_flag(br))
			skip_scaling_list(br, i < 6 ? 16 : 64);
}

static int parse_chroma_format(struct bit_reader *br, struct h264_sps *sps)
{
	uint32_t luma, chroma;

	sps->chroma_format = bit_reader_ue(br);
	if (sps->chroma_format > 3)
		return -EINVAL;
	if (sps->chroma_format == 3)
		sps->separate_planes = bit_reader_flag(br);
	luma = bit_reader_ue(br);
	chroma = bit_reader_ue(br);
	if (luma > 6 || chroma > 6)
		return -EINVAL;
	sps->bit_depth_luma = 8 + luma;
	sps->bit_depth_chroma = 8 + chroma;
	bit_reader_skip(br, 1); /* qpprime_y_zero_transform_bypass_flag */
	if (bit_reader_flag(br))
		skip_scaling_matrix(br, sps->chroma_format);
	return 0;
}

static int parse_frame_order(struct bit_reader *br, struct h264_sps *sps)
{
	uint32_t n;

	if (bit_reader_ue(br) > 12) /* log2_max_frame_num_minus4 */
		return -EINVAL;
	sps->poc_type = bit_reader_ue(br);
	if (sps->poc_type > 2)
		return -EINVAL;
	if (sps->poc_type == 0)
		return bit_reader_ue(br) > 12 ? -EINVAL : 0; /* log2_max_poc_lsb_minus4 */
	if (sps->poc_type == 2)
		return 0;
	bit_reader_skip(br, 1); /* delta_pic_order_always_zero_flag */
	bit_reader_se(br);
	bit_reader_se(br);
	n = bit_reader_ue(br);
	if (n > 255)
		return -EINVAL;
	while (n-- && !br->error)
		bit_reader_se(br);
	return 0;
}

/* Section 7.4.2.1.1, equations 7-19 to 7-22. Offsets are in units of chroma samples and fields. */
static int parse_cropping(struct bit_reader *br, struct h264_sps *sps)
{
	bool subsampled = !sps->separate_planes;
	unsigned format = sps->chroma_format;
	unsigned unit_x = subsampled && (format == 1 || format == 2) ? 2 : 1;
	unsigned unit_y = (subsampled && format == 1 ? 2u : 1u) * (sps->frame_mbs_only ? 1 : 2);
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

static int parse_size(struct bit_reader *br, struct h264_sps *sps)
{
	uint32_t width = bit_reader_ue(br), height = bit_reader_ue(br);

	sps->frame_mbs_only = bit_reader_flag(br);
	if (width >= MAX_MBS || height >= MAX_MBS)
		return -EINVAL;
	sps->coded_width = 16 * (width + 1);
	sps->coded_height = 16 * (height + 1) * (sps->frame_mbs_only ? 1 : 2);
	if (!sps->frame_mbs_only)
		bit_reader_skip(br, 1); /* mb_adaptive_frame_field_flag */
	bit_reader_skip(br, 1); /* direct_8x8_inference_flag */
	sps->visible = (struct picture_rect) { 0, 0, sps->coded_width, sps->coded_height };
	return bit_reader_flag(br) ? parse_cropping(br, sps) : 0;
}

/* Section E.1.2. */
static void skip_hrd(struct bit_reader *br)
{
	uint32_t n = bit_reader_ue(br); /* cpb_cnt_minus1 */

	if (n > 31) {
		br->error = true;
		return;
	}
	bit_reader_skip(br, 4 + 4); /* bit_rate_scale, cpb_size_scale */
	for (uint32_t i = 0; i <= n && !br->error; i++) {
		bit_reader_ue(br);
		bit_reader_ue(br);
		bit_reader_skip(br, 1);
	}
	bit_reader_skip(br, 5 + 5 + 5 + 5);
}

static void parse_bitstream_restriction(struct bit_reader *br, struct h264_sps *sps)
{
	bit_reader_skip(br, 1); /* motion_vectors_over_pic_boundaries_flag */
	bit_reader_ue(br); /* max_bytes_per_pic_denom */
	bit_reader_ue(br); /* max_bits_per_mb_denom */
	bit_reader_ue(br); /* log2_max_mv_length_horizontal */
	bit_reader_ue(br); /* log2_max_mv_length_vertical */
	sps->max_reorder_frames = bit_reader_ue(br);
	sps->max_dec_frame_buffering = bit_reader_ue(br);
	if (sps->max_reorder_frames > sps->max_dec_frame_buffering ||
	    sps->max_dec_frame_buffering > 16)
		br->error = true;
}

/* Section E.1.1. */
static void parse_vui_fields(struct bit_reader *br, struct h264_sps *sps)
{
	bool nal_hrd, vcl_hrd;

	vui_display_parse(br, &sps->display);
	if (bit_reader_flag(br)) /* timing_info_present_flag */
		/* num_units_in_tick, time_scale, fixed_frame_rate_flag */
		bit_reader_skip(br, 32 + 32 + 1);
	nal_hrd = bit_reader_flag(br);
	if (nal_hrd)
		skip_hrd(br);
	vcl_hrd = bit_reader_flag(br);
	if (vcl_hrd)
		skip_hrd(br);
	if (nal_hrd || vcl_hrd)
		bit_reader_skip(br, 1); /* low_delay_hrd_flag */
	bit_reader_skip(br, 1); /* pic_struct_present_flag */
	sps->has_bitstream_restriction = bit_reader_flag(br);
	if (sps->has_bitstream_restriction)
		parse_bitstream_restriction(br, sps);
}

/* The VUI is advice, and there are encoders that damage it: then the SPS counts without it. */
static void parse_vui(struct bit_reader *br, struct h264_sps *sps)
{
	struct h264_sps with_vui = *sps;

	parse_vui_fields(br, &with_vui);
	if (br->error)
		return;
	*sps = with_vui;
	sps->has_vui = true;
}

static int parse_sps_body(struct bit_reader *br, struct h264_sps *sps)
{
	bool with_vui;

	sps->id = bit_reader_ue(br);
	if (sps->id >= MAX_SPS)
		return -EINVAL;
	if (has_chroma_format(sps->profile) && parse_chroma_format(br, sps) < 0)
		return -EINVAL;
	if (parse_frame_order(br, sps) < 0)
		return -EINVAL;
	sps->max_ref_frames = bit_reader_ue(br);
	if (sps->max_ref_frames > 16)
		return -EINVAL;
	bit_reader_skip(br, 1); /* gaps_in_frame_num_value_allowed_flag */
	if (parse_size(br, sps) < 0)
		return -EINVAL;
	with_vui = bit_reader_flag(br);
	if (br->error)
		return -EINVAL;
	if (with_vui)
		parse_vui(br, sps);
	return 0;
}

int h264_sps_parse(const uint8_t *data, size_t size, struct h264_sps *out)
{
	struct h264_sps sps = {
		.chroma_format = 1, .bit_depth_luma = 8, .bit_depth_chroma = 8,
		.display = { .color = COLOR_DESCRIPTION_UNKNOWN },
	};
	struct bit_reader br;

	if (size < 4 || (data[0] & 0x9f) != H264_NAL_SPS)
		return -EINVAL;
	sps.profile = data[1];
	sps.constraints = data[2];
	sps.level = data[3];
	/* The three bytes can be zero, so the escapes behind them count from the header on. */
	bit_reader_init_nal(&br, data + 1, size - 1);
	bit_reader_skip(&br, 24);
	if (parse_sps_body(&br, &sps) < 0)
		return -EINVAL;
	*out = sps;
	return 0;
}

/* MaxDpbMbs, table A-1. */
static uint32_t max_dpb_mbs(const struct h264_sps *sps)
{
	static const struct {
		uint8_t level;
		uint32_t mbs;
	} table[] = {
		{ 9, 396 }, { 10, 396 }, { 11, 900 }, { 12, 2376 }, { 13, 2376 }, { 20, 2376 },
		{ 21, 4752 }, { 22, 8100 }, { 30, 8100 }, { 31, 18000 }, { 32, 20480 },
		{ 40, 32768 }, { 41, 32768 }, { 42, 34816 }, { 50, 110400 }, { 51, 184320 },
		{ 52, 184320 }, { 60, 696320 }, { 61, 696320 }, { 62, 696320 },
	};

	if (h264_level_is_1b(sps->profile, sps->constraints, sps->level))
		return 396;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].level == sps->level)
			return table[i].mbs;
	return UINT32_MAX;
}

/* Profiles that with constraint_set3_flag are intra only (max_num_reorder_frames, E.2.1). */
static bool is_intra_only(const struct h264_sps *sps)
{
	static const uint8_t profiles[] = { 44, 86, 100, 110, 122, 244 };

	return sps->constraints & 0x10 && memchr(profiles, sps->profile, sizeof(profiles));
}

unsigned h264_sps_max_reorder(const struct h264_sps *sps)
{
	uint32_t frames;

	if (sps->has_bitstream_restriction)
		return sps->max_reorder_frames;
	/* Type 2: output order is decoding order (8.2.1). */
	if (sps->poc_type == 2 || is_intra_only(sps))
		return 0;
	frames = max_dpb_mbs(sps) / (sps->coded_width / 16 * (sps->coded_height / 16));
	return frames < 16 ? frames : 16;
}

void h264_sps_codec_string(const struct h264_sps *sps, struct codec_string *out)
{
	*out = (struct codec_string) {
		.codec = VIDEO_CODEC_H264,
		.profile = sps->profile,
		.level = sps->level,
		.bit_depth = (int)sps->bit_depth_luma,
		/* The two lowest bits are reserved and of no meaning to decoders. */
		.constraints = { sps->constraints & 0xfc },
		.chroma_subsampling = chroma_from_format_idc(sps->chroma_format),
		.color = sps->display.color,
	};
}

bool h264_level_is_1b(unsigned profile_idc, unsigned constraints, unsigned level_idc)
{
	bool base = profile_idc == 66 || profile_idc == 77 || profile_idc == 88;

	return base ? level_idc == 11 && constraints & 0x10 : level_idc == 9;
}

int h264_pps_parse_ids(const uint8_t *data, size_t size, struct h264_pps_ids *out)
{
	struct bit_reader br;

	if (!size || (data[0] & 0x9f) != H264_NAL_PPS)
		return -EINVAL;
	bit_reader_init_nal(&br, data + 1, size - 1);
	out->id = bit_reader_ue(&br);
	out->sps_id = bit_reader_ue(&br);
	return br.error || out->id >= MAX_PPS || out->sps_id >= MAX_SPS ? -EINVAL : 0;
}

/* Number in sei_message(): bytes of 255 and a last smaller one (7.3.2.3.1). */
static uint32_t get_sei_number(struct bit_reader *br)
{
	uint32_t number = 0, byte;

	do {
		byte = bit_reader_get(br, 8);
		number += byte;
	} while (byte == 255 && !br->error);
	return number;
}

static bool has_recovery_point(const struct nal *nal)
{
	const uint32_t recovery_point = 6;
	struct bit_reader br;

	bit_reader_init_nal(&br, nal->data + 1, nal->size - 1);
	while (!br.error) {
		uint32_t type = get_sei_number(&br);
		uint32_t size = get_sei_number(&br);

		if (type == recovery_point && size && !br.error)
			return true;
		bit_reader_skip(&br, (size_t)size * 8);
	}
	return false;
}

/* What is known while walking over an access unit. */
struct walk {
	struct h264_access_unit *au;
	struct nal sps[MAX_SPS];
	uint8_t sps_of_pps[MAX_PPS];            /* MAX_SPS: not seen */
};

static int walk_sps(struct walk *walk, const struct nal *nal)
{
	struct h264_sps sps;

	if (h264_sps_parse(nal->data, nal->size, &sps) < 0)
		return -EINVAL;
	walk->sps[sps.id] = *nal;
	if (!walk->au->sps.data)
		walk->au->sps = *nal;
	return 0;
}

static int walk_pps(struct walk *walk, const struct nal *nal)
{
	struct h264_pps_ids ids;

	if (h264_pps_parse_ids(nal->data, nal->size, &ids) < 0)
		return -EINVAL;
	walk->sps_of_pps[ids.id] = (uint8_t)ids.sps_id;
	return 0;
}

static int walk_slice(struct walk *walk, const struct nal *nal)
{
	struct h264_access_unit *au = walk->au;
	const struct nal *sps = NULL;
	uint32_t slice_type, pps_id;
	struct bit_reader br;
	bool first = !au->has_picture;

	bit_reader_init_nal(&br, nal->data + 1, nal->size - 1);
	bit_reader_ue(&br); /* first_mb_in_slice */
	slice_type = bit_reader_ue(&br);
	pps_id = bit_reader_ue(&br);
	if (br.error || slice_type > 9 || pps_id >= MAX_PPS)
		return -EINVAL;
	if (walk->sps_of_pps[pps_id] < MAX_SPS)
		sps = &walk->sps[walk->sps_of_pps[pps_id]];
	if (!sps || !sps->data)
		au->self_contained = false;
	else if (first)
		au->sps = *sps;
	if (slice_type % 5 != 2)
		au->intra = false;
	if (nal_type(VIDEO_CODEC_H264, nal) == H264_NAL_IDR)
		au->idr = true;
	au->has_picture = true;
	return 0;
}

static int walk_nal(struct walk *walk, const struct nal *nal)
{
	switch (nal_type(VIDEO_CODEC_H264, nal)) {
	case H264_NAL_SPS:
		return walk_sps(walk, nal);
	case H264_NAL_PPS:
		return walk_pps(walk, nal);
	case H264_NAL_SLICE:
	case H264_NAL_SLICE_DPA:
	case H264_NAL_IDR:
		return walk_slice(walk, nal);
	case H264_NAL_SEI:
		if (has_recovery_point(nal))
			walk->au->recovery_point = true;
		return 0;
	default:
		return 0;
	}
}

int h264_access_unit_inspect(struct nal_iter *iter, struct h264_access_unit *out)
{
	struct walk walk = { .au = out };
	struct nal nal;
	int result;

	*out = (struct h264_access_unit) { .intra = true, .self_contained = true };
	memset(walk.sps_of_pps, MAX_SPS, sizeof(walk.sps_of_pps));
	while ((result = nal_iter_next(iter, &nal)) > 0) {
		result = walk_nal(&walk, &nal);
		if (result < 0)
			return result;
	}
	if (!out->has_picture)
		out->intra = out->self_contained = false;
	return result;
}
