/* SPDX-License-Identifier: MIT */
/* The input is read as each kind of parameter set, and as an access unit in both framings. */
#include <errno.h>

#include "bitstream/chunk_info.h"
#include "bitstream/hevc.h"
#include "fuzz.h"

static void check_sps(const struct hevc_sps *sps)
{
	struct codec_string cs;
	char string[CODEC_STRING_MAX];
	int result;

	require(sps->coded_width && sps->coded_height);
	require(sps->visible.width && sps->visible.height);
	require(sps->visible.x + sps->visible.width <= sps->coded_width);
	require(sps->visible.y + sps->visible.height <= sps->coded_height);
	require(sps->id < 16 && sps->vps_id < 16 && sps->chroma_format < 4);
	require(sps->bit_depth_luma >= 8 && sps->bit_depth_luma <= 16);
	require(sps->temporal_layers >= 1 && sps->temporal_layers <= 7);
	require(sps->max_reorder_pics < sps->max_dec_pic_buffering);
	require(sps->min_spatial_segmentation < 4096);
	hevc_sps_codec_string(sps, &cs);
	result = codec_string_format(&cs, string, sizeof(string));
	require(result == 0 || result == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk_info info;
	struct hevc_sps sps;
	struct hevc_pps pps;

	if (hevc_sps_parse(data, size, &sps) == 0)
		check_sps(&sps);
	if (hevc_pps_parse(data, size, &pps) == 0)
		require(pps.id < 64 && pps.sps_id < 16);
	require(hevc_vps_parse_id(data, size) < 16);
	for (unsigned length_size = 0; length_size <= 4; length_size++) {
		if (chunk_inspect(VIDEO_CODEC_HEVC, length_size > 0, length_size, data, size,
				  &info) < 0)
			continue;
		require(length_size != 3);
		require(!info.is_key || info.is_random_access);
		require(!info.is_key || length_size || info.has_format);
		require(info.has_format == (info.coded_width > 0));
	}
	return 0;
}
