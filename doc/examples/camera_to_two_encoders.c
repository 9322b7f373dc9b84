/* SPDX-License-Identifier: MIT */
/*
 * One camera, two encoders: what is recorded, and the same in half the size, for instance to be
 * sent. Both get the same frame; its buffer goes back to the camera when both are done with it.
 *
 *     camera_to_two_encoders DEVICE CODEC LARGE SMALL FRAMES
 *
 * LARGE and SMALL become elementary streams.
 */

#include "example.h"

struct output {
	const char *path;
	FILE *file;
	struct wc_video_encoder *encoder;
	bool done;
};

struct studio {
	struct wc_context *context;
	struct wc_camera *camera;
	struct output outputs[2];
	unsigned wanted, taken;
};

/* An encoder that is behind misses a frame, and the other one does not suffer from it. */
static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct studio *s = user_data;

	for (int i = 0; i < 2 && s->taken < s->wanted; i++)
		if (wc_video_encoder_get_queue_size(s->outputs[i].encoder) <= 1)
			check(s->context,
			      wc_video_encoder_encode(s->outputs[i].encoder, frame, NULL),
			      s->outputs[i].path);
	s->taken++;
	wc_video_frame_unref(frame);
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct output *output = user_data;
	size_t size = wc_encoded_video_chunk_get_size(chunk);

	(void)metadata;
	if (fwrite(wc_encoded_video_chunk_get_data(chunk), 1, size, output->file) != size)
		die(output->path, "cannot be written");
	wc_encoded_video_chunk_unref(chunk);
}

/* The encoder scales frames that have another size than it was configured for. */
static void open_output(struct studio *s, struct output *output, const char *codec,
			const char *path, const struct wc_camera_info *info, uint32_t divisor)
{
	output->path = path;
	output->file = fopen(path, "wb");
	if (!output->file)
		die(path, "cannot be opened");
	check(s->context, wc_video_encoder_new(s->context, &(struct wc_video_encoder_init) {
		.output = on_chunk, .error = on_error, .user_data = output, .label = path,
	}, &output->encoder), path);
	check(s->context,
	      wc_video_encoder_configure(output->encoder, &(struct wc_video_encoder_config) {
		.codec = codec,
		.width = info->width / divisor / 2 * 2, .height = info->height / divisor / 2 * 2,
		.framerate = info->framerate, .key_interval = 60,
		.bitstream_format = WC_BITSTREAM_ANNEXB, .latency_mode = WC_LATENCY_REALTIME,
	}), path);
}

static void close_output(struct studio *s, struct output *output)
{
	check(s->context, wc_video_encoder_flush(output->encoder, on_flushed, &output->done),
	      output->path);
	while (!output->done)
		check(s->context, wc_context_dispatch(s->context, -1), "dispatch");
	wc_video_encoder_destroy(output->encoder);
	if (fclose(output->file))
		die(output->path, "cannot be written");
}

int main(int argc, char **argv)
{
	struct studio s = { .wanted = argc > 5 ? (unsigned)atoi(argv[5]) : 0 };
	struct wc_camera_info info;

	if (!s.wanted)
		die("usage", "camera_to_two_encoders DEVICE CODEC LARGE SMALL FRAMES");
	if (wc_context_new(NULL, &s.context) < 0)
		die("context", "no memory");
	check(s.context, wc_camera_new(s.context, &(struct wc_camera_init) {
		.frame = on_frame, .error = on_error, .user_data = &s, .device = argv[1],
		.width = 1280, .height = 720, .framerate = 15, .buffers = 8,
	}, &s.camera), argv[1]);
	wc_camera_get_info(s.camera, &info);
	open_output(&s, &s.outputs[0], argv[2], argv[3], &info, 1);
	open_output(&s, &s.outputs[1], argv[2], argv[4], &info, 2);

	check(s.context, wc_camera_start(s.camera), argv[1]);
	while (s.taken < s.wanted)
		check(s.context, wc_context_dispatch(s.context, -1), "dispatch");
	wc_camera_destroy(s.camera);
	close_output(&s, &s.outputs[0]);
	close_output(&s, &s.outputs[1]);
	wc_context_unref(s.context);
	return 0;
}
