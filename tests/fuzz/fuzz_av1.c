/* SPDX-License-Identifier: MIT */
/* The input is read as a sequence header and as a temporal unit. */
#include <errno.h>

#include "bitstream/av1.h"
#include "bitstream/chunk_info.h"
#include "fuzz.h"

static void check_sequence(const struct av1_sequence_header *header)
{
	struct codec_string cs;
	char string[CODEC_STRING_MAX];
	int result;

	require(header->profile < 3 && header->level < 32 && header->tier < 2);
	require(header->max_width >= 1 && header->max_width <= 65536);
	require(header->max_height >= 1 && header->max_height <= 65536);
	require(header->bit_depth == 8 || header->bit_depth == 10 || header->bit_depth == 12);
	require(header->chroma != CHROMA_UNKNOWN && header->chroma_sample_position < 4);
	av1_sequence_codec_string(header, &cs);
	/* Reserved levels and colours have no string. */
	result = codec_string_format(&cs, string, sizeof(string));
	require(result == 0 || result == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct av1_sequence_header header;
	struct av1_temporal_unit unit;
	struct chunk_info info;
	struct av1_obu_iter iter;
	struct av1_obu obu;
	size_t last = 0;

	if (av1_sequence_header_parse(data, size, &header) == 0)
		check_sequence(&header);
	av1_obu_iter_init(&iter, data, size);
	while (av1_obu_iter_next(&iter, &obu) == 1) {
		require(iter.pos > last && iter.pos <= size);
		require(obu.data + obu.size == data + iter.pos);
		last = iter.pos;
	}
	if (av1_temporal_unit_inspect(data, size, &unit) < 0)
		return 0;
	require(!unit.key || unit.has_frame);
	if (unit.has_sequence_header)
		check_sequence(&unit.sequence);
	require(!size || chunk_inspect(VIDEO_CODEC_AV1, false, 0, data, size, &info) == 0);
	return 0;
}
