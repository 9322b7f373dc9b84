/* SPDX-License-Identifier: MIT */
/*
 * Containers, by libavformat. The header is written with the first chunk, because only then the
 * decoder configuration is known.
 *
 * Files are made in pieces of a second that stand for themselves (fragments, clusters, packets):
 * whatever ends the writing, what was written before can be played.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>

#include "bitstream/chunk_info.h"
#include "transcode/audio_copy.h"
#include "transcode/av_io.h"
#include "transcode/av_message.h"
#include "transcode/av_stream.h"
#include "transcode/decode_clock.h"
#include "transcode/output.h"

static const AVRational microseconds = { 1, 1000000 };

struct output_av {
	struct output base;
	AVIOContext *io;
	AVFormatContext *format;
	AVStream *stream;            /* the video */
	AVPacket *packet;
	struct decode_clock clock;
	bool has_header;
};

static int output_av_fail(struct output_av *av, int error)
{
	char reason[AV_MESSAGE_SIZE + 100];

	return failure_set(av->base.failure, "%s: %s", av->base.writer.name,
			   av_message_reason(error, reason, sizeof reason));
}

static int set_extradata(AVCodecParameters *params, const void *data, size_t size)
{
	params->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!params->extradata)
		return AVERROR(ENOMEM);
	memcpy(params->extradata, data, size);
	params->extradata_size = (int)size;
	return 0;
}

/* Send one chunk through libavcodec's filter for parameter sets and sequence headers. */
static int filter_chunk(AVBSFContext *filter, AVPacket *packet)
{
	int error = av_bsf_init(filter);

	if (error >= 0)
		error = av_bsf_send_packet(filter, packet);
	return error < 0 ? error : av_bsf_receive_packet(filter, packet);
}

/* Chunks that carry their own parameter sets: muxers want these beside the stream too. */
static int extract_extradata(AVCodecParameters *params, struct wc_encoded_video_chunk *chunk)
{
	const AVBitStreamFilter *kind = av_bsf_get_by_name("extract_extradata");
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	AVPacket *packet = av_packet_alloc();
	AVBSFContext *filter = NULL;
	const uint8_t *data;
	int error = packet ? av_new_packet(packet, (int)size) : AVERROR(ENOMEM);

	if (error >= 0 && kind)
		error = av_bsf_alloc(kind, &filter);
	if (error >= 0 && filter)
		error = avcodec_parameters_copy(filter->par_in, params);
	if (error >= 0 && filter) {
		memcpy(packet->data, wc_encoded_video_chunk_get_data(chunk), size);
		error = filter_chunk(filter, packet);
	}
	data = error < 0 ? NULL : av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
	if (data)
		error = set_extradata(params, data, size);
	av_bsf_free(&filter);
	av_packet_free(&packet);
	return error;
}

static bool has_parameter_sets(enum video_codec codec)
{
	return codec == VIDEO_CODEC_H264 || codec == VIDEO_CODEC_HEVC ||
	       codec == VIDEO_CODEC_AV1;
}

/* Some muxers write how samples are stored; the codec string tells what they ask for. */
static enum AVPixelFormat pixel_format(const struct codec_string *codec)
{
	if (codec->codec == VIDEO_CODEC_MJPEG)
		return AV_PIX_FMT_YUVJ420P;
	if (codec->chroma_subsampling == CHROMA_444)
		return codec->bit_depth > 8 ? AV_PIX_FMT_YUV444P10 : AV_PIX_FMT_YUV444P;
	if (codec->chroma_subsampling == CHROMA_422)
		return codec->bit_depth > 8 ? AV_PIX_FMT_YUV422P10 : AV_PIX_FMT_YUV422P;
	return codec->bit_depth > 8 ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P;
}

static void describe_codec(AVStream *stream, const struct codec_string *codec, const char *muxer)
{
	AVCodecParameters *params = stream->codecpar;

	params->codec_type = AVMEDIA_TYPE_VIDEO;
	params->codec_id = av_stream_codec_id(codec->codec);
	params->format = pixel_format(codec);
	if (codec->codec == VIDEO_CODEC_H264 || codec->codec == VIDEO_CODEC_HEVC ||
	    codec->codec == VIDEO_CODEC_AV1 || codec->codec == VIDEO_CODEC_VP9)
		params->profile = codec->profile;
	/* Players of Apple know this name alone. */
	if (codec->codec == VIDEO_CODEC_HEVC && (!strcmp(muxer, "mp4") || !strcmp(muxer, "mov")))
		params->codec_tag = MKTAG('h', 'v', 'c', '1');
}

