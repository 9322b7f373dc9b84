/* SPDX-License-Identifier: MIT */
/*
 * Readers and a writer that cannot leave their data. All are sticky: the first access beyond the
 * end sets the error, and from then on reads give 0 and writes do nothing. So parsers read on and
 * look at the error once, wherever a value decides how much is done next.
 */
#ifndef WC_BITSTREAM_BITS_H
#define WC_BITSTREAM_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads bits, most significant first. Fields but error are private. */
struct bit_reader {
	const uint8_t *data;
	size_t size;
	size_t pos;             /* byte that the next bit is in */
	unsigned bit;           /* bits of it that are used up, 0..7 */
	bool escaped;           /* drop the 03 in 00 00 03 */
	bool error;
};

void bit_reader_init(struct bit_reader *br, const uint8_t *data, size_t size);

/*
 * Reads the raw byte sequence payload of a NAL unit: emulation prevention bytes are passed over
 * (H.264 and HEVC section 7.3.1). data begins behind the NAL unit header.
 */
void bit_reader_init_nal(struct bit_reader *br, const uint8_t *data, size_t size);

/* n is 0..32. */
uint32_t bit_reader_get(struct bit_reader *br, unsigned n);
bool bit_reader_flag(struct bit_reader *br);
void bit_reader_skip(struct bit_reader *br, size_t n);

/* Exp-Golomb codes (section 9.1 of H.264, 9.2 of HEVC). Longer ones than 32 bits are an error. */
uint32_t bit_reader_ue(struct bit_reader *br);
int32_t bit_reader_se(struct bit_reader *br);

/* Reads bytes. Fields but error are private. */
struct byte_reader {
	const uint8_t *data;
	size_t size;
	size_t pos;
	bool error;
};

void byte_reader_init(struct byte_reader *br, const uint8_t *data, size_t size);
size_t byte_reader_left(const struct byte_reader *br);
uint8_t byte_reader_u8(struct byte_reader *br);
uint16_t byte_reader_be16(struct byte_reader *br);
uint32_t byte_reader_be32(struct byte_reader *br);
/* The next n bytes, passed over; NULL with the error set when there are less. */
const uint8_t *byte_reader_take(struct byte_reader *br, size_t n);

/*
 * Writes bytes, or only counts them: pos goes on counting when capacity is used up, so the code
 * that writes also tells how much room it needs. Fields are private.
 */
struct byte_writer {
	uint8_t *data;
	size_t capacity;
	size_t pos;
};

/* data may be NULL with capacity 0. */
void byte_writer_init(struct byte_writer *bw, uint8_t *data, size_t capacity);
void byte_writer_u8(struct byte_writer *bw, unsigned value);
void byte_writer_be16(struct byte_writer *bw, unsigned value);
/* The low n bytes of value, n is 1..4. */
void byte_writer_be(struct byte_writer *bw, uint32_t value, unsigned n);
void byte_writer_bytes(struct byte_writer *bw, const uint8_t *bytes, size_t n);
/* Bytes written or needed in *size. 0, or -ENOSPC when they did not fit. */
int byte_writer_finish(const struct byte_writer *bw, size_t *size);
/* For functions that tell a size by writing to no buffer: lack of room is what they want. */
int byte_writer_size(int result);

#endif
