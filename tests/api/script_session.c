/* SPDX-License-Identifier: MIT */
#include "script_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget/claim.h"
#include "frame/color_space.h"
#include "frame/pixel_format.h"
#include "session/select.h"
#include "util/error.h"
#include "util/list.h"

#define WIDTH 64
#define HEIGHT 48

enum script_kind { SCRIPT_DECODER, SCRIPT_ENCODER, SCRIPT_CONVERTER };
enum event_kind { EVENT_OUTPUT, EVENT_DRAINED, EVENT_FAILED };

struct event {
	struct list link;
	enum event_kind kind;
	struct session_input input;    /* references */
	struct wc_error error;
};

struct script_session {
	struct session base;
	struct script *script;
	struct core *core;
	struct loop *loop;
	enum script_kind kind;
	struct converter_params converter;
	uint32_t fourcc, width, height;
	struct list events, spare;
	struct task task;
	struct buffer *output;         /* under all outputs; NULL until the first */
	unsigned submits, held;        /* in all; not yet output */
	unsigned generation;           /* of resets */
	bool refused, draining, failed, in_sink, dead, first;
};

/* Tests run one at a time. */
static struct script *current;

void script_use(struct script *script)
{
	if (current)
		must(current->alive == 0);
	current = script;
}

static struct script_session *of(const struct session *session)
{
	return (struct script_session *)container_of(session, struct script_session, base);
}

/* Giving out */

/* Events are kept for the next ones: tests count what the library allocates. */
static void event_done(struct script_session *s, struct event *event)
{
	wc_encoded_video_chunk_unref(event->input.chunk);
	wc_video_frame_unref(event->input.frame);
	list_append(&s->spare, &event->link);
}

static struct event *event_new(struct script_session *s)
{
	struct list *item = list_pop(&s->spare);
	struct event *event = item ? container_of(item, struct event, link) :
			      malloc(sizeof *event);

	memset(event, 0, sizeof *event);
	return event;
}

static void session_free(struct script_session *s)
{
	struct list *item;

	while ((item = list_pop(&s->spare)))
		free(container_of(item, struct event, link));
	buffer_unref(s->output);
	free(s);
}

static void add_event(struct script_session *s, enum event_kind kind,
		      const struct session_input *input, const struct wc_error *error)
{
	struct event *event = event_new(s);

	event->kind = kind;
	if (input)
		event->input = *input;
	if (error)
		event->error = *error;
	list_append(&s->events, &event->link);
	loop_post(s->loop, &s->task);
}

static struct buffer *output_buffer(struct script_session *s, size_t size)
{
	if (!s->output) {
		s->output = buffer_new_plain(s->core, size);
		memset(s->output->objects[0].map, 0x5a, size);
	}
	return s->output;
}

static void give_frame(struct script_session *s, const struct timing *timing)
{
	struct wc_rect visible = { 0, 0, s->width, s->height };
	struct frame_format format;
	size_t size = frame_format_tight(&format, s->fourcc, s->width, s->height);
	struct wc_video_frame *frame = video_frame_new(s->core, output_buffer(s, size), &format,
						       &visible, timing);

	frame->color_space = s->kind == SCRIPT_CONVERTER ? s->converter.result.color_space
							 : s->script->colors;
	if (s->script->sar_width)
		frame->display_width = s->script->sar_width;
	s->base.sink_ops->frame(s->base.sink, frame);
}

static void give_chunk(struct script_session *s, const struct session_input *input)
{
	struct session_chunk_info info = {
		.description = s->script->description,
		.description_size = s->script->description_size,
		.color_space = s->script->colors,
	};
	enum wc_chunk_type type = s->first || input->key_frame ? WC_CHUNK_KEY : WC_CHUNK_DELTA;
	struct wc_encoded_video_chunk *chunk = encoded_video_chunk_new(
		s->core, output_buffer(s, 4), 0, 4, type, &input->frame->timing);

	s->first = false;
	s->base.sink_ops->chunk(s->base.sink, chunk, &info);
}

