/* SPDX-License-Identifier: MIT */
#include <webcodecs/video_encoder.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/codec.h"
#include "api/config.h"
#include "frame/encoded_video_chunk.h"
#include "frame/video_frame.h"
#include "util/error.h"
#include "util/reserved.h"

struct orientation {
	bool set;
	uint16_t rotation;
	bool flip;
};

struct wc_video_encoder {
	struct codec codec;
	wc_encoded_video_chunk_callback output;
	/* Of frames since the last configure(): all others are refused ("active orientation"). */
	struct orientation required;
	/* Of the frames that the session has now. */
	struct orientation submitted;
	/* Of the configuration given last, to check encode options. */
	enum video_codec string_codec;
	enum wc_bitrate_mode bitrate_mode;
	/* What decoders were told last ("active output config"); owned, NULL: nothing yet. */
	struct decoder_config *announced;
	/* The one that a running callback is reading: not to be freed under its hands. */
	struct decoder_config *reading;
};

static struct wc_video_encoder *encoder_of(const struct codec *codec)
{
	return (struct wc_video_encoder *)container_of(codec, struct wc_video_encoder, codec);
}

static struct orientation orientation_of(const struct wc_video_frame *frame)
{
	return (struct orientation) { true, frame->rotation, frame->flip };
}

static bool differs(const struct orientation *a, const struct wc_video_frame *frame)
{
	return a->set && (a->rotation != frame->rotation || a->flip != frame->flip);
}

/* Outputs: "Output EncodedVideoChunks" */

static void describe_output(const struct wc_video_encoder *encoder,
			    const struct session_chunk_info *info,
			    struct wc_video_decoder_config *output)
{
	const struct encoder_config *config = encoder->codec.config;

	*output = (struct wc_video_decoder_config) {
		.codec = config->given.codec,
		.description = info->description,
		.description_size = info->description_size,
		.coded_width = config->given.width,
		.coded_height = config->given.height,
		.display_aspect_width = config->given.display_width,
		.display_aspect_height = config->given.display_height,
		.color_space = info->color_space,
		.rotation = encoder->submitted.rotation,
		.flip = encoder->submitted.flip,
	};
}

/* What is not read by a callback goes now, the rest after the callback. */
static void forget_announced(struct wc_video_encoder *encoder)
{
	if (encoder->announced != encoder->reading)
		free(encoder->announced);
	encoder->announced = NULL;
}

/* The new configuration, if it is one. Without memory for a copy it comes with the next chunk. */
static const struct wc_video_decoder_config *announce(struct wc_video_encoder *encoder,
						      const struct session_chunk_info *info)
{
	struct wc_video_decoder_config output;
	struct decoder_config *copy;

	describe_output(encoder, info, &output);
	if (encoder->announced && decoder_config_equal(&encoder->announced->given, &output))
		return NULL;
	copy = decoder_config_new(&output);
	if (!copy)
		return NULL;
	forget_announced(encoder);
	encoder->announced = copy;
	encoder->reading = copy;
	return &copy->given;
}

static void on_chunk(void *sink, struct wc_encoded_video_chunk *chunk,
		     const struct session_chunk_info *info)
{
	struct codec *codec = sink;
	struct wc_video_encoder *encoder = encoder_of(codec);
	struct wc_encoded_video_chunk_metadata metadata = { .decoder_config = NULL };

	metadata.decoder_config = announce(encoder, info);
	counter_add(&codec->context->core->counters.chunks_encoded, 1);
	encoded_video_chunk_give(chunk);
	codec_enter_callback(codec);
	encoder->output(chunk, &metadata, codec->callbacks.user_data);
	if (encoder->announced != encoder->reading)
		free(encoder->reading);
	encoder->reading = NULL;
	codec_leave(codec);
}

static const struct session_sink_ops sink_ops = {
	.chunk = on_chunk,
	.ready = codec_ready,
	.drained = codec_drained,
	.failed = codec_failed,
};

/* Operations of the machine */

static struct session_choice choice_of(struct wc_context *context,
				       const struct wc_video_encoder_config *config)
{
	return (struct session_choice) {
		.devices = context->devices,
		.preference = config->hardware_acceleration,
		.device = config->device,
	};
}

static int open_session(struct codec *codec, const void *data, struct session **session,
			struct wc_error *error)
{
	const struct encoder_config *config = data;
	struct session_env env = context_env(codec->context, &codec->claim);
	struct session_choice choice = choice_of(codec->context, &config->given);
	struct encoder_params params;
	int ret = encoder_config_params(config, &params, error);

	if (ret < 0)
		return ret;
	return session_open_encoder(&env, &choice, &params, &sink_ops, codec, session, error);
}

/* A change of bitrate and framerate alone leaves the chunks that are to come as they are. */
static bool flows_on(const struct codec *codec, const void *config)
{
	return encoder_config_same_session(codec->config, config) &&
	       encoder_config_same_display(codec->config, config);
}