static void describe_picture(AVStream *stream, const struct wc_video_decoder_config *config)
{
	AVCodecParameters *params = stream->codecpar;
	AVRational *pixel = &params->sample_aspect_ratio;

	params->width = (int)config->coded_width;
	params->height = (int)config->coded_height;
	if (config->display_aspect_width && config->display_aspect_height)
		av_reduce(&pixel->num, &pixel->den,
			  (int64_t)config->display_aspect_width * params->height,
			  (int64_t)config->display_aspect_height * params->width, INT32_MAX);
	stream->sample_aspect_ratio = *pixel;
	av_stream_set_color(stream, &config->color_space);
}

static void describe_time(AVStream *stream, const struct track *track)
{
	stream->avg_frame_rate = (AVRational) { (int)track->rate.num, (int)track->rate.den };
	stream->time_base = av_inv_q(stream->avg_frame_rate);
	if (track->timed && track->time_base.num)
		stream->time_base = (AVRational) { (int)track->time_base.num,
						   (int)track->time_base.den };
}

static unsigned reorder_of(const struct codec_string *codec,
			   const struct wc_video_decoder_config *config,
			   struct wc_encoded_video_chunk *chunk)
{
	struct chunk_info info;
	unsigned length_size;
	int error;

	if (codec->codec != VIDEO_CODEC_H264 && codec->codec != VIDEO_CODEC_HEVC)
		return 0;
	if (config->description)
		error = description_inspect(codec->codec, config->description,
					    config->description_size, &length_size, &info);
	else
		error = chunk_inspect(codec->codec, false, 0,
				      wc_encoded_video_chunk_get_data(chunk),
				      wc_encoded_video_chunk_get_size(chunk), &info);
	/* Streams that do not tell come from devices, which do not reorder. */
	return error || info.max_reorder < 0 ? 0 : (unsigned)info.max_reorder;
}

static int make_stream(struct output_av *av, struct wc_encoded_video_chunk *chunk,
		       const struct wc_video_decoder_config *config)
{
	struct codec_string codec;
	int error;

	if (codec_string_parse(config->codec, &codec))
		return AVERROR(EINVAL);
	av->stream = avformat_new_stream(av->format, NULL);
	if (!av->stream)
		return AVERROR(ENOMEM);
	describe_codec(av->stream, &codec, av->base.options->output_type->muxer);
	describe_picture(av->stream, config);
	describe_time(av->stream, av->base.track);
	av->clock.reorder = reorder_of(&codec, config, chunk);
	error = av_stream_set_rotation(av->stream, config->rotation, config->flip);
	if (error >= 0 && config->description)
		error = set_extradata(av->stream->codecpar, config->description,
				      config->description_size);
	else if (error >= 0 && has_parameter_sets(codec.codec))
		error = extract_extradata(av->stream->codecpar, chunk);
	return error;
}

static int set_muxer_options(AVDictionary **settings, const char *muxer)
{
	int error = 0;

	if (!strcmp(muxer, "mp4") || !strcmp(muxer, "mov")) {
		error = av_dict_set(settings, "movflags", "frag_keyframe+delay_moov", 0);
		if (error >= 0)
			error = av_dict_set(settings, "frag_duration", "1000000", 0);
	} else if (!strcmp(muxer, "matroska") || !strcmp(muxer, "webm")) {
		error = av_dict_set(settings, "cluster_time_limit", "1000", 0);
	}
	return error;
}

static int write_header(struct output_av *av)
{
	AVDictionary *settings = NULL;
	int error = set_muxer_options(&settings, av->base.options->output_type->muxer);

	if (error >= 0)
		error = avformat_write_header(av->format, &settings);
	av_dict_free(&settings);
	if (error < 0)
		return error;
	av->has_header = true;
	/*
	 * The MP4 muxer turns this off when it makes fragments, and then refuses AAC with ADTS
	 * headers, as transport streams have it.
	 */
	av->format->flags |= AVFMT_FLAG_AUTO_BSF;
	/* The muxer has chosen its own units of time. */
	av->clock.interval = av_rescale_q(track_interval(av->base.track), microseconds,
					  av->stream->time_base);
	return av->base.audio ? audio_copy_start(av->base.audio) : 0;
}

