/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/hevc.h"
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

static struct nal nal_of(const struct vector *vector, unsigned type)
{
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 0, &size);

	return find_nal(VIDEO_CODEC_HEVC, chunk, size, type);
}

static struct hevc_sps sps_of(const struct vector *vector)
{
	struct nal nal = nal_of(vector, HEVC_NAL_SPS);
	struct hevc_sps sps;

	ck_assert_int_eq(hevc_sps_parse(nal.data, nal.size, &sps), 0);
	return sps;
}

START_TEST(reads_the_sps_of_streams)
{
	const struct vector *vector = &hevc_vectors[_i];
	struct hevc_sps sps = sps_of(vector);

	ck_assert_int_eq(sps.ptl.profile, vector->profile);
	ck_assert_int_eq(sps.ptl.level, vector->level);
	ck_assert_uint_eq(sps.visible.width, vector->width);
	ck_assert_uint_eq(sps.visible.height, vector->height);
	ck_assert_uint_eq(sps.coded_width, (vector->width + 7) / 8 * 8);
	ck_assert_uint_eq(sps.coded_height, (vector->height + 7) / 8 * 8);
	ck_assert_int_eq(chroma_from_format_idc(sps.chroma_format), vector->chroma);
	ck_assert_uint_eq(sps.bit_depth_luma, vector->bit_depth);
	check_color(&sps.display.color, &vector->color);
	ck_assert_uint_eq(sps.display.sar_width, vector->sar_width);
	ck_assert_uint_eq(sps.display.sar_height, vector->sar_height);
	ck_assert_int_eq((int)sps.max_reorder_pics, vector->reorder);
	ck_assert(sps.has_vui);
}
END_TEST

START_TEST(reads_temporal_layers)
{
	struct hevc_sps sps = sps_of(vector_named("main_layers"));

	ck_assert_uint_eq(sps.temporal_layers, 2);
	ck_assert(!sps.temporal_id_nested);
	sps = sps_of(vector_named("main"));
	ck_assert_uint_eq(sps.temporal_layers, 1);
	ck_assert(sps.temporal_id_nested);
}
END_TEST

static int parse_recipe(const struct hevc_recipe *recipe, struct hevc_sps *sps)
{
	uint8_t nal[768];

	return hevc_sps_parse(nal, hevc_cook_sps(recipe, nal), sps);
}

/* All of these must reach the VUI at the right bit. */
static const struct hevc_recipe whole[] = {
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .scaling_lists = true },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .pcm = true },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .long_term = true },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .n_sets = 1,
	  .first_negative = 15 },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .n_sets = 9,
	  .first_negative = 2, .first_positive = 1 },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .n_sets = 2,
	  .first_negative = 2, .first_positive = 1, .inter = INTER_FORWARD },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .n_sets = 3,
	  .first_negative = 2, .first_positive = 1, .inter = INTER_FORWARD },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .n_sets = 3,
	  .first_negative = 2, .first_positive = 1, .inter = INTER_BACKWARD },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .hrd = true },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .hrd = true,
	  .sub_pic_hrd = true },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .hrd = true,
	  .sub_layers_minus1 = 6, .reorder = 3 },
	{ .width = 64, .height = 64, .chroma_format = 1, .vui = true, .hrd = true,
	  .sub_layers_minus1 = 4, .sub_pic_hrd = true, .scaling_lists = true, .pcm = true,
	  .long_term = true, .n_sets = 3, .first_negative = 2, .first_positive = 1,
	  .inter = INTER_BACKWARD, .segmentation = 4095, .reorder = 5 },
};

