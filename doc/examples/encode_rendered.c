/* SPDX-License-Identifier: MIT */
/*
 * Encode what a program draws: each picture in a dumb buffer of the display's driver, which the
 * encoder reads in place, and which a display could show at the same time.
 *
 *     encode_rendered CODEC FILE.ivf FRAMES
 */
#include <drm_fourcc.h>
#include <inttypes.h>

#include "example.h"

#define WIDTH 640
#define HEIGHT 360

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	ivf_write(user_data, chunk);
	wc_encoded_video_chunk_unref(chunk);
}

/* Between map and unmap the picture is the processor's; rows may be longer than they need to be. */
static void draw(struct wc_video_frame *frame, unsigned n)
{
	struct wc_video_frame_mapping map;

	if (wc_video_frame_map(frame, WC_MAP_WRITE, &map) < 0)
		die("frame", "cannot be drawn into");
	for (uint32_t y = 0; y < HEIGHT; y++) {
		uint32_t *row = (uint32_t *)(void *)(map.planes[0].data + y * map.planes[0].stride);

		for (uint32_t x = 0; x < WIDTH; x++)
			row[x] = (x + n * 4) % 64 < 32 ? 0x2060c0 + y / 2 : 0xf0e0a0 - y / 2;
	}
	wc_video_frame_unmap(frame);
}

/* Frames go back to a pool when they are given back here and the encoder is done with them. */
static void encode(struct wc_context *context, struct wc_video_encoder *encoder, unsigned n)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_XRGB8888, .coded_width = WIDTH, .coded_height = HEIGHT,
		.timestamp = n * INT64_C(40000),
	};
	struct wc_video_frame *frame;

	check(context, wc_video_frame_alloc(context, &init,
					    WC_MEMORY_FOR_CPU | WC_MEMORY_FOR_CODEC, &frame),
	      "frame");
	draw(frame, n);
	check(context, wc_video_encoder_encode(encoder, frame, NULL), "encode");
	wc_video_frame_unref(frame);
}

int main(int argc, char **argv)
{
	unsigned frames = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	struct wc_counters counters;
	bool done = false;
	FILE *file;

	if (!frames)
		die("usage", "encode_rendered CODEC FILE.ivf FRAMES");
	file = fopen(argv[2], "wb");
	if (!file || wc_context_new(NULL, &context) < 0)
		die(argv[2], "cannot be opened");
	ivf_write_header(file, argv[1], WIDTH, HEIGHT, frames);
	/* Without this the library takes what it thinks best for a codec: often a dma-heap. */
	check(context, wc_context_set_memory(context, &(struct wc_memory_options) {
		.kind = WC_MEMORY_DUMB,
	}), "dumb buffers");

	check(context, wc_video_encoder_new(context, &(struct wc_video_encoder_init) {
		.output = on_chunk, .error = on_error, .user_data = file,
	}, &encoder), "encoder");
	check(context, wc_video_encoder_configure(encoder, &(struct wc_video_encoder_config) {
		.codec = argv[1], .width = WIDTH, .height = HEIGHT, .framerate = 25,
		.fourcc = DRM_FORMAT_XRGB8888,
	}), "encoder");

	for (unsigned n = 0; n < frames; n++) {
		encode(context, encoder, n);
		/* Draw no more than the encoder has room for. */
		while (wc_video_encoder_get_queue_size(encoder) > 1)
			check(context, wc_context_dispatch(context, -1), "dispatch");
	}
	check(context, wc_video_encoder_flush(encoder, on_flushed, &done), "flush");
	while (!done)
		check(context, wc_context_dispatch(context, -1), "dispatch");
	wc_context_get_counters(context, &counters);
	printf("%u frames, %" PRIu64 " bytes copied\n", frames, counters.bytes_copied);

	wc_video_encoder_destroy(encoder);
	wc_context_unref(context);
	if (fclose(file))
		die(argv[2], "cannot be written");
	return 0;
}
