/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/bits.h"
#include "bitstream/mjpeg.h"

/* Second byte of markers, T.81 table B.1. */
enum marker {
	MARKER_TEM = 0x01,
	MARKER_SOF0 = 0xc0,
	MARKER_DHT = 0xc4,
	MARKER_JPG = 0xc8,
	MARKER_DAC = 0xcc,
	MARKER_SOF15 = 0xcf,
	MARKER_RST0 = 0xd0,
	MARKER_RST7 = 0xd7,
	MARKER_SOI = 0xd8,
	MARKER_EOI = 0xd9,
	MARKER_SOS = 0xda,
	MARKER_APP14 = 0xee,
};

/* JFIF and sYCC: BT.601 coefficients over the full range. */
#define MATRIX_SYCC 5
#define MATRIX_RGB 0

/* The next marker; -EINVAL when there is none here. Fill bytes may come before it (B.1.1.2). */
static int next_marker(struct byte_reader *br)
{
	uint8_t byte = byte_reader_u8(br);

	if (byte != 0xff)
		return -EINVAL;
	while (byte == 0xff && !br->error)
		byte = byte_reader_u8(br);
	return br->error || !byte ? -EINVAL : byte;
}

/* Markers without a length behind them. */
static bool stands_alone(int marker)
{
	return marker == MARKER_TEM || (marker >= MARKER_RST0 && marker <= MARKER_EOI);
}

static bool is_frame_header(int marker)
{
	return marker >= MARKER_SOF0 && marker <= MARKER_SOF15 && marker != MARKER_DHT &&
	       marker != MARKER_JPG && marker != MARKER_DAC;
}

/* The content of the segment behind a marker. */
static int take_segment(struct byte_reader *br, struct byte_reader *segment)
{
	uint16_t length = byte_reader_be16(br);
	const uint8_t *data;

	if (length < 2)
		return -EINVAL;
	data = byte_reader_take(br, length - 2u);
	if (!data)
		return -EINVAL;
	byte_reader_init(segment, data, length - 2u);
	return 0;
}

/* How often the first component is sampled for one sample of the others. */
static enum chroma chroma_from_ratio(unsigned horizontal, unsigned vertical)
{
	switch (horizontal << 4 | vertical) {
	case 0x11:
		return CHROMA_444;
	case 0x12:
		return CHROMA_440;
	case 0x21:
		return CHROMA_422;
	case 0x22:
		return CHROMA_420;
	case 0x41:
		return CHROMA_411;
	default:
		return CHROMA_UNKNOWN;
	}
}

/* sampling: horizontal and vertical factor (B.2.2) of each of the three components. */
static enum chroma chroma_from_sampling(const uint8_t *sampling)
{
	unsigned h = sampling[1] >> 4, v = sampling[1] & 0xf;

	if (sampling[1] != sampling[2] || !h || !v || (sampling[0] >> 4) % h ||
	    (sampling[0] & 0xf) % v)
		return CHROMA_UNKNOWN;
	return chroma_from_ratio((sampling[0] >> 4) / h, (sampling[0] & 0xf) / v);
}

/* Section B.2.2. */
static int parse_frame_header(struct byte_reader *br, struct mjpeg_header *header)
{
	uint8_t sampling[4] = { 0 };

	header->bit_depth = byte_reader_u8(br);
	header->height = byte_reader_be16(br);
	header->width = byte_reader_be16(br);
	header->components = byte_reader_u8(br);
	if (!header->width || !header->height || !header->components || header->components > 4)
		return -EINVAL;
	for (unsigned i = 0; i < header->components; i++) {
		byte_reader_u8(br); /* component identifier */
		sampling[i] = byte_reader_u8(br);
		byte_reader_u8(br); /* quantization table */
	}
	if (header->components == 1)
		header->chroma = CHROMA_400;
	else if (header->components == 3)
		header->chroma = chroma_from_sampling(sampling);
	return br->error ? -EINVAL : 0;
}

/* Adobe's segment says whether three components are RGB: it ends in its transform byte, 0. */
static bool is_adobe_rgb(const struct byte_reader *segment)
{
	return segment->size >= 12 && !memcmp(segment->data, "Adobe", 5) && segment->data[11] == 0;
}

static void set_color(struct mjpeg_header *header, bool rgb)
{
	header->color = COLOR_DESCRIPTION_UNKNOWN;
	if (header->components == 4)
		return;
	header->color.range = COLOR_RANGE_FULL;
	if (header->components == 3)
		header->color.matrix = rgb ? MATRIX_RGB : MATRIX_SYCC;
}

int mjpeg_header_parse(const uint8_t *data, size_t size, struct mjpeg_header *out)
{
	struct mjpeg_header header = { 0 };
	struct byte_reader br, segment;
	bool rgb = false;
	int marker;

	byte_reader_init(&br, data, size);
	if (next_marker(&br) != MARKER_SOI)
		return -EINVAL;
	for (;;) {
		marker = next_marker(&br);
		if (marker < 0 || marker == MARKER_SOS || stands_alone(marker) ||
		    take_segment(&br, &segment) < 0)
			return -EINVAL;
		if (marker == MARKER_APP14)
			rgb = is_adobe_rgb(&segment);
		if (is_frame_header(marker))
			break;
	}
	if (parse_frame_header(&segment, &header) < 0)
		return -EINVAL;
	set_color(&header, rgb);
	*out = header;
	return 0;
}
