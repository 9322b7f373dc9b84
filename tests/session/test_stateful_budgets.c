/* SPDX-License-Identifier: MIT */
/* Sessions within budgets of memory and of descriptors. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/rig.h"

static struct rig rig;

static const struct fake_model *const models[] = {
	&fake_generic_decoder, &fake_vicodec_decoder, &fake_venus_decoder,
	&fake_generic_encoder, &fake_vicodec_encoder, &fake_venus_encoder,
};

#define N_MODELS ((int)(sizeof models / sizeof *models))
#define N_DECODERS 3

static int open_session(void)
{
	uint32_t fourcc = rig.model->coded[0].fourcc;

	return rig.model->role == FAKE_DECODER ? rig_open_decoder(&rig, fourcc, 640, 368)
					       : rig_open_encoder(&rig, fourcc, 640, 368, NULL);
}

static int feed(unsigned n)
{
	int ret = 0;

	if (rig.model->role == FAKE_DECODER)
		return rig_feed_many(&rig, n, FAKE_CHUNK_KEY);
	for (unsigned i = 0; i < n && ret == 0; i++)
		ret = rig_encode(&rig, i, false, true);
	return ret;
}

static uint64_t used(unsigned kind)
{
	return memory_used(rig.core, kind);
}

/* Bytes of the driver that a session takes which has all it likes; at the end there is none. */
static uint64_t appetite(uint64_t *descriptors)
{
	uint64_t bytes;

	ck_assert_int_eq(open_session(), 0);
	ck_assert_int_eq(feed(4), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	bytes = used(WC_MEMORY_DRIVER);
	*descriptors = rig.core->counters.descriptors;
	rig_destroy(&rig);
	ck_assert_uint_eq(used(WC_MEMORY_DRIVER), 0);
	ck_assert_uint_eq(rig.core->counters.descriptors, 0);
	return bytes;
}

static void expect_refusal(int ret, enum wc_resource resource, uint64_t quota)
{
	ck_assert_int_eq(ret, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(rig.error.name, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(rig.error.resource, resource);
	ck_assert_uint_eq(rig.error.quota, quota);
	ck_assert_uint_gt(rig.error.requested, quota);
	ck_assert_str_eq(rig.error.device, RIG_PATH);
}

/* One after the other, for each size of the budget: it works or says why, and never exceeds it. */
START_TEST(a_session_keeps_to_a_memory_budget)
{
	uint64_t descriptors, bytes;
	unsigned worked = 0, refused = 0;

	rig_start(&rig, models[_i]);
	bytes = appetite(&descriptors);
	for (unsigned percent = 10; percent <= 100; percent += 10) {
		uint64_t limit = bytes * percent / 100;
		int ret;

		memory_set_limit(rig.core, WC_MEMORY_DRIVER, limit);
		rig.n_frames = 0;
		rig.n_chunks = 0;
		rig.n_failed = 0;
		ret = open_session();
		if (ret == 0)
			ret = feed(4);
		if (ret == 0)
			ret = rig_drain(&rig);
		ck_assert_uint_le(used(WC_MEMORY_DRIVER), limit);
		if (ret < 0)
			expect_refusal(ret, WC_RESOURCE_MEMORY, limit);
		else
			ck_assert_uint_eq(rig.n_frames + rig.n_chunks, 4);
		worked += ret == 0;
		refused += ret < 0;
		rig_destroy(&rig);
		ck_assert_uint_eq(used(WC_MEMORY_DRIVER), 0);
	}
	/* With less than all it likes it works, too. */
	ck_assert_uint_ge(worked, 2);
	ck_assert_uint_ge(refused, 1);
	rig_stop(&rig);
}
END_TEST

/* No more driver memory: what the application holds is copied out, as long as that is allowed. */
START_TEST(frames_are_copied_out_within_the_budget)
{
	uint64_t descriptors, bytes;

	rig_start(&rig, models[_i]);
	bytes = appetite(&descriptors);
	memory_set_limit(rig.core, WC_MEMORY_DRIVER, bytes);
	rig.n_frames = 0;
	rig.hold = 32;
	ck_assert_int_eq(open_session(), 0);
	ck_assert_int_eq(feed(20), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 20);
	ck_assert_uint_le(used(WC_MEMORY_DRIVER), bytes);
	ck_assert_uint_gt(used(WC_MEMORY_PLAIN), 0);
	/* There is room for more chunks, but not for another picture. */
	memory_set_limit(rig.core, WC_MEMORY_PLAIN, used(WC_MEMORY_PLAIN) + 640 * 368);
	feed(8);
	rig_drain(&rig);
	ck_assert_uint_eq(rig.n_failed, 1);
	expect_refusal(rig.error.name, WC_RESOURCE_MEMORY, memory_limit(rig.core, WC_MEMORY_PLAIN));
	ck_assert_uint_le(used(WC_MEMORY_PLAIN), memory_limit(rig.core, WC_MEMORY_PLAIN));
	rig_release_held(&rig);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_session_keeps_to_a_budget_of_descriptors)
{
	uint64_t descriptors;
	unsigned refused = 0;

	rig_start(&rig, models[_i]);
	appetite(&descriptors);
	for (unsigned limit = 1; limit < descriptors; limit++) {
		int ret;

		descriptors_set_limit(rig.core, limit);
		rig.n_failed = 0;
		ret = open_session();
		if (ret == 0)
			ret = feed(1);
		if (ret == 0)
			ret = rig_drain(&rig);
		ck_assert_uint_le(rig.core->counters.descriptors, limit);
		if (ret < 0)
			expect_refusal(ret, WC_RESOURCE_DESCRIPTORS, limit);
		refused += ret < 0;
		rig_destroy(&rig);
		ck_assert_uint_eq(rig.core->counters.descriptors, 0);
	}
	ck_assert_uint_ge(refused, 2);
	descriptors_set_limit(rig.core, descriptors);
	rig.n_failed = 0;
	ck_assert_int_eq(open_session(), 0);
	ck_assert_int_eq(feed(4), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	/* Not even the device. */
	descriptors_set_limit(rig.core, 1);
	rig_destroy(&rig);
	ck_assert_int_eq(descriptors_take(rig.core, 1), 0);
	expect_refusal(open_session(), WC_RESOURCE_DESCRIPTORS, 1);
	descriptors_give(rig.core, 1);
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stateful budgets");
	TCase *all = tcase_create("budgets");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, a_session_keeps_to_a_memory_budget, 0, N_MODELS);
	tcase_add_loop_test(all, frames_are_copied_out_within_the_budget, 0, N_DECODERS);
	tcase_add_loop_test(all, a_session_keeps_to_a_budget_of_descriptors, 0, N_MODELS);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
