/* SPDX-License-Identifier: MIT */
/* The stateful encoder against every imitated driver. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/rig.h"

static struct rig rig;

static const struct fake_model *const encoders[] = {
	&fake_generic_encoder, &fake_generic_encoder_sp, &fake_vicodec_encoder,
	&fake_bcm2835_encoder, &fake_venus_encoder, &fake_s5p_mfc_encoder, &fake_coda_encoder,
};

#define N_ENCODERS ((int)(sizeof encoders / sizeof *encoders))

static bool has_control(const struct fake_model *model, uint32_t id)
{
	for (const struct fake_control *c = model->controls; c && c->id; c++)
		if (c->id == id)
			return true;
	return false;
}

/* Bytes of a picture of 640x368 in NV12 or YU12. */
#define PICTURE (640 * 368 * 3 / 2)

/* The driver writes parameter sets once only, or apart: the library puts them before key frames. */
static bool adds_headers(const struct fake_model *model)
{
	return model->coded[0].fourcc == V4L2_PIX_FMT_H264 &&
	       !has_control(model, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER);
}

static void start(const struct fake_model *model)
{
	rig_start(&rig, model);
	ck_assert_msg(rig_open_encoder(&rig, model->coded[0].fourcc, 640, 368, NULL) == WC_OK,
		      "%s (%s)", rig.error.message, strerror(rig.error.sys_errno));
}

static void encode(unsigned from, unsigned to, bool in_place)
{
	for (unsigned i = from; i < to; i++)
		ck_assert_msg(rig_encode(&rig, i, false, in_place) == 0, "%s (%s)",
			      rig.error.message, strerror(rig.error.sys_errno));
}

static void drain(void)
{
	ck_assert_msg(rig_drain(&rig) == 0, "%s (%s)", rig.error.message,
		      strerror(rig.error.sys_errno));
}

static void expect_in_order(unsigned n)
{
	ck_assert_uint_eq(rig.n_chunks, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(rig.seqs[i], i);
		ck_assert_int_eq(rig.timestamps[i], (int64_t)i * 40000 + 7);
	}
	ck_assert(rig.keys[0]);
}

START_TEST(all_chunks_come_out_in_order)
{
	start(encoders[_i]);
	encode(0, 50, true);
	drain();
	expect_in_order(50);
	/* Key frames of some drivers get parameter sets in front; pictures are never copied. */
	ck_assert_uint_lt(rig.core->counters.bytes_copied, 50 * 64);
	if (!adds_headers(encoders[_i]))
		ck_assert_uint_eq(rig.core->counters.bytes_copied, 0);
	rig_stop(&rig);
}
END_TEST

