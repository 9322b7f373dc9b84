/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/av1.h"
#include "suites.h"
#include "support.h"
#include "vectors/av1.h"

static const struct vector *vector_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(av1_vectors); i++)
		if (!strcmp(av1_vectors[i].name, name))
			return &av1_vectors[i];
	ck_abort_msg("no vector %s", name);
	return NULL;
}

static struct av1_temporal_unit first_unit(const struct vector *vector)
{
	struct av1_temporal_unit unit;
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 0, &size);

	ck_assert_int_eq(av1_temporal_unit_inspect(chunk, size, &unit), 0);
	return unit;
}

START_TEST(reads_the_sequence_headers_of_streams)
{
	const struct vector *vector = &av1_vectors[_i];
	struct av1_temporal_unit unit = first_unit(vector);
	const struct av1_sequence_header *sequence = &unit.sequence;

	ck_assert(unit.has_sequence_header && unit.has_frame && unit.key);
	ck_assert_int_eq((int)sequence->profile, vector->profile);
	/* ffprobe does not find the level in the reduced header of still pictures. */
	if (!sequence->reduced_still_picture_header)
		ck_assert_int_eq((int)sequence->level, vector->level);
	ck_assert_uint_eq(sequence->tier, 0);
	ck_assert_uint_eq(sequence->max_width, vector->width);
	ck_assert_uint_eq(sequence->max_height, vector->height);
	ck_assert_uint_eq(sequence->bit_depth, vector->bit_depth);
	ck_assert_int_eq(sequence->chroma, vector->chroma);
	check_color(&sequence->color, &vector->color);
	ck_assert(!sequence->film_grain);
	ck_assert_int_eq(sequence->reduced_still_picture_header,
			 !strcmp(vector->name, "still"));
}
END_TEST

START_TEST(tells_key_frames_of_streams)
{
	const struct vector *vector = &av1_vectors[_i];

	for (unsigned i = 0; i < vector->n_chunks; i++) {
		struct av1_temporal_unit unit;
		size_t size;
		const uint8_t *chunk = vector_chunk(vector, i, &size);

		ck_assert_int_eq(av1_temporal_unit_inspect(chunk, size, &unit), 0);
		ck_assert(unit.has_frame);
		ck_assert_int_eq(unit.key, vector->chunks[i].key);
	}
}
END_TEST

static const struct {
	uint8_t data[12];
	size_t size;
	unsigned n;                     /* OBUs before the end */
	int result;                     /* of the call after them */
	unsigned type;                  /* of the last */
	size_t payload;
} obus[] = {
	{ { 0 }, 0, 0, 0, 0, 0 },
	{ { 0x12, 0x00 }, 2, 1, 0, AV1_OBU_TEMPORAL_DELIMITER, 0 },
	{ { 0x12, 0x00, 0x7a, 0x02, 1, 2 }, 6, 2, 0, AV1_OBU_PADDING, 2 },
	{ { 0x12, 0x00, 0x78, 1, 2, 3 }, 6, 2, 0, AV1_OBU_PADDING, 3 },
	{ { 0x7e, 0x48, 0x01, 9 }, 4, 1, 0, AV1_OBU_PADDING, 1 },
	{ { 0x7c, 0x48, 9, 9 }, 4, 1, 0, AV1_OBU_PADDING, 2 },
	{ { 0x7a, 0x81, 0x80, 0x00, 9 }, 5, 1, 0, AV1_OBU_PADDING, 1 },
	{ { 0x7a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 9 }, 10, 1, 0,
	  AV1_OBU_PADDING, 1 },
	{ { 0x7a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 9 }, 11, 0, -EINVAL, 0, 0 },
	{ { 0x7a, 0x80, 0x80, 0x80, 0x80, 0x10 }, 6, 0, -EINVAL, 0, 0 },
	{ { 0x7a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1 }, 7, 0, -EINVAL, 0, 0 },
	{ { 0x92, 0x00 }, 2, 0, -EINVAL, 0, 0 },
	{ { 0x12, 0x00, 0x7a, 0x02, 1 }, 5, 1, -EINVAL, AV1_OBU_TEMPORAL_DELIMITER, 0 },
	{ { 0x12 }, 1, 0, -EINVAL, 0, 0 },
	{ { 0x16 }, 1, 0, -EINVAL, 0, 0 },
	{ { 0x12, 0x80 }, 2, 0, -EINVAL, 0, 0 },
};

