/* SPDX-License-Identifier: MIT */
#include <webcodecs/video_decoder.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/codec.h"
#include "api/config.h"
#include "api/display_size.h"
#include "bitstream/chunk_info.h"
#include "frame/color_space.h"
#include "frame/encoded_video_chunk.h"
#include "frame/pool.h"
#include "frame/tally.h"
#include "frame/video_frame.h"
#include "util/error.h"
#include "util/reserved.h"

struct wc_video_decoder {
	struct codec codec;
	wc_video_frame_callback output;
	bool key_chunk_required;
	/* Of the configuration given last, to look into chunks. */
	enum video_codec inspected;    /* VIDEO_CODEC_NONE: chunks are not looked into */
	bool length_prefixed;
	unsigned length_size;
	struct pool *pool;             /* for alloc_chunk; NULL until needed */
	struct tally *tally;           /* frames given out and still open */
};

/* Outputs: "Output VideoFrames" and "Create a VideoFrame" */

static void override_colors(struct wc_video_color_space *colors,
			    const struct wc_video_color_space *with)
{
	if (with->primaries)
		colors->primaries = with->primaries;
	if (with->transfer)
		colors->transfer = with->transfer;
	if (with->matrix)
		colors->matrix = with->matrix;
	if (with->range)
		colors->range = with->range;
}

/* The display size is that after the rotation. */
static void apply_shape(struct wc_video_frame *frame, const struct wc_video_decoder_config *config)
{
	struct display_size size = { frame->display_width, frame->display_height };

	if (config->display_aspect_width)
		size = display_size_with_aspect(size, (struct display_size) {
			config->display_aspect_width, config->display_aspect_height });
	size = display_size_turned(size, config->rotation);
	frame->display_width = size.width;
	frame->display_height = size.height;
	frame->rotation = config->rotation;
	frame->flip = config->flip;
}

static void apply_config(struct wc_video_frame *frame,
			 const struct wc_video_decoder_config *config)
{
	override_colors(&frame->color_space, &config->color_space);
	if (color_space_is_null(&frame->color_space))
		frame->color_space = color_space_default(frame->format.fourcc);
	apply_shape(frame, config);
}

static void on_frame(void *sink, struct wc_video_frame *frame)
{
	struct codec *codec = sink;
	struct wc_video_decoder *decoder = container_of(codec, struct wc_video_decoder, codec);
	const struct decoder_config *config = codec->config;

	apply_config(frame, &config->given);
	counter_add(&codec->context->core->counters.frames_decoded, 1);
	video_frame_count_in(frame, decoder->tally);
	video_frame_give(frame);
	codec_slow_down(codec, decoder->tally);
	codec_enter_callback(codec);
	decoder->output(frame, codec->callbacks.user_data);
	codec_leave(codec);
}

static const struct session_sink_ops sink_ops = {
	.frame = on_frame,
	.ready = codec_ready,
	.drained = codec_drained,
	.failed = codec_failed,
};

/* Operations of the machine */

static struct session_choice choice_of(struct wc_context *context,
				       const struct wc_video_decoder_config *config)
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
	const struct decoder_config *config = data;
	struct session_env env = context_env(codec->context, &codec->claim);
	struct session_choice choice = choice_of(codec->context, &config->given);
	struct decoder_params params;
	int ret = decoder_config_params(config, &params, error);

	if (ret < 0)
		return ret;
	return session_open_decoder(&env, &choice, &params, &sink_ops, codec, session, error);
}

/* What is overridden in frames changes with the configuration: earlier frames must be out. */
static bool flows_on(const struct codec *codec, const void *config)
{
	(void)codec;
	(void)config;
	return false;
}

static int adopt(struct codec *codec, const void *config)
{
	return decoder_config_same_session(codec->config, config) ? 0 : -ENOTSUP;
}

static int submit(struct codec *codec, const struct session_input *input, struct wc_error *error)
{
	if (input->chunk->size == 0)
		return error_set(error, WC_ENCODING_ERROR, WC_STAGE_NONE, 0,
				 "an empty chunk cannot be decoded");
	return codec->session->ops->submit(codec->session, input, error);
}

static void forget(struct codec *codec)
{
	(void)codec;
}

static void decoder_free(struct codec *codec)
{
	struct wc_video_decoder *decoder = container_of(codec, struct wc_video_decoder, codec);

	pool_close(decoder->pool);
	tally_unref(decoder->tally);
	codec_finish(codec);
	free(decoder);
}

static int64_t context_wait(const void *data)
{
	const struct decoder_config *config = data;

	return config->given.context_wait < INT64_MAX ? (int64_t)config->given.context_wait
						      : INT64_MAX;
}

