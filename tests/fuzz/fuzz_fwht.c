/* SPDX-License-Identifier: MIT */
#include "bitstream/chunk_info.h"
#include "bitstream/fwht.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fwht_header header;
	struct chunk_info info;
	bool whole;

	if (fwht_header_parse(data, size, &header) < 0)
		return 0;
	require(size >= FWHT_HEADER_SIZE && header.width && header.height);
	require(header.coded_width >= header.width && header.coded_height >= header.height);
	fwht_color(&header);
	whole = header.payload_size <= size - FWHT_HEADER_SIZE;
	require((chunk_inspect(VIDEO_CODEC_FWHT, false, 0, data, size, &info) == 0) == whole);
	return 0;
}
