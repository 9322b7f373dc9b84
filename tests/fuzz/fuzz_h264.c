/* SPDX-License-Identifier: MIT */
/* The input is read as an SPS, as a PPS, and as an access unit in both framings. */
#include <errno.h>

#include "bitstream/chunk_info.h"
#include "bitstream/h264.h"
#include "fuzz.h"

static void check_sps(const struct h264_sps *sps)
{
	struct codec_string cs;
	char string[CODEC_STRING_MAX];
	int result;

	require(sps->coded_width && sps->coded_height);
	require(sps->coded_width % 16 == 0 && sps->coded_height % 16 == 0);
	require(sps->visible.width && sps->visible.height);
	require(sps->visible.x + sps->visible.width <= sps->coded_width);
	require(sps->visible.y + sps->visible.height <= sps->coded_height);
	require(sps->id < 32 && sps->chroma_format < 4);
	require(sps->bit_depth_luma >= 8 && sps->bit_depth_luma <= 14);
	require(h264_sps_max_reorder(sps) <= 16);
	h264_sps_codec_string(sps, &cs);
	result = codec_string_format(&cs, string, sizeof(string));
	require(result == 0 || result == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h264_pps_ids ids;
	struct chunk_info info;
	struct h264_sps sps;

	if (h264_sps_parse(data, size, &sps) == 0)
		check_sps(&sps);
	if (h264_pps_parse_ids(data, size, &ids) == 0)
		require(ids.id < 256 && ids.sps_id < 32);
	for (unsigned length_size = 0; length_size <= 4; length_size++) {
		if (chunk_inspect(VIDEO_CODEC_H264, length_size > 0, length_size, data, size,
				  &info) < 0)
			continue;
		require(length_size != 3);
		require(!info.is_key || info.is_random_access);
		require(!info.is_key || length_size || info.has_format);
		require(info.has_format == (info.coded_width > 0));
	}
	return 0;
}
