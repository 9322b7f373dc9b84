/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/avcc.h"
#include "recipe_h264.h"
#include "suites.h"
#include "support.h"
#include "vectors/h264.h"

static const struct vector *vector_of(const struct record_vector *record)
{
	for (size_t i = 0; i < ARRAY_SIZE(h264_vectors); i++)
		if (!strcmp(h264_vectors[i].name, record->name))
			return &h264_vectors[i];
	ck_abort_msg("no vector %s", record->name);
	return NULL;
}

START_TEST(reads_records)
{
	const struct record_vector *record = &h264_records[_i];
	const struct vector *vector = vector_of(record);
	struct avcc avcc;

	ck_assert_int_eq(avcc_parse(record->record, record->record_size, &avcc), 0);
	ck_assert_int_eq(avcc.profile, vector->profile);
	ck_assert_int_eq(avcc.level, vector->level);
	ck_assert_uint_eq(avcc.length_size, 4);
	ck_assert_uint_eq(avcc.sps.count, 1);
	ck_assert_uint_eq(avcc.pps.count, 1);
	ck_assert_int_eq(avcc.bit_depth_luma != 0, vector->profile != 66);
	if (!avcc.bit_depth_luma)
		return;
	ck_assert_int_eq(chroma_from_format_idc(avcc.chroma_format), vector->chroma);
	ck_assert_uint_eq(avcc.bit_depth_luma, vector->bit_depth);
	ck_assert_uint_eq(avcc.bit_depth_chroma, vector->bit_depth);
	ck_assert_uint_eq(avcc.sps_ext.count, 0);
}
END_TEST

/* FFmpeg's muxer and this library write the same record for the same access unit. */
START_TEST(writes_records)
{
	const struct record_vector *record = &h264_records[_i];
	size_t chunk_size, size;
	const uint8_t *chunk = vector_chunk(vector_of(record), 0, &chunk_size);
	uint8_t dst[256];

	ck_assert_int_eq(avcc_from_annexb_size(chunk, chunk_size, &size), 0);
	ck_assert_uint_eq(size, record->record_size);
	ck_assert_int_eq(avcc_from_annexb_write(chunk, chunk_size, dst, size - 1, &size),
			 -ENOSPC);
	ck_assert_int_eq(avcc_from_annexb_write(chunk, chunk_size, dst, size, &size), 0);
	ck_assert_uint_eq(size, record->record_size);
	ck_assert_mem_eq(dst, record->record, size);
}
END_TEST

START_TEST(goes_through_annexb_and_back)
{
	const struct record_vector *record = &h264_records[_i];
	uint8_t annexb[256], dst[256];
	size_t annexb_size, size;
	struct avcc avcc;

	ck_assert_int_eq(avcc_parse(record->record, record->record_size, &avcc), 0);
	ck_assert_int_eq(avcc_to_annexb_size(&avcc, &annexb_size), 0);
	ck_assert_int_eq(avcc_to_annexb_write(&avcc, annexb, annexb_size - 1, &size), -ENOSPC);
	ck_assert_int_eq(avcc_to_annexb_write(&avcc, annexb, annexb_size, &size), 0);
	ck_assert_uint_eq(size, annexb_size);
	ck_assert_int_eq(avcc_from_annexb_write(annexb, annexb_size, dst, sizeof(dst), &size), 0);
	ck_assert_uint_eq(size, record->record_size);
	ck_assert_mem_eq(dst, record->record, size);
}
END_TEST

static int parse(const uint8_t *data, size_t size)
{
	struct avcc avcc;

	return avcc_parse(data, size, &avcc);
}

static int convert(const uint8_t *data, size_t size)
{
	size_t needed;

	return avcc_from_annexb_size(data, size, &needed);
}

START_TEST(survives_truncation)
{
	const struct record_vector *record = &h264_records[_i];
	size_t extension = vector_of(record)->profile == 66 ? 0 : 4;
	size_t size;
	const uint8_t *chunk = vector_chunk(vector_of(record), 0, &size);

	/* Only the extension may be missing: there are writers that leave it out. */
	for_each_truncation(record->record, record->record_size,
			    record->record_size - extension, parse);
	for_each_truncation(chunk, size, 4, convert);
}
END_TEST

static const uint8_t minimal[] = {
	1, 100, 0, 40, 0xff, 0xe1, 0, 2, 0x67, 100, 1, 0, 2, 0x68, 0xce,
	0xfd, 0xf8, 0xf8, 1, 0, 2, 0x6d, 0x80,
};