static void give_output(struct script_session *s, const struct event *event)
{
	s->held--;
	if (s->kind == SCRIPT_ENCODER)
		give_chunk(s, &event->input);
	else if (s->kind == SCRIPT_CONVERTER)
		give_frame(s, &event->input.frame->timing);
	else
		give_frame(s, &event->input.chunk->timing);
}

static void give(struct script_session *s, const struct event *event)
{
	switch (event->kind) {
	case EVENT_OUTPUT:
		give_output(s, event);
		break;
	case EVENT_DRAINED:
		s->draining = false;
		s->base.sink_ops->drained(s->base.sink);
		break;
	case EVENT_FAILED:
		s->failed = true;
		s->base.sink_ops->failed(s->base.sink, &event->error);
		break;
	}
}

static bool may_give(struct script_session *s)
{
	if (s->failed || list_empty(&s->events) || s->script->allowed == 0)
		return false;
	if (s->script->allowed > 0)
		s->script->allowed--;
	return true;
}

/* All that may go out now; stops when the sink reset or destroyed the session. */
static void on_task(struct task *task)
{
	struct script_session *s = container_of(task, struct script_session, task);
	unsigned generation = s->generation;

	s->in_sink = true;
	while (!s->dead && generation == s->generation && may_give(s)) {
		struct event *event = container_of(list_pop(&s->events), struct event, link);

		give(s, event);
		event_done(s, event);
		if (!s->dead && generation == s->generation && !s->failed && s->refused) {
			s->refused = false;
			s->base.sink_ops->ready(s->base.sink);
		}
	}
	s->in_sink = false;
	if (s->dead)
		session_free(s);
}

void script_allow(struct script *script, int n)
{
	script->allowed = n;
	if (script->session)
		loop_post(script->session->loop, &script->session->task);
}

void script_fail(struct script *script, enum wc_status name)
{
	struct wc_error error;

	error_set(&error, name, WC_STAGE_JOB, EIO, "the script says so");
	add_event(script->session, EVENT_FAILED, NULL, &error);
}

/* Operations */

static int64_t time_of(const struct session_input *input)
{
	return input->chunk ? input->chunk->timing.timestamp : input->frame->timing.timestamp;
}

/* What session.h says of inputs. */
static void check_input(const struct script_session *s, const struct session_input *input)
{
	const struct converter_format *source = &s->converter.source;
	const struct wc_video_frame *frame = input->frame;

	must(!input->chunk == (s->kind != SCRIPT_DECODER));
	must(!frame == (s->kind == SCRIPT_DECODER));
	if (s->kind == SCRIPT_CONVERTER)
		must(frame->format.fourcc == source->fourcc &&
		     frame->format.modifier == source->modifier &&
		     frame->visible.width == source->width &&
		     frame->visible.height == source->height &&
		     color_space_equal(&frame->color_space, &source->color_space));
}

static void trace_submit(struct script_session *s, const struct session_input *input)
{
	char quantizer[16] = "";

	if (input->quantizer >= 0)
		snprintf(quantizer, sizeof quantizer, "Q%d", input->quantizer);
	trace_add(s->script->trace, "submit:%lld%s%s", (long long)time_of(input),
		  input->key_frame ? "K" : "", quantizer);
}

static int script_submit(struct session *session, const struct session_input *input,
			 struct wc_error *error)
{
	struct script_session *s = of(session);
	struct session_input kept = *input;

	must(!s->draining && !s->failed && !s->dead);
	check_input(s, input);
	if (s->script->room && s->held >= s->script->room) {
		trace_add(s->script->trace, "full");
		s->refused = true;
		return SESSION_FULL;
	}
	trace_submit(s, input);
	if (++s->submits == s->script->submit_fails_at) {
		s->failed = true;
		return error_set(error, s->script->submit_error ? s->script->submit_error :
				 WC_ENCODING_ERROR, WC_STAGE_JOB, EIO, "a bad input");
	}
	if (kept.chunk)
		wc_encoded_video_chunk_ref(kept.chunk);
	if (kept.frame)
		wc_video_frame_ref(kept.frame);
	s->held++;
	add_event(s, EVENT_OUTPUT, &kept, NULL);
	return 0;
}

