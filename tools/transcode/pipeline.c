/* SPDX-License-Identifier: MIT */
#include "transcode/pipeline.h"

#include <stdio.h>

#include "common/interrupt.h"
#include "transcode/input_camera.h"

static bool writes_pictures(const struct pipeline *pipeline)
{
	return !pipeline->output || pipeline->output->ops->frame;
}

static bool reads_pictures(const struct pipeline *pipeline)
{
	return pipeline->input->ops->read_frame;
}

/* The time at which a decoded frame is shown. */
static int64_t frame_time(const struct pipeline *pipeline, const struct wc_video_frame *frame)
{
	const struct track *track = &pipeline->input->track;

	return track->timed ? wc_video_frame_get_timestamp(frame) - track->origin :
	       track_time(track, pipeline->frames);
}

static int encode(struct pipeline *pipeline, struct wc_video_frame *frame, int64_t timestamp)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	struct wc_video_frame_override times = {
		.has_timestamp = true,
		.timestamp = timestamp,
		.has_duration = true,
	};
	struct wc_video_frame *timed;
	int status, result;

	if (!pipeline->encoding.encoder &&
	    encoding_open(&pipeline->encoding, (struct size) { visible.width, visible.height },
			  wc_video_frame_get_fourcc(frame), pipeline->devices.encoder))
		return -1;
	if (!wc_video_frame_get_duration(frame, &times.duration))
		times.duration = (uint64_t)track_interval(&pipeline->input->track);
	status = wc_video_frame_new_from(frame, &times, &timed);
	if (status < 0)
		return output_fail_status(pipeline->output, "frame", status);
	result = encoding_submit(&pipeline->encoding, timed);
	wc_video_frame_unref(timed);
	return result;
}

static int pass_on(struct pipeline *pipeline, struct wc_video_frame *frame)
{
	int64_t timestamp = frame_time(pipeline, frame);

	if (pipeline->md5 &&
	    frame_md5_print(pipeline->md5, frame, pipeline->frames, timestamp))
		return -1;
	if (!pipeline->output)
		return 0;
	if (writes_pictures(pipeline))
		return pipeline->output->ops->frame(pipeline->output, frame);
	return encode(pipeline, frame, timestamp);
}

static bool is_wanted(struct pipeline *pipeline, struct wc_video_frame *frame)
{
	struct input *input = pipeline->input;

	if (pipeline->broken || pipeline->frames >= pipeline->options->frames)
		return false;
	return !input->ops->is_hidden ||
	       !input->ops->is_hidden(input, wc_video_frame_get_timestamp(frame));
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct pipeline *pipeline = user_data;

	if (is_wanted(pipeline, frame)) {
		if (pass_on(pipeline, frame))
			pipeline->broken = true;
		else
			progress_step(&pipeline->progress, ++pipeline->frames);
	}
	wc_video_frame_unref(frame);
}

static int open_context(struct pipeline *pipeline, wc_log_handler log)
{
	static const char *const none[] = { NULL };
	const struct options *options = pipeline->options;
	struct wc_context_options settings = {
		.log_handler = log,
		.log_level = WC_LOG_DEBUG,
	};

	if (options->n_devices)
		settings.device_paths = options->devices;
	else if (options->no_hardware)
		settings.device_paths = none;
	if (wc_context_new(&settings, &pipeline->context) < 0)
		return failure_set(pipeline->failure, "no context for codecs: %m");
	return devices_assign(&pipeline->devices, pipeline->context, options, pipeline->failure);
}

static void print_log(enum wc_log_level level, const char *file, int line, const char *message,
		      void *user_data)
{
	(void)level;
	(void)user_data;
	fprintf(stderr, "%s:%d: %s\n", file, line, message);
}