static const struct codec_ops decoder_ops = {
	.noun = "decoder",
	.object_class = WC_OBJECT_VIDEO_DECODER,
	.open = open_session,
	.flows_on = flows_on,
	.adopt = adopt,
	.submit = submit,
	.context_wait = context_wait,
	.forget = forget,
	.free = decoder_free,
};

/* Calls */

int wc_video_decoder_new(struct wc_context *context, const struct wc_video_decoder_init *init,
			 struct wc_video_decoder **out)
{
	struct codec_callbacks callbacks;
	struct wc_video_decoder *decoder;

	if (!out)
		return context_fail(context, WC_TYPE_ERROR, "no place for the decoder");
	*out = NULL;
	if (!init || !init->output || !init->error || HAS_RESERVED(init))
		return context_fail(context, WC_TYPE_ERROR, "a decoder needs an output and an "
				    "error callback, and zero in reserved fields");
	decoder = calloc(1, sizeof *decoder);
	if (decoder)
		decoder->tally = tally_new();
	if (!decoder || !decoder->tally) {
		free(decoder);
		return context_fail_errno(context, ENOMEM, "make a decoder");
	}
	callbacks = (struct codec_callbacks) { init->error, init->dequeue, init->user_data };
	if (codec_init(&decoder->codec, context, &decoder_ops, &callbacks, init->label) < 0) {
		tally_unref(decoder->tally);
		free(decoder);
		return context_fail_errno(context, ENOMEM, "make a decoder");
	}
	decoder->output = init->output;
	*out = decoder;
	return WC_OK;
}

int wc_video_decoder_set_reclaim_traits(struct wc_video_decoder *decoder,
					const struct wc_reclaim_traits *traits)
{
	return codec_set_reclaim_traits(&decoder->codec, traits);
}

void wc_video_decoder_destroy(struct wc_video_decoder *decoder)
{
	if (decoder)
		codec_destroy(&decoder->codec);
}

int wc_video_decoder_configure(struct wc_video_decoder *decoder,
			       const struct wc_video_decoder_config *given)
{
	struct wc_context *context = decoder->codec.context;
	const char *problem = decoder_config_problem(given);
	struct decoder_config *config;
	int ret;

	if (problem)
		return context_fail(context, WC_TYPE_ERROR, "%s", problem);
	config = decoder_config_new(given);
	if (!config)
		return context_fail_errno(context, ENOMEM, "copy a configuration");
	ret = codec_configure(&decoder->codec, config);
	if (ret < 0) {
		free(config);
		return ret;
	}
	decoder->key_chunk_required = true;
	decoder->inspected = config->known && !config->broken_description ?
			     config->string.codec : VIDEO_CODEC_NONE;
	decoder->length_prefixed = config->length_prefixed;
	decoder->length_size = config->length_size;
	return WC_OK;
}

/* The data of a chunk that claims to be a key chunk. Empty ones are for the codec to refuse. */
static int check_data(struct wc_video_decoder *decoder, const struct wc_encoded_video_chunk *chunk)
{
	struct wc_context *context = decoder->codec.context;
	const uint8_t *data = wc_encoded_video_chunk_get_data(chunk);
	struct chunk_info info;
	int ret;

	if (decoder->inspected == VIDEO_CODEC_NONE || chunk->size == 0)
		return WC_OK;
	ret = chunk_inspect(decoder->inspected, decoder->length_prefixed, decoder->length_size,
			    data, chunk->size, &info);
	if (ret == -EINVAL)
		return context_fail(context, WC_DATA_ERROR, "the first chunk must be a key chunk, "
				    "its data are broken or not in the form that was configured");
	if (ret == 0 && !info.is_key)
		return context_fail(context, WC_DATA_ERROR, "the first chunk must be a key chunk, "
				    "its data are none%s", info.is_random_access ?
				    ": parameter sets are missing" : "");
	return WC_OK;
}

static int check_key(struct wc_video_decoder *decoder, const struct wc_encoded_video_chunk *chunk)
{
	int ret;

	if (!decoder->key_chunk_required)
		return WC_OK;
	if (chunk->type != WC_CHUNK_KEY)
		return context_fail(decoder->codec.context, WC_DATA_ERROR,
				    "after configure and flush a key chunk is required");
	ret = check_data(decoder, chunk);
	if (ret == WC_OK)
		decoder->key_chunk_required = false;
	return ret;
}

int wc_video_decoder_decode(struct wc_video_decoder *decoder,
			    struct wc_encoded_video_chunk *chunk)
{
	struct session_input input = { .quantizer = -1 };
	bool key_chunk_required = decoder->key_chunk_required;
	int ret;

