/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "bitstream/av1.h"
#include "bitstream/bits.h"

#define KEY_FRAME 0
#define SELECT_SCREEN_CONTENT_TOOLS 2

/* The combination that stands for sRGB, section 5.5.2. */
#define CP_BT_709 1
#define TC_SRGB 13
#define MC_IDENTITY 0

void av1_obu_iter_init(struct av1_obu_iter *iter, const uint8_t *data, size_t size)
{
	*iter = (struct av1_obu_iter) { .data = data, .size = size };
}

/* leb128(), section 4.10.5: at most eight bytes, and the value fits in 32 bits. */
static int read_leb128(struct byte_reader *br, uint32_t *out)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint8_t byte = byte_reader_u8(br);

		if (br->error)
			return -EINVAL;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*out = (uint32_t)value;
			return value > UINT32_MAX ? -EINVAL : 0;
		}
	}
	return -EINVAL;
}

/* Section 5.3. */
static int parse_obu(struct byte_reader *br, struct av1_obu *obu)
{
	uint8_t header = byte_reader_u8(br), extension = 0;
	uint32_t size;

	if (header & 0x80) /* obu_forbidden_bit */
		return -EINVAL;
	obu->type = header >> 3 & 0xf;
	if (header & 0x04) /* obu_extension_flag */
		extension = byte_reader_u8(br);
	obu->temporal_id = extension >> 5;
	obu->spatial_id = extension >> 3 & 3;
	if (header & 0x02) { /* obu_has_size_field */
		if (read_leb128(br, &size) < 0)
			return -EINVAL;
		obu->size = size;
	} else {
		obu->size = byte_reader_left(br);
	}
	obu->data = byte_reader_take(br, obu->size);
	return br->error ? -EINVAL : 0;
}

int av1_obu_iter_next(struct av1_obu_iter *iter, struct av1_obu *obu)
{
	struct byte_reader br;

	if (iter->pos == iter->size)
		return 0;
	byte_reader_init(&br, iter->data + iter->pos, iter->size - iter->pos);
	if (parse_obu(&br, obu) < 0)
		return -EINVAL;
	iter->pos += br.pos;
	return 1;
}

/* uvlc(), section 4.10.3. Here the values are passed over only. */
static void skip_uvlc(struct bit_reader *br)
{
	unsigned zeros = 0;

	while (!br->error && !bit_reader_flag(br))
		zeros++;
	if (zeros < 32)
		bit_reader_skip(br, zeros);
}

/* Sections 5.5.3, 5.5.4. Returns buffer_delay_length, 0 without a decoder model. */
static unsigned parse_timing_info(struct bit_reader *br)
{
	unsigned buffer_delay_length;

	bit_reader_skip(br, 32 + 32); /* num_units_in_display_tick, time_scale */
	if (bit_reader_flag(br)) /* equal_picture_interval */
		skip_uvlc(br);
	if (!bit_reader_flag(br)) /* decoder_model_info_present_flag */
		return 0;
	buffer_delay_length = bit_reader_get(br, 5) + 1;
	bit_reader_skip(br, 32 + 5 + 5);
	return buffer_delay_length;
}

static void parse_operating_point(struct bit_reader *br, unsigned buffer_delay_length,
				  bool display_delay, unsigned *level, unsigned *tier)
{
	bit_reader_skip(br, 12); /* operating_point_idc */
	*level = bit_reader_get(br, 5);
	*tier = *level > 7 ? bit_reader_get(br, 1) : 0;
	if (buffer_delay_length && bit_reader_flag(br)) /* decoder_model_present_for_this_op */
		bit_reader_skip(br, 2 * buffer_delay_length + 1);
	if (display_delay && bit_reader_flag(br)) /* initial_display_delay_present_for_this_op */
		bit_reader_skip(br, 4);
}