static int open_ends(struct pipeline *pipeline, struct reader *reader)
{
	const struct options *options = pipeline->options;

	if (options->camera ? input_camera_open(options, pipeline->failure, &pipeline->input) :
	    input_open(options, reader, &pipeline->input))
		return -1;
	if (options->md5) {
		pipeline->md5 = frame_md5_new(pipeline->failure, options->fourcc);
		if (!pipeline->md5)
			return -1;
	}
	if (options->output) {
		pipeline->output = output_new(options, pipeline->input);
		if (!pipeline->output)
			return -1;
	}
	if (reads_pictures(pipeline) && (writes_pictures(pipeline) || pipeline->md5))
		return failure_set(pipeline->failure,
				   "%s: these are pictures, there is nothing to decode",
				   reader->name);
	return 0;
}

static uint32_t wished_format(const struct pipeline *pipeline)
{
	const struct output *output = pipeline->output;

	return output && output->ops->wished_format ? output->ops->wished_format(output) : 0;
}

static int open_codecs(struct pipeline *pipeline)
{
	const struct track *track = &pipeline->input->track;

	pipeline->encoding = (struct encoding) {
		.context = pipeline->context,
		.options = pipeline->options,
		.track = track,
		.output = pipeline->output,
		.failure = pipeline->failure,
	};
	pipeline->decoding = (struct decoding) {
		.context = pipeline->context,
		.input = pipeline->input,
		.failure = pipeline->failure,
		.fourcc = wished_format(pipeline),
		.output = on_frame,
		.user_data = pipeline,
	};
	if (input_is_camera(pipeline->input) &&
	    input_camera_attach(pipeline->input, pipeline->context, on_frame, pipeline))
		return -1;
	if (input_is_camera(pipeline->input) && writes_pictures(pipeline))
		return 0;
	if (reads_pictures(pipeline) || input_is_camera(pipeline->input))
		return encoding_open(&pipeline->encoding,
				     (struct size) { track->width, track->height },
				     track->fourcc, pipeline->devices.encoder);
	return decoding_open(&pipeline->decoding, pipeline->options, pipeline->devices.decoder);
}

int pipeline_open(struct pipeline *pipeline, const struct options *options, struct reader *reader,
		  struct failure *failure)
{
	*pipeline = (struct pipeline) { .options = options, .failure = failure };
	if (open_ends(pipeline, reader) ||
	    open_context(pipeline, options->verbose ? print_log : NULL))
		return -1;
	return open_codecs(pipeline);
}

/* Whether one more unit should go in; a slow encoder holds the decoder back. */
static bool has_room(const struct pipeline *pipeline)
{
	if (reads_pictures(pipeline))
		return encoding_is_ready(&pipeline->encoding) &&
		       encoding_has_room(&pipeline->encoding);
	return decoding_has_room(&pipeline->decoding) && encoding_has_room(&pipeline->encoding);
}

static enum input_result feed_picture(struct pipeline *pipeline)
{
	enum input_result result = encoding_feed(&pipeline->encoding, pipeline->input);

	if (result == INPUT_GOT)
		progress_step(&pipeline->progress, ++pipeline->frames);
	return result;
}

/* Frames come out of dispatch; the first is awaited only when there is somebody to take it. */
static enum pipeline_state on_capturing(struct pipeline *pipeline)
{
	struct input *input = pipeline->input;

	if (!pipeline->encoding.encoder || encoding_is_ready(&pipeline->encoding))
		input_camera_start(input);
	if (interrupt_signal() || pipeline->frames >= pipeline->options->frames ||
	    input_camera_has_ended(input))
		return PIPELINE_DRAINING_DECODER;
	return PIPELINE_FEEDING;
}

static enum pipeline_state on_feeding(struct pipeline *pipeline)
{
	enum input_result result = INPUT_GOT;

	if (input_is_camera(pipeline->input))
		return on_capturing(pipeline);
	while (result == INPUT_GOT && has_room(pipeline)) {
		if (interrupt_signal() || pipeline->frames >= pipeline->options->frames)
			return PIPELINE_DRAINING_DECODER;
		result = reads_pictures(pipeline) ? feed_picture(pipeline) :
			 decoding_feed(&pipeline->decoding);
	}
	return result == INPUT_GOT ? PIPELINE_FEEDING : PIPELINE_DRAINING_DECODER;
}

