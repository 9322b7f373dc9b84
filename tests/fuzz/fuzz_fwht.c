/* SPDX-License-Identifier: MIT */
/*
 * The input is a byte stream. What the splitter finds does not depend on the pieces in which the
 * stream comes: here as a whole, and cut in two where the first byte says.
 */
#include "bitstream/fwht.h"
#include "fuzz.h"

/* Frames and their bytes in a stream; *rest is where the unfinished end begins. */
static size_t split(const uint8_t *data, size_t size, size_t *bytes, size_t *rest)
{
	size_t pos = 0, frames = 0;
	struct fwht_header header;
	struct fwht_span span;

	while (fwht_find_frame(data + pos, size - pos, &span)) {
		require(span.offset <= size - pos && span.size <= size - pos - span.offset);
		pos += span.offset;
		require(fwht_header_parse(data + pos, size - pos, &header) == 0);
		require(span.size == FWHT_HEADER_SIZE + (size_t)header.payload_size);
		fwht_color(&header);
		frames++;
		*bytes += span.size;
		pos += span.size;
	}
	require(span.offset <= size - pos);
	*rest = pos + span.offset;
	return frames;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole_bytes = 0, bytes = 0, rest, frames, whole, cut;

	if (!size)
		return 0;
	cut = data[0] % size;
	data++;
	size--;
	whole = split(data, size, &whole_bytes, &rest);
	frames = split(data, cut, &bytes, &rest);
	frames += split(data + rest, size - rest, &bytes, &rest);
	require(frames == whole && bytes == whole_bytes);
	return 0;
}
