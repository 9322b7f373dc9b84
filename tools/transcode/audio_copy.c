/* SPDX-License-Identifier: MIT */
#include "transcode/audio_copy.h"

#include <stdlib.h>

#include <libavcodec/avcodec.h>

#include "transcode/progress.h"

/*
 * How much may wait, in bytes: more is only there when the picture begins minutes after the sound;
 * then the oldest is dropped.
 */
#define MAX_WAITING (8 * 1024 * 1024)

struct waiting {
	struct waiting *next;
	AVPacket *packet;
	size_t bytes;
};

/* Where a stream of the input goes. */
struct route {
	int index;                 /* stream of the output, -1: none */
	int64_t last;              /* decode time written last, in units of the output */
	bool went_back;            /* a time was not above last */
};

struct audio_copy {
	AVFormatContext *from;
	AVFormatContext *to;       /* NULL: not yet known, or ended */
	bool quiet;
	bool started;
	bool stopped;
	unsigned n_streams;        /* those with a route: some demuxers find more while they read */
	struct route *routes;
	struct waiting *first, **last;
	size_t waiting_bytes;
};

static bool is_audio(const AVStream *stream)
{
	return stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
}

/* Say why a stream does not go along. */
static void note_left_out(const struct audio_copy *copy, const AVStream *stream, const char *who,
			  const char *why)
{
	const char *codec = avcodec_get_name(stream->codecpar->codec_id);

	if (!copy->quiet)
		progress_note("audio %s: %s%s, left out", codec, who, why);
}

/* Streams may be announced and nothing of them come in the beginning: no muxer takes that. */
static bool is_known(const struct audio_copy *copy, const AVStream *stream)
{
	if (stream->codecpar->codec_id != AV_CODEC_ID_NONE && stream->codecpar->sample_rate > 0)
		return true;
	note_left_out(copy, stream, "", stream->codecpar->codec_id == AV_CODEC_ID_NONE ?
		      "not a known codec" : "its sample rate is not known");
	return false;
}

struct audio_copy *audio_copy_new(AVFormatContext *from, bool quiet)
{
	struct audio_copy *copy = calloc(1, sizeof *copy);

	if (!copy)
		return NULL;
	copy->routes = calloc(from->nb_streams, sizeof *copy->routes);
	if (!copy->routes) {
		free(copy);
		return NULL;
	}
	copy->quiet = quiet;
	copy->n_streams = from->nb_streams;
	copy->from = from;
	copy->last = &copy->first;
	for (unsigned i = 0; i < from->nb_streams; i++)
		copy->routes[i] = (struct route) {
			.index = is_audio(from->streams[i]) &&
				 is_known(copy, from->streams[i]) ? 0 : -1,
			.last = AV_NOPTS_VALUE,
		};
	return copy;
}

static void drop_first(struct audio_copy *copy)
{
	struct waiting *first = copy->first;

	copy->first = first->next;
	if (!copy->first)
		copy->last = &copy->first;
	copy->waiting_bytes -= first->bytes;
	av_packet_free(&first->packet);
	free(first);
}

void audio_copy_destroy(struct audio_copy *copy)
{
	if (!copy)
		return;
	while (copy->first)
		drop_first(copy);
	free(copy->routes);
	free(copy);
}

bool audio_copy_wants(const struct audio_copy *copy, int stream)
{
	return copy && !copy->stopped && (unsigned)stream < copy->n_streams &&
	       copy->routes[stream].index >= 0;
}

void audio_copy_pass_over(const struct audio_copy *copy, int stream)
{
	AVStream *found;

	if (!copy || (unsigned)stream < copy->n_streams)
		return;
	found = copy->from->streams[stream];
	if (is_audio(found) && found->discard != AVDISCARD_ALL)
		note_left_out(copy, found, "", "it begins later than the video");
	found->discard = AVDISCARD_ALL;
}

static int add_stream(struct audio_copy *copy, AVFormatContext *to, unsigned i)
{
	const AVStream *source = copy->from->streams[i];
	AVStream *stream = avformat_new_stream(to, NULL);
	int error = stream ? avcodec_parameters_copy(stream->codecpar, source->codecpar) :
		    AVERROR(ENOMEM);

	if (error < 0)
		return error;
	/* Tags are those of the old container. */
	stream->codecpar->codec_tag = 0;
	stream->time_base = source->time_base;
	stream->disposition = source->disposition;
	copy->routes[i].index = stream->index;
	return av_dict_copy(&stream->metadata, source->metadata, 0);
}

int audio_copy_add_streams(struct audio_copy *copy, AVFormatContext *to)
{
	for (unsigned i = 0; i < copy->n_streams; i++) {
		const AVStream *stream = copy->from->streams[i];
		enum AVCodecID codec = stream->codecpar->codec_id;
		int error;

		if (copy->routes[i].index < 0)
			continue;
		copy->routes[i].index = -1;
		/* Muxers without a table of codecs say that they do not know; they take all. */
		if (!avformat_query_codec(to->oformat, codec, FF_COMPLIANCE_NORMAL)) {
			note_left_out(copy, stream, to->oformat->name, " cannot hold it");
			continue;
		}
		error = add_stream(copy, to, i);
		if (error < 0)
			return error;
	}
	copy->to = to;
	return 0;
}

/* Films that were joined begin again at an earlier time, which muxers refuse. */
static bool goes_back(const struct audio_copy *copy, const AVStream *source, struct route *route,
		      const AVPacket *packet)
{
	int64_t time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;

	if (time == AV_NOPTS_VALUE)
		return false;
	if (time > route->last) {
		route->last = time;
		return false;
	}
	if (!route->went_back)
		note_left_out(copy, source, "", "packets whose time goes back");
	route->went_back = true;
	return true;
}

static int write_packet(struct audio_copy *copy, AVPacket *packet)
{
	const AVStream *source = copy->from->streams[packet->stream_index];
	struct route *route = &copy->routes[packet->stream_index];

	if (route->index >= 0)
		av_packet_rescale_ts(packet, source->time_base,
				     copy->to->streams[route->index]->time_base);
	if (route->index < 0 || goes_back(copy, source, route, packet)) {
		av_packet_unref(packet);
		return 0;
	}
	packet->stream_index = route->index;
	packet->pos = -1;
	return av_interleaved_write_frame(copy->to, packet);
}

int audio_copy_start(struct audio_copy *copy)
{
	int error = 0;

	copy->started = true;
	while (copy->first && error >= 0) {
		error = write_packet(copy, copy->first->packet);
		drop_first(copy);
	}
	return error;
}

void audio_copy_stop(struct audio_copy *copy)
{
	copy->stopped = true;
	copy->to = NULL;
}

static int keep_packet(struct audio_copy *copy, AVPacket *packet)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);

	if (waiting)
		waiting->packet = av_packet_alloc();
	if (!waiting || !waiting->packet) {
		free(waiting);
		av_packet_unref(packet);
		return AVERROR(ENOMEM);
	}
	waiting->bytes = (size_t)packet->size;
	av_packet_move_ref(waiting->packet, packet);
	copy->waiting_bytes += waiting->bytes;
	*copy->last = waiting;
	copy->last = &waiting->next;
	while (copy->waiting_bytes > MAX_WAITING && copy->first->next)
		drop_first(copy);
	return 0;
}

int audio_copy_push(struct audio_copy *copy, AVPacket *packet)
{
	return copy->started ? write_packet(copy, packet) : keep_packet(copy, packet);
}
