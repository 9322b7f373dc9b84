/* SPDX-License-Identifier: MIT */
#include "transcode/decoding.h"

/* Chunks that may wait before there is a device, which can then say for itself that it is full. */
#define MAX_QUEUE 2

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct decoding *decoding = user_data;

	decoding->output(frame, decoding->user_data);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct decoding *decoding = user_data;
	char line[400];

	wc_error_format(error, line, sizeof line);
	failure_set(decoding->failure, "%s: %s", decoding->input->reader->name, line);
	decoding->failed = true;
}

static void on_drained(enum wc_status status, void *user_data)
{
	struct decoding *decoding = user_data;

	(void)status;
	decoding->drained = true;
}

/* What the last call on the context said. Returns -1. */
static int fail(struct decoding *decoding)
{
	char line[400];

	wc_error_format(wc_context_get_error(decoding->context), line, sizeof line);
	return failure_set(decoding->failure, "%s: %s", decoding->input->reader->name, line);
}

static int configure(struct decoding *decoding, const struct options *options, const char *device)
{
	const struct track *track = &decoding->input->track;
	struct wc_video_decoder_config config = {
		.codec = track->codec,
		.description = track->description,
		.description_size = track->description_size,
		.display_aspect_width = track->aspect.width,
		.display_aspect_height = track->aspect.height,
		.color_space = track->color_space,
		.hardware_acceleration = (enum wc_hardware_acceleration)options->hardware,
		.flip = track->flip,
		.rotation = track->rotation,
		.fourcc = decoding->fourcc,
		.device = device,
	};

	if (track->width && track->height) {
		config.coded_width = track->width;
		config.coded_height = track->height;
	}
	return wc_video_decoder_configure(decoding->decoder, &config) < 0 ? fail(decoding) : 0;
}

int decoding_open(struct decoding *decoding, const struct options *options, const char *device)
{
	struct wc_video_decoder_init init = {
		.output = on_frame,
		.error = on_error,
		.user_data = decoding,
		.label = "wc-transcode",
	};

	if (wc_video_decoder_new(decoding->context, &init, &decoding->decoder) < 0)
		return fail(decoding);
	return configure(decoding, options, device);
}

bool decoding_has_room(const struct decoding *decoding)
{
	return !wc_video_decoder_is_saturated(decoding->decoder) &&
	       wc_video_decoder_get_queue_size(decoding->decoder) < MAX_QUEUE;
}

enum input_result decoding_feed(struct decoding *decoding)
{
	struct input *input = decoding->input;
	struct wc_encoded_video_chunk *chunk;
	enum input_result result = input->ops->read_chunk(input, decoding->decoder, &chunk);
	int status;

	if (result != INPUT_GOT)
		return result;
	status = wc_video_decoder_decode(decoding->decoder, chunk);
	wc_encoded_video_chunk_unref(chunk);
	if (status == WC_OK)
		decoding->started = true;
	/* Streams may begin in the middle: what needs frames that are not there is passed over. */
	if (status == WC_OK || (status == WC_DATA_ERROR && !decoding->started))
		return INPUT_GOT;
	/* An error that closed the decoder comes with the next dispatch. */
	if (status == WC_INVALID_STATE_ERROR &&
	    wc_video_decoder_get_state(decoding->decoder) == WC_CODEC_CLOSED)
		return INPUT_END;
	return (enum input_result)fail(decoding);
}

int decoding_drain(struct decoding *decoding)
{
	if (wc_video_decoder_flush(decoding->decoder, on_drained, decoding) == WC_OK)
		return 0;
	if (!decoding->failed)
		fail(decoding);
	decoding->failed = true;
	return -1;
}

void decoding_close(struct decoding *decoding)
{
	wc_video_decoder_destroy(decoding->decoder);
	decoding->decoder = NULL;
}
