/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "bitstream/av1.h"
#include "bitstream/avcc.h"
#include "bitstream/chunk_info.h"
#include "bitstream/fwht.h"
#include "bitstream/h264.h"
#include "bitstream/hevc.h"
#include "bitstream/hvcc.h"
#include "bitstream/mjpeg.h"
#include "bitstream/vp8.h"
#include "bitstream/vp9.h"

static struct chunk_info nothing_known(enum video_codec codec)
{
	return (struct chunk_info) {
		.color = COLOR_DESCRIPTION_UNKNOWN,
		.max_reorder = -1,
		.codec = { .codec = codec, .color = COLOR_DESCRIPTION_UNKNOWN },
	};
}

static void set_size(struct chunk_info *info, uint32_t width, uint32_t height)
{
	info->has_format = true;
	info->coded_width = width;
	info->coded_height = height;
	info->visible = (struct picture_rect) { 0, 0, width, height };
}

/* The rest from what the codec string already has. */
static void set_samples_from_string(struct chunk_info *info)
{
	info->bit_depth = (unsigned)info->codec.bit_depth;
	info->chroma = info->codec.chroma_subsampling;
	info->color = info->codec.color;
}

static void set_display(struct chunk_info *info, const struct vui_display *display)
{
	info->sar_width = display->sar_width;
	info->sar_height = display->sar_height;
}

static int describe_h264(const struct nal *nal, struct chunk_info *info)
{
	struct h264_sps sps;

	if (h264_sps_parse(nal->data, nal->size, &sps) < 0)
		return -EINVAL;
	set_size(info, sps.coded_width, sps.coded_height);
	info->visible = sps.visible;
	info->max_reorder = (int)h264_sps_max_reorder(&sps);
	h264_sps_codec_string(&sps, &info->codec);
	set_samples_from_string(info);
	set_display(info, &sps.display);
	return 0;
}

static int describe_hevc(const struct nal *nal, struct chunk_info *info)
{
	struct hevc_sps sps;

	if (hevc_sps_parse(nal->data, nal->size, &sps) < 0)
		return -EINVAL;
	set_size(info, sps.coded_width, sps.coded_height);
	info->visible = sps.visible;
	info->max_reorder = (int)sps.max_reorder_pics;
	hevc_sps_codec_string(&sps, &info->codec);
	set_samples_from_string(info);
	set_display(info, &sps.display);
	return 0;
}

static int inspect_h264(struct nal_iter *iter, struct chunk_info *info)
{
	struct h264_access_unit au;

	if (h264_access_unit_inspect(iter, &au) < 0)
		return -EINVAL;
	info->is_random_access = au.idr || (au.intra && au.recovery_point);
	info->is_key = info->is_random_access && (iter->length_size || au.self_contained);
	return au.sps.data ? describe_h264(&au.sps, info) : 0;
}

static int inspect_hevc(struct nal_iter *iter, struct chunk_info *info)
{
	struct hevc_access_unit au;

	if (hevc_access_unit_inspect(iter, &au) < 0)
		return -EINVAL;
	info->is_random_access = au.irap;
	info->is_key = au.irap && (iter->length_size || au.self_contained);
	return au.sps.data ? describe_hevc(&au.sps, info) : 0;
}

static int inspect_vp8(const uint8_t *data, size_t size, struct chunk_info *info)
{
	struct vp8_frame_header header;
	int result = vp8_frame_header_parse(data, size, &header);

	if (result < 0)
		return result;
	info->is_key = info->is_random_access = header.key;
	if (!header.key)
		return 0;
	set_size(info, header.width, header.height);
	info->codec.bit_depth = 8;
	info->codec.chroma_subsampling = CHROMA_420;
	info->codec.color = header.color;
	set_samples_from_string(info);
	return 0;
}

/* A superframe begins with the picture that the others in it refer to. */
static int inspect_vp9(const uint8_t *data, size_t size, struct chunk_info *info)
{
	struct vp9_superframe superframe;
	struct vp9_frame_header header;

	if (vp9_superframe_parse(data, size, &superframe) < 0 ||
	    vp9_frame_header_parse(superframe.frames[0].data, superframe.frames[0].size,
				   &header) < 0)
		return -EINVAL;
	info->is_key = info->is_random_access = header.key;
	if (!header.key)
		return 0;
	set_size(info, header.width, header.height);
	vp9_frame_codec_string(&header, &info->codec);
	set_samples_from_string(info);
	return 0;
}