START_TEST(reads_every_field)
{
	const struct hevc_recipe *recipe = &whole[_i];
	struct hevc_sps sps;

	ck_assert_int_eq(parse_recipe(recipe, &sps), 0);
	ck_assert_uint_eq(sps.vps_id, 2);
	ck_assert_uint_eq(sps.id, 5);
	ck_assert_uint_eq(sps.temporal_layers, recipe->sub_layers_minus1 + 1);
	ck_assert_uint_eq(sps.ptl.tier, 1);
	ck_assert_uint_eq(sps.ptl.profile, 1);
	ck_assert_uint_eq(sps.ptl.compatibility, 0x60000000);
	ck_assert_uint_eq(sps.ptl.constraints[0], 0xb0);
	ck_assert_uint_eq(sps.ptl.level, 120);
	ck_assert_uint_eq(sps.max_dec_pic_buffering, 6);
	ck_assert_uint_eq(sps.max_reorder_pics, recipe->sub_layers_minus1 ? recipe->reorder : 0);
	ck_assert(sps.has_vui);
	ck_assert_uint_eq(sps.display.sar_width, 4);
	ck_assert_uint_eq(sps.display.sar_height, 3);
	ck_assert_uint_eq(sps.display.color.primaries, 9);
	ck_assert_uint_eq(sps.display.color.transfer, 18);
	ck_assert_uint_eq(sps.display.color.matrix, 9);
	ck_assert_int_eq(sps.display.color.range, COLOR_RANGE_FULL);
	ck_assert_uint_eq(sps.min_spatial_segmentation, recipe->segmentation);
}
END_TEST

static int parse_sps(const uint8_t *data, size_t size)
{
	struct hevc_sps sps;

	return hevc_sps_parse(data, size, &sps);
}

START_TEST(survives_truncation_of_every_field)
{
	uint8_t nal[768];

	for_each_truncation(nal, hevc_cook_sps(&whole[_i], nal), 24, parse_sps);
}
END_TEST

/* Offsets of 1, 2, 3, 4 and the rectangle they leave of 64x64. */
static const struct {
	unsigned chroma_format;
	uint32_t x, y, width, height;
} windows[] = {
	{ 0, 1, 3, 61, 57 }, { 1, 2, 6, 58, 50 }, { 2, 2, 3, 58, 57 }, { 3, 1, 3, 61, 57 },
};

START_TEST(crops_in_units_of_the_chroma_format)
{
	const struct hevc_recipe recipe = {
		.width = 64, .height = 64, .chroma_format = windows[_i].chroma_format,
		.window = true, .left = 1, .right = 2, .top = 3, .bottom = 4,
	};
	struct hevc_sps sps;

	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui);
	ck_assert_uint_eq(sps.coded_width, 64);
	ck_assert_uint_eq(sps.visible.x, windows[_i].x);
	ck_assert_uint_eq(sps.visible.y, windows[_i].y);
	ck_assert_uint_eq(sps.visible.width, windows[_i].width);
	ck_assert_uint_eq(sps.visible.height, windows[_i].height);
}
END_TEST

static const struct hevc_recipe broken[] = {
	{ .chroma_format = 1, .width = 0, .height = 64 },
	{ .chroma_format = 1, .width = 64, .height = 0 },
	{ .chroma_format = 1, .width = 65544, .height = 64 },
	{ .chroma_format = 1, .width = 64, .height = 65544 },
	{ .chroma_format = 1, .width = 68, .height = 64 },
	{ .chroma_format = 1, .width = 72, .height = 64, .log2_min_cb_minus3 = 1 },
	{ .chroma_format = 1, .width = 64, .height = 64, .log2_min_cb_minus3 = 4 },
	{ .chroma_format = 4, .width = 64, .height = 64 },
	{ .chroma_format = 1, .width = 64, .height = 64, .depth_minus8 = 9 },
	{ .chroma_format = 1, .width = 64, .height = 64, .window = true, .left = 32 },
	{ .chroma_format = 1, .width = 64, .height = 64, .window = true, .bottom = 0xfffffffe },
	{ .chroma_format = 1, .width = 64, .height = 64, .sub_layers_minus1 = 7 },
	{ .chroma_format = 1, .width = 64, .height = 64, .sub_layers_minus1 = 1, .reorder = 6 },
	{ .chroma_format = 1, .width = 64, .height = 64, .n_sets = 65 },
	{ .chroma_format = 1, .width = 64, .height = 64, .n_sets = 1, .first_negative = 17 },
	{ .chroma_format = 1, .width = 64, .height = 64, .n_sets = 1, .first_negative = 9,
	  .first_positive = 8 },
	{ .chroma_format = 1, .width = 64, .height = 64, .n_sets = 1,
	  .first_negative = 0xfffffffe, .first_positive = 2 },
	{ .chroma_format = 1, .width = 64, .height = 64, .n_sets = 1, .first_negative = 1,
	  .more_step = 32768 },
	{ .chroma_format = 1, .width = 64, .height = 64, .n_sets = 2, .first_negative = 2,
	  .first_positive = 1, .inter = INTER_FORWARD, .more_magnitude = 32768 },
	/* sixteen pictures and one more that is predicted */
	{ .chroma_format = 1, .width = 64, .height = 64, .n_sets = 2, .first_negative = 16,
	  .inter = INTER_FORWARD },
	{ .chroma_format = 1, .width = 64, .height = 64, .more_poc_lsb = 9 },
	{ .chroma_format = 1, .width = 64, .height = 64, .long_term = true,
	  .more_long_term = 30 },
	{ .chroma_format = 1, .width = 64, .height = 64, .layer = 1 },
};