static int script_drain(struct session *session, struct wc_error *error)
{
	struct script_session *s = of(session);

	must(!s->draining && !s->failed && !s->dead);
	trace_add(s->script->trace, "drain");
	if (s->script->drain_fails) {
		s->failed = true;
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_JOB, EIO, "no drain");
	}
	s->draining = true;
	add_event(s, EVENT_DRAINED, NULL, NULL);
	return 0;
}

static void drop_events(struct script_session *s)
{
	struct list *item;

	while ((item = list_pop(&s->events)))
		event_done(s, container_of(item, struct event, link));
	task_cancel(&s->task);
}

static int script_reset(struct session *session, struct wc_error *error)
{
	struct script_session *s = of(session);

	must(!s->failed && !s->dead);
	trace_add(s->script->trace, "reset");
	s->generation++;
	drop_events(s);
	s->held = 0;
	s->draining = false;
	s->refused = false;
	s->first = true;
	if (!s->script->reset_fails)
		return 0;
	s->failed = true;
	return error_set(error, WC_OPERATION_ERROR, WC_STAGE_JOB, EIO, "no reset");
}

static int script_retune(struct session *session, const struct encoder_params *params)
{
	struct script_session *s = of(session);

	must(!s->draining && !s->failed && !s->dead);
	if (!s->script->retune_works)
		return -ENOTSUP;
	trace_add(s->script->trace, "retune:%llu", (unsigned long long)params->bitrate);
	return 0;
}

static struct buffer *script_alloc_input(struct session *session, size_t capacity)
{
	struct script_session *s = of(session);
	struct buffer *buffer;

	if (!s->script->has_inputs)
		return NULL;
	buffer = buffer_new_plain(s->core, capacity);
	buffer_pin(buffer);
	buffer_unref(buffer);
	s->script->last_input = buffer;
	return buffer;
}

static struct wc_video_frame *script_alloc_frame(struct session *session,
						 const struct timing *timing,
						 struct wc_error *error)
{
	struct script_session *s = of(session);
	struct wc_rect visible = { 0, 0, s->width, s->height };
	struct frame_format format;
	struct wc_video_frame *frame;
	struct buffer *buffer;

	if (s->script->no_frames) {
		error_set(error, WC_OPERATION_ERROR, WC_STAGE_BUFFERS, ENOMEM, "no frame");
		return NULL;
	}
	buffer = buffer_new_plain(s->core, frame_format_tight(&format, DRM_FORMAT_NV12, s->width,
							      s->height));
	frame = video_frame_new(s->core, buffer, &format, &visible, timing);
	frame->writable = true;
	s->script->last_input = buffer;
	buffer_unref(buffer);
	return frame;
}

/* Whoever asks is told when there is room, as if a submit had been refused. */
static bool script_saturated(struct session *session)
{
	struct script_session *s = of(session);
	bool saturated = s->script->room && s->held >= s->script->room;

	if (saturated)
		s->refused = true;
	return saturated;
}

static uint64_t script_throttle(struct session *session, bool on)
{
	struct script_session *s = of(session);

	must(!s->failed && !s->dead);
	s->script->throttled = on;
	s->script->throttles++;
	return on ? s->script->frees : 0;
}

/* Counted only: what comes is up to the test. */
static void script_rest(struct session *session, int64_t delay)
{
	struct script_session *s = of(session);

	must(s->in_sink && !s->failed && !s->dead && s->script->throttled && delay > 0);
	s->script->rests++;
}

static void fill_info(struct wc_session_info *info)
{
	memset(info, 0, sizeof *info);
	info->kind = WC_SESSION_SOFTWARE;
	snprintf(info->name, sizeof info->name, "script");
}

static void script_describe(const struct session *session, struct wc_session_info *info)
{
	fill_info(info);
	info->units_in = of(session)->submits;
}

static void script_destroy(struct session *session)
{
	struct script_session *s = of(session);

	must(!s->dead);
	trace_add(s->script->trace, "destroy");
	s->script->alive--;
	if (s->script->session == s)
		s->script->session = NULL;
	drop_events(s);
	s->dead = true;
	if (!s->in_sink)
		session_free(s);
}

