/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/vp9.h"
#include "suites.h"
#include "support.h"
#include "vectors/vp9.h"

static const struct vector *vector_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(vp9_vectors); i++)
		if (!strcmp(vp9_vectors[i].name, name))
			return &vp9_vectors[i];
	ck_abort_msg("no vector %s", name);
	return NULL;
}

START_TEST(reads_the_headers_of_streams)
{
	const struct vector *vector = &vp9_vectors[_i];

	for (unsigned i = 0; i < vector->n_chunks; i++) {
		struct vp9_frame_header header;
		struct vp9_superframe superframe;
		size_t size;
		const uint8_t *chunk = vector_chunk(vector, i, &size);

		ck_assert_int_eq(vp9_superframe_parse(chunk, size, &superframe), 0);
		ck_assert_int_eq(vp9_frame_header_parse(superframe.frames[0].data,
							superframe.frames[0].size, &header), 0);
		ck_assert_int_eq(header.key, vector->chunks[i].key);
		ck_assert_int_eq((int)header.profile, vector->profile);
		if (!header.key)
			continue;
		ck_assert(header.show);
		ck_assert_uint_eq(header.width, vector->width);
		ck_assert_uint_eq(header.height, vector->height);
		ck_assert_uint_eq(header.render_width, vector->width);
		ck_assert_uint_eq(header.bit_depth, vector->bit_depth);
		ck_assert_int_eq(header.chroma, vector->chroma);
		ck_assert_uint_eq(header.color.matrix, vector->color.matrix);
		ck_assert_int_eq(header.color.range, vector->color.range);
	}
}
END_TEST

START_TEST(finds_hidden_frames)
{
	const struct vector *vector = vector_named("superframe");
	struct vp9_superframe superframe;
	struct vp9_frame_header header;
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 1, &size);

	ck_assert_int_eq(vp9_superframe_parse(chunk, size, &superframe), 0);
	ck_assert_uint_eq(superframe.n_frames, 2);
	ck_assert_ptr_eq(superframe.frames[0].data, chunk);
	ck_assert_ptr_eq(superframe.frames[1].data, chunk + superframe.frames[0].size);
	/* Between the frames and the end are the marker, two sizes, the marker. */
	ck_assert_uint_le(superframe.frames[0].size + superframe.frames[1].size + 4, size);
	ck_assert_int_eq(vp9_frame_header_parse(superframe.frames[0].data,
						superframe.frames[0].size, &header), 0);
	ck_assert(!header.show && !header.key);
	ck_assert_int_eq(vp9_frame_header_parse(superframe.frames[1].data,
						superframe.frames[1].size, &header), 0);
	ck_assert(header.show);
}
END_TEST

static const struct {
	uint8_t data[16];
	size_t size;
	unsigned n_frames;              /* 0: broken */
	size_t sizes[2];
} superframes[] = {
	{ { 0x82 }, 1, 1, { 1 } },
	{ { 0x82, 0x11, 0xc0, 2, 0xc0 }, 5, 1, { 2 } },
	{ { 0x82, 0x11, 0x86, 0xc1, 2, 1, 0xc1 }, 7, 2, { 2, 1 } },
	{ { 0x82, 0x11, 0x86, 0xc9, 2, 0, 1, 0, 0xc9 }, 9, 2, { 2, 1 } },
	{ { 0x82, 0xd8, 1, 0, 0, 0, 0xd8 }, 7, 1, { 1 } },
	/* bytes that no frame claims */
	{ { 0x82, 0x11, 0x86, 0, 0xc1, 2, 1, 0xc1 }, 8, 2, { 2, 1 } },
	/* the two markers differ: there is no index */
	{ { 0x82, 0x11, 0x86, 0xc2, 2, 1, 0xc1 }, 7, 1, { 7 } },
	{ { 0x82, 0xc1 }, 2, 1, { 2 } },
	{ { 0x82, 0x11, 0x86, 0xe1, 2, 1, 0xe1 }, 7, 1, { 7 } },
	/* frames larger than the chunk, empty frames */
	{ { 0x82, 0x11, 0x86, 0xc1, 2, 2, 0xc1 }, 7, 0, { 0 } },
	{ { 0x82, 0x11, 0x86, 0xc1, 0, 1, 0xc1 }, 7, 0, { 0 } },
	{ { 0x82, 0xd8, 1, 0, 0, 0xff, 0xd8 }, 7, 0, { 0 } },
	{ { 0 }, 0, 0, { 0 } },
};

