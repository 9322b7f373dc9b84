/* SPDX-License-Identifier: MIT */
/*
 * The stateful decoder in memory that the application decided on: the driver imports it and knows
 * each buffer by one index, or does not take it, and then frames are in the driver's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/rig.h"
#include "session/rig_memory.h"
#include "session/stateful.h"

static struct rig rig;

static const struct fake_model *const decoders[] = {
	&fake_generic_decoder, &fake_generic_decoder_sp, &fake_vicodec_decoder,
	&fake_bcm2835_decoder, &fake_venus_decoder, &fake_s5p_mfc_decoder, &fake_coda_decoder,
};

#define N_DECODERS ((int)(sizeof decoders / sizeof *decoders))

static bool imports(const struct fake_model *model)
{
	return model->memory & V4L2_BUF_CAP_SUPPORTS_DMABUF;
}

static struct stateful *inside(void)
{
	return container_of(rig.session, struct stateful, base);
}

static uint64_t bytes_of(enum wc_memory_kind kind)
{
	return rig.core->counters.bytes_by_kind[kind];
}

static int open_decoder(const struct fake_model *model)
{
	return rig_open_decoder(&rig, model->coded[0].fourcc, 640, 368);
}

static void start(const struct fake_model *model)
{
	rig_start(&rig, model);
	ck_assert_int_eq(open_decoder(model), WC_OK);
}

static void decode(unsigned n)
{
	ck_assert_msg(rig_feed_many(&rig, n, FAKE_CHUNK_KEY) == 0, "%s", rig.error.message);
	ck_assert_msg(rig_drain(&rig) == 0, "%s", rig.error.message);
}

static void expect_in_order(unsigned n)
{
	ck_assert_uint_eq(rig.n_frames, n);
	ck_assert_uint_eq(rig.n_failed, 0);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(rig.seqs[i], i);
}

static void expect_refusal(const char *why)
{
	ck_assert_uint_eq(rig.n_warnings, 1);
	ck_assert_msg(strstr(rig.warning, "does not import") && strstr(rig.warning, why), "%s",
		      rig.warning);
	ck_assert(!stateful_has_imports(inside()));
}

START_TEST(frames_are_in_the_memory_decided_on)
{
	start(decoders[_i]);
	rig.hold = 1;
	decode(20);
	expect_in_order(20);
	ck_assert_int_eq(stateful_has_imports(inside()), imports(decoders[_i]));
	ck_assert_int_eq(rig.held[0]->memory,
			 imports(decoders[_i]) ? WC_MEMORY_UDMABUF : WC_MEMORY_DRIVER);
	if (imports(decoders[_i]))
		ck_assert_uint_eq(rig.n_warnings, 0);
	else
		expect_refusal(strerror(EINVAL));
	rig_stop(&rig);
}
END_TEST

/* One buffer, one index, always: whatever happens, the driver maps each memory plane once. */
START_TEST(each_buffer_is_attached_once)
{
	unsigned planes;

	if (!imports(decoders[_i]))
		return;
	start(decoders[_i]);
	rig.hold = 12;
	decode(40);
	rig_release_held(&rig);
	decode(40);
	expect_in_order(80);
	planes = inside()->out.n_buffers * inside()->out.format.n_planes;
	ck_assert_uint_eq(fake_attaches(), planes);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_reset_keeps_the_buffers)
{
	unsigned made;

	if (!imports(decoders[_i]))
		return;
	start(decoders[_i]);
	decode(10);
	made = rig_memory_made;
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
		rig.n_frames = rig.chunk.seq = 0;
		decode(10);
		expect_in_order(10);
	}
	/* Some drivers want the queue set up anew. */
	if (decoders[_i] == &fake_generic_decoder)
		ck_assert_uint_eq(rig_memory_made, made);
	ck_assert(stateful_has_imports(inside()));
	rig_stop(&rig);
}
END_TEST

START_TEST(frames_outlive_a_change_of_size_and_the_session)
{
	uint64_t bytes;

	if (!imports(decoders[_i]))
		return;
	start(decoders[_i]);
	rig.hold = 6;
	decode(8);
	rig.chunk.width = 1280;
	rig.chunk.height = 720;
	rig.hold = 12;
	decode(8);
	expect_in_order(16);
	ck_assert_uint_eq(rig.n_held, 12);
	ck_assert(stateful_has_imports(inside()));
	rig_destroy(&rig);
	ck_assert_uint_eq(fake_open_files(RIG_PATH), 0);
	/* Of each held frame the memory, and nothing else, is left. */
	bytes = 0;
	for (unsigned i = 0; i < rig.n_held; i++) {
		struct wc_video_frame_mapping mapping;

		ck_assert_int_eq(wc_video_frame_map(rig.held[i], WC_MAP_READ, &mapping), WC_OK);
		wc_video_frame_unmap(rig.held[i]);
		if (rig.held[i]->memory == WC_MEMORY_UDMABUF)
			bytes += rig.held[i]->buffer->bytes;
	}
	ck_assert_uint_gt(bytes, 0);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_UDMABUF), bytes);
	rig_stop(&rig);
}
END_TEST

