/* SPDX-License-Identifier: MIT */
/*
 * Stateful sessions when things come late, in another order, all at once or not at all, and when
 * memory or descriptors run out in mid-stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "session/rig.h"
#include "session/stateful.h"

#define LARGE (1 << 20)

static struct rig rig;

static const struct fake_model *const decoders[] = {
	&fake_generic_decoder, &fake_vicodec_decoder, &fake_bcm2835_decoder, &fake_venus_decoder,
	&fake_s5p_mfc_decoder, &fake_coda_decoder,
};

static const struct fake_model *const encoders[] = {
	&fake_generic_encoder, &fake_vicodec_encoder, &fake_bcm2835_encoder, &fake_venus_encoder,
	&fake_s5p_mfc_encoder, &fake_coda_encoder,
};

#define N_DECODERS ((int)(sizeof decoders / sizeof *decoders))
#define N_ENCODERS ((int)(sizeof encoders / sizeof *encoders))

static void start(const struct fake_model *model)
{
	rig_start(&rig, model);
	ck_assert_int_eq(rig_open_decoder(&rig, model->coded[0].fourcc, 640, 368), WC_OK);
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Dispatch until the session fails or the fake says that nobody will ever wake up. */
static void await_failure(void)
{
	for (unsigned i = 0; i < 100 && !rig.n_failed && !fake_hangs(); i++)
		loop_dispatch(&rig.loop, -1);
	ck_assert_uint_eq(fake_hangs(), 0);
	ck_assert_uint_eq(rig.n_failed, 1);
	ck_assert_int_eq(rig.error.sys_errno, ETIMEDOUT);
}