START_TEST(walks_over_obus)
{
	struct av1_obu_iter iter;
	struct av1_obu obu = { 0 };

	av1_obu_iter_init(&iter, obus[_i].data, obus[_i].size);
	for (unsigned i = 0; i < obus[_i].n; i++)
		ck_assert_int_eq(av1_obu_iter_next(&iter, &obu), 1);
	if (obus[_i].n) {
		ck_assert_uint_eq(obu.type, obus[_i].type);
		ck_assert_uint_eq(obu.size, obus[_i].payload);
		ck_assert_ptr_eq(obu.data + obu.size, iter.data + iter.pos);
	}
	ck_assert_int_eq(av1_obu_iter_next(&iter, &obu), obus[_i].result);
	ck_assert_int_eq(av1_obu_iter_next(&iter, &obu), obus[_i].result);
}
END_TEST

START_TEST(reads_layer_ids)
{
	static const uint8_t data[] = { 0x7e, 0xb0, 0x00 };
	struct av1_obu_iter iter;
	struct av1_obu obu;

	av1_obu_iter_init(&iter, data, sizeof(data));
	ck_assert_int_eq(av1_obu_iter_next(&iter, &obu), 1);
	ck_assert_uint_eq(obu.temporal_id, 5);
	ck_assert_uint_eq(obu.spatial_id, 2);
}
END_TEST

/* A hand-made sequence header. */
struct recipe {
	unsigned profile;
	bool reduced, timing, equal_interval, decoder_model, display_delay;
	unsigned points, level, tier;
	bool frame_ids, order_hint, choose_screen, force_screen, choose_mv;
	bool high, twelve, mono, color;
	uint8_t primaries, transfer, matrix;
	bool range, x, y;
	unsigned position;
	int result;
	unsigned bit_depth;
	enum chroma chroma;
};

static void put_timing(struct bit_writer *bw, const struct recipe *recipe)
{
	put_bits(bw, 1, recipe->timing);
	if (!recipe->timing)
		return;
	put_bits(bw, 32, 1);
	put_bits(bw, 32, 60);
	put_bits(bw, 1, recipe->equal_interval);
	if (recipe->equal_interval)
		put_ue(bw, 5);          /* uvlc() is written like ue(v) */
	put_bits(bw, 1, recipe->decoder_model);
	if (recipe->decoder_model) {
		put_bits(bw, 5, 19);    /* buffer_delay_length_minus_1 */
		put_bits(bw, 32, 1);
		put_bits(bw, 10, 0x155);
	}
}

static void put_points(struct bit_writer *bw, const struct recipe *recipe)
{
	put_bits(bw, 1, recipe->display_delay);
	put_bits(bw, 5, recipe->points - 1);
	for (unsigned i = 0; i < recipe->points; i++) {
		unsigned level = i ? 4 : recipe->level;

		put_bits(bw, 12, 0x101);
		put_bits(bw, 5, level);
		if (level > 7)
			put_bits(bw, 1, recipe->tier);
		if (recipe->timing && recipe->decoder_model) {
			put_bits(bw, 1, i == 0);
			if (i == 0) {
				put_bits(bw, 20, 0xaaaaa);
				put_bits(bw, 20, 0x55555);
				put_bits(bw, 1, 1);
			}
		}
		if (recipe->display_delay) {
			put_bits(bw, 1, i % 2);
			if (i % 2)
				put_bits(bw, 4, 9);
		}
	}
}

static void put_tools(struct bit_writer *bw, const struct recipe *recipe)
{
	put_bits(bw, 4, 5);
	put_bits(bw, 1, recipe->order_hint);
	if (recipe->order_hint)
		put_bits(bw, 2, 1);
	put_bits(bw, 1, recipe->choose_screen);
	if (!recipe->choose_screen)
		put_bits(bw, 1, recipe->force_screen);
	if (recipe->choose_screen || recipe->force_screen) {
		put_bits(bw, 1, recipe->choose_mv);
		if (!recipe->choose_mv)
			put_bits(bw, 1, 1);
	}
	if (recipe->order_hint)
		put_bits(bw, 3, 6);
}

