/* SPDX-License-Identifier: MIT */
/* Memory pressure as an application meets it: what is told, in which order, and what goes. */
#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "app.h"
#include "frame/relief.h"
#include "util/slab.h"

#define MAX_EVENTS 32

static struct app app;
static struct wc_pressure_event events[MAX_EVENTS];
static unsigned n_events;
static bool ends_inside;

/* Right before the next frame object is taken, the context makes up its mind to close a frame. */
static bool closes_meanwhile;

void *__real_slab_get_and(struct slab *slab, void (*also)(void *arg), void *arg);
void *__wrap_slab_get_and(struct slab *slab, void (*also)(void *arg), void *arg);
void *__wrap_slab_get_and(struct slab *slab, void (*also)(void *arg), void *arg)
{
	if (closes_meanwhile) {
		closes_meanwhile = false;
		frames_force_close(app.context->core, ~0u, 1);
	}
	return __real_slab_get_and(slab, also, arg);
}

static void on_pressure(struct wc_context *context, const struct wc_pressure_event *event,
			void *user_data)
{
	ck_assert_ptr_eq(context, app.context);
	ck_assert_ptr_eq(user_data, &n_events);
	ck_assert_uint_lt(n_events, MAX_EVENTS);
	events[n_events++] = *event;
	if (ends_inside)
		ck_assert_int_eq(wc_context_watch_pressure(context, NULL, NULL), WC_OK);
}

static void set_up(void)
{
	/* Nothing of the machine that runs the test. */
	setenv("MEMORY_PRESSURE_WATCH", "/dev/null", 1);
	n_events = 0;
	ends_inside = false;
	app_init_decoder(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open");
	ck_assert_int_eq(wc_context_watch_pressure(app.context, on_pressure, &n_events), WC_OK);
}

static void tear_down(void)
{
	app_finish(&app);
}

static bool has_step(enum wc_pressure_step step, unsigned *at)
{
	for (unsigned i = 0; i < n_events; i++) {
		if (events[i].step != step)
			continue;
		*at = i;
		return true;
	}
	return false;
}

/* As if nothing had happened for longer than ten seconds. */
static void make_inactive(void)
{
	struct accountant *accountant = &app.context->accountant;

	for (size_t i = 0; i < accountant->n_candidates; i++) {
		struct activity *activity = &accountant->candidates[i].activity;

		activity->sampled = activity->units;
		activity->last -= INT64_C(20000000);
	}
	accountant->clock.next_tick = 0;
}

START_TEST(low_pressure_trims)
{
	unsigned at;

	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_LOW, 0), WC_OK);
	/* Never inside the call. */
	ck_assert_uint_eq(n_events, 0);
	app_run(&app);
	ck_assert(has_step(WC_PRESSURE_TRIM, &at));
	ck_assert_int_eq(events[at].cause, WC_PRESSURE_BY_APPLICATION);
	ck_assert(!has_step(WC_PRESSURE_STOP_GROWING, &at));
	ck_assert_int_eq(wc_context_get_pressure(app.context), WC_PRESSURE_LOW);
	trace_expect(&app.trace, "");
}
END_TEST

START_TEST(the_ladder_is_climbed_in_order)
{
	unsigned trim, stop, throttle, reclaim;

	make_inactive();
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 0), WC_OK);
	app_run(&app);
	ck_assert(has_step(WC_PRESSURE_TRIM, &trim));
	ck_assert(has_step(WC_PRESSURE_STOP_GROWING, &stop));
	ck_assert(has_step(WC_PRESSURE_THROTTLE, &throttle));
	ck_assert(has_step(WC_PRESSURE_RECLAIM, &reclaim));
	ck_assert_uint_lt(trim, stop);
	ck_assert_uint_lt(stop, throttle);
	ck_assert_uint_lt(throttle, reclaim);
	trace_expect(&app.trace, "destroy error:QuotaExceededError");
	ck_assert(app.context->core->shrinkers.held);
}
END_TEST

START_TEST(an_active_codec_stays)
{
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 0), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "");
	ck_assert_int_eq(wc_video_decoder_get_state(app.decoder), WC_CODEC_CONFIGURED);
}
END_TEST

