/* SPDX-License-Identifier: MIT */
/*
 * Pictures that the encoder does not take, through a V4L2 converter: inside the encoder's path, and
 * before it by a converter object. The chunks have to be the same, bit for bit, and nothing copied.
 *
 *     test_convert_encode CONVERTER WIDTHxHEIGHT WIDTHxHEIGHT MEMORY
 *
 * CONVERTER: the node of vim2m; sizes of the pictures, which are RGB565, and of the stream; MEMORY:
 * udmabuf or dumb.
 */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webcodecs/webcodecs.h>

#include "tap.h"

#define FRAMES 8

/* One way from pictures to chunks. */
struct way {
	struct wc_context *context;
	struct wc_video_converter *converter;  /* NULL: the encoder has one */
	struct wc_video_encoder *encoder;
	uint8_t *chunks[FRAMES];
	size_t sizes[FRAMES];
	unsigned n_chunks;
	struct wc_session_info info;           /* of the encoder */
};

static const char *node;
static struct wc_memory_options memory;
static uint32_t width, height, coded_width, coded_height;

static void on_error(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	tap_bail("%s", error->message);
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	struct way *way = user_data;

	(void)metadata;
	if (way->n_chunks == FRAMES || !(way->chunks[way->n_chunks] = malloc(size)))
		tap_bail("there is no room for a chunk");
	memcpy(way->chunks[way->n_chunks], wc_encoded_video_chunk_get_data(chunk), size);
	way->sizes[way->n_chunks++] = size;
	wc_encoded_video_chunk_unref(chunk);
}

/* Of the converter before the encoder. */
static void on_picture(struct wc_video_frame *frame, void *user_data)
{
	struct way *way = user_data;

	if (wc_video_encoder_encode(way->encoder, frame, NULL) < 0)
		tap_bail("cannot encode a result");
	wc_video_frame_unref(frame);
}

static void on_flushed(enum wc_status status, void *user_data)
{
	if (status < 0)
		tap_bail("a flush failed");
	*(bool *)user_data = true;
}

static void wait_for(struct way *way, const bool *done)
{
	for (unsigned i = 0; i < 200 && !*done; i++)
		wc_context_dispatch(way->context, 100);
	if (!*done)
		tap_bail("a flush hangs");
}

static void open_encoder(struct way *way)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = way,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .width = coded_width, .height = coded_height,
		.copy = WC_COPY_NEVER, .key_interval = FRAMES / 2,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};

	memset(way, 0, sizeof *way);
	if (wc_context_new(NULL, &way->context) < 0 ||
	    wc_context_set_memory(way->context, &memory) < 0 ||
	    wc_video_encoder_new(way->context, &init, &way->encoder) < 0 ||
	    wc_video_encoder_configure(way->encoder, &config) < 0)
		tap_bail("no encoder");
}

/*
 * Results in what the encoder finds first among its own formats. YUYV comes before, but vim2m calls
 * that full range, as sRGB is, which is not what was asked for.
 */
static void open_converter(struct way *way)
{
	struct wc_video_converter_init init = {
		.output = on_picture, .error = on_error, .user_data = way,
	};
	struct wc_video_converter_config config = {
		.fourcc = DRM_FORMAT_RGB888, .width = coded_width, .height = coded_height,
		.device = node, .copy = WC_COPY_NEVER, .use = WC_MEMORY_FOR_CODEC,
	};

	if (wc_video_converter_new(way->context, &init, &way->converter) < 0 ||
	    wc_video_converter_configure(way->converter, &config) < 0)
		tap_bail("no converter");
}