	if (!chunk)
		return context_fail(decoder->codec.context, WC_TYPE_ERROR, "the chunk is NULL");
	if (chunk->closed)
		return context_fail(decoder->codec.context, WC_TYPE_ERROR, "the chunk is closed");
	ret = codec_require_configured(&decoder->codec, "decode");
	if (ret == 0)
		ret = check_key(decoder, chunk);
	if (ret < 0)
		return ret;
	input.chunk = encoded_video_chunk_clone(chunk);
	if (!input.chunk) {
		decoder->key_chunk_required = key_chunk_required;
		return context_fail_errno(decoder->codec.context, ENOMEM, "keep a chunk");
	}
	/* Other threads may read a chunk that is not writable any more. */
	if (chunk->writable)
		chunk->writable = false;
	ret = codec_work(&decoder->codec, &input);
	if (ret < 0)
		decoder->key_chunk_required = key_chunk_required;
	return ret;
}

/* Memory for a chunk, a pin: the session's if it has some, else our own. NULL with errno set. */
static struct buffer *input_buffer(struct wc_video_decoder *decoder, size_t capacity)
{
	struct codec *codec = &decoder->codec;
	struct buffer *buffer = NULL;

	if (codec->session && codec->active && codec->session->ops->alloc_input)
		buffer = codec->session->ops->alloc_input(codec->session, capacity);
	if (buffer)
		return buffer;
	if (!decoder->pool)
		decoder->pool = pool_new(codec->context->core);
	return decoder->pool ? pool_get(decoder->pool, capacity) : NULL;
}

int wc_video_decoder_alloc_chunk(struct wc_video_decoder *decoder, size_t capacity,
				 const struct wc_encoded_video_chunk_init *init,
				 struct wc_encoded_video_chunk **chunk)
{
	struct wc_context *context = decoder->codec.context;
	struct timing timing;
	struct wc_error error;
	struct buffer *buffer;

	if (!chunk)
		return context_fail(context, WC_TYPE_ERROR, "no place for the chunk");
	*chunk = NULL;
	if (chunk_init_check(init, &timing, &error) < 0)
		return context_fail_with(context, &error);
	if (decoder->codec.state == WC_CODEC_CLOSED)
		return context_fail(context, WC_INVALID_STATE_ERROR,
				    "cannot make a chunk, the decoder is closed");
	buffer = input_buffer(decoder, capacity);
	if (!buffer && errno == EDQUOT) {
		memory_refused(context->core, WC_MEMORY_PLAIN, capacity, WC_STAGE_NONE, &error);
		return context_fail_with(context, &error);
	}
	if (!buffer)
		return context_fail_errno(context, ENOMEM, "make a chunk");
	*chunk = encoded_video_chunk_new(context->core, buffer, 0, 0, init->type, &timing);
	buffer_unpin(buffer);
	if (!*chunk)
		return context_fail_errno(context, ENOMEM, "make a chunk");
	(*chunk)->writable = true;
	encoded_video_chunk_give(*chunk);
	return WC_OK;
}

int wc_video_decoder_flush(struct wc_video_decoder *decoder, wc_flush_callback callback,
			   void *user_data)
{
	int ret = codec_flush(&decoder->codec, callback, user_data);

	if (ret == WC_OK)
		decoder->key_chunk_required = true;
	return ret;
}

int wc_video_decoder_reset(struct wc_video_decoder *decoder)
{
	return codec_reset(&decoder->codec);
}

int wc_video_decoder_close(struct wc_video_decoder *decoder)
{
	return codec_close(&decoder->codec);
}

enum wc_codec_state wc_video_decoder_get_state(const struct wc_video_decoder *decoder)
{
	return decoder->codec.state;
}

uint32_t wc_video_decoder_get_queue_size(const struct wc_video_decoder *decoder)
{
	return decoder->codec.queue_size;
}

bool wc_video_decoder_is_saturated(const struct wc_video_decoder *decoder)
{
	return codec_is_saturated(&decoder->codec);
}

void wc_video_decoder_get_session_info(const struct wc_video_decoder *decoder,
				       struct wc_session_info *info)
{
	codec_describe(&decoder->codec, info);
}

int wc_video_decoder_is_config_supported(struct wc_context *context,
					 const struct wc_video_decoder_config *given,
					 bool *supported, struct wc_session_info *info)
{
	const char *problem = decoder_config_problem(given);
	struct session_env env = context_env(context, NULL);
	struct wc_session_info unwanted;
	struct decoder_config *config;
	struct session_choice choice;
	struct decoder_params params;
	struct wc_error error;

	if (problem || !supported)
		return context_fail(context, WC_TYPE_ERROR, "%s",
				    problem ? problem : "no place for the answer");
	*supported = false;
	if (!info)
		info = &unwanted;
	memset(info, 0, sizeof *info);
	config = decoder_config_new(given);
	if (!config)
		return context_fail_errno(context, ENOMEM, "copy a configuration");
	choice = choice_of(context, &config->given);
	if (decoder_config_params(config, &params, &error) == 0)
		*supported = session_probe_decoder(&env, &choice, &params, info);
	free(config);
	return WC_OK;
}