START_TEST(reads_the_index)
{
	struct vp9_superframe superframe;
	int result = vp9_superframe_parse(superframes[_i].data, superframes[_i].size,
					  &superframe);

	ck_assert_int_eq(result, superframes[_i].n_frames ? 0 : -EINVAL);
	if (result < 0)
		return;
	ck_assert_uint_eq(superframe.n_frames, superframes[_i].n_frames);
	for (unsigned i = 0; i < superframe.n_frames; i++)
		ck_assert_uint_eq(superframe.frames[i].size, superframes[_i].sizes[i]);
}
END_TEST

/* A hand-made header. */
struct recipe {
	unsigned marker, profile;
	bool reserved, show_existing, not_key, show, error_resilient, intra_only;
	uint32_t sync;
	unsigned twelve_bit, color_space, subsampling;
	bool render;
	int result;
};

static void put_color(struct bit_writer *bw, const struct recipe *recipe)
{
	if (recipe->profile >= 2)
		put_bits(bw, 1, recipe->twelve_bit);
	put_bits(bw, 3, recipe->color_space);
	if (recipe->color_space == 7) {
		if (recipe->profile & 1)
			put_bits(bw, 1, 0);
		return;
	}
	put_bits(bw, 1, 1);
	if (recipe->profile & 1) {
		put_bits(bw, 2, recipe->subsampling);
		put_bits(bw, 1, 0);
	}
}

static size_t cook(const struct recipe *recipe, uint8_t *dst)
{
	struct bit_writer bw = { .bits = 0 };

	put_bits(&bw, 2, recipe->marker);
	put_bits(&bw, 1, recipe->profile & 1);
	put_bits(&bw, 1, recipe->profile >> 1);
	if (recipe->profile == 3)
		put_bits(&bw, 1, recipe->reserved);
	put_bits(&bw, 1, recipe->show_existing);
	if (recipe->show_existing) {
		put_bits(&bw, 3, 5);
	} else {
		put_bits(&bw, 1, recipe->not_key);
		put_bits(&bw, 1, recipe->show);
		put_bits(&bw, 1, recipe->error_resilient);
		if (recipe->not_key && !recipe->show)
			put_bits(&bw, 1, recipe->intra_only);
		if (recipe->not_key && !recipe->error_resilient)
			put_bits(&bw, 2, 1);
		if (!recipe->not_key || recipe->intra_only) {
			put_bits(&bw, 24, recipe->sync);
			if (!recipe->not_key || recipe->profile)
				put_color(&bw, recipe);
			if (recipe->intra_only)
				put_bits(&bw, 8, 0xff);
			put_bits(&bw, 16, 1919);
			put_bits(&bw, 16, 1079);
			put_bits(&bw, 1, recipe->render);
			if (recipe->render)
				put_bits(&bw, 32, 0x04ff02cf);
		}
	}
	memcpy(dst, bw.data, byte_size(&bw));
	return byte_size(&bw);
}

#define SYNC 0x498342

