/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/hevc.h"
#include "bitstream/hvcc.h"
#include "recipe_hevc.h"
#include "suites.h"
#include "support.h"
#include "vectors/hevc.h"

static const struct vector *vector_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(hevc_vectors); i++)
		if (!strcmp(hevc_vectors[i].name, name))
			return &hevc_vectors[i];
	ck_abort_msg("no vector %s", name);
	return NULL;
}

START_TEST(reads_records)
{
	const struct record_vector *record = &hevc_records[_i];
	const struct vector *vector = vector_named(record->name);
	struct hvcc hvcc;

	ck_assert_int_eq(hvcc_parse(record->record, record->record_size, &hvcc), 0);
	ck_assert_int_eq(hvcc.profile, vector->profile);
	ck_assert_int_eq(hvcc.level, vector->level);
	ck_assert_int_eq(hvcc.tier, 0);
	ck_assert_uint_eq(hvcc.length_size, 4);
	ck_assert_uint_eq(hvcc.n_nals, 3);
	ck_assert_uint_eq(hvcc.temporal_layers, 1);
	ck_assert(hvcc.temporal_id_nested);
	ck_assert_int_eq(chroma_from_format_idc(hvcc.chroma_format), vector->chroma);
	ck_assert_uint_eq(hvcc.bit_depth_luma, vector->bit_depth);
	ck_assert_uint_eq(hvcc.bit_depth_chroma, vector->bit_depth);
}
END_TEST

START_TEST(walks_over_the_units)
{
	static const unsigned types[] = { HEVC_NAL_VPS, HEVC_NAL_SPS, HEVC_NAL_PPS };
	const struct record_vector *record = &hevc_records[_i];
	struct hvcc_iter iter;
	struct hvcc hvcc;
	struct nal nal;

	ck_assert_int_eq(hvcc_parse(record->record, record->record_size, &hvcc), 0);
	hvcc_iter_init(&iter, &hvcc);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		ck_assert(hvcc_iter_next(&iter, &nal));
		ck_assert_uint_eq(nal_type(VIDEO_CODEC_HEVC, &nal), types[i]);
	}
	ck_assert(!hvcc_iter_next(&iter, &nal));
}
END_TEST

/* FFmpeg's muxer and this library write the same record for the same access unit. */
START_TEST(writes_records)
{
	const struct record_vector *record = &hevc_records[_i];
	size_t chunk_size, size;
	const uint8_t *chunk = vector_chunk(vector_named(record->name), 0, &chunk_size);
	uint8_t dst[512];

	ck_assert_int_eq(hvcc_from_annexb_size(chunk, chunk_size, &size), 0);
	ck_assert_uint_eq(size, record->record_size);
	ck_assert_int_eq(hvcc_from_annexb_write(chunk, chunk_size, dst, size - 1, &size),
			 -ENOSPC);
	ck_assert_int_eq(hvcc_from_annexb_write(chunk, chunk_size, dst, size, &size), 0);
	ck_assert_uint_eq(size, record->record_size);
	ck_assert_mem_eq(dst, record->record, size);
}
END_TEST

START_TEST(goes_through_annexb_and_back)
{
	const struct record_vector *record = &hevc_records[_i];
	uint8_t annexb[512], dst[512];
	size_t annexb_size, size;
	struct hvcc hvcc;

	ck_assert_int_eq(hvcc_parse(record->record, record->record_size, &hvcc), 0);
	ck_assert_int_eq(hvcc_to_annexb_size(&hvcc, &annexb_size), 0);
	ck_assert_int_eq(hvcc_to_annexb_write(&hvcc, annexb, annexb_size - 1, &size), -ENOSPC);
	ck_assert_int_eq(hvcc_to_annexb_write(&hvcc, annexb, annexb_size, &size), 0);
	ck_assert_int_eq(hvcc_from_annexb_write(annexb, annexb_size, dst, sizeof(dst), &size), 0);
	ck_assert_uint_eq(size, record->record_size);
	ck_assert_mem_eq(dst, record->record, size);
}
END_TEST

START_TEST(writes_what_the_sps_says)
{
	size_t chunk_size, size;
	const uint8_t *chunk = vector_chunk(vector_named("main_layers"), 0, &chunk_size);
	uint8_t dst[512];
	struct hvcc hvcc;

	ck_assert_int_eq(hvcc_from_annexb_write(chunk, chunk_size, dst, sizeof(dst), &size), 0);
	ck_assert_int_eq(hvcc_parse(dst, size, &hvcc), 0);
	ck_assert_uint_eq(hvcc.temporal_layers, 2);
	ck_assert(!hvcc.temporal_id_nested);
	ck_assert_uint_eq(hvcc.profile_compatibility, 0x60000000);
	ck_assert_uint_eq(hvcc.constraints[0], 0x90);
	ck_assert_uint_eq(hvcc.min_spatial_segmentation, 0);
}
END_TEST

