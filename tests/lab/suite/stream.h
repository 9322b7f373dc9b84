/* SPDX-License-Identifier: MIT */
/* FWHT streams in memory, as chunks. Whatever goes wrong ends the program. */
#ifndef WC_SUITE_STREAM_H
#define WC_SUITE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <webcodecs/webcodecs.h>

#include "picture.h"

#define STREAM_MAX 512

/* Microseconds from chunk to chunk. */
#define STREAM_STEP 40000

/* Bytes of a header, and where its fields are: big-endian, 32 bits. */
#define FWHT_HEADER 44
#define FWHT_VERSION 8
#define FWHT_WIDTH 12
#define FWHT_HEIGHT 16
#define FWHT_FLAGS 20
#define FWHT_SIZE 40
#define FWHT_FLAG_KEY (1u << 10)

struct stream {
	struct stream_chunk {
		uint8_t *data;
		size_t size;
		enum wc_chunk_type type;   /* as the header in the data says */
	} chunks[STREAM_MAX];
	unsigned n;
};

uint32_t stream_read(const uint8_t *data, size_t at);
void stream_write(uint8_t *data, size_t at, uint32_t value);

/* Frames of a clip, encoded by the library; a key frame every key_interval. */
void stream_encode(struct stream *stream, const struct picture *picture, unsigned frames,
		   unsigned key_interval);

/* An elementary stream, cut at its headers. */
void stream_load(struct stream *stream, const char *path);

/* Add a copy of a chunk. */
void stream_add(struct stream *stream, const void *data, size_t size);

void stream_finish(struct stream *stream);

/* A chunk for a decoder of context, with one reference. */
struct wc_encoded_video_chunk *stream_chunk(const struct stream *stream, unsigned n,
					    struct wc_context *context, int64_t timestamp);

/* The first key frame from chunk n on; stream->n when there is none. */
unsigned stream_find_key(const struct stream *stream, unsigned n);

#endif