static const struct session_ops script_ops = {
	.submit = script_submit,
	.drain = script_drain,
	.reset = script_reset,
	.retune = script_retune,
	.alloc_input = script_alloc_input,
	.alloc_frame = script_alloc_frame,
	.saturated = script_saturated,
	.throttle = script_throttle,
	.rest = script_rest,
	.describe = script_describe,
	.destroy = script_destroy,
};

/* The functions of session/select.h */

static void remember(const struct session_env *env, const struct session_choice *choice)
{
	current->preference = choice->preference;
	snprintf(current->label, sizeof current->label, "%s", env->claim ? env->claim->label : "");
	snprintf(current->device, sizeof current->device, "%s",
		 choice->device ? choice->device : "");
}

static int open_session(const struct session_env *env, const struct session_sink_ops *sink_ops,
			void *sink, enum script_kind kind, uint32_t width, uint32_t height,
			struct session **session, struct wc_error *error)
{
	struct script_session *s;

	/* The old session must go before a new one is made. */
	must(current->several || current->alive == 0);
	trace_add(current->trace, current->open_fails ? "refused" : "open");
	if (current->open_fails) {
		error_set(error, current->open_fails, WC_STAGE_OPEN, EBUSY, "no session here");
		error->quota = current->open_fails == WC_QUOTA_EXCEEDED_ERROR ? 2 : 0;
		return error->name;
	}
	s = calloc(1, sizeof *s);
	s->base = (struct session) { &script_ops, sink_ops, sink };
	s->script = current;
	s->core = env->core;
	s->loop = env->loop;
	s->kind = kind;
	s->fourcc = DRM_FORMAT_NV12;
	s->width = width ? width : WIDTH;
	s->height = height ? height : HEIGHT;
	s->first = true;
	current->throttled = false;
	list_init(&s->events);
	list_init(&s->spare);
	task_init(&s->task, on_task);
	current->alive++;
	current->session = s;
	*session = &s->base;
	return 0;
}

int session_open_decoder(const struct session_env *env, const struct session_choice *choice,
			 const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	remember(env, choice);
	current->decoder = *params;
	return open_session(env, sink_ops, sink, SCRIPT_DECODER, params->coded_width,
			    params->coded_height, session, error);
}

int session_open_encoder(const struct session_env *env, const struct session_choice *choice,
			 const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	remember(env, choice);
	current->encoder = *params;
	return open_session(env, sink_ops, sink, SCRIPT_ENCODER, params->width, params->height,
			    session, error);
}

int session_open_converter(const struct session_env *env, const struct session_choice *choice,
			   const struct converter_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error)
{
	struct script_session *s;
	int ret;

	remember(env, choice);
	current->converter = *params;
	ret = open_session(env, sink_ops, sink, SCRIPT_CONVERTER, params->result.width,
			   params->result.height, session, error);
	if (ret == 0) {
		s = of(*session);
		s->converter = *params;
		s->fourcc = params->result.fourcc;
	}
	return ret;
}

bool session_probe_decoder(const struct session_env *env, const struct session_choice *choice,
			   const struct decoder_params *params, struct wc_session_info *info)
{
	remember(env, choice);
	current->decoder = *params;
	memset(info, 0, sizeof *info);
	if (current->probe_works)
		fill_info(info);
	return current->probe_works;
}

bool session_probe_encoder(const struct session_env *env, const struct session_choice *choice,
			   const struct encoder_params *params, struct wc_session_info *info)
{
	remember(env, choice);
	current->encoder = *params;
	memset(info, 0, sizeof *info);
	if (current->probe_works)
		fill_info(info);
	return current->probe_works;
}

bool session_probe_converter(const struct session_env *env, const struct session_choice *choice,
			     const struct converter_params *params, struct wc_session_info *info)
{
	remember(env, choice);
	current->converter = *params;
	memset(info, 0, sizeof *info);
	if (current->probe_works)
		fill_info(info);
	return current->probe_works;
}
