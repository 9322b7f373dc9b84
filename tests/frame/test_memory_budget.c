/* SPDX-License-Identifier: MIT */
/* Budgets of memory: what buffers and pools make of them. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/encoded_video_chunk.h"
#include "frame/pool.h"
#include "frame/video_frame.h"

#define PAGE ((size_t)4096)

static struct core *core;
static unsigned n_told;

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	n_told = 0;
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.buffers, 0);
	for (unsigned kind = 0; kind <= MEMORY_ALL_KINDS; kind++)
		ck_assert_uint_eq(memory_used(core, kind), 0);
	ck_assert_uint_eq(core->counters.descriptors, 0);
	core_unref(core);
}

static void on_changed(void *data)
{
	ck_assert_ptr_eq(data, &n_told);
	n_told++;
}

/* ---- buffers ---- */

static void expect_refusal(enum wc_memory_kind kind, size_t size, uint64_t quota,
			   uint64_t requested, const char *word)
{
	struct wc_error error;

	ck_assert_int_eq(memory_refused(core, kind, size, WC_STAGE_JOB, &error),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(error.resource, WC_RESOURCE_MEMORY);
	ck_assert_int_eq(error.stage, WC_STAGE_JOB);
	ck_assert_uint_eq(error.quota, quota);
	ck_assert_uint_eq(error.requested, requested);
	ck_assert_ptr_nonnull(strstr(error.message, word));
}

START_TEST(a_kind_has_a_limit)
{
	struct buffer *first, *second;

	memory_set_limit(core, WC_MEMORY_PLAIN, 2 * PAGE);
	first = buffer_new_plain(core, PAGE);
	second = buffer_new_plain(core, PAGE);
	ck_assert_ptr_nonnull(second);
	errno = 0;
	ck_assert_ptr_null(buffer_new_plain(core, 1));
	ck_assert_int_eq(errno, EDQUOT);
	expect_refusal(WC_MEMORY_PLAIN, 1, 2 * PAGE, 2 * PAGE + 1, "of kind plain");
	ck_assert_uint_eq(memory_used(core, WC_MEMORY_PLAIN), 2 * PAGE);
	/* What exists stays when there is less. */
	memory_set_limit(core, WC_MEMORY_PLAIN, 1);
	ck_assert_uint_eq(memory_used(core, WC_MEMORY_PLAIN), 2 * PAGE);
	buffer_unref(second);
	ck_assert_ptr_null(buffer_new_plain(core, 1));
	memory_set_limit(core, WC_MEMORY_PLAIN, 0);
	second = buffer_new_plain(core, 100 * PAGE);
	ck_assert_ptr_nonnull(second);
	buffer_unref(second);
	buffer_unref(first);
}
END_TEST

static void count_release(void *user_data)
{
	(*(unsigned *)user_data)++;
}

START_TEST(all_kinds_have_one_together)
{
	static char memory[2 * PAGE];
	unsigned released = 0;
	struct buffer *plain, *wrapped, *more = NULL;

	memory_set_limit(core, MEMORY_ALL_KINDS, 2 * PAGE);
	plain = buffer_new_plain(core, PAGE);
	ck_assert_int_eq(buffer_new_wrapped_once(core, memory, 2 * PAGE, count_release, &released,
						 &wrapped), -EDQUOT);
	ck_assert_uint_eq(released, 0);
	expect_refusal(WC_MEMORY_WRAPPED, 2 * PAGE, 2 * PAGE, 3 * PAGE, "the memory budget");
	/* It was not taken for wrapped. */
	ck_assert_int_eq(buffer_new_wrapped_once(core, memory, PAGE, count_release, &released,
						 &wrapped), 0);
	more = buffer_new_plain(core, 1);
	ck_assert_ptr_null(more);
	buffer_unref(wrapped);
	ck_assert_uint_eq(released, 1);
	buffer_unref(plain);
}
END_TEST

START_TEST(the_largest_sizes_do_not_overflow)
{
	struct buffer *one;

	memory_set_limit(core, MEMORY_ALL_KINDS, UINT64_MAX);
	one = buffer_new_plain(core, 1);
	ck_assert_int_eq(memory_take(core, WC_MEMORY_HEAP, UINT64_MAX - 1), 0);
	memory_give(core, WC_MEMORY_HEAP, UINT64_MAX - 1);
	memory_set_limit(core, MEMORY_ALL_KINDS, 100);
	ck_assert(!memory_fits(core, WC_MEMORY_HEAP, UINT64_MAX));
	ck_assert(memory_fits(core, WC_MEMORY_HEAP, 99));
	ck_assert(!memory_fits(core, WC_MEMORY_HEAP, 100));
	buffer_unref(one);
}
END_TEST

START_TEST(nearing_it_is_told)
{
	struct buffer *first, *second;

	memory_set_limit(core, WC_MEMORY_PLAIN, 10 * PAGE);
	memory_watch(core, on_changed, &n_told);
	first = buffer_new_plain(core, 7 * PAGE);
	ck_assert_uint_eq(n_told, 0);
	second = buffer_new_plain(core, PAGE);
	ck_assert_uint_ge(n_told, 1);
	n_told = 0;
	ck_assert_ptr_null(buffer_new_plain(core, 3 * PAGE));
	ck_assert_uint_ge(n_told, 1);
	memory_watch(core, NULL, NULL);
	n_told = 0;
	ck_assert_ptr_null(buffer_new_plain(core, 3 * PAGE));
	ck_assert_uint_eq(n_told, 0);
	buffer_unref(second);
	buffer_unref(first);
}
END_TEST

START_TEST(an_error_that_comes_late_is_still_an_error)
{
	struct wc_error error;

	memory_set_limit(core, MEMORY_ALL_KINDS, PAGE);
	ck_assert_int_eq(memory_refused(core, WC_MEMORY_PLAIN, 1, WC_STAGE_NONE, &error),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_uint_gt(error.requested, error.quota);
}
END_TEST

/* ---- pools ---- */

START_TEST(a_pool_is_exhausted_while_something_may_come_back)
{
	struct pool *pool = pool_new(core);
	struct buffer *first, *second, *third;
	struct pool_stats stats;

	memory_set_limit(core, WC_MEMORY_PLAIN, 2 * PAGE);
	ck_assert_int_eq(pool_try(pool, 3 * PAGE, &first), -EDQUOT);
	ck_assert_int_eq(pool_try(pool, PAGE - 1, &first), 0);
	ck_assert_int_eq(pool_try(pool, PAGE - 1, &second), 0);
	ck_assert_int_eq(pool_try(pool, PAGE - 1, &third), -EAGAIN);
	pool_get_stats(pool, &stats);
	ck_assert_uint_eq(stats.exhausted, 1);
	ck_assert_uint_eq(stats.failed, 0);
	ck_assert_uint_eq(stats.bytes, 2 * PAGE);
	errno = 0;
	ck_assert_ptr_null(pool_get(pool, 1));
	ck_assert_int_eq(errno, EDQUOT);
	buffer_unpin(first);
	ck_assert_int_eq(pool_try(pool, PAGE - 1, &first), 0);
	buffer_unpin(first);
	buffer_unpin(second);
	pool_close(pool);
}
END_TEST

/* What another pool keeps for later stands in nobody's way. */
START_TEST(idle_memory_goes_first)
{
	struct pool *warm = pool_new(core), *pool = pool_new(core);
	struct buffer *buffers[4], *buffer;

	memory_set_limit(core, MEMORY_ALL_KINDS, 4 * PAGE);
	for (int i = 0; i < 4; i++)
		buffers[i] = pool_get(warm, PAGE - 1);
	for (int i = 0; i < 4; i++)
		buffer_unpin(buffers[i]);
	ck_assert_uint_eq(memory_used(core, MEMORY_ALL_KINDS), 4 * PAGE);
	ck_assert_int_eq(pool_try(pool, 3 * PAGE - 1, &buffer), 0);
	ck_assert_uint_le(memory_used(core, MEMORY_ALL_KINDS), 4 * PAGE);
	ck_assert_ptr_null(buffer_new_plain(core, 2 * PAGE));
	buffer_unpin(buffer);
	buffer = buffer_new_plain(core, 4 * PAGE);
	ck_assert_ptr_nonnull(buffer);
	buffer_unref(buffer);
	pool_close(warm);
	pool_close(pool);
}
END_TEST

/* ---- threads ---- */

#define N_THREADS 4
#define ROUNDS 2000
#define THREADS_LIMIT (3 * PAGE)

static void *take_and_give(void *data)
{
	unsigned *got = data;

	for (int i = 0; i < ROUNDS; i++) {
		struct buffer *buffer = buffer_new_plain(core, PAGE);

		if (!buffer)
			continue;
		memset(buffer->objects[0].map, 1, PAGE);
		(*got)++;
		buffer_unref(buffer);
	}
	return NULL;
}

START_TEST(threads_lose_no_byte)
{
	pthread_t threads[N_THREADS];
	unsigned got[N_THREADS] = { 0 }, all = 0;

	memory_set_limit(core, MEMORY_ALL_KINDS, THREADS_LIMIT);
	memory_watch(core, on_changed, &n_told);
	for (int i = 0; i < N_THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, &got[i]), 0);
	for (int i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i], NULL);
		all += got[i];
	}
	ck_assert_uint_gt(all, 0);
	memory_watch(core, NULL, NULL);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(descriptors_have_a_limit)
{
	struct wc_error error;

	descriptors_set_limit(core, 3);
	ck_assert_int_eq(descriptors_take(core, 2), 0);
	ck_assert_int_eq(descriptors_take(core, 2), -EDQUOT);
	ck_assert_int_eq(descriptors_refused(core, 2, EDQUOT, WC_STAGE_BUFFERS, &error),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(error.resource, WC_RESOURCE_DESCRIPTORS);
	ck_assert_uint_eq(error.quota, 3);
	ck_assert_uint_eq(error.requested, 4);
	ck_assert_int_eq(error.sys_errno, 0);
	ck_assert_int_eq(descriptors_take(core, 1), 0);
	descriptors_give(core, 3);
	descriptors_refused(core, 1, EMFILE, WC_STAGE_OPEN, &error);
	ck_assert_int_eq(error.sys_errno, EMFILE);
	ck_assert_uint_eq(error.quota, (uint64_t)sysconf(_SC_OPEN_MAX));
	ck_assert_ptr_nonnull(strstr(error.message, "process"));
	/* Something is left to the rest of the program. */
	ck_assert_uint_lt(descriptors_default(), (uint64_t)sysconf(_SC_OPEN_MAX));
	ck_assert_uint_ge(descriptors_default(), (uint64_t)sysconf(_SC_OPEN_MAX) / 4 * 3);
}
END_TEST

static void no_destroy(struct buffer *buffer)
{
	(void)buffer;
}

/* Reserved, made, or given up: each is counted once. */
START_TEST(a_buffer_counts_its_descriptors_once)
{
	static const struct buffer_ops ops = { .destroy = no_destroy };
	struct buffer buffer;

	descriptors_set_limit(core, 3);
	buffer_init(&buffer, core, &ops);
	ck_assert_int_eq(buffer_reserve_descriptors(&buffer, 2), 0);
	ck_assert_int_eq(buffer_reserve_descriptors(&buffer, 3), 0);
	ck_assert_uint_eq(core->counters.descriptors, 3);
	buffer.n_objects = 2;
	buffer.objects[0] = (struct buffer_object) { .size = PAGE, .fd = dup(0) };
	buffer.objects[1] = (struct buffer_object) { .size = PAGE, .fd = -1 };
	buffer_account(&buffer);
	ck_assert_uint_eq(core->counters.descriptors, 1);
	buffer_account(&buffer);
	ck_assert_uint_eq(core->counters.descriptors, 1);
	ck_assert_uint_eq(core->counters.buffer_bytes, 2 * PAGE);
	buffer_finish(&buffer);
	ck_assert_uint_eq(core->counters.descriptors, 0);
	/* What was refused leaves nothing. */
	buffer_init(&buffer, core, &ops);
	ck_assert_int_eq(buffer_reserve_descriptors(&buffer, 1), 0);
	ck_assert_int_eq(buffer_reserve_descriptors(&buffer, 4), -EDQUOT);
	ck_assert_uint_eq(core->counters.descriptors, 0);
	buffer_finish(&buffer);
}
END_TEST

static void expect_resource(enum wc_memory_kind kind, unsigned descriptors, int sys_errno,
			    enum wc_resource resource)
{
	struct wc_error error;

	ck_assert_int_eq(budget_refused(core, kind, PAGE, descriptors, sys_errno,
					WC_STAGE_BUFFERS, &error), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(error.resource, resource);
	ck_assert_uint_gt(error.requested, error.quota);
}

START_TEST(a_refusal_names_what_was_short)
{
	memory_set_limit(core, WC_MEMORY_HEAP, PAGE - 1);
	descriptors_set_limit(core, 2);
	expect_resource(WC_MEMORY_HEAP, 1, EDQUOT, WC_RESOURCE_MEMORY);
	expect_resource(WC_MEMORY_HEAP, 0, EDQUOT, WC_RESOURCE_MEMORY);
	expect_resource(WC_MEMORY_HEAP, 1, EMFILE, WC_RESOURCE_DESCRIPTORS);
	expect_resource(WC_MEMORY_HEAP, 1, ENFILE, WC_RESOURCE_DESCRIPTORS);
	expect_resource(WC_MEMORY_HEAP, 3, EDQUOT, WC_RESOURCE_DESCRIPTORS);
	/* Some came back since: what has no limit was not it. */
	expect_resource(WC_MEMORY_DUMB, 1, EDQUOT, WC_RESOURCE_DESCRIPTORS);
	ck_assert(budget_is_refusal(-EDQUOT) && budget_is_refusal(-ENFILE));
	ck_assert(!budget_is_refusal(0) && !budget_is_refusal(-ENOMEM));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory budget");
	TCase *all = tcase_create("memory budget");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, a_kind_has_a_limit);
	tcase_add_test(all, all_kinds_have_one_together);
	tcase_add_test(all, the_largest_sizes_do_not_overflow);
	tcase_add_test(all, nearing_it_is_told);
	tcase_add_test(all, an_error_that_comes_late_is_still_an_error);
	tcase_add_test(all, a_pool_is_exhausted_while_something_may_come_back);
	tcase_add_test(all, idle_memory_goes_first);
	tcase_add_test(all, threads_lose_no_byte);
	tcase_add_test(all, descriptors_have_a_limit);
	tcase_add_test(all, a_buffer_counts_its_descriptors_once);
	tcase_add_test(all, a_refusal_names_what_was_short);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
