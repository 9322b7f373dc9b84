/* SPDX-License-Identifier: MIT */
/*
 * Decode a file and write its frames in another size and format: each decoded frame goes on to a
 * converter where it lies, and what comes out of that is written as raw pictures without gaps.
 *
 *     scale CODEC FILE.ivf nv12|rgb24 WIDTH HEIGHT OUT.raw
 *
 * Players show the result with the right options: `ffplay -f rawvideo -pixel_format nv12
 * -video_size 320x180 OUT.raw`.
 */
#include <drm_fourcc.h>

#include "example.h"

struct scaler {
	struct wc_context *context;
	struct wc_video_decoder *decoder;
	struct wc_video_converter *converter;
	FILE *file;
	unsigned frames;
};

/* A frame of the decoder may be closed as soon as it is queued: the converter has its own. */
static void on_decoded(struct wc_video_frame *frame, void *user_data)
{
	struct scaler *s = user_data;

	check(s->context, wc_video_converter_convert(s->converter, frame), "convert");
	wc_video_frame_unref(frame);
}

static void on_scaled(struct wc_video_frame *frame, void *user_data)
{
	struct scaler *s = user_data;
	size_t size;
	void *data;

	/* The defaults: the visible part, plane behind plane, row behind row. */
	if (wc_video_frame_allocation_size(frame, NULL, &size) < 0)
		die("frame", "cannot be read");
	data = malloc(size);
	if (!data || wc_video_frame_copy_to(frame, NULL, data, size, NULL) < 0)
		die("frame", "cannot be read");
	if (fwrite(data, 1, size, s->file) != size)
		die("output", "cannot be written");
	free(data);
	wc_video_frame_unref(frame);
	s->frames++;
}

static void configure(struct scaler *s, const char *codec, const char *format, uint32_t width,
		      uint32_t height)
{
	/* DRM names the bytes of a pixel from the last to the first. */
	uint32_t fourcc = strcmp(format, "rgb24") ? DRM_FORMAT_NV12 : DRM_FORMAT_BGR888;

	check(s->context, wc_video_decoder_new(s->context, &(struct wc_video_decoder_init) {
		.output = on_decoded, .error = on_error, .user_data = s,
	}, &s->decoder), "decoder");
	check(s->context, wc_video_decoder_configure(s->decoder, &(struct wc_video_decoder_config) {
		.codec = codec,
	}), "decoder");
	check(s->context, wc_video_converter_new(s->context, &(struct wc_video_converter_init) {
		.output = on_scaled, .error = on_error, .user_data = s,
	}, &s->converter), "converter");
	/* Pictures that are to be turned are turned: raw files do not say so. */
	check(s->context, wc_video_converter_configure(s->converter,
						       &(struct wc_video_converter_config) {
		.fourcc = fourcc, .width = width, .height = height,
		.orientation = WC_ORIENTATION_UPRIGHT,
	}), "converter");
}

static void decode(struct scaler *s, FILE *input)
{
	struct wc_encoded_video_chunk *chunk;
	bool decoded = false, scaled = false;

	while (ivf_read(input, s->context, s->decoder, &chunk)) {
		check(s->context, wc_video_decoder_decode(s->decoder, chunk), "decode");
		wc_encoded_video_chunk_unref(chunk);
		/* Whoever is slower sets the pace. */
		while (wc_video_decoder_is_saturated(s->decoder) ||
		       wc_video_converter_get_queue_size(s->converter) > 2)
			check(s->context, wc_context_dispatch(s->context, -1), "dispatch");
	}
	check(s->context, wc_video_decoder_flush(s->decoder, on_flushed, &decoded), "flush");
	while (!decoded)
		check(s->context, wc_context_dispatch(s->context, -1), "dispatch");
	/* All frames are queued now. */
	check(s->context, wc_video_converter_flush(s->converter, on_flushed, &scaled), "flush");
	while (!scaled)
		check(s->context, wc_context_dispatch(s->context, -1), "dispatch");
}

int main(int argc, char **argv)
{
	struct scaler s = { .frames = 0 };
	struct wc_session_info info;
	FILE *input;

	if (argc != 7 || (strcmp(argv[3], "nv12") && strcmp(argv[3], "rgb24")))
		die("usage", "scale CODEC FILE.ivf nv12|rgb24 WIDTH HEIGHT OUT.raw");
	input = fopen(argv[2], "rb");
	s.file = fopen(argv[6], "wb");
	if (!input || !s.file)
		die(input ? argv[6] : argv[2], "cannot be opened");
	if (wc_context_new(NULL, &s.context) < 0)
		die("context", "no memory");
	configure(&s, argv[1], argv[3], (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]));
	decode(&s, input);
	wc_video_converter_get_session_info(s.converter, &info);
	printf("%u frames by %s\n", s.frames, info.device[0] ? info.device : info.name);

	wc_video_converter_destroy(s.converter);
	wc_video_decoder_destroy(s.decoder);
	wc_context_unref(s.context);
	fclose(input);
	if (fclose(s.file))
		die(argv[6], "cannot be written");
	return 0;
}
