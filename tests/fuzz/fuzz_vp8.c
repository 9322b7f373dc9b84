/* SPDX-License-Identifier: MIT */
#include "bitstream/chunk_info.h"
#include "bitstream/vp8.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp8_frame_header header;
	struct chunk_info info;

	if (vp8_frame_header_parse(data, size, &header) < 0)
		return 0;
	require(header.version < 4 && header.first_partition_size < size);
	require(header.key == (header.width > 0) && header.key == (header.height > 0));
	require(header.width < 16384 && header.height < 16384);
	require(chunk_inspect(VIDEO_CODEC_VP8, false, 0, data, size, &info) == 0);
	require(info.is_key == header.key && info.has_format == header.key);
	return 0;
}