START_TEST(a_watch_ends_and_takes_back)
{
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_MEDIUM, 0), WC_OK);
	app_run(&app);
	ck_assert(app.context->core->shrinkers.held);
	ck_assert_int_eq(wc_context_watch_pressure(app.context, NULL, NULL), WC_OK);
	ck_assert_int_eq(wc_context_get_pressure(app.context), WC_PRESSURE_NONE);
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_LOW, 0),
			 WC_INVALID_STATE_ERROR);
	n_events = 0;
	app_run(&app);
	ck_assert_uint_eq(n_events, 0);
	ck_assert(!app.context->core->shrinkers.held);
	ck_assert_int_eq(wc_context_watch_pressure(app.context, NULL, NULL), WC_OK);
}
END_TEST

START_TEST(a_watch_may_end_inside_its_handler)
{
	ends_inside = true;
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 0), WC_OK);
	app_run(&app);
	ck_assert_uint_eq(n_events, 1);
	ends_inside = false;
	ck_assert_int_eq(wc_context_watch_pressure(app.context, on_pressure, &n_events), WC_OK);
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_LOW, 0), WC_OK);
	app_run(&app);
	ck_assert_uint_gt(n_events, 1);
}
END_TEST

/* In the middle of the climb: what is above on the ladder does not happen any more. */
START_TEST(a_watch_that_ended_closes_nothing)
{
	ends_inside = true;
	make_inactive();
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 0), WC_OK);
	app_run(&app);
	ck_assert_uint_eq(n_events, 1);
	trace_expect(&app.trace, "");
	ck_assert_int_eq(wc_video_decoder_get_state(app.decoder), WC_CODEC_CONFIGURED);
	ck_assert(!app.context->core->shrinkers.held);
}
END_TEST

static unsigned n_closed;

static void on_error_end_watch(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	ck_assert_int_eq(error->name, WC_QUOTA_EXCEEDED_ERROR);
	n_closed++;
	ck_assert_int_eq(wc_context_watch_pressure(app.context, NULL, NULL), WC_OK);
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	wc_video_frame_unref(frame);
}

/* Between two codecs of many that are wanted: the others stay. */
START_TEST(a_watch_that_ended_closes_no_more)
{
	struct wc_video_decoder_init init = { .output = on_frame, .error = on_error_end_watch };
	struct wc_video_decoder_config config = { .codec = "vp8" };
	struct wc_video_decoder *decoders[3];

	n_closed = 0;
	app.script.several = true;
	wc_video_decoder_close(app.decoder);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(wc_video_decoder_new(app.context, &init, &decoders[i]), WC_OK);
		ck_assert_int_eq(wc_video_decoder_configure(decoders[i], &config), WC_OK);
	}
	app_run(&app);
	make_inactive();
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 1 << 30),
			 WC_OK);
	app_run(&app);
	ck_assert_uint_eq(n_closed, 1);
	ck_assert_uint_eq(app.script.alive, 2);
	for (int i = 0; i < 3; i++)
		wc_video_decoder_destroy(decoders[i]);
	trace_clear(&app.trace);
}
END_TEST

static struct wc_video_frame *make_frame(void)
{
	static const uint8_t data[64 * 64 * 3 / 2];
	static const struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = 64, .coded_height = 64,
	};
	struct wc_video_frame *frame;

	ck_assert_int_eq(wc_video_frame_new(app.context, data, sizeof data, &init, &frame), WC_OK);
	return frame;
}

/* A climb that freed nothing is not repeated at once; a new watch knows nothing of it. */
static void watch_anew(void)
{
	ck_assert_int_eq(wc_context_watch_pressure(app.context, NULL, NULL), WC_OK);
	app_run(&app);
	n_events = 0;
	ck_assert_int_eq(wc_context_watch_pressure(app.context, on_pressure, &n_events), WC_OK);
}