static int inspect_av1(const uint8_t *data, size_t size, struct chunk_info *info)
{
	struct av1_temporal_unit unit;

	if (av1_temporal_unit_inspect(data, size, &unit) < 0)
		return -EINVAL;
	info->is_key = info->is_random_access = unit.key;
	if (!unit.has_sequence_header)
		return 0;
	set_size(info, unit.sequence.max_width, unit.sequence.max_height);
	av1_sequence_codec_string(&unit.sequence, &info->codec);
	set_samples_from_string(info);
	return 0;
}

static int inspect_mjpeg(const uint8_t *data, size_t size, struct chunk_info *info)
{
	struct mjpeg_header header;

	if (mjpeg_header_parse(data, size, &header) < 0)
		return -EINVAL;
	info->is_key = info->is_random_access = true;
	set_size(info, header.width, header.height);
	info->codec.bit_depth = (int)header.bit_depth;
	info->codec.chroma_subsampling = header.chroma;
	info->codec.color = header.color;
	set_samples_from_string(info);
	return 0;
}

static int inspect_fwht(const uint8_t *data, size_t size, struct chunk_info *info)
{
	struct fwht_header header;
	int result = fwht_header_parse(data, size, &header);

	if (result < 0)
		return result;
	if (header.payload_size > size - FWHT_HEADER_SIZE)
		return -EINVAL;
	info->is_key = info->is_random_access = header.key;
	set_size(info, header.coded_width, header.coded_height);
	info->visible.width = header.width;
	info->visible.height = header.height;
	info->codec.bit_depth = 8;
	info->codec.chroma_subsampling = header.chroma;
	info->codec.color = fwht_color(&header);
	set_samples_from_string(info);
	return 0;
}

static int inspect_nals(enum video_codec codec, bool length_prefixed, unsigned length_size,
			const uint8_t *data, size_t size, struct chunk_info *info)
{
	struct nal_iter iter;

	if (!length_prefixed)
		nal_iter_init_annexb(&iter, data, size);
	else if (nal_iter_init_lengths(&iter, length_size, data, size) < 0)
		return -EINVAL;
	return codec == VIDEO_CODEC_H264 ? inspect_h264(&iter, info) : inspect_hevc(&iter, info);
}

int chunk_inspect(enum video_codec codec, bool length_prefixed, unsigned length_size,
		  const uint8_t *data, size_t size, struct chunk_info *out)
{
	*out = nothing_known(codec);
	if (!size)
		return -EINVAL;
	switch (codec) {
	case VIDEO_CODEC_H264:
	case VIDEO_CODEC_HEVC:
		return inspect_nals(codec, length_prefixed, length_size, data, size, out);
	case VIDEO_CODEC_VP8:
		return inspect_vp8(data, size, out);
	case VIDEO_CODEC_VP9:
		return inspect_vp9(data, size, out);
	case VIDEO_CODEC_AV1:
		return inspect_av1(data, size, out);
	case VIDEO_CODEC_MJPEG:
		return inspect_mjpeg(data, size, out);
	case VIDEO_CODEC_FWHT:
		return inspect_fwht(data, size, out);
	case VIDEO_CODEC_NONE:
		break;
	}
	return -ENOTSUP;
}

static int describe_avcc(const uint8_t *data, size_t size, unsigned *length_size,
			 struct chunk_info *info)
{
	struct nal_iter iter;
	struct avcc avcc;
	struct nal sps;

	if (avcc_parse(data, size, &avcc) < 0)
		return -EINVAL;
	*length_size = avcc.length_size;
	nal_iter_init_lengths(&iter, 2, avcc.sps.data, avcc.sps.size);
	return nal_iter_next(&iter, &sps) > 0 ? describe_h264(&sps, info) : 0;
}

static int describe_hvcc(const uint8_t *data, size_t size, unsigned *length_size,
			 struct chunk_info *info)
{
	struct hvcc_iter iter;
	struct hvcc hvcc;
	struct nal nal;

	if (hvcc_parse(data, size, &hvcc) < 0)
		return -EINVAL;
	*length_size = hvcc.length_size;
	hvcc_iter_init(&iter, &hvcc);
	while (hvcc_iter_next(&iter, &nal))
		if (nal_type(VIDEO_CODEC_HEVC, &nal) == HEVC_NAL_SPS)
			return describe_hevc(&nal, info);
	return 0;
}

int description_inspect(enum video_codec codec, const uint8_t *data, size_t size,
			unsigned *length_size, struct chunk_info *out)
{
	*out = nothing_known(codec);
	if (codec == VIDEO_CODEC_H264)
		return describe_avcc(data, size, length_size, out);
	if (codec == VIDEO_CODEC_HEVC)
		return describe_hvcc(data, size, length_size, out);
	return -ENOTSUP;
}
