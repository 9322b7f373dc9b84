/* SPDX-License-Identifier: MIT */
#include "transcode/extent.h"

#include <stdbool.h>
#include <string.h>

#include "util/macros.h"

#define TS_PACKET 188
#define EBML_HEADER 0x1a45dfa3
#define MATROSKA_SEGMENT 0x18538067

static uint64_t big_endian(const uint8_t *data, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | data[i];
	return value;
}

static bool is_iso(const uint8_t *start)
{
	static const char types[][5] = { "ftyp", "moov", "mdat", "free", "skip", "wide", "styp" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!memcmp(start + 4, types[i], 4))
			return true;
	return false;
}

/* ISO/IEC 14496-12, section 4.2: boxes one after the other, each with its size in front. */
static uint64_t iso_extent(const struct reader *reader)
{
	uint64_t offset = 0;

	while (offset < reader->size) {
		uint8_t head[16];
		size_t got = reader_at(reader, offset, head, sizeof head);
		uint64_t size;

		/* Players pass over a few bytes that are no box; what is in boxes is all there. */
		if (got < 8)
			return offset;
		size = big_endian(head, 4);
		if (size == 1 && got < 16)
			return offset + 16;
		if (size == 1)
			size = big_endian(head + 8, 8);
		/* 0: up to the end. Less than its header: damaged, for the demuxer to judge. */
		if (size < 8 || size > UINT64_MAX - offset)
			return 0;
		offset += size;
	}
	return offset;
}

/* RFC 8794, section 4: a number whose first byte tells its length. Returns bytes, 0: none. */
static unsigned ebml_number(const uint8_t *data, size_t size, uint64_t *value)
{
	unsigned length = 1;

	while (size && length <= 8 && !(data[0] & 0x80 >> (length - 1)))
		length++;
	if (length > 8 || length > size)
		return 0;
	*value = big_endian(data, length) & ((1ull << 7 * length) - 1);
	return length;
}

static bool ebml_unknown(uint64_t value, unsigned length)
{
	return value == (1ull << 7 * length) - 1;
}

/* One element: its end; 0 when it is not the wanted one or has no known size. */
static uint64_t ebml_element(const struct reader *reader, uint64_t offset, uint32_t id)
{
	uint8_t head[12];
	size_t got = reader_at(reader, offset, head, sizeof head);
	uint64_t size = 0;
	unsigned length = got > 4 ? ebml_number(head + 4, got - 4, &size) : 0;

	if (!length || big_endian(head, 4) != id || ebml_unknown(size, length))
		return 0;
	return offset + 4 + length + size;
}

static uint64_t matroska_extent(const struct reader *reader)
{
	uint64_t segment = ebml_element(reader, 0, EBML_HEADER);

	return segment ? ebml_element(reader, segment, MATROSKA_SEGMENT) : 0;
}

/* Writers that cannot go back leave all bits of the size set. */
static uint64_t riff_extent(const uint8_t *start)
{
	uint32_t size = start[4] | start[5] << 8 | start[6] << 16 | (uint32_t)start[7] << 24;

	return size == UINT32_MAX ? 0 : 8 + (uint64_t)size;
}

static uint64_t ts_extent(const struct reader *reader)
{
	return (reader->size + TS_PACKET - 1) / TS_PACKET * TS_PACKET;
}

uint64_t extent_of(const struct reader *reader)
{
	uint8_t start[TS_PACKET + 1] = { 0 };

	if (!reader->seekable || reader_at(reader, 0, start, sizeof start) < 12)
		return 0;
	if (is_iso(start))
		return iso_extent(reader);
	if (big_endian(start, 4) == EBML_HEADER)
		return matroska_extent(reader);
	if (!memcmp(start, "RIFF", 4))
		return riff_extent(start);
	if (start[0] == 0x47 && start[TS_PACKET] == 0x47)
		return ts_extent(reader);
	return 0;
}
