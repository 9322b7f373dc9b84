/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/fwht.h"
#include "suites.h"
#include "support.h"
#include "vectors/fwht.h"

static const struct {
	const char *name;
	enum fwht_pixel_encoding pixel_encoding;
	unsigned components;
	enum chroma chroma;
	uint32_t coded_width, coded_height;
	struct color_description color;
} expected[] = {
	{ "yu12", FWHT_PIXEL_ENCODING_YUV, 3, CHROMA_420, 64, 48,
	  { 1, 1, 1, COLOR_RANGE_LIMITED } },
	{ "grey", FWHT_PIXEL_ENCODING_RGB, 1, CHROMA_400, 40, 24,
	  { 2, 2, 2, COLOR_RANGE_FULL } },
	{ "rgb3", FWHT_PIXEL_ENCODING_RGB, 3, CHROMA_444, 40, 24,
	  { 1, 13, 0, COLOR_RANGE_FULL } },
	{ "c422", FWHT_PIXEL_ENCODING_YUV, 3, CHROMA_422, 48, 24,
	  { 6, 1, 6, COLOR_RANGE_LIMITED } },
	{ "nv24", FWHT_PIXEL_ENCODING_YUV, 3, CHROMA_444, 40, 24,
	  { 9, 16, 9, COLOR_RANGE_FULL } },
	{ "ar24", FWHT_PIXEL_ENCODING_RGB, 4, CHROMA_444, 40, 24,
	  { 2, 2, 0, COLOR_RANGE_FULL } },
};

START_TEST(reads_the_headers_of_streams)
{
	const struct fwht_vector *vector = &fwht_vectors[_i];
	struct color_description color;
	struct fwht_header header;

	ck_assert_str_eq(vector->name, expected[_i].name);
	ck_assert_int_eq(fwht_header_parse(vector->data, vector->size, &header), 0);
	ck_assert_uint_eq(header.version, 3);
	ck_assert_uint_eq(header.width, vector->width);
	ck_assert_uint_eq(header.height, vector->height);
	ck_assert_uint_eq(header.colorspace, vector->color[0]);
	ck_assert_uint_eq(header.xfer_func, vector->color[1]);
	ck_assert_uint_eq(header.ycbcr_enc, vector->color[2]);
	ck_assert_uint_eq(header.quantization, vector->color[3]);
	ck_assert(header.key);
	ck_assert_int_eq(header.pixel_encoding, expected[_i].pixel_encoding);
	ck_assert_uint_eq(header.components, expected[_i].components);
	ck_assert_int_eq(header.chroma, expected[_i].chroma);
	ck_assert_uint_eq(header.coded_width, expected[_i].coded_width);
	ck_assert_uint_eq(header.coded_height, expected[_i].coded_height);
	color = fwht_color(&header);
	check_color(&color, &expected[_i].color);
}
END_TEST

START_TEST(reads_one_frame_after_the_other)
{
	const struct fwht_vector *vector = &fwht_vectors[_i];
	const uint8_t *data = vector->data;
	size_t left = vector->size;

	for (unsigned i = 0; i < 3; i++) {
		struct fwht_header header;
		size_t size;

		ck_assert_int_eq(fwht_header_parse(data, left, &header), 0);
		size = FWHT_HEADER_SIZE + header.payload_size;
		ck_assert_uint_le(size, left);
		/* Frames that became too large are stored as they are, and so as key frames. */
		ck_assert(header.key || i == 1);
		data += size;
		left -= size;
	}
	ck_assert_uint_eq(left, 0);
}
END_TEST

START_TEST(tells_frames_that_refer_to_others)
{
	const struct fwht_vector *vector = &fwht_vectors[0];
	struct fwht_header header;
	size_t size;

	ck_assert_int_eq(fwht_header_parse(vector->data, vector->size, &header), 0);
	size = FWHT_HEADER_SIZE + header.payload_size;
	ck_assert_int_eq(fwht_header_parse(vector->data + size, vector->size - size, &header), 0);
	ck_assert(!header.key);
}
END_TEST

static const struct {
	size_t offset;
	uint8_t value;
	int result;
} changes[] = {
	{ 0, 0x4e, -EINVAL },           /* magic number */
	{ 7, 0xfe, -EINVAL },
	{ 11, 0, -ENOTSUP },            /* version */
	{ 11, 2, -ENOTSUP },
	{ 11, 4, -ENOTSUP },
	{ 8, 1, -ENOTSUP },
	{ 15, 0, -EINVAL },             /* width */
	{ 12, 1, -EINVAL },
	{ 19, 0, -EINVAL },             /* height */
	{ 16, 1, -EINVAL },
	{ 21, 0x02, -EINVAL },          /* no pixel encoding */
	{ 21, 0x08, 0 },                /* one component */
	{ 21, 0x09, -EINVAL },          /* two */
	{ 21, 0x0b, 0 },                /* four */
	{ 21, 0x0c, -EINVAL },          /* five */
	{ 40, 0x01, -EINVAL },          /* payload of 16 MiB */
};

