/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/h264.h"
#include "recipe_h264.h"
#include "suites.h"
#include "support.h"
#include "vectors/h264.h"

static struct h264_sps sps_of(const struct vector *vector)
{
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 0, &size);
	struct nal nal = find_nal(VIDEO_CODEC_H264, chunk, size, H264_NAL_SPS);
	struct h264_sps sps;

	ck_assert_int_eq(h264_sps_parse(nal.data, nal.size, &sps), 0);
	return sps;
}

static const struct vector *vector_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(h264_vectors); i++)
		if (!strcmp(h264_vectors[i].name, name))
			return &h264_vectors[i];
	ck_abort_msg("no vector %s", name);
	return NULL;
}

START_TEST(reads_the_sps_of_streams)
{
	const struct vector *vector = &h264_vectors[_i];
	struct h264_sps sps = sps_of(vector);

	ck_assert_int_eq(sps.profile, vector->profile);
	ck_assert_int_eq(sps.level, vector->level);
	ck_assert_uint_eq(sps.visible.width, vector->width);
	ck_assert_uint_eq(sps.visible.height, vector->height);
	ck_assert_uint_eq(sps.coded_width, (vector->width + 15) / 16 * 16);
	ck_assert_uint_eq(sps.coded_height % 16, 0);
	ck_assert_int_eq(chroma_from_format_idc(sps.chroma_format), vector->chroma);
	ck_assert_uint_eq(sps.bit_depth_luma, vector->bit_depth);
	check_color(&sps.display.color, &vector->color);
	ck_assert_uint_eq(sps.display.sar_width, vector->sar_width);
	ck_assert_uint_eq(sps.display.sar_height, vector->sar_height);
	ck_assert_int_eq((int)h264_sps_max_reorder(&sps), vector->reorder);
}
END_TEST

START_TEST(reads_what_ffprobe_does_not_tell)
{
	struct h264_sps sps = sps_of(vector_named("high_interlaced"));

	ck_assert(!sps.frame_mbs_only);
	ck_assert_uint_eq(sps.coded_height, 64);
	sps = sps_of(vector_named("baseline"));
	ck_assert(sps.frame_mbs_only);
	ck_assert_uint_eq(sps.poc_type, 2);
	ck_assert_uint_eq(sps.max_ref_frames, 1);
	ck_assert_uint_eq(sps.constraints, 0xc0);
	sps = sps_of(vector_named("high444"));
	ck_assert(!sps.separate_planes);
	ck_assert_uint_eq(sps.chroma_format, 3);
}
END_TEST

static int parse_recipe(const struct h264_recipe *recipe, struct h264_sps *sps)
{
	uint8_t nal[768];

	return h264_sps_parse(nal, h264_cook_sps(recipe, nal), sps);
}

START_TEST(reads_every_field)
{
	const struct h264_recipe recipe = {
		.id = 3, .profile = 244, .level = 51, .chroma_format = 3, .scaling_lists = true,
		.poc_type = 1, .width_mbs = 120, .height_units = 68, .crop = true, .bottom = 8,
		.vui = true, .hrd = true, .restriction = true, .reorder = 3, .buffering = 5,
	};
	struct h264_sps sps;

	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert_uint_eq(sps.id, 3);
	ck_assert_uint_eq(sps.chroma_format, 3);
	ck_assert_uint_eq(sps.bit_depth_luma, 10);
	ck_assert_uint_eq(sps.bit_depth_chroma, 9);
	ck_assert_uint_eq(sps.poc_type, 1);
	ck_assert_uint_eq(sps.max_ref_frames, 4);
	ck_assert_uint_eq(sps.coded_width, 1920);
	ck_assert_uint_eq(sps.coded_height, 1088);
	ck_assert_uint_eq(sps.visible.height, 1080);
	ck_assert(sps.has_vui);
	ck_assert_uint_eq(sps.display.sar_width, 1234);
	ck_assert_uint_eq(sps.display.sar_height, 567);
	ck_assert_uint_eq(sps.display.color.primaries, 9);
	ck_assert_uint_eq(sps.display.color.transfer, 16);
	ck_assert_uint_eq(sps.display.color.matrix, 9);
	ck_assert_int_eq(sps.display.color.range, COLOR_RANGE_FULL);
	ck_assert(sps.has_bitstream_restriction);
	ck_assert_uint_eq(h264_sps_max_reorder(&sps), 3);
	ck_assert_uint_eq(sps.max_dec_frame_buffering, 5);
}
END_TEST

