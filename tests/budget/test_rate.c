/* SPDX-License-Identifier: MIT */
/* Pixel rates: macroblocks a second, and what stands for what is not known. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "budget/rate.h"

static uint64_t rate(uint32_t width, uint32_t height, uint32_t framerate, uint64_t limit)
{
	return rate_of(&(struct rate_load) { width, height, framerate }, limit);
}

START_TEST(macroblocks_are_rounded_up)
{
	ck_assert_uint_eq(rate(16, 16, 1000, 0), 1);
	ck_assert_uint_eq(rate(17, 16, 1000, 0), 2);
	ck_assert_uint_eq(rate(1, 1, 1000, 0), 1);
	ck_assert_uint_eq(rate(1920, 1080, 30000, 0), 244800);
	ck_assert_uint_eq(rate(16, 16, 1, 0), 1);
	/* 3600 a frame, 29.97 of them: 107892. */
	ck_assert_uint_eq(rate(1280, 720, 29970, 0), 107892);
	/* 99 a frame, 23.976 of them: 2373.624. */
	ck_assert_uint_eq(rate(176, 144, 23976, 0), 2374);
}
END_TEST

START_TEST(the_largest_does_not_overflow)
{
	ck_assert_uint_eq(rate(65536, 65536, RATE_MAX_FRAMERATE, 0),
			  UINT64_C(4096) * 4096 * 1000);
	ck_assert_uint_eq(rate(UINT32_MAX, 16, 1000, 0), UINT64_C(1) << 28);
}
END_TEST

START_TEST(what_is_not_known_is_guessed)
{
	ck_assert_uint_eq(rate(0, 0, 0, 0), 244800);
	ck_assert_uint_eq(rate(0, 1080, 60000, 0), 489600);
	ck_assert_uint_eq(rate(1280, 720, 0, 0), 108000);
	/* A guess alone keeps nobody out. */
	ck_assert_uint_eq(rate(0, 0, 0, 1000), 1000);
	ck_assert_uint_eq(rate(1280, 720, 0, 1000), 1000);
	ck_assert_uint_eq(rate(1280, 720, 0, 200000), 108000);
	/* What is known does. */
	ck_assert_uint_eq(rate(1280, 720, 30000, 1000), 108000);
}
END_TEST

START_TEST(frame_rates_are_thousandths)
{
	ck_assert_uint_eq(rate_framerate(0), 0);
	ck_assert_uint_eq(rate_framerate(-1), 0);
	ck_assert_uint_eq(rate_framerate(NAN), 0);
	ck_assert_uint_eq(rate_framerate(29.97), 29970);
	ck_assert_uint_eq(rate_framerate(24000 / 1001.0), 23976);
	ck_assert_uint_eq(rate_framerate(0.00001), 1);
	ck_assert_uint_eq(rate_framerate(1e9), RATE_MAX_FRAMERATE);
	ck_assert_uint_eq(rate_framerate(INFINITY), RATE_MAX_FRAMERATE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rate");
	TCase *all = tcase_create("rate");
	SRunner *runner;
	int failed;

	tcase_add_test(all, macroblocks_are_rounded_up);
	tcase_add_test(all, the_largest_does_not_overflow);
	tcase_add_test(all, what_is_not_known_is_guessed);
	tcase_add_test(all, frame_rates_are_thousandths);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