START_TEST(checks_the_fields)
{
	const struct fwht_vector *vector = &fwht_vectors[0];
	uint8_t data[FWHT_HEADER_SIZE];
	struct fwht_header header;

	memcpy(data, vector->data, sizeof(data));
	data[changes[_i].offset] = changes[_i].value;
	ck_assert_int_eq(fwht_header_parse(data, sizeof(data), &header), changes[_i].result);
}
END_TEST

/* The largest payload for 64x48 in 4:2:0: 72 blocks of at most 130 bytes. */
START_TEST(bounds_the_payload)
{
	uint8_t data[FWHT_HEADER_SIZE];
	struct fwht_header header;

	memcpy(data, fwht_vectors[0].data, sizeof(data));
	data[40] = data[41] = 0;
	data[42] = 72 * 130 >> 8;
	data[43] = 72 * 130 & 0xff;
	ck_assert_int_eq(fwht_header_parse(data, sizeof(data), &header), 0);
	data[43]++;
	ck_assert_int_eq(fwht_header_parse(data, sizeof(data), &header), -EINVAL);
}
END_TEST

static int parse(const uint8_t *data, size_t size)
{
	struct fwht_header header;

	return fwht_header_parse(data, size, &header);
}

START_TEST(survives_truncation)
{
	for_each_truncation(fwht_vectors[_i].data, 64, FWHT_HEADER_SIZE, parse);
}
END_TEST

static const struct {
	uint32_t fields[4];
	enum fwht_pixel_encoding pixel_encoding;
	struct color_description color;
} colors[] = {
	{ { 0, 0, 0, 0 }, FWHT_PIXEL_ENCODING_YUV, { 2, 2, 2, COLOR_RANGE_UNKNOWN } },
	{ { 7, 0, 0, 0 }, FWHT_PIXEL_ENCODING_YUV, { 1, 13, 6, COLOR_RANGE_FULL } },
	{ { 7, 0, 0, 2 }, FWHT_PIXEL_ENCODING_YUV, { 1, 13, 6, COLOR_RANGE_LIMITED } },
	{ { 3, 2, 1, 1 }, FWHT_PIXEL_ENCODING_YUV, { 1, 13, 6, COLOR_RANGE_FULL } },
	{ { 12, 0, 0, 0 }, FWHT_PIXEL_ENCODING_YUV, { 11, 17, 1, COLOR_RANGE_LIMITED } },
	{ { 2, 0, 8, 0 }, FWHT_PIXEL_ENCODING_YUV, { 7, 7, 7, COLOR_RANGE_LIMITED } },
	{ { 10, 7, 7, 0 }, FWHT_PIXEL_ENCODING_YUV, { 9, 16, 10, COLOR_RANGE_LIMITED } },
	{ { 8, 0, 0, 0 }, FWHT_PIXEL_ENCODING_HSV, { 1, 13, 2, COLOR_RANGE_FULL } },
	{ { 99, 99, 99, 99 }, FWHT_PIXEL_ENCODING_YUV, { 2, 2, 2, COLOR_RANGE_UNKNOWN } },
};

START_TEST(translates_colors)
{
	const struct fwht_header header = {
		.colorspace = colors[_i].fields[0], .xfer_func = colors[_i].fields[1],
		.ycbcr_enc = colors[_i].fields[2], .quantization = colors[_i].fields[3],
		.pixel_encoding = colors[_i].pixel_encoding, .components = 3,
	};
	struct color_description color = fwht_color(&header);

	check_color(&color, &colors[_i].color);
}
END_TEST

Suite *fwht_suite(void)
{
	Suite *suite = suite_create("fwht");
	TCase *tc = tcase_create("fwht");

	tcase_add_loop_test(tc, reads_the_headers_of_streams, 0, ARRAY_SIZE(fwht_vectors));
	tcase_add_loop_test(tc, reads_one_frame_after_the_other, 0, ARRAY_SIZE(fwht_vectors));
	tcase_add_test(tc, tells_frames_that_refer_to_others);
	tcase_add_loop_test(tc, checks_the_fields, 0, ARRAY_SIZE(changes));
	tcase_add_test(tc, bounds_the_payload);
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(fwht_vectors));
	tcase_add_loop_test(tc, translates_colors, 0, ARRAY_SIZE(colors));
	suite_add_tcase(suite, tc);
	return suite;
}