/* Offsets of 1, 2, 3, 4 and the rectangle they leave of 64x64. */
static const struct {
	uint8_t profile;
	unsigned chroma_format;
	bool separate_planes, interlaced;
	uint32_t x, y, width, height;
} croppings[] = {
	{ 77, 1, false, false, 2, 6, 58, 50 },
	{ 77, 1, false, true, 2, 12, 58, 36 },
	{ 100, 0, false, false, 1, 3, 61, 57 },
	{ 100, 0, false, true, 1, 6, 61, 50 },
	{ 122, 2, false, false, 2, 3, 58, 57 },
	{ 122, 2, false, true, 2, 6, 58, 50 },
	{ 244, 3, false, false, 1, 3, 61, 57 },
	{ 244, 3, false, true, 1, 6, 61, 50 },
	{ 244, 3, true, false, 1, 3, 61, 57 },
};

START_TEST(crops_in_units_of_the_chroma_format)
{
	const struct h264_recipe recipe = {
		.profile = croppings[_i].profile, .level = 30,
		.chroma_format = croppings[_i].chroma_format,
		.separate_planes = croppings[_i].separate_planes,
		.interlaced = croppings[_i].interlaced,
		.width_mbs = 4, .height_units = croppings[_i].interlaced ? 2 : 4,
		.crop = true, .left = 1, .right = 2, .top = 3, .bottom = 4,
	};
	struct h264_sps sps;

	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert_uint_eq(sps.visible.x, croppings[_i].x);
	ck_assert_uint_eq(sps.visible.y, croppings[_i].y);
	ck_assert_uint_eq(sps.visible.width, croppings[_i].width);
	ck_assert_uint_eq(sps.visible.height, croppings[_i].height);
}
END_TEST

static const struct h264_recipe broken[] = {
	{ .profile = 77, .width_mbs = 4097, .height_units = 4 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4097 },
	{ .profile = 77, .width_mbs = UINT32_MAX, .height_units = 4 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .crop = true, .left = 32 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .crop = true, .left = 16, .right = 16 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .crop = true, .bottom = 0xfffffffe },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .crop = true, .right = 0x80000001 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .poc_type = 3 },
	{ .profile = 100, .width_mbs = 4, .height_units = 4, .chroma_format = 4 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .id = 32 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .more_frame_num = 1 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .more_refs = 13 },
	{ .profile = 77, .width_mbs = 4, .height_units = 4, .poc_type = 1, .more_cycle = 253 },
	{ .profile = 100, .width_mbs = 4, .height_units = 4, .more_depth = 5 },
	{ .profile = 100, .width_mbs = 4, .height_units = 4, .scaling_lists = true,
	  .more_scale = 123 },
};

START_TEST(refuses_broken_sps)
{
	struct h264_sps sps;

	ck_assert_int_eq(parse_recipe(&broken[_i], &sps), -EINVAL);
}
END_TEST

START_TEST(does_without_a_broken_vui)
{
	struct h264_recipe recipe = {
		.profile = 77, .level = 30, .width_mbs = 4, .height_units = 4, .vui = true,
		.restriction = true, .reorder = 3, .buffering = 2,
	};
	struct h264_sps sps;

	/* It reorders more frames than it keeps. */
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui && !sps.has_bitstream_restriction);
	ck_assert_uint_eq(sps.display.color.primaries, CICP_UNSPECIFIED);
	ck_assert_uint_eq(sps.coded_width, 64);
	recipe.buffering = 17;
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui);
	recipe.buffering = 16;
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(sps.has_vui);
	recipe.hrd = true;
	recipe.more_cpbs = 30;
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(sps.has_vui);
	recipe.more_cpbs = 31;
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui);
	recipe.hrd = false;
	recipe.vui_bits_lost = 24;
	ck_assert_int_eq(parse_recipe(&recipe, &sps), 0);
	ck_assert(!sps.has_vui);
}
END_TEST

static const struct {
	struct h264_recipe recipe;
	unsigned reorder;
} reorderings[] = {
	/* level 4: 32768 macroblocks; 1920x1088 has 8160 */
	{ { .profile = 77, .level = 40, .width_mbs = 120, .height_units = 68 }, 4 },
	{ { .profile = 77, .level = 40, .width_mbs = 120, .height_units = 34,
	    .interlaced = true }, 4 },
	{ { .profile = 77, .level = 51, .width_mbs = 4, .height_units = 4 }, 16 },
	{ { .profile = 77, .level = 51, .width_mbs = 240, .height_units = 135 }, 5 },
	{ { .profile = 77, .level = 62, .width_mbs = 512, .height_units = 256 }, 5 },
	{ { .profile = 77, .level = 30, .width_mbs = 120, .height_units = 68 }, 0 },
	{ { .profile = 77, .level = 11, .width_mbs = 11, .height_units = 9 }, 9 },
	{ { .profile = 77, .level = 11, .constraints = 0x10, .width_mbs = 11,
	    .height_units = 9 }, 4 },
	{ { .profile = 100, .level = 9, .chroma_format = 1, .width_mbs = 11,
	    .height_units = 9 }, 4 },
	{ { .profile = 77, .level = 99, .width_mbs = 120, .height_units = 68 }, 16 },
	{ { .profile = 77, .level = 40, .width_mbs = 120, .height_units = 68,
	    .poc_type = 2 }, 0 },
	/* the intra profiles; in Main the flag has no such meaning */
	{ { .profile = 100, .constraints = 0x10, .level = 40, .chroma_format = 1,
	    .width_mbs = 120, .height_units = 68 }, 0 },
	{ { .profile = 77, .constraints = 0x10, .level = 40, .width_mbs = 120,
	    .height_units = 68 }, 4 },
};

