/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/bits.h"
#include "suites.h"
#include "support.h"

START_TEST(reads_bits_across_bytes)
{
	static const uint8_t data[] = { 0xa5, 0x0f, 0xff, 0x00, 0x12 };
	struct bit_reader br;

	bit_reader_init(&br, data, sizeof(data));
	ck_assert_uint_eq(bit_reader_get(&br, 0), 0);
	ck_assert_uint_eq(bit_reader_get(&br, 3), 5);
	ck_assert_uint_eq(bit_reader_get(&br, 9), 0x050);
	ck_assert(bit_reader_flag(&br));
	bit_reader_skip(&br, 3 + 8 + 8);
	ck_assert_uint_eq(bit_reader_get(&br, 8), 0x12);
	ck_assert(!br.error);
	bit_reader_init(&br, data, sizeof(data));
	bit_reader_skip(&br, 4);
	ck_assert_uint_eq(bit_reader_get(&br, 32), 0x50fff001);
}
END_TEST

START_TEST(stays_in_error_after_the_end)
{
	static const uint8_t data[] = { 0xff, 0xff };
	struct bit_reader br;

	bit_reader_init(&br, data, sizeof(data));
	ck_assert_uint_eq(bit_reader_get(&br, 15), 0x7fff);
	ck_assert_uint_eq(bit_reader_get(&br, 2), 0);
	ck_assert(br.error);
	ck_assert_uint_eq(bit_reader_get(&br, 1), 0);
	ck_assert_uint_eq(bit_reader_ue(&br), 0);
	bit_reader_init(&br, NULL, 0);
	ck_assert(!bit_reader_flag(&br) && br.error);
	bit_reader_init(&br, data, sizeof(data));
	bit_reader_skip(&br, SIZE_MAX);
	ck_assert(br.error);
}
END_TEST

START_TEST(passes_over_emulation_prevention)
{
	static const uint8_t data[] = { 0x00, 0x00, 0x03, 0x01, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
					0x03, 0x03, 0x00, 0x00, 0x03 };
	static const uint8_t payload[] = { 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x03, 0x03,
					   0x00, 0x00 };
	struct bit_reader br;

	bit_reader_init_nal(&br, data, sizeof(data));
	for (size_t i = 0; i < sizeof(payload); i++)
		ck_assert_uint_eq(bit_reader_get(&br, 8), payload[i]);
	ck_assert(!br.error);
	bit_reader_flag(&br);
	ck_assert(br.error);
	bit_reader_init(&br, data, sizeof(data));
	bit_reader_skip(&br, 16);
	ck_assert_uint_eq(bit_reader_get(&br, 8), 3);
}
END_TEST

START_TEST(reads_what_was_written_as_exp_golomb)
{
	static const uint32_t unsigned_values[] = { 0, 1, 2, 3, 6, 7, 254, 255, 65535,
						    0x7ffffffe, 0xfffffffe };
	static const int32_t signed_values[] = { 0, 1, -1, 2, -2, 1000, -1000, INT32_MAX,
						 -INT32_MAX };
	struct bit_writer bw = { .bits = 0 };
	struct bit_reader br;

	for (size_t i = 0; i < ARRAY_SIZE(unsigned_values); i++)
		put_ue(&bw, unsigned_values[i]);
	for (size_t i = 0; i < ARRAY_SIZE(signed_values); i++)
		put_se(&bw, signed_values[i]);
	bit_reader_init(&br, bw.data, byte_size(&bw));
	for (size_t i = 0; i < ARRAY_SIZE(unsigned_values); i++)
		ck_assert_uint_eq(bit_reader_ue(&br), unsigned_values[i]);
	for (size_t i = 0; i < ARRAY_SIZE(signed_values); i++)
		ck_assert_int_eq(bit_reader_se(&br), signed_values[i]);
	ck_assert(!br.error);
}
END_TEST

START_TEST(refuses_exp_golomb_beyond_32_bits)
{
	static const uint8_t zeros[16] = { 0, 0, 0, 0, 0xff };
	struct bit_reader br;

	bit_reader_init(&br, zeros, sizeof(zeros));
	ck_assert_uint_eq(bit_reader_ue(&br), 0);
	ck_assert(br.error);
}
END_TEST

START_TEST(reads_bytes)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct byte_reader br;

	byte_reader_init(&br, data, sizeof(data));
	ck_assert_uint_eq(byte_reader_u8(&br), 1);
	ck_assert_uint_eq(byte_reader_be16(&br), 0x0203);
	ck_assert_uint_eq(byte_reader_be32(&br), 0x04050607);
	ck_assert_uint_eq(byte_reader_left(&br), 2);
	ck_assert_ptr_eq(byte_reader_take(&br, 2), data + 7);
	ck_assert_ptr_eq(byte_reader_take(&br, 0), data + 9);
	ck_assert(!br.error);
	ck_assert_ptr_null(byte_reader_take(&br, 1));
	ck_assert(br.error);
	ck_assert_uint_eq(byte_reader_left(&br), 0);
	byte_reader_init(&br, data, 3);
	ck_assert_ptr_null(byte_reader_take(&br, SIZE_MAX));
}
END_TEST

START_TEST(writes_no_more_than_fits_but_counts_all)
{
	static const uint8_t more[] = { 5, 6 };
	uint8_t data[8] = { 0 };
	static const uint8_t expected[8] = { 1, 2, 3, 4, 5, 6 };
	struct byte_writer bw;
	size_t size;

	byte_writer_init(&bw, data, 6);
	byte_writer_u8(&bw, 1);
	byte_writer_be(&bw, 0x010203, 2);
	byte_writer_init(&bw, data, 6);
	byte_writer_be16(&bw, 0x0102);
	byte_writer_be(&bw, 0x0304, 2);
	byte_writer_bytes(&bw, more, 2);
	ck_assert_int_eq(byte_writer_finish(&bw, &size), 0);
	ck_assert_uint_eq(size, 6);
	ck_assert_mem_eq(data, expected, 8);
	byte_writer_u8(&bw, 7);
	byte_writer_bytes(&bw, more, 2);
	ck_assert_int_eq(byte_writer_finish(&bw, &size), -ENOSPC);
	ck_assert_uint_eq(size, 9);
	ck_assert_mem_eq(data, expected, 8);
}
END_TEST

START_TEST(counts_up_to_the_largest_size_only)
{
	struct byte_writer bw = { .pos = SIZE_MAX - 1 };
	size_t size;

	byte_writer_be16(&bw, 1);
	byte_writer_u8(&bw, 1);
	ck_assert_int_eq(byte_writer_finish(&bw, &size), -ENOSPC);
	ck_assert(size == SIZE_MAX);
	ck_assert_int_eq(byte_writer_size(-ENOSPC), 0);
	ck_assert_int_eq(byte_writer_size(-EINVAL), -EINVAL);
}
END_TEST

Suite *bits_suite(void)
{
	Suite *suite = suite_create("bits");
	TCase *tc = tcase_create("bits");

	tcase_add_test(tc, reads_bits_across_bytes);
	tcase_add_test(tc, stays_in_error_after_the_end);
	tcase_add_test(tc, passes_over_emulation_prevention);
	tcase_add_test(tc, reads_what_was_written_as_exp_golomb);
	tcase_add_test(tc, refuses_exp_golomb_beyond_32_bits);
	tcase_add_test(tc, reads_bytes);
	tcase_add_test(tc, writes_no_more_than_fits_but_counts_all);
	tcase_add_test(tc, counts_up_to_the_largest_size_only);
	suite_add_tcase(suite, tc);
	return suite;
}
