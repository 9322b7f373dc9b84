/* SPDX-License-Identifier: MIT */
/*
 * vicodec's encoder without the library, fed with DMA-BUFs of anybody or with copies: what the
 * driver says of a buffer, and what it reads in there. One frame at a time.
 */
#ifndef WC_SUITE_RAW_ENCODER_H
#define WC_SUITE_RAW_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_BUFFERS 2

struct raw_encoder {
	int fd;
	bool imports;                  /* V4L2_MEMORY_DMABUF, or else V4L2_MEMORY_MMAP */
	size_t input_size;             /* bytes that a picture has to have */
	unsigned next;                 /* buffer of the input */
	uint8_t *inputs[RAW_BUFFERS];  /* mapped, without imports */
	uint8_t *output;
	size_t output_size;
};

/* NV12 of that size, which has to be a multiple of 16. Whatever goes wrong ends the program. */
void raw_encoder_open(struct raw_encoder *encoder, uint32_t width, uint32_t height, bool imports);
void raw_encoder_close(struct raw_encoder *encoder);

/*
 * Encode what lies in a DMA-BUF of size bytes, or with data a copy of it. 0, or the negative errno
 * with which the driver refused; *chunk stays valid until the next call.
 */
int raw_encoder_encode(struct raw_encoder *encoder, int dma_buf, size_t size, const uint8_t *data,
		       const uint8_t **chunk, size_t *chunk_size);

#endif