START_TEST(infers_the_reordering)
{
	struct h264_sps sps;

	ck_assert_int_eq(parse_recipe(&reorderings[_i].recipe, &sps), 0);
	ck_assert_uint_eq(h264_sps_max_reorder(&sps), reorderings[_i].reorder);
}
END_TEST

START_TEST(knows_level_1b)
{
	ck_assert(h264_level_is_1b(66, 0x10, 11));
	ck_assert(h264_level_is_1b(77, 0xff, 11));
	ck_assert(h264_level_is_1b(100, 0, 9));
	ck_assert(!h264_level_is_1b(66, 0, 11));
	ck_assert(!h264_level_is_1b(66, 0x10, 12));
	ck_assert(!h264_level_is_1b(66, 0x10, 9));
	ck_assert(!h264_level_is_1b(100, 0x10, 11));
}
END_TEST

START_TEST(names_the_codec)
{
	struct h264_sps sps = sps_of(vector_named("baseline"));
	char string[CODEC_STRING_MAX];
	struct codec_string cs;

	h264_sps_codec_string(&sps, &cs);
	ck_assert_int_eq(codec_string_format(&cs, string, sizeof(string)), 0);
	ck_assert_str_eq(string, "avc1.42C00A");
	sps = sps_of(vector_named("high10_hdr"));
	h264_sps_codec_string(&sps, &cs);
	cs.in_band_parameter_sets = true;
	ck_assert_int_eq(codec_string_format(&cs, string, sizeof(string)), 0);
	ck_assert_str_eq(string, "avc3.6E000A");
	ck_assert_int_eq(cs.bit_depth, 10);
	ck_assert_uint_eq(cs.color.transfer, 16);
}
END_TEST

static int parse_sps(const uint8_t *data, size_t size)
{
	struct h264_sps sps;

	return h264_sps_parse(data, size, &sps);
}

static int inspect(const uint8_t *data, size_t size)
{
	struct h264_access_unit au;
	struct nal_iter iter;

	nal_iter_init_annexb(&iter, data, size);
	return h264_access_unit_inspect(&iter, &au);
}

START_TEST(survives_truncation)
{
	const struct vector *vector = &h264_vectors[_i];
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 0, &size);
	struct nal sps = find_nal(VIDEO_CODEC_H264, chunk, size, H264_NAL_SPS);

	/* Without VUI, which may be broken, an SPS has at least so many bytes. */
	for_each_truncation(sps.data, sps.size, 7, parse_sps);
	for_each_truncation(chunk, size, 0, inspect);
}
END_TEST

START_TEST(survives_truncation_of_every_field)
{
	const struct h264_recipe recipe = {
		.profile = 244, .level = 51, .chroma_format = 3, .scaling_lists = true,
		.poc_type = 1, .width_mbs = 120, .height_units = 68, .crop = true,
		.vui = true, .hrd = true, .restriction = true, .reorder = 3, .buffering = 5,
	};
	uint8_t nal[768];

	/* What comes before the VUI has 43 bytes. */
	for_each_truncation(nal, h264_cook_sps(&recipe, nal), 43, parse_sps);
}
END_TEST

START_TEST(refuses_other_units)
{
	struct h264_pps_ids ids;
	struct h264_sps sps;
	size_t size;
	const uint8_t *chunk = vector_chunk(&h264_vectors[0], 0, &size);
	struct nal sps_nal = find_nal(VIDEO_CODEC_H264, chunk, size, H264_NAL_SPS);
	struct nal pps_nal = find_nal(VIDEO_CODEC_H264, chunk, size, H264_NAL_PPS);

	ck_assert_int_eq(h264_sps_parse(pps_nal.data, pps_nal.size, &sps), -EINVAL);
	ck_assert_int_eq(h264_pps_parse_ids(sps_nal.data, sps_nal.size, &ids), -EINVAL);
	ck_assert_int_eq(h264_pps_parse_ids(pps_nal.data, pps_nal.size, &ids), 0);
	ck_assert_uint_eq(ids.id, 0);
	ck_assert_uint_eq(ids.sps_id, 0);
	ck_assert_int_eq(h264_pps_parse_ids(pps_nal.data, 1, &ids), -EINVAL);
	ck_assert_int_eq(h264_pps_parse_ids(pps_nal.data, 0, &ids), -EINVAL);
}
END_TEST