/* Nobody reads pictures again; chunks may be written into, in front of what the driver wrote. */
START_TEST(caches_are_left_alone)
{
	struct fake_model model = fake_generic_encoder;

	model.buf_caps |= V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS;
	start(&model);
	encode(0, 20, true);
	drain();
	expect_in_order(20);
	ck_assert_uint_eq(fake_no_invalidate(), 20);
	ck_assert_uint_eq(fake_no_clean(), 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(frames_of_other_memory_are_copied)
{
	start(encoders[_i]);
	encode(0, 20, false);
	drain();
	expect_in_order(20);
	ck_assert_uint_ge(rig.core->counters.bytes_copied, 20 * PICTURE);
	ck_assert_uint_lt(rig.core->counters.bytes_copied, 20 * PICTURE + 20 * 64);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_drained_encoder_goes_on)
{
	unsigned n = 0;

	start(encoders[_i]);
	for (unsigned round = 1; round <= 4; round++) {
		encode(n, n + 3 * round, true);
		n += 3 * round;
		drain();
		ck_assert_uint_eq(rig.n_chunks, n);
	}
	expect_in_order(n);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_key_frame_can_be_had_at_any_time)
{
	start(encoders[_i]);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(rig_encode(&rig, i, i % 5 == 0, true), 0);
	drain();
	expect_in_order(30);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_msg(rig.keys[i] || i % 5, "frame %u is no key frame", i);
	rig_stop(&rig);
}
END_TEST

/* A drain ends no group of pictures by itself. */
START_TEST(a_key_frame_can_be_had_after_a_drain)
{
	start(encoders[_i]);
	for (unsigned i = 0; i < 9; i++) {
		ck_assert_int_eq(rig_encode(&rig, i, i % 3 == 0, true), 0);
		if (i % 3 == 2)
			drain();
	}
	expect_in_order(9);
	for (unsigned i = 0; i < 9; i += 3)
		ck_assert_msg(rig.keys[i], "frame %u is no key frame", i);
	rig_stop(&rig);
}
END_TEST

/* Exactly those that were asked for: a group of pictures is longer, and nothing comes too early. */
START_TEST(only_the_frame_that_was_asked_for_is_a_key_frame)
{
	struct encoder_params params = { .bitstream_format = WC_BITSTREAM_ANNEXB,
					 .key_interval = 16 };

	rig_start(&rig, encoders[_i]);
	ck_assert_int_eq(rig_open_encoder(&rig, encoders[_i]->coded[0].fourcc, 640, 368, &params),
			 0);
	for (unsigned i = 0; i < 14; i++)
		ck_assert_int_eq(rig_encode(&rig, i, i == 7, i % 2), 0);
	drain();
	expect_in_order(14);
	for (unsigned i = 0; i < 14; i++)
		ck_assert_int_eq(rig.keys[i], i == 0 || i == 7);
	rig_stop(&rig);
}
END_TEST

/* A driver that keeps input back never has none: then the key frame comes a little early. */
START_TEST(a_driver_that_keeps_input_gives_a_key_frame_too)
{
	struct fake_model model = *encoders[_i];

	model.quirks.delay = 2;
	rig_start(&rig, &model);
	ck_assert_int_eq(rig_open_encoder(&rig, model.coded[0].fourcc, 640, 368, NULL), 0);
	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(rig_encode(&rig, i, i == 5, true), 0);
	drain();
	expect_in_order(9);
	ck_assert(rig.keys[3] || rig.keys[4] || rig.keys[5]);
	rig_stop(&rig);
}
END_TEST

/* The application keeps the frame open that the driver must give back. */
START_TEST(a_key_frame_does_not_wait_for_the_application)
{
	struct timing timing = { .timestamp = 7 };
	struct session_input input = { .quantizer = -1 };

	start(encoders[_i]);
	input.frame = rig.session->ops->alloc_frame(rig.session, &timing, &rig.error);
	ck_assert_ptr_nonnull(input.frame);
	rig_draw(input.frame, 0);
	ck_assert_int_eq(rig.session->ops->submit(rig.session, &input, &rig.error), 0);
	ck_assert_int_eq(rig_encode(&rig, 1, true, true), 0);
	wc_video_frame_unref(input.frame);
	drain();
	expect_in_order(2);
	ck_assert(rig.keys[1]);
	rig_stop(&rig);
}
END_TEST

static void reset_in_hook(struct rig *r, enum rig_event event)
{
	if (event == RIG_CHUNK && r->n_chunks == 3) {
		r->hook = NULL;
		ck_assert_int_eq(r->session->ops->reset(r->session, &r->error), 0);
	}
}

START_TEST(a_reset_inside_a_chunk_is_the_end_of_the_old)
{
	start(encoders[_i]);
	rig.hook = reset_in_hook;
	encode(0, 4, true);
	rig_await(&rig, 3);
	loop_dispatch(&rig.loop, 0);
	ck_assert_uint_eq(rig.n_chunks, 3);
	rig.n_chunks = 0;
	encode(0, 5, true);
	drain();
	expect_in_order(5);
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
	static const enum rig_event events[] = { RIG_CHUNK, RIG_READY, RIG_DRAINED };

	for (unsigned k = 0; k < 3; k++) {
		struct wc_error error;

		destroy_at = events[k];
		start(encoders[_i]);
		encode(0, 4, true);
		rig.hook = destroy_in_hook;
		if (destroy_at == RIG_READY)
			rig_encode_once(&rig, 4);
		else
			ck_assert_int_eq(rig.session->ops->drain(rig.session, &error), 0);
		while (rig.session)
			ck_assert_int_eq(loop_dispatch(&rig.loop, -1), 0);
		ck_assert_uint_eq(fake_open_files(RIG_PATH), 0);
		rig_stop(&rig);
	}
}
END_TEST

START_TEST(a_reset_in_each_state)
{
	struct wc_error error;

	start(encoders[_i]);
	for (unsigned state = 0; state < 5; state++) {
		encode(0, state ? 4 : 0, true);
		if (state == 2)                         /* DRAINING */
			ck_assert_int_eq(rig.session->ops->drain(rig.session, &error), 0);
		if (state == 3)                         /* ENDED */
			drain();
		if (state == 4)                         /* EMPTYING or RESTARTING */
			rig_encode_once(&rig, 4);
		ck_assert_int_eq(rig.session->ops->reset(rig.session, &error), 0);
		rig.n_chunks = 0;
		rig.n_drained = 0;
		encode(0, 5, state % 2);
		drain();
		expect_in_order(5);
		ck_assert_uint_eq(rig.n_drained, 1);
		rig.n_chunks = 0;
	}
	rig_stop(&rig);
}
END_TEST

START_TEST(chunks_in_canonical_form)
{
	const struct fake_model *model = encoders[_i];

	if (model->coded[0].fourcc != V4L2_PIX_FMT_H264)
		return;
	rig_start(&rig, model);
	rig.canonical = true;
	ck_assert_int_eq(rig_open_encoder(&rig, V4L2_PIX_FMT_H264, 640, 368, NULL), 0);
	encode(0, 25, true);
	drain();
	expect_in_order(25);
	/* Lengths go where start codes were. */
	ck_assert_uint_eq(rig.core->counters.bytes_copied, 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_profile_that_the_device_lacks_is_not_supported)
{
	rig_start(&rig, &fake_coda_encoder);
	rig.codec_string = "avc1.640028";
	ck_assert_int_eq(rig_open_encoder(&rig, V4L2_PIX_FMT_H264, 640, 368, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(rig.error.stage, WC_STAGE_FORMAT);
	/*
	 * Level 5.1 is beyond its menu, too; Constrained Baseline is what Baseline hardware makes.
	 */
	rig.codec_string = "avc1.420033";
	ck_assert_int_eq(rig_open_encoder(&rig, V4L2_PIX_FMT_H264, 640, 368, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	rig.codec_string = "avc1.42e01e";
	ck_assert_int_eq(rig_open_encoder(&rig, V4L2_PIX_FMT_H264, 640, 368, NULL), 0);
	rig_stop(&rig);
}
END_TEST

/* Extended is masked out of the menu: S_CTRL says EINVAL, not ERANGE. */
START_TEST(a_masked_profile_is_not_supported)
{
	rig_start(&rig, &fake_bcm2835_encoder);
	rig.codec_string = "avc1.58001e";
	ck_assert_int_eq(rig_open_encoder(&rig, V4L2_PIX_FMT_H264, 640, 368, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_stuck_device_is_an_error_not_a_hang)
{
	int ret = 0;

	start(encoders[_i]);
	encode(0, 3, true);
	fake_stall(RIG_PATH, true);
	for (unsigned i = 3; i < 20 && ret == 0; i++)
		ret = rig_encode(&rig, i, false, false);
	ck_assert_int_eq(ret, WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ETIMEDOUT);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_reset_leaves_nothing_behind)
{
	start(encoders[_i]);
	for (unsigned fed = 0; fed < 7; fed++) {
		encode(0, fed, true);
		ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
		rig.n_chunks = 0;
		loop_dispatch(&rig.loop, 0);
		ck_assert_uint_eq(rig.n_chunks, 0);
		encode(0, 5, fed % 2);
		drain();
		expect_in_order(5);
		rig.n_chunks = 0;
	}
	rig_stop(&rig);
}
END_TEST

START_TEST(rate_changes_while_it_runs)
{
	struct encoder_params params = { .bitrate = 1000000, .framerate = 30,
					 .bitstream_format = WC_BITSTREAM_ANNEXB };
	bool can = has_control(encoders[_i], V4L2_CID_MPEG_VIDEO_BITRATE);
	int ret;

	rig_start(&rig, encoders[_i]);
	ck_assert_int_eq(rig_open_encoder(&rig, encoders[_i]->coded[0].fourcc, 640, 368, &params),
			 0);
	encode(0, 10, true);
	params.bitrate = 2000000;
	ret = rig.session->ops->retune(rig.session, &params);
	ck_assert_int_eq(ret, can ? 0 : -ENOTSUP);
	if (can)
		ck_assert_int_eq(fake_control_value(RIG_PATH, V4L2_CID_MPEG_VIDEO_BITRATE),
				 2000000);
	encode(10, 20, true);
	drain();
	expect_in_order(20);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_chunk_too_large_for_its_buffer_is_an_error)
{
	start(encoders[_i]);
	encode(0, 3, true);
	drain();
	fake_set_encoded_size(RIG_PATH, 8u << 20);
	rig_encode(&rig, 3, false, true);
	rig_drain(&rig);
	/* Drivers tell it by the error flag; a piece of a chunk must never pass for one. */
	ck_assert_int_eq(rig.error.name, WC_ENCODING_ERROR);
	ck_assert_uint_eq(rig.n_chunks, 3);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_running_encoder_makes_five_calls_a_frame)
{
	start(encoders[_i]);
	encode(0, 20, true);
	fake_reset_counters();
	encode(20, 120, true);
	ck_assert_uint_eq(fake_eagains(), 0);
	ck_assert_uint_eq(fake_counter(FAKE_EPOLL_CTL), 0);
	ck_assert_uint_le(fake_counter(FAKE_QBUF) + fake_counter(FAKE_DQBUF), 404);
	drain();
	rig_stop(&rig);
}
END_TEST

START_TEST(a_device_that_vanishes_is_one_error)
{
	start(encoders[_i]);
	encode(0, 3, true);
	fake_unplug(RIG_PATH);
	rig_encode(&rig, 4, false, true);
	rig_drain(&rig);
	ck_assert_int_eq(rig.error.name, WC_OPERATION_ERROR);
	ck_assert_int_eq(rig.error.sys_errno, ENODEV);
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stateful encoder");
	TCase *all = tcase_create("all drivers");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, all_chunks_come_out_in_order, 0, N_ENCODERS);
	tcase_add_test(all, caches_are_left_alone);
	tcase_add_loop_test(all, frames_of_other_memory_are_copied, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_drained_encoder_goes_on, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_key_frame_can_be_had_at_any_time, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_key_frame_can_be_had_after_a_drain, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_reset_leaves_nothing_behind, 0, N_ENCODERS);
	tcase_add_loop_test(all, rate_changes_while_it_runs, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_chunk_too_large_for_its_buffer_is_an_error, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_running_encoder_makes_five_calls_a_frame, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_device_that_vanishes_is_one_error, 0, N_ENCODERS);
	tcase_add_loop_test(all, only_the_frame_that_was_asked_for_is_a_key_frame, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_driver_that_keeps_input_gives_a_key_frame_too, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_key_frame_does_not_wait_for_the_application, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_reset_inside_a_chunk_is_the_end_of_the_old, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_session_may_be_destroyed_inside_its_sink, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_reset_in_each_state, 0, N_ENCODERS);
	tcase_add_loop_test(all, chunks_in_canonical_form, 0, N_ENCODERS);
	tcase_add_loop_test(all, a_stuck_device_is_an_error_not_a_hang, 0, N_ENCODERS);
	tcase_add_test(all, a_profile_that_the_device_lacks_is_not_supported);
	tcase_add_test(all, a_masked_profile_is_not_supported);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
