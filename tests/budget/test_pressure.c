/* SPDX-License-Identifier: MIT */
/* The level of memory pressure and the ladder, with a clock of our own; and Base64. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget/base64.h"
#include "budget/pressure.h"
#include "util/macros.h"

#define SECOND INT64_C(1000000)

static struct pressure_ladder ladder;
static struct pressure pressure;
static int64_t now;
static char story[1000];               /* what happened, in order: see the callbacks */
static uint64_t yields[PRESSURE_STEPS];   /* what each step frees */
static uint64_t wanted[PRESSURE_STEPS];   /* what each step was asked for */
static int wakes;
static struct wc_pressure_event last;

static const char letters[PRESSURE_STEPS] = {
	[WC_PRESSURE_TRIM] = 't', [WC_PRESSURE_STOP_GROWING] = 'g', [WC_PRESSURE_THROTTLE] = 'd',
	[WC_PRESSURE_SPILL] = 's', [WC_PRESSURE_RECLAIM] = 'r', [WC_PRESSURE_FORCE_CLOSE] = 'f',
};

static void tell(char c)
{
	size_t length = strlen(story);

	ck_assert_uint_lt(length + 1, sizeof story);
	story[length] = c;
	story[length + 1] = '\0';
}

/* Steps are letters, relaxed ones capitals, levels digits. */
static uint64_t act(enum wc_pressure_step step, uint64_t bytes)
{
	wanted[step] = bytes;
	tell(letters[step]);
	return yields[step];
}

#define RUNG(name, step) \
	static uint64_t act_##name(void *owner, enum wc_pressure_level level, \
				   enum wc_pressure_cause cause, uint64_t bytes) \
	{ \
		ck_assert_int_eq(cause, pressure.cause); \
		ck_assert_ptr_eq(owner, &ladder); \
		ck_assert_int_ge(level, pressure_step_level(step)); \
		return act(step, bytes); \
	} \
	static void relax_##name(void *owner) \
	{ \
		ck_assert_ptr_eq(owner, &ladder); \
		tell((char)(letters[step] - 'a' + 'A')); \
	}

RUNG(trim, WC_PRESSURE_TRIM)
RUNG(grow, WC_PRESSURE_STOP_GROWING)
RUNG(throttle, WC_PRESSURE_THROTTLE)
RUNG(spill, WC_PRESSURE_SPILL)
RUNG(reclaim, WC_PRESSURE_RECLAIM)
RUNG(force, WC_PRESSURE_FORCE_CLOSE)

/* An event comes behind its step. */
static void on_event(void *owner, const struct wc_pressure_event *event)
{
	size_t length = strlen(story);
	char c = letters[event->step];

	ck_assert_ptr_eq(owner, &ladder);
	last = *event;
	if (event->step == WC_PRESSURE_NO_STEP) {
		tell((char)('0' + event->level));
		return;
	}
	ck_assert_uint_gt(length, 0);
	ck_assert_int_eq(story[length - 1], event->relaxed ? c - 'a' + 'A' : c);
	if (!event->relaxed)
		ck_assert_uint_eq(event->freed, yields[event->step]);
}

static void on_wake(void *data)
{
	ck_assert_ptr_eq(data, &wakes);
	wakes++;
}

static void set_up(void)
{
	static const struct pressure_rung rungs[PRESSURE_STEPS] = {
		[WC_PRESSURE_TRIM] = { act_trim, relax_trim },
		[WC_PRESSURE_STOP_GROWING] = { act_grow, relax_grow },
		[WC_PRESSURE_THROTTLE] = { act_throttle, relax_throttle },
		[WC_PRESSURE_SPILL] = { act_spill, relax_spill },
		[WC_PRESSURE_RECLAIM] = { act_reclaim, relax_reclaim },
		[WC_PRESSURE_FORCE_CLOSE] = { act_force, relax_force },
	};

	memset(&ladder, 0, sizeof ladder);
	memcpy(ladder.rungs, rungs, sizeof rungs);
	ladder.event = on_event;
	ladder.owner = &ladder;
	memset(yields, 0, sizeof yields);
	memset(wanted, 0xff, sizeof wanted);
	memset(&last, 0, sizeof last);
	pressure_init(&pressure, &ladder);
	pressure.wake = on_wake;
	pressure.wake_data = &wakes;
	wakes = 0;
	now = 1000 * SECOND;
	story[0] = '\0';
}

