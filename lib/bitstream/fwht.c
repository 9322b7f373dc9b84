/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/bits.h"
#include "bitstream/fwht.h"

#define VERSION 3
/* Far beyond the driver's 4096; so the largest payload stays below 4 GiB. */
#define MAX_DIMENSION 16384

/*
 * The kernel's numbers (linux/v4l2-controls.h, linux/videodev2.h), which are what streams carry.
 * They stay out of the public side of this folder.
 */
#define FL_CHROMA_FULL_HEIGHT (1u << 7)
#define FL_CHROMA_FULL_WIDTH (1u << 8)
#define FL_I_FRAME (1u << 10)
#define FL_COMPONENTS_SHIFT 16
#define FL_PIXEL_ENCODING_SHIFT 19

static const uint8_t magic[] = { 0x4f, 0x4f, 0x4f, 0x4f, 0xff, 0xff, 0xff, 0xff };

static uint32_t round_up(uint32_t value, uint32_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

static enum chroma chroma_from_flags(uint32_t flags, unsigned components)
{
	if (components == 1)
		return CHROMA_400;
	if (flags & FL_CHROMA_FULL_WIDTH)
		return flags & FL_CHROMA_FULL_HEIGHT ? CHROMA_444 : CHROMA_440;
	return flags & FL_CHROMA_FULL_HEIGHT ? CHROMA_422 : CHROMA_420;
}

/*
 * The most that a decoder can make use of: a block of 8 by 8 samples is at most 65 words of 16
 * bits, a head and all coefficients.
 */
static uint64_t max_payload(const struct fwht_header *header)
{
	const uint64_t block_bytes = 65 * 2;
	uint32_t width_div = header->flags & FL_CHROMA_FULL_WIDTH ? 1 : 2;
	uint32_t height_div = header->flags & FL_CHROMA_FULL_HEIGHT ? 1 : 2;
	uint64_t luma = (uint64_t)(header->coded_width / 8) * (header->coded_height / 8);
	uint64_t blocks = luma;

	if (header->components >= 3)
		blocks += 2 * (luma / (width_div * height_div));
	if (header->components == 4)
		blocks += luma;
	return blocks * block_bytes;
}

static int interpret_flags(struct fwht_header *header)
{
	uint32_t flags = header->flags;
	unsigned pixel_encoding = flags >> FL_PIXEL_ENCODING_SHIFT & 3;

	header->key = flags & FL_I_FRAME;
	header->components = 1 + (flags >> FL_COMPONENTS_SHIFT & 7);
	if (!pixel_encoding || header->components == 2 || header->components > 4)
		return -EINVAL;
	header->pixel_encoding = (enum fwht_pixel_encoding)pixel_encoding;
	header->chroma = chroma_from_flags(flags, header->components);
	header->coded_width = round_up(header->width, flags & FL_CHROMA_FULL_WIDTH ? 8 : 16);
	header->coded_height = round_up(header->height, flags & FL_CHROMA_FULL_HEIGHT ? 8 : 16);
	return header->payload_size <= max_payload(header) ? 0 : -EINVAL;
}

int fwht_header_parse(const uint8_t *data, size_t size, struct fwht_header *out)
{
	struct fwht_header header = { 0 };
	struct byte_reader br;

	if (size < FWHT_HEADER_SIZE || memcmp(data, magic, sizeof(magic)))
		return -EINVAL;
	byte_reader_init(&br, data + sizeof(magic), FWHT_HEADER_SIZE - sizeof(magic));
	header.version = byte_reader_be32(&br);
	header.width = byte_reader_be32(&br);
	header.height = byte_reader_be32(&br);
	header.flags = byte_reader_be32(&br);
	header.colorspace = byte_reader_be32(&br);
	header.xfer_func = byte_reader_be32(&br);
	header.ycbcr_enc = byte_reader_be32(&br);
	header.quantization = byte_reader_be32(&br);
	header.payload_size = byte_reader_be32(&br);
	if (header.version != VERSION)
		return -ENOTSUP;
	if (!header.width || header.width > MAX_DIMENSION ||
	    !header.height || header.height > MAX_DIMENSION || interpret_flags(&header) < 0)
		return -EINVAL;
	*out = header;
	return 0;
}

/*
 * By enum v4l2_colorspace: primaries, then what the kernel's V4L2_MAP_*_DEFAULT macros choose for
 * the other fields when they are 0; 2 is "unspecified".
 */
static const struct {
	uint8_t primaries, transfer, matrix;
} colorspaces[] = {
	{ 2, 2, 2 },            /* DEFAULT */
	{ 6, 1, 6 },            /* SMPTE170M */
	{ 7, 7, 7 },            /* SMPTE240M */
	{ 1, 1, 1 },            /* REC709 */
	{ 2, 1, 6 },            /* BT878, not used any more */
	{ 4, 1, 6 },            /* 470_SYSTEM_M */
	{ 5, 1, 6 },            /* 470_SYSTEM_BG */
	{ 1, 13, 6 },           /* JPEG */
	{ 1, 13, 6 },           /* SRGB */
	{ 2, 2, 6 },            /* OPRGB, which H.273 does not have */
	{ 9, 1, 9 },            /* BT2020 */
	{ 2, 8, 6 },            /* RAW */
	{ 11, 17, 1 },          /* DCI_P3 */
};

/* By enum v4l2_xfer_func and enum v4l2_ycbcr_encoding; 0 stands for the default. */
static const uint8_t transfers[] = { 0, 1, 13, 2, 7, 8, 17, 16 };
static const uint8_t matrices[] = { 0, 6, 1, 6, 1, 6, 9, 10, 7 };

#define COLORSPACE_JPEG 7

static uint8_t look_up(const uint8_t *table, size_t n, uint32_t index, uint8_t fallback)
{
	if (index >= n)
		return CICP_UNSPECIFIED;
	return index ? table[index] : fallback;
}

static enum color_range fwht_range(const struct fwht_header *header)
{
	switch (header->quantization) {
	case 0:
		break;
	case 1:
		return COLOR_RANGE_FULL;
	case 2:
		return COLOR_RANGE_LIMITED;
	default:
		return COLOR_RANGE_UNKNOWN;
	}
	if (header->pixel_encoding != FWHT_PIXEL_ENCODING_YUV ||
	    header->colorspace == COLORSPACE_JPEG)
		return COLOR_RANGE_FULL;
	return header->colorspace ? COLOR_RANGE_LIMITED : COLOR_RANGE_UNKNOWN;
}

struct color_description fwht_color(const struct fwht_header *header)
{
	struct color_description color = COLOR_DESCRIPTION_UNKNOWN;
	uint32_t colorspace = header->colorspace;

	if (colorspace >= sizeof(colorspaces) / sizeof(colorspaces[0]))
		colorspace = 0;
	color.primaries = colorspaces[colorspace].primaries;
	color.transfer = look_up(transfers, sizeof(transfers), header->xfer_func,
				 colorspaces[colorspace].transfer);
	if (header->pixel_encoding == FWHT_PIXEL_ENCODING_YUV)
		color.matrix = look_up(matrices, sizeof(matrices), header->ycbcr_enc,
				       colorspaces[colorspace].matrix);
	else if (header->pixel_encoding == FWHT_PIXEL_ENCODING_RGB && header->components > 1)
		color.matrix = 0;
	color.range = fwht_range(header);
	return color;
}