static int begin(struct output_av *av, struct wc_encoded_video_chunk *chunk,
		 const struct wc_encoded_video_chunk_metadata *metadata)
{
	const struct wc_video_decoder_config *config = output_first_config(&av->base, metadata);
	int error;

	if (!config || output_begin(&av->base))
		return -1;
	av->io = av_io_from_writer(&av->base.writer);
	if (!av->io)
		return output_av_fail(av, AVERROR(ENOMEM));
	av->format->pb = av->io;
	error = make_stream(av, chunk, config);
	if (error >= 0 && av->base.audio)
		error = audio_copy_add_streams(av->base.audio, av->format);
	if (error >= 0)
		error = write_header(av);
	return error < 0 ? output_av_fail(av, error) : 0;
}

static int fill_packet(struct output_av *av, struct wc_encoded_video_chunk *chunk)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	AVPacket *packet = av->packet;
	uint64_t duration;
	int error = av_new_packet(packet, (int)size);

	if (error < 0)
		return error;
	/* Muxers look at data with readers that need room behind it. */
	memcpy(packet->data, wc_encoded_video_chunk_get_data(chunk), size);
	av->base.bytes_copied += size;
	packet->stream_index = av->stream->index;
	packet->pts = av_rescale_q(wc_encoded_video_chunk_get_timestamp(chunk), microseconds,
				   av->stream->time_base);
	packet->dts = decode_clock_next(&av->clock, packet->pts);
	if (packet->pts < packet->dts)
		packet->pts = packet->dts;
	if (!wc_encoded_video_chunk_get_duration(chunk, &duration))
		duration = (uint64_t)track_interval(av->base.track);
	packet->duration = av_rescale_q((int64_t)duration, microseconds, av->stream->time_base);
	if (wc_encoded_video_chunk_get_type(chunk) == WC_CHUNK_KEY)
		packet->flags |= AV_PKT_FLAG_KEY;
	return 0;
}

static int output_av_chunk(struct output *output, struct wc_encoded_video_chunk *chunk,
			   const struct wc_encoded_video_chunk_metadata *metadata)
{
	struct output_av *av = (struct output_av *)output;
	int error;

	if (!av->has_header && begin(av, chunk, metadata))
		return -1;
	output->payload += wc_encoded_video_chunk_get_size(chunk);
	error = fill_packet(av, chunk);
	if (error >= 0)
		error = av_interleaved_write_frame(av->format, av->packet);
	if (error >= 0)
		error = av->io->error;
	if (error < 0)
		return output_av_fail(av, error);
	output->units++;
	return 0;
}

/*
 * Writes what the muxer still has, unless that is a header alone. After a failed write nothing more
 * gets out of av->io.
 */
static int output_av_finish(struct output *output)
{
	struct output_av *av = (struct output_av *)output;
	int error = 0;

	if (output->audio)
		audio_copy_stop(output->audio);
	if (av->has_header && output->units) {
		error = av_write_trailer(av->format);
		avio_flush(av->io);
		if (error >= 0)
			error = av->io->error;
	}
	av->has_header = false;
	return error < 0 ? output_av_fail(av, error) : 0;
}

static void output_av_destroy(struct output *output)
{
	struct output_av *av = (struct output_av *)output;

	av_packet_free(&av->packet);
	avformat_free_context(av->format);
	av_io_free(av->io);
	free(av);
}

static const struct output_ops output_av_ops = {
	.chunk = output_av_chunk,
	.finish = output_av_finish,
	.destroy = output_av_destroy,
};

struct output *output_av_new(struct failure *failure, const struct options *options)
{
	struct output_av *av = calloc(1, sizeof *av);
	int error;

	if (!av)
		return NULL;
	av->base.ops = &output_av_ops;
	av->base.failure = failure;
	av->base.writer.name = options->output;
	av->packet = av_packet_alloc();
	error = avformat_alloc_output_context2(&av->format, NULL, options->output_type->muxer,
					       NULL);
	if (error >= 0 && av->packet)
		return &av->base;
	output_av_fail(av, error < 0 ? error : AVERROR(ENOMEM));
	output_av_destroy(&av->base);
	return NULL;
}
