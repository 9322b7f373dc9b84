/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "fake/fake_state.h"
#include "suites.h"

static const uint32_t codecs[] = {
	V4L2_PIX_FMT_H264, V4L2_PIX_FMT_HEVC, V4L2_PIX_FMT_VP8, V4L2_PIX_FMT_VP9,
	V4L2_PIX_FMT_FWHT, V4L2_PIX_FMT_MPEG2, V4L2_PIX_FMT_MJPEG,
};

static const uint32_t raws[] = {
	V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_NV21, V4L2_PIX_FMT_NV16, V4L2_PIX_FMT_P010,
	V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_YVU420, V4L2_PIX_FMT_YUV422P, V4L2_PIX_FMT_YUYV,
	V4L2_PIX_FMT_UYVY, V4L2_PIX_FMT_RGB565, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR32,
	V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_NV12_COL128,
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct fake_chunk key_chunk(uint32_t codec, uint32_t seq)
{
	return (struct fake_chunk) {
		.codec = codec,
		.width = 336,
		.height = 272,
		.visible_width = 320,
		.visible_height = 256,
		.visible_left = 8,
		.visible_top = 4,
		.seq = seq,
		.order = -3,
		.reorder = 2,
		.flags = FAKE_CHUNK_KEY,
	};
}

START_TEST(chunk_survives_writing_and_parsing)
{
	struct fake_chunk chunk = key_chunk(codecs[_i], 0x01020304);
	struct fake_chunk parsed;
	uint8_t data[1024];
	size_t next;
	size_t size = fake_stream_frame(data, sizeof(data), &chunk);

	ck_assert_uint_gt(size, 0);
	memset(&parsed, 0xff, sizeof(parsed));
	ck_assert(fake_stream_parse(data, size, &parsed, &next));
	ck_assert_uint_eq(next, size);
	ck_assert_uint_eq(parsed.codec, chunk.codec);
	ck_assert_uint_eq(parsed.width, 336);
	ck_assert_uint_eq(parsed.height, 272);
	ck_assert_uint_eq(parsed.visible_width, 320);
	ck_assert_uint_eq(parsed.visible_height, 256);
	ck_assert_uint_eq(parsed.visible_left, 8);
	ck_assert_uint_eq(parsed.visible_top, 4);
	ck_assert_uint_eq(parsed.seq, 0x01020304);
	ck_assert_int_eq(parsed.order, -3);
	ck_assert_uint_eq(parsed.reorder, 2);
	ck_assert_uint_eq(parsed.flags, FAKE_CHUNK_KEY);
	ck_assert_uint_eq(parsed.pad_size, size);
}
END_TEST

START_TEST(chunk_is_padded_to_the_size_asked_for)
{
	struct fake_chunk chunk = key_chunk(codecs[_i], 1);
	struct fake_chunk parsed;
	uint8_t data[5000];

	chunk.pad_size = 4321;
	ck_assert_uint_eq(fake_stream_frame(data, sizeof(data), &chunk), 4321);
	ck_assert(fake_stream_parse(data, 4321, &parsed, NULL));
	ck_assert_uint_eq(parsed.pad_size, 4321);
	ck_assert_uint_eq(fake_stream_frame(data, 4320, &chunk), 0);
}
END_TEST

START_TEST(chunks_in_a_row_are_found_one_by_one)
{
	struct fake_chunk chunk = key_chunk(codecs[_i], 1);
	struct fake_chunk parsed;
	uint8_t data[2048];
	size_t first;
	size_t size;
	size_t next;

	first = fake_stream_frame(data, sizeof(data), &chunk);
	chunk.seq = 2;
	chunk.flags = 0;
	size = first + fake_stream_frame(data + first, sizeof(data) - first, &chunk);
	ck_assert(fake_stream_parse(data, size, &parsed, &next));
	ck_assert_uint_eq(parsed.seq, 1);
	ck_assert_uint_eq(next, first);
	ck_assert(fake_stream_parse(data + next, size - next, &parsed, &next));
	ck_assert_uint_eq(parsed.seq, 2);
	ck_assert_uint_eq(parsed.flags, 0);
	ck_assert_uint_eq(first + next, size);
	ck_assert(!fake_stream_parse(data + size, 0, &parsed, &next));
}
END_TEST

START_TEST(truncated_chunk_is_noticed)
{
	struct fake_chunk chunk = key_chunk(codecs[_i], 1);
	struct fake_chunk parsed;
	uint8_t data[1024];
	size_t size;

	chunk.pad_size = 700;
	size = fake_stream_frame(data, sizeof(data), &chunk);
	ck_assert_ptr_null(fake_stream_complaint(data, size));
	ck_assert_str_eq(fake_stream_complaint(data, size - 1), "coded frame is truncated");
	ck_assert(!fake_stream_parse(data, 40, &parsed, NULL));
	memset(data, 0, sizeof(data));
	ck_assert(!fake_stream_parse(data, sizeof(data), &parsed, NULL));
}
END_TEST

/* NAL unit types of parameter sets and of the frame */
START_TEST(nal_units_are_annex_b_or_length_prefixed)
{
	struct fake_chunk chunk = key_chunk(V4L2_PIX_FMT_H264, 1);
	uint8_t data[1024];
	size_t size = fake_stream_frame(data, sizeof(data), &chunk);
	size_t length;

	ck_assert_int_eq(memcmp(data, "\0\0\0\1\x67", 5), 0);
	ck_assert(fake_stream_has_headers(V4L2_PIX_FMT_H264, data, size));
	chunk.flags |= FAKE_CHUNK_LENGTH_PREFIX;
	size = fake_stream_frame(data, sizeof(data), &chunk);
	length = (size_t)data[2] << 8 | data[3];
	ck_assert_uint_lt(length, 64);
	ck_assert_uint_eq(data[4], 0x67);
	ck_assert_uint_eq(data[4 + length + 4], 0x68);
	ck_assert_str_eq(fake_stream_complaint(data, size), "coded frame has no start code");
	chunk.flags = FAKE_CHUNK_KEY | FAKE_CHUNK_NO_HEADERS;
	size = fake_stream_frame(data, sizeof(data), &chunk);
	ck_assert_uint_eq(data[4], 0x65);
	ck_assert(!fake_stream_has_headers(V4L2_PIX_FMT_H264, data, size));
	chunk.flags = FAKE_CHUNK_HEADERS_ONLY;
	size = fake_stream_frame(data, sizeof(data), &chunk);
	ck_assert_uint_eq(data[4], 0x67);
	ck_assert(fake_stream_has_headers(V4L2_PIX_FMT_H264, data, size));
}
END_TEST

START_TEST(true_headers_tell_type_and_size)
{
	struct fake_chunk chunk = key_chunk(V4L2_PIX_FMT_VP8, 1);
	uint8_t data[1024];

	ck_assert_uint_gt(fake_stream_frame(data, sizeof(data), &chunk), 10);
	ck_assert_uint_eq(data[0] & 1, 0);
	ck_assert_int_eq(memcmp(data + 3, "\x9d\x01\x2a\x40\x01\x00\x01", 7), 0);
	chunk.flags = FAKE_CHUNK_HIDDEN;
	ck_assert_uint_gt(fake_stream_frame(data, sizeof(data), &chunk), 3);
	ck_assert_uint_eq(data[0] & 0x11, 1);
	chunk = key_chunk(V4L2_PIX_FMT_MJPEG, 1);
	ck_assert_uint_gt(fake_stream_frame(data, sizeof(data), &chunk), 20);
	ck_assert_int_eq(memcmp(data, "\xff\xd8\xff\xc0\x00\x11\x08\x01\x00\x01\x40", 11), 0);
	chunk = key_chunk(V4L2_PIX_FMT_FWHT, 1);
	ck_assert_uint_gt(fake_stream_frame(data, sizeof(data), &chunk), 20);
	ck_assert_int_eq(memcmp(data, "OOOO\xff\xff\xff\xff\0\0\0\3\0\0\1\x40\0\0\1\0", 20), 0);
	chunk = key_chunk(V4L2_PIX_FMT_HEVC, 1);
	ck_assert_uint_gt(fake_stream_frame(data, sizeof(data), &chunk), 20);
	ck_assert_int_eq(memcmp(data, "\0\0\0\1\x40\1", 6), 0);
}
END_TEST

START_TEST(description_holds_the_parameter_sets)
{
	struct fake_chunk chunk = key_chunk(V4L2_PIX_FMT_H264, 1);
	uint8_t data[256];
	size_t size = fake_stream_description(data, sizeof(data), &chunk);
	size_t sps = (size_t)data[6] << 8 | data[7];

	ck_assert_int_eq(memcmp(data, "\1\x4d\0\x28\xff\xe1", 6), 0);
	ck_assert_uint_eq(data[8], 0x67);
	ck_assert_uint_eq(data[8 + sps], 1);
	ck_assert_uint_eq(data[8 + sps + 3], 0x68);
	ck_assert_uint_lt(8 + sps + 3, size);
	ck_assert_uint_eq(fake_stream_description(data, size - 1, &chunk), 0);
	chunk.codec = V4L2_PIX_FMT_HEVC;
	ck_assert_uint_gt(fake_stream_description(data, sizeof(data), &chunk), 23);
	ck_assert_uint_eq(data[0], 1);
	ck_assert_uint_eq(data[22], 3);
	chunk.codec = V4L2_PIX_FMT_VP8;
	ck_assert_uint_eq(fake_stream_description(data, sizeof(data), &chunk), 0);
}
END_TEST

START_TEST(unknown_codec_and_empty_picture_are_refused)
{
	struct fake_chunk chunk = key_chunk(V4L2_PIX_FMT_NV12, 1);
	uint8_t data[256];

	ck_assert_uint_eq(fake_stream_frame(data, sizeof(data), &chunk), 0);
	chunk = key_chunk(V4L2_PIX_FMT_H264, 1);
	chunk.width = 0;
	ck_assert_uint_eq(fake_stream_frame(data, sizeof(data), &chunk), 0);
}
END_TEST

/* ---------------------------------------------------------------- pictures -- */

#define WIDTH 130
#define HEIGHT 34

/* A picture of its own memory with padding in each line. */
static uint8_t *make_picture(uint32_t fourcc, struct fake_picture *picture, size_t *size)
{
	const size_t stride = fourcc == V4L2_PIX_FMT_NV12_COL128 ? 64 : WIDTH * 4 + 16;
	uint8_t *data;

	*picture = (struct fake_picture) { .fourcc = fourcc, .width = WIDTH, .height = HEIGHT };
	*size = fake_picture_layout(picture, NULL, stride, HEIGHT);
	data = calloc(1, *size);
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(fake_picture_layout(picture, data, stride, HEIGHT), *size);
	return data;
}

START_TEST(drawn_frame_is_recognised)
{
	struct fake_picture picture;
	size_t size;
	uint8_t *data = make_picture(raws[_i], &picture, &size);

	ck_assert_uint_gt(fake_picture_planes(raws[_i]), 0);
	ck_assert_uint_eq(fake_frame_seq(&picture), UINT32_MAX);
	ck_assert_ptr_nonnull(fake_check_frame(&picture, 77));
	fake_draw_frame(&picture, 77);
	ck_assert_uint_eq(fake_frame_seq(&picture), 77);
	ck_assert_ptr_null(fake_check_frame(&picture, 77));
	ck_assert_ptr_nonnull(fake_check_frame(&picture, 78));
	ck_assert(!fake_picture_damaged(&picture));
	free(data);
}
END_TEST

START_TEST(one_wrong_byte_in_any_plane_shows)
{
	struct fake_picture picture;
	unsigned int plane;
	size_t size;
	uint8_t *data = make_picture(raws[_i], &picture, &size);

	for (plane = 0; plane < fake_picture_planes(raws[_i]); plane++) {
		uint8_t *byte = picture.plane[plane] + picture.stride[plane] * 16 + 30;

		fake_draw_frame(&picture, 5);
		*byte ^= 1;
		ck_assert_ptr_nonnull(fake_check_frame(&picture, 5));
		ck_assert(fake_picture_damaged(&picture));
	}
	free(data);
}
END_TEST

START_TEST(swapped_chroma_and_wrong_stride_show)
{
	struct fake_picture picture;
	struct fake_picture wrong;
	size_t size;
	uint8_t *data = make_picture(V4L2_PIX_FMT_YUV420, &picture, &size);

	fake_draw_frame(&picture, 9);
	wrong = picture;
	wrong.plane[1] = picture.plane[2];
	wrong.plane[2] = picture.plane[1];
	ck_assert_ptr_nonnull(fake_check_frame(&wrong, 9));
	wrong = picture;
	wrong.stride[0]--;
	ck_assert_ptr_nonnull(fake_check_frame(&wrong, 9));
	wrong = picture;
	wrong.fourcc = V4L2_PIX_FMT_H264;
	ck_assert_str_eq(fake_check_frame(&wrong, 9), "pixel format unknown to the fake");
	ck_assert_uint_eq(fake_picture_planes(V4L2_PIX_FMT_H264), 0);
	free(data);
}
END_TEST

Suite *fake_stream_suite(void)
{
	Suite *suite = suite_create("fake: streams and pictures");
	TCase *tcase = tcase_create("streams");

	tcase_add_loop_test(tcase, chunk_survives_writing_and_parsing, 0, COUNT(codecs));
	tcase_add_loop_test(tcase, chunk_is_padded_to_the_size_asked_for, 0, COUNT(codecs));
	tcase_add_loop_test(tcase, chunks_in_a_row_are_found_one_by_one, 0, COUNT(codecs));
	tcase_add_loop_test(tcase, truncated_chunk_is_noticed, 0, COUNT(codecs));
	tcase_add_test(tcase, nal_units_are_annex_b_or_length_prefixed);
	tcase_add_test(tcase, true_headers_tell_type_and_size);
	tcase_add_test(tcase, description_holds_the_parameter_sets);
	tcase_add_test(tcase, unknown_codec_and_empty_picture_are_refused);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("pictures");
	tcase_add_loop_test(tcase, drawn_frame_is_recognised, 0, COUNT(raws));
	tcase_add_loop_test(tcase, one_wrong_byte_in_any_plane_shows, 0, COUNT(raws));
	tcase_add_test(tcase, swapped_chroma_and_wrong_stride_show);
	suite_add_tcase(suite, tcase);
	return suite;
}
