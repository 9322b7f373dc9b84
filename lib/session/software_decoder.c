/* SPDX-License-Identifier: MIT */
/*
 * Decoders on libavcodec.
 *
 * The thread feeds the codec and wraps what comes out: planes stay where libavcodec has put them,
 * a frame holds references to its buffers. libavcodec takes new memory for each picture, so it
 * never waits for frames that the application holds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>

#include "bitstream/chunk_info.h"
#include "frame/pixel_format.h"
#include "session/cookies.h"
#include "session/software_codecs.h"
#include "session/software_format.h"
#include "session/software_session.h"
#include "util/error.h"

/* Chunks that may wait. libavcodec itself holds about one for each of its threads. */
#define MAX_CHUNKS 8

#define PADDING AV_INPUT_BUFFER_PADDING_SIZE

struct decoder {
	struct software_session base;
	const AVCodec *codec;
	enum video_codec kind;
	bool low_latency;
	uint8_t *extradata;              /* libavutil's, padded; NULL: none */
	int extradata_size;
	bool length_prefixed;

	/* The thread's. */
	AVCodecContext *context;         /* NULL before the first chunk */
	AVFrame *frame;                  /* the next to fill */
	struct cookies cookies;
	struct timing last;              /* of the frame that came out last */
};

static struct decoder *of_session(const struct session *session)
{
	return container_of(session, struct decoder, base.session);
}

static struct decoder *of_worker(struct software_worker *worker)
{
	return container_of(worker, struct decoder, base.worker);
}

/* --- Chunks as packets --- */

/* Memory with the padding behind it that libavcodec wants, for chunks that it reads in place. */
struct input_buffer {
	struct buffer base;
};

static void input_destroy(struct buffer *buffer)
{
	free(buffer->objects[0].map);
	buffer_finish(buffer);
	free(container_of(buffer, struct input_buffer, base));
}

static const struct buffer_ops input_ops = { .destroy = input_destroy };

static struct buffer *decoder_alloc_input(struct session *session, size_t capacity)
{
	struct input_buffer *input = malloc(sizeof *input);
	uint8_t *map = capacity < SIZE_MAX - PADDING ? malloc(capacity + PADDING) : NULL;

	if (!input || !map) {
		free(input);
		free(map);
		errno = ENOMEM;
		return NULL;
	}
	buffer_init(&input->base, of_session(session)->base.env.core, &input_ops);
	if (buffer_reserve(&input->base, WC_MEMORY_PLAIN, capacity) < 0) {
		input->base.objects[0].map = map;
		input_destroy(&input->base);
		errno = EDQUOT;
		return NULL;
	}
	/* The caller's, as session.h has it. */
	atomic_store(&input->base.pins, 1);
	input->base.n_objects = 1;
	input->base.objects[0] = (struct buffer_object) { .map = map, .size = capacity, .fd = -1 };
	buffer_account(&input->base);
	return &input->base;
}

/* Whether PADDING bytes of zero stand behind the chunk, or can be written there. */
static bool is_padded(const struct wc_encoded_video_chunk *chunk)
{
	static const uint8_t zeros[PADDING];
	const struct buffer_object *object = &chunk->buffer->objects[0];
	uint8_t *end = object->map + chunk->offset + chunk->size;

	if (chunk->buffer->ops == &input_ops) {
		memset(end, 0, PADDING);
		return true;
	}
	return object->size - chunk->offset - chunk->size >= PADDING &&
	       !memcmp(end, zeros, PADDING);
}

static void release_chunk(void *opaque, uint8_t *data)
{
	(void)data;
	buffer_unpin(opaque);
}

static int refer_to_chunk(AVPacket *packet, const struct wc_encoded_video_chunk *chunk)
{
	packet->data = chunk->buffer->objects[0].map + chunk->offset;
	packet->size = (int)chunk->size;
	packet->buf = av_buffer_create(packet->data, packet->size + PADDING, release_chunk,
				       chunk->buffer, AV_BUFFER_FLAG_READONLY);
	if (!packet->buf)
		return -ENOMEM;
	buffer_pin(chunk->buffer);
	return 0;
}

static int copy_chunk(struct decoder *d, AVPacket *packet,
		      const struct wc_encoded_video_chunk *chunk)
{
	if (av_new_packet(packet, (int)chunk->size) < 0)
		return -ENOMEM;
	memcpy(packet->data, chunk->buffer->objects[0].map + chunk->offset, chunk->size);
	software_session_count_copied(&d->base, chunk->size);
	return 0;
}

