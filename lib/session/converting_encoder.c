/* SPDX-License-Identifier: MIT */
/*
 * An encoder session behind a converter session.
 *
 *     frame ----- the device reads it as it is, or nobody converts it -----> encoder
 *        \                                                                 /
 *         \-- flight --> converter --> flight, with the picture converted-/
 *
 * Flights keep their order, and frames that need no conversion wait until there are none. Meanwhile
 * the converter drains, as in a drain of the whole: only so it notices that its device is stuck.
 *
 *              drain, with flights               the last flight was handed on
 *     RUNNING -------------------> EMPTYING --------------------------> DRAINING
 *      ^   \------------------------- drain, without flights ------------> |
 *      +-------------------------------- drained --------------------------+
 *
 * reset leads from everywhere to RUNNING. Nothing is ever lost with the converter: a flight keeps
 * its source. When the converter fails, or somebody else needs its hardware context more, what it
 * had goes to the encoder as it came, to be converted on the CPU, or refused where the application
 * forbids that.
 */
#include "session/converting_encoder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "budget/accountant.h"
#include "frame/color_space.h"
#include "util/error.h"
#include "v4l2/registry.h"

/* Pictures on their way through the converter: one in work, one ready, two for what is between. */
#define MAX_FLIGHTS 4

/* Kinds that are remembered for having no converter: no device is asked for each frame. */
#define MAX_HOPELESS 4

enum converting_state {
	CONVERTING_RUNNING,
	CONVERTING_EMPTYING,
	CONVERTING_DRAINING,
};

/* A frame on its way through the converter. */
struct flight {
	struct wc_video_frame *source;     /* a reference, until there is the picture */
	struct wc_video_frame *picture;    /* what was made of it, a reference; NULL: not yet */
	bool is_lost;                      /* there will be none */
	bool key_frame;
	int quantizer;
};

struct converting {
	struct session base;
	struct session_env env;            /* the encoder's */
	struct session_choice choice;      /* of converters */
	struct encoder_params params;
	struct session *encoder;
	struct session *converter;         /* NULL: none */
	bool converter_drains;             /* it takes nothing until it is drained */
	struct claim claim;                /* the converter's; entered with the first one */
	struct converter_format kind;      /* of frames that the converter takes */
	uint32_t fourcc;                   /* that the converter makes */
	/* Kinds of frames that none takes, in a ring; width 0: none known. */
	struct converter_format hopeless[MAX_HOPELESS];
	unsigned n_hopeless;
	enum converting_state state;
	unsigned n_flights;
	struct flight flights[MAX_FLIGHTS];
	bool wants_ready;                  /* a submit found no room */
	uint64_t bytes_copied;             /* by converters that are gone */
	struct task free_task;
};

static struct converting *converting(struct session *session)
{
	return (struct converting *)session;
}

/* ---- flights --------------------------------------------------------------------------------- */

static void drop_flight(struct flight *flight)
{
	wc_video_frame_unref(flight->source);
	wc_video_frame_unref(flight->picture);
}

static void drop_flights(struct converting *c)
{
	while (c->n_flights)
		drop_flight(&c->flights[--c->n_flights]);
}

static void drop_first_flight(struct converting *c)
{
	drop_flight(&c->flights[0]);
	c->n_flights--;
	memmove(c->flights, c->flights + 1, c->n_flights * sizeof c->flights[0]);
}

/* Hand to the encoder what is ready. 0, SESSION_FULL, or a ::wc_status with *error filled. */
static int hand_on(struct converting *c, struct wc_error *error)
{
	while (c->n_flights) {
		struct flight *first = &c->flights[0];
		struct session_input input = {
			.frame = first->picture ? first->picture : first->source,
			.key_frame = first->key_frame,
			.quantizer = first->quantizer,
		};
		int ret;

		if (!first->picture && !first->is_lost && c->converter)
			return 0;
		ret = c->encoder->ops->submit(c->encoder, &input, error);
		if (ret != SESSION_TAKEN)
			return ret;
		drop_first_flight(c);
	}
	return 0;
}

static int full(struct converting *c)
{
	c->wants_ready = true;
	return SESSION_FULL;
}

/* ---- events: what calls the sink does so last, since that may destroy the session ------------ */

/* The last flight was handed on, in a drain. */
static void begin_draining(struct converting *c)
{
	struct wc_error error;

	c->state = CONVERTING_DRAINING;
	if (c->encoder->ops->drain(c->encoder, &error) < 0)
		c->base.sink_ops->failed(c->base.sink, &error);
}