static enum pipeline_state on_draining_decoder(struct pipeline *pipeline)
{
	struct decoding *decoding = &pipeline->decoding;

	if (!decoding->decoder || decoding->failed || decoding->drained ||
	    pipeline->frames >= pipeline->options->frames)
		return PIPELINE_DRAINING_ENCODER;
	return PIPELINE_DRAINING_DECODER;
}

static enum pipeline_state on_draining_encoder(struct pipeline *pipeline)
{
	struct encoding *encoding = &pipeline->encoding;

	return !encoding->encoder || encoding->drained ? PIPELINE_DONE : PIPELINE_DRAINING_ENCODER;
}

/* What a state begins with. */
static int enter(struct pipeline *pipeline, enum pipeline_state state)
{
	pipeline->state = state;
	switch (state) {
	case PIPELINE_DRAINING_DECODER:
		if (input_is_camera(pipeline->input))
			input_camera_stop(pipeline->input);
		/* A decoder that was closed by an error is not drained; neither is that told. */
		if (pipeline->decoding.decoder &&
		    wc_video_decoder_get_state(pipeline->decoding.decoder) == WC_CODEC_CONFIGURED)
			return decoding_drain(&pipeline->decoding);
		return 0;
	case PIPELINE_DRAINING_ENCODER:
		if (pipeline->encoding.encoder &&
		    wc_video_encoder_get_state(pipeline->encoding.encoder) == WC_CODEC_CONFIGURED)
			return encoding_drain(&pipeline->encoding);
		return 0;
	case PIPELINE_FEEDING:
	case PIPELINE_DONE:
	default:
		return 0;
	}
}

static enum pipeline_state next_state(struct pipeline *pipeline)
{
	if (pipeline->broken || pipeline->encoding.failed)
		return PIPELINE_DONE;
	switch (pipeline->state) {
	case PIPELINE_FEEDING:
		return pipeline->decoding.failed ? PIPELINE_DRAINING_DECODER :
		       on_feeding(pipeline);
	case PIPELINE_DRAINING_DECODER:
		return on_draining_decoder(pipeline);
	case PIPELINE_DRAINING_ENCODER:
		return on_draining_encoder(pipeline);
	case PIPELINE_DONE:
	default:
		return PIPELINE_DONE;
	}
}

/* Let the codecs work. One call for a frame is what a run costs when it flows. */
static void dispatch(struct pipeline *pipeline)
{
	if (wc_context_dispatch(pipeline->context, -1) >= 0)
		return;
	failure_set(pipeline->failure, "waiting for the codecs failed: %s",
		    wc_context_get_error(pipeline->context)->message);
	pipeline->broken = true;
}

static void check_result(struct pipeline *pipeline)
{
	const struct reader *reader = pipeline->input->reader;

	if (!pipeline->frames && !interrupt_signal())
		failure_set(pipeline->failure, "%s: not a single frame came out of it",
			    reader->name);
}

void pipeline_run(struct pipeline *pipeline)
{
	const struct track *track = &pipeline->input->track;
	uint64_t total = track->frames;

	if (pipeline->options->frames != UINT64_MAX)
		total = pipeline->options->frames;
	progress_begin(&pipeline->progress, total, (double)track->rate.num / track->rate.den,
		       pipeline->options->quiet);
	pipeline->start = pipeline->progress.start;
	while (pipeline->state != PIPELINE_DONE) {
		enum pipeline_state state = next_state(pipeline);

		if (state == pipeline->state)
			dispatch(pipeline);
		else if (enter(pipeline, state) && state == PIPELINE_DRAINING_ENCODER)
			pipeline->broken = true;
	}
	if (pipeline->output)
		output_finish(pipeline->output);
	pipeline->end = progress_now();
	progress_end(&pipeline->progress);
	check_result(pipeline);
}

void pipeline_finish(struct pipeline *pipeline)
{
	decoding_close(&pipeline->decoding);
	encoding_close(&pipeline->encoding);
	output_destroy(pipeline->output);
	frame_md5_destroy(pipeline->md5);
	input_destroy(pipeline->input);
	wc_context_unref(pipeline->context);
}