/* Its driver keeps a context as long as memory of it is exported. */
START_TEST(the_context_goes_before_the_frames)
{
	struct fake_model model = fake_bcm2835_decoder;

	model.context_limit = 1;
	model.limit_stage = FAKE_STAGE_OPEN;
	model.limit_errno = EBUSY;
	start(&model);
	rig.hold = 4;
	decode(8);
	rig_destroy(&rig);
	ck_assert_uint_eq(rig.n_held, 4);
	ck_assert_uint_eq(fake_contexts(RIG_PATH), 0);
	ck_assert_int_eq(open_decoder(&model), WC_OK);
	decode(8);
	rig_stop(&rig);
}
END_TEST

/* When the application has all that there may be, frames are copied: with caches in order. */
START_TEST(copies_are_made_when_there_is_no_other_way)
{
	if (!imports(decoders[_i]))
		return;
	start(decoders[_i]);
	rig.hold = 40;
	decode(60);
	expect_in_order(60);
	ck_assert_uint_gt(inside()->bytes_copied, 0);
	ck_assert_uint_gt(bytes_of(WC_MEMORY_PLAIN), 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(frames_are_for_reading)
{
	struct wc_video_frame_mapping mapping;

	start(&fake_generic_decoder);
	rig.hold = 1;
	decode(3);
	ck_assert_int_lt(wc_video_frame_map(rig.held[0], WC_MAP_WRITE, &mapping), 0);
	rig_stop(&rig);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

/* The queue of the input side asks once, before. */
START_TEST(a_refused_request_is_the_end_of_it)
{
	start(decoders[_i]);
	fake_fail(FAKE_REQBUFS, 1, EINVAL);
	decode(6);
	expect_in_order(6);
	expect_refusal(strerror(EINVAL));
	rig.chunk.width = 1280;
	rig.chunk.height = 720;
	decode(6);
	expect_in_order(12);
	/* It was not asked again. */
	expect_refusal(strerror(EINVAL));
	ck_assert_uint_eq(bytes_of(WC_MEMORY_UDMABUF), 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_refused_buffer_is_the_end_of_it)
{
	for (unsigned nth = 1; nth <= 3; nth++) {
		start(decoders[_i]);
		/* The chunk is with the driver before the size is known. */
		ck_assert_int_eq(rig_feed(&rig, FAKE_CHUNK_KEY), 0);
		fake_fail(FAKE_QBUF, nth, EFAULT);
		while (fake_fail_pending())
			ck_assert_int_eq(loop_dispatch(&rig.loop, -1), 0);
		decode(6);
		expect_in_order(7);
		expect_refusal(strerror(EFAULT));
		ck_assert_uint_eq(bytes_of(WC_MEMORY_UDMABUF), 0);
		rig_stop(&rig);
	}
}
END_TEST

START_TEST(without_memory_it_is_the_drivers)
{
	for (unsigned nth = 2; nth < 6; nth++) {
		start(decoders[_i]);
		rig_memory_fail_from = nth;
		decode(6);
		expect_in_order(6);
		ck_assert_uint_eq(rig.n_warnings, 1);
		ck_assert(!stateful_has_imports(inside()));
		ck_assert_uint_eq(bytes_of(WC_MEMORY_UDMABUF), 0);
		rig_stop(&rig);
	}
}
END_TEST

/* What cannot be had later is done without. */
START_TEST(growth_without_memory_is_borne)
{
	if (!imports(decoders[_i]))
		return;
	start(decoders[_i]);
	decode(6);
	rig_memory_fail_from = 1;
	rig.hold = 20;
	decode(30);
	expect_in_order(36);
	ck_assert(stateful_has_imports(inside()));
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stateful output imports");
	TCase *all = tcase_create("all drivers");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, frames_are_in_the_memory_decided_on, 0, N_DECODERS);
	tcase_add_loop_test(all, each_buffer_is_attached_once, 0, N_DECODERS);
	tcase_add_loop_test(all, a_reset_keeps_the_buffers, 0, N_DECODERS);
	tcase_add_loop_test(all, frames_outlive_a_change_of_size_and_the_session, 0, N_DECODERS);
	tcase_add_test(all, the_context_goes_before_the_frames);
	tcase_add_loop_test(all, copies_are_made_when_there_is_no_other_way, 0, N_DECODERS);
	tcase_add_test(all, frames_are_for_reading);
	tcase_add_loop_test(all, a_refused_request_is_the_end_of_it, 0, N_DECODERS);
	tcase_add_loop_test(all, a_refused_buffer_is_the_end_of_it, 0, 2);
	tcase_add_loop_test(all, without_memory_it_is_the_drivers, 0, N_DECODERS);
	tcase_add_loop_test(all, growth_without_memory_is_borne, 0, N_DECODERS);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
