/* SPDX-License-Identifier: MIT */
/* Help for the tests of parsers. */
#ifndef WC_TESTS_BITSTREAM_SUPPORT_H
#define WC_TESTS_BITSTREAM_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/nal.h"
#include "util/macros.h"
#include "vectors/vector.h"

/* One call of a parser. Returns what it returned. */
typedef int (*parse_function)(const uint8_t *data, size_t size);

/*
 * Call parse with every beginning of data, from nothing to size - 1 bytes. Each is a block of
 * memory of its own, so that a memory checker sees reads beyond the end. Each result has to be 0
 * or -EINVAL, and -EINVAL below min bytes: those cannot be enough.
 */
void for_each_truncation(const uint8_t *data, size_t size, size_t min, parse_function parse);

/* Writes the bits of hand-made headers. Zero-initialized, it is empty. */
struct bit_writer {
	uint8_t data[512];
	size_t bits;
};

void put_bits(struct bit_writer *bw, unsigned n, uint32_t value);
void put_bytes(struct bit_writer *bw, const uint8_t *bytes, size_t n);
void put_ue(struct bit_writer *bw, uint32_t value);
void put_se(struct bit_writer *bw, int32_t value);
/* A one and zeros up to the end of the byte. */
void put_stop_bit(struct bit_writer *bw);
size_t byte_size(const struct bit_writer *bw);

/* Put emulation prevention bytes into a payload; returns its size. dst has half as much more. */
size_t escape_payload(const uint8_t *payload, size_t size, uint8_t *dst);

void check_color(const struct color_description *color, const struct color_description *expected);

/* The index-th chunk of a vector. */
const uint8_t *vector_chunk(const struct vector *vector, unsigned index, size_t *size);

/* The first NAL unit of a type in Annex B data; a test fails when there is none. */
struct nal find_nal(enum video_codec codec, const uint8_t *data, size_t size, unsigned type);

/*
 * Copy Annex B data without its NAL units of a type to dst, which has size + 64 bytes; the
 * number of bytes.
 */
size_t drop_nals(enum video_codec codec, const uint8_t *data, size_t size, unsigned type,
		 uint8_t *dst);

#endif