static AVPacket *packet_of_chunk(struct decoder *d, const struct wc_encoded_video_chunk *chunk)
{
	AVPacket *packet = av_packet_alloc();
	int ret;

	if (!packet)
		return NULL;
	ret = is_padded(chunk) ? refer_to_chunk(packet, chunk) : copy_chunk(d, packet, chunk);
	if (ret < 0)
		av_packet_free(&packet);
	else if (chunk->type == WC_CHUNK_KEY)
		packet->flags |= AV_PKT_FLAG_KEY;
	return packet;
}

/* --- Pictures as frames --- */

/* Memory of a decoded picture: references to libavcodec's buffers. */
struct picture {
	struct buffer base;
	AVFrame *frame;
};

static void picture_destroy(struct buffer *buffer)
{
	struct picture *picture = container_of(buffer, struct picture, base);

	av_frame_free(&picture->frame);
	buffer_finish(buffer);
	free(picture);
}

static const struct buffer_ops picture_ops = { .destroy = picture_destroy };

/* Which object a plane lies in; negative when it lies in none. */
static int object_of(const struct buffer *buffer, const uint8_t *data)
{
	for (unsigned i = 0; i < buffer->n_objects; i++) {
		const struct buffer_object *object = &buffer->objects[i];

		if ((uintptr_t)data - (uintptr_t)object->map < object->size)
			return (int)i;
	}
	return -EINVAL;
}

static size_t size_of(const AVFrame *frame)
{
	size_t size = 0;

	for (unsigned i = 0; i < BUFFER_MAX_OBJECTS && frame->buf[i]; i++)
		size += (size_t)frame->buf[i]->size;
	return size;
}

/* Takes the frame over, also when it fails: then errno is ENOMEM or EDQUOT. */
static struct picture *picture_new(struct core *core, AVFrame *frame)
{
	struct picture *picture = malloc(sizeof *picture);

	if (!picture) {
		av_frame_free(&frame);
		errno = ENOMEM;
		return NULL;
	}
	buffer_init(&picture->base, core, &picture_ops);
	picture->frame = frame;
	/* libavcodec has the memory already; lent on, it does not get it back for its next one. */
	if (buffer_reserve(&picture->base, WC_MEMORY_PLAIN, size_of(frame)) < 0) {
		buffer_unref(&picture->base);
		errno = EDQUOT;
		return NULL;
	}
	/* Later pictures may be predicted from this one. */
	picture->base.read_only = true;
	for (unsigned i = 0; i < BUFFER_MAX_OBJECTS && frame->buf[i]; i++) {
		picture->base.objects[i] = (struct buffer_object) {
			.map = frame->buf[i]->data, .size = (size_t)frame->buf[i]->size, .fd = -1,
		};
		picture->base.n_objects++;
	}
	buffer_account(&picture->base);
	return picture;
}

static int layout_of(const struct picture *picture, uint32_t fourcc, struct frame_format *format)
{
	const AVFrame *frame = picture->frame;

	*format = (struct frame_format) {
		.fourcc = fourcc,
		.modifier = DRM_FORMAT_MOD_LINEAR,
		.width = (uint32_t)frame->width,
		.height = (uint32_t)frame->height,
		.n_planes = pixel_format_find(fourcc)->n_planes,
	};
	for (unsigned i = 0; i < format->n_planes; i++) {
		int object = object_of(&picture->base, frame->data[i]);

		if (object < 0 || frame->linesize[i] <= 0)
			return -EINVAL;
		format->planes[i].object = (unsigned)object;
		format->planes[i].offset =
			(size_t)(frame->data[i] - picture->base.objects[object].map);
		format->planes[i].stride = (size_t)frame->linesize[i];
	}
	return 0;
}

/* The decoder is told not to crop, so what it would have cut off stays in the coded picture. */
static struct wc_rect visible_of(const AVFrame *frame)
{
	struct wc_rect all = { 0, 0, (uint32_t)frame->width, (uint32_t)frame->height };

