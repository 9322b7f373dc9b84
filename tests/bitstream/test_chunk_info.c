/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/chunk_info.h"
#include "bitstream/nal_framing.h"
#include "suites.h"
#include "support.h"
#include "vectors/av1.h"
#include "vectors/fwht.h"
#include "vectors/h264.h"
#include "vectors/hevc.h"
#include "vectors/mjpeg.h"
#include "vectors/vp8.h"
#include "vectors/vp9.h"

static const struct {
	enum video_codec codec;
	const struct vector *vectors;
	size_t n;
	bool reorders;
} streams[] = {
	{ VIDEO_CODEC_H264, h264_vectors, ARRAY_SIZE(h264_vectors), true },
	{ VIDEO_CODEC_HEVC, hevc_vectors, ARRAY_SIZE(hevc_vectors), true },
	{ VIDEO_CODEC_VP8, vp8_vectors, ARRAY_SIZE(vp8_vectors), false },
	{ VIDEO_CODEC_VP9, vp9_vectors, ARRAY_SIZE(vp9_vectors), false },
	{ VIDEO_CODEC_AV1, av1_vectors, ARRAY_SIZE(av1_vectors), false },
	{ VIDEO_CODEC_MJPEG, mjpeg_vectors, ARRAY_SIZE(mjpeg_vectors), false },
};

static void check_key_chunk(const struct chunk_info *info, const struct vector *vector,
			    enum video_codec codec)
{
	ck_assert(info->is_random_access && info->has_format);
	ck_assert_uint_eq(info->visible.x, 0);
	ck_assert_uint_eq(info->visible.y, 0);
	ck_assert_uint_eq(info->visible.width, vector->width);
	ck_assert_uint_eq(info->visible.height, vector->height);
	ck_assert_uint_ge(info->coded_width, vector->width);
	ck_assert_uint_ge(info->coded_height, vector->height);
	ck_assert_uint_eq(info->bit_depth, vector->bit_depth);
	ck_assert_int_eq(info->chroma, vector->chroma);
	ck_assert_int_eq(info->codec.codec, codec);
	ck_assert_int_eq(info->codec.profile, vector->profile);
}

static void check_other_chunk(const struct chunk_info *info, enum video_codec codec)
{
	ck_assert(!info->is_random_access && !info->has_format);
	ck_assert_uint_eq(info->coded_width, 0);
	ck_assert_uint_eq(info->bit_depth, 0);
	ck_assert_int_eq(info->max_reorder, -1);
	ck_assert_int_eq(info->codec.codec, codec);
}

START_TEST(agrees_with_ffprobe)
{
	enum video_codec codec = streams[_i].codec;

	for (size_t k = 0; k < streams[_i].n; k++) {
		const struct vector *vector = &streams[_i].vectors[k];

		for (unsigned i = 0; i < vector->n_chunks; i++) {
			struct chunk_info info;
			size_t size;
			const uint8_t *chunk = vector_chunk(vector, i, &size);

			ck_assert_int_eq(chunk_inspect(codec, false, 0, chunk, size, &info), 0);
			ck_assert_int_eq(info.is_key, vector->chunks[i].key);
			if (!info.is_key) {
				check_other_chunk(&info, codec);
				continue;
			}
			check_key_chunk(&info, vector, codec);
			ck_assert_int_eq(info.max_reorder,
					 streams[_i].reorders ? vector->reorder : -1);
		}
	}
}
END_TEST

START_TEST(inspects_fwht)
{
	const struct fwht_vector *vector = &fwht_vectors[3];
	struct chunk_info info;

	ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_FWHT, false, 0, vector->data, vector->size,
				       &info), 0);
	ck_assert(info.is_key && info.has_format);
	ck_assert_uint_eq(info.coded_width, 48);
	ck_assert_uint_eq(info.visible.width, 40);
	ck_assert_uint_eq(info.visible.height, 24);
	ck_assert_int_eq(info.chroma, CHROMA_422);
	ck_assert_uint_eq(info.color.primaries, 6);
	ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_FWHT, false, 0, vector->data,
				       64, &info), -EINVAL);
}
END_TEST