static int parse(const uint8_t *data, size_t size)
{
	struct hvcc hvcc;

	return hvcc_parse(data, size, &hvcc);
}

static int convert(const uint8_t *data, size_t size)
{
	size_t needed;

	return hvcc_from_annexb_size(data, size, &needed);
}

START_TEST(survives_truncation)
{
	const struct record_vector *record = &hevc_records[_i];
	size_t size;
	const uint8_t *chunk = vector_chunk(vector_named(record->name), 0, &size);

	for_each_truncation(record->record, record->record_size, record->record_size, parse);
	for_each_truncation(chunk, size, 60, convert);
}
END_TEST

static const uint8_t minimal[] = {
	1, 0x21, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93, 0xf0, 5, 0xfe, 0xfd, 0xfa, 0xf9, 1, 0,
	0x4f, 1, 0xa1, 0, 2, 0, 2, 0x42, 1, 0, 3, 0x42, 1, 2,
};

START_TEST(reads_all_fields)
{
	struct hvcc hvcc;

	ck_assert_int_eq(hvcc_parse(minimal, sizeof(minimal), &hvcc), 0);
	ck_assert_uint_eq(hvcc.profile_space, 0);
	ck_assert_uint_eq(hvcc.tier, 1);
	ck_assert_uint_eq(hvcc.profile, 1);
	ck_assert_uint_eq(hvcc.profile_compatibility, 0x60000000);
	ck_assert_uint_eq(hvcc.level, 93);
	ck_assert_uint_eq(hvcc.min_spatial_segmentation, 5);
	ck_assert_uint_eq(hvcc.chroma_format, 1);
	ck_assert_uint_eq(hvcc.bit_depth_luma, 10);
	ck_assert_uint_eq(hvcc.bit_depth_chroma, 9);
	ck_assert_uint_eq(hvcc.temporal_layers, 1);
	ck_assert(hvcc.temporal_id_nested);
	ck_assert_uint_eq(hvcc.length_size, 4);
	ck_assert_uint_eq(hvcc.n_nals, 2);
}
END_TEST

/* Change one byte of the record above. */
static const struct {
	size_t offset;
	uint8_t value;
	int result;
} changes[] = {
	{ 0, 0, -EINVAL },              /* version */
	{ 0, 2, -EINVAL },
	{ 21, 0x4e, -EINVAL },          /* 3-byte lengths */
	{ 21, 0x4c, 0 },
	{ 22, 0, 0 },                   /* no arrays; what follows is ignored */
	{ 22, 2, -EINVAL },             /* more than there are */
	{ 23, 0x21, 0 },                /* array not complete */
	{ 23, 0xa2, -EINVAL },          /* another type than the units */
	{ 25, 3, -EINVAL },
	{ 27, 0, -EINVAL },
	{ 27, 1, -EINVAL },
	{ 26, 1, -EINVAL },
	{ 31, 4, -EINVAL },
};

START_TEST(refuses_broken_records)
{
	uint8_t record[sizeof(minimal)];

	memcpy(record, minimal, sizeof(record));
	record[changes[_i].offset] = changes[_i].value;
	ck_assert_int_eq(parse(record, sizeof(record)), changes[_i].result);
}
END_TEST

