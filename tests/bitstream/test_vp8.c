/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/vp8.h"
#include "suites.h"
#include "support.h"
#include "vectors/vp8.h"

START_TEST(reads_the_headers_of_streams)
{
	const struct vector *vector = &vp8_vectors[_i];

	for (unsigned i = 0; i < vector->n_chunks; i++) {
		struct vp8_frame_header header;
		size_t size;
		const uint8_t *chunk = vector_chunk(vector, i, &size);

		ck_assert_int_eq(vp8_frame_header_parse(chunk, size, &header), 0);
		ck_assert_int_eq(header.key, vector->chunks[i].key);
		ck_assert(header.show);
		ck_assert_uint_le(header.version, 3);
		ck_assert_uint_eq(header.width, header.key ? vector->width : 0);
		ck_assert_uint_eq(header.height, header.key ? vector->height : 0);
	}
}
END_TEST

/* A key frame of 176x144, scaled up twice, first partition of 2 bytes. */
static const uint8_t key[] = { 0x50, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0xb0, 0x40, 0x90, 0x80, 0x00,
			       0x00 };

static const struct {
	size_t offset;
	uint8_t value;
	int result;
} changes[] = {
	{ 0, 0x50, 0 },
	{ 0, 0x40, 0 },                 /* not shown */
	{ 0, 0x56, 0 },                 /* version 3 */
	{ 0, 0x58, -ENOTSUP },
	{ 0, 0x5e, -ENOTSUP },
	{ 0, 0x10, -EINVAL },           /* no first partition */
	{ 0, 0x70, -EINVAL },           /* one byte too large */
	{ 1, 0x01, -EINVAL },
	{ 2, 0x80, -EINVAL },
	{ 3, 0x9e, -EINVAL },
	{ 4, 0x00, -EINVAL },
	{ 5, 0x2b, -EINVAL },
};

START_TEST(checks_the_fields)
{
	struct vp8_frame_header header;
	uint8_t data[sizeof(key)];

	memcpy(data, key, sizeof(data));
	data[changes[_i].offset] = changes[_i].value;
	ck_assert_int_eq(vp8_frame_header_parse(data, sizeof(data), &header),
			 changes[_i].result);
}
END_TEST

START_TEST(leaves_the_scaling_out_of_the_size)
{
	struct vp8_frame_header header;
	uint8_t data[sizeof(key)];

	memcpy(data, key, sizeof(data));
	ck_assert_int_eq(vp8_frame_header_parse(data, sizeof(data), &header), 0);
	ck_assert_uint_eq(header.width, 176);
	ck_assert_uint_eq(header.height, 144);
	ck_assert_uint_eq(header.first_partition_size, 2);
	data[6] = data[7] = 0;
	ck_assert_int_eq(vp8_frame_header_parse(data, sizeof(data), &header), -EINVAL);
}
END_TEST

START_TEST(reads_the_color_space_bit)
{
	struct vp8_frame_header header;
	uint8_t data[sizeof(key)];

	memcpy(data, key, sizeof(data));
	ck_assert_int_eq(vp8_frame_header_parse(data, sizeof(data), &header), 0);
	ck_assert_uint_eq(header.color.matrix, 6);
	ck_assert_int_eq(header.color.range, COLOR_RANGE_LIMITED);
	data[10] = 0x80;
	ck_assert_int_eq(vp8_frame_header_parse(data, sizeof(data), &header), 0);
	ck_assert_uint_eq(header.color.matrix, CICP_UNSPECIFIED);
	ck_assert_int_eq(header.color.range, COLOR_RANGE_UNKNOWN);
}
END_TEST

static int parse(const uint8_t *data, size_t size)
{
	struct vp8_frame_header header;

	return vp8_frame_header_parse(data, size, &header);
}

START_TEST(survives_truncation)
{
	const struct vector *vector = &vp8_vectors[0];
	size_t size;
	const uint8_t *chunk = vector_chunk(vector, 0, &size);

	for_each_truncation(chunk, size, 11, parse);
	chunk = vector_chunk(vector, 1, &size);
	for_each_truncation(chunk, size, 3, parse);
	for_each_truncation(key, sizeof(key), sizeof(key), parse);
}
END_TEST

Suite *vp8_suite(void)
{
	Suite *suite = suite_create("vp8");
	TCase *tc = tcase_create("vp8");

	tcase_add_loop_test(tc, reads_the_headers_of_streams, 0, ARRAY_SIZE(vp8_vectors));
	tcase_add_loop_test(tc, checks_the_fields, 0, ARRAY_SIZE(changes));
	tcase_add_test(tc, leaves_the_scaling_out_of_the_size);
	tcase_add_test(tc, reads_the_color_space_bit);
	tcase_add_test(tc, survives_truncation);
	suite_add_tcase(suite, tc);
	return suite;
}