static void put_color(struct bit_writer *bw, const struct recipe *recipe)
{
	bool srgb = recipe->color && recipe->primaries == 1 && recipe->transfer == 13 &&
		    recipe->matrix == 0;

	put_bits(bw, 1, recipe->high);
	if (recipe->profile == 2 && recipe->high)
		put_bits(bw, 1, recipe->twelve);
	if (recipe->profile != 1)
		put_bits(bw, 1, recipe->mono);
	put_bits(bw, 1, recipe->color);
	if (recipe->color) {
		put_bits(bw, 8, recipe->primaries);
		put_bits(bw, 8, recipe->transfer);
		put_bits(bw, 8, recipe->matrix);
	}
	if (recipe->mono || !srgb)
		put_bits(bw, 1, recipe->range);
	if (recipe->mono || srgb) {
		if (srgb)
			put_bits(bw, 1, 0);
		return;
	}
	if (recipe->profile == 2 && recipe->twelve) {
		put_bits(bw, 1, recipe->x);
		if (recipe->x)
			put_bits(bw, 1, recipe->y);
	}
	if (recipe->chroma == CHROMA_420)
		put_bits(bw, 2, recipe->position);
	put_bits(bw, 1, 0);
}

static size_t cook(const struct recipe *recipe, uint8_t *dst)
{
	struct bit_writer bw = { .bits = 0 };

	put_bits(&bw, 3, recipe->profile);
	put_bits(&bw, 1, recipe->reduced);
	put_bits(&bw, 1, recipe->reduced);
	if (recipe->reduced) {
		put_bits(&bw, 5, recipe->level);
	} else {
		put_timing(&bw, recipe);
		put_points(&bw, recipe);
	}
	put_bits(&bw, 4, 10);           /* frame_width_bits_minus_1 */
	put_bits(&bw, 4, 15);
	put_bits(&bw, 11, 1919);
	put_bits(&bw, 16, 1079);
	if (!recipe->reduced) {
		put_bits(&bw, 1, recipe->frame_ids);
		if (recipe->frame_ids)
			put_bits(&bw, 7, 0x55);
	}
	put_bits(&bw, 3, 5);
	if (!recipe->reduced)
		put_tools(&bw, recipe);
	put_bits(&bw, 3, 2);
	put_color(&bw, recipe);
	put_bits(&bw, 1, 1);            /* film_grain_params_present */
	put_stop_bit(&bw);
	memcpy(dst, bw.data, byte_size(&bw));
	return byte_size(&bw);
}

