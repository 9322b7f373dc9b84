/* SPDX-License-Identifier: MIT */
/*
 * How messages go from the queue to the session:
 *
 *           SESSION_FULL              flush, or a change that needs all outputs first
 *    FULL <-------------- OPEN ------------------------> DRAINING
 *      |                  ^ ^ ^ |                          |  ^
 *      +---- ready -------+ | | +--- configure --+         |  |
 *                           | +----- drained ----|---------+  |
 *                           |                    v            |
 *                           +-- applied -- CONFIGURING -------+
 *                                                 the running session cannot adopt it
 *
 *    OPEN -- a picture that a device still writes --> FENCED -- it is done --> OPEN
 *    FENCED -- the fence fails, or is never signalled -----------------------> codec closed
 *
 *    CONFIGURING -- no hardware context --> ADMITTING -- there is room --> CONFIGURING
 *    OPEN -- no hardware context at the first input --> ADMITTING
 *    ADMITTING -- no room can be made --------------------------------------> codec closed
 *
 *    OPEN, DRAINING, CONFIGURING -- the session fails inside a call --> BROKEN --> codec closed
 *    any -- the session fails by itself, or cannot be made -----------> codec closed
 *    any -- reset() --> OPEN
 *
 * Only OPEN takes messages from the front. In each other state one event is awaited: ready,
 * drained, fences, the accountant's word, or one of our tasks.
 *
 * Fences are waited for here and not in sessions, so that frames stay in order, drivers and threads
 * get finished pictures only, and reset() and close() end the wait at once.
 */
#include "api/codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/budget.h"
#include "api/pressure.h"
#include "budget/admission.h"
#include "frame/tally.h"
#include "frame/video_frame.h"

/* Done messages that are kept. More than an application queues that watches the queue size. */
#define KEEP_MESSAGES 32

/*
 * Under pressure: frames that the application may have open before it gets the next ones slowly,
 * and the microseconds between two of them then. Fifty frames a second are what most films need.
 */
#define FREELY_HELD 8
#define REST 20000

static void process(struct codec *codec);

/* Messages */

static struct message *message_new(struct codec *codec, enum message_kind kind)
{
	struct list *item = list_pop(&codec->spare);
	struct message *message;

	if (item) {
		codec->n_spare--;
		message = container_of(item, struct message, link);
		memset(message, 0, sizeof *message);
	} else {
		message = calloc(1, sizeof *message);
	}
	if (!message)
		return NULL;
	list_init(&message->link);
	message->kind = kind;
	return message;
}

/* The references go, which may call the application: a release callback, for instance. */
static void message_free(struct codec *codec, struct message *message)
{
	struct session_input input = message->input;

	free(message->config);
	if (codec->n_spare < KEEP_MESSAGES) {
		list_append(&codec->spare, &message->link);
		codec->n_spare++;
	} else {
		free(message);
	}
	wc_encoded_video_chunk_unref(input.chunk);
	wc_video_frame_unref(input.frame);
}

static struct message *first_message(struct list *messages)
{
	struct list *item = list_pop(messages);

	return item ? container_of(item, struct message, link) : NULL;
}

/* Entering and leaving: whatever may end in the application, which may destroy the codec. */

static void codec_enter(struct codec *codec)
{
	codec->depth++;
}

void codec_leave(struct codec *codec)
{
	codec->depth--;
	if (codec->destroyed && codec->depth == 0)
		codec->ops->free(codec);
}

/* For the result of wc_context_dispatch(). */
static void count_callback(struct codec *codec)
{
	codec->context->callbacks++;
}

void codec_enter_callback(struct codec *codec)
{
	codec_enter(codec);
	claim_progress(&codec->claim);
	count_callback(codec);
	context_pressure_look(codec->context);
}

/* The dequeue event: several decreases, one event. */

static void on_dequeue(struct task *task)
{
	struct codec *codec = container_of(task, struct codec, dequeue_task);

	/*
	 * The specification clears its flag after the event, so that decreases made by the handler
	 * are never told. Ours is the link of the task, cleared before: they get an event of their
	 * own.
	 */
	codec_enter(codec);
	count_callback(codec);
	codec->callbacks.dequeue(codec->callbacks.user_data);
	codec_leave(codec);
}

