/* SPDX-License-Identifier: MIT */
/* The stateful decoder while it is throttled, against every imitated driver. */
#include <stdlib.h>

#include "session/rig.h"
#include "session/stateful.h"
#include "util/clock.h"

#define REST 20000

static struct rig rig;
static unsigned most_queued;       /* buffers that the driver had when a frame came */
static int64_t last_frame;         /* when it came; 0: none came yet */

static const struct fake_model *const decoders[] = {
	&fake_generic_decoder, &fake_generic_decoder_sp, &fake_vicodec_decoder,
	&fake_bcm2835_decoder, &fake_venus_decoder, &fake_s5p_mfc_decoder, &fake_coda_decoder,
};

#define N_DECODERS ((int)(sizeof decoders / sizeof *decoders))

static struct stateful *inside(void)
{
	return container_of(rig.session, struct stateful, base);
}

static uint64_t throttle(bool on)
{
	uint64_t freed;

	rig.in_call = true;
	freed = rig.session->ops->throttle(rig.session, on);
	rig.in_call = false;
	return freed;
}

static void count_queued(struct rig *r, enum rig_event event)
{
	if (event == RIG_FRAME && r->session && inside()->out.n_queued > most_queued)
		most_queued = inside()->out.n_queued;
}

static void start(const struct fake_model *model)
{
	most_queued = 0;
	last_frame = 0;
	rig_start(&rig, model);
	rig.hook = count_queued;
	ck_assert_int_eq(rig_open_decoder(&rig, model->coded[0].fourcc, 640, 368), WC_OK);
}

static void feed(unsigned n)
{
	ck_assert_msg(rig_feed_many(&rig, n, FAKE_CHUNK_KEY) == 0, "%s", rig.error.message);
}

static void drain(void)
{
	ck_assert_msg(rig_drain(&rig) == 0, "%s", rig.error.message);
}

static void expect_in_order(unsigned n)
{
	ck_assert_uint_eq(rig.n_frames, n);
	ck_assert_uint_eq(rig.n_failed, 0);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(rig.seqs[i], i);
}

START_TEST(nothing_is_lost_and_less_is_queued)
{
	start(decoders[_i]);
	ck_assert_uint_eq(throttle(true), 0);
	feed(30);
	drain();
	feed(10);
	drain();
	expect_in_order(40);
	ck_assert_uint_ge(inside()->keep, 1);
	ck_assert_uint_le(most_queued, inside()->keep);
	/* Nobody held a frame. */
	ck_assert_uint_le(inside()->out.n_buffers, inside()->keep + 1);
	rig_stop(&rig);
}
END_TEST

START_TEST(what_was_queued_before_comes_back_and_stays)
{
	unsigned before;

	start(decoders[_i]);
	feed(10);
	drain();
	before = most_queued;
	ck_assert_uint_gt(before, inside()->keep);
	throttle(true);
	feed(20);
	most_queued = 0;
	feed(10);
	drain();
	ck_assert_uint_le(most_queued, inside()->keep);
	throttle(false);
	most_queued = 0;
	feed(20);
	drain();
	expect_in_order(60);
	ck_assert_uint_ge(most_queued, before);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_drain_ends_with_all_frames_held)
{
	start(decoders[_i]);
	throttle(true);
	rig.hold = 60;
	feed(30);
	drain();
	feed(10);
	drain();
	expect_in_order(40);
	ck_assert_uint_eq(rig.n_held, 40);
	/* No more than one that is not throttled begins with; the rest are copies. */
	ck_assert_uint_le(inside()->out.n_buffers, inside()->keep + STATEFUL_EXTRA_OUTPUTS);
	ck_assert_uint_gt(inside()->bytes_copied, 0);
	rig_release_held(&rig);
	rig.hold = 0;
	throttle(false);
	feed(10);
	drain();
	expect_in_order(50);
	rig_stop(&rig);
}
END_TEST

START_TEST(what_the_application_gave_back_is_freed)
{
	uint64_t held, freed;
	unsigned buffers;

	start(decoders[_i]);
	rig.hold = 12;
	feed(20);
	drain();
	buffers = inside()->out.n_buffers;
	ck_assert(buffers > inside()->keep + STATEFUL_EXTRA_OUTPUTS || inside()->out.fixed);
	throttle(true);
	held = rig.core->counters.buffer_bytes;
	rig_release_held(&rig);
	rig.hold = 0;
	feed(40);
	drain();
	freed = held - rig.core->counters.buffer_bytes;
	if (inside()->out.capabilities & V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS) {
		ck_assert_uint_gt(fake_counter(FAKE_REMOVE_BUFS), 0);
		ck_assert_uint_gt(freed, 0);
		ck_assert_uint_le(inside()->out.n_buffers,
				  inside()->keep + 1 + STATEFUL_SPARE_OUTPUTS);
	} else {
		ck_assert_uint_eq(fake_counter(FAKE_REMOVE_BUFS), 0);
		ck_assert_uint_eq(inside()->out.n_buffers, buffers);
	}
	throttle(false);
	feed(10);
	drain();
	ck_assert_uint_ge(inside()->out.n_buffers, inside()->keep + STATEFUL_EXTRA_OUTPUTS);
	expect_in_order(70);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_idle_one_gives_at_once)
{
	uint64_t before, freed;

	start(&fake_generic_decoder);
	rig.hold = 12;
	feed(20);
	rig_release_held(&rig);
	ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
	before = rig.core->counters.buffer_bytes;
	freed = throttle(true);
	ck_assert_uint_gt(freed, 0);
	ck_assert_uint_eq(before - rig.core->counters.buffer_bytes, freed);
	ck_assert_uint_eq(throttle(true), 0);
	rig.n_frames = 0;
	rig.hold = 0;
	rig.chunk.seq = 0;
	feed(10);
	drain();
	expect_in_order(10);
	rig_stop(&rig);
}
END_TEST