	if (frame->crop_left + frame->crop_right >= all.width ||
	    frame->crop_top + frame->crop_bottom >= all.height)
		return all;
	return (struct wc_rect) {
		.x = (uint32_t)frame->crop_left,
		.y = (uint32_t)frame->crop_top,
		.width = all.width - (uint32_t)(frame->crop_left + frame->crop_right),
		.height = all.height - (uint32_t)(frame->crop_top + frame->crop_bottom),
	};
}

/* Pixels that are not square: the display size grows, in one direction, until they are. */
static void apply_aspect(struct wc_video_frame *out, AVRational aspect)
{
	int64_t width = out->visible.width, height = out->visible.height;

	if (aspect.num <= 0 || aspect.den <= 0)
		return;
	if (aspect.num > aspect.den)
		width = av_rescale(width, aspect.num, aspect.den);
	else
		height = av_rescale(height, aspect.den, aspect.num);
	if (width > INT32_MAX || height > INT32_MAX)
		return;
	out->display_width = (uint32_t)width;
	out->display_height = (uint32_t)height;
}

static int format_error(struct decoder *d, const AVFrame *frame, struct wc_error *error)
{
	const char *name = av_get_pix_fmt_name((enum AVPixelFormat)frame->format);

	error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, 0,
		  "the stream has pixel format %s, which has no DRM name", name ? name : "unknown");
	error_set_device(error, d->codec->name);
	return error->name;
}

/* The frame for a picture; takes d->frame over. NULL with *error filled. */
static struct wc_video_frame *wrap_picture(struct decoder *d, const struct timing *timing,
					   struct wc_error *error)
{
	AVFrame *av = d->frame;
	const struct software_format *row = software_format_find((enum AVPixelFormat)av->format);
	struct wc_rect visible = visible_of(av);
	struct wc_video_frame *out = NULL;
	struct frame_format format;
	struct picture *picture;
	int ret = 0;

	if (!row) {
		format_error(d, av, error);
		return NULL;
	}
	d->frame = NULL;
	picture = picture_new(d->base.env.core, av);
	ret = picture ? layout_of(picture, row->fourcc, &format) : -errno;
	if (picture && ret == 0)
		out = video_frame_new(d->base.env.core, &picture->base, &format, &visible, timing);
	if (out) {
		apply_aspect(out, av->sample_aspect_ratio);
		out->color_space = software_color(av);
	} else {
		software_memory_error(d->base.env.core, error, WC_OPERATION_ERROR, d->codec,
				      "hand out a picture",
				      ret < 0 ? AVERROR(-ret) : AVERROR(ENOMEM));
	}
	if (picture)
		buffer_unref(&picture->base);
	return out;
}

/* --- The thread --- */

static void fail(struct decoder *d, enum wc_status name, const char *what, int code)
{
	struct wc_error error;

	software_error(&error, name, d->codec, what, code);
	software_worker_fail(&d->base.worker, &error);
}

/*
 * Whether the order of pictures has to be found from the level alone: an H.264 stream that may
 * reorder and does not say by how much. libavcodec then guesses low, and loses pictures until it
 * has seen better, unless it is told to be strict. Cameras make such streams that never reorder;
 * who asks for low latency has those, and being strict would hold back up to 16 pictures.
 */
static bool has_unknown_order(const struct decoder *d, const AVPacket *packet)
{
	struct chunk_info info;
	unsigned length_size = 0;

	if (d->kind != VIDEO_CODEC_H264 || d->low_latency)
		return false;
	if (d->extradata &&
	    description_inspect(d->kind, d->extradata, (size_t)d->extradata_size, &length_size,
				&info) == 0 && info.has_format)
		return info.max_reorder != 0;
	if (chunk_inspect(d->kind, d->length_prefixed, length_size, packet->data,
			  (size_t)packet->size, &info) == 0 && info.has_format)
		return info.max_reorder != 0;
	return true;
}

static void set_threads(const struct decoder *d, AVCodecContext *context)
{
	/* Each thread that works on a frame of its own delays the output by one frame. */
	context->thread_type = d->low_latency ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE;
	if (d->low_latency)
		context->flags |= AV_CODEC_FLAG_LOW_DELAY;
}

