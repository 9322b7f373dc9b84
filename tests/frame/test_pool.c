/* SPDX-License-Identifier: MIT */
/* The pool of plain buffers: reuse, bounds, ends, threads. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "frame/encoded_video_chunk.h"
#include "frame/pool.h"
#include "frame/video_frame.h"

static struct core *core;
static struct pool *pool;

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	pool = pool_new(core);
}

static void tear_down(void)
{
	pool_close(pool);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	core_unref(core);
}

/* A buffer with its memory written to, so that sanitizers see what is too small. */
static struct buffer *get(size_t size)
{
	struct buffer *buffer = pool_get(pool, size);

	ck_assert_ptr_nonnull(buffer);
	ck_assert_uint_ge(buffer->objects[0].size, size);
	memset(buffer->objects[0].map, 0x11, buffer->objects[0].size);
	return buffer;
}

START_TEST(what_comes_back_is_taken_again)
{
	struct buffer *first = get(100), *second;

	buffer_unpin(first);
	second = get(50);
	ck_assert_ptr_eq(second, first);
	ck_assert_uint_eq(core->counters.buffers, 1);
	/* One in use is not given out. */
	first = get(50);
	ck_assert_ptr_ne(second, first);
	buffer_unpin(first);
	buffer_unpin(second);
}
END_TEST

START_TEST(too_small_buffers_do_not_count)
{
	struct buffer *small = get(10), *large;

	buffer_unpin(small);
	large = get(100000);
	ck_assert_ptr_ne(large, small);
	buffer_unpin(large);
	ck_assert_ptr_eq(get(100000), large);
	buffer_unpin(large);
	ck_assert_uint_eq(core->counters.buffers, 2);
}
END_TEST

START_TEST(references_alone_do_not_hold_the_content)
{
	struct buffer *buffer = get(10);

	buffer_ref(buffer);
	buffer_unpin(buffer);
	ck_assert_ptr_eq(get(10), buffer);
	buffer_unpin(buffer);
	buffer_unref(buffer);
}
END_TEST

#define MANY 40

START_TEST(idle_buffers_are_bounded)
{
	struct buffer *buffers[MANY];

	for (int i = 0; i < MANY; i++)
		buffers[i] = get(1000);
	ck_assert_uint_eq(core->counters.buffers, MANY);
	for (int i = 0; i < MANY; i++)
		buffer_unpin(buffers[i]);
	ck_assert_uint_lt(core->counters.buffers, MANY);
	ck_assert_uint_gt(core->counters.buffers, 1);
	/* What came back last is kept. */
	ck_assert_ptr_eq(get(1000), buffers[MANY - 1]);
	buffer_unpin(buffers[MANY - 1]);
}
END_TEST

START_TEST(small_ones_make_room_for_larger_ones)
{
	struct buffer *buffers[MANY];
	struct buffer *large;

	for (int i = 0; i < MANY; i++)
		buffers[i] = get(1000);
	for (int i = 0; i < MANY; i++)
		buffer_unpin(buffers[i]);
	large = get(50000);
	buffer_unpin(large);
	ck_assert_ptr_eq(get(50000), large);
	buffer_unpin(large);
}
END_TEST

START_TEST(idle_bytes_are_bounded)
{
	struct buffer *buffers[4];

	for (int i = 0; i < 4; i++)
		buffers[i] = get((size_t)3 << 20);
	for (int i = 0; i < 4; i++)
		buffer_unpin(buffers[i]);
	ck_assert_uint_le(core->counters.buffer_bytes, (size_t)8 << 20);
	/* Too large to be kept at all. */
	buffer_unpin(get((size_t)9 << 20));
	ck_assert_uint_le(core->counters.buffer_bytes, (size_t)8 << 20);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
	ck_assert_ptr_null(pool_get(pool, SIZE_MAX));
	ck_assert_uint_eq(core->counters.buffers, 0);
	buffer_unpin(get(0));
}
END_TEST

START_TEST(buffers_outlive_their_pool)
{
	struct buffer *buffer = get(10);

	buffer_unpin(get(10));
	pool_close(pool);
	pool = NULL;
	ck_assert_uint_eq(core->counters.buffers, 1);
	memset(buffer->objects[0].map, 0x22, 10);
	buffer_unpin(buffer);
	ck_assert_uint_eq(core->counters.buffers, 0);
}
END_TEST

static void *give_back(void *data)
{
	struct buffer **buffers = data;

	for (int i = 0; i < MANY; i++)
		buffer_unpin(buffers[i]);
	return NULL;
}

START_TEST(buffers_come_back_from_other_threads)
{
	struct buffer *buffers[2][MANY];
	pthread_t threads[2];

	for (int i = 0; i < MANY; i++) {
		buffers[0][i] = get(100);
		buffers[1][i] = get(200);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, give_back, buffers[i]), 0);
	for (int i = 0; i < 100; i++)
		buffer_unpin(get((size_t)i * 10));
	pool_close(pool);
	pool = NULL;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_comes_back_is_taken_again);
	tcase_add_test(tc, too_small_buffers_do_not_count);
	tcase_add_test(tc, references_alone_do_not_hold_the_content);
	tcase_add_test(tc, idle_buffers_are_bounded);
	tcase_add_test(tc, small_ones_make_room_for_larger_ones);
	tcase_add_test(tc, idle_bytes_are_bounded);
	tcase_add_test(tc, impossible_sizes_are_refused);
	tcase_add_test(tc, buffers_outlive_their_pool);
	tcase_add_test(tc, buffers_come_back_from_other_threads);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