/* A refusal to remove is no failure, and is not heard twice. */
START_TEST(a_driver_may_refuse_to_free)
{
	start(&fake_generic_decoder);
	rig.hold = 12;
	feed(20);
	drain();
	throttle(true);
	fake_fail_from(FAKE_REMOVE_BUFS, 1, 16);
	rig_release_held(&rig);
	rig.hold = 0;
	feed(20);
	drain();
	ck_assert_uint_eq(fake_counter(FAKE_REMOVE_BUFS), 1);
	fake_fail_none();
	expect_in_order(40);
	rig_stop(&rig);
}
END_TEST

START_TEST(the_size_may_change)
{
	start(decoders[_i]);
	throttle(true);
	rig.hold = 4;
	feed(6);
	for (unsigned i = 1; i <= 4; i++) {
		rig.chunk.width = i % 2 ? 1280 : 640;
		rig.chunk.height = i % 2 ? 720 : 368;
		feed(4);
	}
	drain();
	expect_in_order(22);
	rig_stop(&rig);
}
END_TEST

/* ---- rest ---- */

static void rest_after_each(struct rig *r, enum rig_event event)
{
	int64_t now = clock_now();

	if (event != RIG_FRAME)
		return;
	if (last_frame)
		ck_assert_int_ge(now - last_frame, REST);
	last_frame = now;
	r->session->ops->rest(r->session, REST);
}

START_TEST(frames_come_slowly_and_all_come)
{
	start(decoders[_i]);
	throttle(true);
	rig.hold = 60;
	rig.hook = rest_after_each;
	feed(20);
	drain();
	feed(20);
	drain();
	expect_in_order(40);
	rig_stop(&rig);
}
END_TEST

/* For an hour, so that nothing comes by itself. */
static void rest_long(struct rig *r, enum rig_event event)
{
	if (event == RIG_FRAME)
		r->session->ops->rest(r->session, INT64_C(3600000000));
}

START_TEST(a_rest_ends_with_its_reason)
{
	start(decoders[_i]);
	throttle(true);
	rig.hook = rest_long;
	feed(1);
	ck_assert_int_eq(rig_feed(&rig, 0), 0);
	rig_await(&rig, 1);
	rig.hook = NULL;
	throttle(false);
	drain();
	expect_in_order(2);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_reset_ends_a_rest)
{
	start(decoders[_i]);
	throttle(true);
	rig.hook = rest_long;
	feed(1);
	ck_assert_int_eq(rig_feed(&rig, 0), 0);
	rig_await(&rig, 1);
	rig.hook = NULL;
	ck_assert_int_eq(rig.session->ops->reset(rig.session, &rig.error), 0);
	ck_assert_int_eq(loop_dispatch(&rig.loop, 0), 0);
	ck_assert_uint_eq(rig.n_frames, 1);
	rig.n_frames = 0;
	rig.chunk.seq = 0;
	feed(5);
	drain();
	expect_in_order(5);
	rig_stop(&rig);
}
END_TEST

START_TEST(one_that_rests_may_be_destroyed)
{
	start(decoders[_i]);
	throttle(true);
	rig.hook = rest_long;
	rig.hold = 1;
	feed(1);
	ck_assert_int_eq(rig_feed(&rig, 0), 0);
	rig_await(&rig, 1);
	rig_destroy(&rig);
	ck_assert_uint_eq(fake_open_files(RIG_PATH), 0);
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("throttled stateful decoder");
	TCase *all = tcase_create("all drivers");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 120);
	tcase_add_loop_test(all, nothing_is_lost_and_less_is_queued, 0, N_DECODERS);
	tcase_add_loop_test(all, what_was_queued_before_comes_back_and_stays, 0, N_DECODERS);
	tcase_add_loop_test(all, a_drain_ends_with_all_frames_held, 0, N_DECODERS);
	tcase_add_loop_test(all, what_the_application_gave_back_is_freed, 0, N_DECODERS);
	tcase_add_test(all, an_idle_one_gives_at_once);
	tcase_add_test(all, a_driver_may_refuse_to_free);
	tcase_add_loop_test(all, the_size_may_change, 0, N_DECODERS);
	tcase_add_loop_test(all, frames_come_slowly_and_all_come, 0, N_DECODERS);
	tcase_add_loop_test(all, a_rest_ends_with_its_reason, 0, N_DECODERS);
	tcase_add_loop_test(all, a_reset_ends_a_rest, 0, N_DECODERS);
	tcase_add_loop_test(all, one_that_rests_may_be_destroyed, 0, N_DECODERS);
	suite_add_tcase(suite, all);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