static int open_context(struct decoder *d, const AVPacket *packet)
{
	AVCodecContext *context = software_context_new(d->codec);
	int ret = AVERROR(ENOMEM);

	if (!context)
		return ret;
	set_threads(d, context);
	context->apply_cropping = 0;
	context->pkt_timebase = (AVRational) { 1, 1000000 };
	if (has_unknown_order(d, packet))
		context->strict_std_compliance = FF_COMPLIANCE_STRICT;
	if (d->extradata) {
		context->extradata = av_mallocz((size_t)d->extradata_size + PADDING);
		if (!context->extradata)
			goto out;
		memcpy(context->extradata, d->extradata, (size_t)d->extradata_size);
		context->extradata_size = d->extradata_size;
	}
	ret = software_context_open(context, d->codec);
	if (ret == 0)
		d->context = context;
out:
	if (ret < 0)
		avcodec_free_context(&context);
	return ret;
}

/* Pictures come out in presentation order, each with the cookie of its chunk. */
static bool give_picture(struct decoder *d)
{
	const struct timing *timing = d->frame->pts == AV_NOPTS_VALUE ? NULL :
				      cookies_find(&d->cookies, (uint64_t)d->frame->pts);
	struct software_result result = { NULL, NULL };
	struct wc_error error;

	/* A second picture in one chunk has no time of its own. */
	if (timing)
		d->last = *timing;
	result.data = wrap_picture(d, &d->last, &error);
	if (result.data)
		software_worker_give(&d->base.worker, &result);
	else
		software_worker_fail(&d->base.worker, &error);
	return result.data;
}

/* All pictures that are ready. 0: no more now; AVERROR_EOF: drained; else the error. */
static int receive(struct decoder *d)
{
	for (;;) {
		int ret;

		if (software_worker_is_cancelled(&d->base.worker))
			return AVERROR_EXIT;
		if (!d->frame)
			d->frame = av_frame_alloc();
		if (!d->frame)
			return AVERROR(ENOMEM);
		ret = avcodec_receive_frame(d->context, d->frame);
		if (ret < 0)
			return ret == AVERROR(EAGAIN) ? 0 : ret;
		if (!give_picture(d))
			return AVERROR_EXIT;
	}
}

/* Feed a packet, NULL to drain, and take what comes. */
static int decode(struct decoder *d, const AVPacket *packet)
{
	int ret = avcodec_send_packet(d->context, packet);

	/* Pictures that were not fetched stand in its way. */
	while (ret == AVERROR(EAGAIN)) {
		ret = receive(d);
		if (ret == 0)
			ret = avcodec_send_packet(d->context, packet);
	}
	return ret < 0 ? ret : receive(d);
}

static void report(struct decoder *d, int ret)
{
	if (ret == AVERROR(ENOMEM))
		fail(d, WC_OPERATION_ERROR, "decode", ret);
	else if (ret < 0 && ret != AVERROR_EXIT && ret != AVERROR_EOF)
		fail(d, WC_ENCODING_ERROR, "decode the stream", ret);
}

static void decoder_work(struct software_worker *worker, struct software_job *job)
{
	struct decoder *d = of_worker(worker);
	AVPacket *packet = job->data;
	int ret = 0;

	packet->pts = (int64_t)cookies_put(&d->cookies, &job->timing);
	if (!d->context)
		ret = open_context(d, packet);
	if (ret < 0)
		fail(d, WC_OPERATION_ERROR, "open", ret);
	else
		report(d, decode(d, packet));
	av_packet_free(&packet);
}

static void decoder_restart(struct software_worker *worker)
{
	struct decoder *d = of_worker(worker);

	cookies_forget(&d->cookies);
	if (d->context)
		avcodec_flush_buffers(d->context);
}

static void decoder_drain_work(struct software_worker *worker)
{
	struct decoder *d = of_worker(worker);

	if (!d->context)
		return;
	report(d, decode(d, NULL));
	avcodec_flush_buffers(d->context);
}

static void decoder_drop_job(struct software_job *job)
{
	AVPacket *packet = job->data;

	av_packet_free(&packet);
}

static void decoder_drop_result(struct software_result *result)
{
	wc_video_frame_unref(result->data);
}

/* --- The loop --- */

static void decoder_deliver(struct software_worker *worker, struct software_result *result)
{
	struct decoder *d = of_worker(worker);

	d->base.units_out++;
	d->base.session.sink_ops->frame(d->base.session.sink, result->data);
}

static void decoder_free(struct software_worker *worker)
{
	struct decoder *d = of_worker(worker);

	av_freep(&d->extradata);
	free(d);
}

