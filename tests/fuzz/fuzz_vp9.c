/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "bitstream/chunk_info.h"
#include "bitstream/vp9.h"
#include "fuzz.h"

static void check_header(const struct vp9_frame_header *header)
{
	bool intra = header->key || header->intra_only;
	struct codec_string cs;
	char string[CODEC_STRING_MAX];
	int result;

	require(header->profile < 4 && !(header->key && header->intra_only));
	require(intra == (header->width > 0) && intra == (header->bit_depth > 0));
	require(header->width <= 65536 && header->height <= 65536);
	if (!header->key)
		return;
	vp9_frame_codec_string(header, &cs);
	result = codec_string_format(&cs, string, sizeof(string));
	require(result == 0 || (result == -EINVAL && header->chroma == CHROMA_440));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp9_superframe superframe;
	struct vp9_frame_header header;
	struct chunk_info info;
	size_t total = 0;

	chunk_inspect(VIDEO_CODEC_VP9, false, 0, data, size, &info);
	if (vp9_superframe_parse(data, size, &superframe) < 0)
		return 0;
	require(superframe.n_frames >= 1 && superframe.n_frames <= VP9_MAX_FRAMES);
	for (unsigned i = 0; i < superframe.n_frames; i++) {
		require(superframe.frames[i].data == data + total);
		total += superframe.frames[i].size;
		require(superframe.frames[i].size && total <= size);
		if (vp9_frame_header_parse(superframe.frames[i].data, superframe.frames[i].size,
					   &header) == 0)
			check_header(&header);
	}
	return 0;
}
