/* SPDX-License-Identifier: MIT */
/*
 * The encoder behind a converter, between two sessions that the test plays: it defines what would
 * make the real ones, so that the linker does not take those.
 *
 * What happens is written down: "C1" is the frame of time 1 that the converter takes, "E1" that the
 * encoder takes as it is, "e1" the same converted, "K" behind it with a key frame, "-" behind it
 * without room. "ready", "drain", "drained", "failed", "reset" and "gone" (a converter's end) speak
 * for themselves; "cdrain" and "creset" are the converter's.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "budget/accountant.h"
#include "session/converting_encoder.h"
#include "util/error.h"
#include "v4l2/registry.h"

#define CODED DRM_FORMAT_NV12
#define OTHER DRM_FORMAT_RGB565

/* What the encoder of the test takes. */
#define WIDTH 64
#define HEIGHT 48

struct played {
	struct session base;
	struct claim *claim;
	bool alive, encoder;
	unsigned room;                     /* submits that find room */
	bool submit_fails, reset_fails, drain_fails, drains;
	uint64_t copied;
	int64_t times[16];                 /* in the converter */
	unsigned n_times;
	struct converter_params params;
};

static struct {
	struct core *core;
	struct loop loop;
	struct accountant accountant;
	struct claim claim;
	struct session_env env;
	struct session *session;
	struct played encoder, converter;
	enum wc_status no_converter;       /* why there is none, WC_OK: there is */
	uint32_t only;                     /* into which it converts, 0: any */
	uint32_t chosen;                   /* what the encoder takes by now, 0: any */
	unsigned opened;
	bool has_device;
	char trace[512];
	void (*event)(void);
	struct task task;
	bool destroys;                     /* the sink does, when it is called */
} t;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
	size_t used = strlen(t.trace);
	va_list args;

	va_start(args, format);
	vsnprintf(t.trace + used, sizeof t.trace - used, format, args);
	va_end(args);
	strncat(t.trace, " ", sizeof t.trace - strlen(t.trace) - 1);
}

/* Compare and forget. */
static void happened(const char *trace)
{
	size_t used = strlen(t.trace);

	if (used)
		t.trace[used - 1] = '\0';
	ck_assert_str_eq(t.trace, trace);
	t.trace[0] = '\0';
}

/* ---- the two sessions ------------------------------------------------------------------------ */

static struct played *played(const struct session *session)
{
	return (struct played *)session;
}

static int played_submit(struct session *session, const struct session_input *input,
			 struct wc_error *error)
{
	struct played *p = played(session);
	const char *name = !p->encoder ? "C" : input->frame->format.fourcc == CODED &&
			   input->frame->display_width == 1 ? "e" : "E";

	ck_assert(p->alive && !p->drains);
	if (p->submit_fails)
		return error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, EIO, "played");
	note("%s%d%s%s", name, (int)input->frame->timing.timestamp, input->key_frame ? "K" : "",
	     p->room ? "" : "-");
	if (!p->room)
		return SESSION_FULL;
	p->room--;
	if (!p->encoder)
		p->times[p->n_times++] = input->frame->timing.timestamp;
	return SESSION_TAKEN;
}

static int played_drain(struct session *session, struct wc_error *error)
{
	struct played *p = played(session);

	note(p->encoder ? "drain" : "cdrain");
	ck_assert(!p->drains);
	p->drains = !p->encoder;
	return p->drain_fails ?
	       error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, EIO, "played") : 0;
}

static int played_reset(struct session *session, struct wc_error *error)
{
	struct played *p = played(session);

	note(p->encoder ? "reset" : "creset");
	p->n_times = 0;
	p->drains = false;
	return p->reset_fails ? error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, EIO, "played")
			      : 0;
}

static bool played_reads(const struct session *session, const struct wc_video_frame *frame)
{
	(void)session;
	return frame->format.fourcc == CODED && frame->visible.width == WIDTH &&
	       frame->visible.height == HEIGHT;
}