START_TEST(refuses_broken_sps)
{
	struct hevc_sps sps;

	ck_assert_int_eq(parse_recipe(&broken[_i], &sps), -EINVAL);
}
END_TEST

START_TEST(does_without_a_broken_vui)
{
	struct hevc_recipe recipe = {
		.width = 64, .height = 64, .chroma_format = 1, .vui = true, .segmentation = 4096,
	};
	struct hevc_sps sps;

	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui);
	ck_assert_uint_eq(sps.display.color.primaries, CICP_UNSPECIFIED);
	ck_assert_uint_eq(sps.coded_width, 64);
	recipe.segmentation = 1;
	recipe.hrd = true;
	recipe.more_cpbs = 31;
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui);
	recipe.hrd = false;
	recipe.vui_bits_lost = 40;
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui);
	ck_assert_uint_eq(sps.min_spatial_segmentation, 0);
}
END_TEST

START_TEST(names_the_codec)
{
	static const struct {
		const char *vector, *string;
	} rows[] = {
		{ "main", "hvc1.1.6.L30.90" },
		{ "main10_hdr", "hvc1.2.4.L30.90" },
		{ "main_hrd", "hvc1.1.6.L60.90" },
		{ "main422_10", "hvc1.4.10.L30.9D.8" },
		{ "main12", "hvc1.4.10.L30.99.88" },
		{ "gray", "hvc1.4.10.L30.9F.C8" },
	};
	struct hevc_sps sps = sps_of(vector_named(rows[_i].vector));
	struct codec_string cs, parsed;
	char string[CODEC_STRING_MAX];

	hevc_sps_codec_string(&sps, &cs);
	ck_assert_int_eq(codec_string_format(&cs, string, sizeof(string)), 0);
	ck_assert_str_eq(string, rows[_i].string);
	/* What the constraint flags allow is what the stream has. */
	ck_assert_int_eq(codec_string_parse(string, &parsed), 0);
	ck_assert_int_eq(parsed.bit_depth, cs.bit_depth);
	ck_assert_int_eq(parsed.chroma_subsampling, cs.chroma_subsampling);
}
END_TEST

START_TEST(reads_picture_parameter_sets)
{
	struct nal nal = nal_of(vector_named("main_wpp"), HEVC_NAL_PPS);
	struct hevc_pps pps;

	ck_assert_int_eq(hevc_pps_parse(nal.data, nal.size, &pps), 0);
	ck_assert_uint_eq(pps.id, 0);
	ck_assert_uint_eq(pps.sps_id, 0);
	ck_assert(pps.entropy_sync && !pps.tiles);
	nal = nal_of(vector_named("main_wpp"), HEVC_NAL_VPS);
	ck_assert_int_eq(hevc_pps_parse(nal.data, nal.size, &pps), -EINVAL);
	ck_assert_int_eq(hevc_vps_parse_id(nal.data, nal.size), 0);
	ck_assert_int_eq(hevc_vps_parse_id(nal.data, 2), -EINVAL);
	ck_assert_int_eq(hevc_vps_parse_id(nal.data, 1), -EINVAL);
	ck_assert_int_eq(hevc_vps_parse_id(nal.data, 0), -EINVAL);
}
END_TEST

static int parse_pps(const uint8_t *data, size_t size)
{
	struct hevc_pps pps;

	return hevc_pps_parse(data, size, &pps);
}

static int inspect(const uint8_t *data, size_t size)
{
	struct hevc_access_unit au;
	struct nal_iter iter;

	nal_iter_init_annexb(&iter, data, size);
	return hevc_access_unit_inspect(&iter, &au);
}

