/* SPDX-License-Identifier: MIT */
/* What the examples share and what is not the point of them: the end at an error, and IVF files. */
#ifndef WC_EXAMPLES_EXAMPLE_H
#define WC_EXAMPLES_EXAMPLE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webcodecs/webcodecs.h>

#define IVF_HEADER 32

static inline _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

/* What a call of the library has returned. */
static inline void check(struct wc_context *context, int status, const char *what)
{
	if (status < 0)
		die(what, wc_context_get_error(context)->message);
}

/* The error callback of codecs and cameras. */
static inline void on_error(const struct wc_error *error, void *user_data)
{
	(void)user_data;
	die(error->device[0] ? error->device : wc_status_name(error->name), error->message);
}

/* The callback of flushes whose user_data is a bool. */
static inline void on_flushed(enum wc_status status, void *user_data)
{
	if (status != WC_OK)
		die("flush", wc_status_name(status));
	*(bool *)user_data = true;
}

static inline uint32_t ivf_get(const uint8_t *data)
{
	return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

static inline void ivf_put(FILE *file, uint64_t value, unsigned bytes)
{
	for (; bytes--; value >>= 8)
		putc((int)(value & 0xff), file);
}

/* Times are in microseconds: one by a million. */
static inline void ivf_write_header(FILE *file, const char *codec, uint32_t width, uint32_t height,
				    unsigned frames)
{
	const char *fourcc = !strcmp(codec, "vp8") ? "VP80" : !strncmp(codec, "vp09", 4) ? "VP90" :
			     !strncmp(codec, "av01", 4) ? "AV01" : "FWHT";

	fprintf(file, "DKIF%c%c%c%c%s", 0, 0, IVF_HEADER, 0, fourcc);
	ivf_put(file, width | height << 16, 4);
	ivf_put(file, 1000000, 4);
	ivf_put(file, 1, 4);
	ivf_put(file, frames, 8);
}

static inline void ivf_write(FILE *file, const struct wc_encoded_video_chunk *chunk)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk);

	ivf_put(file, size, 4);
	ivf_put(file, (uint64_t)wc_encoded_video_chunk_get_timestamp(chunk), 8);
	if (fwrite(wc_encoded_video_chunk_get_data(chunk), 1, size, file) != size)
		die("output", "cannot be written");
}

/*
 * The next chunk, in memory that the decoder reads in place. False at the end of the file. IVF does
 * not say which chunks are key frames: the first one has to be. Who seeks must know the others.
 */
static inline bool ivf_read(FILE *file, struct wc_context *context,
			    struct wc_video_decoder *decoder,
			    struct wc_encoded_video_chunk **chunk)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_DELTA };
	uint8_t head[12];
	size_t size, room;

	if (ftell(file) <= IVF_HEADER) {
		if (fseek(file, IVF_HEADER, SEEK_SET))
			die("file", "cannot be read");
		init.type = WC_CHUNK_KEY;
	}
	if (fread(head, 1, sizeof head, file) != sizeof head)
		return false;
	size = ivf_get(head);
	init.timestamp = (int64_t)(ivf_get(head + 4) | (uint64_t)ivf_get(head + 8) << 32);
	check(context, wc_video_decoder_alloc_chunk(decoder, size, &init, chunk), "chunk");
	if (fread(wc_encoded_video_chunk_get_writable(*chunk, &room), 1, size, file) != size)
		die("file", "is cut off");
	check(context, wc_encoded_video_chunk_set_size(*chunk, size), "chunk");
	return true;
}

#endif