static void parse_operating_points(struct bit_reader *br, struct av1_sequence_header *header)
{
	unsigned buffer_delay_length = 0, count, level, tier;
	bool display_delay;

	if (bit_reader_flag(br)) /* timing_info_present_flag */
		buffer_delay_length = parse_timing_info(br);
	display_delay = bit_reader_flag(br);
	count = bit_reader_get(br, 5) + 1;
	parse_operating_point(br, buffer_delay_length, display_delay, &header->level,
			      &header->tier);
	for (unsigned i = 1; i < count; i++)
		parse_operating_point(br, buffer_delay_length, display_delay, &level, &tier);
}

static void parse_size(struct bit_reader *br, struct av1_sequence_header *header)
{
	unsigned width_bits = bit_reader_get(br, 4) + 1;
	unsigned height_bits = bit_reader_get(br, 4) + 1;

	header->max_width = bit_reader_get(br, width_bits) + 1;
	header->max_height = bit_reader_get(br, height_bits) + 1;
}

/* From enable_interintra_compound to order_hint_bits_minus_1. */
static void skip_inter_tools(struct bit_reader *br)
{
	unsigned screen_content = SELECT_SCREEN_CONTENT_TOOLS;
	bool order_hint;

	bit_reader_skip(br, 4);
	order_hint = bit_reader_flag(br);
	if (order_hint)
		bit_reader_skip(br, 2); /* enable_jnt_comp, enable_ref_frame_mvs */
	if (!bit_reader_flag(br)) /* seq_choose_screen_content_tools */
		screen_content = bit_reader_get(br, 1);
	if (screen_content && !bit_reader_flag(br)) /* seq_choose_integer_mv */
		bit_reader_skip(br, 1); /* seq_force_integer_mv */
	if (order_hint)
		bit_reader_skip(br, 3); /* order_hint_bits_minus_1 */
}

static void parse_depth(struct bit_reader *br, struct av1_sequence_header *header)
{
	bool high = bit_reader_flag(br);

	if (header->profile == 2 && high)
		header->bit_depth = bit_reader_flag(br) ? 12 : 10;
	else
		header->bit_depth = high ? 10 : 8;
}

static void parse_subsampling(struct bit_reader *br, struct av1_sequence_header *header)
{
	bool x, y;

	if (header->profile == 2 && header->bit_depth == 12) {
		x = bit_reader_flag(br);
		y = x && bit_reader_flag(br);
	} else {
		x = header->profile != 1;
		y = header->profile == 0;
	}
	header->chroma = y ? CHROMA_420 : x ? CHROMA_422 : CHROMA_444;
	if (header->chroma == CHROMA_420)
		header->chroma_sample_position = bit_reader_get(br, 2);
}

static bool is_srgb(const struct color_description *color)
{
	return color->primaries == CP_BT_709 && color->transfer == TC_SRGB &&
	       color->matrix == MC_IDENTITY;
}

/* Section 5.5.2, without separate_uv_delta_q at the end. */
static int parse_color_config(struct bit_reader *br, struct av1_sequence_header *header)
{
	struct color_description *color = &header->color;
	bool monochrome = false;

	parse_depth(br, header);
	if (header->profile != 1)
		monochrome = bit_reader_flag(br);
	if (bit_reader_flag(br)) { /* color_description_present_flag */
		color->primaries = (uint8_t)bit_reader_get(br, 8);
		color->transfer = (uint8_t)bit_reader_get(br, 8);
		color->matrix = (uint8_t)bit_reader_get(br, 8);
	}
	if (!monochrome && is_srgb(color)) {
		color->range = COLOR_RANGE_FULL;
		header->chroma = CHROMA_444;
		/* Profile 0 cannot have it, profile 2 only with 12 bits (6.4.2). */
		return header->profile == 1 || header->bit_depth == 12 ? 0 : -EINVAL;
	}
	color->range = bit_reader_flag(br) ? COLOR_RANGE_FULL : COLOR_RANGE_LIMITED;
	if (monochrome)
		header->chroma = CHROMA_400;
	else
		parse_subsampling(br, header);
	return color->matrix == MC_IDENTITY && header->chroma != CHROMA_444 ? -EINVAL : 0;
}