static void schedule_dequeue(struct codec *codec)
{
	if (codec->callbacks.dequeue)
		loop_post(&codec->context->loop, &codec->dequeue_task);
}

/* Ends of flushes */

/* Tell the flushes that ended. The callbacks may do anything, destroy the codec included. */
static void tell_ended(struct codec *codec)
{
	struct message *message;

	while ((message = first_message(&codec->ended))) {
		wc_flush_callback callback = message->callback;
		void *user_data = message->user_data;
		enum wc_status status = message->status;

		message_free(codec, message);
		if (!callback)
			continue;
		count_callback(codec);
		callback(status, user_data);
	}
}

static void end_flush(struct codec *codec, struct message *message, enum wc_status status)
{
	message->status = status;
	list_append(&codec->ended, &message->link);
}

static void on_ended(struct task *task)
{
	struct codec *codec = container_of(task, struct codec, ended_task);

	codec_enter(codec);
	tell_ended(codec);
	codec_leave(codec);
}

/* The end of all work: reset, close, errors */

static void drop_session(struct codec *codec)
{
	struct session *session = codec->session;

	codec->session = NULL;
	claim_set_session(&codec->claim, false);
	codec->active = false;
	codec->dirty = false;
	free(codec->config);
	codec->config = NULL;
	if (session)
		session->ops->destroy(session);
}

/*
 * What "Reset VideoDecoder" and its like have in common. Calls nobody: messages go to `dropped`,
 * flushes to `ended`. The session is left to the caller.
 */
static void abandon(struct codec *codec, enum wc_status status)
{
	struct message *message;

	task_cancel(&codec->configure_task);
	task_cancel(&codec->drained_task);
	task_cancel(&codec->broken_task);
	fence_wait_cancel(&codec->fence_wait);
	admission_cancel(&codec->claim);
	if (codec->flushing)
		end_flush(codec, codec->flushing, status);
	codec->flushing = NULL;
	while ((message = first_message(&codec->queue))) {
		if (message->kind == MESSAGE_FLUSH)
			end_flush(codec, message, status);
		else
			list_append(&codec->dropped, &message->link);
	}
	if (codec->queue_size) {
		codec->queue_size = 0;
		schedule_dequeue(codec);
	}
	codec->configures = 0;
	codec->pump = PUMP_OPEN;
	codec->ops->forget(codec);
}

/* Give up the references in messages that were cut off; last, it may call the application. */
static void release_dropped(struct codec *codec)
{
	struct message *message;

	while ((message = first_message(&codec->dropped)))
		message_free(codec, message);
}

/* "Close" with an error: in dispatch only. The error first, then the flushes it ended. */
static void close_with(struct codec *codec, const struct wc_error *cause)
{
	/* The cause may be memory of the session. */
	struct wc_error error = *cause;

	log_info(&codec->context->core->log, "%s \"%s\" closed: %s: %s", codec->ops->noun,
		 codec->claim.label, wc_status_name(error.name), error.message);
	codec_enter(codec);
	abandon(codec, error.name);
	codec->state = WC_CODEC_CLOSED;
	drop_session(codec);
	claim_leave(&codec->claim);
	release_dropped(codec);
	if (!codec->destroyed) {
		count_callback(codec);
		codec->callbacks.error(&error, codec->callbacks.user_data);
	}
	tell_ended(codec);
	codec_leave(codec);
}

static void on_broken(struct task *task)
{
	struct codec *codec = container_of(task, struct codec, broken_task);

	close_with(codec, &codec->failure);
}

/* The session failed in a call that may come from the application: close from a task. */
static void break_down(struct codec *codec, const struct wc_error *error)
{
	codec->failure = *error;
	codec->pump = PUMP_BROKEN;
	loop_post(&codec->context->loop, &codec->broken_task);
}

/* Processing messages */

static struct message *front(const struct codec *codec)
{
	return container_of(codec->queue.next, struct message, link);
}

/* Await all outputs of what was submitted. An empty session is not bothered. */
static void drain(struct codec *codec)
{
	struct wc_error error;

	codec->pump = PUMP_DRAINING;
	if (!codec->dirty)
		loop_post(&codec->context->loop, &codec->drained_task);
	else if (codec->session->ops->drain(codec->session, &error) < 0)
		break_down(codec, &error);
}

