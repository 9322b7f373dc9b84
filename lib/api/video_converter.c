/* SPDX-License-Identifier: MIT */
/*
 * A codec whose session depends on its input. configure() keeps the configuration; the first frame,
 * and each that is of another kind than the one before it, brings a control message "configure" in
 * front of itself. So the machine in codec.c does the rest: drains, keeps or changes the session.
 */
#include <webcodecs/video_converter.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/codec.h"
#include "api/converter_config.h"
#include "frame/color_space.h"
#include "frame/tally.h"
#include "frame/video_frame.h"
#include "util/reserved.h"

struct wc_video_converter {
	struct codec codec;
	wc_video_frame_callback output;
	struct tally *tally;               /* frames given out and still open */
	struct converter_config *config;   /* for frames to come; owned; NULL: none yet */
	/* Of the frame queued last, under that configuration; unless has_kind: none was. */
	struct converter_kind kind;
	bool has_kind;
};

static struct wc_video_converter *converter_of(const struct codec *codec)
{
	return (struct wc_video_converter *)container_of(codec, struct wc_video_converter, codec);
}

/* Outputs */

static void on_frame(void *sink, struct wc_video_frame *frame)
{
	struct codec *codec = sink;
	struct wc_video_converter *converter = converter_of(codec);
	const struct converter_setup *setup = codec->config;

	frame->display_width = setup->kind.display.width;
	frame->display_height = setup->kind.display.height;
	frame->rotation = setup->kind.rotation;
	frame->flip = setup->kind.flip;
	if (color_space_is_null(&frame->color_space))
		frame->color_space = color_space_default(frame->format.fourcc);
	counter_add(&codec->context->core->counters.frames_converted, 1);
	video_frame_count_in(frame, converter->tally);
	video_frame_give(frame);
	codec_slow_down(codec, converter->tally);
	codec_enter_callback(codec);
	converter->output(frame, codec->callbacks.user_data);
	codec_leave(codec);
}

static const struct session_sink_ops sink_ops = {
	.frame = on_frame,
	.ready = codec_ready,
	.drained = codec_drained,
	.failed = codec_failed,
};

/* Operations of the machine */

static int open_session(struct codec *codec, const void *data, struct session **session,
			struct wc_error *error)
{
	const struct converter_setup *setup = data;
	struct session_env env = context_env(codec->context, &codec->claim);
	struct session_choice choice = {
		.devices = codec->context->devices,
		.preference = setup->preference,
		.device = setup->device,
	};
	int ret = converter_params_check(&setup->kind.params, error);

	if (ret < 0)
		return ret;
	return session_open_converter(&env, &choice, &setup->kind.params, &sink_ops, codec,
				      session, error);
}

/* What results say of themselves changes with the setup: earlier ones must be out. */
static bool flows_on(const struct codec *codec, const void *setup)
{
	return converter_setup_same(codec->config, setup);
}

static int adopt(struct codec *codec, const void *setup)
{
	return converter_setup_same_session(codec->config, setup) ? 0 : -ENOTSUP;
}

static int submit(struct codec *codec, const struct session_input *input, struct wc_error *error)
{
	return codec->session->ops->submit(codec->session, input, error);
}

static void forget(struct codec *codec)
{
	converter_of(codec)->has_kind = false;
}

static void converter_free(struct codec *codec)
{
	struct wc_video_converter *converter = converter_of(codec);

	free(converter->config);
	tally_unref(converter->tally);
	codec_finish(codec);
	free(converter);
}

static int64_t context_wait(const void *data)
{
	const struct converter_setup *setup = data;

	return setup->context_wait < INT64_MAX ? (int64_t)setup->context_wait : INT64_MAX;
}

static const struct codec_ops converter_ops = {
	.noun = "converter",
	.object_class = WC_OBJECT_VIDEO_CONVERTER,
	.open = open_session,
	.flows_on = flows_on,
	.adopt = adopt,
	.submit = submit,
	.context_wait = context_wait,
	.forget = forget,
	.free = converter_free,
};

/* Calls */

int wc_video_converter_new(struct wc_context *context, const struct wc_video_converter_init *init,
			   struct wc_video_converter **out)
{
	struct wc_video_converter *converter;
	struct codec_callbacks callbacks;

	if (!out)
		return context_fail(context, WC_TYPE_ERROR, "no place for the converter");
	*out = NULL;
	if (!init || !init->output || !init->error || HAS_RESERVED(init))
		return context_fail(context, WC_TYPE_ERROR, "a converter needs an output and an "
				    "error callback, and zero in reserved fields");
	converter = calloc(1, sizeof *converter);
	if (converter)
		converter->tally = tally_new();
	if (!converter || !converter->tally) {
		free(converter);
		return context_fail_errno(context, ENOMEM, "make a converter");
	}
	callbacks = (struct codec_callbacks) { init->error, init->dequeue, init->user_data };
	if (codec_init(&converter->codec, context, &converter_ops, &callbacks, init->label) < 0) {
		tally_unref(converter->tally);
		free(converter);
		return context_fail_errno(context, ENOMEM, "make a converter");
	}
	converter->output = init->output;
	*out = converter;
	return WC_OK;
}