static const struct recipe recipes[] = {
	{ .points = 1, .level = 8, .bit_depth = 8, .chroma = CHROMA_420, .position = 2 },
	{ .points = 1, .level = 8, .tier = 1, .bit_depth = 10, .high = true,
	  .chroma = CHROMA_420 },
	{ .reduced = true, .level = 31, .bit_depth = 8, .chroma = CHROMA_420 },
	{ .points = 3, .level = 5, .timing = true, .equal_interval = true, .bit_depth = 8,
	  .chroma = CHROMA_420 },
	{ .points = 2, .level = 12, .tier = 1, .timing = true, .decoder_model = true,
	  .display_delay = true, .bit_depth = 8, .chroma = CHROMA_420 },
	{ .points = 32, .level = 12, .timing = true, .equal_interval = true,
	  .decoder_model = true, .display_delay = true, .bit_depth = 8, .chroma = CHROMA_420 },
	{ .points = 1, .level = 1, .frame_ids = true, .order_hint = true, .bit_depth = 8,
	  .chroma = CHROMA_420 },
	{ .points = 1, .level = 1, .order_hint = true, .choose_screen = true, .choose_mv = true,
	  .bit_depth = 8, .chroma = CHROMA_420 },
	{ .points = 1, .level = 1, .force_screen = true, .bit_depth = 8, .chroma = CHROMA_420 },
	{ .points = 1, .level = 1, .mono = true, .range = true, .bit_depth = 8,
	  .chroma = CHROMA_400 },
	{ .points = 1, .level = 1, .color = true, .primaries = 9, .transfer = 16, .matrix = 9,
	  .bit_depth = 10, .high = true, .chroma = CHROMA_420, .position = 1 },
	{ .points = 1, .level = 1, .profile = 1, .bit_depth = 8, .chroma = CHROMA_444 },
	{ .points = 1, .level = 1, .profile = 1, .color = true, .primaries = 1, .transfer = 13,
	  .matrix = 0, .bit_depth = 8, .chroma = CHROMA_444, .range = true },
	{ .points = 1, .level = 1, .profile = 1, .color = true, .primaries = 1, .transfer = 1,
	  .matrix = 0, .bit_depth = 8, .chroma = CHROMA_444, .range = true },
	{ .points = 1, .level = 1, .profile = 2, .bit_depth = 8, .chroma = CHROMA_422 },
	{ .points = 1, .level = 1, .profile = 2, .high = true, .bit_depth = 10,
	  .chroma = CHROMA_422 },
	{ .points = 1, .level = 1, .profile = 2, .high = true, .twelve = true, .bit_depth = 12,
	  .x = true, .y = true, .chroma = CHROMA_420 },
	{ .points = 1, .level = 1, .profile = 2, .high = true, .twelve = true, .bit_depth = 12,
	  .x = true, .chroma = CHROMA_422 },
	{ .points = 1, .level = 1, .profile = 2, .high = true, .twelve = true, .bit_depth = 12,
	  .chroma = CHROMA_444 },
	{ .points = 1, .level = 1, .profile = 3, .result = -EINVAL },
	{ .points = 1, .level = 1, .color = true, .primaries = 1, .transfer = 13, .matrix = 0,
	  .result = -EINVAL },
	{ .points = 1, .level = 1, .color = true, .primaries = 1, .transfer = 1, .matrix = 0,
	  .chroma = CHROMA_420, .result = -EINVAL },
	{ .points = 1, .level = 1, .profile = 2, .color = true, .primaries = 1, .transfer = 13,
	  .matrix = 0, .result = -EINVAL },
};

START_TEST(reads_every_field)
{
	const struct recipe *recipe = &recipes[_i];
	struct av1_sequence_header header;
	uint8_t data[256];
	size_t size = cook(recipe, data);

	ck_assert_int_eq(av1_sequence_header_parse(data, size, &header), recipe->result);
	if (recipe->result)
		return;
	ck_assert_uint_eq(header.profile, recipe->profile);
	ck_assert_uint_eq(header.level, recipe->level);
	ck_assert_uint_eq(header.tier, recipe->tier);
	ck_assert_int_eq(header.reduced_still_picture_header, recipe->reduced);
	ck_assert_uint_eq(header.max_width, 1920);
	ck_assert_uint_eq(header.max_height, 1080);
	ck_assert_uint_eq(header.bit_depth, recipe->bit_depth);
	ck_assert_int_eq(header.chroma, recipe->chroma);
	ck_assert_uint_eq(header.chroma_sample_position, recipe->position);
	ck_assert_uint_eq(header.color.primaries, recipe->color ? recipe->primaries : 2);
	ck_assert_uint_eq(header.color.matrix, recipe->color ? recipe->matrix : 2);
	ck_assert_int_eq(header.color.range,
			 recipe->range ? COLOR_RANGE_FULL : COLOR_RANGE_LIMITED);
	ck_assert(header.film_grain);
}
END_TEST

static int parse(const uint8_t *data, size_t size)
{
	struct av1_sequence_header header;

	return av1_sequence_header_parse(data, size, &header);
}

START_TEST(survives_truncation_of_every_field)
{
	uint8_t data[256];
	size_t size = cook(&recipes[_i], data);

	/* The last byte may be trailing bits only. */
	for_each_truncation(data, size, size - 1, parse);
}
END_TEST

static int inspect(const uint8_t *data, size_t size)
{
	struct av1_temporal_unit unit;

	return av1_temporal_unit_inspect(data, size, &unit);
}