static void run_configure(struct codec *codec, struct message *message)
{
	admission_renew(&codec->claim);
	if (codec->dirty && !codec->ops->flows_on(codec, message->config)) {
		drain(codec);
		return;
	}
	codec->pump = PUMP_CONFIGURING;
	loop_post(&codec->context->loop, &codec->configure_task);
}

/* Have room made for the hardware context of a session, if that can be. */
static bool admit(struct codec *codec, const void *config, const struct wc_error *error)
{
	if (!admission_begin(&codec->claim, codec->ops->context_wait(config), error))
		return false;
	codec->pump = PUMP_ADMITTING;
	return true;
}

/* Some drivers take their context with the first input only. It stays at the front. */
static bool try_again_later(struct codec *codec, const struct wc_error *error)
{
	struct session *session = codec->session;

	codec->session = NULL;
	claim_set_session(&codec->claim, false);
	session->ops->destroy(session);
	return admit(codec, codec->config, error);
}

/* In dispatch. The message is at the front still: only OPEN takes messages from there. */
static void on_drawn(struct fence_wait *wait, int ret)
{
	struct codec *codec = container_of(wait, struct codec, fence_wait);
	struct wc_error error;

	if (ret < 0) {
		fence_error(&wait->report, ret, &error);
		close_with(codec, &error);
		return;
	}
	front(codec)->is_drawn = true;
	codec->pump = PUMP_OPEN;
	process(codec);
}

/* False: the picture is not finished, so something else has to happen first. */
static bool check_drawn(struct codec *codec, struct message *message)
{
	struct wc_video_frame *frame = message->input.frame;
	struct wc_error error;
	int ret = 0;

	if (frame && !message->is_drawn)
		ret = fence_wait_begin(&codec->fence_wait, &codec->context->loop, frame->buffer,
				       WC_MAP_READ, FENCE_PATIENCE, on_drawn);
	if (ret > 0) {
		codec->pump = PUMP_FENCED;
	} else if (ret < 0) {
		fence_error(&codec->fence_wait.report, ret, &error);
		break_down(codec, &error);
	}
	message->is_drawn = ret == 0;
	return ret == 0;
}

static void run_work(struct codec *codec, struct message *message)
{
	struct wc_error error;
	int ret;

	if (!check_drawn(codec, message))
		return;
	if (codec->dirty && codec->ops->must_drain &&
	    codec->ops->must_drain(codec, &message->input)) {
		drain(codec);
		return;
	}
	ret = codec->ops->submit(codec, &message->input, &error);
	if (ret == SESSION_FULL) {
		codec->pump = PUMP_FULL;
		return;
	}
	if (ret == WC_QUOTA_EXCEEDED_ERROR && !codec->dirty && try_again_later(codec, &error))
		return;
	if (ret == 0 && !codec->dirty)
		admission_succeeded(&codec->claim);
	claim_progress(&codec->claim);
	list_remove(&message->link);
	codec->queue_size--;
	codec->dirty = true;
	schedule_dequeue(codec);
	if (ret < 0)
		break_down(codec, &error);
	message_free(codec, message);
}

static void run_flush(struct codec *codec, struct message *message)
{
	list_remove(&message->link);
	codec->flushing = message;
	drain(codec);
}

/* "Process the control message queue". */
static void process(struct codec *codec)
{
	static void (*const run[])(struct codec *codec, struct message *message) = {
		[MESSAGE_CONFIGURE] = run_configure,
		[MESSAGE_WORK] = run_work,
		[MESSAGE_FLUSH] = run_flush,
	};

	codec_enter(codec);
	while (codec->pump == PUMP_OPEN && !list_empty(&codec->queue))
		run[front(codec)->kind](codec, front(codec));
	codec_leave(codec);
}

static uint64_t throttle(struct codec *codec, bool on)
{
	struct session *session = codec->session;

	/* One that failed inside a call takes no more. */
	if (!session || !session->ops->throttle || codec->pump == PUMP_BROKEN)
		return 0;
	return session->ops->throttle(session, on);
}

void codec_slow_down(struct codec *codec, const struct tally *frames)
{
	const struct session_ops *ops = codec->session->ops;

	if (codec->context->throttled && ops->rest && tally_count(frames) > FREELY_HELD)
		ops->rest(codec->session, REST);
}

