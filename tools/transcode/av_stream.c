/* SPDX-License-Identifier: MIT */
#include "transcode/av_stream.h"

#include <math.h>

#include <libavutil/display.h>

#include "transcode/color.h"
#include "util/macros.h"

/* Side data of streams moved to their parameters with libavformat 60.15. */
#define PARAMETERS_HAVE_SIDE_DATA (LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100))

static const struct {
	enum video_codec codec;
	enum AVCodecID id;
} codecs[] = {
	{ VIDEO_CODEC_H264, AV_CODEC_ID_H264 },
	{ VIDEO_CODEC_HEVC, AV_CODEC_ID_HEVC },
	{ VIDEO_CODEC_VP8, AV_CODEC_ID_VP8 },
	{ VIDEO_CODEC_VP9, AV_CODEC_ID_VP9 },
	{ VIDEO_CODEC_AV1, AV_CODEC_ID_AV1 },
	{ VIDEO_CODEC_MJPEG, AV_CODEC_ID_MJPEG },
};

enum video_codec av_stream_codec(const AVStream *stream)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].id == stream->codecpar->codec_id)
			return codecs[i].codec;
	return VIDEO_CODEC_NONE;
}

enum AVCodecID av_stream_codec_id(enum video_codec codec)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].codec == codec)
			return codecs[i].id;
	return AV_CODEC_ID_NONE;
}

/* Nine numbers of a display matrix, NULL when there is none. */
static const int32_t *display_matrix(const AVStream *stream)
{
#if PARAMETERS_HAVE_SIDE_DATA
	const AVPacketSideData *side =
		av_packet_side_data_get(stream->codecpar->coded_side_data,
					stream->codecpar->nb_coded_side_data,
					AV_PKT_DATA_DISPLAYMATRIX);

	return side && side->size >= 9 * sizeof(int32_t) ? (const int32_t *)side->data : NULL;
#else
	size_t size;
	const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);

	return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : NULL;
#endif
}

/* Matrices other than quarter turns and a mirror are left out: WebCodecs has no name for them. */
static void describe_rotation(const AVStream *stream, struct track *track)
{
	const int32_t *given = display_matrix(stream);
	int32_t matrix[9];
	double angle;

	if (!given)
		return;
	for (unsigned i = 0; i < 9; i++)
		matrix[i] = given[i];
	track->flip = (int64_t)matrix[0] * matrix[4] < (int64_t)matrix[1] * matrix[3];
	if (track->flip)
		av_display_matrix_flip(matrix, 1, 0);
	/* The function counts counterclockwise. */
	angle = -av_display_rotation_get(matrix);
	if (!isnan(angle))
		track->rotation = (uint16_t)((lround(angle / 90) + 4) % 4 * 90);
}

static void describe_aspect(const AVStream *stream, struct track *track)
{
	AVRational sample = stream->sample_aspect_ratio;
	AVRational display;

	if (!sample.num)
		sample = stream->codecpar->sample_aspect_ratio;
	if (sample.num <= 0 || sample.den <= 0 || sample.num == sample.den)
		return;
	if (av_reduce(&display.num, &display.den, (int64_t)track->width * sample.num,
		      (int64_t)track->height * sample.den, INT32_MAX) && display.num > 0)
		track->aspect = (struct size) { (uint32_t)display.num, (uint32_t)display.den };
}

static struct wc_video_color_space describe_color(const AVCodecParameters *params)
{
	struct color_description color = {
		.primaries = (uint8_t)params->color_primaries,
		.transfer = (uint8_t)params->color_trc,
		.matrix = (uint8_t)params->color_space,
		.range = params->color_range == AVCOL_RANGE_JPEG ? COLOR_RANGE_FULL :
			 params->color_range == AVCOL_RANGE_MPEG ? COLOR_RANGE_LIMITED :
			 COLOR_RANGE_UNKNOWN,
	};

	return color_space_from_h273(&color);
}

static uint64_t count_frames(const AVFormatContext *format, const AVStream *stream,
			     AVRational rate)
{
	if (stream->nb_frames > 0)
		return (uint64_t)stream->nb_frames;
	if (format->duration <= 0 || rate.num <= 0 || rate.den <= 0)
		return 0;
	return (uint64_t)av_rescale(format->duration, rate.num, (int64_t)rate.den * AV_TIME_BASE);
}

void av_stream_describe(AVFormatContext *format, AVStream *stream, struct track *track)
{
	const AVCodecParameters *params = stream->codecpar;
	AVRational rate = av_guess_frame_rate(format, stream, NULL);

	track->width = (uint32_t)params->width;
	track->height = (uint32_t)params->height;
	/* A record begins with its version, 1; other extradata are in start code form. */
	if ((params->codec_id == AV_CODEC_ID_H264 || params->codec_id == AV_CODEC_ID_HEVC) &&
	    params->extradata_size > 6 && params->extradata[0] == 1) {
		track->description = params->extradata;
		track->description_size = (size_t)params->extradata_size;
	}
	track->color_space = describe_color(params);
	describe_rotation(stream, track);
	describe_aspect(stream, track);
	if (rate.num > 0 && rate.den > 0)
		track->rate = (struct fraction) { (uint32_t)rate.num, (uint32_t)rate.den };
	if (stream->time_base.num > 0 && stream->time_base.den > 0)
		track->time_base = (struct fraction) { (uint32_t)stream->time_base.num,
						       (uint32_t)stream->time_base.den };
	track->frames = count_frames(format, stream, rate);
}

static int32_t *new_display_matrix(AVStream *stream)
{
#if PARAMETERS_HAVE_SIDE_DATA
	AVPacketSideData *side = av_packet_side_data_new(&stream->codecpar->coded_side_data,
							 &stream->codecpar->nb_coded_side_data,
							 AV_PKT_DATA_DISPLAYMATRIX,
							 9 * sizeof(int32_t), 0);

	return side ? (int32_t *)side->data : NULL;
#else
	return (int32_t *)av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX,
						  9 * sizeof(int32_t));
#endif
}

int av_stream_set_rotation(AVStream *stream, unsigned rotation, bool flip)
{
	int32_t *matrix;

	if (!rotation && !flip)
		return 0;
	matrix = new_display_matrix(stream);
	if (!matrix)
		return AVERROR(ENOMEM);
	av_display_rotation_set(matrix, -(double)rotation);
	av_display_matrix_flip(matrix, flip, 0);
	return 0;
}

void av_stream_set_color(AVStream *stream, const struct wc_video_color_space *space)
{
	struct color_description color = color_space_to_h273(space);
	AVCodecParameters *params = stream->codecpar;

	params->color_primaries = (enum AVColorPrimaries)color.primaries;
	params->color_trc = (enum AVColorTransferCharacteristic)color.transfer;
	params->color_space = (enum AVColorSpace)color.matrix;
	params->color_range = color.range == COLOR_RANGE_FULL ? AVCOL_RANGE_JPEG :
			      color.range == COLOR_RANGE_LIMITED ? AVCOL_RANGE_MPEG :
			      AVCOL_RANGE_UNSPECIFIED;
}
