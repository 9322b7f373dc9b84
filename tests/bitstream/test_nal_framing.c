/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/nal_framing.h"
#include "suites.h"
#include "support.h"
#include "vectors/h264.h"
#include "vectors/hevc.h"

/* AUD, SPS, PPS, IDR: types 9, 7, 8 and 5 of H.264. */
static const uint8_t annexb[] = {
	0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x68, 0xce, 0, 0, 1, 0x65, 0x88,
	0x80,
};

static struct lengths_conversion to_lengths(unsigned length_size, unsigned drop)
{
	return (struct lengths_conversion) { VIDEO_CODEC_H264, length_size, drop };
}

static void check_lengths(const struct lengths_conversion *conversion, const uint8_t *expected,
			  size_t expected_size)
{
	uint8_t dst[64];
	size_t size = 0;

	ck_assert_int_eq(lengths_from_annexb_size(conversion, annexb, sizeof(annexb), &size), 0);
	ck_assert_uint_eq(size, expected_size);
	memset(dst, 0xee, sizeof(dst));
	ck_assert_int_eq(lengths_from_annexb_write(conversion, annexb, sizeof(annexb), dst, size,
						   &size), 0);
	ck_assert_uint_eq(size, expected_size);
	ck_assert_mem_eq(dst, expected, expected_size);
	ck_assert_uint_eq(dst[expected_size], 0xee);
	ck_assert_int_eq(lengths_from_annexb_write(conversion, annexb, sizeof(annexb), dst,
						   expected_size - 1, &size), -ENOSPC);
	ck_assert_uint_eq(size, expected_size);
}

START_TEST(writes_lengths)
{
	static const uint8_t one[] = { 2, 9, 0xf0, 2, 0x67, 0x42, 2, 0x68, 0xce, 3, 0x65, 0x88,
				       0x80 };
	static const uint8_t four[] = { 0, 0, 0, 2, 9, 0xf0, 0, 0, 0, 2, 0x67, 0x42, 0, 0, 0, 2,
					0x68, 0xce, 0, 0, 0, 3, 0x65, 0x88, 0x80 };
	static const uint8_t slice[] = { 0, 3, 0x65, 0x88, 0x80 };
	static const uint8_t no_sets[] = { 0, 2, 9, 0xf0, 0, 3, 0x65, 0x88, 0x80 };
	static const uint8_t no_aud[] = { 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce, 0, 3, 0x65, 0x88,
					  0x80 };
	struct lengths_conversion conversion = to_lengths(1, NAL_DROP_NOTHING);

	check_lengths(&conversion, one, sizeof(one));
	conversion = to_lengths(4, NAL_DROP_NOTHING);
	check_lengths(&conversion, four, sizeof(four));
	conversion = to_lengths(2, NAL_DROP_PARAMETER_SETS | NAL_DROP_DELIMITERS);
	check_lengths(&conversion, slice, sizeof(slice));
	conversion = to_lengths(2, NAL_DROP_PARAMETER_SETS);
	check_lengths(&conversion, no_sets, sizeof(no_sets));
	conversion = to_lengths(2, NAL_DROP_DELIMITERS);
	check_lengths(&conversion, no_aud, sizeof(no_aud));
}
END_TEST

START_TEST(refuses_units_too_large_for_the_length)
{
	static uint8_t data[65536 + 4] = { 0, 0, 1, 0x65 };
	struct lengths_conversion conversion = to_lengths(1, NAL_DROP_NOTHING);
	size_t size;

	memset(data + 4, 0xaa, sizeof(data) - 4);
	ck_assert_int_eq(lengths_from_annexb_size(&conversion, data, 3 + 255, &size), 0);
	ck_assert_uint_eq(size, 256);
	ck_assert_int_eq(lengths_from_annexb_size(&conversion, data, 3 + 256, &size), -EINVAL);
	conversion.length_size = 2;
	ck_assert_int_eq(lengths_from_annexb_size(&conversion, data, 3 + 65535, &size), 0);
	ck_assert_int_eq(lengths_from_annexb_size(&conversion, data, 3 + 65536, &size), -EINVAL);
	conversion.length_size = 4;
	ck_assert_int_eq(lengths_from_annexb_size(&conversion, data, 3 + 65536, &size), 0);
	conversion.length_size = 3;
	ck_assert_int_eq(lengths_from_annexb_size(&conversion, data, 16, &size), -EINVAL);
}
END_TEST

START_TEST(puts_the_prefix_behind_the_delimiter)
{
	static const uint8_t with_aud[] = { 2, 9, 0xf0, 1, 0x65, 1, 0x65 };
	static const uint8_t without[] = { 1, 0x65 };
	static const uint8_t prefix[] = { 0, 0, 0, 1, 0x67 };
	static const uint8_t expected[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 0, 0, 0, 1, 0x65,
					    0, 0, 0, 1, 0x65 };
	struct annexb_conversion conversion = { VIDEO_CODEC_H264, 1, prefix, sizeof(prefix) };
	uint8_t dst[32];
	size_t size;

	ck_assert_int_eq(annexb_from_lengths_size(&conversion, with_aud, sizeof(with_aud), &size),
			 0);
	ck_assert_uint_eq(size, sizeof(expected));
	ck_assert_int_eq(annexb_from_lengths_write(&conversion, with_aud, sizeof(with_aud), dst,
						   size, &size), 0);
	ck_assert_mem_eq(dst, expected, sizeof(expected));
	ck_assert_int_eq(annexb_from_lengths_write(&conversion, without, sizeof(without), dst,
						   sizeof(dst), &size), 0);
	ck_assert_uint_eq(size, 10);
	ck_assert_mem_eq(dst, expected + 6, 10);
	ck_assert_int_eq(annexb_from_lengths_write(&conversion, without, sizeof(without), dst, 9,
						   &size), -ENOSPC);
	conversion.prefix_size = 0;
	ck_assert_int_eq(annexb_from_lengths_size(&conversion, without, sizeof(without), &size),
			 0);
	ck_assert_uint_eq(size, 5);
}
END_TEST