START_TEST(survives_truncation)
{
	size_t size;
	const uint8_t *chunk = vector_chunk(&av1_vectors[_i], 0, &size);

	for_each_truncation(chunk, size, 0, inspect);
}
END_TEST

/* Frame headers: the bits are show_existing_frame, frame_type, show_frame. */
static const struct {
	uint8_t data[8];
	size_t size;
	int result;
	bool has_frame, key;
} units[] = {
	{ { 0x12, 0x00, 0x32, 0x01, 0x10 }, 5, 0, true, true },
	{ { 0x12, 0x00, 0x1a, 0x01, 0x10 }, 5, 0, true, true },
	{ { 0x12, 0x00, 0x32, 0x01, 0x00 }, 5, 0, true, false },        /* not shown */
	{ { 0x12, 0x00, 0x32, 0x01, 0x30 }, 5, 0, true, false },        /* inter */
	{ { 0x12, 0x00, 0x32, 0x01, 0x50 }, 5, 0, true, false },        /* intra only */
	{ { 0x12, 0x00, 0x1a, 0x01, 0x90 }, 5, 0, true, false },        /* shown again */
	{ { 0x12, 0x00, 0x3a, 0x01, 0x10 }, 5, 0, false, false },       /* redundant header */
	{ { 0x12, 0x00 }, 2, 0, false, false },
	{ { 0x12, 0x00, 0x32, 0x00 }, 4, -EINVAL, false, false },
	{ { 0x0a, 0x01, 0x00 }, 3, -EINVAL, false, false },
};

START_TEST(tells_key_frames)
{
	struct av1_temporal_unit unit;

	ck_assert_int_eq(av1_temporal_unit_inspect(units[_i].data, units[_i].size, &unit),
			 units[_i].result);
	if (units[_i].result)
		return;
	ck_assert_int_eq(unit.has_frame, units[_i].has_frame);
	ck_assert_int_eq(unit.key, units[_i].key);
	ck_assert(!unit.has_sequence_header);
}
END_TEST

START_TEST(names_the_codec)
{
	static const struct {
		const char *vector, *string;
	} rows[] = {
		{ "main", "av01.0.00M.08" },
		{ "main10_hdr", "av01.0.00M.10.0.110.09.16.09.0" },
		{ "main_full", "av01.0.00M.08.0.110.02.02.02.1" },
		{ "gray", "av01.0.00M.08.1.110.02.02.02.1" },
		{ "high444", "av01.1.00M.08.0.000.02.02.02.0" },
		{ "high_rgb", "av01.1.00M.08.0.000.01.13.00.1" },
		{ "pro422", "av01.2.00M.08.0.100.02.02.02.0" },
		{ "pro12", "av01.2.00M.12" },
	};
	struct av1_temporal_unit unit = first_unit(vector_named(rows[_i].vector));
	char string[CODEC_STRING_MAX];
	struct codec_string cs;

	av1_sequence_codec_string(&unit.sequence, &cs);
	ck_assert_int_eq(codec_string_format(&cs, string, sizeof(string)), 0);
	ck_assert_str_eq(string, rows[_i].string);
}
END_TEST

Suite *av1_suite(void)
{
	Suite *suite = suite_create("av1");
	TCase *tc = tcase_create("av1");

	tcase_add_loop_test(tc, reads_the_sequence_headers_of_streams, 0,
			    ARRAY_SIZE(av1_vectors));
	tcase_add_loop_test(tc, tells_key_frames_of_streams, 0, ARRAY_SIZE(av1_vectors));
	tcase_add_loop_test(tc, walks_over_obus, 0, ARRAY_SIZE(obus));
	tcase_add_test(tc, reads_layer_ids);
	tcase_add_loop_test(tc, reads_every_field, 0, ARRAY_SIZE(recipes));
	tcase_add_loop_test(tc, survives_truncation_of_every_field, 0, ARRAY_SIZE(recipes));
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(av1_vectors));
	tcase_add_loop_test(tc, tells_key_frames, 0, ARRAY_SIZE(units));
	tcase_add_loop_test(tc, names_the_codec, 0, 8);
	suite_add_tcase(suite, tc);
	return suite;
}
