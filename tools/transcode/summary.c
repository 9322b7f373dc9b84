/* SPDX-License-Identifier: MIT */
#include "transcode/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "transcode/input_camera.h"

/* "decoder h264: /dev/video10 bcm2835-codec-decode (stateful)" */
static void print_session(const char *role, const char *codec, const struct wc_session_info *info)
{
	fprintf(stderr, "; %s %s: %s%s%s (%s)", role, codec, info->device,
		info->device[0] ? " " : "", info->name, wc_session_kind_name(info->kind));
}

static void print_speed(const struct pipeline *pipeline)
{
	const struct track *track = &pipeline->input->track;
	double seconds = (double)(pipeline->end - pipeline->start) / 1e6;
	double speed = seconds > 0 ? (double)pipeline->frames / seconds : 0;

	fprintf(stderr, "%" PRIu64 " frames in %.2f s, %.1f fps", pipeline->frames, seconds,
		speed);
	fprintf(stderr, ", %.2fx real time", speed * track->rate.den / track->rate.num);
}

static void print_output(const struct output *output)
{
	double megabytes = (double)output->payload / 1e6;

	if (output->note[0])
		fprintf(stderr, "; %s", output->note);
	else
		fprintf(stderr, "; %.2f MB written", megabytes);
}

/* The library counts what it copies; the tool, what it cannot have read or written in place. */
static void print_copies(const struct pipeline *pipeline)
{
	struct wc_counters counters;
	uint64_t own = pipeline->input->bytes_copied;

	if (pipeline->output)
		own += pipeline->output->bytes_copied;
	wc_context_get_counters(pipeline->context, &counters);
	fprintf(stderr, "; copied: %" PRIu64 " bytes by the library, %" PRIu64 " by the tool\n",
		counters.bytes_copied, own);
}

void summary_print(const struct pipeline *pipeline)
{
	struct wc_session_info info;

	print_speed(pipeline);
	if (input_is_camera(pipeline->input))
		input_camera_print(pipeline->input);
	if (pipeline->decoding.decoder) {
		wc_video_decoder_get_session_info(pipeline->decoding.decoder, &info);
		print_session("decoder", pipeline->input->track.codec, &info);
	}
	if (pipeline->encoding.encoder) {
		wc_video_encoder_get_session_info(pipeline->encoding.encoder, &info);
		print_session("encoder", pipeline->encoding.codec, &info);
	}
	if (pipeline->output)
		print_output(pipeline->output);
	print_copies(pipeline);
}
