/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/mjpeg.h"
#include "suites.h"
#include "support.h"
#include "vectors/mjpeg.h"

START_TEST(reads_the_headers_of_images)
{
	const struct vector *vector = &mjpeg_vectors[_i];
	struct mjpeg_header header;

	ck_assert_int_eq(mjpeg_header_parse(vector->data, vector->size, &header), 0);
	ck_assert_uint_eq(header.width, vector->width);
	ck_assert_uint_eq(header.height, vector->height);
	ck_assert_uint_eq(header.bit_depth, vector->bit_depth);
	ck_assert_int_eq(header.chroma, vector->chroma);
	/* ffprobe knows no range of greyscale and calls RGB a kind of YCbCr. */
	if (header.components == 3 && strcmp(vector->name, "rgb"))
		check_color(&header.color, &vector->color);
	ck_assert_int_eq(header.color.range, COLOR_RANGE_FULL);
	if (!strcmp(vector->name, "rgb"))
		ck_assert_uint_eq(header.color.matrix, 0);
	if (!strcmp(vector->name, "gray"))
		ck_assert_uint_eq(header.color.matrix, CICP_UNSPECIFIED);
}
END_TEST

static int parse(const uint8_t *data, size_t size)
{
	struct mjpeg_header header;

	return mjpeg_header_parse(data, size, &header);
}

START_TEST(survives_truncation)
{
	for_each_truncation(mjpeg_vectors[_i].data, mjpeg_vectors[_i].size, 21, parse);
}
END_TEST

/* An image of 16x8 with nothing but a frame header, at 2, and a scan, at 21. */
static const uint8_t minimal[] = {
	0xff, 0xd8, 0xff, 0xc0, 0x00, 0x11, 0x08, 0x00, 0x08, 0x00, 0x10, 0x03, 0x01, 0x22, 0x00,
	0x02, 0x11, 0x01, 0x03, 0x11, 0x01, 0xff, 0xda, 0x00, 0x02, 0x12, 0xff, 0x00, 0xff, 0xd0,
	0x34, 0xff, 0xff, 0xd9,
};

static const struct {
	size_t offset;
	uint8_t value;
	int result;
	enum chroma chroma;
} changes[] = {
	{ 0, 0xff, 0, CHROMA_420 },
	{ 0, 0xfe, -EINVAL, CHROMA_UNKNOWN },
	{ 1, 0xd9, -EINVAL, CHROMA_UNKNOWN },
	{ 2, 0x00, -EINVAL, CHROMA_UNKNOWN },
	{ 3, 0xff, -EINVAL, CHROMA_UNKNOWN },    /* fill bytes, no marker behind them */
	{ 3, 0x00, -EINVAL, CHROMA_UNKNOWN },
	{ 3, 0xc2, 0, CHROMA_420 },              /* progressive */
	{ 3, 0xcf, 0, CHROMA_420 },
	{ 3, 0xc4, -EINVAL, CHROMA_UNKNOWN },    /* a table: no frame header */
	{ 3, 0xc8, -EINVAL, CHROMA_UNKNOWN },
	{ 3, 0xcc, -EINVAL, CHROMA_UNKNOWN },
	{ 3, 0xe0, -EINVAL, CHROMA_UNKNOWN },
	{ 3, 0xd8, -EINVAL, CHROMA_UNKNOWN },
	{ 4, 0xff, -EINVAL, CHROMA_UNKNOWN },
	{ 5, 0x01, -EINVAL, CHROMA_UNKNOWN },
	{ 5, 0x10, -EINVAL, CHROMA_UNKNOWN },
	{ 8, 0x00, -EINVAL, CHROMA_UNKNOWN },    /* no height */
	{ 10, 0x00, -EINVAL, CHROMA_UNKNOWN },
	{ 11, 0x00, -EINVAL, CHROMA_UNKNOWN },
	{ 11, 0x01, 0, CHROMA_400 },
	{ 11, 0x02, 0, CHROMA_UNKNOWN },
	{ 11, 0x04, -EINVAL, CHROMA_UNKNOWN },   /* four components do not fit */
	{ 11, 0x05, -EINVAL, CHROMA_UNKNOWN },
	{ 13, 0x11, 0, CHROMA_444 },
	{ 13, 0x21, 0, CHROMA_422 },
	{ 13, 0x12, 0, CHROMA_440 },
	{ 13, 0x41, 0, CHROMA_411 },
	{ 13, 0x44, 0, CHROMA_UNKNOWN },
	{ 16, 0x21, 0, CHROMA_UNKNOWN },
	{ 16, 0x00, 0, CHROMA_UNKNOWN },
	{ 22, 0xd9, 0, CHROMA_420 },             /* EOI, no scan: does not matter */
};

START_TEST(checks_the_fields)
{
	struct mjpeg_header header;
	uint8_t data[sizeof(minimal)];

	memcpy(data, minimal, sizeof(data));
	data[changes[_i].offset] = changes[_i].value;
	ck_assert_int_eq(mjpeg_header_parse(data, sizeof(data), &header), changes[_i].result);
	if (!changes[_i].result)
		ck_assert_int_eq(header.chroma, changes[_i].chroma);
}
END_TEST

START_TEST(reduces_sampling_factors)
{
	struct mjpeg_header header;
	uint8_t data[sizeof(minimal)];

	/* 2x2 for all three is 4:4:4, 4x2 with 2x2 is 4:2:2 */
	memcpy(data, minimal, sizeof(data));
	data[16] = data[19] = 0x22;
	ck_assert_int_eq(mjpeg_header_parse(data, sizeof(data), &header), 0);
	ck_assert_int_eq(header.chroma, CHROMA_444);
	data[13] = 0x42;
	ck_assert_int_eq(mjpeg_header_parse(data, sizeof(data), &header), 0);
	ck_assert_int_eq(header.chroma, CHROMA_422);
	data[13] = 0x12;
	ck_assert_int_eq(mjpeg_header_parse(data, sizeof(data), &header), 0);
	ck_assert_int_eq(header.chroma, CHROMA_UNKNOWN);
}
END_TEST

Suite *mjpeg_suite(void)
{
	Suite *suite = suite_create("mjpeg");
	TCase *tc = tcase_create("mjpeg");

	tcase_add_loop_test(tc, reads_the_headers_of_images, 0, ARRAY_SIZE(mjpeg_vectors));
	tcase_add_loop_test(tc, survives_truncation, 0, ARRAY_SIZE(mjpeg_vectors));
	tcase_add_loop_test(tc, checks_the_fields, 0, ARRAY_SIZE(changes));
	tcase_add_test(tc, reduces_sampling_factors);
	suite_add_tcase(suite, tc);
	return suite;
}