int wc_video_converter_set_reclaim_traits(struct wc_video_converter *converter,
					  const struct wc_reclaim_traits *traits)
{
	return codec_set_reclaim_traits(&converter->codec, traits);
}

void wc_video_converter_destroy(struct wc_video_converter *converter)
{
	if (converter)
		codec_destroy(&converter->codec);
}

int wc_video_converter_configure(struct wc_video_converter *converter,
				 const struct wc_video_converter_config *given)
{
	struct wc_context *context = converter->codec.context;
	const char *problem = converter_config_problem(given);
	struct converter_config *config;
	int ret;

	if (problem)
		return context_fail(context, WC_TYPE_ERROR, "%s", problem);
	config = converter_config_new(given);
	if (!config)
		return context_fail_errno(context, ENOMEM, "copy a configuration");
	ret = codec_accept(&converter->codec);
	if (ret < 0) {
		free(config);
		return ret;
	}
	free(converter->config);
	converter->config = config;
	converter->has_kind = false;
	return WC_OK;
}

/* Queue a setup for what comes behind it, unless the frame before was of the same kind. */
static int prepare(struct wc_video_converter *converter, const struct wc_video_frame *frame)
{
	const struct wc_video_converter_config *config = &converter->config->given;
	struct converter_source source = converter_source_of(frame);
	struct converter_setup *setup;
	struct converter_kind kind;
	int ret;

	converter_kind_init(&kind, config, &source);
	if (converter->has_kind && converter_kind_equal(&converter->kind, &kind))
		return WC_OK;
	setup = converter_setup_new(&kind, config);
	if (!setup)
		return context_fail_errno(converter->codec.context, ENOMEM, "set up for a frame");
	ret = codec_configure(&converter->codec, setup);
	if (ret < 0) {
		free(setup);
		return ret;
	}
	converter->kind = kind;
	converter->has_kind = true;
	return WC_OK;
}

int wc_video_converter_convert(struct wc_video_converter *converter, struct wc_video_frame *frame)
{
	struct session_input input = { .quantizer = -1 };
	int ret = codec_keep_frame(&converter->codec, frame, "convert", &input.frame);

	if (ret == WC_OK)
		ret = prepare(converter, input.frame);
	if (ret < 0) {
		wc_video_frame_unref(input.frame);
		return ret;
	}
	/* Without memory for this a setup is left in the queue, which the next frame may change. */
	return codec_work(&converter->codec, &input);
}

int wc_video_converter_flush(struct wc_video_converter *converter, wc_flush_callback callback,
			     void *user_data)
{
	return codec_flush(&converter->codec, callback, user_data);
}

int wc_video_converter_reset(struct wc_video_converter *converter)
{
	return codec_reset(&converter->codec);
}

int wc_video_converter_close(struct wc_video_converter *converter)
{
	return codec_close(&converter->codec);
}

enum wc_codec_state wc_video_converter_get_state(const struct wc_video_converter *converter)
{
	return converter->codec.state;
}

uint32_t wc_video_converter_get_queue_size(const struct wc_video_converter *converter)
{
	return converter->codec.queue_size;
}

bool wc_video_converter_is_saturated(const struct wc_video_converter *converter)
{
	return codec_is_saturated(&converter->codec);
}

void wc_video_converter_get_session_info(const struct wc_video_converter *converter,
					 struct wc_session_info *info)
{
	codec_describe(&converter->codec, info);
}

/* Whoever asks is a claim for so long: a device that is set up takes a context. */
static int ask(struct wc_context *context, const struct wc_video_converter_config *config,
	       const struct converter_params *params, bool *supported,
	       struct wc_session_info *info)
{
	struct session_choice choice = {
		.devices = context->devices,
		.preference = config->hardware_acceleration,
		.device = config->device,
	};
	static const struct claim_ops no_ops;
	struct session_env env;
	struct claim claim;

	if (accountant_enter(&context->accountant, &claim, &no_ops, false, "probe") < 0)
		return context_fail_errno(context, ENOMEM, "ask for a converter");
	env = context_env(context, &claim);
	*supported = session_probe_converter(&env, &choice, params, info);
	claim_leave(&claim);
	return WC_OK;
}

int wc_video_converter_is_config_supported(struct wc_context *context,
					   const struct wc_video_converter_config *config,
					   const struct wc_video_converter_source *given,
					   bool *supported, struct wc_session_info *info)
{
	const char *problem = converter_config_problem(config);
	struct wc_session_info unwanted;
	struct converter_source source;
	struct converter_kind kind;
	struct wc_error error;

	if (!problem)
		problem = converter_source_problem(given);
	if (problem || !supported)
		return context_fail(context, WC_TYPE_ERROR, "%s",
				    problem ? problem : "no place for the answer");
	*supported = false;
	if (!info)
		info = &unwanted;
	memset(info, 0, sizeof *info);
	source = converter_source_described(given);
	converter_kind_init(&kind, config, &source);
	if (converter_params_check(&kind.params, &error) < 0)
		return WC_OK;
	return ask(context, config, &kind.params, supported, info);
}