static void report(enum wc_pressure_level level, uint64_t goal)
{
	pressure_note(&pressure, WC_PRESSURE_BY_SYSTEM, level, goal, now);
}

/* Serve, and compare what was told since the last time. */
#define check_story(expected) \
	do { \
		pressure_serve(&pressure, now); \
		ck_assert_str_eq(story, expected); \
		story[0] = '\0'; \
	} while (0)

static const enum wc_pressure_level low = WC_PRESSURE_LOW, medium = WC_PRESSURE_MEDIUM,
	critical = WC_PRESSURE_CRITICAL;

/* ---- the ladder ---- */

START_TEST(each_level_takes_its_steps_in_order)
{
	report(low, 0);
	check_story("1t");
	report(medium, 0);
	check_story("2tgds");
	report(critical, 0);
	check_story("3tgdsr");
}
END_TEST

START_TEST(a_rise_may_skip_levels)
{
	report(critical, 0);
	ck_assert_int_eq(pressure.level, critical);
	check_story("3tgdsr");
	ck_assert_int_eq(last.level, critical);
	ck_assert_int_eq(last.cause, WC_PRESSURE_BY_SYSTEM);
}
END_TEST

START_TEST(force_close_is_only_for_those_who_opted_in)
{
	ladder.force_close = true;
	report(critical, 0);
	check_story("3tgdsrf");
}
END_TEST

START_TEST(force_close_without_a_goal_waits_until_nothing_else_frees)
{
	ladder.force_close = true;
	yields[WC_PRESSURE_SPILL] = 1;
	report(critical, 0);
	check_story("3tgdsr");
	now += 20 * SECOND;
	yields[WC_PRESSURE_SPILL] = 0;
	report(critical, 0);
	check_story("tgdsrf");
}
END_TEST

START_TEST(the_ladder_ends_where_the_goal_is_reached)
{
	ladder.force_close = true;
	yields[WC_PRESSURE_TRIM] = 30;
	yields[WC_PRESSURE_SPILL] = 70;
	report(critical, 100);
	check_story("3tgds");
	ck_assert_uint_eq(wanted[WC_PRESSURE_TRIM], 100);
	ck_assert_uint_eq(wanted[WC_PRESSURE_STOP_GROWING], 70);
	ck_assert_uint_eq(wanted[WC_PRESSURE_SPILL], 70);
	ck_assert_uint_eq(last.wanted, 70);
	ck_assert_uint_eq(last.freed, 70);
}
END_TEST

START_TEST(the_ladder_goes_to_its_end_for_a_goal_out_of_reach)
{
	ladder.force_close = true;
	for (int step = 0; step < PRESSURE_STEPS; step++)
		yields[step] = 10;
	report(critical, 100);
	check_story("3tgdsrf");
	ck_assert_uint_eq(wanted[WC_PRESSURE_FORCE_CLOSE], 50);
}
END_TEST

START_TEST(goals_are_64_bits_wide)
{
	yields[WC_PRESSURE_TRIM] = UINT64_C(5) << 32;
	report(critical, (UINT64_C(5) << 32) + 1);
	check_story("3tgdsr");
	ck_assert_uint_eq(wanted[WC_PRESSURE_RECLAIM], 1);
}
END_TEST

START_TEST(a_step_that_the_owner_has_not_is_passed_over)
{
	ladder.rungs[WC_PRESSURE_THROTTLE].act = NULL;
	ladder.rungs[WC_PRESSURE_SPILL].relax = NULL;
	ladder.event = NULL;
	report(medium, 0);
	check_story("tgs");
	now += 15 * SECOND;
	check_story("G");
}
END_TEST