static uint32_t played_format(const struct session *session, unsigned n)
{
	static const uint32_t formats[] = { DRM_FORMAT_YUV420, CODED, 0 };

	(void)session;
	if (t.chosen)
		return n ? 0 : t.chosen;
	return formats[n];
}

static bool played_saturated(struct session *session)
{
	return played(session)->room == 0;
}

static void played_describe(const struct session *session, struct wc_session_info *info)
{
	const struct played *p = (const struct played *)session;

	memset(info, 0, sizeof *info);
	info->kind = WC_SESSION_STATEFUL;
	info->bytes_copied = p->copied;
	snprintf(info->device, sizeof info->device, p->encoder ? "/dev/coder" : "/dev/scaler");
}

static void played_destroy(struct session *session)
{
	struct played *p = played(session);

	ck_assert(p->alive);
	p->alive = false;
	if (!p->encoder)
		note("gone");
}

static const struct session_ops played_ops = {
	.submit = played_submit,
	.drain = played_drain,
	.reset = played_reset,
	.reads = played_reads,
	.format = played_format,
	.saturated = played_saturated,
	.describe = played_describe,
	.destroy = played_destroy,
};

static int play(struct played *p, const struct session_env *env,
		const struct session_sink_ops *sink_ops, void *sink, struct session **session)
{
	p->base = (struct session) { &played_ops, sink_ops, sink };
	p->claim = env->claim;
	p->alive = true;
	p->n_times = 0;
	p->drains = false;
	*session = &p->base;
	return 0;
}

int stateful_encoder_new(const struct session_env *env, const struct v4l2_device_info *device,
			 const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	(void)device;
	(void)params;
	if (t.encoder.submit_fails)
		return error_set(error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_OPEN, EBUSY, "played");
	t.encoder.encoder = true;
	return play(&t.encoder, env, sink_ops, sink, session);
}

int session_open_converter(const struct session_env *env, const struct session_choice *choice,
			   const struct converter_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error)
{
	/* On the CPU the encoder converts by itself. */
	ck_assert_int_eq(choice->preference, WC_HARDWARE_PREFER_HARDWARE);
	ck_assert(!t.converter.alive);
	t.opened++;
	if (t.no_converter)
		return error_set(error, t.no_converter, WC_STAGE_OPEN, EBUSY, "played");
	if (t.only && params->result.fourcc != t.only)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0, "played");
	t.converter.params = *params;
	return play(&t.converter, env, sink_ops, sink, session);
}

size_t device_registry_count(const struct device_registry *registry)
{
	(void)registry;
	return t.has_device;
}

const struct v4l2_device_info *device_registry_get(const struct device_registry *registry,
						   size_t index)
{
	static const struct v4l2_device_info scaler = {
		.device = { .role = WC_DEVICE_ROLE_CONVERTER, .path = "/dev/scaler" },
	};

	(void)registry;
	(void)index;
	return &scaler;
}

/* ---- the sink -------------------------------------------------------------------------------- */

static void heard(const char *what)
{
	note("%s", what);
	if (!t.destroys)
		return;
	t.session->ops->destroy(t.session);
	t.session = NULL;
}

static void on_ready(void *sink)
{
	(void)sink;
	heard("ready");
}

static void on_drained(void *sink)
{
	(void)sink;
	heard("drained");
}

static void on_failed(void *sink, const struct wc_error *error)
{
	(void)sink;
	ck_assert_str_eq(error->message, "played");
	heard("failed");
}

static const struct session_sink_ops sink_ops = {
	.ready = on_ready,
	.drained = on_drained,
	.failed = on_failed,
};

/* ---- what a test does ------------------------------------------------------------------------ */

static struct wc_video_frame *frame_new(uint32_t fourcc, uint32_t width, uint32_t height,
					int64_t time)
{
	struct timing timing = { .timestamp = time };
	struct wc_rect visible = { 0, 0, width, height };
	struct frame_format format;
	size_t size = frame_format_tight(&format, fourcc, width, height);
	struct buffer *buffer = buffer_new_plain(t.core, size);
	struct wc_video_frame *frame = video_frame_new(t.core, buffer, &format, &visible, &timing);

	buffer_unref(buffer);
	ck_assert_ptr_nonnull(frame);
	return frame;
}