/* Something moved. In dispatch only. */
static void advance(struct converting *c)
{
	struct wc_error error;

	if (hand_on(c, &error) < 0) {
		c->base.sink_ops->failed(c->base.sink, &error);
	} else if (c->state == CONVERTING_EMPTYING) {
		if (!c->n_flights)
			begin_draining(c);
	} else if (c->wants_ready && c->n_flights < MAX_FLIGHTS) {
		c->wants_ready = false;
		c->base.sink_ops->ready(c->base.sink);
	}
}

static void on_chunk(void *sink, struct wc_encoded_video_chunk *chunk,
		     const struct session_chunk_info *info)
{
	struct converting *c = sink;

	c->base.sink_ops->chunk(c->base.sink, chunk, info);
}

static void on_ready(void *sink)
{
	advance(sink);
}

static void on_drained(void *sink)
{
	struct converting *c = sink;

	c->state = CONVERTING_RUNNING;
	c->base.sink_ops->drained(c->base.sink);
}

static void on_failed(void *sink, const struct wc_error *error)
{
	struct converting *c = sink;

	c->base.sink_ops->failed(c->base.sink, error);
}

static const struct session_sink_ops encoder_sink_ops = {
	.chunk = on_chunk,
	.ready = on_ready,
	.drained = on_drained,
	.failed = on_failed,
};

/* ---- the converter --------------------------------------------------------------------------- */

static void close_converter(struct converting *c)
{
	struct wc_session_info info;

	if (!c->converter)
		return;
	c->converter->ops->describe(c->converter, &info);
	c->bytes_copied += info.bytes_copied;
	c->converter->ops->destroy(c->converter);
	c->converter = NULL;
	c->converter_drains = false;
}

/* Frames of that kind are the encoder's affair from now on. */
static void give_converter_up(struct converting *c, const struct wc_error *error)
{
	enum wc_log_level level = error->name == WC_NOT_SUPPORTED_ERROR ? WC_LOG_INFO
									: WC_LOG_WARNING;

	log_at(&c->env.core->log, level, "no converter for %.4s pictures from now on: %s%s%s",
	       (const char *)&c->kind.fourcc, error->device, error->device[0] ? ": " : "",
	       error->message);
	c->hopeless[c->n_hopeless++ % MAX_HOPELESS] = c->kind;
	close_converter(c);
}

static bool awaits(const struct flight *flight)
{
	return !flight->picture && !flight->is_lost;
}

/*
 * The first flight that awaits a picture of that time; n_flights: none does. Times may be equal,
 * and pictures come in order.
 */
static unsigned find_flight(const struct converting *c, int64_t time)
{
	unsigned i = 0;

	while (i < c->n_flights && !(awaits(&c->flights[i]) &&
				     c->flights[i].source->timing.timestamp == time))
		i++;
	return i;
}

static void on_picture(void *sink, struct wc_video_frame *picture)
{
	struct converting *c = sink;
	unsigned i = find_flight(c, picture->timing.timestamp);

	if (i == c->n_flights) {
		wc_video_frame_unref(picture);
		return;
	}
	for (unsigned k = 0; k < i; k++)
		c->flights[k].is_lost = !c->flights[k].picture;
	c->flights[i].picture = picture;
	wc_video_frame_unref(c->flights[i].source);
	c->flights[i].source = NULL;
	advance(c);
}

/* Pictures come in order. */
static bool awaits_picture(const struct converting *c)
{
	return c->n_flights && awaits(&c->flights[c->n_flights - 1]);
}

static void on_converter_drained(void *sink)
{
	struct converting *c = sink;
	struct wc_error error;

	c->converter_drains = false;
	if (awaits_picture(c)) {
		error_set(&error, WC_ENCODING_ERROR, WC_STAGE_JOB, 0, "a picture did not come out");
		give_converter_up(c, &error);
	}
	advance(c);
}

static void on_converter_failed(void *sink, const struct wc_error *error)
{
	give_converter_up(sink, error);
	advance(sink);
}

static const struct session_sink_ops converter_sink_ops = {
	.frame = on_picture,
	.ready = on_ready,
	.drained = on_converter_drained,
	.failed = on_converter_failed,
};

static struct converting *of_claim(struct claim *claim)
{
	return container_of(claim, struct converting, claim);
}

static void on_reclaim(struct claim *claim, const struct wc_error *error)
{
	struct converting *c = of_claim(claim);

	if (!c->converter)
		return;
	give_converter_up(c, error);
	advance(c);
}

/* Room is never waited for in the name of a converter: the CPU does it meanwhile. */
static void on_retry(struct claim *claim)
{
	claim_let_go(claim);
}

static void on_refused(struct claim *claim, const struct wc_error *error)
{
	log_info(&of_claim(claim)->env.core->log, "%s: %s", error->device, error->message);
}

static const struct claim_ops claim_ops = {
	.reclaim = on_reclaim,
	.retry = on_retry,
	.refused = on_refused,
};

