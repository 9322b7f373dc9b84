/* SPDX-License-Identifier: MIT */
/*
 * Encoders on libavcodec.
 *
 * A codec context is bound to one pixel format and one set of colours, and most encoders cannot go
 * on once they were drained, so a session may use several contexts after each other:
 *
 *     none --- frame ---> open --- drain with pictures inside, reset, other colours ---> none
 *
 * What is inside is known: one packet comes for each frame. An encoder that holds nothing back has
 * nothing to drain and stays open.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>

#include "frame/color_space.h"
#include "frame/pixel_format.h"
#include "session/packaging.h"
#include "session/software_codecs.h"
#include "session/software_format.h"
#include "session/software_picture.h"
#include "session/software_session.h"
#include "util/error.h"
#include "util/macros.h"

/* Frames that may wait. They are buffers of a camera or a decoder, which has few. */
#define MAX_FRAMES 4

/* Frames that an encoder may hold back: its lookahead and one for each thread. */
#define MAX_INSIDE 512

/* A longer gap between time stamps, or one backwards, is a new beginning. */
#define MAX_GAP 10000000

/* libavcodec before 4.3 has no encoder that can go on. */
#ifndef AV_CODEC_CAP_ENCODER_FLUSH
#define AV_CODEC_CAP_ENCODER_FLUSH 0
#endif

/* What goes with chunks; sent with the first for which it counts. */
struct chunk_notes {
	struct wc_video_color_space color;
	size_t description_size;
	uint8_t description[];
};

struct inside {
	int64_t pts;
	struct timing timing;
};

struct encoder {
	struct software_session base;
	const AVCodec *codec;
	struct encoder_params params;
	const struct software_encoder_row *row;
	struct pool *pool;

	/* The loop's. */
	uint64_t bitrate;                  /* for the frames to come */
	double framerate;
	uint32_t fourcc;                   /* of frames that are made here */
	struct chunk_notes *notes;         /* NULL before the first chunk */

	/* The thread's. */
	AVCodecContext *context;           /* NULL: none */
	struct software_picture picture;   /* what the context takes */
	struct wc_video_color_space color;
	bool begun;                        /* the context has got a frame */
	bool force_key;
	bool noted;                        /* the notes were sent and did not change */
	struct packaging_encoder packaging;
	AVFrame *frame;
	int64_t pts, timestamp;            /* of the last frame */
	int quantizer;
	unsigned first_inside, n_inside;
	struct inside inside[MAX_INSIDE];
};

static struct encoder *of_session(const struct session *session)
{
	return container_of(session, struct encoder, base.session);
}

static struct encoder *of_worker(struct software_worker *worker)
{
	return container_of(worker, struct encoder, base.worker);
}

/* --- Which pictures the encoder gets --- */

/* Whether the codec string has room for a format. VP9 and AV1 say exactly what it is. */
static bool is_allowed(const struct codec_string *codec, const struct software_format *format)
{
	enum chroma chroma = codec->chroma_subsampling ? codec->chroma_subsampling : CHROMA_420;

	switch (codec->codec) {
	case VIDEO_CODEC_H264:
	case VIDEO_CODEC_HEVC:
		return format->bits <= codec->bit_depth && format->chroma <= chroma &&
		       format->chroma >= CHROMA_420;
	case VIDEO_CODEC_VP9:
	case VIDEO_CODEC_AV1:
		return format->bits == (codec->bit_depth ? codec->bit_depth : 8) &&
		       format->chroma == chroma;
	case VIDEO_CODEC_MJPEG:
		return format->bits == 8 && format->chroma >= CHROMA_420;
	default:
		return format->bits == 8 && format->chroma == CHROMA_420;
	}
}

static const struct software_format *try_format(const struct encoder *e, uint32_t fourcc)
{
	const struct software_format *format =
		software_format_choose(software_encoder_formats(e->codec), fourcc);

	return format && is_allowed(&e->params.codec, format) ? format : NULL;
}