static const struct software_worker_ops worker_ops = {
	.work = decoder_work,
	.drain = decoder_drain_work,
	.restart = decoder_restart,
	.deliver = decoder_deliver,
	.ready = software_session_ready,
	.drained = software_session_drained,
	.failed = software_session_failed,
	.finish = decoder_free,
	.drop_job = decoder_drop_job,
	.drop_result = decoder_drop_result,
};

static int decoder_submit(struct session *session, const struct session_input *input,
			  struct wc_error *error)
{
	struct decoder *d = of_session(session);
	const struct wc_encoded_video_chunk *chunk = input->chunk;
	struct software_job job = { .timing = chunk->timing };

	if (!chunk->size || chunk->size > INT32_MAX - PADDING)
		return software_error(error, WC_ENCODING_ERROR, d->codec,
				      chunk->size ? "decode a chunk of more than 2 GiB"
						  : "decode an empty chunk", 0);
	if (!software_worker_has_room(&d->base.worker))
		return SESSION_FULL;
	job.data = packet_of_chunk(d, chunk);
	if (!job.data)
		return software_error(error, WC_OPERATION_ERROR, d->codec, "keep a chunk",
				      AVERROR(ENOMEM));
	software_worker_put(&d->base.worker, &job);
	d->base.units_in++;
	return 0;
}

static void decoder_destroy(struct session *session)
{
	struct decoder *d = of_session(session);
	bool free_now = software_worker_stop(&d->base.worker);

	avcodec_free_context(&d->context);
	av_frame_free(&d->frame);
	if (free_now)
		decoder_free(&d->base.worker);
}

static const struct session_ops decoder_ops = {
	.submit = decoder_submit,
	.drain = software_session_drain,
	.reset = software_session_reset,
	.alloc_input = decoder_alloc_input,
	.saturated = software_session_saturated,
	.throttle = software_session_throttle,
	.rest = software_session_rest,
	.describe = software_session_describe,
	.destroy = decoder_destroy,
};

static bool has_description(enum video_codec codec)
{
	return codec == VIDEO_CODEC_H264 || codec == VIDEO_CODEC_HEVC;
}

static int keep_description(struct decoder *d, const struct decoder_params *params,
			    struct wc_error *error)
{
	struct chunk_info info;
	unsigned length_size;

	if (!params->description || !has_description(d->kind))
		return 0;
	if (params->description_size > INT32_MAX - PADDING ||
	    description_inspect(d->kind, params->description, params->description_size,
				&length_size, &info) < 0)
		return software_error(error, WC_NOT_SUPPORTED_ERROR, d->codec,
				      "read the description", AVERROR_INVALIDDATA);
	d->length_prefixed = true;
	d->extradata = av_memdup(params->description, params->description_size);
	if (!d->extradata)
		return software_error(error, WC_OPERATION_ERROR, d->codec,
				      "keep the description", AVERROR(ENOMEM));
	d->extradata_size = (int)params->description_size;
	return 0;
}

static int set_up(struct decoder *d, const struct decoder_params *params, struct wc_error *error)
{
	int ret = keep_description(d, params, error);

	if (ret < 0)
		return ret;
	return software_session_start(&d->base, &worker_ops, MAX_CHUNKS, "wc-decoder", error);
}

int software_decoder_new(const struct session_env *env, const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	const AVCodec *codec = software_find_decoder(params->codec.codec);
	struct decoder *d;
	int ret;

	*session = NULL;
	if (!codec)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "libavcodec has no decoder for %s",
				 video_codec_name(params->codec.codec));
	d = calloc(1, sizeof *d);
	if (!d)
		return software_error(error, WC_OPERATION_ERROR, codec, "open", AVERROR(ENOMEM));
	d->base.session = (struct session) { &decoder_ops, sink_ops, sink };
	d->base.env = *env;
	d->base.name = codec->name;
	d->codec = codec;
	d->kind = params->codec.codec;
	d->low_latency = params->low_latency;
	ret = set_up(d, params, error);
	if (ret < 0)
		decoder_free(&d->base.worker);
	else
		*session = &d->base.session;
	return ret;
}

bool software_decoder_probe(const struct decoder_params *params, char *name, size_t size)
{
	const AVCodec *codec = software_find_decoder(params->codec.codec);

	if (codec)
		snprintf(name, size, "%s", codec->name);
	return codec;
}
