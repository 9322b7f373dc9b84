/* SPDX-License-Identifier: MIT */
/* Streams of libavformat in our terms, and the other way round. */
#ifndef WC_TOOLS_AV_STREAM_H
#define WC_TOOLS_AV_STREAM_H

#include <libavformat/avformat.h>

#include "util/video_codec.h"
#include "transcode/track.h"

/* The codec of a stream, VIDEO_CODEC_NONE for others than ours; and libavcodec's number. */
enum video_codec av_stream_codec(const AVStream *stream);
enum AVCodecID av_stream_codec_id(enum video_codec codec);

/* Fill a track but for its codec string. The description belongs to the stream. */
void av_stream_describe(AVFormatContext *format, AVStream *stream, struct track *track);

/* Say how to turn the picture. 0 or a libav error. */
int av_stream_set_rotation(AVStream *stream, unsigned rotation, bool flip);

/* Colours of a stream that is written. */
void av_stream_set_color(AVStream *stream, const struct wc_video_color_space *space);

#endif