START_TEST(reads_the_extension)
{
	struct nal_iter iter;
	struct avcc avcc;
	struct nal nal;

	ck_assert_int_eq(avcc_parse(minimal, sizeof(minimal), &avcc), 0);
	ck_assert_uint_ge(avcc.bit_depth_luma, 8);
	ck_assert_uint_eq(avcc.sps_ext.count, 1);
	ck_assert_int_eq(nal_iter_init_lengths(&iter, 2, avcc.sps_ext.data, avcc.sps_ext.size), 0);
	ck_assert_int_eq(nal_iter_next(&iter, &nal), 1);
	ck_assert_ptr_eq(nal.data, minimal + sizeof(minimal) - 2);
	ck_assert_uint_eq(nal.size, 2);
	ck_assert_int_eq(nal_iter_next(&iter, &nal), 0);
}
END_TEST

/* Change one byte of the record above. */
static const struct {
	size_t offset;
	uint8_t value;
	int result;
} changes[] = {
	{ 0, 0, -EINVAL },              /* version; an Annex B description looks like this */
	{ 0, 2, -EINVAL },
	{ 4, 0xfe, -EINVAL },           /* 3-byte lengths */
	{ 4, 0xfd, 0 },
	{ 4, 0x03, 0 },                 /* reserved bits are not looked at */
	{ 5, 0xe2, -EINVAL },           /* more SPS than there are */
	{ 5, 0xe0, -EINVAL },           /* what follows is no list of PPS then */
	{ 7, 0, -EINVAL },              /* empty SPS */
	{ 7, 3, -EINVAL },
	{ 6, 0xff, -EINVAL },
	{ 8, 0x68, -EINVAL },           /* not an SPS */
	{ 8, 0xe7, 0 },                 /* forbidden_zero_bit is for the SPS parser to judge */
	{ 10, 2, -EINVAL },
	{ 13, 0x67, -EINVAL },
	{ 18, 2, -EINVAL },
	{ 21, 0x67, -EINVAL },
};

START_TEST(refuses_broken_records)
{
	uint8_t record[sizeof(minimal)];

	memcpy(record, minimal, sizeof(record));
	record[changes[_i].offset] = changes[_i].value;
	ck_assert_int_eq(parse(record, sizeof(record)), changes[_i].result);
}
END_TEST

START_TEST(takes_records_without_parameter_sets)
{
	static const uint8_t record[] = { 1, 100, 0, 40, 0xff, 0xe0, 0 };
	struct avcc avcc;
	size_t size;

	ck_assert_int_eq(avcc_parse(record, sizeof(record), &avcc), 0);
	ck_assert_uint_eq(avcc.sps.count + avcc.pps.count, 0);
	ck_assert_uint_eq(avcc.bit_depth_luma, 0);
	ck_assert_int_eq(avcc_to_annexb_size(&avcc, &size), 0);
	ck_assert_uint_eq(size, 0);
}
END_TEST

START_TEST(needs_both_kinds_of_parameter_set)
{
	uint8_t dst[512];
	size_t chunk_size, size, n;
	const uint8_t *chunk = vector_chunk(&h264_vectors[0], 0, &chunk_size);

	n = drop_nals(VIDEO_CODEC_H264, chunk, chunk_size, H264_NAL_SPS, dst);
	ck_assert_int_eq(avcc_from_annexb_size(dst, n, &size), -EINVAL);
	n = drop_nals(VIDEO_CODEC_H264, chunk, chunk_size, H264_NAL_PPS, dst);
	ck_assert_int_eq(avcc_from_annexb_size(dst, n, &size), -EINVAL);
	ck_assert_int_eq(avcc_from_annexb_size(dst, 0, &size), -EINVAL);
	n = drop_nals(VIDEO_CODEC_H264, chunk, chunk_size, H264_NAL_IDR, dst);
	ck_assert_int_eq(avcc_from_annexb_size(dst, n, &size), 0);
}
END_TEST

START_TEST(counts_each_id_once)
{
	size_t chunk_size, size, twice_size;
	const uint8_t *chunk = vector_chunk(&h264_vectors[0], 0, &chunk_size);
	uint8_t *twice = malloc(2 * chunk_size);

	memcpy(twice, chunk, chunk_size);
	memcpy(twice + chunk_size, chunk, chunk_size);
	ck_assert_int_eq(avcc_from_annexb_size(chunk, chunk_size, &size), 0);
	ck_assert_int_eq(avcc_from_annexb_size(twice, 2 * chunk_size, &twice_size), 0);
	ck_assert_uint_eq(size, twice_size);
	free(twice);
}
END_TEST

/* Append a NAL unit with its start code; returns where the next one goes. */
static size_t append(uint8_t *dst, size_t at, const uint8_t *nal, size_t size)
{
	static const uint8_t start_code[] = { 0, 0, 1 };

	memcpy(dst + at, start_code, sizeof(start_code));
	memcpy(dst + at + sizeof(start_code), nal, size);
	return at + sizeof(start_code) + size;
}