static int submit_key(uint32_t fourcc, int64_t time, bool key)
{
	struct session_input input = {
		.frame = frame_new(fourcc, WIDTH, HEIGHT, time),
		.key_frame = key,
		.quantizer = -1,
	};
	struct wc_error error;
	int ret = t.session->ops->submit(t.session, &input, &error);

	wc_video_frame_unref(input.frame);
	return ret;
}

static int submit(uint32_t fourcc, int64_t time)
{
	return submit_key(fourcc, time, false);
}

static void run_event(struct task *task)
{
	(void)task;
	t.event();
}

/* Let something happen where it happens, in dispatch. */
static void in_dispatch(void (*event)(void))
{
	t.event = event;
	loop_post(&t.loop, &t.task);
	ck_assert_int_eq(loop_dispatch(&t.loop, 0), 0);
}

static void converter_gives(void)
{
	struct played *p = &t.converter;
	struct wc_video_frame *picture = frame_new(CODED, WIDTH, HEIGHT, p->times[0]);

	picture->display_width = 1;        /* so it is known again */
	p->room++;
	memmove(p->times, p->times + 1, --p->n_times * sizeof p->times[0]);
	p->base.sink_ops->frame(p->base.sink, picture);
	if (!p->alive || !p->drains || p->n_times)
		return;
	p->drains = false;
	p->base.sink_ops->drained(p->base.sink);
}

/* It says that all is out, and something is not. */
static void converter_loses_all(void)
{
	struct played *p = &t.converter;

	ck_assert(p->drains);
	p->drains = false;
	p->n_times = 0;
	p->base.sink_ops->drained(p->base.sink);
}

static void converter_fails(void)
{
	struct wc_error error;

	error_set(&error, WC_ENCODING_ERROR, WC_STAGE_JOB, EIO, "played");
	t.converter.base.sink_ops->failed(t.converter.base.sink, &error);
}

static void converter_has_room(void)
{
	t.converter.room++;
	t.converter.base.sink_ops->ready(t.converter.base.sink);
}

static void converter_is_reclaimed(void)
{
	struct wc_error error;
	struct claim *claim = t.converter.claim;

	error_set(&error, WC_QUOTA_EXCEEDED_ERROR, WC_STAGE_OPEN, EBUSY, "played");
	claim->ops->reclaim(claim, &error);
}

static void encoder_has_room(void)
{
	t.encoder.room++;
	t.encoder.base.sink_ops->ready(t.encoder.base.sink);
}

static void encoder_drained(void)
{
	t.encoder.base.sink_ops->drained(t.encoder.base.sink);
}

static int open_session(void)
{
	struct encoder_params params = { .width = WIDTH, .height = HEIGHT };
	struct v4l2_device_info device = { .described = false };
	struct wc_error error;

	return converting_encoder_new(&t.env, NULL, &device, &params, &sink_ops, NULL,
				      &t.session, &error);
}

static const struct claim_ops no_claim_ops;

static void setup(void)
{
	memset(&t, 0, sizeof t);
	t.core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	ck_assert_int_eq(loop_init(&t.loop), 0);
	accountant_init(&t.accountant, t.core, &t.loop,
			&(struct accountant_options) { .directory = "" });
	ck_assert_int_eq(accountant_enter(&t.accountant, &t.claim, &no_claim_ops, true, "own"), 0);
	claim_set_traits(&t.claim, &(struct reclaim_traits) { .priority = 7 });
	t.env = (struct session_env) { .core = t.core, .loop = &t.loop, .claim = &t.claim };
	task_init(&t.task, run_event);
	t.has_device = true;
	t.encoder.room = t.converter.room = 16;
	ck_assert_int_eq(open_session(), 0);
}

/* All that was made is gone: frames and claims too. */
static void teardown(void)
{
	if (t.session)
		t.session->ops->destroy(t.session);
	loop_dispatch(&t.loop, 0);
	ck_assert(!t.encoder.alive && !t.converter.alive);
	ck_assert_uint_eq(t.accountant.n_candidates, 1);
	claim_leave(&t.claim);
	accountant_finish(&t.accountant);
	ck_assert_uint_eq(atomic_load(&t.core->counters.buffers), 0);
	loop_finish(&t.loop);
	core_unref(t.core);
}

