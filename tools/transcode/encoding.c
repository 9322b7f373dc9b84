/* SPDX-License-Identifier: MIT */
#include "transcode/encoding.h"

#include <string.h>

/* Frames that may wait before there is a device, which can then say for itself that it is full. */
#define MAX_QUEUE 2

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct encoding *encoding = user_data;

	if (!encoding->failed &&
	    encoding->output->ops->chunk(encoding->output, chunk, metadata))
		encoding->failed = true;
	encoding->chunks += !encoding->failed;
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct encoding *encoding = user_data;
	char line[400];

	wc_error_format(error, line, sizeof line);
	failure_set(encoding->failure, "%s: %s", encoding->output->writer.name, line);
	encoding->failed = true;
}

static void on_drained(enum wc_status status, void *user_data)
{
	struct encoding *encoding = user_data;

	(void)status;
	encoding->drained = true;
}

/* What the last call on the context said. Returns -1. */
static int fail(struct encoding *encoding)
{
	char line[400];

	wc_error_format(wc_context_get_error(encoding->context), line, sizeof line);
	encoding->failed = true;
	return failure_set(encoding->failure, "%s: %s", encoding->output->writer.name, line);
}

static double frame_rate(const struct encoding *encoding)
{
	const struct fraction *rate = encoding->options->framerate.num ?
				      &encoding->options->framerate : &encoding->track->rate;

	return (double)rate->num / rate->den;
}

static bool is_supported(const struct encoding *encoding,
			 const struct wc_video_encoder_config *config)
{
	bool supported;

	return wc_video_encoder_is_config_supported(encoding->context, config, &supported,
						    NULL) == WC_OK && supported;
}

/*
 * A codec string with a profile that somebody here can make; the first when nobody can. Asking
 * opens devices, so it is only done where there is a choice.
 */
static void choose_codec(struct encoding *encoding, struct wc_video_encoder_config *config)
{
	const char *name = encoding->options->codec;
	struct level_need need = {
		.width = config->width,
		.height = config->height,
		.rate = config->framerate,
		.bitrate = config->bitrate,
	};

	if (!name)
		name = encoding->options->output_type->codec;
	config->codec = encoding->codec;
	if (codec_choice_string(name, 1, &need, encoding->codec))
		for (unsigned i = 0; codec_choice_string(name, i, &need, encoding->codec); i++)
			if (is_supported(encoding, config))
				return;
	codec_choice_string(name, 0, &need, encoding->codec);
}

/* The display size keeps the aspect ratio of the input, whatever the encoded size is. */
static void set_display_size(struct wc_video_encoder_config *config, struct size size,
			     const struct track *track)
{
	struct size aspect = track->aspect.width && track->aspect.height ? track->aspect : size;
	uint64_t width = (uint64_t)config->height * aspect.width;

	width = (width + aspect.height / 2) / aspect.height;
	if (!width || width > UINT32_MAX || width == config->width)
		return;
	config->display_width = (uint32_t)width;
	config->display_height = config->height;
}

static int configure(struct encoding *encoding, struct size size, uint32_t fourcc,
		     const char *device)
{
	const struct options *options = encoding->options;
	struct wc_video_encoder_config config = {
		.width = options->size.width ? options->size.width : size.width,
		.height = options->size.width ? options->size.height : size.height,
		.bitrate = options->bitrate,
		.framerate = frame_rate(encoding),
		.hardware_acceleration = (enum wc_hardware_acceleration)options->hardware,
		.bitstream_format = output_is_annexb(options) ? WC_BITSTREAM_ANNEXB :
				    WC_BITSTREAM_CANONICAL,
		.key_interval = options->key_interval,
		.fourcc = fourcc,
		.device = device,
	};

	set_display_size(&config, size, encoding->track);
	choose_codec(encoding, &config);
	return wc_video_encoder_configure(encoding->encoder, &config) < 0 ? fail(encoding) : 0;
}

int encoding_open(struct encoding *encoding, struct size size, uint32_t fourcc,
		  const char *device)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk,
		.error = on_error,
		.user_data = encoding,
		.label = "wc-transcode",
	};

	if (wc_video_encoder_new(encoding->context, &init, &encoding->encoder) < 0)
		return fail(encoding);
	return configure(encoding, size, fourcc, device);
}

bool encoding_is_ready(const struct encoding *encoding)
{
	struct wc_session_info info;

	wc_video_encoder_get_session_info(encoding->encoder, &info);
	return info.kind != WC_SESSION_NONE;
}

bool encoding_has_room(const struct encoding *encoding)
{
	return !encoding->encoder ||
	       (!wc_video_encoder_is_saturated(encoding->encoder) &&
		wc_video_encoder_get_queue_size(encoding->encoder) < MAX_QUEUE);
}

int encoding_submit(struct encoding *encoding, struct wc_video_frame *frame)
{
	if (wc_video_encoder_encode(encoding->encoder, frame, NULL) == WC_OK) {
		encoding->frames++;
		return 0;
	}
	/* The error that closed the encoder comes with the next dispatch. */
	if (wc_video_encoder_get_state(encoding->encoder) == WC_CODEC_CLOSED)
		return -1;
	return fail(encoding);
}

enum input_result encoding_feed(struct encoding *encoding, struct input *input)
{
	struct wc_video_frame *frame;
	enum input_result result;

	if (wc_video_encoder_alloc_frame(encoding->encoder,
					 track_time(&input->track, input->count), &frame) < 0)
		return wc_video_encoder_get_state(encoding->encoder) == WC_CODEC_CLOSED ?
		       INPUT_END : (enum input_result)fail(encoding);
	result = input->ops->read_frame(input, frame);
	if (result == INPUT_GOT && encoding_submit(encoding, frame))
		result = INPUT_FAILED;
	wc_video_frame_unref(frame);
	return result;
}

int encoding_drain(struct encoding *encoding)
{
	if (wc_video_encoder_flush(encoding->encoder, on_drained, encoding) == WC_OK)
		return 0;
	return encoding->failed ? -1 : fail(encoding);
}

void encoding_close(struct encoding *encoding)
{
	wc_video_encoder_destroy(encoding->encoder);
	encoding->encoder = NULL;
}