START_TEST(needs_all_kinds_of_parameter_set)
{
	static const unsigned types[] = { HEVC_NAL_VPS, HEVC_NAL_SPS, HEVC_NAL_PPS };
	uint8_t dst[512];
	size_t chunk_size, size, n;
	const uint8_t *chunk = vector_chunk(&hevc_vectors[0], 0, &chunk_size);

	n = drop_nals(VIDEO_CODEC_HEVC, chunk, chunk_size, types[_i], dst);
	ck_assert_int_eq(hvcc_from_annexb_size(dst, n, &size), -EINVAL);
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

static const uint8_t vps[] = { HEVC_NAL_VPS << 1, 1, 0x2c, 0xff };

/* What the PPS do in parallel, and what the record says then. */
static const struct {
	uint32_t segmentation;
	bool tiles[2], entropy_sync[2];
	unsigned parallelism;
} parallelisms[] = {
	{ 0, { true, true }, { false, false }, 0 },
	{ 9, { false, false }, { false, false }, 1 },
	{ 9, { true, true }, { false, false }, 2 },
	{ 9, { false, false }, { true, true }, 3 },
	{ 9, { true, true }, { true, true }, 0 },
	{ 9, { true, false }, { false, false }, 0 },
	{ 9, { true, false }, { false, true }, 0 },
};

START_TEST(tells_the_parallelism)
{
	const struct hevc_recipe recipe = {
		.chroma_format = 2, .width = 64, .height = 64, .sub_layers_minus1 = 2,
		.vui = true, .segmentation = parallelisms[_i].segmentation, .depth_minus8 = 4,
	};
	uint8_t annexb[2048], record[2048], nal[768];
	struct hvcc hvcc;
	size_t size, n = append(annexb, 0, vps, sizeof(vps));

	n = append(annexb, n, nal, hevc_cook_sps(&recipe, nal));
	for (unsigned i = 0; i < 2; i++)
		n = append(annexb, n, nal, hevc_cook_pps(60 + i, parallelisms[_i].tiles[i],
							 parallelisms[_i].entropy_sync[i], nal));
	ck_assert_int_eq(hvcc_from_annexb_write(annexb, n, record, sizeof(record), &size), 0);
	ck_assert_int_eq(hvcc_parse(record, size, &hvcc), 0);
	ck_assert_uint_eq(record[15] & 3, parallelisms[_i].parallelism);
	ck_assert_uint_eq(hvcc.min_spatial_segmentation, parallelisms[_i].segmentation);
	ck_assert_uint_eq(hvcc.tier, 1);
	ck_assert_uint_eq(hvcc.chroma_format, 2);
	ck_assert_uint_eq(hvcc.bit_depth_luma, 12);
	ck_assert_uint_eq(hvcc.temporal_layers, 3);
	ck_assert(hvcc.temporal_id_nested);
	ck_assert_uint_eq(hvcc.n_nals, 4);
}
END_TEST

START_TEST(holds_depths_of_15_bits_and_no_more)
{
	struct hevc_recipe recipe = {
		.chroma_format = 1, .width = 64, .height = 64, .depth_minus8 = 7,
	};
	uint8_t annexb[2048], nal[768];
	size_t size, n, sps_at = append(annexb, 0, vps, sizeof(vps));

	sps_at = append(annexb, sps_at, nal, hevc_cook_pps(0, false, false, nal));
	n = append(annexb, sps_at, nal, hevc_cook_sps(&recipe, nal));
	ck_assert_int_eq(hvcc_from_annexb_size(annexb, n, &size), 0);
	recipe.depth_minus8 = 8;
	n = append(annexb, sps_at, nal, hevc_cook_sps(&recipe, nal));
	ck_assert_int_eq(hvcc_from_annexb_size(annexb, n, &size), -EINVAL);
}
END_TEST

START_TEST(holds_units_of_64_kibibytes_and_no_more)
{
	static uint8_t annexb[70000];
	size_t chunk_size, size;
	const uint8_t *chunk = vector_chunk(&hevc_vectors[0], 0, &chunk_size);
	struct nal pps = find_nal(VIDEO_CODEC_HEVC, chunk, chunk_size, HEVC_NAL_PPS);
	size_t n = (size_t)(pps.data + pps.size - chunk);

	/* VPS, SPS and PPS come first: what follows makes the PPS longer. */
	memcpy(annexb, chunk, n);
	memset(annexb + n, 0xaa, sizeof(annexb) - n);
	ck_assert_int_eq(hvcc_from_annexb_size(annexb, n + 65535 - pps.size, &size), 0);
	ck_assert_int_eq(hvcc_from_annexb_size(annexb, n + 65536 - pps.size, &size), -EINVAL);
}
END_TEST

Suite *hvcc_suite(void)
{
	Suite *suite = suite_create("hvcc");
	TCase *tc = tcase_create("hvcc");

	tcase_add_loop_test(tc, reads_records, 0, ARRAY_SIZE(hevc_records));
	tcase_add_loop_test(tc, walks_over_the_units, 0, ARRAY_SIZE(hevc_records));
	tcase_add_loop_test(tc, writes_records, 0, ARRAY_SIZE(hevc_records));
	tcase_add_loop_test(tc, goes_through_annexb_and_back, 0, ARRAY_SIZE(hevc_records));
	tcase_add_test(tc, writes_what_the_sps_says);
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(hevc_records));
	tcase_add_test(tc, reads_all_fields);
	tcase_add_loop_test(tc, refuses_broken_records, 0, ARRAY_SIZE(changes));
	tcase_add_loop_test(tc, needs_all_kinds_of_parameter_set, 0, 3);
	tcase_add_loop_test(tc, tells_the_parallelism, 0, ARRAY_SIZE(parallelisms));
	tcase_add_test(tc, holds_depths_of_15_bits_and_no_more);
	tcase_add_test(tc, holds_units_of_64_kibibytes_and_no_more);
	suite_add_tcase(suite, tc);
	return suite;
}