/* ---- tests ----------------------------------------------------------------------------------- */

START_TEST(test_frames_that_fit_go_straight)
{
	ck_assert_int_eq(submit(CODED, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit_key(CODED, 2, true), SESSION_TAKEN);
	happened("E1 E2K");
	ck_assert_uint_eq(t.opened, 0);
}
END_TEST

START_TEST(test_others_are_converted)
{
	struct wc_session_info info;

	t.only = CODED;
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit_key(OTHER, 2, true), SESSION_TAKEN);
	in_dispatch(converter_gives);
	in_dispatch(converter_gives);
	happened("C1 C2K e1 e2K");
	/* The first of the encoder's formats was not to be had. */
	ck_assert_uint_eq(t.opened, 2);
	ck_assert_uint_eq(t.converter.params.source.fourcc, OTHER);
	ck_assert_uint_eq(t.converter.params.result.fourcc, CODED);
	ck_assert_uint_eq(t.converter.params.result.width, WIDTH);
	ck_assert_uint_eq(t.converter.params.result.height, HEIGHT);
	/* RGB that becomes YUV. */
	ck_assert_int_eq(t.converter.params.result.color_space.matrix, WC_MATRIX_BT709);
	ck_assert_int_eq(t.converter.params.result.color_space.range, WC_COLOR_RANGE_LIMITED);
	t.converter.copied = 5;
	t.encoder.copied = 2;
	t.session->ops->describe(t.session, &info);
	ck_assert_str_eq(info.device, "/dev/coder");
	ck_assert_str_eq(info.converter, "/dev/scaler");
	ck_assert_uint_eq(info.bytes_copied, 7);
}
END_TEST

/* As converters of the application do it. */
START_TEST(test_colours_become_those_of_rgb)
{
	t.chosen = OTHER;
	ck_assert_int_eq(submit(DRM_FORMAT_NV21, 1), SESSION_TAKEN);
	happened("C1");
	ck_assert_uint_eq(t.converter.params.result.fourcc, OTHER);
	ck_assert_int_eq(t.converter.params.result.color_space.matrix, WC_MATRIX_RGB);
	ck_assert_int_eq(t.converter.params.result.color_space.range, WC_COLOR_RANGE_FULL);
}
END_TEST

START_TEST(test_order_is_kept)
{
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit(CODED, 2), SESSION_FULL);
	ck_assert_int_eq(submit(CODED, 2), SESSION_FULL);
	in_dispatch(converter_gives);
	happened("C1 cdrain e1 ready");
	ck_assert_int_eq(submit(CODED, 2), SESSION_TAKEN);
	ck_assert_int_eq(submit(OTHER, 3), SESSION_TAKEN);
	happened("E2 C3");
	ck_assert_uint_eq(t.opened, 1);
}
END_TEST

START_TEST(test_no_more_than_four_are_on_their_way)
{
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(submit(OTHER, i), SESSION_TAKEN);
	ck_assert(t.session->ops->saturated(t.session));
	ck_assert_int_eq(submit(OTHER, 4), SESSION_FULL);
	happened("C0 C1 C2 C3");
	t.encoder.room = 0;
	in_dispatch(converter_gives);
	happened("e0-");
	in_dispatch(encoder_has_room);
	happened("e0 ready");
	ck_assert_int_eq(submit(OTHER, 4), SESSION_TAKEN);
	happened("C4");
}
END_TEST

START_TEST(test_room_of_either)
{
	t.converter.room = 0;
	ck_assert_int_eq(submit(OTHER, 1), SESSION_FULL);
	in_dispatch(converter_has_room);
	happened("C1- ready");
	t.encoder.room = 0;
	ck_assert_int_eq(submit(CODED, 2), SESSION_FULL);
	in_dispatch(encoder_has_room);
	happened("E2- ready");
	/* Nobody waits any more. */
	in_dispatch(encoder_has_room);
	happened("");
}
END_TEST

