/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

uint32_t stream_read(const uint8_t *data, size_t at)
{
	return (uint32_t)data[at] << 24 | (uint32_t)data[at + 1] << 16 |
	       (uint32_t)data[at + 2] << 8 | data[at + 3];
}

void stream_write(uint8_t *data, size_t at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		data[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

void stream_add(struct stream *stream, const void *data, size_t size)
{
	struct stream_chunk *chunk = &stream->chunks[stream->n];

	if (stream->n == STREAM_MAX)
		tap_bail("more than %d chunks", STREAM_MAX);
	chunk->data = malloc(size ? size : 1);
	if (!chunk->data)
		tap_bail("no memory");
	memcpy(chunk->data, data, size);
	chunk->size = size;
	chunk->type = size >= FWHT_HEADER && !(stream_read(data, FWHT_FLAGS) & FWHT_FLAG_KEY) ?
		      WC_CHUNK_DELTA : WC_CHUNK_KEY;
	stream->n++;
}

void stream_finish(struct stream *stream)
{
	for (unsigned i = 0; i < stream->n; i++)
		free(stream->chunks[i].data);
	stream->n = 0;
}

struct wc_encoded_video_chunk *stream_chunk(const struct stream *stream, unsigned n,
					    struct wc_context *context, int64_t timestamp)
{
	const struct stream_chunk *from = &stream->chunks[n];
	struct wc_encoded_video_chunk_init init = { .type = from->type, .timestamp = timestamp };
	struct wc_encoded_video_chunk *chunk;

	if (wc_encoded_video_chunk_new(context, from->data, from->size, &init, &chunk) < 0)
		tap_bail("cannot make a chunk");
	return chunk;
}

unsigned stream_find_key(const struct stream *stream, unsigned n)
{
	while (n < stream->n && stream->chunks[n].type != WC_CHUNK_KEY)
		n++;
	return n;
}

/* ---- from the library's encoder -------------------------------------------------------------- */

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	stream_add(user_data, wc_encoded_video_chunk_get_data(chunk),
		   wc_encoded_video_chunk_get_size(chunk));
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	tap_bail("the encoder failed: %s", error->message);
}

static void on_flushed(enum wc_status status, void *user_data)
{
	(void)status;
	*(bool *)user_data = true;
}

static void encode_picture(struct wc_context *context, struct wc_video_encoder *encoder,
			   const struct picture *picture, unsigned n)
{
	struct wc_video_frame_init init = {
		.fourcc = picture->fourcc,
		.coded_width = picture->width,
		.coded_height = picture->height,
		.timestamp = (int64_t)n * STREAM_STEP,
	};
	size_t size = picture_size(picture);
	uint8_t *data = malloc(size);
	struct wc_video_frame *frame;

	if (!data)
		tap_bail("no memory");
	picture_draw(picture, n, data);
	if (wc_video_frame_new(context, data, size, &init, &frame) < 0 ||
	    wc_video_encoder_encode(encoder, frame, NULL) < 0)
		tap_bail("cannot encode a frame");
	wc_video_frame_unref(frame);
	free(data);
}

static void encode_all(struct wc_context *context, struct wc_video_encoder *encoder,
		       const struct picture *picture, unsigned frames)
{
	bool flushed = false;

	for (unsigned i = 0; i < frames; i++) {
		encode_picture(context, encoder, picture, i);
		while (wc_video_encoder_get_queue_size(encoder) > 2)
			wc_context_dispatch(context, -1);
	}
	if (wc_video_encoder_flush(encoder, on_flushed, &flushed) < 0)
		tap_bail("cannot flush the encoder");
	while (!flushed)
		wc_context_dispatch(context, -1);
}

void stream_encode(struct stream *stream, const struct picture *picture, unsigned frames,
		   unsigned key_interval)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = stream,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht",
		.width = picture->width,
		.height = picture->height,
		.key_interval = key_interval,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};
	struct wc_video_encoder *encoder;
	struct wc_context *context;

	stream->n = 0;
	if (wc_context_new(NULL, &context) < 0 ||
	    wc_video_encoder_new(context, &init, &encoder) < 0 ||
	    wc_video_encoder_configure(encoder, &config) < 0)
		tap_bail("no encoder");
	encode_all(context, encoder, picture, frames);
	wc_video_encoder_destroy(encoder);
	wc_context_unref(context);
	if (stream->n != frames)
		tap_bail("%u frames gave %u chunks", frames, stream->n);
}

/* ---- from a file ----------------------------------------------------------------------------- */

static size_t read_file(const char *path, uint8_t **data)
{
	FILE *file = fopen(path, "rb");
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		tap_bail("cannot read %s", path);
	rewind(file);
	*data = malloc((size_t)size + 1);
	if (!*data || fread(*data, 1, (size_t)size, file) != (size_t)size)
		tap_bail("cannot read %s", path);
	fclose(file);
	return (size_t)size;
}

void stream_load(struct stream *stream, const char *path)
{
	uint8_t *data;
	size_t at = 0, size = read_file(path, &data);

	stream->n = 0;
	while (at < size) {
		size_t length = size - at < FWHT_HEADER ? SIZE_MAX :
				FWHT_HEADER + (size_t)stream_read(data + at, FWHT_SIZE);

		if (length > size - at)
			tap_bail("%s: cut short at byte %zu", path, at);
		stream_add(stream, data + at, length);
		at += length;
	}
	free(data);
}
