/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "bitstream/bits.h"
#include "bitstream/vp9.h"

#define FRAME_MARKER 2
#define SYNC_CODE 0x498342

enum color_space {
	CS_RGB = 7,
};

static size_t read_le(const uint8_t *p, unsigned n)
{
	size_t value = 0;

	while (n--)
		value = value << 8 | p[n];
	return value;
}

/* Size of the index at the end of a superframe, 0 if there is none. */
static size_t index_size(const uint8_t *data, size_t size)
{
	uint8_t marker = data[size - 1];
	size_t n = 2 + ((size_t)(marker >> 3 & 3) + 1) * ((size_t)(marker & 7) + 1);

	if ((marker & 0xe0) != 0xc0 || size < n || data[size - n] != marker)
		return 0;
	return n;
}

int vp9_superframe_parse(const uint8_t *data, size_t size, struct vp9_superframe *out)
{
	struct vp9_superframe superframe = { .n_frames = 1 };
	unsigned size_bytes;
	const uint8_t *index;
	size_t n;

	if (!size)
		return -EINVAL;
	n = index_size(data, size);
	if (!n) {
		superframe.frames[0].data = data;
		superframe.frames[0].size = size;
		*out = superframe;
		return 0;
	}
	size_bytes = (data[size - 1] >> 3 & 3u) + 1;
	superframe.n_frames = (data[size - 1] & 7u) + 1;
	index = data + size - n + 1;
	size -= n;
	for (unsigned i = 0; i < superframe.n_frames; i++, index += size_bytes) {
		size_t frame = read_le(index, size_bytes);

		if (!frame || frame > size)
			return -EINVAL;
		superframe.frames[i].data = data;
		superframe.frames[i].size = frame;
		data += frame;
		size -= frame;
	}
	*out = superframe;
	return 0;
}

/* Section 7.2.2: color_space to matrix_coefficients of H.273. */
static uint8_t matrix_from_color_space(unsigned color_space)
{
	static const uint8_t table[] = { CICP_UNSPECIFIED, 5, 1, 6, 7, 9, CICP_UNSPECIFIED, 0 };

	return table[color_space];
}

static int parse_subsampling(struct bit_reader *br, struct vp9_frame_header *header)
{
	static const enum chroma table[] = {
		CHROMA_444, CHROMA_440, CHROMA_422, CHROMA_UNKNOWN,
	};
	unsigned xy;

	if (!(header->profile & 1)) {
		header->chroma = CHROMA_420;
		return 0;
	}
	xy = bit_reader_get(br, 2);
	bit_reader_skip(br, 1); /* reserved_zero */
	header->chroma = table[xy];
	/* 4:2:0 belongs to the even profiles. */
	return header->chroma == CHROMA_UNKNOWN ? -EINVAL : 0;
}

/* Section 6.2.2. */
static int parse_color_config(struct bit_reader *br, struct vp9_frame_header *header)
{
	unsigned color_space;

	header->bit_depth = 8;
	if (header->profile >= 2)
		header->bit_depth = bit_reader_flag(br) ? 12 : 10;
	color_space = bit_reader_get(br, 3);
	header->color.matrix = matrix_from_color_space(color_space);
	if (color_space != CS_RGB) {
		header->color.range = bit_reader_flag(br) ? COLOR_RANGE_FULL : COLOR_RANGE_LIMITED;
		return parse_subsampling(br, header);
	}
	if (!(header->profile & 1))
		return -EINVAL;
	header->color.range = COLOR_RANGE_FULL;
	header->chroma = CHROMA_444;
	bit_reader_skip(br, 1); /* reserved_zero */
	return 0;
}

static void parse_sizes(struct bit_reader *br, struct vp9_frame_header *header)
{
	header->width = bit_reader_get(br, 16) + 1;
	header->height = bit_reader_get(br, 16) + 1;
	header->render_width = header->width;
	header->render_height = header->height;
	if (bit_reader_flag(br)) { /* render_and_frame_size_different */
		header->render_width = bit_reader_get(br, 16) + 1;
		header->render_height = bit_reader_get(br, 16) + 1;
	}
}