START_TEST(test_another_kind_gets_another_converter)
{
	struct session_input input = { .frame = frame_new(OTHER, 32, 24, 2), .quantizer = -1 };
	struct wc_error error;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(t.session->ops->submit(t.session, &input, &error), SESSION_FULL);
	in_dispatch(converter_gives);
	happened("C1 cdrain e1 ready");
	t.converter.copied = 3;
	ck_assert_int_eq(t.session->ops->submit(t.session, &input, &error), SESSION_TAKEN);
	happened("gone C2");
	ck_assert_uint_eq(t.converter.params.source.width, 32);
	wc_video_frame_unref(input.frame);
}
END_TEST

START_TEST(test_drain)
{
	struct wc_error error;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit(OTHER, 2), SESSION_TAKEN);
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	in_dispatch(converter_gives);
	happened("C1 C2 cdrain e1");
	in_dispatch(converter_gives);
	happened("e2 drain");
	in_dispatch(encoder_drained);
	happened("drained");
	/* Without flights. */
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	in_dispatch(encoder_drained);
	happened("drain drained");
	ck_assert_int_eq(submit(OTHER, 3), SESSION_TAKEN);
	in_dispatch(converter_gives);
	happened("C3 e3");
}
END_TEST

START_TEST(test_drain_fails)
{
	struct wc_error error;

	t.encoder.drain_fails = true;
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), WC_ENCODING_ERROR);
	happened("drain");
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	in_dispatch(converter_gives);
	happened("C1 cdrain e1 drain failed");
}
END_TEST

/* Only in a drain does a converter notice that its device is stuck. */
START_TEST(test_drain_of_a_stuck_converter)
{
	struct wc_error error;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	in_dispatch(converter_fails);
	happened("C1 cdrain gone E1 drain");
	in_dispatch(encoder_drained);
	happened("drained");
}
END_TEST

START_TEST(test_drain_of_the_converter_fails)
{
	struct wc_error error;

	t.converter.drain_fails = true;
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	happened("C1 cdrain gone E1 drain");
	t.encoder.submit_fails = true;
	t.converter.drain_fails = false;
	ck_assert_int_eq(t.session->ops->reset(t.session, &error), 0);
	happened("reset");
}
END_TEST

START_TEST(test_frames_wait_for_a_stuck_converter)
{
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit(CODED, 2), SESSION_FULL);
	/* The one that waited may not be the one that comes. */
	ck_assert_int_eq(submit(OTHER, 2), SESSION_FULL);
	ck_assert(t.session->ops->saturated(t.session));
	in_dispatch(converter_fails);
	happened("C1 cdrain gone E1 ready");
}
END_TEST

START_TEST(test_frames_wait_for_a_drain_that_fails)
{
	t.converter.drain_fails = true;
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit(CODED, 2), SESSION_TAKEN);
	happened("C1 cdrain gone E1 E2");
}
END_TEST

/* Its source is still there. */
START_TEST(test_a_picture_is_lost)
{
	struct wc_error error;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	in_dispatch(converter_loses_all);
	happened("C1 cdrain gone E1 drain");
}
END_TEST

static void converter_skips_one(void)
{
	struct played *p = &t.converter;

	memmove(p->times, p->times + 1, --p->n_times * sizeof p->times[0]);
	converter_gives();
}

/* It takes nothing from those behind it: not their pictures, nor do they take its key frame. */
START_TEST(test_a_picture_is_lost_before_others)
{
	struct wc_error error;

	ck_assert_int_eq(submit_key(OTHER, 1, true), SESSION_TAKEN);
	ck_assert_int_eq(submit(OTHER, 2), SESSION_TAKEN);
	ck_assert_int_eq(submit(OTHER, 3), SESSION_TAKEN);
	in_dispatch(converter_skips_one);
	happened("C1K C2 C3 E1K e2");
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	in_dispatch(converter_gives);
	happened("cdrain e3 drain");
}
END_TEST