/* A slot that was kept or brought for a session on a device is let go when it runs elsewhere. */
static int open_session(struct codec *codec, const void *config, struct wc_error *error)
{
	int ret = codec->ops->open(codec, config, &codec->session, error);

	claim_set_session(&codec->claim, codec->session);
	claim_let_go(&codec->claim);
	if (ret == 0 && codec->context->throttled)
		throttle(codec, true);
	/* "Configure" is work on the queue. */
	claim_progress(&codec->claim);
	return ret;
}

/*
 * Find a session for the configuration at the front. 0, with *draining set when the old one has to
 * be drained first; a negative wc_status with *error filled.
 */
static int find_session(struct codec *codec, const void *config, bool *draining,
			struct wc_error *error)
{
	*draining = false;
	if (codec->session && codec->ops->adopt(codec, config) == 0)
		return 0;
	if (codec->dirty) {
		drain(codec);
		*draining = true;
		return 0;
	}
	/* First, so that the device has its context back when the new session asks for one. */
	codec->claim.keeps_slot = codec->claim.is_taken;
	drop_session(codec);
	return open_session(codec, config, error);
}

/* No session: because there is no hardware context, for which room may be made, or for good. */
static void on_no_session(struct codec *codec, const void *config, const struct wc_error *error)
{
	if (error->name != WC_QUOTA_EXCEEDED_ERROR || !admit(codec, config, error))
		close_with(codec, error);
}

/* Room was made for a session that had no context for its first input. */
static void make_session_again(struct codec *codec)
{
	struct wc_error error;

	if (open_session(codec, codec->config, &error) < 0) {
		on_no_session(codec, codec->config, &error);
		return;
	}
	codec->pump = PUMP_OPEN;
	process(codec);
}

static void on_configure(struct task *task)
{
	struct codec *codec = container_of(task, struct codec, configure_task);
	struct message *message = front(codec);
	struct wc_error error;
	bool draining;
	int ret;

	if (message->kind != MESSAGE_CONFIGURE) {
		make_session_again(codec);
		return;
	}
	ret = find_session(codec, message->config, &draining, &error);
	if (draining)
		return;
	if (ret < 0) {
		on_no_session(codec, message->config, &error);
		return;
	}
	list_remove(&message->link);
	free(codec->config);
	codec->config = message->config;
	message->config = NULL;
	message_free(codec, message);
	codec->configures--;
	codec->active = true;
	codec->pump = PUMP_OPEN;
	process(codec);
}

/* The sink */

void codec_ready(void *sink)
{
	struct codec *codec = sink;

	if (codec->pump != PUMP_FULL)
		return;
	codec->pump = PUMP_OPEN;
	process(codec);
}

void codec_drained(void *sink)
{
	struct codec *codec = sink;

	if (codec->pump != PUMP_DRAINING)
		return;
	codec_enter(codec);
	codec->dirty = false;
	codec->pump = PUMP_OPEN;
	if (codec->flushing)
		end_flush(codec, codec->flushing, WC_OK);
	codec->flushing = NULL;
	tell_ended(codec);
	process(codec);
	codec_leave(codec);
}

static void on_drained(struct task *task)
{
	codec_drained(container_of(task, struct codec, drained_task));
}

void codec_failed(void *sink, const struct wc_error *error)
{
	close_with(sink, error);
}

/* Calls */

static int fail_closed(struct codec *codec, const char *verb)
{
	return context_fail(codec->context, WC_INVALID_STATE_ERROR, "cannot %s, the %s is closed",
			    verb, codec->ops->noun);
}

int codec_require_configured(struct codec *codec, const char *verb)
{
	if (codec->state == WC_CODEC_CONFIGURED)
		return 0;
	if (codec->state == WC_CODEC_CLOSED)
		return fail_closed(codec, verb);
	return context_fail(codec->context, WC_INVALID_STATE_ERROR,
			    "cannot %s, the %s is not configured", verb, codec->ops->noun);
}

/* That it is closed is known for sure by who wants a clone only. */
static int fail_to_keep(struct codec *codec, const struct wc_video_frame *frame)
{
	if (video_frame_clone_failed(frame) != WC_INVALID_STATE_ERROR)
		return context_fail_errno(codec->context, ENOMEM, "keep a frame");
	return context_fail(codec->context, WC_TYPE_ERROR, "the frame is closed%s",
			    wc_video_frame_get_close_reason(frame) == WC_CLOSED_UNDER_PRESSURE ?
			    ", the library had to close it under memory pressure" : "");
}