START_TEST(frames_are_closed_by_force_where_that_is_allowed)
{
	struct wc_video_frame *frames[3] = { make_frame(), make_frame(), make_frame() };
	unsigned force, reclaim;

	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 0), WC_OK);
	app_run(&app);
	ck_assert(!has_step(WC_PRESSURE_FORCE_CLOSE, &force));
	ck_assert(!wc_video_frame_is_closed(frames[0]));
	watch_anew();
	ck_assert_int_eq(wc_context_allow_force_close(app.context, true), WC_OK);
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 6145), WC_OK);
	app_run(&app);
	ck_assert(has_step(WC_PRESSURE_FORCE_CLOSE, &force));
	ck_assert(has_step(WC_PRESSURE_RECLAIM, &reclaim));
	ck_assert_uint_lt(reclaim, force);
	ck_assert_uint_eq(events[force].wanted, 6145);
	ck_assert_uint_eq(events[force].freed, 2 * 6144);
	ck_assert_int_eq(wc_video_frame_get_close_reason(frames[1]), WC_CLOSED_UNDER_PRESSURE);
	ck_assert_int_eq(wc_video_frame_get_close_reason(frames[2]), WC_NOT_CLOSED);
	watch_anew();
	ck_assert_int_eq(wc_context_allow_force_close(app.context, false), WC_OK);
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 1), WC_OK);
	app_run(&app);
	ck_assert(!wc_video_frame_is_closed(frames[2]));
	for (unsigned i = 0; i < 3; i++)
		wc_video_frame_unref(frames[i]);
}
END_TEST

static int encode(struct wc_video_frame *frame)
{
	return wc_video_encoder_encode(app.encoder, frame, NULL);
}

static int convert(struct wc_video_frame *frame)
{
	return wc_video_converter_convert(app.converter, frame);
}

static int (*const takers[])(struct wc_video_frame *frame) = { encode, convert };

/* By the thread of the context that it belongs to, while another one gives it to a codec. */
START_TEST(a_frame_that_is_closed_meanwhile_is_a_closed_frame)
{
	struct wc_video_frame *frame;

	app_finish(&app);
	if (_i == 0)
		app_init_encoder(&app);
	else
		app_init_converter(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	frame = app_frame(&app, 1, 0, false);
	closes_meanwhile = true;
	ck_assert_int_eq(takers[_i](frame), WC_TYPE_ERROR);
	ck_assert(!closes_meanwhile);
	ck_assert_ptr_nonnull(strstr(wc_context_get_error(app.context)->message, "pressure"));
	wc_video_frame_unref(frame);
	trace_clear(&app.trace);
}
END_TEST

static void free_buffer(struct buffer *buffer)
{
	free(buffer->objects[0].map);
	buffer_finish(buffer);
	free(buffer);
}

/* A frame in memory of a heap, of which nobody else has a descriptor. */
static struct wc_video_frame *make_heap_frame(size_t size)
{
	static const struct buffer_ops ops = { .destroy = free_buffer };
	struct buffer *buffer = calloc(1, sizeof *buffer);
	struct timing timing = { .timestamp = 1 };
	struct frame_format format;
	struct wc_video_frame *frame;

	buffer_init(buffer, app.context->core, &ops);
	buffer->kind = WC_MEMORY_HEAP;
	buffer->n_objects = 1;
	buffer->objects[0] = (struct buffer_object) { calloc(1, size), size, -1 };
	buffer_account(buffer);
	frame_format_tight(&format, DRM_FORMAT_NV12, 64, 64);
	frame = video_frame_new(app.context->core, buffer, &format,
				&(struct wc_rect) { 0, 0, 64, 64 }, &timing);
	buffer_unref(buffer);
	video_frame_give(frame);
	return frame;
}

START_TEST(frames_move_to_plain_memory)
{
	struct wc_video_frame *frame = make_heap_frame(8192), *other = make_heap_frame(8192);
	struct wc_counters counters;
	unsigned stop, spill;

	/* A spilled frame is one that stays: the second is not needed any more. */
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_MEDIUM, 8000), WC_OK);
	app_run(&app);
	ck_assert(has_step(WC_PRESSURE_STOP_GROWING, &stop));
	ck_assert(has_step(WC_PRESSURE_SPILL, &spill));
	ck_assert_uint_lt(stop, spill);
	ck_assert_uint_eq(events[spill].freed, 8192);
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.bytes_by_kind[WC_MEMORY_HEAP], 8192);
	ck_assert_uint_eq(counters.bytes_copied, 64 * 64 * 3 / 2);
	ck_assert(!wc_video_frame_is_closed(frame));
	ck_assert_int_eq(frame->buffer->kind, WC_MEMORY_PLAIN);
	ck_assert_int_eq(other->buffer->kind, WC_MEMORY_HEAP);
	wc_video_frame_unref(frame);
	wc_video_frame_unref(other);
}
END_TEST