/* What the converter makes was chosen when the encoder took anything. */
START_TEST(test_encoder_chose_another_format)
{
	struct wc_error error;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_uint_eq(t.converter.params.result.fourcc, DRM_FORMAT_YUV420);
	ck_assert_int_eq(t.session->ops->reset(t.session, &error), 0);
	ck_assert_int_eq(submit(CODED, 2), SESSION_TAKEN);
	t.chosen = CODED;
	ck_assert_int_eq(submit(OTHER, 3), SESSION_TAKEN);
	happened("C1 creset reset E2 gone C3");
	ck_assert_uint_eq(t.converter.params.result.fourcc, CODED);
}
END_TEST

START_TEST(test_reset)
{
	struct wc_error error;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	ck_assert_int_eq(t.session->ops->reset(t.session, &error), 0);
	happened("C1 cdrain creset reset");
	ck_assert_int_eq(submit(CODED, 2), SESSION_TAKEN);
	happened("E2");
}
END_TEST

START_TEST(test_reset_of_the_converter_fails)
{
	struct wc_error error;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	t.converter.reset_fails = true;
	ck_assert_int_eq(t.session->ops->reset(t.session, &error), 0);
	happened("C1 creset gone reset");
	ck_assert_int_eq(submit(OTHER, 2), SESSION_TAKEN);
	happened("E2");
}
END_TEST

/* Frames that it had go as they came, in order. */
START_TEST(test_converter_fails)
{
	struct wc_session_info info;

	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit_key(OTHER, 2, true), SESSION_TAKEN);
	ck_assert_int_eq(submit(OTHER, 3), SESSION_TAKEN);
	in_dispatch(converter_gives);
	t.converter.copied = 9;
	in_dispatch(converter_fails);
	happened("C1 C2K C3 e1 gone E2K E3");
	ck_assert_int_eq(submit(OTHER, 4), SESSION_TAKEN);
	happened("E4");
	t.session->ops->describe(t.session, &info);
	ck_assert_str_eq(info.converter, "");
	ck_assert_uint_eq(info.bytes_copied, 9);
}
END_TEST

START_TEST(test_converter_fails_without_room)
{
	t.encoder.room = 0;
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	in_dispatch(converter_fails);
	happened("C1 gone E1-");
	ck_assert_int_eq(submit(OTHER, 2), SESSION_FULL);
	in_dispatch(encoder_has_room);
	happened("E1 ready");
}
END_TEST

START_TEST(test_converter_fails_in_a_call)
{
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	t.converter.submit_fails = true;
	ck_assert_int_eq(submit(OTHER, 2), SESSION_TAKEN);
	happened("C1 gone E1 E2");
}
END_TEST

START_TEST(test_encoder_fails_in_a_call)
{
	t.encoder.submit_fails = true;
	ck_assert_int_eq(submit(CODED, 1), WC_ENCODING_ERROR);
}
END_TEST

START_TEST(test_encoder_fails_in_dispatch)
{
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	t.encoder.submit_fails = true;
	in_dispatch(converter_gives);
	happened("C1 failed");
}
END_TEST

/* Somebody else needs its hardware context: the encoder goes on. */
START_TEST(test_reclaim)
{
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_ptr_ne(t.converter.claim, t.encoder.claim);
	ck_assert_int_eq(t.converter.claim->candidate->traits.priority, 7);
	claim_set_traits(&t.claim, &(struct reclaim_traits) { .priority = 8 });
	ck_assert_int_eq(t.converter.claim->candidate->traits.priority, 8);
	in_dispatch(converter_is_reclaimed);
	in_dispatch(converter_is_reclaimed);
	happened("C1 gone E1");
	ck_assert_int_eq(submit(OTHER, 2), SESSION_TAKEN);
	happened("E2");
}
END_TEST

