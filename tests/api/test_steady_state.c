/* SPDX-License-Identifier: MIT */
/*
 * What a frame costs when everything is warm: no allocation, no copy. The allocator is wrapped by
 * the linker (--wrap), so this counts what the library and the test itself ask for.
 */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

#define WARM_UP 50
#define ROUNDS 200
/* Chunks or frames in each round; half of them wait in the queue. */
#define BATCH 8

static atomic_uint allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *data, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *data, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *data, size_t size)
{
	allocations++;
	return __real_realloc(data, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	allocations++;
	return __real_aligned_alloc(alignment, size);
}

static struct app app;

static void tear_down(void)
{
	app_finish(&app);
}

static void set_up_decoder(void)
{
	app_init_decoder(&app);
}

static void set_up_encoder(void)
{
	app_init_encoder(&app);
}

static void set_up_converter(void)
{
	app_init_converter(&app);
}

static void decode_batch(const uint8_t *data, size_t size, int64_t timestamp)
{
	for (int i = 0; i < BATCH; i++) {
		struct wc_encoded_video_chunk_init init = {
			.type = i ? WC_CHUNK_DELTA : WC_CHUNK_KEY, .timestamp = timestamp + i,
		};
		struct wc_encoded_video_chunk *chunk;

		must(wc_video_decoder_alloc_chunk(app.decoder, size, &init, &chunk) == WC_OK);
		memcpy(wc_encoded_video_chunk_get_writable(chunk, NULL), data, size);
		must(wc_encoded_video_chunk_set_size(chunk, size) == WC_OK);
		must(wc_video_decoder_decode(app.decoder, chunk) == WC_OK);
		wc_encoded_video_chunk_unref(chunk);
	}
	must(app_flush(&app, 1) == WC_OK);
	app_run(&app);
}

START_TEST(decoding_allocates_nothing)
{
	struct wc_encoded_video_chunk *key = app_key_chunk(&app, 0);
	const uint8_t *data = wc_encoded_video_chunk_get_data(key);
	size_t size = wc_encoded_video_chunk_get_size(key);
	struct wc_counters before, after;
	unsigned n = 0, more;

	app.script.room = BATCH / 2;
	ck_assert_int_eq(app_configure(&app), WC_OK);
	wc_context_get_counters(app.context, &before);
	for (int i = 0; i < WARM_UP + ROUNDS; i++) {
		if (i == WARM_UP)
			n = allocations;
		decode_batch(data, size, i * BATCH);
		trace_clear(&app.trace);
	}
	more = allocations - n;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(more, 0);
	wc_context_get_counters(app.context, &after);
	ck_assert_uint_eq(after.frames_decoded, BATCH * (WARM_UP + ROUNDS));
	ck_assert_uint_eq(after.bytes_copied, before.bytes_copied);
	wc_encoded_video_chunk_unref(key);
}
END_TEST

static void encode_batch(struct wc_video_frame *frame)
{
	for (int i = 0; i < BATCH; i++)
		must(wc_video_encoder_encode(app.encoder, frame, NULL) == WC_OK);
	must(app_flush(&app, 1) == WC_OK);
	app_run(&app);
}

START_TEST(encoding_allocates_nothing)
{
	struct wc_video_frame *frame = app_frame(&app, 1, 0, false);
	struct wc_counters before, after;
	unsigned n = 0, more;

	app.script.room = BATCH / 2;
	ck_assert_int_eq(app_configure(&app), WC_OK);
	wc_context_get_counters(app.context, &before);
	for (int i = 0; i < WARM_UP + ROUNDS; i++) {
		if (i == WARM_UP)
			n = allocations;
		encode_batch(frame);
		trace_clear(&app.trace);
	}
	more = allocations - n;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(more, 0);
	wc_context_get_counters(app.context, &after);
	ck_assert_uint_eq(after.chunks_encoded, BATCH * (WARM_UP + ROUNDS));
	ck_assert_uint_eq(after.bytes_copied, before.bytes_copied);
	wc_video_frame_unref(frame);
}
END_TEST

static void convert_batch(struct wc_video_frame *frame)
{
	for (int i = 0; i < BATCH; i++)
		must(wc_video_converter_convert(app.converter, frame) == WC_OK);
	must(app_flush(&app, 1) == WC_OK);
	app_run(&app);
}

START_TEST(converting_allocates_nothing)
{
	struct wc_video_frame *frame = app_frame(&app, 1, 0, false);
	struct wc_counters before, after;
	unsigned n = 0, more;

	app.script.room = BATCH / 2;
	ck_assert_int_eq(app_configure(&app), WC_OK);
	wc_context_get_counters(app.context, &before);
	for (int i = 0; i < WARM_UP + ROUNDS; i++) {
		if (i == WARM_UP)
			n = allocations;
		convert_batch(frame);
		trace_clear(&app.trace);
	}
	more = allocations - n;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(more, 0);
	wc_context_get_counters(app.context, &after);
	ck_assert_uint_eq(after.frames_converted, BATCH * (WARM_UP + ROUNDS));
	ck_assert_uint_eq(after.bytes_copied, before.bytes_copied);
	wc_video_frame_unref(frame);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("steady_state");
	TCase *decoder = tcase_create("decoder");
	TCase *encoder = tcase_create("encoder");
	TCase *converter = tcase_create("converter");

	tcase_add_checked_fixture(decoder, set_up_decoder, tear_down);
	tcase_add_test(decoder, decoding_allocates_nothing);
	suite_add_tcase(s, decoder);
	tcase_add_checked_fixture(encoder, set_up_encoder, tear_down);
	tcase_add_test(encoder, encoding_allocates_nothing);
	suite_add_tcase(s, encoder);
	tcase_add_checked_fixture(converter, set_up_converter, tear_down);
	tcase_add_test(converter, converting_allocates_nothing);
	suite_add_tcase(s, converter);
	return s;
}

int main(void)
{
	return app_main(suite());
}
