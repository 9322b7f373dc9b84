/* SPDX-License-Identifier: MIT */
/* Containers, and elementary streams that have to be cut into access units, by libavformat. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/avstring.h>

#include "bitstream/chunk_info.h"
#include "common/interrupt.h"
#include "transcode/audio_copy.h"
#include "transcode/av_io.h"
#include "transcode/av_message.h"
#include "transcode/av_stream.h"
#include "transcode/extent.h"
#include "transcode/input.h"
#include "transcode/time_set.h"

/* Only formats that can hold our codecs: probing random bytes finds a format in anything. */
#define FORMATS "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv,h264,hevc,mjpeg,ivf,obu"

static const AVRational microseconds = { 1, 1000000 };

struct input_av {
	struct input base;
	AVIOContext *io;
	AVFormatContext *format;
	AVStream *stream;            /* the video */
	AVPacket *packet;
	bool packet_waits;           /* packet is the first key chunk, not yet given out */
	enum video_codec codec;
	struct time_set hidden;
	uint64_t packets;            /* of the video, given out or not */
	int64_t next_time;           /* for a packet without one */
};

static int input_av_fail(struct input_av *av, int error)
{
	char reason[AV_MESSAGE_SIZE + 100];

	return failure_set(av->base.failure, "%s: %s", av->base.reader->name,
			   av_message_reason(error, reason, sizeof reason));
}

static int input_av_cut(struct input_av *av)
{
	return failure_set(av->base.failure, "%s: the file is cut short after frame %llu",
			   av->base.reader->name, (unsigned long long)av->packets);
}

/* Whether what the file promised is missing, which libavformat takes for a good end. */
static bool is_cut(const struct input_av *av)
{
	if (extent_of(av->base.reader) > av->base.reader->size)
		return true;
	/* ISO media list all frames, or those of the fragments that were read. */
	return av_match_name("mp4", av->format->iformat->name) &&
	       av->packets < (uint64_t)avformat_index_get_entries_count(av->stream);
}

static enum input_result end_of_file(struct input_av *av, int error)
{
	if (interrupt_signal())
		return INPUT_END;
	if (error != AVERROR_EOF)
		input_av_fail(av, error);
	else if (av->base.reader->seekable && is_cut(av))
		input_av_cut(av);
	return av->base.failure->set ? INPUT_FAILED : INPUT_END;
}

/* Read up to the next packet of the video; audio goes its own way. */
static enum input_result next_packet(struct input_av *av)
{
	for (;;) {
		int error = av_read_frame(av->format, av->packet);

		if (error < 0 || interrupt_signal())
			return end_of_file(av, error);
		if (audio_copy_wants(av->base.audio, av->packet->stream_index)) {
			error = audio_copy_push(av->base.audio, av->packet);
			if (error < 0)
				return (enum input_result)input_av_fail(av, error);
			continue;
		}
		if (av->packet->stream_index == av->stream->index && av->packet->size)
			break;
		audio_copy_pass_over(av->base.audio, av->packet->stream_index);
		av_packet_unref(av->packet);
	}
	/* A sample that the file ends in. */
	if ((av->packet->flags & AV_PKT_FLAG_CORRUPT) && avio_feof(av->io)) {
		av_packet_unref(av->packet);
		return (enum input_result)input_av_cut(av);
	}
	av->packets++;
	return INPUT_GOT;
}

static int64_t packet_time(struct input_av *av)
{
	int64_t stamp = av->packet->pts != AV_NOPTS_VALUE ? av->packet->pts : av->packet->dts;
	int64_t time;

	if (!av->base.track.timed)
		return track_time(&av->base.track, av->base.count);
	time = stamp == AV_NOPTS_VALUE ? av->next_time :
	       av_rescale_q(stamp, av->stream->time_base, microseconds);
	av->next_time = time + track_interval(&av->base.track);
	return time;
}

static enum input_result give_packet(struct input_av *av, struct wc_video_decoder *decoder,
				     struct wc_encoded_video_chunk **chunk)
{
	AVPacket *packet = av->packet;
	struct wc_encoded_video_chunk_init init = {
		.type = packet->flags & AV_PKT_FLAG_KEY ? WC_CHUNK_KEY : WC_CHUNK_DELTA,
		.timestamp = packet_time(av),
		.has_duration = av->base.track.timed && packet->duration > 0,
	};
	enum input_result result;

	if (init.has_duration)
		init.duration = (uint64_t)av_rescale_q(packet->duration, av->stream->time_base,
						       microseconds);
	if ((packet->flags & AV_PKT_FLAG_DISCARD) && time_set_add(&av->hidden, init.timestamp))
		result = (enum input_result)input_av_fail(av, AVERROR(ENOMEM));
	else
		result = input_copy_chunk(&av->base, decoder, packet->data, (size_t)packet->size,
					  &init, chunk);
	av_packet_unref(packet);
	return result;
}

static enum input_result input_av_read_chunk(struct input *input,
					     struct wc_video_decoder *decoder,
					     struct wc_encoded_video_chunk **chunk)
{
	struct input_av *av = (struct input_av *)input;
	enum input_result result = av->packet_waits ? INPUT_GOT : next_packet(av);

	av->packet_waits = false;
	return result == INPUT_GOT ? give_packet(av, decoder, chunk) : result;
}

static bool input_av_is_hidden(struct input *input, int64_t timestamp)
{
	return time_set_take(&((struct input_av *)input)->hidden, timestamp);
}