START_TEST(refuses_broken_framing)
{
	static const uint8_t data[] = { 0, 0, 0, 5, 0x65 };
	struct annexb_conversion conversion = { VIDEO_CODEC_H264, 4, NULL, 0 };
	struct lengths_conversion back = to_lengths(4, NAL_DROP_NOTHING);
	uint8_t dst[32];
	size_t size;

	ck_assert_int_eq(annexb_from_lengths_size(&conversion, data, sizeof(data), &size),
			 -EINVAL);
	ck_assert_int_eq(annexb_from_lengths_write(&conversion, data, sizeof(data), dst,
						   sizeof(dst), &size), -EINVAL);
	ck_assert_int_eq(lengths_from_annexb_size(&back, data, sizeof(data), &size), -EINVAL);
	conversion.length_size = 3;
	ck_assert_int_eq(annexb_from_lengths_size(&conversion, data, sizeof(data), &size),
			 -EINVAL);
}
END_TEST

static void check_same_units(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
	struct nal_iter iter_a, iter_b;
	struct nal nal_a, nal_b;

	nal_iter_init_annexb(&iter_a, a, a_size);
	nal_iter_init_annexb(&iter_b, b, b_size);
	while (nal_iter_next(&iter_a, &nal_a) > 0) {
		ck_assert_int_eq(nal_iter_next(&iter_b, &nal_b), 1);
		ck_assert_uint_eq(nal_a.size, nal_b.size);
		ck_assert_mem_eq(nal_a.data, nal_b.data, nal_a.size);
	}
	ck_assert_int_eq(nal_iter_next(&iter_b, &nal_b), 0);
}

static void check_round_trip(enum video_codec codec, const uint8_t *data, size_t data_size,
			     unsigned length_size)
{
	struct lengths_conversion there = { codec, length_size, NAL_DROP_NOTHING };
	struct annexb_conversion back = { codec, length_size, NULL, 0 };
	uint8_t *lengths, *result;
	size_t size, result_size;

	ck_assert_int_eq(lengths_from_annexb_size(&there, data, data_size, &size), 0);
	lengths = malloc(size);
	ck_assert_int_eq(lengths_from_annexb_write(&there, data, data_size, lengths, size, &size),
			 0);
	ck_assert_int_eq(annexb_from_lengths_size(&back, lengths, size, &result_size), 0);
	result = malloc(result_size);
	ck_assert_int_eq(annexb_from_lengths_write(&back, lengths, size, result, result_size,
						   &result_size), 0);
	check_same_units(data, data_size, result, result_size);
	free(lengths);
	free(result);
}

START_TEST(comes_back_the_same)
{
	static const unsigned length_sizes[] = { 2, 4 };

	for (size_t i = 0; i < ARRAY_SIZE(h264_vectors); i++)
		check_round_trip(VIDEO_CODEC_H264, h264_vectors[i].data, h264_vectors[i].size,
				 length_sizes[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(hevc_vectors); i++)
		check_round_trip(VIDEO_CODEC_HEVC, hevc_vectors[i].data, hevc_vectors[i].size,
				 length_sizes[_i]);
}
END_TEST

/* The samples come from FFmpeg's MP4 muxer. */
START_TEST(makes_the_samples_that_a_muxer_makes)
{
	const struct lengths_conversion conversion = { VIDEO_CODEC_H264, 4, NAL_DROP_NOTHING };
	const struct record_vector *record = &h264_records[0];
	uint8_t dst[4096];
	size_t size, chunk_size;
	const uint8_t *chunk = vector_chunk(&h264_vectors[0], 0, &chunk_size);

	ck_assert_str_eq(record->name, h264_vectors[0].name);
	ck_assert_int_eq(lengths_from_annexb_write(&conversion, chunk, chunk_size, dst,
						   sizeof(dst), &size), 0);
	ck_assert_uint_eq(size, record->sample_size);
	ck_assert_mem_eq(dst, record->sample, size);
}
END_TEST

Suite *nal_framing_suite(void)
{
	Suite *suite = suite_create("nal_framing");
	TCase *tc = tcase_create("nal_framing");

	tcase_add_test(tc, writes_lengths);
	tcase_add_test(tc, refuses_units_too_large_for_the_length);
	tcase_add_test(tc, puts_the_prefix_behind_the_delimiter);
	tcase_add_test(tc, refuses_broken_framing);
	tcase_add_loop_test(tc, comes_back_the_same, 0, 2);
	tcase_add_test(tc, makes_the_samples_that_a_muxer_makes);
	suite_add_tcase(suite, tc);
	return suite;
}
