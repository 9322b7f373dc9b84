/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/nal.h"
#include "suites.h"
#include "support.h"

struct row {
	const char *name;
	uint8_t data[24];
	size_t size;
	unsigned length_size;           /* 0: Annex B */
	const char *nals;               /* the NAL units as text, behind each a comma */
	int result;                     /* of the call after the last of them */
};

/* NAL units are made of letters here; 0, 1 and 3 are what the framing is made of. */
static const struct row rows[] = {
	{ "nothing", { 0 }, 0, 0, "", 0 },
	{ "only zeros", { 0, 0, 0, 0 }, 4, 0, "", 0 },
	{ "one", { 0, 0, 1, 'a', 'b' }, 5, 0, "ab,", 0 },
	{ "four bytes", { 0, 0, 0, 1, 'a', 'b' }, 6, 0, "ab,", 0 },
	{ "many zeros", { 0, 0, 0, 0, 0, 0, 1, 'a' }, 8, 0, "a,", 0 },
	{ "two", { 0, 0, 1, 'a', 0, 0, 1, 'b', 'c' }, 9, 0, "a,bc,", 0 },
	{ "mixed", { 0, 0, 0, 1, 'a', 0, 0, 1, 'b', 0, 0, 0, 1, 'c' }, 14, 0, "a,b,c,", 0 },
	{ "trailing zeros", { 0, 0, 1, 'a', 0, 0, 0, 0, 0, 1, 'b', 0, 0, 0 }, 14, 0, "a,b,", 0 },
	{ "one inside", { 0, 0, 1, 'a', 0, 1, 'b', 1, 'c' }, 9, 0, "a\1\1b\1c,", 0 },
	{ "escaped", { 0, 0, 1, 'a', 0, 0, 3, 1 }, 8, 0, "a\1\1\3\1,", 0 },
	{ "starts with one", { 0, 0, 1, 1, 'a' }, 5, 0, "\1a,", 0 },
	{ "empty units", { 0, 0, 1, 0, 0, 1, 'a', 0, 0, 1 }, 10, 0, "a,", 0 },
	{ "ends in half a start code", { 0, 0, 1, 'a', 0, 0 }, 6, 0, "a,", 0 },
	{ "no start code", { 'a', 0, 0, 1, 'b' }, 5, 0, "", -EINVAL },
	{ "one zero only", { 0, 1, 'a' }, 3, 0, "", -EINVAL },
	{ "two zeros and no one", { 0, 0, 2, 'a' }, 4, 0, "", -EINVAL },
	{ "no units", { 0 }, 0, 4, "", 0 },
	{ "length of 1", { 2, 'a', 'b', 1, 'c' }, 5, 1, "ab,c,", 0 },
	{ "length of 2", { 0, 2, 'a', 'b', 0, 1, 'c' }, 7, 2, "ab,c,", 0 },
	{ "length of 4", { 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 1, 'c' }, 11, 4, "ab,c,", 0 },
	{ "empty lengths", { 0, 0, 0, 1, 'a', 0, 0 }, 7, 2, "a,", 0 },
	{ "beyond the end", { 0, 1, 'a', 0, 3, 'b', 'c' }, 7, 2, "a,", -EINVAL },
	{ "half a length", { 0, 1, 'a', 0 }, 4, 2, "a,", -EINVAL },
	{ "huge", { 0xff, 0xff, 0xff, 0xff, 'a' }, 5, 4, "", -EINVAL },
	{ "Annex B taken for lengths", { 0, 0, 0, 1, 'a', 'b', 'c' }, 7, 4, "a,", -EINVAL },
};

static void init(struct nal_iter *iter, const struct row *row)
{
	if (row->length_size)
		ck_assert_int_eq(nal_iter_init_lengths(iter, row->length_size, row->data,
						       row->size), 0);
	else
		nal_iter_init_annexb(iter, row->data, row->size);
}

START_TEST(finds_the_units)
{
	const struct row *row = &rows[_i];
	char found[64] = "";
	struct nal_iter iter;
	struct nal nal;
	size_t n = 0;
	int result;

	init(&iter, row);
	while ((result = nal_iter_next(&iter, &nal)) > 0) {
		ck_assert_uint_gt(nal.size, 0);
		/* Zeros inside are written as ones, to have text. */
		for (size_t i = 0; i < nal.size; i++)
			found[n++] = nal.data[i] ? (char)nal.data[i] : 1;
		found[n++] = ',';
	}
	ck_assert_str_eq(found, row->nals);
	ck_assert_msg(result == row->result, "%s: %d", row->name, result);
	ck_assert_int_eq(nal_iter_next(&iter, &nal), row->result);
}
END_TEST

START_TEST(takes_three_sizes_of_length_only)
{
	static const uint8_t data[] = { 0 };
	struct nal_iter iter;

	for (unsigned size = 0; size < 10; size++)
		ck_assert_int_eq(nal_iter_init_lengths(&iter, size, data, 1),
				 size == 1 || size == 2 || size == 4 ? 0 : -EINVAL);
}
END_TEST

START_TEST(tells_types)
{
	static const uint8_t h264_idr[] = { 0x65, 0x88 }, h264_sps[] = { 0x67 };
	static const uint8_t hevc_vps[] = { 0x40, 1 }, hevc_idr[] = { 0x26, 1 };
	struct nal nal = { h264_idr, 2 };

	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nal), H264_NAL_IDR);
	nal.data = h264_sps;
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_H264, &nal), H264_NAL_SPS);
	nal.data = hevc_vps;
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_HEVC, &nal), HEVC_NAL_VPS);
	nal.data = hevc_idr;
	ck_assert_uint_eq(nal_type(VIDEO_CODEC_HEVC, &nal), HEVC_NAL_IDR_W_RADL);
	for (unsigned type = 0; type < 64; type++) {
		ck_assert_int_eq(nal_is_parameter_set(VIDEO_CODEC_H264, type),
				 type == 7 || type == 8 || type == 13 || type == 15);
		ck_assert_int_eq(nal_is_parameter_set(VIDEO_CODEC_HEVC, type),
				 type >= 32 && type <= 34);
		ck_assert_int_eq(nal_is_access_unit_delimiter(VIDEO_CODEC_H264, type), type == 9);
		ck_assert_int_eq(nal_is_access_unit_delimiter(VIDEO_CODEC_HEVC, type), type == 35);
	}
}
END_TEST

Suite *nal_suite(void)
{
	Suite *suite = suite_create("nal");
	TCase *tc = tcase_create("nal");

	tcase_add_loop_test(tc, finds_the_units, 0, ARRAY_SIZE(rows));
	tcase_add_test(tc, takes_three_sizes_of_length_only);
	tcase_add_test(tc, tells_types);
	suite_add_tcase(suite, tc);
	return suite;
}