/* Pictures of that fourcc as they are, else what loses least; NULL: none fits. */
static const struct software_format *choose_format(const struct encoder *e, uint32_t fourcc)
{
	static const uint32_t usual[] = {
		DRM_FORMAT_YUV420, DRM_FORMAT_NV12, DRM_FORMAT_S010, DRM_FORMAT_YUV422,
		DRM_FORMAT_YUV444, DRM_FORMAT_S210, DRM_FORMAT_S410,
	};
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	bool deep = pixels && !pixels->rgb && pixels->n_planes > 1 && pixels->planes[0].bytes > 1;
	const struct software_format *format = try_format(e, fourcc);

	if (!format && deep)
		format = try_format(e, DRM_FORMAT_S010);
	for (size_t i = 0; !format && i < ARRAY_SIZE(usual); i++)
		format = try_format(e, usual[i]);
	return format;
}

/* Of the rows that reading the frame gives. */
static uint32_t fourcc_of(const struct wc_video_frame *frame)
{
	const struct pixel_format *pixels = frame_format_pixels(&frame->format);

	return pixels ? pixels->fourcc : frame->format.fourcc;
}

/* RGB becomes BT.709 in limited range; everything else is told as it is. */
static struct wc_video_color_space coded_color(const struct wc_video_frame *frame)
{
	struct wc_video_color_space color = frame->color_space;
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);

	if (!pixels || !pixels->rgb)
		return color;
	color.matrix = WC_MATRIX_BT709;
	color.range = WC_COLOR_RANGE_LIMITED;
	return color;
}

/* --- Contexts --- */

static void close_context(struct encoder *e)
{
	avcodec_free_context(&e->context);
	e->begun = false;
	e->n_inside = 0;
}

/*
 * The pool has the pictures that the application is given, and those that the context gets where
 * they have to be converted: the larger of the two fits both. A size of 0 cannot be had anyway.
 */
static void set_pool_key(struct encoder *e, const struct software_format *format)
{
	const struct encoder_params *params = &e->params;
	struct frame_format layout;
	struct pool_key key = {
		.size = software_picture_layout(&layout, e->fourcc, params->width, params->height),
		.fourcc = format->fourcc,
		.width = params->width,
		.height = params->height,
	};
	size_t inside = software_picture_layout(&layout, format->fourcc, params->width,
						params->height);

	if (key.size < inside)
		key.size = inside;
	pool_set_key(e->pool, &key);
}

static int open_context(struct encoder *e, const struct software_format *format,
			const struct wc_video_color_space *color, struct wc_error *error)
{
	AVCodecContext *context = software_encoder_context(e->row, e->codec, &e->params,
							   error);
	int ret;

	if (!context)
		return error->name;
	context->pix_fmt = format->av;
	software_color_apply(context, color);
	ret = software_context_open(context, e->codec);
	if (ret < 0) {
		avcodec_free_context(&context);
		return software_error(error, ret == AVERROR(ENOMEM) ? WC_OPERATION_ERROR
								    : WC_NOT_SUPPORTED_ERROR,
				      e->codec, "be opened for this configuration", ret);
	}
	e->context = context;
	e->color = *color;
	e->picture = (struct software_picture) { format, e->params.width, e->params.height };
	set_pool_key(e, format);
	return 0;
}

/* --- The thread: what comes out --- */

static struct chunk_notes *notes_new(struct encoder *e)
{
	size_t size;
	const void *description = packaging_encoder_description(&e->packaging, &size);
	struct chunk_notes *notes = malloc(sizeof *notes + size);

	if (!notes)
		return NULL;
	notes->color = e->color;
	notes->description_size = size;
	if (size)
		memcpy(notes->description, description, size);
	return notes;
}

static void release_packet(void *user_data)
{
	AVPacket *packet = user_data;

	av_packet_free(&packet);
}

/* A buffer on the packet's memory, padding included; takes the packet over if it succeeds. */
static struct buffer *wrap_packet(struct encoder *e, AVPacket *packet)
{
	size_t before = (size_t)(packet->data - packet->buf->data);

	return buffer_new_wrapped(e->base.env.core, packet->data,
				  (size_t)packet->buf->size - before, release_packet, packet);
}