START_TEST(what_was_taken_is_relaxed_in_reverse_order)
{
	ladder.force_close = true;
	report(critical, 0);
	check_story("3tgdsrf");
	now += 15 * SECOND;
	check_story("FR2");
	now += 15 * SECOND;
	check_story("SDG1");
	now += 15 * SECOND;
	check_story("T0");
	ck_assert_int_eq(last.cause, WC_PRESSURE_BY_NOBODY);
	ck_assert_uint_eq(ladder.taken, 0);
}
END_TEST

START_TEST(what_was_not_taken_is_not_relaxed)
{
	yields[WC_PRESSURE_TRIM] = 10;
	report(critical, 10);
	check_story("3t");
	now += 15 * SECOND;
	check_story("2");
	now += 15 * SECOND;
	check_story("1");
	now += 15 * SECOND;
	check_story("T0");
}
END_TEST

/* ---- the level ---- */

START_TEST(nothing_happens_without_a_report)
{
	ck_assert_int_eq(pressure_serve(&pressure, now), -1);
	ck_assert_int_eq(pressure_serve(&pressure, now + 100 * SECOND), -1);
	report(WC_PRESSURE_NONE, 0);
	report((enum wc_pressure_level)4, 0);
	report((enum wc_pressure_level)-1, 0);
	check_story("");
	ck_assert_int_eq(wakes, 0);
}
END_TEST

START_TEST(a_report_wakes_and_serving_acts)
{
	report(low, 0);
	ck_assert_int_eq(wakes, 1);
	ck_assert_int_eq(pressure.level, low);
	ck_assert_str_eq(story, "");
	check_story("1t");
	ck_assert_int_eq(wakes, 1);
}
END_TEST

START_TEST(the_level_falls_one_step_after_15_seconds_each)
{
	report(critical, 0);
	ck_assert_int_eq(pressure_serve(&pressure, now), 15 * SECOND);
	now += 15 * SECOND - 1;
	ck_assert_int_eq(pressure_serve(&pressure, now), 1);
	ck_assert_int_eq(pressure.level, critical);
	now += 1;
	ck_assert_int_eq(pressure_serve(&pressure, now), 15 * SECOND);
	ck_assert_int_eq(pressure.level, medium);
	now += 15 * SECOND;
	ck_assert_int_eq(pressure_serve(&pressure, now), 15 * SECOND);
	ck_assert_int_eq(pressure.level, low);
	now += 15 * SECOND;
	ck_assert_int_eq(pressure_serve(&pressure, now), -1);
	ck_assert_int_eq(pressure.level, WC_PRESSURE_NONE);
}
END_TEST

START_TEST(a_late_dispatch_falls_one_step_only)
{
	report(critical, 0);
	check_story("3tgdsr");
	now += 3600 * SECOND;
	check_story("R2");
	ck_assert_int_eq(pressure_serve(&pressure, now), 15 * SECOND);
}
END_TEST

START_TEST(reports_of_the_level_keep_it)
{
	report(medium, 0);
	check_story("2tgds");
	for (int i = 0; i < 10; i++) {
		now += 14 * SECOND;
		report(medium, 0);
		pressure_serve(&pressure, now);
		ck_assert_int_eq(pressure.level, medium);
	}
}
END_TEST

START_TEST(reports_of_a_lower_level_do_not_keep_it)
{
	yields[WC_PRESSURE_TRIM] = 1;
	report(critical, 0);
	check_story("3tgdsr");
	now += 10 * SECOND;
	report(low, 0);
	check_story("");
	now += 5 * SECOND;
	check_story("R2");
	now += 14 * SECOND;
	report(low, 0);
	now += 1 * SECOND;
	check_story("SDG1");
	/* Low was heard one second ago, but the level is new. */
	now += 14 * SECOND;
	report(low, 0);
	check_story("t");
	now += 14 * SECOND;
	check_story("");
	now += 1 * SECOND;
	check_story("T0");
}
END_TEST

START_TEST(a_report_in_time_prevents_the_fall_it_meets)
{
	yields[WC_PRESSURE_TRIM] = 1;
	report(low, 0);
	check_story("1t");
	now += 15 * SECOND;
	report(low, 0);
	check_story("t");
}
END_TEST

