/* SPDX-License-Identifier: MIT */
/* What a context does by the clock, on a clock that the fake moves. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <webcodecs/webcodecs.h>

#include "api/context.h"
#include "budget/usage.h"
#include "fake/fake.h"
#include "frame/pool.h"
#include "util/clock.h"

#define SIZE 4000
#define SECOND INT64_C(1000000)
/* Check's own measure of time, which sees the jumps, ends beyond 70 minutes. */
#define LONG (1000 * SECOND)

static struct wc_context *context;
static struct pool *pool;
static char directory[64];

static void begin(const char *where)
{
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices, .slot_directory = where };

	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	pool = pool_new(context->core);
	ck_assert_ptr_nonnull(pool);
}

static void set_up(void)
{
	strcpy(directory, "/tmp/webcodecs-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	fake_start();
	begin("");
}

static void end(void)
{
	pool_close(pool);
	wc_context_unref(context);
}

static void tear_down(void)
{
	char command[128];

	end();
	fake_stop();
	snprintf(command, sizeof command, "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

/* Another context, which shows itself there. */
static void begin_with(const char *where)
{
	end();
	begin(where);
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
	int64_t start = clock_now();

	must_dispatch(100 * 1000);
	ck_assert_int_ge(clock_now() - start, 100 * SECOND);
}

/* Something was asked for; after one look there is nothing to do. */
static void must_settle(void)
{
	must_dispatch(-1);
	must_dispatch(-1);
	must_rest();
}

START_TEST(idle_buffers_go_by_themselves)
{
	int64_t start = leave_idle(3), end = run_until_empty(14);

	ck_assert_int_ge(end - start, 10 * SECOND);
	ck_assert_int_le(end - start, 13 * SECOND);
	must_rest();
	/* And again. */
	start = leave_idle(1);
	ck_assert_int_ge(run_until_empty(14) - start, 10 * SECOND);
	must_rest();
}
END_TEST

START_TEST(without_idle_buffers_there_is_no_timer)
{
	struct buffer *buffer;

	must_rest();
	buffer = pool_get(pool, SIZE);
	must_settle();
	buffer_unpin(buffer);
	/* Taken again before anybody looked: one look, and no more. */
	buffer = pool_get(pool, SIZE);
	must_settle();
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
	int64_t start;

	leave_idle(2);
	for (int i = 0; i < 5; i++)
		must_dispatch(-1);
	fake_advance_time(LONG);
	start = clock_now();
	must_dispatch(-1);
	must_dispatch(-1);
	ck_assert_uint_eq(buffers(), 2);
	ck_assert_int_ge(run_until_empty(14) - start, 3 * SECOND);
}
END_TEST

START_TEST(what_the_pool_has_to_keep_needs_no_timer)
{
	struct pool_options options = { .key = { .size = SIZE }, .min = 2 };
	struct buffer *first, *second, *third;

	pool_close(pool);
	ck_assert_int_eq(pool_new_with(context->core, &options, &pool), 0);
	must_settle();
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

/* ---- what others see ---- */

static struct slot_record *look(struct usage *usage)
{
	ck_assert_int_eq(usage_init(usage, directory, false), 0);
	ck_assert_uint_eq(usage->n_tables, 0);
	ck_assert_uint_eq(usage->n_skipped, 0);
	return usage->presence.n_holders ? &usage->presence.holders[0].record : NULL;
}

START_TEST(memory_is_seen_by_others_while_there_is_some)
{
	const struct slot_record *record;
	struct buffer *buffer;
	struct usage usage;

	begin_with(directory);
	must_rest();
	buffer = pool_get(pool, SIZE);
	leave_idle(2);
	ck_assert_ptr_null(look(&usage));
	must_dispatch(-1);
	must_dispatch(-1);
	record = look(&usage);
	ck_assert_ptr_nonnull(record);
	ck_assert_int_eq(record->pid, getpid());
	ck_assert_str_eq(record->role, SLOT_ROLE_MEMORY);
	ck_assert_uint_eq(record->bytes, 3 * 4096);
	ck_assert_uint_eq(record->memory.idle, 2 * 4);
	ck_assert_uint_eq(record->memory.kinds[WC_MEMORY_PLAIN], 3 * 4);
	ck_assert_uint_eq(record->memory.frames, 0);
	ck_assert_uint_eq(record->memory.level, WC_PRESSURE_NONE);
	usage_finish(&usage);

	/* The idle ones go; the other one stays, and needs less and less looking. */
	while (buffers() > 1)
		must_dispatch(-1);
	for (int i = 0; i < 6; i++)
		must_dispatch(-1);
	ck_assert_int_eq(context->housekeeping.period, HOUSEKEEPING_SLOWEST);
	record = look(&usage);
	ck_assert_uint_eq(record->bytes, 4096);
	ck_assert_uint_eq(record->memory.idle, 0);
	usage_finish(&usage);

	/* What comes is seen soon, however long nothing did. */
	leave_idle(1);
	must_dispatch(-1);
	ck_assert_int_eq(context->housekeeping.period, SHRINKER_PERIOD);
	must_dispatch(-1);
	ck_assert_uint_eq(look(&usage)->bytes, 2 * 4096);
	usage_finish(&usage);
	buffer_unpin(buffer);
	run_until_empty(20);
	ck_assert_ptr_null(look(&usage));
	must_rest();
}
END_TEST

START_TEST(a_record_that_was_removed_is_written_again)
{
	struct buffer *buffer;
	struct usage usage;
	char path[128];

	begin_with(directory);
	buffer = pool_get(pool, SIZE);
	must_dispatch(-1);
	must_dispatch(-1);
	snprintf(path, sizeof path, "%s/%s", directory,
		 context->housekeeping.presence.table.file.name);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_ptr_null(look(&usage));
	must_dispatch(-1);
	must_dispatch(-1);
	ck_assert_ptr_nonnull(look(&usage));
	usage_finish(&usage);
	buffer_unpin(buffer);
}
END_TEST

START_TEST(without_a_place_nothing_is_shown_and_all_works)
{
	struct buffer *buffer;
	struct usage usage;

	begin_with("/nowhere/at/all");
	buffer = pool_get(pool, SIZE);
	for (int i = 0; i < 8; i++)
		must_dispatch(-1);
	ck_assert_int_eq(context->housekeeping.presence.slot.fd, -1);
	ck_assert_ptr_null(look(&usage));
	buffer_unpin(buffer);
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
	int64_t start = clock_now();
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, give_back, buffer), 0);
	pthread_join(thread, NULL);
	must_dispatch(-1);
	ck_assert_int_lt(clock_now() - start, SECOND);
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
	tcase_add_test(all, memory_is_seen_by_others_while_there_is_some);
	tcase_add_test(all, a_record_that_was_removed_is_written_again);
	tcase_add_test(all, without_a_place_nothing_is_shown_and_all_works);
	tcase_add_test(all, a_pool_outlives_its_context);
	tcase_add_test(all, other_threads_wake_the_loop);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