int codec_keep_frame(struct codec *codec, const struct wc_video_frame *frame, const char *verb,
		     struct wc_video_frame **own)
{
	int ret;

	*own = NULL;
	if (!frame)
		return context_fail(codec->context, WC_TYPE_ERROR, "the frame is NULL");
	*own = video_frame_clone(frame);
	if (!*own)
		return fail_to_keep(codec, frame);
	ret = codec_require_configured(codec, verb);
	if (ret < 0) {
		wc_video_frame_unref(*own);
		*own = NULL;
	}
	return ret;
}

int codec_accept(struct codec *codec)
{
	if (codec->state == WC_CODEC_CLOSED)
		return fail_closed(codec, "configure");
	codec->state = WC_CODEC_CONFIGURED;
	return WC_OK;
}

int codec_configure(struct codec *codec, void *config)
{
	struct message *message;

	if (codec->state == WC_CODEC_CLOSED)
		return fail_closed(codec, "configure");
	message = message_new(codec, MESSAGE_CONFIGURE);
	if (!message)
		return context_fail_errno(codec->context, ENOMEM, "queue a configuration");
	message->config = config;
	codec->state = WC_CODEC_CONFIGURED;
	codec->configures++;
	list_append(&codec->queue, &message->link);
	process(codec);
	return WC_OK;
}

int codec_work(struct codec *codec, const struct session_input *input)
{
	struct message *message = message_new(codec, MESSAGE_WORK);

	if (!message) {
		wc_encoded_video_chunk_unref(input->chunk);
		wc_video_frame_unref(input->frame);
		return context_fail_errno(codec->context, ENOMEM, "queue work");
	}
	message->input = *input;
	codec->queue_size++;
	list_append(&codec->queue, &message->link);
	process(codec);
	return WC_OK;
}

int codec_flush(struct codec *codec, wc_flush_callback callback, void *user_data)
{
	struct message *message;
	int ret = codec_require_configured(codec, "flush");

	if (ret < 0)
		return ret;
	message = message_new(codec, MESSAGE_FLUSH);
	if (!message)
		return context_fail_errno(codec->context, ENOMEM, "queue a flush");
	message->callback = callback;
	message->user_data = user_data;
	list_append(&codec->queue, &message->link);
	process(codec);
	return WC_OK;
}

/* Empty the session and keep it with its context, or drop it when it cannot be used any more. */
static void reset_session(struct codec *codec, bool broken)
{
	struct wc_error error;

	codec->active = false;
	if (!codec->dirty)
		return;
	codec->dirty = false;
	if (broken || codec->session->ops->reset(codec->session, &error) < 0)
		drop_session(codec);
}

/* The part of reset and close behind the change of state. */
static void end_work(struct codec *codec)
{
	if (!list_empty(&codec->ended))
		loop_post(&codec->context->loop, &codec->ended_task);
	release_dropped(codec);
}

int codec_reset(struct codec *codec)
{
	bool broken = codec->pump == PUMP_BROKEN;

	if (codec->state == WC_CODEC_CLOSED)
		return fail_closed(codec, "reset");
	if (codec->state == WC_CODEC_UNCONFIGURED)
		return WC_OK;
	codec_enter(codec);
	abandon(codec, WC_ABORT_ERROR);
	codec->state = WC_CODEC_UNCONFIGURED;
	reset_session(codec, broken);
	end_work(codec);
	codec_leave(codec);
	return WC_OK;
}

int codec_close(struct codec *codec)
{
	if (codec->state == WC_CODEC_CLOSED)
		return fail_closed(codec, "close");
	codec_enter(codec);
	abandon(codec, WC_ABORT_ERROR);
	codec->state = WC_CODEC_CLOSED;
	drop_session(codec);
	claim_leave(&codec->claim);
	end_work(codec);
	codec_leave(codec);
	return WC_OK;
}

bool codec_is_saturated(const struct codec *codec)
{
	if (codec->pump != PUMP_OPEN)
		return true;
	return codec->session && codec->session->ops->saturated(codec->session);
}

void codec_describe(const struct codec *codec, struct wc_session_info *info)
{
	memset(info, 0, sizeof *info);
	if (codec->session && codec->active)
		codec->session->ops->describe(codec->session, info);
}

/* The accountant */

