/* SPDX-License-Identifier: MIT */
/*
 * Streams for the tests of sessions, made when they are needed, and judged by the ffmpeg program.
 * Files live in a directory of their own that goes with the process.
 */
#ifndef WC_TESTS_SESSION_MEDIA_H
#define WC_TESTS_SESSION_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIA_MAX_UNITS 512

struct media_unit {
	uint8_t *data;
	size_t size;
	int64_t timestamp;             /* microseconds */
	bool key;
};

/* A stream, its access units in coding order. */
struct media {
	char path[256];
	uint8_t *extradata;            /* avcC or hvcC, NULL when there is none */
	size_t extradata_size;
	unsigned count;
	struct media_unit units[MEDIA_MAX_UNITS];
};

/*
 * Make the directory; in main(), so that the processes of all tests find there what one of them
 * has made. False when it cannot be made.
 */
bool media_begin(void);

/* Whether ffmpeg and ffprobe are there. */
bool media_has_tools(void);

/* Whether libavcodec has an encoder of that name. */
bool media_has_encoder(const char *name);

/* A path in the directory of this process, in a static buffer. */
const char *media_path(const char *name);

/*
 * Make name with ffmpeg: count pictures of width by height at 25 a second, arguments say how they
 * are encoded. The test fails if ffmpeg does.
 */
struct media *media_make(const char *name, unsigned width, unsigned height, unsigned count,
			 const char *arguments);
struct media *media_open(const char *path);
void media_free(struct media *media);

/* One picture or packet as a program of ffmpeg sees it. */
struct media_line {
	double time;                   /* seconds */
	unsigned width, height;
	bool key;
	char md5[33];
};

/* MD5s of all pictures, tight, in order of presentation; returns how many. */
unsigned media_md5(const char *path, struct media_line *lines, unsigned room);

/* Time, size and kind of all pictures that decode without complaint; fails if there is one. */
unsigned media_probe(const char *path, struct media_line *lines, unsigned room);

/* The first picture as ffmpeg decodes it, tight I420; fails when it is not of that size. */
void media_first_picture(const char *path, uint8_t *data, size_t size);

/* What ffprobe tells of the stream: entries is "color_space,color_range" or the like. */
void media_stream_entries(const char *path, const char *entries, char *text, size_t size);

/* A file with chunks in it, for the judge. */
struct media_writer;

/* codec: libavcodec's name. extradata may be NULL. */
struct media_writer *media_writer_new(const char *path, const char *codec, unsigned width,
				      unsigned height, const void *extradata, size_t size);
void media_writer_add(struct media_writer *writer, const void *data, size_t size,
		      int64_t timestamp, bool key);
void media_writer_close(struct media_writer *writer);

/* MD5 in hexadecimal; step by step. */
struct media_hash;
struct media_hash *media_hash_new(void);
void media_hash_add(struct media_hash *hash, const void *data, size_t size);
void media_hash_finish(struct media_hash *hash, char text[33]);

#endif
