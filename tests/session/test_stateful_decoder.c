/* SPDX-License-Identifier: MIT */
/* The stateful decoder against every imitated driver. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "session/rig.h"
#include "v4l2/format.h"

static struct rig rig;

static const struct fake_model *const decoders[] = {
	&fake_generic_decoder, &fake_generic_decoder_sp, &fake_vicodec_decoder,
	&fake_bcm2835_decoder, &fake_venus_decoder, &fake_s5p_mfc_decoder, &fake_coda_decoder,
};

#define N_DECODERS ((int)(sizeof decoders / sizeof *decoders))

static void start(const struct fake_model *model)
{
	rig_start(&rig, model);
	ck_assert_int_eq(rig_open_decoder(&rig, model->coded[0].fourcc, 640, 368), WC_OK);
}

static void expect_in_order(unsigned n)
{
	ck_assert_uint_eq(rig.n_frames, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(rig.seqs[i], i);
		ck_assert_int_eq(rig.timestamps[i], (int64_t)i * 33333 - 100000);
	}
}

START_TEST(all_frames_come_out_in_order)
{
	start(decoders[_i]);
	ck_assert_int_eq(rig_feed_many(&rig, 50, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(50);
	ck_assert_uint_eq(rig.n_failed, 0);
	rig_stop(&rig);
}
END_TEST

/* Nobody reads chunks again, or writes into pictures. Of imports the driver heeds nothing. */
START_TEST(caches_are_left_alone)
{
	struct fake_model model = fake_generic_decoder;

	model.buf_caps |= V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS;
	start(&model);
	ck_assert_int_eq(rig_feed_many(&rig, 50, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(50);
	ck_assert_uint_eq(fake_no_invalidate(), 50);
	if (fake_attaches())
		ck_assert_uint_eq(fake_no_clean(), 0);
	else
		ck_assert_uint_gt(fake_no_clean(), 25);
	rig_stop(&rig);
}
END_TEST

static void expect_fourcc(const struct fake_model *model, uint32_t wished, uint32_t wanted)
{
	rig_start(&rig, model);
	rig.wished = wished;
	ck_assert_int_eq(rig_open_decoder(&rig, model->coded[0].fourcc, 640, 368), WC_OK);
	ck_assert_int_eq(rig_feed_many(&rig, 3, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(3);
	ck_assert_uint_eq(rig.fourcc, wanted);
	rig_stop(&rig);
}

START_TEST(frames_come_in_the_wished_format)
{
	const struct fake_model *model = decoders[_i];
	uint32_t first = 0;

	for (const struct fake_format *raw = model->raw; raw->fourcc; raw++) {
		uint32_t fourcc = raw_format_to_drm(raw->fourcc);

		if (!fourcc)
			continue;
		first = first ? first : fourcc;
		/* It lists formats of other samplings, too, and cannot decode to them. */
		if (model == &fake_vicodec_decoder && fourcc != DRM_FORMAT_NV12)
			continue;
		expect_fourcc(model, fourcc, fourcc);
	}
	if (model == &fake_vicodec_decoder)
		expect_fourcc(model, DRM_FORMAT_YUV422, first);
	/* Of no device here: it is a wish, not a demand. */
	expect_fourcc(model, DRM_FORMAT_ABGR16161616F, first);
}
END_TEST

START_TEST(a_drained_decoder_goes_on)
{
	start(decoders[_i]);
	for (unsigned round = 1; round <= 4; round++) {
		ck_assert_msg(rig_feed_many(&rig, round * 3, FAKE_CHUNK_KEY) == 0, "%s (%s)",
			      rig.error.message, strerror(rig.error.sys_errno));
		ck_assert_int_eq(rig_drain(&rig), 0);
		ck_assert_int_eq(rig_drain(&rig), 0);
		ck_assert_uint_eq(rig.n_drained, 2 * round);
	}
	expect_in_order(3 + 6 + 9 + 12);
	rig_stop(&rig);
}
END_TEST

START_TEST(the_size_may_change)
{
	static const uint32_t sizes[][2] = { { 1280, 720 }, { 640, 368 }, { 1920, 1088 },
					     { 800, 608 }, { 800, 608 } };

	start(decoders[_i]);
	rig_feed_many(&rig, 5, FAKE_CHUNK_KEY);
	for (int i = 0; i < 5; i++) {
		rig.chunk.width = sizes[i][0];
		rig.chunk.height = sizes[i][1];
		ck_assert_int_eq(rig_feed_many(&rig, 2, FAKE_CHUNK_KEY), 0);
	}
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(15);
	ck_assert_uint_eq(rig.widths[0], 640);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(rig.widths[5 + i], sizes[i / 2][0]);
	rig_stop(&rig);
}
END_TEST

START_TEST(the_application_may_hold_all_frames)
{
	start(decoders[_i]);
	rig.hold = 32;
	ck_assert_int_eq(rig_feed_many(&rig, 40, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(40);
	ck_assert_uint_eq(rig.n_held, 32);
	rig_destroy(&rig);
	ck_assert_uint_eq(fake_open_files(RIG_PATH), 0);
	/* Still readable, each its own picture. */
	for (unsigned i = 0; i < rig.n_held; i++) {
		struct wc_video_frame_mapping mapping;

		ck_assert_int_eq(wc_video_frame_map(rig.held[i], WC_MAP_READ, &mapping), WC_OK);
		wc_video_frame_unmap(rig.held[i]);
	}
	rig_stop(&rig);
}
END_TEST

START_TEST(a_reset_leaves_nothing_behind)
{
	start(decoders[_i]);
	for (unsigned fed = 0; fed < 9; fed++) {
		unsigned before;

		rig_feed_many(&rig, fed, FAKE_CHUNK_KEY);
		if (fed % 3 == 1)
			loop_dispatch(&rig.loop, 0);
		ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
		before = rig.n_frames;
		loop_dispatch(&rig.loop, 0);
		ck_assert_uint_eq(rig.n_frames, before);
		rig.n_frames = 0;
		rig.chunk.seq = 0;
		rig_feed_many(&rig, 6, FAKE_CHUNK_KEY);
		ck_assert_msg(rig_drain(&rig) == 0, "%s (%s)", rig.error.message,
			      strerror(rig.error.sys_errno));
		expect_in_order(6);
		rig.n_frames = 0;
		rig.chunk.seq = 0;
	}
	rig_stop(&rig);
}
END_TEST

START_TEST(a_corrupt_frame_is_one_error)
{
	start(decoders[_i]);
	rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
	rig_feed(&rig, FAKE_CHUNK_CORRUPT);
	ck_assert_int_eq(rig_drain(&rig), WC_ENCODING_ERROR);
	ck_assert_uint_eq(rig.n_failed, 1);
	ck_assert_uint_eq(rig.n_frames, 3);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_large_chunk_is_never_cut)
{
	int ret;

	start(decoders[_i]);
	rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
	rig.chunk.pad_size = 3u << 20;
	ret = rig_feed(&rig, FAKE_CHUNK_KEY);
	rig.chunk.pad_size = 0;
	if (ret == 0) {
		rig_feed_many(&rig, 3, 0);
		ck_assert_int_eq(rig_drain(&rig), 0);
		expect_in_order(7);
	} else {
		ck_assert_int_eq(ret, WC_ENCODING_ERROR);
		ck_assert_ptr_nonnull(strstr(rig.error.message, "larger"));
	}
	rig_stop(&rig);
}
END_TEST

START_TEST(a_running_decoder_makes_five_calls_a_frame)
{
	start(decoders[_i]);
	rig_feed_many(&rig, 30, FAKE_CHUNK_KEY);
	fake_reset_counters();
	rig.n_frames = 0;
	rig_feed_many(&rig, 100, 0);
	ck_assert_uint_eq(fake_eagains(), 0);
	ck_assert_uint_eq(fake_counter(FAKE_EPOLL_CTL), 0);
	ck_assert_uint_eq(fake_counter(FAKE_DQEVENT), 0);
	ck_assert_uint_le(fake_counter(FAKE_QBUF) + fake_counter(FAKE_DQBUF), 404);
	rig_drain(&rig);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_device_that_vanishes_is_one_error)
{
	start(decoders[_i]);
	rig_feed_many(&rig, 10, FAKE_CHUNK_KEY);
	fake_unplug(RIG_PATH);
	rig_drain(&rig);
	ck_assert_int_eq(rig.error.name, WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ENODEV);
	ck_assert_uint_le(rig.n_failed, 1);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_stuck_device_is_an_error_not_a_hang)
{
	start(decoders[_i]);
	rig_feed_many(&rig, 10, FAKE_CHUNK_KEY);
	fake_stall(RIG_PATH, true);
	ck_assert_int_eq(rig_drain(&rig), WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ETIMEDOUT);
	rig_stop(&rig);
}
END_TEST

static bool is_h264(const struct fake_model *model)
{
	return model->coded[0].fourcc == V4L2_PIX_FMT_H264;
}

START_TEST(chunks_in_canonical_form)
{
	if (!is_h264(decoders[_i]))
		return;
	rig_start(&rig, decoders[_i]);
	rig.chunk = (struct fake_chunk) { .codec = V4L2_PIX_FMT_H264, .width = 640, .height = 368 };
	rig.canonical = true;
	ck_assert_int_eq(rig_open_decoder(&rig, V4L2_PIX_FMT_H264, 640, 368), WC_OK);
	ck_assert_int_eq(rig_feed_many(&rig, 20, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_feed_many(&rig, 10, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(30);
	rig_stop(&rig);
}
END_TEST

START_TEST(frames_come_in_display_order)
{
	static const int32_t order[] = { 0, 4, 2, 1, 3, 8, 6, 5, 7 };

	start(decoders[_i]);
	for (unsigned i = 0; i < 9; i++) {
		rig.chunk.reorder = 2;
		rig.chunk.seq = (uint32_t)order[i];
		rig.chunk.order = order[i];
		ck_assert_int_eq(rig_feed(&rig, i ? 0 : FAKE_CHUNK_KEY), 0);
	}
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(9);
	rig_stop(&rig);
}
END_TEST

/* An end of sequence in the stream begins a drain nobody asked for: dev-decoder.rst, Drain. */
START_TEST(an_end_mark_in_the_stream_is_passed_over)
{
	/* Its firmware ends only with the flag of an input buffer, submit_eos_buf(). */
	if (decoders[_i] == &fake_bcm2835_decoder)
		return;
	start(decoders[_i]);
	rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
	ck_assert_int_eq(rig_feed(&rig, FAKE_CHUNK_EOS), 0);
	ck_assert_int_eq(rig_feed_many(&rig, 5, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_feed(&rig, FAKE_CHUNK_EOS), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(10);
	ck_assert_uint_eq(rig.n_drained, 1);
	ck_assert_int_eq(rig_feed_many(&rig, 3, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(13);
	rig_stop(&rig);
}
END_TEST

START_TEST(the_size_may_change_in_a_drain_with_all_frames_held)
{
	start(decoders[_i]);
	rig.hold = 30;
	ck_assert_int_eq(rig_feed_many(&rig, 22, FAKE_CHUNK_KEY), 0);
	rig.chunk.width = 1280;
	rig.chunk.height = 720;
	ck_assert_int_eq(rig_feed_many(&rig, 2, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(24);
	ck_assert_uint_eq(rig.widths[21], 640);
	ck_assert_uint_eq(rig.widths[23], 1280);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_reset_in_each_state)
{
	struct wc_error error;

	start(decoders[_i]);
	for (unsigned state = 0; state < 5; state++) {
		rig_feed_many(&rig, state ? 3 : 0, FAKE_CHUNK_KEY);
		if (state >= 2)                         /* RUNNING */
			rig_await(&rig, 1);
		if (state == 3)                         /* DRAINING */
			ck_assert_int_eq(rig.session->ops->drain(rig.session, &error), 0);
		if (state == 4)                         /* ENDED */
			ck_assert_int_eq(rig_drain(&rig), 0);
		ck_assert_int_eq(rig.session->ops->reset(rig.session, &error), 0);
		rig.n_drained = 0;
		rig.n_frames = 0;
		rig.chunk.seq = 0;
		ck_assert_int_eq(rig_feed_many(&rig, 5, FAKE_CHUNK_KEY), 0);
		ck_assert_int_eq(rig_drain(&rig), 0);
		expect_in_order(5);
		ck_assert_uint_eq(rig.n_drained, 1);
		rig.n_frames = 0;
		rig.chunk.seq = 0;
	}
	rig_stop(&rig);
}
END_TEST

static void reset_in_hook(struct rig *r, enum rig_event event)
{
	if (event != RIG_FRAME || r->n_frames != 2)
		return;
	r->hook = NULL;
	ck_assert_int_eq(r->session->ops->reset(r->session, &r->error), 0);
}

START_TEST(a_reset_inside_a_frame_is_the_end_of_the_old)
{
	start(decoders[_i]);
	rig.hook = reset_in_hook;
	ck_assert_int_eq(rig_feed_many(&rig, 4, FAKE_CHUNK_KEY), 0);
	rig_await(&rig, 2);
	loop_dispatch(&rig.loop, 0);
	ck_assert_uint_eq(rig.n_frames, 2);
	rig.n_frames = 0;
	rig.chunk.seq = 0;
	ck_assert_int_eq(rig_feed_many(&rig, 6, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(6);
	rig_stop(&rig);
}
END_TEST

static enum rig_event destroy_at;

static void destroy_in_hook(struct rig *r, enum rig_event event)
{
	if (event == destroy_at)
		rig_destroy_inside(r);
}

START_TEST(a_session_may_be_destroyed_inside_its_sink)
{
	static const enum rig_event events[] = { RIG_FRAME, RIG_DRAINED, RIG_FAILED };

	for (unsigned k = 0; k < 3; k++) {
		struct wc_error error;

		destroy_at = events[k];
		start(decoders[_i]);
		rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
		if (destroy_at == RIG_FAILED)
			rig_feed(&rig, FAKE_CHUNK_CORRUPT);
		rig.hook = destroy_in_hook;
		ck_assert_int_eq(rig.session->ops->drain(rig.session, &error), 0);
		while (rig.session)
			ck_assert_int_eq(loop_dispatch(&rig.loop, -1), 0);
		ck_assert_uint_eq(fake_open_files(RIG_PATH), 0);
		rig_stop(&rig);
	}
}
END_TEST

static void *release_all(void *arg)
{
	rig_release_held(arg);
	return NULL;
}

/* Frames go back from another thread; the loop gives them to the driver. */
START_TEST(frames_may_be_released_in_another_thread)
{
	pthread_t thread;

	start(decoders[_i]);
	rig.hold = 6;
	for (unsigned round = 0; round < 6; round++) {
		ck_assert_int_eq(rig_feed_many(&rig, 8, FAKE_CHUNK_KEY), 0);
		ck_assert_int_eq(pthread_create(&thread, NULL, release_all, &rig), 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
	}
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(48);
	/* The last ones after the session's end. */
	rig_destroy(&rig);
	ck_assert_int_eq(pthread_create(&thread, NULL, release_all, &rig), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	rig_stop(&rig);
}
END_TEST

/* Whoever keeps the marked buffer back loses one a drain: 100 are more than there are. */
START_TEST(drains_do_not_wear_the_decoder_out)
{
	start(decoders[_i]);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert_int_eq(rig_feed(&rig, FAKE_CHUNK_KEY), 0);
		ck_assert_int_eq(rig_drain(&rig), 0);
	}
	expect_in_order(100);
	rig_stop(&rig);
}
END_TEST

/* Each way in which drivers mark the last buffer, with and without a frame to mark. */
START_TEST(a_drain_ends_however_the_driver_says_it)
{
	/* FAKE_LAST_ALL is s5p-mfc, which needs its row of the quirk table. */
	static const enum fake_last ends[] = {
		FAKE_LAST_ON_FRAME, FAKE_LAST_EMPTY, FAKE_LAST_FRAME_OR_EPIPE,
		FAKE_LAST_UNFLAGGED, FAKE_LAST_EPIPE, FAKE_LAST_NEVER,
	};
	struct fake_model model = fake_generic_decoder;

	model.quirks.drain_end = ends[_i];
	if (ends[_i] != FAKE_LAST_UNFLAGGED && ends[_i] != FAKE_LAST_NEVER)
		model.quirks.change_end = ends[_i];
	start(&model);
	ck_assert_int_eq(rig_feed_many(&rig, 5, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_int_eq(rig_feed_many(&rig, 5, FAKE_CHUNK_KEY), 0);
	rig_await(&rig, 10);
	ck_assert_int_eq(rig_drain(&rig), 0);
	rig.chunk.width = 1280;
	rig.chunk.height = 720;
	ck_assert_int_eq(rig_feed_many(&rig, 5, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(15);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_device_that_stops_for_good_is_an_error_not_a_hang)
{
	int ret = 0;

	start(decoders[_i]);
	rig_feed_many(&rig, 6, FAKE_CHUNK_KEY);
	fake_stall(RIG_PATH, true);
	for (unsigned i = 0; i < 20 && ret == 0; i++)
		ret = rig_feed(&rig, 0);
	ck_assert_int_eq(ret, WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ETIMEDOUT);
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stateful decoder");
	TCase *all = tcase_create("all drivers");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, all_frames_come_out_in_order, 0, N_DECODERS);
	tcase_add_test(all, caches_are_left_alone);
	tcase_add_loop_test(all, frames_come_in_the_wished_format, 0, N_DECODERS);
	tcase_add_loop_test(all, a_drained_decoder_goes_on, 0, N_DECODERS);
	tcase_add_loop_test(all, the_size_may_change, 0, N_DECODERS);
	tcase_add_loop_test(all, the_application_may_hold_all_frames, 0, N_DECODERS);
	tcase_add_loop_test(all, a_reset_leaves_nothing_behind, 0, N_DECODERS);
	tcase_add_loop_test(all, a_corrupt_frame_is_one_error, 0, N_DECODERS);
	tcase_add_loop_test(all, a_large_chunk_is_never_cut, 0, N_DECODERS);
	tcase_add_loop_test(all, a_running_decoder_makes_five_calls_a_frame, 0, N_DECODERS);
	tcase_add_loop_test(all, a_device_that_vanishes_is_one_error, 0, N_DECODERS);
	tcase_add_loop_test(all, a_stuck_device_is_an_error_not_a_hang, 0, N_DECODERS);
	tcase_add_loop_test(all, chunks_in_canonical_form, 0, N_DECODERS);
	tcase_add_loop_test(all, frames_come_in_display_order, 0, N_DECODERS);
	tcase_add_loop_test(all, drains_do_not_wear_the_decoder_out, 0, N_DECODERS);
	tcase_add_loop_test(all, a_reset_in_each_state, 0, N_DECODERS);
	tcase_add_loop_test(all, an_end_mark_in_the_stream_is_passed_over, 0,
			    N_DECODERS);
	tcase_add_loop_test(all, the_size_may_change_in_a_drain_with_all_frames_held, 0,
			    N_DECODERS);
	tcase_add_loop_test(all, a_reset_inside_a_frame_is_the_end_of_the_old, 0,
			    N_DECODERS);
	tcase_add_loop_test(all, a_session_may_be_destroyed_inside_its_sink, 0,
			    N_DECODERS);
	tcase_add_loop_test(all, frames_may_be_released_in_another_thread, 0,
			    N_DECODERS);
	tcase_add_loop_test(all, a_device_that_stops_for_good_is_an_error_not_a_hang, 0,
			    N_DECODERS);
	tcase_add_loop_test(all, a_drain_ends_however_the_driver_says_it, 0, 6);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