/* The converter counts by itself, and matters as much as the encoder. */
static bool enter_claim(struct converting *c)
{
	struct claim *own = c->env.claim;

	if (!own || !own->candidate || c->claim.candidate)
		return true;
	return accountant_enter_helper(own, &c->claim, &claim_ops) == 0;
}

static int open_for(struct converting *c, const struct converter_format *source, uint32_t fourcc,
		    struct wc_error *error)
{
	struct session_env env = c->env;
	struct converter_params params = {
		.source = *source,
		.result = { fourcc, DRM_FORMAT_MOD_LINEAR, c->params.width, c->params.height,
			    color_space_converted(&source->color_space, source->fourcc, fourcc) },
		.use = WC_MEMORY_FOR_CODEC,
		.copy = c->params.copy,
	};

	env.claim = env.claim ? &c->claim : NULL;
	return session_open_converter(&env, &c->choice, &params, &converter_sink_ops, c,
				      &c->converter, error);
}

/* Find one for frames of a kind, into any of the encoder's formats. False: there is none. */
static bool open_converter(struct converting *c, const struct converter_format *source)
{
	struct wc_error error;
	uint32_t fourcc;

	error_set(&error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0, "no format for the result");
	close_converter(c);
	c->kind = *source;
	if (!enter_claim(c))
		return false;
	for (unsigned n = 0; (fourcc = c->encoder->ops->format(c->encoder, n)); n++) {
		c->fourcc = fourcc;
		if (open_for(c, source, fourcc, &error) == 0)
			return true;
		if (error.name != WC_NOT_SUPPORTED_ERROR)
			break;
	}
	give_converter_up(c, &error);
	return false;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Wait until there are no flights. 0: there are none; SESSION_FULL; or a ::wc_status. */
static int empty(struct converting *c, struct wc_error *error)
{
	int ret = 0;

	if (awaits_picture(c) && c->converter && !c->converter_drains) {
		if (c->converter->ops->drain(c->converter, error) == 0) {
			c->converter_drains = true;
		} else {
			give_converter_up(c, error);
			ret = hand_on(c, error);
		}
	}
	if (ret < 0)
		return ret;
	return c->n_flights ? full(c) : 0;
}

static struct converter_format kind_of(const struct wc_video_frame *frame)
{
	return (struct converter_format) {
		.fourcc = frame->format.fourcc,
		.modifier = frame->format.modifier,
		.width = frame->visible.width,
		.height = frame->visible.height,
		.color_space = frame->color_space,
		.tiling = frame->format.tiling,
	};
}

static bool is_hopeless(const struct converting *c, const struct converter_format *kind)
{
	for (unsigned i = 0; i < MAX_HOPELESS; i++)
		if (converter_format_equal(kind, &c->hopeless[i]))
			return true;
	return false;
}

/* The encoder chooses one of its formats with its first frame, which may not be a converted one. */
static bool is_converter_for(const struct converting *c, const struct converter_format *kind)
{
	uint32_t fourcc;

	if (!c->converter || !converter_format_equal(kind, &c->kind))
		return false;
	for (unsigned n = 0; (fourcc = c->encoder->ops->format(c->encoder, n)); n++)
		if (fourcc == c->fourcc)
			return true;
	return false;
}

static int submit_direct(struct converting *c, const struct session_input *input,
			 struct wc_error *error)
{
	int ret = empty(c, error);

	if (ret != 0)
		return ret;
	ret = c->encoder->ops->submit(c->encoder, input, error);
	return ret == SESSION_FULL ? full(c) : ret;
}

/* The converter failed in a call: its frames first, then this one. */
static int submit_after_loss(struct converting *c, const struct session_input *input,
			     struct wc_error *error)
{
	int ret;

	give_converter_up(c, error);
	ret = hand_on(c, error);
	return ret < 0 ? ret : submit_direct(c, input, error);
}

static int submit_converted(struct converting *c, const struct session_input *input,
			    struct wc_error *error)
{
	struct wc_video_frame *source;
	int ret;

	if (c->n_flights == MAX_FLIGHTS || c->converter_drains)
		return full(c);
	source = video_frame_clone(input->frame);
	if (!source)
		return error_set(error, video_frame_clone_failed(input->frame), WC_STAGE_NONE,
				 ENOMEM, "cannot keep the frame while it is converted");
	ret = c->converter->ops->submit(c->converter, input, error);
	if (ret == SESSION_TAKEN) {
		c->flights[c->n_flights++] = (struct flight) {
			.source = source,
			.key_frame = input->key_frame,
			.quantizer = input->quantizer,
		};
		return SESSION_TAKEN;
	}
	wc_video_frame_unref(source);
	return ret == SESSION_FULL ? full(c) : submit_after_loss(c, input, error);
}

static int converting_submit(struct session *session, const struct session_input *input,
			     struct wc_error *error)
{
	struct converting *c = converting(session);
	struct converter_format kind = kind_of(input->frame);
	int ret;

	if (is_hopeless(c, &kind) || c->encoder->ops->reads(c->encoder, input->frame))
		return submit_direct(c, input, error);
	if (!is_converter_for(c, &kind)) {
		ret = empty(c, error);
		if (ret != 0)
			return ret;
		if (!open_converter(c, &kind))
			return submit_direct(c, input, error);
	}
	return submit_converted(c, input, error);
}

static int converting_drain(struct session *session, struct wc_error *error)
{
	struct converting *c = converting(session);
	int ret = empty(c, error);

	if (ret < 0)
		return ret;
	c->wants_ready = false;
	c->state = c->n_flights ? CONVERTING_EMPTYING : CONVERTING_DRAINING;
	return c->n_flights ? 0 : c->encoder->ops->drain(c->encoder, error);
}

static int converting_reset(struct session *session, struct wc_error *error)
{
	struct converting *c = converting(session);
	bool works = c->converter && (c->n_flights || c->converter_drains);

	if (works && c->converter->ops->reset(c->converter, error) < 0)
		give_converter_up(c, error);
	drop_flights(c);
	c->converter_drains = false;
	c->state = CONVERTING_RUNNING;
	c->wants_ready = false;
	return c->encoder->ops->reset(c->encoder, error);
}

static int converting_retune(struct session *session, const struct encoder_params *params)
{
	struct converting *c = converting(session);

	return c->encoder->ops->retune(c->encoder, params);
}

static struct wc_video_frame *converting_alloc_frame(struct session *session,
						     const struct timing *timing,
						     struct wc_error *error)
{
	struct converting *c = converting(session);

	return c->encoder->ops->alloc_frame(c->encoder, timing, error);
}

static bool converting_saturated(struct session *session)
{
	struct converting *c = converting(session);

	if (!c->n_flights)
		return c->encoder->ops->saturated(c->encoder);
	return c->n_flights == MAX_FLIGHTS || !c->converter || c->converter_drains ||
	       c->converter->ops->saturated(c->converter);
}

static void converting_describe(const struct session *session, struct wc_session_info *info)
{
	const struct converting *c = (const struct converting *)session;
	struct wc_session_info before;

	c->encoder->ops->describe(c->encoder, info);
	info->bytes_copied += c->bytes_copied;
	if (!c->converter)
		return;
	c->converter->ops->describe(c->converter, &before);
	info->bytes_copied += before.bytes_copied;
	snprintf(info->converter, sizeof info->converter, "%s", before.device);
}

static void run_free(struct task *task)
{
	free(container_of(task, struct converting, free_task));
}

static void converting_destroy(struct session *session)
{
	struct converting *c = converting(session);

	close_converter(c);
	claim_leave(&c->claim);
	if (c->encoder)
		c->encoder->ops->destroy(c->encoder);
	drop_flights(c);
	/* Called from an event of ours, perhaps. */
	if (c->env.loop->dispatching)
		loop_post(c->env.loop, &c->free_task);
	else
		run_free(&c->free_task);
}

static const struct session_ops session_ops = {
	.submit = converting_submit,
	.drain = converting_drain,
	.reset = converting_reset,
	.retune = converting_retune,
	.alloc_frame = converting_alloc_frame,
	.saturated = converting_saturated,
	.describe = converting_describe,
	.destroy = converting_destroy,
};

static bool has_converter(struct device_registry *registry)
{
	for (size_t i = 0; i < device_registry_count(registry); i++)
		if (device_registry_get(registry, i)->device.role == WC_DEVICE_ROLE_CONVERTER)
			return true;
	return false;
}

int converting_encoder_new(const struct session_env *env, struct device_registry *registry,
			   const struct v4l2_device_info *device,
			   const struct encoder_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error)
{
	struct converting *c;
	int ret;

	if (!has_converter(registry))
		return stateful_encoder_new(env, device, params, sink_ops, sink, session, error);
	*session = NULL;
	c = calloc(1, sizeof *c);
	if (!c)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM, "no memory");
	c->base = (struct session) { &session_ops, sink_ops, sink };
	c->env = *env;
	c->choice = (struct session_choice) {
		.devices = registry,
		.preference = WC_HARDWARE_PREFER_HARDWARE,
	};
	c->params = *params;
	task_init(&c->free_task, run_free);
	ret = stateful_encoder_new(env, device, params, &encoder_sink_ops, c, &c->encoder, error);
	if (ret < 0) {
		free(c);
		return ret;
	}
	*session = &c->base;
	return 0;
}
