/* SPDX-License-Identifier: MIT */
/*
 * The first byte chooses the conversion, the rest is the access unit. Annex B data that is taken
 * comes back from lengths with the same NAL units.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/nal.h"
#include "bitstream/nal_framing.h"
#include "fuzz.h"

static void check_same_units(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
	struct nal_iter iter_a, iter_b;
	struct nal nal_a, nal_b;

	nal_iter_init_annexb(&iter_a, a, a_size);
	nal_iter_init_annexb(&iter_b, b, b_size);
	while (nal_iter_next(&iter_a, &nal_a) == 1) {
		require(nal_iter_next(&iter_b, &nal_b) == 1);
		require(nal_a.size == nal_b.size);
		require(!memcmp(nal_a.data, nal_b.data, nal_a.size));
	}
	require(nal_iter_next(&iter_b, &nal_b) == 0);
}

/* Returns what was written, for the caller to free; NULL when the input is refused. */
static uint8_t *to_annexb(const struct annexb_conversion *conversion, const uint8_t *data,
			  size_t size, size_t *out)
{
	size_t written;
	uint8_t *dst;

	if (annexb_from_lengths_size(conversion, data, size, out) < 0)
		return NULL;
	dst = malloc(*out + 1);
	require(dst);
	require(annexb_from_lengths_write(conversion, data, size, dst, *out, &written) == 0);
	require(written == *out);
	return dst;
}

static void check_annexb(enum video_codec codec, unsigned length_size, unsigned drop,
			 const uint8_t *data, size_t size)
{
	const struct lengths_conversion there = { codec, length_size, drop };
	const struct annexb_conversion back = { codec, length_size, NULL, 0 };
	size_t lengths_size, written, annexb_size;
	uint8_t *lengths, *annexb;

	if (lengths_from_annexb_size(&there, data, size, &lengths_size) < 0)
		return;
	lengths = malloc(lengths_size + 1);
	require(lengths);
	require(lengths_from_annexb_write(&there, data, size, lengths, lengths_size,
					  &written) == 0);
	require(written == lengths_size);
	annexb = to_annexb(&back, lengths, lengths_size, &annexb_size);
	require(annexb);
	if (!drop)
		check_same_units(data, size, annexb, annexb_size);
	free(annexb);
	free(lengths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t prefix[] = { 0, 0, 0, 1, 0x67 };
	static const unsigned length_sizes[] = { 1, 2, 4, 3 };
	struct annexb_conversion conversion;
	enum video_codec codec;
	size_t out;

	if (!size)
		return 0;
	codec = data[0] & 4 ? VIDEO_CODEC_HEVC : VIDEO_CODEC_H264;
	conversion = (struct annexb_conversion) {
		codec, length_sizes[data[0] & 3], prefix, data[0] & 8 ? sizeof(prefix) : 0,
	};
	free(to_annexb(&conversion, data + 1, size - 1, &out));
	check_annexb(codec, conversion.length_size, data[0] >> 4 & 3, data + 1, size - 1);
	return 0;
}