/* Noise over a ramp that moves. */
static void draw(struct wc_video_frame *frame, unsigned n)
{
	struct wc_video_frame_mapping mapping;

	if (wc_video_frame_map(frame, WC_MAP_WRITE, &mapping) < 0)
		tap_bail("cannot draw");
	for (uint32_t y = 0; y < height; y++) {
		uint8_t *row = mapping.planes[0].data + y * mapping.planes[0].stride;

		for (uint32_t x = 0; x < width; x++) {
			uint32_t noise = (y * width + x) * 2654435761u >> 28;
			uint32_t level = (x + 2 * y + 5 * n + noise) & 255;
			uint32_t pixel = (level >> 3) << 11 | ((level ^ 85) >> 2) << 5 |
					 ((x + n) & 31);

			row[2 * x] = (uint8_t)pixel;
			row[2 * x + 1] = (uint8_t)(pixel >> 8);
		}
	}
	wc_video_frame_unmap(frame);
}

static void feed(struct way *way)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_RGB565, .coded_width = width, .coded_height = height,
	};
	struct wc_video_frame *frame;

	for (unsigned n = 0; n < FRAMES; n++) {
		init.timestamp = n * 40000;
		if (wc_video_frame_alloc(way->context, &init,
					 WC_MEMORY_FOR_CODEC | WC_MEMORY_FOR_CPU, &frame) < 0)
			tap_bail("no frame: %s", wc_context_get_error(way->context)->message);
		draw(frame, n);
		if ((way->converter ? wc_video_converter_convert(way->converter, frame) :
		     wc_video_encoder_encode(way->encoder, frame, NULL)) < 0)
			tap_bail("a frame is not taken");
		wc_video_frame_unref(frame);
	}
}

/* Returns the bytes that the CPU copied. */
static uint64_t run(struct way *way, bool before)
{
	struct wc_session_info info = { .bytes_copied = 0 };
	bool converted = !before, encoded = false;

	open_encoder(way);
	if (before)
		open_converter(way);
	feed(way);
	if (before) {
		wc_video_converter_flush(way->converter, on_flushed, &converted);
		wait_for(way, &converted);
		wc_video_converter_get_session_info(way->converter, &info);
		tap_ok(strcmp(info.device, node) == 0, "the converter is %s", info.device);
	}
	wc_video_encoder_flush(way->encoder, on_flushed, &encoded);
	wait_for(way, &encoded);
	wc_video_encoder_get_session_info(way->encoder, &way->info);
	wc_video_converter_destroy(way->converter);
	wc_video_encoder_destroy(way->encoder);
	wc_context_unref(way->context);
	return way->info.bytes_copied + info.bytes_copied;
}

static void forget(struct way *way)
{
	for (unsigned i = 0; i < way->n_chunks; i++)
		free(way->chunks[i]);
}

static bool same_chunks(const struct way *a, const struct way *b)
{
	for (unsigned i = 0; i < FRAMES; i++)
		if (a->n_chunks != FRAMES || b->n_chunks != FRAMES || a->sizes[i] != b->sizes[i] ||
		    memcmp(a->chunks[i], b->chunks[i], a->sizes[i]) != 0)
			return false;
	return true;
}

static bool parse(int argc, char **argv)
{
	memory.kind = argc == 5 && strcmp(argv[4], "dumb") == 0 ? WC_MEMORY_DUMB :
								  WC_MEMORY_UDMABUF;
	return argc == 5 && sscanf(argv[2], "%ux%u", &width, &height) == 2 &&
	       sscanf(argv[3], "%ux%u", &coded_width, &coded_height) == 2;
}

int main(int argc, char **argv)
{
	struct way inside, before;
	uint64_t copied;

	if (!parse(argc, argv))
		tap_bail("usage: test_convert_encode CONVERTER SIZE SIZE udmabuf|dumb");
	node = argv[1];
	copied = run(&inside, false);
	tap_ok(strcmp(inside.info.converter, node) == 0, "the encoder's converter is %s",
	       inside.info.converter);
	tap_ok(copied == 0, "inside: %llu bytes were copied", (unsigned long long)copied);
	copied = run(&before, true);
	tap_ok(before.info.converter[0] == '\0', "an encoder behind a converter needs none");
	tap_ok(copied == 0, "before: %llu bytes were copied", (unsigned long long)copied);
	tap_ok(same_chunks(&inside, &before), "%u chunks are the same, bit for bit",
	       inside.n_chunks);
	forget(&inside);
	forget(&before);
	return tap_end();
}