static const struct recipe recipes[] = {
	{ .marker = 2, .sync = SYNC, .show = true },
	{ .marker = 2, .sync = SYNC, .show = true, .render = true },
	{ .marker = 2, .sync = SYNC, .color_space = 2 },
	{ .marker = 2, .sync = SYNC, .profile = 1, .subsampling = 0 },
	{ .marker = 2, .sync = SYNC, .profile = 1, .subsampling = 1 },
	{ .marker = 2, .sync = SYNC, .profile = 1, .subsampling = 2 },
	{ .marker = 2, .sync = SYNC, .profile = 1, .color_space = 7 },
	{ .marker = 2, .sync = SYNC, .profile = 2, .twelve_bit = 1 },
	{ .marker = 2, .sync = SYNC, .profile = 3, .color_space = 7 },
	{ .marker = 2, .profile = 3, .show_existing = true },
	{ .marker = 2, .not_key = true, .show = true },
	{ .marker = 2, .not_key = true, .error_resilient = true },
	{ .marker = 2, .sync = SYNC, .not_key = true, .intra_only = true },
	{ .marker = 2, .sync = SYNC, .not_key = true, .intra_only = true, .profile = 2 },
	{ .marker = 2, .sync = SYNC, .not_key = true, .intra_only = true, .render = true,
	  .error_resilient = true },
	{ .marker = 0, .sync = SYNC, .result = -EINVAL },
	{ .marker = 3, .sync = SYNC, .result = -EINVAL },
	{ .marker = 2, .sync = SYNC, .profile = 3, .reserved = true, .result = -EINVAL },
	{ .marker = 2, .sync = SYNC + 1, .result = -EINVAL },
	{ .marker = 2, .sync = 0, .not_key = true, .intra_only = true, .result = -EINVAL },
	{ .marker = 2, .sync = SYNC, .profile = 1, .subsampling = 3, .result = -EINVAL },
	{ .marker = 2, .sync = SYNC, .profile = 0, .color_space = 7, .result = -EINVAL },
	{ .marker = 2, .sync = SYNC, .profile = 2, .color_space = 7, .result = -EINVAL },
};

static enum chroma expected_chroma(const struct recipe *recipe)
{
	static const enum chroma table[] = { CHROMA_444, CHROMA_440, CHROMA_422 };

	if (recipe->color_space == 7)
		return CHROMA_444;
	return recipe->profile & 1 ? table[recipe->subsampling] : CHROMA_420;
}

START_TEST(reads_every_field)
{
	const struct recipe *recipe = &recipes[_i];
	struct vp9_frame_header header;
	uint8_t data[32];
	size_t size = cook(recipe, data);

	ck_assert_int_eq(vp9_frame_header_parse(data, size, &header), recipe->result);
	if (recipe->result)
		return;
	ck_assert_uint_eq(header.profile, recipe->profile);
	ck_assert_int_eq(header.show_existing, recipe->show_existing);
	ck_assert_int_eq(header.key, !recipe->not_key && !recipe->show_existing);
	ck_assert_int_eq(header.intra_only, recipe->intra_only);
	ck_assert_int_eq(header.show, recipe->show);
	if (!header.key && !header.intra_only) {
		ck_assert_uint_eq(header.width, 0);
		return;
	}
	ck_assert_uint_eq(header.width, 1920);
	ck_assert_uint_eq(header.height, 1080);
	ck_assert_uint_eq(header.render_width, recipe->render ? 1280 : 1920);
	ck_assert_uint_eq(header.render_height, recipe->render ? 720 : 1080);
	ck_assert_uint_eq(header.bit_depth, recipe->profile < 2 ? 8 :
			  recipe->twelve_bit ? 12 : 10);
	ck_assert_int_eq(header.chroma, expected_chroma(recipe));
}
END_TEST

static int parse(const uint8_t *data, size_t size)
{
	struct vp9_frame_header header;

	return vp9_frame_header_parse(data, size, &header);
}

START_TEST(survives_truncation)
{
	uint8_t data[32];
	size_t size = cook(&recipes[_i], data);

	for_each_truncation(data, size, size, parse);
}
END_TEST

static int parse_superframe(const uint8_t *data, size_t size)
{
	struct vp9_superframe superframe;

	return vp9_superframe_parse(data, size, &superframe);
}

START_TEST(survives_truncation_of_superframes)
{
	size_t size;
	const uint8_t *chunk = vector_chunk(vector_named("superframe"), 1, &size);

	for_each_truncation(chunk, size, 1, parse_superframe);
}
END_TEST