static struct h264_access_unit inspect_annexb(const uint8_t *data, size_t size)
{
	struct h264_access_unit au;
	struct nal_iter iter;

	nal_iter_init_annexb(&iter, data, size);
	ck_assert_int_eq(h264_access_unit_inspect(&iter, &au), 0);
	return au;
}

START_TEST(tells_key_frames)
{
	size_t size;
	const uint8_t *chunk = vector_chunk(vector_named("multi_slice"), 0, &size);
	struct h264_access_unit au = inspect_annexb(chunk, size);

	ck_assert(au.has_picture && au.idr && au.intra && au.self_contained);
	ck_assert(!au.recovery_point);
	ck_assert_uint_eq(au.sps.data[0] & 0x1f, H264_NAL_SPS);
	chunk = vector_chunk(vector_named("multi_slice"), 1, &size);
	au = inspect_annexb(chunk, size);
	ck_assert(au.has_picture && !au.idr && !au.intra && !au.self_contained);
	ck_assert_ptr_null(au.sps.data);
	au = inspect_annexb(NULL, 0);
	ck_assert(!au.has_picture && !au.idr && !au.intra && !au.self_contained);
}
END_TEST

START_TEST(tells_recovery_points)
{
	size_t size, n;
	const uint8_t *chunk = vector_chunk(vector_named("high_open_gop"), 3, &size);
	struct h264_access_unit au = inspect_annexb(chunk, size);
	uint8_t without[1024];

	ck_assert(!au.idr && au.intra && au.recovery_point && au.self_contained);
	n = drop_nals(VIDEO_CODEC_H264, chunk, size, H264_NAL_SEI, without);
	au = inspect_annexb(without, n);
	ck_assert(au.intra && !au.recovery_point);
	n = drop_nals(VIDEO_CODEC_H264, chunk, size, H264_NAL_PPS, without);
	au = inspect_annexb(without, n);
	ck_assert(au.recovery_point && !au.self_contained);
	n = drop_nals(VIDEO_CODEC_H264, chunk, size, H264_NAL_SPS, without);
	au = inspect_annexb(without, n);
	ck_assert(au.recovery_point && !au.self_contained);
}
END_TEST

/* The recovery point among other messages, and numbers of several bytes. */
static const struct {
	uint8_t data[12];
	size_t size;
	bool found;
} messages[] = {
	{ { 6, 6, 1, 0xc4, 0x80 }, 5, true },
	{ { 6, 1, 2, 0xaa, 0xbb, 6, 1, 0xc4, 0x80 }, 9, true },
	{ { 6, 0xff, 6, 1, 0xaa, 0x80 }, 6, false },
	{ { 6, 5, 1, 6, 0x80 }, 5, false },
	{ { 6, 5, 3, 6, 1, 0xc4, 0x80 }, 7, false },
	{ { 6, 1, 0xff, 0xff, 6, 1 }, 6, false },
	{ { 6, 6 }, 2, false },
	{ { 6 }, 1, false },
};

START_TEST(finds_the_recovery_point_among_messages)
{
	uint8_t data[32] = { 0, 0, 1 };
	struct h264_access_unit au;

	memcpy(data + 3, messages[_i].data, messages[_i].size);
	au = inspect_annexb(data, 3 + messages[_i].size);
	ck_assert_int_eq(au.recovery_point, messages[_i].found);
}
END_TEST

Suite *h264_suite(void)
{
	Suite *suite = suite_create("h264");
	TCase *tc = tcase_create("h264");

	tcase_add_loop_test(tc, reads_the_sps_of_streams, 0, ARRAY_SIZE(h264_vectors));
	tcase_add_test(tc, reads_what_ffprobe_does_not_tell);
	tcase_add_test(tc, reads_every_field);
	tcase_add_loop_test(tc, crops_in_units_of_the_chroma_format, 0, ARRAY_SIZE(croppings));
	tcase_add_loop_test(tc, refuses_broken_sps, 0, ARRAY_SIZE(broken));
	tcase_add_test(tc, does_without_a_broken_vui);
	tcase_add_loop_test(tc, infers_the_reordering, 0, ARRAY_SIZE(reorderings));
	tcase_add_test(tc, knows_level_1b);
	tcase_add_test(tc, names_the_codec);
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(h264_vectors));
	tcase_add_test(tc, survives_truncation_of_every_field);
	tcase_add_test(tc, refuses_other_units);
	tcase_add_test(tc, tells_key_frames);
	tcase_add_test(tc, tells_recovery_points);
	tcase_add_loop_test(tc, finds_the_recovery_point_among_messages, 0,
			    ARRAY_SIZE(messages));
	suite_add_tcase(suite, tc);
	return suite;
}