/* Another form in new memory, with the zeros behind it that decoders of libavcodec like. */
static struct buffer *copy_packet(struct encoder *e, AVPacket *packet,
				  const struct packaging_plan *plan)
{
	struct buffer *buffer = buffer_new_plain(e->base.env.core,
						 plan->size + AV_INPUT_BUFFER_PADDING_SIZE);

	if (!buffer)
		return NULL;
	packaging_encoder_copy(&e->packaging, plan, packet->data, (size_t)packet->size,
			       buffer->objects[0].map);
	memset(buffer->objects[0].map + plan->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	software_session_count_copied(&e->base, plan->size);
	av_packet_free(&packet);
	return buffer;
}

/* The memory of a chunk; takes the packet over if it succeeds, else NULL with errno set. */
static struct buffer *package(struct encoder *e, AVPacket *packet,
			      const struct packaging_plan *plan)
{
	if (plan->action == PACKAGING_COPY)
		return copy_packet(e, packet, plan);
	if (plan->action == PACKAGING_REWRITE) {
		if (av_packet_make_writable(packet) < 0) {
			errno = ENOMEM;
			return NULL;
		}
		packaging_encoder_rewrite(&e->packaging, plan, packet->data);
	}
	return wrap_packet(e, packet);
}

/* The time of the frame that a packet was made from. Frames before it were dropped. */
static struct timing take_timing(struct encoder *e, int64_t pts)
{
	struct timing timing = { pts, 0, false };

	while (e->n_inside) {
		const struct inside *inside = &e->inside[e->first_inside];

		if (pts != AV_NOPTS_VALUE && inside->pts > pts)
			break;
		timing = inside->timing;
		e->first_inside = (e->first_inside + 1) % MAX_INSIDE;
		e->n_inside--;
		if (pts == AV_NOPTS_VALUE || inside->pts == pts)
			break;
	}
	return timing;
}

/* Give out a chunk on buffer; notes go with it where they are new. 0 or a negative AVERROR. */
static int give_chunk(struct encoder *e, struct buffer *buffer, const struct packaging_plan *plan,
		      const struct timing *timing)
{
	/* The description can only change where parameter sets may stand. */
	bool noted = e->noted && !plan->key;
	struct software_result result = {
		.data = encoded_video_chunk_new(e->base.env.core, buffer, plan->offset, plan->size,
						plan->key ? WC_CHUNK_KEY : WC_CHUNK_DELTA,
						timing),
		.extra = noted ? NULL : notes_new(e),
	};

	if (!result.data || (!noted && !result.extra)) {
		wc_encoded_video_chunk_unref(result.data);
		free(result.extra);
		return AVERROR(ENOMEM);
	}
	e->noted = true;
	software_worker_give(&e->base.worker, &result);
	return 0;
}

/* Takes the packet over. 0 or a negative AVERROR. */
static int give_packet(struct encoder *e, AVPacket *packet)
{
	struct packaging_plan plan;
	struct buffer *buffer;
	struct timing timing;
	int ret = packaging_encoder_plan(&e->packaging, packet->data, (size_t)packet->size,
					 packet->flags & AV_PKT_FLAG_KEY, &plan);

	if (ret < 0 || plan.action == PACKAGING_DROP) {
		av_packet_free(&packet);
		return ret == -EBADMSG ? AVERROR_INVALIDDATA : AVERROR(-ret);
	}
	timing = take_timing(e, packet->pts);
	buffer = package(e, packet, &plan);
	if (!buffer) {
		ret = AVERROR(errno);
		av_packet_free(&packet);
		return ret;
	}
	ret = give_chunk(e, buffer, &plan, &timing);
	buffer_unref(buffer);
	return ret;
}

/* All packets that are ready. 0: no more now; AVERROR_EOF: drained; else the error. */
static int receive(struct encoder *e)
{
	for (;;) {
		AVPacket *packet;
		int ret;

		if (software_worker_is_cancelled(&e->base.worker))
			return AVERROR_EXIT;
		packet = av_packet_alloc();
		if (!packet)
			return AVERROR(ENOMEM);
		ret = avcodec_receive_packet(e->context, packet);
		if (ret < 0) {
			av_packet_free(&packet);
			return ret == AVERROR(EAGAIN) ? 0 : ret;
		}
		ret = give_packet(e, packet);
		if (ret < 0)
			return ret;
	}
}

/* Feed a frame, NULL to drain, and take what comes. */
static int encode(struct encoder *e, const AVFrame *frame)
{
	int ret = avcodec_send_frame(e->context, frame);

	/* Packets that were not fetched stand in its way. */
	while (ret == AVERROR(EAGAIN)) {
		ret = receive(e);
		if (ret == 0)
			ret = avcodec_send_frame(e->context, frame);
	}
	return ret < 0 ? ret : receive(e);
}

static void report(struct encoder *e, int ret)
{
	struct wc_error error;

	if (ret >= 0 || ret == AVERROR_EXIT || ret == AVERROR_EOF)
		return;
	software_memory_error(e->base.env.core, &error, WC_ENCODING_ERROR, e->codec,
			      "encode the picture", ret);
	software_worker_fail(&e->base.worker, &error);
}

/* Fetch what is inside. An encoder that cannot go on then is closed. */
static int empty_context(struct encoder *e)
{
	int ret;

	if (!e->context || !e->n_inside)
		return 0;
	ret = encode(e, NULL);
	if (e->codec->capabilities & AV_CODEC_CAP_ENCODER_FLUSH) {
		avcodec_flush_buffers(e->context);
		e->n_inside = 0;
	} else {
		close_context(e);
	}
	return ret == AVERROR_EOF ? 0 : ret;
}

/* --- The thread: what goes in --- */

/* The frame's colours differ, or a key frame can be had by a new start only. */
static bool needs_new_context(struct encoder *e, const struct wc_video_frame *frame, bool key)
{
	struct wc_video_color_space color = coded_color(frame);

	if (!e->context)
		return true;
	if (e->begun && key && !e->row->forces_keys)
		return true;
	if (!color_space_equal(&color, &e->color))
		return true;
	/* Before the first frame nothing is lost by taking its format instead of converting. */
	return !e->begun && e->picture.format != choose_format(e, fourcc_of(frame));
}

/* False: the failure was told, or nobody wants to know. */
static bool prepare_context(struct encoder *e, const struct wc_video_frame *frame, bool key)
{
	struct wc_video_color_space color = coded_color(frame);
	const struct software_format *format = e->begun ? e->picture.format
						: choose_format(e, fourcc_of(frame));
	struct wc_error error;
	int ret;

	if (!needs_new_context(e, frame, key))
		return true;
	ret = empty_context(e);
	report(e, ret);
	if (ret < 0)
		return false;
	close_context(e);
	e->noted = false;
	ret = open_context(e, format, &color, &error);
	if (ret < 0)
		software_worker_fail(&e->base.worker, &error);
	return ret == 0;
}

/* Encoders want time that only goes forward; the application may do as it likes. */
static int64_t next_pts(struct encoder *e, int64_t timestamp)
{
	/* The difference of the ends of time is out of range, and a wide gap in either sense. */
	uint64_t gap = (uint64_t)timestamp - (uint64_t)e->timestamp;
	int64_t step = (int64_t)gap;

	if (timestamp <= e->timestamp || gap > MAX_GAP)
		step = (int64_t)(1000000 / software_framerate(&e->params));
	e->timestamp = timestamp;
	e->pts += step > 0 ? step : 1;
	return e->pts;
}

static void apply_quantizer(struct encoder *e, const struct software_job *job)
{
	int limit = e->params.codec.codec == VIDEO_CODEC_MJPEG ? 31 : 51;

	if (e->params.bitrate_mode != WC_BITRATE_QUANTIZER)
		return;
	if (job->quantizer >= 0)
		e->quantizer = job->quantizer < limit ? job->quantizer : limit;
	if (!strcmp(e->row->quantizer, "quality"))
		e->frame->quality = (e->quantizer ? e->quantizer : 1) * FF_QP2LAMBDA;
	else
		av_opt_set_int(e->context->priv_data, e->row->quantizer, e->quantizer, 0);
}

static void apply_rate(struct encoder *e, const struct software_job *job)
{
	if (job->bitrate == e->params.bitrate && job->framerate == e->params.framerate)
		return;
	e->params.bitrate = job->bitrate;
	e->params.framerate = job->framerate;
	if (e->context)
		software_encoder_tune(e->row, e->context, &e->params);
}

static bool fill_frame(struct encoder *e, const struct wc_video_frame *frame,
		       const struct software_job *job)
{
	struct wc_error error;
	uint64_t copied;
	int ret = software_picture_fill(&e->picture, e->pool, frame, e->frame, &copied);

	if (ret < 0) {
		software_memory_error(e->base.env.core, &error, WC_ENCODING_ERROR, e->codec,
				      "read the picture", AVERROR(-ret));
		software_worker_fail(&e->base.worker, &error);
		return false;
	}
	software_session_count_copied(&e->base, copied);
	e->frame->pts = next_pts(e, frame->timing.timestamp);
	e->frame->pict_type = job->key_frame || e->force_key ? AV_PICTURE_TYPE_I
							     : AV_PICTURE_TYPE_NONE;
	e->frame->color_primaries = e->context->color_primaries;
	e->frame->color_trc = e->context->color_trc;
	e->frame->colorspace = e->context->colorspace;
	e->frame->color_range = e->context->color_range;
	apply_quantizer(e, job);
	return true;
}

static void note_inside(struct encoder *e, const struct timing *timing)
{
	unsigned last = (e->first_inside + e->n_inside) % MAX_INSIDE;

	/* An encoder that holds back so much loses the time of the oldest, not its memory. */
	if (e->n_inside == MAX_INSIDE)
		e->first_inside = (e->first_inside + 1) % MAX_INSIDE;
	else
		e->n_inside++;
	e->inside[last] = (struct inside) { e->frame->pts, *timing };
}

static void encoder_work(struct software_worker *worker, struct software_job *job)
{
	struct encoder *e = of_worker(worker);
	struct wc_video_frame *frame = job->data;

	apply_rate(e, job);
	if (prepare_context(e, frame, job->key_frame) && fill_frame(e, frame, job)) {
		e->begun = true;
		e->force_key = false;
		note_inside(e, &job->timing);
		report(e, encode(e, e->frame));
	}
	av_frame_unref(e->frame);
	wc_video_frame_unref(frame);
}

static void encoder_drain_work(struct software_worker *worker)
{
	struct encoder *e = of_worker(worker);

	report(e, empty_context(e));
}

static void encoder_restart(struct software_worker *worker)
{
	struct encoder *e = of_worker(worker);

	e->noted = false;
	if (!e->context || !e->begun)
		return;
	if (e->n_inside || !e->row->forces_keys)
		close_context(e);
	e->force_key = true;
}

static void encoder_drop_job(struct software_job *job)
{
	wc_video_frame_unref(job->data);
}

static void encoder_drop_result(struct software_result *result)
{
	wc_encoded_video_chunk_unref(result->data);
	free(result->extra);
}

/* --- The loop --- */

static void encoder_deliver(struct software_worker *worker, struct software_result *result)
{
	struct encoder *e = of_worker(worker);
	struct session_chunk_info info;

	if (result->extra) {
		free(e->notes);
		e->notes = result->extra;
	}
	info = (struct session_chunk_info) {
		.description = e->notes->description_size ? e->notes->description : NULL,
		.description_size = e->notes->description_size,
		.color_space = e->notes->color,
	};
	e->base.units_out++;
	e->base.session.sink_ops->chunk(e->base.session.sink, result->data, &info);
}

/* What is left when the thread has ended. */
static void encoder_free(struct software_worker *worker)
{
	struct encoder *e = of_worker(worker);

	free(e->notes);
	free(e);
}

static const struct software_worker_ops worker_ops = {
	.work = encoder_work,
	.drain = encoder_drain_work,
	.restart = encoder_restart,
	.deliver = encoder_deliver,
	.ready = software_session_ready,
	.drained = software_session_drained,
	.failed = software_session_failed,
	.finish = encoder_free,
	.drop_job = encoder_drop_job,
	.drop_result = encoder_drop_result,
};

static int encoder_submit(struct session *session, const struct session_input *input,
			  struct wc_error *error)
{
	struct encoder *e = of_session(session);
	struct software_job job = {
		.timing = input->frame->timing,
		.key_frame = input->key_frame,
		.quantizer = input->quantizer,
		.bitrate = e->bitrate,
		.framerate = e->framerate,
	};

	if (!software_worker_has_room(&e->base.worker))
		return SESSION_FULL;
	job.data = video_frame_clone(input->frame);
	if (!job.data)
		return software_error(error, WC_OPERATION_ERROR, e->codec, "keep a frame",
				      AVERROR(ENOMEM));
	software_worker_put(&e->base.worker, &job);
	e->base.units_in++;
	return 0;
}

static int encoder_retune(struct session *session, const struct encoder_params *params)
{
	struct encoder *e = of_session(session);

	if (!e->row->retunes)
		return -ENOTSUP;
	e->bitrate = params->bitrate;
	e->framerate = params->framerate;
	return 0;
}

static struct wc_video_frame *encoder_alloc_frame(struct session *session,
						  const struct timing *timing,
						  struct wc_error *error)
{
	struct encoder *e = of_session(session);
	struct wc_rect visible = { 0, 0, e->params.width, e->params.height };
	struct wc_video_frame *frame = NULL;
	struct frame_format format;
	size_t size = software_picture_layout(&format, e->fourcc, visible.width, visible.height);
	struct buffer *buffer = size ? pool_get(e->pool, size) : NULL;
	int code = size && !buffer ? AVERROR(errno) : AVERROR(ENOMEM);

	if (buffer) {
		frame = video_frame_new(e->base.env.core, buffer, &format, &visible, timing);
		buffer_unpin(buffer);
	}
	if (frame)
		frame->writable = true;
	else
		software_memory_error(e->base.env.core, error, WC_OPERATION_ERROR, e->codec,
				      "make a frame", code);
	return frame;
}

static void release(struct encoder *e)
{
	avcodec_free_context(&e->context);
	av_frame_free(&e->frame);
	packaging_encoder_finish(&e->packaging);
	pool_close(e->pool);
}

static void encoder_destroy(struct session *session)
{
	struct encoder *e = of_session(session);
	bool free_now = software_worker_stop(&e->base.worker);

	release(e);
	if (free_now)
		encoder_free(&e->base.worker);
}

static const struct session_ops encoder_ops = {
	.submit = encoder_submit,
	.drain = software_session_drain,
	.reset = software_session_reset,
	.retune = encoder_retune,
	.alloc_frame = encoder_alloc_frame,
	.saturated = software_session_saturated,
	.describe = software_session_describe,
	.destroy = encoder_destroy,
};

/* --- Making one --- */

/* The largest pictures of levels that streams claim: ITU-T H.264 table A-1, H.265 table A.8. */
static const struct level_row {
	enum video_codec codec;
	int level;
	uint32_t pixels;
} level_rows[] = {
	{ VIDEO_CODEC_H264, 9, 99 * 256 },
	{ VIDEO_CODEC_H264, 10, 99 * 256 },
	{ VIDEO_CODEC_H264, 20, 396 * 256 },
	{ VIDEO_CODEC_H264, 21, 792 * 256 },
	{ VIDEO_CODEC_H264, 30, 1620 * 256 },
	{ VIDEO_CODEC_H264, 31, 3600 * 256 },
	{ VIDEO_CODEC_H264, 32, 5120 * 256 },
	{ VIDEO_CODEC_H264, 41, 8192 * 256 },
	{ VIDEO_CODEC_H264, 42, 8704 * 256 },
	{ VIDEO_CODEC_H264, 50, 22080 * 256 },
	{ VIDEO_CODEC_H264, 52, 36864 * 256 },
	{ VIDEO_CODEC_H264, 62, 139264 * 256 },
	{ VIDEO_CODEC_HEVC, 30, 36864 },
	{ VIDEO_CODEC_HEVC, 60, 122880 },
	{ VIDEO_CODEC_HEVC, 63, 245760 },
	{ VIDEO_CODEC_HEVC, 90, 552960 },
	{ VIDEO_CODEC_HEVC, 93, 983040 },
	{ VIDEO_CODEC_HEVC, 123, 2228224 },
	{ VIDEO_CODEC_HEVC, 156, 8912896 },
	{ VIDEO_CODEC_HEVC, 186, 35651584 },
};

/* Whether pictures of that size may claim the level; levels between rows are as the next row. */
static bool level_fits(const struct encoder_params *params)
{
	uint64_t width = params->width, height = params->height;

	if (params->codec.codec == VIDEO_CODEC_H264) {
		width = (width + 15) / 16 * 16;
		height = (height + 15) / 16 * 16;
	}
	for (size_t i = 0; i < ARRAY_SIZE(level_rows); i++)
		if (level_rows[i].codec == params->codec.codec &&
		    level_rows[i].level >= params->codec.level)
			return width * height <= level_rows[i].pixels;
	return true;
}

/* Choose the row, the codec and the format. 0 or a negative wc_status. */
static int choose(struct encoder *e, const struct encoder_params *params, struct wc_error *error)
{
	const char *codec = video_codec_name(params->codec.codec);

	e->params = *params;
	e->row = software_find_encoder(params, &e->codec);
	if (!e->row)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "libavcodec has no encoder for %s%s", codec,
				 params->bitrate_mode == WC_BITRATE_QUANTIZER
					 ? " that takes a quantizer with each frame" : "");
	e->base.name = e->codec->name;
	if (!level_fits(params))
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "%ux%u pixels are too many for level %d of %s", params->width,
				 params->height, params->codec.level, codec);
	e->picture.format = choose_format(e, params->fourcc ? params->fourcc : DRM_FORMAT_YUV420);
	if (!e->picture.format)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "%s has no pixel format for this profile of %s",
				 e->codec->name, codec);
	if (params->fourcc && !software_picture_possible(&e->picture, params->fourcc))
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "frames of %.4s cannot be converted for %s",
				 (const char *)&params->fourcc, e->codec->name);
	return 0;
}