static int parse_sequence(struct bit_reader *br, struct av1_sequence_header *header)
{
	header->profile = bit_reader_get(br, 3);
	if (header->profile > 2)
		return -EINVAL;
	header->still_picture = bit_reader_flag(br);
	header->reduced_still_picture_header = bit_reader_flag(br);
	if (header->reduced_still_picture_header)
		header->level = bit_reader_get(br, 5);
	else
		parse_operating_points(br, header);
	parse_size(br, header);
	if (!header->reduced_still_picture_header && bit_reader_flag(br))
		bit_reader_skip(br, 4 + 3); /* frame id lengths */
	/* use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter */
	bit_reader_skip(br, 3);
	if (!header->reduced_still_picture_header)
		skip_inter_tools(br);
	bit_reader_skip(br, 3); /* enable_superres, enable_cdef, enable_restoration */
	if (parse_color_config(br, header) < 0)
		return -EINVAL;
	if (header->chroma != CHROMA_400)
		bit_reader_skip(br, 1); /* separate_uv_delta_q */
	header->film_grain = bit_reader_flag(br);
	return br->error ? -EINVAL : 0;
}

int av1_sequence_header_parse(const uint8_t *data, size_t size, struct av1_sequence_header *out)
{
	struct av1_sequence_header header = { .color = COLOR_DESCRIPTION_UNKNOWN };
	struct bit_reader br;

	bit_reader_init(&br, data, size);
	if (parse_sequence(&br, &header) < 0)
		return -EINVAL;
	*out = header;
	return 0;
}

void av1_sequence_codec_string(const struct av1_sequence_header *header, struct codec_string *out)
{
	*out = (struct codec_string) {
		.codec = VIDEO_CODEC_AV1,
		.profile = (int)header->profile,
		.level = (int)header->level,
		.tier = (int)header->tier,
		.bit_depth = (int)header->bit_depth,
		.chroma_subsampling = header->chroma,
		.chroma_sample_position = (int)header->chroma_sample_position,
		.color = header->color,
	};
}

/* The first bits of uncompressed_header(), section 5.9.2. */
static int inspect_frame(const struct av1_obu *obu, struct av1_temporal_unit *unit)
{
	struct bit_reader br;
	unsigned frame_type;
	bool show;

	unit->has_frame = true;
	if (unit->has_sequence_header && unit->sequence.reduced_still_picture_header) {
		unit->key = true;
		return 0;
	}
	bit_reader_init(&br, obu->data, obu->size);
	if (!bit_reader_flag(&br)) { /* show_existing_frame */
		frame_type = bit_reader_get(&br, 2);
		show = bit_reader_flag(&br);
		if (frame_type == KEY_FRAME && show && !br.error)
			unit->key = true;
	}
	return br.error ? -EINVAL : 0;
}

static int inspect_obu(const struct av1_obu *obu, struct av1_temporal_unit *unit)
{
	switch (obu->type) {
	case AV1_OBU_SEQUENCE_HEADER:
		unit->has_sequence_header = true;
		return av1_sequence_header_parse(obu->data, obu->size, &unit->sequence);
	case AV1_OBU_FRAME_HEADER:
	case AV1_OBU_FRAME:
		return inspect_frame(obu, unit);
	default:
		return 0;
	}
}

int av1_temporal_unit_inspect(const uint8_t *data, size_t size, struct av1_temporal_unit *out)
{
	struct av1_temporal_unit unit = { 0 };
	struct av1_obu_iter iter;
	struct av1_obu obu;
	int result;

	av1_obu_iter_init(&iter, data, size);
	while ((result = av1_obu_iter_next(&iter, &obu)) > 0)
		if (inspect_obu(&obu, &unit) < 0)
			return -EINVAL;
	if (result == 0)
		*out = unit;
	return result;
}