/* Parameter sets with the ids 0 to n - 1, of High profile, and one SPS extension. */
static size_t make_sets(uint8_t *dst, unsigned n_sps, unsigned n_pps)
{
	static const uint8_t sps_ext[] = { H264_NAL_SPS_EXT, 0xa0 };
	uint8_t nal[768];
	size_t at = 0;

	for (unsigned i = 0; i < n_sps; i++) {
		const struct h264_recipe recipe = {
			.id = i, .profile = 122, .level = 40, .chroma_format = 2, .width_mbs = 4,
			.height_units = 4,
		};

		at = append(dst, at, nal, h264_cook_sps(&recipe, nal));
	}
	at = append(dst, at, sps_ext, sizeof(sps_ext));
	for (unsigned i = 0; i < n_pps; i++)
		at = append(dst, at, nal, h264_cook_pps(i, 0, nal));
	return at;
}

START_TEST(writes_several_sets_and_the_extension)
{
	uint8_t annexb[8192], record[8192];
	size_t size, n = make_sets(annexb, 3, 7);
	struct avcc avcc;

	ck_assert_int_eq(avcc_from_annexb_write(annexb, n, record, sizeof(record), &size), 0);
	ck_assert_int_eq(avcc_parse(record, size, &avcc), 0);
	ck_assert_uint_eq(avcc.profile, 122);
	ck_assert_uint_eq(avcc.sps.count, 3);
	ck_assert_uint_eq(avcc.pps.count, 7);
	ck_assert_uint_eq(avcc.chroma_format, 2);
	ck_assert_uint_eq(avcc.bit_depth_luma, 10);
	ck_assert_uint_eq(avcc.bit_depth_chroma, 9);
	ck_assert_uint_eq(avcc.sps_ext.count, 1);
	/* All start codes have one byte more than those that went in. */
	ck_assert_int_eq(avcc_to_annexb_size(&avcc, &size), 0);
	ck_assert_uint_eq(size, n + 3 + 1 + 7);
}
END_TEST

START_TEST(holds_so_many_sets_and_no_more)
{
	uint8_t annexb[16384];
	size_t size;

	ck_assert_int_eq(avcc_from_annexb_size(annexb, make_sets(annexb, 31, 255), &size), 0);
	ck_assert_int_eq(avcc_from_annexb_size(annexb, make_sets(annexb, 32, 1), &size), -EINVAL);
	ck_assert_int_eq(avcc_from_annexb_size(annexb, make_sets(annexb, 1, 256), &size), -EINVAL);
}
END_TEST

START_TEST(holds_units_of_64_kibibytes_and_no_more)
{
	static uint8_t annexb[70000];
	size_t size, n = make_sets(annexb, 1, 1), pps = 3;

	/* The PPS is the last unit: what follows makes it longer. */
	memset(annexb + n, 0xaa, sizeof(annexb) - n);
	ck_assert_int_eq(avcc_from_annexb_size(annexb, n + 65535 - pps, &size), 0);
	ck_assert_int_eq(avcc_from_annexb_size(annexb, n + 65536 - pps, &size), -EINVAL);
}
END_TEST

START_TEST(refuses_broken_sets)
{
	static const uint8_t sps[] = { 0, 0, 1, 0x67, 0x42 }, pps[] = { 0, 0, 1, 0x68 };
	static const uint8_t ext[] = { 0, 0, 1, 0x6d }, none[] = { 0x67, 0x42 };
	size_t size;

	ck_assert_int_eq(avcc_from_annexb_size(sps, sizeof(sps), &size), -EINVAL);
	ck_assert_int_eq(avcc_from_annexb_size(pps, sizeof(pps), &size), -EINVAL);
	ck_assert_int_eq(avcc_from_annexb_size(ext, sizeof(ext), &size), -EINVAL);
	ck_assert_int_eq(avcc_from_annexb_size(none, sizeof(none), &size), -EINVAL);
}
END_TEST

Suite *avcc_suite(void)
{
	Suite *suite = suite_create("avcc");
	TCase *tc = tcase_create("avcc");

	tcase_add_loop_test(tc, reads_records, 0, ARRAY_SIZE(h264_records));
	tcase_add_loop_test(tc, writes_records, 0, ARRAY_SIZE(h264_records));
	tcase_add_loop_test(tc, goes_through_annexb_and_back, 0, ARRAY_SIZE(h264_records));
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(h264_records));
	tcase_add_test(tc, reads_the_extension);
	tcase_add_loop_test(tc, refuses_broken_records, 0, ARRAY_SIZE(changes));
	tcase_add_test(tc, takes_records_without_parameter_sets);
	tcase_add_test(tc, needs_both_kinds_of_parameter_set);
	tcase_add_test(tc, counts_each_id_once);
	tcase_add_test(tc, writes_several_sets_and_the_extension);
	tcase_add_test(tc, holds_so_many_sets_and_no_more);
	tcase_add_test(tc, holds_units_of_64_kibibytes_and_no_more);
	tcase_add_test(tc, refuses_broken_sets);
	suite_add_tcase(suite, tc);
	return suite;
}