/* Larger than the buffers that are there: a few are added, then submits wait as ever. */
START_TEST(large_chunks_find_room_or_wait)
{
	unsigned fed = 0;
	int ret = 0;

	start(decoders[_i]);
	while (fed < 100 && (ret = rig_feed_once(&rig, fed ? 0 : FAKE_CHUNK_KEY, LARGE)) == 0)
		fed++;
	if (decoders[_i]->quirks.no_create_bufs) {
		ck_assert_int_eq(ret, WC_ENCODING_ERROR);
		rig_stop(&rig);
		return;
	}
	ck_assert_int_eq(ret, SESSION_FULL);
	ck_assert_uint_le(fake_counter(FAKE_CREATE_BUFS), STATEFUL_INPUTS);
	rig.chunk.pad_size = LARGE;
	ck_assert_int_eq(rig_feed_many(&rig, 20, 0), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, fed + 20);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_input_buffer_without_memory_is_never_used)
{
	struct buffer *buffer;

	start(decoders[_i]);
	fake_fail_from(FAKE_EXPBUF, 1, EMFILE);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_ptr_null(rig.session->ops->alloc_input(rig.session, LARGE));
	ck_assert_uint_le(fake_counter(FAKE_CREATE_BUFS), 1);
	fake_fail_none();
	buffer = rig.session->ops->alloc_input(rig.session, LARGE);
	ck_assert_int_eq(!buffer, decoders[_i]->quirks.no_create_bufs);
	if (buffer) {
		ck_assert_uint_ge(buffer->objects[0].size, LARGE);
		buffer_unpin(buffer);
	}
	ck_assert_int_eq(rig_feed_many(&rig, 10, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 10);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_output_buffer_without_memory_is_never_used)
{
	start(decoders[_i]);
	rig_feed_many(&rig, 2, FAKE_CHUNK_KEY);
	rig_await(&rig, 2);
	rig.hold = 100;
	fake_fail_from(FAKE_EXPBUF, 1, EMFILE);
	ck_assert_int_eq(rig_feed_many(&rig, 20, 0), 0);
	rig_await(&rig, 22);
	ck_assert_uint_eq(rig.n_frames, 22);
	ck_assert_uint_le(fake_counter(FAKE_CREATE_BUFS), 1);
	fake_fail_none();
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_int_eq(rig_feed_many(&rig, 20, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 42);
	rig_stop(&rig);
}
END_TEST

static void feed_in_drained(struct rig *r, enum rig_event event)
{
	if (event != RIG_DRAINED)
		return;
	r->hook = NULL;
	ck_assert_int_eq(rig_feed_once(r, FAKE_CHUNK_KEY, 0), 0);
}

/* The end of a drain is seen before the inputs that the device has finished. */
START_TEST(the_end_may_be_seen_before_finished_inputs)
{
	start(decoders[_i]);
	fake_set_pace(FAKE_PACE_EAGER, 0);
	rig_feed(&rig, FAKE_CHUNK_KEY);
	rig_feed(&rig, FAKE_CHUNK_HIDDEN);
	rig_feed(&rig, 0);
	rig.hook = feed_in_drained;
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_int_eq(rig_feed(&rig, 0), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 4);
	rig_stop(&rig);
}
END_TEST

/* A drain begins while the end mark of the stream was not yet seen. */
START_TEST(a_drain_is_not_ended_by_an_end_mark_before_it)
{
	start(decoders[_i]);
	fake_set_pace(FAKE_PACE_EAGER, 0);
	rig_feed(&rig, FAKE_CHUNK_KEY);
	rig_await(&rig, 1);
	/* The firmware of bcm2835 looks at the flag of the buffer only, submit_eos_buf(). */
	rig_feed(&rig, decoders[_i] == &fake_bcm2835_decoder ? 0 : FAKE_CHUNK_EOS);
	rig_feed(&rig, FAKE_CHUNK_KEY);
	rig_feed(&rig, 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 4);
	ck_assert_int_eq(rig_feed(&rig, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 5);
	rig_stop(&rig);
}
END_TEST

/* STREAMOFF does not clear events. */
START_TEST(a_change_of_size_before_a_reset_is_forgotten)
{
	int64_t begin;

	start(decoders[_i]);
	rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
	rig_await(&rig, 3);
	fake_set_pace(FAKE_PACE_EAGER, 0);
	rig.chunk.width = 800;
	rig.chunk.height = 608;
	rig_feed(&rig, FAKE_CHUNK_KEY);
	ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
	rig_feed(&rig, FAKE_CHUNK_KEY);
	begin = now();
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_int_lt(now() - begin, 1000000);
	ck_assert_uint_eq(rig.n_frames, 4);
	ck_assert_uint_eq(rig.widths[3], 800);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_decoder_that_stops_after_its_header_is_an_error)
{
	int ret = 0;

	start(decoders[_i]);
	for (unsigned i = 0; i < 10 && ret == 0; i++)
		ret = rig_feed_once(&rig, i ? 0 : FAKE_CHUNK_KEY, 0);
	ck_assert_int_eq(ret, SESSION_FULL);
	for (unsigned i = 0; i < 50 && fake_counter(FAKE_STREAMON) < 2 && fake_step(); i++)
		loop_dispatch(&rig.loop, 0);
	fake_stall(RIG_PATH, true);
	fake_expect_hang(true);
	while (!rig.n_failed && !fake_hangs()) {
		loop_dispatch(&rig.loop, -1);
		if (rig.n_ready)
			while (rig_feed_once(&rig, 0, 0) == 0)
				rig.n_ready = 0;
	}
	await_failure();
	rig_stop(&rig);
}
END_TEST

/* dev-decoder.rst, Dynamic Resolution Change: the minimum number of buffers may change alone. */
START_TEST(the_stream_may_need_more_buffers)
{
	static const struct fake_model *const tellers[] = {
		&fake_generic_decoder, &fake_venus_decoder, &fake_s5p_mfc_decoder,
	};

	start(tellers[_i]);
	rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
	rig_await(&rig, 3);
	rig.chunk.reorder = 14;
	for (int i = 0; i < 40; i++) {
		rig.chunk.order = i;
		ck_assert_int_eq(rig_feed(&rig, i ? 0 : FAKE_CHUNK_KEY), 0);
	}
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 43);
	rig_stop(&rig);
}
END_TEST

START_TEST(chunks_that_the_application_keeps_block_nobody)
{
	struct buffer *kept[STATEFUL_INPUTS];
	unsigned n_kept = STATEFUL_INPUTS;

	start(decoders[_i]);
	for (unsigned i = 0; i < STATEFUL_INPUTS; i++) {
		kept[i] = rig.session->ops->alloc_input(rig.session, 1000);
		ck_assert_ptr_nonnull(kept[i]);
	}
	ck_assert_ptr_null(rig.session->ops->alloc_input(rig.session, 1000));
	if (decoders[_i]->quirks.no_create_bufs) {
		ck_assert_int_eq(rig_feed_once(&rig, FAKE_CHUNK_KEY, 0), SESSION_FULL);
		buffer_unpin(kept[--n_kept]);
		loop_dispatch(&rig.loop, 0);
	}
	ck_assert_int_eq(rig_feed_many(&rig, 30, FAKE_CHUNK_KEY), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 30);
	while (n_kept)
		buffer_unpin(kept[--n_kept]);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_header_may_take_its_time)
{
	start(decoders[_i]);
	rig_feed(&rig, FAKE_CHUNK_KEY);
	fake_stall(RIG_PATH, true);
	fake_advance_time(600000);
	loop_dispatch(&rig.loop, 0);
	loop_dispatch(&rig.loop, 0);
	fake_stall(RIG_PATH, false);
	ck_assert_uint_eq(rig.n_failed, 0);
	ck_assert_int_eq(rig_feed_many(&rig, 3, 0), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 4);
	rig_stop(&rig);
}
END_TEST

/* The application dispatches when the device is done and the time of the watchdog is up. */
START_TEST(a_late_application_loses_nothing)
{
	struct wc_error error;

	start(decoders[_i]);
	rig_feed_many(&rig, 4, FAKE_CHUNK_KEY);
	rig_await(&rig, 2);
	ck_assert_int_eq(rig.session->ops->drain(rig.session, &error), 0);
	while (fake_step())
		;
	fake_advance_time(3000000);
	while (!rig.n_drained)
		loop_dispatch(&rig.loop, -1);
	ck_assert_uint_eq(rig.n_frames, 4);
	ck_assert_uint_eq(rig.n_failed, 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(venus_may_drop_a_frame)
{
	start(&fake_venus_decoder);
	rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
	rig_feed(&rig, FAKE_CHUNK_DROPPED);
	ck_assert_int_eq(rig_feed_many(&rig, 3, 0), 0);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_frames, 6);
	rig_stop(&rig);
}
END_TEST

/* Elsewhere an error without a picture is one. */
START_TEST(an_empty_error_ends_the_session)
{
	start(&fake_generic_decoder);
	rig_feed_many(&rig, 3, FAKE_CHUNK_KEY);
	rig_feed(&rig, FAKE_CHUNK_DROPPED);
	ck_assert_int_eq(rig_drain(&rig), WC_ENCODING_ERROR);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_encoder_stuck_before_a_key_frame_is_an_error)
{
	struct encoder_params params = { .bitstream_format = WC_BITSTREAM_ANNEXB };
	const struct fake_model *model = encoders[_i];

	rig_start(&rig, model);
	ck_assert_int_eq(rig_open_encoder(&rig, model->coded[0].fourcc, 640, 368, &params), 0);
	rig_encode(&rig, 0, false, false);
	fake_stall(RIG_PATH, true);
	for (unsigned i = 1; i < STATEFUL_INPUTS; i++)
		rig_encode(&rig, i, false, false);
	ck_assert_int_eq(rig_encode_once(&rig, STATEFUL_INPUTS), SESSION_FULL);
	fake_expect_hang(true);
	await_failure();
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stateful adversity");
	TCase *all = tcase_create("all drivers");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, large_chunks_find_room_or_wait, 0, N_DECODERS);
	tcase_add_loop_test(all, an_input_buffer_without_memory_is_never_used, 0, N_DECODERS);
	tcase_add_loop_test(all, an_output_buffer_without_memory_is_never_used, 0, N_DECODERS);
	tcase_add_loop_test(all, the_end_may_be_seen_before_finished_inputs, 0, N_DECODERS);
	tcase_add_loop_test(all, a_drain_is_not_ended_by_an_end_mark_before_it, 0, N_DECODERS);
	tcase_add_loop_test(all, a_change_of_size_before_a_reset_is_forgotten, 0, N_DECODERS);
	tcase_add_loop_test(all, a_decoder_that_stops_after_its_header_is_an_error, 0, N_DECODERS);
	tcase_add_loop_test(all, the_stream_may_need_more_buffers, 0, 3);
	tcase_add_loop_test(all, chunks_that_the_application_keeps_block_nobody, 0, N_DECODERS);
	tcase_add_loop_test(all, a_header_may_take_its_time, 0, N_DECODERS);
	tcase_add_loop_test(all, a_late_application_loses_nothing, 0, N_DECODERS);
	tcase_add_test(all, venus_may_drop_a_frame);
	tcase_add_test(all, an_empty_error_ends_the_session);
	tcase_add_loop_test(all, an_encoder_stuck_before_a_key_frame_is_an_error, 0, N_ENCODERS);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