START_TEST(the_same_level_climbs_once_in_15_seconds)
{
	yields[WC_PRESSURE_TRIM] = 1;
	report(low, 0);
	check_story("1t");
	for (int i = 0; i < 14; i++) {
		now += SECOND;
		report(low, 0);
		check_story("");
	}
	ck_assert_int_eq(wakes, 1);
	now += SECOND;
	report(low, 0);
	check_story("t");
}
END_TEST

START_TEST(without_effect_it_climbs_again_after_2_4_8_and_15_seconds)
{
	static const int after[] = { 2, 4, 8, 15, 15 };

	report(low, 0);
	check_story("1t");
	for (int i = 0; i < 5; i++) {
		now += after[i] * SECOND - 1;
		report(low, 0);
		check_story("");
		now += 1;
		report(low, 0);
		check_story("t");
	}
}
END_TEST

START_TEST(too_little_effect_counts_as_none)
{
	yields[WC_PRESSURE_TRIM] = 99;
	report(low, 100);
	check_story("1t");
	now += 2 * SECOND - 1;
	report(low, 0);
	check_story("");
	now += 1;
	report(low, 0);
	check_story("t");
	now += 4 * SECOND;
	report(low, 0);
	check_story("");
}
END_TEST

START_TEST(measurements_climb_as_long_as_something_is_freed)
{
	yields[WC_PRESSURE_TRIM] = 60;
	for (int i = 0; i < 5; i++) {
		report(medium, 60);
		check_story(i == 0 ? "2t" : "t");
	}
	yields[WC_PRESSURE_TRIM] = 1;
	report(medium, 60);
	check_story("tgds");
	report(medium, 60);
	check_story("tgds");
	/* Nothing is left: as rarely as symptoms. */
	yields[WC_PRESSURE_TRIM] = 0;
	now += 20 * SECOND;
	report(medium, 60);
	check_story("tgds");
	now += 7 * SECOND;
	report(medium, 60);
	check_story("");
	now += 1 * SECOND;
	report(medium, 60);
	check_story("tgds");
}
END_TEST

START_TEST(measurements_of_lower_levels_take_their_own_steps)
{
	yields[WC_PRESSURE_TRIM] = 10;
	report(critical, 0);
	check_story("3tgdsr");
	report(low, 50);
	check_story("t");
	ck_assert_int_eq(last.level, low);
	report(medium, 50);
	check_story("tgds");
	ck_assert_int_eq(pressure.level, critical);
	/* What waits already is not replaced by less. */
	report(medium, 50);
	report(low, 500);
	check_story("tgds");
	ck_assert_uint_eq(wanted[WC_PRESSURE_TRIM], 50);
}
END_TEST

START_TEST(a_climb_of_a_lower_level_does_not_hold_up_a_higher_one)
{
	yields[WC_PRESSURE_SPILL] = 1;
	report(critical, 0);
	check_story("3tgdsr");
	yields[WC_PRESSURE_TRIM] = 0;
	report(low, 50);
	check_story("t");
	report(low, 50);
	check_story("");
	report(medium, 50);
	check_story("tgds");
	/* Nor a success of the lower one. */
	now += 14 * SECOND;
	yields[WC_PRESSURE_TRIM] = 50;
	report(low, 50);
	check_story("t");
	now += 1 * SECOND;
	report(critical, 0);
	check_story("tgdsr");
}
END_TEST

START_TEST(a_rise_does_not_wait)
{
	yields[WC_PRESSURE_TRIM] = 1;
	report(low, 0);
	check_story("1t");
	report(medium, 0);
	check_story("2tgds");
}
END_TEST

START_TEST(reports_before_one_climb_are_joined)
{
	report(low, 10);
	report(low, 50);
	report(low, 20);
	check_story("1t");
	ck_assert_uint_eq(wanted[WC_PRESSURE_TRIM], 50);
	now += 20 * SECOND;
	report(low, 10);
	report(low, 0);
	check_story("t");
	ck_assert_uint_eq(wanted[WC_PRESSURE_TRIM], 0);
	/* A rise replaces what was asked for less. */
	now += 2 * SECOND;
	report(low, 10);
	report(medium, 70);
	check_story("2tgds");
	ck_assert_uint_eq(wanted[WC_PRESSURE_TRIM], 70);
}
END_TEST