/* The same access unit in both framings, with and without parameter sets. */
static void check_framings(enum video_codec codec, const struct vector *vector)
{
	const struct lengths_conversion all = { codec, 4, NAL_DROP_NOTHING };
	const struct lengths_conversion bare = { codec, 2, NAL_DROP_PARAMETER_SETS };
	uint8_t data[2048];
	struct chunk_info info;
	size_t chunk_size, size;
	const uint8_t *chunk = vector_chunk(vector, 0, &chunk_size);

	ck_assert_int_eq(lengths_from_annexb_write(&all, chunk, chunk_size, data, sizeof(data),
						   &size), 0);
	ck_assert_int_eq(chunk_inspect(codec, true, 4, data, size, &info), 0);
	ck_assert(info.is_key && info.has_format);
	ck_assert_int_eq(lengths_from_annexb_write(&bare, chunk, chunk_size, data, sizeof(data),
						   &size), 0);
	ck_assert_int_eq(chunk_inspect(codec, true, 2, data, size, &info), 0);
	ck_assert(info.is_key && info.is_random_access && !info.has_format);
	ck_assert_int_eq(chunk_inspect(codec, true, 4, data, size, &info), -EINVAL);
	ck_assert_int_eq(chunk_inspect(codec, true, 3, data, size, &info), -EINVAL);
	ck_assert_int_eq(chunk_inspect(codec, false, 0, data, size, &info), -EINVAL);
}

START_TEST(inspects_both_framings)
{
	check_framings(VIDEO_CODEC_H264, &h264_vectors[0]);
	check_framings(VIDEO_CODEC_HEVC, &hevc_vectors[0]);
}
END_TEST

START_TEST(wants_parameter_sets_in_annexb_key_chunks)
{
	struct chunk_info info;
	uint8_t without[1024];
	size_t size, n;
	const uint8_t *chunk = vector_chunk(&h264_vectors[0], 0, &size);

	n = drop_nals(VIDEO_CODEC_H264, chunk, size, H264_NAL_PPS, without);
	ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_H264, false, 0, without, n, &info), 0);
	ck_assert(!info.is_key && info.is_random_access && info.has_format);
	n = drop_nals(VIDEO_CODEC_H264, chunk, size, H264_NAL_SPS, without);
	ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_H264, false, 0, without, n, &info), 0);
	ck_assert(!info.is_key && info.is_random_access && !info.has_format);
	chunk = vector_chunk(&hevc_vectors[0], 0, &size);
	n = drop_nals(VIDEO_CODEC_HEVC, chunk, size, HEVC_NAL_VPS, without);
	ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_HEVC, false, 0, without, n, &info), 0);
	ck_assert(!info.is_key && info.is_random_access && info.has_format);
}
END_TEST

START_TEST(inspects_descriptions)
{
	struct chunk_info info;
	unsigned length_size = 0;

	ck_assert_int_eq(description_inspect(VIDEO_CODEC_H264, h264_records[0].record,
					     h264_records[0].record_size, &length_size, &info), 0);
	ck_assert_uint_eq(length_size, 4);
	ck_assert(info.has_format && !info.is_key);
	ck_assert_uint_eq(info.visible.width, 98);
	ck_assert_uint_eq(info.coded_width, 112);
	ck_assert_int_eq(info.codec.profile, 66);
	length_size = 0;
	ck_assert_int_eq(description_inspect(VIDEO_CODEC_HEVC, hevc_records[1].record,
					     hevc_records[1].record_size, &length_size, &info), 0);
	ck_assert_uint_eq(length_size, 4);
	ck_assert_uint_eq(info.visible.width, 98);
	ck_assert_uint_eq(info.bit_depth, 10);
	ck_assert_uint_eq(info.color.transfer, 16);
	ck_assert_int_eq(description_inspect(VIDEO_CODEC_H264, hevc_records[1].record,
					     hevc_records[1].record_size, &length_size, &info),
			 -EINVAL);
	ck_assert_int_eq(description_inspect(VIDEO_CODEC_VP9, h264_records[0].record,
					     h264_records[0].record_size, &length_size, &info),
			 -ENOTSUP);
}
END_TEST