/* It may be allowed before the watch, and is not forgotten with it. */
START_TEST(what_is_allowed_outlasts_a_watch)
{
	struct wc_video_frame *frame = make_frame();

	ck_assert_int_eq(wc_context_watch_pressure(app.context, NULL, NULL), WC_OK);
	ck_assert_int_eq(wc_context_allow_force_close(app.context, true), WC_OK);
	app_run(&app);
	ck_assert_int_eq(wc_context_watch_pressure(app.context, on_pressure, &n_events), WC_OK);
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 0), WC_OK);
	app_run(&app);
	ck_assert(wc_video_frame_is_closed(frame));
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(an_encoder_says_why_it_refuses)
{
	struct wc_video_frame *frame;

	app_finish(&app);
	app_init_encoder(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	watch_anew();
	ck_assert_int_eq(wc_context_allow_force_close(app.context, true), WC_OK);
	frame = app_frame(&app, 0, 0, false);
	ck_assert_int_eq(wc_context_note_pressure(app.context, WC_PRESSURE_CRITICAL, 0), WC_OK);
	app_run(&app);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_TYPE_ERROR);
	ck_assert_ptr_nonnull(strstr(wc_context_get_error(app.context)->message,
				     "under memory pressure"));
	wc_video_frame_unref(frame);
}
END_TEST

/* ---- throttled decoders ---- */

static void note(enum wc_pressure_level level)
{
	ck_assert_int_eq(wc_context_note_pressure(app.context, level, 0), WC_OK);
	app_run(&app);
}

static void end_watch(void)
{
	ck_assert_int_eq(wc_context_watch_pressure(app.context, NULL, NULL), WC_OK);
	app_run(&app);
}

START_TEST(decoders_are_throttled_from_medium_on)
{
	unsigned at;

	app.script.frees = 1000;
	note(WC_PRESSURE_LOW);
	ck_assert_uint_eq(app.script.throttles, 0);
	note(WC_PRESSURE_MEDIUM);
	ck_assert(app.script.throttled);
	ck_assert(has_step(WC_PRESSURE_THROTTLE, &at));
	ck_assert_uint_eq(events[at].freed, 1000);
	end_watch();
	ck_assert(!app.script.throttled);
	ck_assert_uint_eq(app.script.throttles, 2);
}
END_TEST

START_TEST(a_decoder_made_meanwhile_is_throttled)
{
	app_finish(&app);
	app_init_decoder(&app);
	ck_assert_int_eq(wc_context_watch_pressure(app.context, on_pressure, &n_events), WC_OK);
	note(WC_PRESSURE_MEDIUM);
	ck_assert_uint_eq(app.script.throttles, 0);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	ck_assert(app.script.throttled);
	end_watch();
	ck_assert(!app.script.throttled);
}
END_TEST

static struct wc_video_frame *held[32];
static unsigned n_held;

static void hold(struct app *a)
{
	held[n_held++] = a->frame;
	a->frame = NULL;
}

static void decode(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(app_decode_key(&app, (int64_t)i), WC_OK);
	app_run(&app);
}

static void release(void)
{
	while (n_held)
		wc_video_frame_unref(held[--n_held]);
}

START_TEST(who_holds_many_frames_gets_more_slowly)
{
	app.keep = true;
	app.on_output = hold;
	decode(10);
	ck_assert_uint_eq(app.script.rests, 0);
	release();
	note(WC_PRESSURE_MEDIUM);
	decode(8);
	ck_assert_uint_eq(app.script.rests, 0);
	decode(3);
	ck_assert_uint_eq(app.script.rests, 3);
	/* A closed one does not count though there are references; a clone does. */
	for (int i = 0; i < 4; i++)
		wc_video_frame_close(held[i]);
	decode(1);
	ck_assert_uint_eq(app.script.rests, 3);
	ck_assert_int_eq(wc_video_frame_clone(held[10], &held[n_held++]), WC_OK);
	decode(1);
	ck_assert_uint_eq(app.script.rests, 4);
	release();
	decode(8);
	ck_assert_uint_eq(app.script.rests, 4);
	end_watch();
	decode(8);
	ck_assert_uint_eq(app.script.rests, 4);
	/* Frames may outlive what counted them. */
	wc_video_decoder_destroy(app.decoder);
	app.decoder = NULL;
	release();
	trace_clear(&app.trace);
}
END_TEST

