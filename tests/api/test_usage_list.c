/* SPDX-License-Identifier: MIT */
/* The list of contexts that processes hold, as an application sees it. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <webcodecs/budget.h>
#include <webcodecs/webcodecs.h>

#include "api/context.h"
#include "budget/slot_wait.h"
#include "util/clock.h"

static struct wc_context *context;
static char directory[64];
static struct slot_table table;

static void set_up(void)
{
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices };

	strcpy(directory, "/tmp/webcodecs-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	/* Whatever this machine has. */
	strcpy(context->accountant.directory, directory);
}

static void tear_down(void)
{
	char path[128];

	wc_context_unref(context);
	if (table.file.name[0]) {
		snprintf(path, sizeof path, "%s/%s", directory, table.file.name);
		unlink(path);
	}
	rmdir(directory);
}

START_TEST(a_place_is_needed)
{
	ck_assert_int_eq(wc_usage_list_new(context, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_get_error(context)->name, WC_TYPE_ERROR);
}
END_TEST

START_TEST(nothing_is_a_list_too)
{
	struct wc_usage_list *list;

	ck_assert_int_eq(wc_usage_list_new(context, &list), WC_OK);
	ck_assert_uint_eq(wc_usage_list_get_count(list), 0);
	ck_assert_ptr_null(wc_usage_list_get(list, 0));
	wc_usage_list_destroy(list);
	context->accountant.directory[0] = '\0';
	ck_assert_int_eq(wc_usage_list_new(context, &list), WC_OK);
	ck_assert_uint_eq(wc_usage_list_get_count(list), 0);
	wc_usage_list_destroy(list);
	wc_usage_list_destroy(NULL);
}
END_TEST

START_TEST(a_directory_that_went_away_is_an_error)
{
	struct wc_usage_list *list = (struct wc_usage_list *)directory;

	rmdir(directory);
	ck_assert_int_eq(wc_usage_list_new(context, &list), WC_OPERATION_ERROR);
	ck_assert_ptr_null(list);
	ck_assert_int_ne(wc_context_get_error(context)->sys_errno, 0);
}
END_TEST

START_TEST(holders_and_waiters_are_counted)
{
	struct slot_record record = { .width = 320, .height = 240, .role = "encoder",
				      .codec = "vp8", .label = "mine",
				      .framerate = 50000, .rate_limit = 100000,
				      .progress = clock_now() - 1000000 };
	struct slot_wait wait;
	struct slot slot, wanted;
	struct wc_usage_list *list;
	const struct wc_usage *usage;

	ck_assert_int_eq(slot_table_open(&table, directory, "platform:test encoder"), 0);
	ck_assert_int_eq(slot_take(&table, 1, &record, &slot, clock_now()), 0);
	ck_assert_int_eq(slot_wait_begin(&wait, &table, 1, &record, &wanted, clock_now()), -EAGAIN);
	ck_assert_int_eq(wc_usage_list_new(context, &list), WC_OK);
	slot_wait_cancel(&wait);
	slot_give(&slot);
	slot_table_close(&table);

	/* As it was. */
	ck_assert_uint_eq(wc_usage_list_get_count(list), 1);
	ck_assert_ptr_null(wc_usage_list_get(list, 1));
	usage = wc_usage_list_get(list, 0);
	ck_assert_str_eq(usage->device, "platform:test encoder");
	ck_assert_uint_eq(usage->quota, 1);
	ck_assert_uint_eq(usage->holder_count, 1);
	ck_assert_uint_eq(usage->waiter_count, 1);
	ck_assert_uint_eq(usage->rate_quota, 100000);
	ck_assert_uint_eq(usage->rate, 15000);
	ck_assert_uint_eq(usage->holders[0].rate, 15000);
	ck_assert_int_eq(usage->holders[0].pid, getpid());
	ck_assert_int_eq(usage->holders[0].state, WC_HOLDER_RUNNING);
	ck_assert_uint_eq(usage->holders[0].width, 320);
	ck_assert_int_ge(usage->holders[0].idle, 1000000);
	ck_assert_str_eq(usage->holders[0].role, "encoder");
	ck_assert_str_eq(usage->holders[0].label, "mine");
	wc_usage_list_destroy(list);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("usage list");
	TCase *all = tcase_create("usage list");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, a_place_is_needed);
	tcase_add_test(all, nothing_is_a_list_too);
	tcase_add_test(all, a_directory_that_went_away_is_an_error);
	tcase_add_test(all, holders_and_waiters_are_counted);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