static void input_av_destroy(struct input *input)
{
	struct input_av *av = (struct input_av *)input;

	audio_copy_destroy(av->base.audio);
	av_packet_free(&av->packet);
	avformat_close_input(&av->format);
	av_io_free(av->io);
	time_set_finish(&av->hidden);
	free(av);
}

static const struct input_ops input_av_ops = {
	.read_chunk = input_av_read_chunk,
	.is_hidden = input_av_is_hidden,
	.destroy = input_av_destroy,
};

/* Elementary streams are believed by their name: one has hardly a signature to look for. */
static const AVInputFormat *choose_format(const struct options *options)
{
	const struct file_type *type = options->input_type;

	return type && type->kind == FILE_ELEMENTARY ? av_find_input_format(type->codec) : NULL;
}

static int open_format(struct input_av *av, const struct options *options)
{
	AVDictionary *settings = NULL;
	int error;

	av->io = av_io_from_reader(av->base.reader);
	av->format = avformat_alloc_context();
	av->packet = av_packet_alloc();
	if (!av->io || !av->format || !av->packet)
		return AVERROR(ENOMEM);
	av->format->pb = av->io;
	error = av_dict_set(&settings, "format_whitelist", FORMATS, 0);
	if (error >= 0)
		error = avformat_open_input(&av->format, av->base.reader->name,
					    choose_format(options), &settings);
	av_dict_free(&settings);
	if (error >= 0)
		error = avformat_find_stream_info(av->format, NULL);
	return error;
}

/* Find the video; streams that nobody reads are not even demultiplexed. */
static int choose_streams(struct input_av *av, const struct options *options)
{
	int index = av_find_best_stream(av->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

	if (index < 0)
		return failure_set(av->base.failure, "%s: there is no video in it",
				   av->base.reader->name);
	av->stream = av->format->streams[index];
	if (options->audio && options->output_type && options->output_type->kind == FILE_CONTAINER)
		av->base.audio = audio_copy_new(av->format, options->quiet);
	for (unsigned i = 0; i < av->format->nb_streams; i++)
		if ((int)i != index && !audio_copy_wants(av->base.audio, (int)i))
			av->format->streams[i]->discard = AVDISCARD_ALL;
	av->codec = av_stream_codec(av->stream);
	if (av->codec == VIDEO_CODEC_NONE)
		return failure_set(av->base.failure,
				   "%s: the video is %s, which is none of our codecs",
				   av->base.reader->name,
				   avcodec_get_name(av->stream->codecpar->codec_id));
	return 0;
}

static int find_first_key(struct input_av *av)
{
	enum input_result result;

	do {
		av_packet_unref(av->packet);
		result = next_packet(av);
	} while (result == INPUT_GOT && !(av->packet->flags & AV_PKT_FLAG_KEY));
	if (result == INPUT_END)
		failure_set(av->base.failure, "%s: there is no key frame in it",
			    av->base.reader->name);
	av->packet_waits = result == INPUT_GOT;
	return av->packet_waits ? 0 : -1;
}

/* Start codes: parameter sets that are only beside the stream go in front of its first chunk. */
static int add_parameter_sets(struct input_av *av)
{
	const AVCodecParameters *params = av->stream->codecpar;
	AVPacket *packet = av->packet;
	int size = packet->size;
	int error = av_grow_packet(packet, params->extradata_size);

	if (error < 0)
		return input_av_fail(av, error);
	memmove(packet->data + params->extradata_size, packet->data, (size_t)size);
	memcpy(packet->data, params->extradata, (size_t)params->extradata_size);
	return 0;
}

/* The codec string: from the record beside the stream, else from the first key chunk. */
static int identify(struct input_av *av)
{
	const AVCodecParameters *params = av->stream->codecpar;
	struct track *track = &av->base.track;
	struct chunk_info info;
	unsigned length_size;
	int error;

	if (track->description) {
		error = description_inspect(av->codec, track->description, track->description_size,
					    &length_size, &info);
	} else {
		error = chunk_inspect(av->codec, false, 0, av->packet->data,
				      (size_t)av->packet->size, &info);
		if (!error && !info.has_format && params->extradata_size) {
			if (add_parameter_sets(av))
				return -1;
			error = chunk_inspect(av->codec, false, 0, av->packet->data,
					      (size_t)av->packet->size, &info);
		}
	}
	if (!error && !codec_string_format(&info.codec, track->codec, sizeof track->codec))
		return 0;
	return failure_set(av->base.failure, "%s: the %s stream has no readable header",
			   av->base.reader->name, video_codec_name(av->codec));
}

int input_av_open(const struct options *options, struct reader *reader, struct input **input)
{
	struct input_av *av = calloc(1, sizeof *av);
	int error;

	if (!av)
		return failure_set_errno(reader->failure, reader->name, ENOMEM);
	av->base = (struct input) {
		.ops = &input_av_ops,
		.reader = reader,
		.failure = reader->failure,
	};
	error = open_format(av, options);
	if (error < 0)
		input_av_fail(av, error);
	if (error < 0 || choose_streams(av, options)) {
		input_av_destroy(&av->base);
		return -1;
	}
	av_stream_describe(av->format, av->stream, &av->base.track);
	av->base.track.timed = !(av->format->iformat->flags & AVFMT_NOTIMESTAMPS);
	if (find_first_key(av) || identify(av)) {
		input_av_destroy(&av->base);
		return -1;
	}
	/* AVI has no presentation times: reordered frames would come out in disorder. */
	if (av->packet->pts == AV_NOPTS_VALUE)
		av->base.track.timed = false;
	av_message_clear();
	*input = &av->base;
	return 0;
}
