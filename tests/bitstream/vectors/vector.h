/* SPDX-License-Identifier: MIT */
/* What the vectors consist of. */
#ifndef WC_TESTS_BITSTREAM_VECTOR_H
#define WC_TESTS_BITSTREAM_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/sample_format.h"

#define MAX_CHUNKS 24

/* A stream, cut into chunks, and what ffprobe says of it. */
struct vector {
	const char *name;
	const uint8_t *data;
	size_t size;
	struct {
		size_t size;
		bool key;
	} chunks[MAX_CHUNKS];
	unsigned n_chunks;
	uint32_t width, height;         /* visible */
	int profile, level;
	unsigned bit_depth;
	enum chroma chroma;
	struct color_description color;
	uint32_t sar_width, sar_height;
	int reorder;
};

/* An avcC or hvcC record and the first sample that belongs to it, with 4-byte lengths. */
struct record_vector {
	const char *name;
	const uint8_t *record;
	size_t record_size;
	const uint8_t *sample;
	size_t sample_size;
};

/* An FWHT stream of three frames, of which the second is not a key frame. */
struct fwht_vector {
	const char *name;
	const uint8_t *data;
	size_t size;
	uint32_t width, height;
	uint32_t color[4];              /* colorspace, xfer_func, ycbcr_enc, quantization */
};

#endif
