/* SPDX-License-Identifier: MIT */
/* What a context does by the clock, on a clock that the fake moves. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <webcodecs/webcodecs.h>

#include "api/context.h"
#include "fake/fake.h"
#include "frame/pool.h"
#include "util/clock.h"

#define SIZE 4000
#define SECOND INT64_C(1000000)
/* Check's own measure of time, which sees the jumps, ends beyond 70 minutes. */
#define LONG (1000 * SECOND)

static struct wc_context *context;
static struct pool *pool;

static void set_up(void)
{
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices, .slot_directory = "" };

	fake_start();
	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	pool = pool_new(context->core);
	ck_assert_ptr_nonnull(pool);
}

static void tear_down(void)
{
	pool_close(pool);
	wc_context_unref(context);
	fake_stop();
}

static uint64_t buffers(void)
{
	struct wc_counters counters;

	wc_context_get_counters(context, &counters);
	return counters.buffers;
}

/* As many idle buffers; returns when they became idle. */
static int64_t leave_idle(unsigned n)
{
	struct buffer *taken[8];

	for (unsigned i = 0; i < n; i++) {
		taken[i] = pool_get(pool, SIZE);
		ck_assert_ptr_nonnull(taken[i]);
	}
	for (unsigned i = 0; i < n; i++)
		buffer_unpin(taken[i]);
	return clock_now();
}

static void must_dispatch(int timeout_ms)
{
	ck_assert_int_eq(wc_context_dispatch(context, timeout_ms), 0);
}

/* Dispatch until no buffer is left, at most so many times; when that was. */
static int64_t run_until_empty(unsigned most)
{
	while (buffers() && most-- > 0)
		must_dispatch(-1);
	ck_assert_uint_eq(buffers(), 0);
	return clock_now();
}

/* No timer is set: nothing ends a long wait before its time. */
static void must_rest(void)
{
	int64_t begin = clock_now();

	must_dispatch(100 * 1000);
	ck_assert_int_ge(clock_now() - begin, 100 * SECOND);
}

START_TEST(idle_buffers_go_by_themselves)
{
	int64_t begin = leave_idle(3), end = run_until_empty(14);

	ck_assert_int_ge(end - begin, 10 * SECOND);
	ck_assert_int_le(end - begin, 13 * SECOND);
	must_rest();
	/* And again. */
	begin = leave_idle(1);
	ck_assert_int_ge(run_until_empty(14) - begin, 10 * SECOND);
	must_rest();
}
END_TEST

START_TEST(without_idle_buffers_there_is_no_timer)
{
	struct buffer *buffer;

	must_rest();
	buffer = pool_get(pool, SIZE);
	must_rest();
	buffer_unpin(buffer);
	/* Taken again before anybody looked: one look, and no more. */
	buffer = pool_get(pool, SIZE);
	must_dispatch(-1);
	must_dispatch(-1);
	must_rest();
	buffer_unpin(buffer);
	run_until_empty(14);
}
END_TEST

START_TEST(what_is_used_now_and_then_stays)
{
	for (int i = 0; i < 30; i++) {
		leave_idle(2);
		must_dispatch(-1);
	}
	ck_assert_uint_eq(buffers(), 2);
	run_until_empty(14);
}
END_TEST

START_TEST(a_process_that_was_stopped_loses_nothing)
{
	int64_t begin;

	leave_idle(2);
	for (int i = 0; i < 5; i++)
		must_dispatch(-1);
	fake_advance_time(LONG);
	begin = clock_now();
	must_dispatch(-1);
	must_dispatch(-1);
	ck_assert_uint_eq(buffers(), 2);
	ck_assert_int_ge(run_until_empty(14) - begin, 3 * SECOND);
}
END_TEST

START_TEST(what_the_pool_has_to_keep_needs_no_timer)
{
	struct pool_options options = { .key = { .size = SIZE }, .min = 2 };
	struct buffer *first, *second, *third;

	pool_close(pool);
	ck_assert_int_eq(pool_new_with(context->core, &options, &pool), 0);
	must_dispatch(-1);
	must_dispatch(-1);
	must_rest();
	first = pool_get(pool, 0);
	second = pool_get(pool, 0);
	third = pool_get(pool, 0);
	buffer_unpin(first);
	buffer_unpin(second);
	buffer_unpin(third);
	for (int i = 0; i < 14 && buffers() > 2; i++)
		must_dispatch(-1);
	ck_assert_uint_eq(buffers(), 2);
	must_rest();
}
END_TEST

START_TEST(without_descriptors_for_a_timer_it_is_tried_again)
{
	struct rlimit all, none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &all), 0);
	none = all;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	leave_idle(1);
	must_dispatch(-1);
	must_rest();
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
	ck_assert_uint_eq(buffers(), 1);
	leave_idle(1);
	run_until_empty(14);
}
END_TEST

START_TEST(a_pool_outlives_its_context)
{
	struct buffer *buffer = pool_get(pool, SIZE);

	leave_idle(2);
	must_dispatch(-1);
	/* Asked for, and not yet heard. */
	must_dispatch(-1);
	waker_rest(&context->core->waker);
	leave_idle(1);
	wc_context_unref(context);
	context = NULL;
	buffer_unpin(buffer);
	leave_idle(3);
}
END_TEST

static void *give_back(void *buffer)
{
	buffer_unpin(buffer);
	return NULL;
}

START_TEST(other_threads_wake_the_loop)
{
	struct buffer *buffer = pool_get(pool, SIZE);
	int64_t begin = clock_now();
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, give_back, buffer), 0);
	pthread_join(thread, NULL);
	must_dispatch(-1);
	ck_assert_int_lt(clock_now() - begin, SECOND);
	run_until_empty(14);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("housekeeping");
	TCase *all = tcase_create("housekeeping");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, idle_buffers_go_by_themselves);
	tcase_add_test(all, without_idle_buffers_there_is_no_timer);
	tcase_add_test(all, what_is_used_now_and_then_stays);
	tcase_add_test(all, a_process_that_was_stopped_loses_nothing);
	tcase_add_test(all, what_the_pool_has_to_keep_needs_no_timer);
	tcase_add_test(all, without_descriptors_for_a_timer_it_is_tried_again);
	tcase_add_test(all, a_pool_outlives_its_context);
	tcase_add_test(all, other_threads_wake_the_loop);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