/*
 * Everything that may fail. The context is opened now, so that a configuration that the encoder
 * refuses is known before the first frame.
 */
static int set_up(struct encoder *e, const struct encoder_params *params, struct wc_error *error)
{
	static const struct wc_video_color_space unknown;
	/* Pictures of any size are kept, not many: they are on their way or in the encoder. */
	static const struct pool_options pool = {
		.high = { .buffers = 2 * MAX_FRAMES, .bytes = SIZE_MAX },
	};
	int ret = choose(e, params, error);

	if (ret < 0)
		return ret;
	e->bitrate = params->bitrate;
	e->framerate = params->framerate;
	e->fourcc = params->fourcc ? params->fourcc : e->picture.format->fourcc;
	e->quantizer = SOFTWARE_QUANTIZER;
	packaging_encoder_init(&e->packaging, params->codec.codec, params->bitstream_format);
	e->frame = av_frame_alloc();
	if (!e->frame || pool_new_with(e->base.env.core, &pool, &e->pool) < 0)
		return software_error(error, WC_OPERATION_ERROR, e->codec, "be opened",
				      AVERROR(ENOMEM));
	ret = open_context(e, e->picture.format, &unknown, error);
	if (ret < 0)
		return ret;
	return software_session_start(&e->base, &worker_ops, MAX_FRAMES, "wc-encoder", error);
}

int software_encoder_new(const struct session_env *env, const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	struct encoder *e = calloc(1, sizeof *e);
	int ret;

	*session = NULL;
	if (!e)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM,
				 "no memory for an encoder");
	e->base.session = (struct session) { &encoder_ops, sink_ops, sink };
	e->base.env = *env;
	ret = set_up(e, params, error);
	if (ret < 0) {
		release(e);
		encoder_free(&e->base.worker);
		return ret;
	}
	*session = &e->base.session;
	return 0;
}

bool software_encoder_probe(const struct encoder_params *params, char *name, size_t size)
{
	struct encoder *e = calloc(1, sizeof *e);
	struct wc_error error;
	bool found = e && choose(e, params, &error) == 0;

	if (found)
		snprintf(name, size, "%s", e->codec->name);
	free(e);
	return found;
}