START_TEST(a_throttled_decoder_is_reset_and_closed_as_ever)
{
	note(WC_PRESSURE_MEDIUM);
	decode(3);
	trace_clear(&app.trace);
	ck_assert_int_eq(app_decode_key(&app, 5), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:5 reset");
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 6), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:6 drain out:6 flush1:OK");
	make_inactive();
	note(WC_PRESSURE_CRITICAL);
	trace_expect(&app.trace, "destroy error:QuotaExceededError");
	end_watch();
}
END_TEST

static struct wc_video_frame *try_frame(int *ret)
{
	static uint8_t pixels[64 * 64 * 3 / 2];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = 64, .coded_height = 64,
	};
	struct wc_video_frame *frame = NULL;

	*ret = wc_video_frame_new(app.context, pixels, sizeof pixels, &init, &frame);
	return frame;
}

#define FRAME_BYTES (64 * 64 * 3 / 2)

START_TEST(a_memory_budget_presses_before_it_refuses)
{
	struct wc_video_frame *frames[10];
	int ret;

	ck_assert_int_eq(wc_context_set_memory_budget(app.context, WC_MEMORY_PLAIN,
						      10 * FRAME_BYTES), WC_OK);
	for (int i = 0; i < 7; i++)
		frames[i] = try_frame(&ret);
	app_run(&app);
	ck_assert_int_eq(wc_context_get_pressure(app.context), WC_PRESSURE_NONE);
	frames[7] = try_frame(&ret);
	app_run(&app);
	ck_assert_int_eq(wc_context_get_pressure(app.context), WC_PRESSURE_LOW);
	ck_assert_int_eq(events[0].cause, WC_PRESSURE_BY_BUDGET);
	frames[8] = try_frame(&ret);
	app_run(&app);
	ck_assert_int_eq(wc_context_get_pressure(app.context), WC_PRESSURE_MEDIUM);
	frames[9] = try_frame(&ret);
	app_run(&app);
	ck_assert_int_eq(wc_context_get_pressure(app.context), WC_PRESSURE_CRITICAL);
	ck_assert_ptr_null(try_frame(&ret));
	ck_assert_int_eq(ret, WC_QUOTA_EXCEEDED_ERROR);
	for (int i = 0; i < 10; i++)
		wc_video_frame_unref(frames[i]);
}
END_TEST

START_TEST(levels_and_steps_have_names)
{
	ck_assert_int_eq(wc_context_note_pressure(app.context, (enum wc_pressure_level)4, 0),
			 WC_TYPE_ERROR);
	ck_assert_str_eq(wc_pressure_level_name(WC_PRESSURE_CRITICAL), "critical");
	ck_assert_str_eq(wc_pressure_level_name((enum wc_pressure_level)9), "unknown");
	ck_assert_str_eq(wc_pressure_step_name(WC_PRESSURE_STOP_GROWING), "stop growing");
	ck_assert_str_eq(wc_pressure_step_name((enum wc_pressure_step)9), "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pressure");
	TCase *all = tcase_create("pressure");

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, low_pressure_trims);
	tcase_add_test(all, the_ladder_is_climbed_in_order);
	tcase_add_test(all, an_active_codec_stays);
	tcase_add_test(all, a_watch_ends_and_takes_back);
	tcase_add_test(all, a_watch_may_end_inside_its_handler);
	tcase_add_test(all, a_watch_that_ended_closes_nothing);
	tcase_add_test(all, a_watch_that_ended_closes_no_more);
#ifndef WITHOUT_CENSUS
	tcase_add_test(all, frames_are_closed_by_force_where_that_is_allowed);
	tcase_add_loop_test(all, a_frame_that_is_closed_meanwhile_is_a_closed_frame, 0, 2);
	tcase_add_test(all, frames_move_to_plain_memory);
	tcase_add_test(all, what_is_allowed_outlasts_a_watch);
	tcase_add_test(all, an_encoder_says_why_it_refuses);
#endif
	tcase_add_test(all, decoders_are_throttled_from_medium_on);
	tcase_add_test(all, a_decoder_made_meanwhile_is_throttled);
	tcase_add_test(all, who_holds_many_frames_gets_more_slowly);
	tcase_add_test(all, a_throttled_decoder_is_reset_and_closed_as_ever);
	tcase_add_test(all, a_memory_budget_presses_before_it_refuses);
	tcase_add_test(all, levels_and_steps_have_names);
	suite_add_tcase(suite, all);
	return app_main(suite);
}