static int adopt(struct codec *codec, const void *data)
{
	const struct encoder_config *config = data;
	const struct session_ops *ops = codec->session->ops;
	struct encoder_params params;
	struct wc_error error;

	if (!encoder_config_same_session(codec->config, config))
		return -ENOTSUP;
	if (encoder_config_same_rates(codec->config, config))
		return 0;
	if (!ops->retune || encoder_config_params(config, &params, &error) < 0)
		return -ENOTSUP;
	return ops->retune(codec->session, &params) < 0 ? -ENOTSUP : 0;
}

/* Chunks do not tell from which frame they are: one orientation at a time in the session. */
static bool must_drain(const struct codec *codec, const struct session_input *input)
{
	return differs(&encoder_of(codec)->submitted, input->frame);
}

static int submit(struct codec *codec, const struct session_input *input, struct wc_error *error)
{
	int ret = codec->session->ops->submit(codec->session, input, error);

	if (ret == 0)
		encoder_of(codec)->submitted = orientation_of(input->frame);
	return ret;
}

static void forget(struct codec *codec)
{
	struct wc_video_encoder *encoder = encoder_of(codec);

	encoder->submitted.set = false;
	forget_announced(encoder);
}

static void encoder_free(struct codec *codec)
{
	struct wc_video_encoder *encoder = encoder_of(codec);

	codec_finish(codec);
	free(encoder);
}

static int64_t context_wait(const void *data)
{
	const struct encoder_config *config = data;

	return config->given.context_wait < INT64_MAX ? (int64_t)config->given.context_wait
						      : INT64_MAX;
}

static const struct codec_ops encoder_ops = {
	.noun = "encoder",
	.object_class = WC_OBJECT_VIDEO_ENCODER,
	.open = open_session,
	.flows_on = flows_on,
	.adopt = adopt,
	.must_drain = must_drain,
	.submit = submit,
	.context_wait = context_wait,
	.forget = forget,
	.free = encoder_free,
};

/* Calls */

int wc_video_encoder_new(struct wc_context *context, const struct wc_video_encoder_init *init,
			 struct wc_video_encoder **out)
{
	struct codec_callbacks callbacks;
	struct wc_video_encoder *encoder;

	if (!out)
		return context_fail(context, WC_TYPE_ERROR, "no place for the encoder");
	*out = NULL;
	if (!init || !init->output || !init->error || HAS_RESERVED(init))
		return context_fail(context, WC_TYPE_ERROR, "an encoder needs an output and an "
				    "error callback, and zero in reserved fields");
	encoder = calloc(1, sizeof *encoder);
	if (!encoder)
		return context_fail_errno(context, ENOMEM, "make an encoder");
	callbacks = (struct codec_callbacks) { init->error, init->dequeue, init->user_data };
	if (codec_init(&encoder->codec, context, &encoder_ops, &callbacks, init->label) < 0) {
		free(encoder);
		return context_fail_errno(context, ENOMEM, "make an encoder");
	}
	encoder->output = init->output;
	*out = encoder;
	return WC_OK;
}

int wc_video_encoder_set_reclaim_traits(struct wc_video_encoder *encoder,
					const struct wc_reclaim_traits *traits)
{
	return codec_set_reclaim_traits(&encoder->codec, traits);
}

void wc_video_encoder_destroy(struct wc_video_encoder *encoder)
{
	if (encoder)
		codec_destroy(&encoder->codec);
}

int wc_video_encoder_configure(struct wc_video_encoder *encoder,
			       const struct wc_video_encoder_config *given)
{
	struct wc_context *context = encoder->codec.context;
	const char *problem = encoder_config_problem(given);
	struct encoder_config *config;
	int ret;

	if (problem)
		return context_fail(context, WC_TYPE_ERROR, "%s", problem);
	config = encoder_config_new(given);
	if (!config)
		return context_fail_errno(context, ENOMEM, "copy a configuration");
	ret = codec_configure(&encoder->codec, config);
	if (ret < 0) {
		free(config);
		return ret;
	}
	encoder->required.set = false;
	encoder->string_codec = config->known ? config->string.codec : VIDEO_CODEC_NONE;
	encoder->bitrate_mode = config->given.bitrate_mode;
	return WC_OK;
}

/* Largest quantizer of the codec registrations; -1 where there is none. */
static int max_quantizer(enum video_codec codec)
{
	switch (codec) {
	case VIDEO_CODEC_H264:
	case VIDEO_CODEC_HEVC:
		return 51;
	case VIDEO_CODEC_VP9:
	case VIDEO_CODEC_AV1:
		return 255;
	default:
		return -1;
	}
}

/* Take the options over into input. */
static int read_options(struct wc_video_encoder *encoder,
			const struct wc_video_encoder_encode_options *options,
			struct session_input *input)
{
	int max = max_quantizer(encoder->string_codec);