static void on_retry(struct claim *claim)
{
	struct codec *codec = container_of(claim, struct codec, claim);

	codec->pump = PUMP_CONFIGURING;
	loop_post(&codec->context->loop, &codec->configure_task);
}

static void on_refused(struct claim *claim, const struct wc_error *error)
{
	close_with(container_of(claim, struct codec, claim), error);
}

/* After reset() nothing is lost with the session: the next configuration makes another. */
static void on_reclaim(struct claim *claim, const struct wc_error *error)
{
	struct codec *codec = container_of(claim, struct codec, claim);

	if (codec->state == WC_CODEC_UNCONFIGURED)
		drop_session(codec);
	else
		close_with(codec, error);
}

static const struct claim_ops claim_ops = {
	.reclaim = on_reclaim,
	.retry = on_retry,
	.refused = on_refused,
};

struct codec *codec_of_claim(struct claim *claim)
{
	return claim->ops == &claim_ops ? container_of(claim, struct codec, claim) : NULL;
}

uint64_t codecs_throttle(struct wc_context *context, bool on)
{
	struct accountant *accountant = &context->accountant;
	uint64_t freed = 0;

	context->throttled = on;
	for (size_t i = 0; i < accountant->n_candidates; i++) {
		struct codec *codec = codec_of_claim(claim_of(&accountant->candidates[i]));

		freed += codec ? throttle(codec, on) : 0;
	}
	return freed;
}

int codec_set_reclaim_traits(struct codec *codec, const struct wc_reclaim_traits *traits)
{
	struct reclaim_traits own;

	if (codec->state == WC_CODEC_CLOSED)
		return fail_closed(codec, "set traits");
	if (!traits)
		own = codec->context->traits;
	else if (!reclaim_traits_read(traits, &own))
		return context_fail(codec->context, WC_TYPE_ERROR, "a reserved field is not zero");
	codec->has_own_traits = traits;
	claim_set_traits(&codec->claim, &own);
	return WC_OK;
}

/* Beginning and end */

static counter *alive(struct codec *codec)
{
	struct core *core = codec->context->core;

	switch (codec->ops->object_class) {
	case WC_OBJECT_VIDEO_DECODER:
		return &core->counters.video_decoders;
	case WC_OBJECT_VIDEO_ENCODER:
		return &core->counters.video_encoders;
	default:
		return &core->counters.video_converters;
	}
}

int codec_init(struct codec *codec, struct wc_context *context, const struct codec_ops *ops,
	       const struct codec_callbacks *callbacks, const char *label)
{
	bool is_encoder = ops->object_class == WC_OBJECT_VIDEO_ENCODER;
	int ret;

	ret = accountant_enter(&context->accountant, &codec->claim, &claim_ops, is_encoder, label);
	if (ret < 0)
		return ret;
	ret = census_enter(&context->core->census, ops->object_class, &codec->entry, 0,
			   codec->claim.label);
	if (ret < 0) {
		claim_leave(&codec->claim);
		return ret;
	}
	codec->context = wc_context_ref(context);
	codec->ops = ops;
	codec->callbacks = *callbacks;
	claim_set_traits(&codec->claim, &context->traits);
	counter_add(alive(codec), 1);
	list_init(&codec->queue);
	list_init(&codec->ended);
	list_init(&codec->dropped);
	list_init(&codec->spare);
	task_init(&codec->configure_task, on_configure);
	task_init(&codec->drained_task, on_drained);
	task_init(&codec->broken_task, on_broken);
	task_init(&codec->ended_task, on_ended);
	task_init(&codec->dequeue_task, on_dequeue);
	return 0;
}

void codec_destroy(struct codec *codec)
{
	struct message *message;

	codec_enter(codec);
	codec->destroyed = true;
	if (codec->state != WC_CODEC_CLOSED)
		codec_close(codec);
	while ((message = first_message(&codec->ended)))
		message_free(codec, message);
	task_cancel(&codec->ended_task);
	task_cancel(&codec->dequeue_task);
	codec_leave(codec);
}

void codec_finish(struct codec *codec)
{
	struct message *message;

	while ((message = first_message(&codec->spare)))
		free(message);
	counter_sub(alive(codec), 1);
	census_leave(&codec->context->core->census, codec->ops->object_class, &codec->entry);
	wc_context_unref(codec->context);
}