static int parse_key(struct bit_reader *br, struct vp9_frame_header *header)
{
	if (bit_reader_get(br, 24) != SYNC_CODE || parse_color_config(br, header) < 0)
		return -EINVAL;
	parse_sizes(br, header);
	return 0;
}

static int parse_not_key(struct bit_reader *br, struct vp9_frame_header *header,
			 bool error_resilient)
{
	if (!header->show)
		header->intra_only = bit_reader_flag(br);
	if (!error_resilient)
		bit_reader_skip(br, 2); /* reset_frame_context */
	if (!header->intra_only)
		return 0;
	if (bit_reader_get(br, 24) != SYNC_CODE)
		return -EINVAL;
	header->bit_depth = 8;
	header->chroma = CHROMA_420;
	if (header->profile && parse_color_config(br, header) < 0)
		return -EINVAL;
	bit_reader_skip(br, 8); /* refresh_frame_flags */
	parse_sizes(br, header);
	return 0;
}

/* Section 6.2. */
static int parse_header(struct bit_reader *br, struct vp9_frame_header *header)
{
	bool error_resilient;

	if (bit_reader_get(br, 2) != FRAME_MARKER)
		return -EINVAL;
	header->profile = bit_reader_get(br, 1);
	header->profile |= bit_reader_get(br, 1) << 1;
	if (header->profile == 3 && bit_reader_flag(br)) /* reserved_zero */
		return -EINVAL;
	header->show_existing = bit_reader_flag(br);
	if (header->show_existing) {
		bit_reader_skip(br, 3); /* frame_to_show_map_idx */
		return 0;
	}
	header->key = !bit_reader_flag(br);
	header->show = bit_reader_flag(br);
	error_resilient = bit_reader_flag(br);
	return header->key ? parse_key(br, header) : parse_not_key(br, header, error_resilient);
}

int vp9_frame_header_parse(const uint8_t *data, size_t size, struct vp9_frame_header *out)
{
	struct vp9_frame_header header = { .color = COLOR_DESCRIPTION_UNKNOWN };
	struct bit_reader br;

	bit_reader_init(&br, data, size);
	if (parse_header(&br, &header) < 0 || br.error)
		return -EINVAL;
	*out = header;
	return 0;
}

int vp9_level(uint32_t width, uint32_t height, uint64_t luma_rate)
{
	static const struct {
		uint8_t level;
		uint32_t max_dimension;
		uint64_t max_picture;
		uint64_t max_rate;
	} table[] = {
		{ 10, 512, 36864, 829440 },
		{ 11, 768, 73728, 2764800 },
		{ 20, 960, 122880, 4608000 },
		{ 21, 1344, 245760, 9216000 },
		{ 30, 2048, 552960, 20736000 },
		{ 31, 2752, 983040, 36864000 },
		{ 40, 4160, 2228224, 83558400 },
		{ 41, 4160, 2228224, 160432128 },
		{ 50, 8384, 8912896, 311951360 },
		{ 51, 8384, 8912896, 588251136 },
		{ 52, 8384, 8912896, 1176502272 },
		{ 60, 16832, 35651584, 1176502272 },
		{ 61, 16832, 35651584, 2353004544 },
		{ 62, 16832, 35651584, 4706009088 },
	};
	const size_t n = sizeof(table) / sizeof(table[0]);
	uint64_t picture = (uint64_t)width * height;
	uint32_t dimension = width > height ? width : height;

	for (size_t i = 0; i < n; i++)
		if (dimension <= table[i].max_dimension && picture <= table[i].max_picture &&
		    luma_rate <= table[i].max_rate)
			return table[i].level;
	return table[n - 1].level;
}

void vp9_frame_codec_string(const struct vp9_frame_header *header, struct codec_string *out)
{
	*out = (struct codec_string) {
		.codec = VIDEO_CODEC_VP9,
		.profile = (int)header->profile,
		.level = vp9_level(header->width, header->height, 0),
		.bit_depth = (int)header->bit_depth,
		.chroma_subsampling = header->chroma,
		/* Streams do not tell; colocated is the default of the codec string. */
		.chroma_sample_position = header->chroma == CHROMA_420,
		.color = header->color,
	};
}