START_TEST(test_no_converter_for_that)
{
	static const enum wc_status reasons[] = {
		WC_NOT_SUPPORTED_ERROR, WC_QUOTA_EXCEEDED_ERROR, WC_OPERATION_ERROR,
	};

	t.no_converter = reasons[_i];
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	ck_assert_int_eq(submit(OTHER, 2), SESSION_TAKEN);
	happened("E1 E2");
	/* Each format is asked for once; a device that is full is so for all. */
	ck_assert_uint_eq(t.opened, t.no_converter == WC_NOT_SUPPORTED_ERROR ? 2 : 1);
	/* Neither are kinds that alternate asked for each time. */
	t.opened = 0;
	t.no_converter = WC_OPERATION_ERROR;
	for (int i = 3; i < 9; i += 2) {
		ck_assert_int_eq(submit(DRM_FORMAT_XRGB8888, i), SESSION_TAKEN);
		ck_assert_int_eq(submit(OTHER, i + 1), SESSION_TAKEN);
	}
	ck_assert_uint_eq(t.opened, 1);
}
END_TEST

START_TEST(test_no_converter_in_the_machine)
{
	t.session->ops->destroy(t.session);
	t.has_device = false;
	ck_assert_int_eq(open_session(), 0);
	ck_assert_ptr_eq(t.session, &t.encoder.base);
}
END_TEST

START_TEST(test_no_encoder)
{
	t.session->ops->destroy(t.session);
	t.session = NULL;
	t.encoder.submit_fails = true;
	ck_assert_int_eq(open_session(), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_ptr_null(t.session);
}
END_TEST

static void (*const ends[])(void) = {
	converter_gives, converter_fails, encoder_has_room, encoder_drained,
};

/* Every call of the sink may be the end. */
START_TEST(test_destroyed_by_its_sink)
{
	struct wc_error error;

	t.destroys = true;
	ck_assert_int_eq(submit(OTHER, 1), SESSION_TAKEN);
	if (ends[_i] == encoder_has_room) {
		t.encoder.room = 0;
		in_dispatch(converter_gives);
		ck_assert_int_eq(submit(CODED, 2), SESSION_FULL);
		t.encoder.room = 1;
	} else if (ends[_i] == encoder_drained) {
		in_dispatch(converter_gives);
		ck_assert_int_eq(t.session->ops->drain(t.session, &error), 0);
	} else {
		t.encoder.submit_fails = true;
	}
	in_dispatch(ends[_i]);
	ck_assert_ptr_null(t.session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("converting encoder");
	TCase *tc = tcase_create("converting encoder");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_frames_that_fit_go_straight);
	tcase_add_test(tc, test_others_are_converted);
	tcase_add_test(tc, test_colours_become_those_of_rgb);
	tcase_add_test(tc, test_order_is_kept);
	tcase_add_test(tc, test_no_more_than_four_are_on_their_way);
	tcase_add_test(tc, test_room_of_either);
	tcase_add_test(tc, test_another_kind_gets_another_converter);
	tcase_add_test(tc, test_drain);
	tcase_add_test(tc, test_drain_fails);
	tcase_add_test(tc, test_drain_of_a_stuck_converter);
	tcase_add_test(tc, test_drain_of_the_converter_fails);
	tcase_add_test(tc, test_frames_wait_for_a_stuck_converter);
	tcase_add_test(tc, test_frames_wait_for_a_drain_that_fails);
	tcase_add_test(tc, test_a_picture_is_lost);
	tcase_add_test(tc, test_a_picture_is_lost_before_others);
	tcase_add_test(tc, test_encoder_chose_another_format);
	tcase_add_test(tc, test_reset);
	tcase_add_test(tc, test_reset_of_the_converter_fails);
	tcase_add_test(tc, test_converter_fails);
	tcase_add_test(tc, test_converter_fails_without_room);
	tcase_add_test(tc, test_converter_fails_in_a_call);
	tcase_add_test(tc, test_encoder_fails_in_a_call);
	tcase_add_test(tc, test_encoder_fails_in_dispatch);
	tcase_add_test(tc, test_reclaim);
	tcase_add_loop_test(tc, test_no_converter_for_that, 0, 3);
	tcase_add_test(tc, test_no_converter_in_the_machine);
	tcase_add_test(tc, test_no_encoder);
	tcase_add_loop_test(tc, test_destroyed_by_its_sink, 0, 4);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