	if (!options)
		return WC_OK;
	if (HAS_RESERVED(options))
		return context_fail(encoder->codec.context, WC_TYPE_ERROR,
				    "a reserved field of the options is not zero");
	input->key_frame = options->key_frame;
	if (!options->has_quantizer || encoder->bitrate_mode != WC_BITRATE_QUANTIZER)
		return WC_OK;
	if (max >= 0 && options->quantizer > max)
		return context_fail(encoder->codec.context, WC_TYPE_ERROR,
				    "quantizer %u is larger than %d", options->quantizer, max);
	input->quantizer = options->quantizer;
	return WC_OK;
}

static int check_orientation(struct wc_video_encoder *encoder, const struct wc_video_frame *frame)
{
	const struct orientation *required = &encoder->required;

	if (!differs(required, frame))
		return WC_OK;
	return context_fail(encoder->codec.context, WC_DATA_ERROR,
			    "orientation %u%s differs from %u%s of the first frame",
			    frame->rotation, frame->flip ? " flipped" : "", required->rotation,
			    required->flip ? " flipped" : "");
}

int wc_video_encoder_encode(struct wc_video_encoder *encoder, struct wc_video_frame *frame,
			    const struct wc_video_encoder_encode_options *options)
{
	struct session_input input = { .quantizer = -1 };
	struct orientation required = encoder->required;
	int ret = codec_keep_frame(&encoder->codec, frame, "encode", &input.frame);

	if (ret == WC_OK)
		ret = check_orientation(encoder, input.frame);
	if (ret == WC_OK)
		ret = read_options(encoder, options, &input);
	if (ret < 0) {
		wc_video_frame_unref(input.frame);
		return ret;
	}
	encoder->required = orientation_of(input.frame);
	ret = codec_work(&encoder->codec, &input);
	if (ret < 0)
		encoder->required = required;
	return ret;
}

int wc_video_encoder_alloc_frame(struct wc_video_encoder *encoder, int64_t timestamp,
				 struct wc_video_frame **frame)
{
	struct codec *codec = &encoder->codec;
	struct timing timing = { .timestamp = timestamp };
	struct wc_error error;
	int ret;

	if (!frame)
		return context_fail(codec->context, WC_TYPE_ERROR, "no place for the frame");
	*frame = NULL;
	ret = codec_require_configured(codec, "make a frame");
	if (ret < 0)
		return ret;
	if (!codec->active || !codec->session || codec->configures)
		return context_fail(codec->context, WC_INVALID_STATE_ERROR, "cannot make a frame, "
				    "the configuration was not looked at yet");
	*frame = codec->session->ops->alloc_frame(codec->session, &timing, &error);
	if (!*frame)
		return context_fail_with(codec->context, &error);
	video_frame_give(*frame);
	return WC_OK;
}

int wc_video_encoder_flush(struct wc_video_encoder *encoder, wc_flush_callback callback,
			   void *user_data)
{
	return codec_flush(&encoder->codec, callback, user_data);
}

int wc_video_encoder_reset(struct wc_video_encoder *encoder)
{
	return codec_reset(&encoder->codec);
}

int wc_video_encoder_close(struct wc_video_encoder *encoder)
{
	return codec_close(&encoder->codec);
}

enum wc_codec_state wc_video_encoder_get_state(const struct wc_video_encoder *encoder)
{
	return encoder->codec.state;
}

uint32_t wc_video_encoder_get_queue_size(const struct wc_video_encoder *encoder)
{
	return encoder->codec.queue_size;
}

bool wc_video_encoder_is_saturated(const struct wc_video_encoder *encoder)
{
	return codec_is_saturated(&encoder->codec);
}

void wc_video_encoder_get_session_info(const struct wc_video_encoder *encoder,
				       struct wc_session_info *info)
{
	codec_describe(&encoder->codec, info);
}

int wc_video_encoder_is_config_supported(struct wc_context *context,
					 const struct wc_video_encoder_config *given,
					 bool *supported, struct wc_session_info *info)
{
	const char *problem = encoder_config_problem(given);
	struct session_env env = context_env(context, NULL);
	struct wc_session_info unwanted;
	struct encoder_config *config;
	struct session_choice choice;
	struct encoder_params params;
	struct wc_error error;

	if (problem || !supported)
		return context_fail(context, WC_TYPE_ERROR, "%s",
				    problem ? problem : "no place for the answer");
	*supported = false;
	if (!info)
		info = &unwanted;
	memset(info, 0, sizeof *info);
	config = encoder_config_new(given);
	if (!config)
		return context_fail_errno(context, ENOMEM, "copy a configuration");
	choice = choice_of(context, &config->given);
	if (encoder_config_params(config, &params, &error) == 0)
		*supported = session_probe_encoder(&env, &choice, &params, info);
	free(config);
	return WC_OK;
}