START_TEST(survives_truncation)
{
	const struct vector *vector = &hevc_vectors[_i];
	struct nal sps = nal_of(vector, HEVC_NAL_SPS), pps = nal_of(vector, HEVC_NAL_PPS);
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 0, &size);

	for_each_truncation(sps.data, sps.size, 20, parse_sps);
	for_each_truncation(pps.data, pps.size, 5, parse_pps);
	for_each_truncation(chunk, size, 0, inspect);
}
END_TEST

static struct hevc_access_unit inspect_annexb(const uint8_t *data, size_t size)
{
	struct hevc_access_unit au;
	struct nal_iter iter;

	nal_iter_init_annexb(&iter, data, size);
	ck_assert_int_eq(hevc_access_unit_inspect(&iter, &au), 0);
	return au;
}

START_TEST(tells_key_frames)
{
	static const unsigned sets[] = { HEVC_NAL_VPS, HEVC_NAL_SPS, HEVC_NAL_PPS };
	const struct vector *vector = vector_named("main_open_gop");
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 0, &size);
	struct hevc_access_unit au = inspect_annexb(chunk, size);
	uint8_t without[1024];

	ck_assert(au.has_picture && au.irap && au.self_contained);
	ck_assert_ptr_nonnull(au.sps.data);
	chunk = vector_chunk(vector, 1, &size);
	au = inspect_annexb(chunk, size);
	ck_assert(au.has_picture && !au.irap && !au.self_contained);
	chunk = vector_chunk(vector, 3, &size);
	ck_assert_uint_gt(find_nal(VIDEO_CODEC_HEVC, chunk, size, HEVC_NAL_CRA).size, 0);
	au = inspect_annexb(chunk, size);
	ck_assert(au.has_picture && au.irap && au.self_contained);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		size_t n = drop_nals(VIDEO_CODEC_HEVC, chunk, size, sets[i], without);

		au = inspect_annexb(without, n);
		ck_assert(au.irap && !au.self_contained);
	}
	au = inspect_annexb(NULL, 0);
	ck_assert(!au.has_picture && !au.irap && !au.self_contained);
}
END_TEST

/* Types 16 to 21 are random access points; 22 and 23 are reserved for such. */
START_TEST(knows_the_random_access_types)
{
	uint8_t data[] = { 0, 0, 1, 0, 1, 0xff, 0xff };
	struct hevc_access_unit au;

	data[3] = (uint8_t)(_i << 1);
	au = inspect_annexb(data, sizeof(data));
	ck_assert_int_eq(au.irap, _i >= 16 && _i <= 21);
	ck_assert_int_eq(au.has_picture, _i <= 9 || (_i >= 16 && _i <= 23));
}
END_TEST

START_TEST(passes_over_other_layers)
{
	static const uint8_t data[] = { 0, 0, 1, 0x26, 0x09, 0xff, 0, 0, 1, 0x27, 0x01, 0xff };
	static const uint8_t too_short[] = { 0, 0, 1, 0x26 };
	struct hevc_access_unit au = inspect_annexb(data, sizeof(data));

	ck_assert(!au.has_picture);
	ck_assert_int_eq(inspect(too_short, sizeof(too_short)), -EINVAL);
}
END_TEST

Suite *hevc_suite(void)
{
	Suite *suite = suite_create("hevc");
	TCase *tc = tcase_create("hevc");

	tcase_add_loop_test(tc, reads_the_sps_of_streams, 0, ARRAY_SIZE(hevc_vectors));
	tcase_add_test(tc, reads_temporal_layers);
	tcase_add_loop_test(tc, reads_every_field, 0, ARRAY_SIZE(whole));
	tcase_add_loop_test(tc, survives_truncation_of_every_field, 0, ARRAY_SIZE(whole));
	tcase_add_loop_test(tc, crops_in_units_of_the_chroma_format, 0, ARRAY_SIZE(windows));
	tcase_add_loop_test(tc, refuses_broken_sps, 0, ARRAY_SIZE(broken));
	tcase_add_test(tc, does_without_a_broken_vui);
	tcase_add_loop_test(tc, names_the_codec, 0, 6);
	tcase_add_test(tc, reads_picture_parameter_sets);
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(hevc_vectors));
	tcase_add_test(tc, tells_key_frames);
	tcase_add_loop_test(tc, knows_the_random_access_types, 0, 32);
	tcase_add_test(tc, passes_over_other_layers);
	suite_add_tcase(suite, tc);
	return suite;
}