START_TEST(inspects_odd_descriptions)
{
	static const uint8_t broken_sps[] = { 1, 66, 0, 30, 0xff, 0xe1, 0, 2, 0x67, 0x42, 1, 0, 2,
					      0x68, 0xce };
	static const uint8_t no_sps[] = { 1, 66, 0, 30, 0xfd, 0xe0, 0 };
	static const uint8_t no_arrays[23] = { 1, [21] = 3 };
	struct chunk_info info;
	unsigned length_size;

	ck_assert_int_eq(description_inspect(VIDEO_CODEC_H264, broken_sps, sizeof(broken_sps),
					     &length_size, &info), -EINVAL);
	ck_assert_int_eq(description_inspect(VIDEO_CODEC_H264, no_sps, sizeof(no_sps),
					     &length_size, &info), 0);
	ck_assert_uint_eq(length_size, 2);
	ck_assert(!info.has_format);
	ck_assert_int_eq(description_inspect(VIDEO_CODEC_HEVC, no_arrays, sizeof(no_arrays),
					     &length_size, &info), 0);
	ck_assert_uint_eq(length_size, 4);
	ck_assert(!info.has_format);
	ck_assert_int_eq(description_inspect(VIDEO_CODEC_HEVC, no_arrays, sizeof(no_arrays) - 1,
					     &length_size, &info), -EINVAL);
}
END_TEST

/* The samples of a muxer are key chunks with the description beside them. */
START_TEST(inspects_samples)
{
	struct chunk_info info;

	for (size_t i = 0; i < ARRAY_SIZE(h264_records); i++) {
		ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_H264, true, 4, h264_records[i].sample,
					       h264_records[i].sample_size, &info), 0);
		ck_assert(info.is_key);
	}
	for (size_t i = 0; i < ARRAY_SIZE(hevc_records); i++) {
		ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_HEVC, true, 4, hevc_records[i].sample,
					       hevc_records[i].sample_size, &info), 0);
		ck_assert(info.is_key);
	}
}
END_TEST

START_TEST(refuses_nothing_and_nonsense)
{
	static const uint8_t nonsense[] = { 0xff, 0xfe, 0xfd, 0xfc, 0xfb };
	struct chunk_info info;

	for (int codec = VIDEO_CODEC_H264; codec <= VIDEO_CODEC_FWHT; codec++) {
		int result;

		ck_assert_int_eq(chunk_inspect((enum video_codec)codec, false, 0, nonsense, 0,
					       &info), -EINVAL);
		result = chunk_inspect((enum video_codec)codec, false, 0, nonsense,
				       sizeof(nonsense), &info);
		ck_assert_int_eq(result, codec == VIDEO_CODEC_VP8 ? -ENOTSUP : -EINVAL);
		ck_assert(!info.is_key);
	}
	ck_assert_int_eq(chunk_inspect(VIDEO_CODEC_NONE, false, 0, nonsense, 1, &info), -ENOTSUP);
}
END_TEST

Suite *chunk_info_suite(void)
{
	Suite *suite = suite_create("frame_info");
	TCase *tc = tcase_create("frame_info");

	tcase_add_loop_test(tc, agrees_with_ffprobe, 0, ARRAY_SIZE(streams));
	tcase_add_test(tc, inspects_fwht);
	tcase_add_test(tc, inspects_both_framings);
	tcase_add_test(tc, wants_parameter_sets_in_annexb_key_chunks);
	tcase_add_test(tc, inspects_descriptions);
	tcase_add_test(tc, inspects_odd_descriptions);
	tcase_add_test(tc, inspects_samples);
	tcase_add_test(tc, refuses_nothing_and_nonsense);
	suite_add_tcase(suite, tc);
	return suite;
}