START_TEST(finds_the_level)
{
	ck_assert_int_eq(vp9_level(176, 144, 0), 10);
	ck_assert_int_eq(vp9_level(256, 144, 256 * 144 * 15), 10);
	ck_assert_int_eq(vp9_level(256, 144, 256 * 144 * 30), 11);
	ck_assert_int_eq(vp9_level(640, 16, 0), 11);
	ck_assert_int_eq(vp9_level(16, 640, 0), 11);
	ck_assert_int_eq(vp9_level(480, 256, 0), 20);
	ck_assert_int_eq(vp9_level(640, 384, 0), 21);
	ck_assert_int_eq(vp9_level(1080, 512, 0), 30);
	ck_assert_int_eq(vp9_level(1280, 768, 0), 31);
	ck_assert_int_eq(vp9_level(1920, 1080, 1920 * 1080 * 30), 40);
	ck_assert_int_eq(vp9_level(1920, 1080, 1920 * 1080 * 60), 41);
	ck_assert_int_eq(vp9_level(3840, 2160, 0), 50);
	ck_assert_int_eq(vp9_level(3840, 2160, UINT64_C(3840) * 2160 * 60), 51);
	ck_assert_int_eq(vp9_level(3840, 2160, UINT64_C(3840) * 2160 * 120), 52);
	ck_assert_int_eq(vp9_level(7680, 4320, 0), 60);
	ck_assert_int_eq(vp9_level(7680, 4320, UINT64_C(7680) * 4320 * 60), 61);
	ck_assert_int_eq(vp9_level(7680, 4320, UINT64_C(7680) * 4320 * 120), 62);
	ck_assert_int_eq(vp9_level(65536, 65536, UINT64_MAX), 62);
}
END_TEST

START_TEST(names_the_codec)
{
	static const struct {
		const char *vector, *string;
	} rows[] = {
		{ "profile0", "vp09.00.10.08" },
		{ "bt601", "vp09.00.10.08.01.02.02.06.01" },
		{ "profile1_444", "vp09.01.10.08.03.02.02.01.00" },
		{ "profile1_rgb", "vp09.01.10.08.03.02.02.00.01" },
		{ "profile2_10", "vp09.02.10.10.01.02.02.09.00" },
		{ "profile3_12", "vp09.03.10.12.02.02.02.02.00" },
		{ "profile1_440", NULL },
	};
	struct vp9_frame_header header;
	char string[CODEC_STRING_MAX];
	struct codec_string cs;
	size_t size;
	const uint8_t *chunk = vector_chunk(vector_named(rows[_i].vector), 0, &size);

	ck_assert_int_eq(vp9_frame_header_parse(chunk, size, &header), 0);
	vp9_frame_codec_string(&header, &cs);
	if (!rows[_i].string) {
		ck_assert_int_eq(codec_string_format(&cs, string, sizeof(string)), -EINVAL);
		return;
	}
	ck_assert_int_eq(codec_string_format(&cs, string, sizeof(string)), 0);
	ck_assert_str_eq(string, rows[_i].string);
}
END_TEST

Suite *vp9_suite(void)
{
	Suite *suite = suite_create("vp9");
	TCase *tc = tcase_create("vp9");

	tcase_add_loop_test(tc, reads_the_headers_of_streams, 0, ARRAY_SIZE(vp9_vectors));
	tcase_add_test(tc, finds_hidden_frames);
	tcase_add_loop_test(tc, reads_the_index, 0, ARRAY_SIZE(superframes));
	tcase_add_loop_test(tc, reads_every_field, 0, ARRAY_SIZE(recipes));
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(recipes));
	tcase_add_test(tc, survives_truncation_of_superframes);
	tcase_add_test(tc, finds_the_level);
	tcase_add_loop_test(tc, names_the_codec, 0, 7);
	suite_add_tcase(suite, tc);
	return suite;
}