/* A step that reports itself, at the level given, and tries to serve. */
static enum wc_pressure_level inner;

static uint64_t act_and_report(void *owner, enum wc_pressure_level level,
			       enum wc_pressure_cause cause, uint64_t bytes)
{
	(void)cause;
	(void)owner;
	(void)level;
	report(inner, 0);
	ck_assert_int_eq(pressure_serve(&pressure, now), -1);
	return act(WC_PRESSURE_TRIM, bytes);
}

START_TEST(a_step_may_report_the_same_level)
{
	ladder.rungs[WC_PRESSURE_TRIM].act = act_and_report;
	inner = low;
	report(low, 0);
	check_story("1t");
	check_story("");
	ck_assert_int_eq(wakes, 1);
}
END_TEST

START_TEST(a_step_may_report_a_higher_level)
{
	ladder.rungs[WC_PRESSURE_TRIM].act = act_and_report;
	inner = medium;
	report(low, 0);
	ck_assert_int_eq(pressure_serve(&pressure, now), 0);
	ck_assert_str_eq(story, "1t");
	ck_assert_int_eq(wakes, 2);
	check_story("1t2tgds");
}
END_TEST

START_TEST(budgets_report_by_their_share)
{
	static const struct {
		uint64_t used, limit;
		enum wc_pressure_level level;
	} table[] = {
		{ 0, 0, WC_PRESSURE_NONE }, { 5, 0, WC_PRESSURE_NONE }, { 0, 1, WC_PRESSURE_NONE },
		{ 1, 1, WC_PRESSURE_CRITICAL }, { 799, 1000, WC_PRESSURE_NONE },
		{ 800, 1000, WC_PRESSURE_LOW }, { 899, 1000, WC_PRESSURE_LOW },
		{ 900, 1000, WC_PRESSURE_MEDIUM }, { 969, 1000, WC_PRESSURE_MEDIUM },
		{ 970, 1000, WC_PRESSURE_CRITICAL }, { 2000, 1000, WC_PRESSURE_CRITICAL },
		{ UINT64_MAX / 2, UINT64_MAX, WC_PRESSURE_NONE },
		{ UINT64_MAX, UINT64_MAX, WC_PRESSURE_CRITICAL },
		{ 3, 4, WC_PRESSURE_NONE }, { 4, 4, WC_PRESSURE_CRITICAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		set_up();
		pressure_note_budget(&pressure, PRESSURE_PIECES, table[i].used, table[i].limit,
				     now);
		ck_assert_msg(pressure.level == table[i].level, "row %zu: %d", i, pressure.level);
	}
	ck_assert_uint_eq(pressure.reports[WC_PRESSURE_BY_BUDGET], 1);
}
END_TEST

START_TEST(a_budget_of_bytes_has_a_goal)
{
	yields[WC_PRESSURE_TRIM] = 150;
	pressure_note_budget(&pressure, PRESSURE_BYTES, 950, 1000, now);
	check_story("2t");
	ck_assert_uint_eq(wanted[WC_PRESSURE_TRIM], 150);
	set_up();
	yields[WC_PRESSURE_TRIM] = 150;
	pressure_note_budget(&pressure, PRESSURE_PIECES, 950, 1000, now);
	check_story("2tgds");
	ck_assert_int_eq(last.cause, WC_PRESSURE_BY_BUDGET);
}
END_TEST

START_TEST(the_application_reports_too)
{
	pressure_note_application(&pressure, medium, 0, now);
	check_story("2tgds");
	ck_assert_int_eq(last.cause, WC_PRESSURE_BY_APPLICATION);
	pressure_note_application(&pressure, WC_PRESSURE_NONE, 0, now);
	ck_assert_int_eq(pressure.level, medium);
}
END_TEST

/* ---- Base64 ---- */

START_TEST(base64_is_decoded)
{
	unsigned char out[8];

	ck_assert_int_eq(base64_decode("", out, sizeof out), 0);
	ck_assert_int_eq(base64_decode("AA==", out, sizeof out), 1);
	ck_assert_int_eq(out[0], 0);
	ck_assert_int_eq(base64_decode("c28=", out, sizeof out), 2);
	ck_assert_mem_eq(out, "so", 2);
	ck_assert_int_eq(base64_decode("c29t+/8A", out, sizeof out), 6);
	ck_assert_mem_eq(out, "som\xfb\xff\0", 6);
	ck_assert_int_eq(base64_decode("c29tZTEyMzQ=", out, sizeof out), 8);
	ck_assert_int_eq(base64_decode("c29tZTEyMzQ1", out, sizeof out), -ENOSPC);
}
END_TEST

START_TEST(what_is_no_base64_is_refused)
{
	static const char *const bad[] = {
		"a", "ab", "abc", "abc$", "ab=c", "a===", "====", "AB==", "ABC=", "AA==AA==",
		"AAA\n", "c2 8", "AAA=AAAA", "\xff\xff\xff\xff",
	};
	unsigned char out[16];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(base64_decode(bad[i], out, sizeof out) == -EINVAL, "%s", bad[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pressure");
	TCase *rungs = tcase_create("ladder"), *level = tcase_create("level");
	TCase *text = tcase_create("base64");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(rungs, set_up, NULL);
	tcase_add_test(rungs, each_level_takes_its_steps_in_order);
	tcase_add_test(rungs, a_rise_may_skip_levels);
	tcase_add_test(rungs, force_close_is_only_for_those_who_opted_in);
	tcase_add_test(rungs, force_close_without_a_goal_waits_until_nothing_else_frees);
	tcase_add_test(rungs, the_ladder_ends_where_the_goal_is_reached);
	tcase_add_test(rungs, the_ladder_goes_to_its_end_for_a_goal_out_of_reach);
	tcase_add_test(rungs, goals_are_64_bits_wide);
	tcase_add_test(rungs, a_step_that_the_owner_has_not_is_passed_over);
	tcase_add_test(rungs, what_was_taken_is_relaxed_in_reverse_order);
	tcase_add_test(rungs, what_was_not_taken_is_not_relaxed);
	suite_add_tcase(suite, rungs);

	tcase_add_checked_fixture(level, set_up, NULL);
	tcase_add_test(level, nothing_happens_without_a_report);
	tcase_add_test(level, a_report_wakes_and_serving_acts);
	tcase_add_test(level, the_level_falls_one_step_after_15_seconds_each);
	tcase_add_test(level, a_late_dispatch_falls_one_step_only);
	tcase_add_test(level, reports_of_the_level_keep_it);
	tcase_add_test(level, reports_of_a_lower_level_do_not_keep_it);
	tcase_add_test(level, a_report_in_time_prevents_the_fall_it_meets);
	tcase_add_test(level, the_same_level_climbs_once_in_15_seconds);
	tcase_add_test(level, without_effect_it_climbs_again_after_2_4_8_and_15_seconds);
	tcase_add_test(level, too_little_effect_counts_as_none);
	tcase_add_test(level, measurements_climb_as_long_as_something_is_freed);
	tcase_add_test(level, measurements_of_lower_levels_take_their_own_steps);
	tcase_add_test(level, a_climb_of_a_lower_level_does_not_hold_up_a_higher_one);
	tcase_add_test(level, a_rise_does_not_wait);
	tcase_add_test(level, reports_before_one_climb_are_joined);
	tcase_add_test(level, a_step_may_report_the_same_level);
	tcase_add_test(level, a_step_may_report_a_higher_level);
	tcase_add_test(level, budgets_report_by_their_share);
	tcase_add_test(level, a_budget_of_bytes_has_a_goal);
	tcase_add_test(level, the_application_reports_too);
	suite_add_tcase(suite, level);

	tcase_add_test(text, base64_is_decoded);
	tcase_add_test(text, what_is_no_base64_is_refused);
	suite_add_tcase(suite, text);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
