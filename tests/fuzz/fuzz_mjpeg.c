/* SPDX-License-Identifier: MIT */
#include "bitstream/chunk_info.h"
#include "bitstream/mjpeg.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mjpeg_header header;
	struct chunk_info info;

	if (mjpeg_header_parse(data, size, &header) < 0)
		return 0;
	require(header.width && header.height);
	require(header.components >= 1 && header.components <= 4);
	require((header.components == 1) == (header.chroma == CHROMA_400));
	require(chunk_inspect(VIDEO_CODEC_MJPEG, false, 0, data, size, &info) == 0);
	require(info.is_key && info.coded_width == header.width);
	return 0;
}
