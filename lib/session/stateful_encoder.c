/* SPDX-License-Identifier: MIT */
/*
 * The stateful encoder, by dev-encoder.rst.
 *
 *            submit              drain               LAST or EPIPE
 *     READY --------> RUNNING ----------> DRAINING ----------------> ENDED
 *                      | ^ | ^                                       ^  |
 *                      | | | |   submit: the driver is told to go on |  |
 *                      | | | +---------------------------------------|--+
 *                      | | |                                         |
 *                      | | +-----------> RESTARTING -----------------+
 *                      | |  a key frame is      LAST or EPIPE
 *                      | |  wanted, without a control for it; or
 *                      | |  the frame needs the input side otherwise
 *                      v |
 *                    EMPTYING
 *         a key frame is wanted, and the driver still has input; submit once it has none,
 *         or keeps it: the control is set
 *
 * reset leads from everywhere to READY; drain leads from EMPTYING and RESTARTING to DRAINING, too;
 * EMPTYING may lead to RESTARTING.
 *
 * The input side has buffers of its own (stateful.in_port), into which pictures are copied and with
 * which alloc_frame() begins, or it reads DMA-BUFs of somebody else's (stateful.imports). A queue
 * has one kind of memory at a time, and changes it while it is stopped. A stream changes as its
 * frames want it, back to buffers of its own once only when it may copy: frames of both kinds in
 * turn would else make each a key frame.
 *
 * FORCE_KEY_FRAME is "for the next queued buffer" (ext-ctrls-codec.rst), but drivers obey with the
 * next one that they begin (venus, s5p-mfc, coda), which may have been queued before. Hence
 * EMPTYING.
 *
 * In READY both queues are stopped. They are set up when the session is made, so that a refusal is
 * known at once, and again before the first frame when that is of another format or colour.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/chunk_info.h"
#include "frame/color_space.h"
#include "frame/pixel_format.h"
#include "session/codec_controls.h"
#include "session/packaging.h"
#include "session/profiles.h"
#include "session/stateful.h"
#include "session/stateful_picture.h"
#include "util/error.h"
#include "v4l2/format.h"

/* How long a driver may keep all of its input before a key frame is asked for nevertheless. */
#define KEY_PATIENCE 500000

/* Output buffers that the driver keeps while the application holds chunks. */
#define KEEP_OUTPUTS 2

enum encoder_state {
	ENCODER_READY,
	ENCODER_RUNNING,
	ENCODER_EMPTYING,
	ENCODER_DRAINING,
	ENCODER_RESTARTING,
	ENCODER_ENDED,
};

struct encoder {
	struct stateful s;
	struct packaging_encoder packaging;
	struct encoder_params params;
	enum encoder_state state;
	bool fed;                          /* something was submitted since start or drain */
	bool can_force_key;
	bool keeps_input;                  /* in EMPTYING: it was waited for long enough */
	unsigned seen_queued;              /* inputs with the driver at the last look, EMPTYING */
	uint64_t last_cookie;              /* of the last picture that came out */
	struct frame_format format;        /* of input buffers */
	struct {
		uint32_t stride;           /* bytes; 0: none wished for */
		bool separate;             /* planes */
	} hint;                            /* how the first frame lies */
	struct importing importing;
	struct wc_video_color_space color; /* that the device was told */
};

static struct encoder *encoder(struct session *session)
{
	return (struct encoder *)session;
}

/* ---- negotiation ----------------------------------------------------------------------------- */

static int format_error(struct encoder *e, int ret, const char *what, struct wc_error *error)
{
	return stateful_error(&e->s, WC_STAGE_FORMAT, -ret, what, error);
}

static int set_coded_format(struct encoder *e, struct wc_error *error)
{
	const struct coded_format *coded = coded_format_stateful(e->params.codec.codec);
	struct queue_format format = {
		.fourcc = coded ? coded->v4l2 : 0,
		.width = e->params.width,
		.height = e->params.height,
		.n_planes = 1,
		.planes[0].sizeimage = stateful_coded_size(e->params.width, e->params.height),
	};
	int ret = coded ? queue_set_format(&e->s.out, &format) : -EPROTONOSUPPORT;

	if (ret == 0 && e->s.out.format.fourcc != format.fourcc)
		ret = -EPROTONOSUPPORT;
	return ret < 0 ? format_error(e, ret, "set the coded format", error) : 0;
}

/* The device's format for a fourcc, or the first of its formats that we know. */
static uint32_t choose_raw(struct encoder *e, uint32_t fourcc)
{
	uint32_t candidates[2] = {
		raw_format_from_drm(fourcc, e->hint.separate),
		raw_format_from_drm(fourcc, !e->hint.separate),
	};
	uint32_t found;

	for (unsigned i = 0; i < 2; i++)
		if (candidates[i] && queue_has_format(&e->s.in, candidates[i]))
			return candidates[i];
	for (uint32_t i = 0; (found = queue_enum_format(&e->s.in, i)); i++)
		if (raw_format_to_drm(found))
			return found;
	return 0;
}

static void find_layout(struct encoder *e)
{
	const struct queue_format *format = &e->s.in.format;
	uint32_t strides[WC_MAX_PLANES];
	struct raw_layout layout;

	for (unsigned i = 0; i < WC_MAX_PLANES; i++)
		strides[i] = format->planes[i].bytesperline;
	memset(&e->format, 0, sizeof e->format);
	if (!raw_format_layout(format->fourcc, format->width, format->height, strides, &layout))
		return;
	e->format.fourcc = layout.fourcc;
	e->format.width = format->width;
	e->format.height = format->height;
	e->format.n_planes = layout.n_planes;
	for (unsigned i = 0; i < layout.n_planes; i++) {
		e->format.planes[i].object = layout.planes[i].object;
		e->format.planes[i].offset = layout.planes[i].offset;
		e->format.planes[i].stride = layout.planes[i].stride;
	}
}

/* The visible part: what the driver added to reach its alignment must not be seen. */
static int set_crop(struct encoder *e)
{
	const struct queue_format *format = &e->s.in.format;
	struct v4l2_rect want = { 0, 0, e->params.width, e->params.height };
	struct v4l2_rect got = { 0, 0, format->width, format->height };
	int ret = device_set_selection(&e->s.device, e->s.in.type, V4L2_SEL_TGT_CROP, &want);

	if (ret == 0)
		ret = device_get_selection(&e->s.device, e->s.in.type, V4L2_SEL_TGT_CROP, &got);
	/* A device without cropping is fine as long as nothing needs to be cropped. */
	if (is_no_rectangle(ret))
		ret = 0;
	if (ret == 0 && (got.left || got.top || got.width != want.width ||
			 got.height != want.height))
		ret = -ERANGE;
	return ret;
}

static int set_raw_format(struct encoder *e, uint32_t fourcc,
			  const struct wc_video_color_space *color, struct wc_error *error)
{
	struct queue_format format = {
		.fourcc = choose_raw(e, fourcc),
		.width = e->params.width,
		.height = e->params.height,
		.n_planes = 1,
		.planes[0].bytesperline = e->hint.stride,
		.color = color_to_v4l2(color),
	};
	int ret = format.fourcc ? queue_set_format(&e->s.in, &format) : -EPROTONOSUPPORT;

	if (ret == 0 && e->s.in.format.fourcc != format.fourcc)
		ret = -EPROTONOSUPPORT;
	if (ret < 0)
		return format_error(e, ret, "set the format of pictures", error);
	if (e->s.in.format.width < e->params.width || e->s.in.format.height < e->params.height)
		return format_error(e, -ERANGE, "encode pictures that large", error);
	ret = set_crop(e);
	if (ret < 0)
		return format_error(e, ret, "encode pictures of that size", error);
	/* The coded side may follow the picture size; more buffers of it must be of its size. */
	ret = queue_get_format(&e->s.out);
	if (ret < 0)
		return format_error(e, ret, "read the coded format back", error);
	e->color = *color;
	find_layout(e);
	return 0;
}

static int set_if_there(struct encoder *e, uint32_t id, int64_t value)
{
	int ret = id ? device_set_control(&e->s.device, id, value) : -EINVAL;

	return is_no_control(ret) ? 0 : ret;
}

/* The same for what is a wish: a driver without the value keeps its own. */
static int set_if_known(struct encoder *e, uint32_t id, int64_t value)
{
	int ret = set_if_there(e, id, value);

	return ret == -ERANGE ? 0 : ret;
}

/*
 * A variable rate is permission, so a device that knows only constant ones (mtk-vcodec) will do. It
 * is not so the other way round.
 */
static int set_bitrate_mode(struct encoder *e)
{
	const uint32_t id = V4L2_CID_MPEG_VIDEO_BITRATE_MODE;

	if (e->params.bitrate_mode == WC_BITRATE_CONSTANT)
		return set_if_there(e, id, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR);
	return set_if_known(e, id, V4L2_MPEG_VIDEO_BITRATE_MODE_VBR);
}

/* Whoever makes Baseline without its odd tools makes Constrained Baseline; no hardware has them. */
static int set_profile(struct encoder *e, uint32_t control)
{
	int profile = profile_menu_entry(&e->params.codec);
	int ret = profile < 0 ? 0 : set_if_there(e, control, profile);

	if (ret == -ERANGE && control == V4L2_CID_MPEG_VIDEO_H264_PROFILE &&
	    profile == V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE)
		ret = set_if_there(e, control, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE);
	return ret;
}

static int set_rate_controls(struct encoder *e)
{
	const struct encoder_params *p = &e->params;
	const struct codec_controls *c = codec_controls_find(p->codec.codec);
	int ret;

	if (p->bitrate_mode == WC_BITRATE_QUANTIZER) {
		if (!c->i_qp || !device_has_control(&e->s.device, c->i_qp))
			return -EPROTONOSUPPORT;
		return set_if_there(e, V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 0);
	}
	ret = set_if_there(e, V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 1);
	if (ret == 0)
		ret = set_bitrate_mode(e);
	if (ret == 0 && p->bitrate)
		ret = set_if_there(e, V4L2_CID_MPEG_VIDEO_BITRATE,
				   p->bitrate < INT32_MAX ? (int64_t)p->bitrate : INT32_MAX);
	return ret;
}

static int set_stream_controls(struct encoder *e)
{
	const struct encoder_params *p = &e->params;
	const struct coded_format *coded = coded_format_stateful(p->codec.codec);
	int level = level_menu_entry(&p->codec);
	int ret = set_profile(e, coded->profile_control);

	if (ret == 0 && level >= 0)
		ret = set_if_there(e, coded->level_control, level);
	if (ret == 0)
		ret = set_if_there(e, V4L2_CID_MPEG_VIDEO_B_FRAMES, 0);
	if (ret == 0)
		ret = set_if_known(e, V4L2_CID_MPEG_VIDEO_HEADER_MODE,
				   V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME);
	if (ret == 0)
		ret = set_if_there(e, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 1);
	if (ret == 0 && p->key_interval)
		ret = set_if_there(e, V4L2_CID_MPEG_VIDEO_GOP_SIZE, p->key_interval);
	return ret;
}

static int set_controls(struct encoder *e, struct wc_error *error)
{
	int ret;

	if (e->params.framerate > 0) {
		ret = device_set_frame_rate(&e->s.device, e->s.in.type, e->params.framerate);
		if (ret < 0 && !is_no_control(ret))
			return format_error(e, ret, "set the frame rate", error);
	}
	ret = set_rate_controls(e);
	if (ret < 0)
		return format_error(e, ret, "set the rate control", error);
	ret = set_stream_controls(e);
	if (ret < 0)
		return format_error(e, ret, "set profile, level and key frames", error);
	e->can_force_key = device_has_control(&e->s.device,
					      V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME);
	return 0;
}

/* dev-encoder.rst, "Initialization", up to buffers. 0 or a ::wc_status. */
static int set_up(struct encoder *e, uint32_t fourcc, const struct wc_video_color_space *color,
		  struct wc_error *error)
{
	int ret = stateful_free_inputs(&e->s);

	if (ret == 0)
		ret = stateful_free_outputs(&e->s);
	if (ret < 0)
		return stateful_error(&e->s, WC_STAGE_JOB, -ret, "give buffers back", error);
	ret = set_coded_format(e, error);
	if (ret == 0)
		ret = set_raw_format(e, fourcc, color, error);
	if (ret == 0)
		ret = set_controls(e, error);
	if (ret == 0)
		ret = stateful_allocate_inputs(&e->s, true, error);
	if (ret == 0)
		ret = stateful_allocate_outputs(&e->s, stateful_wanted_outputs(&e->s), true,
						error);
	return ret;
}

/* 0, a ::wc_status, or -EOPNOTSUPP when frames are to be copied instead. */
static int start(struct encoder *e, struct wc_error *error)
{
	int ret = stateful_queue_outputs(&e->s);

	if (ret < 0)
		return stateful_error(&e->s, WC_STAGE_STREAM_ON, -ret, "queue buffers on CAPTURE",
				      error);
	ret = stateful_stream_on(&e->s, &e->s.out, error);
	if (ret == 0)
		ret = stateful_start_inputs(&e->s, &e->importing, error);
	if (ret == -EOPNOTSUPP)
		e->state = ENCODER_READY;
	if (ret < 0)
		return ret;
	e->s.out_ended = false;
	e->state = ENCODER_RUNNING;
	stateful_update_events(&e->s);
	return 0;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void on_last(struct encoder *e)
{
	enum encoder_state before = e->state;

	if (before != ENCODER_DRAINING && before != ENCODER_RESTARTING) {
		stateful_fail(&e->s, WC_STAGE_JOB, EPIPE, "go on: the device ended the stream");
		return;
	}
	e->s.out_ended = true;
	e->state = ENCODER_ENDED;
	e->fed = false;
	e->importing.settled = e->importing.settled && before != ENCODER_DRAINING;
	stateful_expect(&e->s, 0);
	if (before == ENCODER_DRAINING)
		e->s.base.sink_ops->drained(e->s.base.sink);
	else
		stateful_tell_ready(&e->s);
}

/* Not all drivers flag their key frames: vicodec of Linux 6.12 does not. */
static bool is_key(struct encoder *e, const struct queue_done *done, const uint8_t *data)
{
	const uint32_t told = V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME;
	struct chunk_info info;

	if (done->flags & told)
		return done->flags & V4L2_BUF_FLAG_KEYFRAME;
	return chunk_inspect(e->params.codec.codec, false, 0, data, done->bytesused, &info) == 0 &&
	       info.is_random_access;
}

static void give_chunk(struct encoder *e, struct buffer *buffer,
		       const struct packaging_plan *plan, const struct timing *timing)
{
	struct session_chunk_info info = { .color_space = e->color };
	struct wc_encoded_video_chunk *chunk;

	chunk = encoded_video_chunk_new(e->s.env.core, buffer, plan->offset, plan->size,
					plan->key ? WC_CHUNK_KEY : WC_CHUNK_DELTA, timing);
	if (!chunk) {
		stateful_fail(&e->s, WC_STAGE_JOB, ENOMEM, "make a chunk");
		return;
	}
	info.description = packaging_encoder_description(&e->packaging, &info.description_size);
	e->s.units_out++;
	e->s.base.sink_ops->chunk(e->s.base.sink, chunk, &info);
}

/* Memory of its own for a chunk whose form must change, or that the device cannot spare. */
static void give_copy(struct encoder *e, unsigned index, const uint8_t *data, size_t size,
		      struct packaging_plan *plan, const struct timing *timing)
{
	struct buffer *copy = buffer_new_plain(e->s.env.core, plan->size);

	if (!copy) {
		stateful_fail_copy(&e->s, errno, plan->size, "copy a chunk");
		return;
	}
	if (plan->action == PACKAGING_COPY)
		packaging_encoder_copy(&e->packaging, plan, data, size, copy->objects[0].map);
	else
		memcpy(copy->objects[0].map, data + plan->offset, plan->size);
	plan->offset = 0;
	e->s.bytes_copied += plan->size;
	counter_add(&e->s.env.core->counters.bytes_copied, plan->size);
	stateful_requeue_output(&e->s, index);
	give_chunk(e, copy, plan, timing);
	buffer_unref(copy);
}

/*
 * A frame that is too large for its buffer must not pass for a chunk. Most drivers flag it. The
 * firmware behind bcm2835-codec sends it in pieces (V4L2 has no flag to tell): the first fills its
 * buffer, and all carry the time of one input ("one OUTPUT buffer generates multiple CAPTURE
 * buffers: the same OUTPUT timestamp will be copied", dev-encoder.rst).
 */
static bool is_piece(struct encoder *e, const struct queue_done *done)
{
	bool again = done->cookie == e->last_cookie;

	e->last_cookie = done->cookie;
	return again || done->offset + done->bytesused >= e->s.out.lengths[done->index];
}

static void on_picture(struct encoder *e, const struct queue_done *done,
		       const struct timing *timing)
{
	struct buffer *buffer = port_buffer(e->s.out_port, done->index);
	uint8_t *data = buffer->objects[0].map + done->offset;
	struct packaging_plan plan;

	if (packaging_encoder_plan(&e->packaging, data, done->bytesused, is_key(e, done, data),
				   &plan) < 0) {
		stateful_fail_stream(&e->s, "the device wrote no valid access unit");
		return;
	}
	if (plan.action == PACKAGING_DROP) {
		stateful_requeue_output(&e->s, done->index);
		return;
	}
	if (is_piece(e, done)) {
		stateful_fail_stream(&e->s, "an encoded picture is larger than its buffer");
		return;
	}
	if (plan.action == PACKAGING_REWRITE)
		packaging_encoder_rewrite(&e->packaging, &plan, data);
	if (plan.action == PACKAGING_COPY || !stateful_can_lend(&e->s)) {
		give_copy(e, done->index, data, done->bytesused, &plan, timing);
		return;
	}
	plan.offset += done->offset;
	give_chunk(e, buffer, &plan, timing);
}

static bool is_last(struct encoder *e, const struct queue_done *done)
{
	if (done->flags & V4L2_BUF_FLAG_LAST)
		return true;
	return e->s.quirks->empty_is_last && done->bytesused == 0 &&
	       (e->state == ENCODER_DRAINING || e->state == ENCODER_RESTARTING);
}

static void on_output_done(struct stateful *s, const struct queue_done *done)
{
	struct encoder *e = (struct encoder *)s;
	const struct timing *timing = cookies_find(&s->cookies, done->cookie);
	bool last = is_last(e, done);
	unsigned generation = s->generation;

	if (done->flags & V4L2_BUF_FLAG_ERROR) {
		queue_release(&s->out, done->index);
		stateful_fail_stream(s, "the device could not encode, or the result was too large");
		return;
	}
	if (done->bytesused && timing) {
		on_picture(e, done, timing);
	} else {
		if (done->bytesused && !s->quirks->rubbish_first)
			log_warning(&s->env.core->log, "%s: a chunk without our time was dropped",
				    s->device.path);
		if (last)
			queue_release(&s->out, done->index);
		else
			stateful_requeue_output(s, done->index);
	}
	if (last && !s->dead && !s->failed && generation == s->generation)
		on_last(e);
}

static void on_output_ended(struct stateful *s)
{
	on_last((struct encoder *)s);
}

static void on_source_changed(struct stateful *s, uint32_t changes)
{
	/* Encoders do not send it. */
	(void)s;
	(void)changes;
}

/* It gives back the input that it has, slowly; or it keeps some on purpose; or it is stuck. */
static void on_slow_emptying(struct encoder *e)
{
	if (e->s.in.n_queued < e->seen_queued) {
		e->seen_queued = e->s.in.n_queued;
		stateful_expect(&e->s, KEY_PATIENCE);
	} else if (e->keeps_input || stateful_saturated(&e->s.base)) {
		stateful_on_no_room(&e->s, 0);
	} else {
		e->keeps_input = true;
		stateful_tell_ready(&e->s);
	}
}

static void on_silent_drain(struct encoder *e)
{
	struct stateful *s = &e->s;

	if (stateful_progressed(s, 0) || (s->in.n_queued && s->stalls < STATEFUL_MAX_STALLS)) {
		stateful_expect(s, STATEFUL_PATIENCE);
	} else if (s->in.n_queued || s->units_out == 0) {
		stateful_fail(s, WC_STAGE_JOB, ETIMEDOUT, "drain: the device does not answer");
	} else {
		log_warning(&s->env.core->log,
			    "%s: the drain ended without a mark; all input was consumed",
			    s->device.path);
		on_last(e);
	}
}

static void on_timed_out(struct stateful *s)
{
	struct encoder *e = (struct encoder *)s;

	switch (e->state) {
	case ENCODER_EMPTYING:
		on_slow_emptying(e);
		break;
	case ENCODER_DRAINING:
	case ENCODER_RESTARTING:
		on_silent_drain(e);
		break;
	case ENCODER_RUNNING:
		if (stateful_lacks_room(s))
			stateful_on_no_room(s, 0);
		break;
	case ENCODER_READY:
	case ENCODER_ENDED:
		break;
	}
}

/* ---- input ----------------------------------------------------------------------------------- */

static int send_stop(struct encoder *e, enum encoder_state next, struct wc_error *error)
{
	int ret = device_encoder_command(&e->s.device, V4L2_ENC_CMD_STOP);

	if (ret < 0)
		return stateful_error(&e->s, WC_STAGE_JOB, -ret, "drain", error);
	e->state = next;
	e->s.stalls = 0;
	e->s.seen_out = e->s.units_out;
	stateful_expect(&e->s, STATEFUL_PATIENCE);
	return 0;
}

/* ---- where the picture is read ---- */

enum place {
	PLACE_OWN,                         /* it is in a buffer of the input side */
	PLACE_IMPORT,                      /* where it is */
	PLACE_COPY,                        /* it is copied into a buffer of the input side */
};

/* Whether the device can read the frame where it is, in a buffer of its own. */
static bool is_in_place(struct encoder *e, const struct wc_video_frame *frame)
{
	int index = port_index(e->s.in_port, frame->buffer);

	return index >= 0 && e->s.in.slots[index] == SLOT_HELD && frame->visible.x == 0 &&
	       frame->visible.y == 0 && frame->visible.width == e->params.width &&
	       frame->visible.height == e->params.height;
}

static enum place find_place(struct encoder *e, const struct wc_video_frame *frame,
			     struct import_source *source)
{
	struct wc_rect whole = { 0, 0, e->params.width, e->params.height };
	bool may_copy = e->params.copy != WC_COPY_NEVER;

	if (is_in_place(e, frame))
		return PLACE_OWN;
	/* One of ours that comes again. Without copies the change below waits until it is back. */
	if (may_copy && port_index(e->s.in_port, frame->buffer) >= 0)
		return PLACE_COPY;
	/* Why it refused is in the reason. */
	if (e->importing.refused)
		return PLACE_COPY;
	if (!import_fits(&e->s.in.format, &e->format, &whole, frame, source, e->importing.reason))
		return PLACE_COPY;
	if (!e->importing.settled || !may_copy)
		return PLACE_IMPORT;
	snprintf(e->importing.reason, IMPORT_REASON, "frames of other memory are in the stream");
	return PLACE_COPY;
}

static int copy_forbidden(struct encoder *e, struct wc_error *error)
{
	error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
		  "the device cannot read the frame in place: %s", e->importing.reason);
	error_set_device(error, e->s.device.path);
	return error->name;
}

/* 0, or a ::wc_status when the frame would have to be copied and must not be. */
static int choose_place(struct encoder *e, const struct wc_video_frame *frame,
			struct import_source *source, enum place *place, struct wc_error *error)
{
	*place = find_place(e, frame, source);
	if (*place == PLACE_COPY && e->params.copy == WC_COPY_NEVER)
		return copy_forbidden(e, error);
	return 0;
}

static bool is_ready_for(const struct encoder *e, enum place place)
{
	return (e->s.imports != NULL) == (place == PLACE_IMPORT);
}

/* 0: frames are copied instead; or a ::wc_status. */
static int imports_failed(struct encoder *e, int ret, enum wc_stage stage, struct wc_error *error)
{
	return stateful_imports_failed(&e->s, &e->importing, e->params.copy, ret, stage, error);
}

/* Both queues are stopped: give the input side what the place needs. 0 or a ::wc_status. */
static int change_inputs(struct encoder *e, enum place place, struct wc_error *error)
{
	int ret;

	if (is_ready_for(e, place))
		return 0;
	if (place == PLACE_IMPORT) {
		ret = stateful_allocate_imports(&e->s);
		if (ret == 0)
			return 0;
		ret = imports_failed(e, ret, WC_STAGE_JOB, error);
		if (ret < 0 || e->s.in_port)
			return ret;
	}
	ret = stateful_free_inputs(&e->s);
	if (ret < 0)
		return stateful_error(&e->s, WC_STAGE_JOB, -ret, "give buffers back", error);
	return stateful_allocate_inputs(&e->s, true, error);
}

/* ---- */

/* Whether the device should be asked once for the layout that a frame in a DMA-BUF has. */
static bool takes_hint(struct encoder *e, const struct wc_video_frame *frame)
{
	const struct frame_format *format = &frame->format;
	uint32_t stride = (uint32_t)format->planes[0].stride;
	bool separate = frame->buffer->n_objects > 1;
	bool is_new = stride != e->hint.stride || separate != e->hint.separate;

	if (!is_new || e->importing.refused || frame->buffer->objects[0].fd < 0 ||
	    format->modifier != DRM_FORMAT_MOD_LINEAR || format->fourcc != e->format.fourcc)
		return false;
	if (stride == e->format.planes[0].stride && separate == (e->s.in.format.n_planes > 1))
		return false;
	e->hint.stride = stride;
	e->hint.separate = separate;
	return true;
}

/* In READY, before the first frame: the device is told what it is. */
static int renegotiate(struct encoder *e, const struct wc_video_frame *frame,
		       struct wc_error *error)
{
	const struct pixel_format *pixels = frame_format_pixels(&frame->format);
	uint32_t fourcc = pixels ? pixels->fourcc : frame->format.fourcc;
	uint32_t wanted = raw_format_to_drm(choose_raw(e, fourcc));
	int ret = 0;

	if (e->s.units_in || port_index(e->s.in_port, frame->buffer) >= 0)
		return 0;
	if (wanted != e->format.fourcc || !color_space_equal(&frame->color_space, &e->color))
		ret = set_up(e, wanted, &frame->color_space, error);
	if (ret == 0 && takes_hint(e, frame))
		ret = set_up(e, wanted, &frame->color_space, error);
	return ret;
}

/* From RUNNING or ENDED: a fresh start of both queues, which makes a key frame, too. */
static int start_anew(struct encoder *e, enum place place, struct wc_error *error)
{
	int ret = stateful_stop(&e->s);

	if (ret < 0)
		return stateful_error(&e->s, WC_STAGE_JOB, -ret, "stop the queues", error);
	ret = change_inputs(e, place, error);
	return ret < 0 ? ret : start(e, error);
}

static int ask_for_key(struct encoder *e, struct wc_error *error)
{
	int ret = device_set_control(&e->s.device, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1);

	return ret < 0 ? stateful_error(&e->s, WC_STAGE_JOB, -ret, "ask for a key frame", error)
		       : 0;
}

static int go_on(struct encoder *e, bool key_frame, enum place place, struct wc_error *error)
{
	int ret;

	/* Without a control for it, a fresh start is what makes a key frame. */
	if ((key_frame && !e->can_force_key) || !is_ready_for(e, place))
		return start_anew(e, place, error);
	ret = stateful_resume(&e->s, true);
	if (ret < 0)
		return stateful_error(&e->s, WC_STAGE_JOB, -ret, "go on after a drain", error);
	e->state = ENCODER_RUNNING;
	return key_frame ? ask_for_key(e, error) : 0;
}

/* From RUNNING. 0, SESSION_FULL, or a ::wc_status. */
static int begin_key(struct encoder *e, struct wc_error *error)
{
	int ret;

	if (!e->fed)
		return 0;
	if (!e->can_force_key) {
		ret = send_stop(e, ENCODER_RESTARTING, error);
		return ret < 0 ? ret : SESSION_FULL;
	}
	if (e->s.in.n_queued == 0)
		return ask_for_key(e, error);
	e->state = ENCODER_EMPTYING;
	e->keeps_input = false;
	e->seen_queued = e->s.in.n_queued;
	e->s.stalls = 0;
	e->s.seen_out = e->s.units_out;
	stateful_expect(&e->s, KEY_PATIENCE);
	return SESSION_FULL;
}

/* From EMPTYING. The same. */
static int go_on_emptied(struct encoder *e, bool key_frame, struct wc_error *error)
{
	if (key_frame && e->s.in.n_queued && !e->keeps_input)
		return SESSION_FULL;
	e->state = ENCODER_RUNNING;
	stateful_expect(&e->s, 0);
	return key_frame ? ask_for_key(e, error) : 0;
}

/* From RUNNING or EMPTYING. 0, SESSION_FULL, or a ::wc_status. */
static int begin_change(struct encoder *e, enum place place, struct wc_error *error)
{
	int ret;

	e->importing.settled = e->importing.settled || place != PLACE_IMPORT;
	if (!e->fed)
		return start_anew(e, place, error);
	ret = send_stop(e, ENCODER_RESTARTING, error);
	return ret < 0 ? ret : SESSION_FULL;
}

static int prepare_start(struct encoder *e, enum place place, struct wc_error *error)
{
	int ret = change_inputs(e, place, error);

	return ret < 0 ? ret : start(e, error);
}

/*
 * Make the device take a frame next, at that place. 0, SESSION_FULL, a ::wc_status, or -EOPNOTSUPP
 * when it is to be copied.
 */
static int prepare_input(struct encoder *e, bool key_frame, enum place place,
			 struct wc_error *error)
{
	switch (e->state) {
	case ENCODER_READY:
		return prepare_start(e, place, error);
	case ENCODER_RUNNING:
		if (!is_ready_for(e, place))
			return begin_change(e, place, error);
		return key_frame ? begin_key(e, error) : 0;
	case ENCODER_EMPTYING:
		if (!is_ready_for(e, place))
			return begin_change(e, place, error);
		return go_on_emptied(e, key_frame, error);
	case ENCODER_DRAINING:
	case ENCODER_RESTARTING:
		return SESSION_FULL;
	case ENCODER_ENDED:
		return go_on(e, key_frame, place, error);
	}
	return 0;
}

/* Put the picture into an input buffer. The index or a negative errno. */
static int place_copy(struct encoder *e, const struct wc_video_frame *frame)
{
	struct input_picture picture = {
		.format = &e->format,
		.width = e->params.width,
		.height = e->params.height,
		.matrix = e->color.matrix,
		.range = e->color.range,
	};

	return stateful_place_picture(&e->s, &picture, frame);
}

static void set_quantizer(struct encoder *e, int quantizer)
{
	const struct codec_controls *c = codec_controls_find(e->params.codec.codec);

	if (quantizer < 0 || e->params.bitrate_mode != WC_BITRATE_QUANTIZER)
		return;
	set_if_there(e, c->i_qp, quantizer);
	set_if_there(e, c->p_qp, quantizer);
}

static int copy_failed(struct encoder *e, const struct wc_video_frame *frame, int ret,
		       struct wc_error *error)
{
	char text[TILING_TEXT];

	if (frame_format_pixels(&frame->format))
		error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, -ret,
			  "cannot convert the picture to what the device takes");
	else
		error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, -ret,
			  "cannot read the picture, %.4s in %s, to convert it to what the device "
			  "takes", (const char *)&frame->format.fourcc,
			  frame_format_tiling_text(&frame->format, text));
	error_set_device(error, e->s.device.path);
	return error->name;
}

/* By way of a buffer of the input side. 0, SESSION_FULL, or a ::wc_status. */
static int enqueue_own(struct encoder *e, const struct session_input *input, enum place place,
		       struct wc_error *error)
{
	int index = place == PLACE_OWN ? port_index(e->s.in_port, input->frame->buffer)
				       : place_copy(e, input->frame);

	if (index == -EAGAIN)
		return stateful_no_room(&e->s);
	if (index < 0)
		return copy_failed(e, input->frame, index, error);
	set_quantizer(e, input->quantizer);
	return stateful_enqueue_input(&e->s, (unsigned)index,
				      e->s.in.format.planes[0].sizeimage, &input->frame->timing,
				      error);
}

/*
 * The device reads it where it is. 0, SESSION_FULL, a ::wc_status, or -EOPNOTSUPP when it is to be
 * copied.
 */
static int enqueue_import(struct encoder *e, const struct session_input *input,
			  const struct import_source *source, struct wc_error *error)
{
	/* vb2 starts a queue when the first buffer arrives: so may a refusal. */
	enum wc_stage stage = e->s.units_in ? WC_STAGE_JOB : WC_STAGE_STREAM_ON;
	int ret;

	if (stateful_saturated(&e->s.base))
		return stateful_no_room(&e->s);
	set_quantizer(e, input->quantizer);
	ret = stateful_enqueue_import(&e->s, source, e->s.in.format.planes[0].sizeimage,
				      &input->frame->timing);
	if (ret == -EAGAIN)
		return stateful_no_room(&e->s);
	if (ret == 0)
		return 0;
	ret = imports_failed(e, ret, stage, error);
	return ret < 0 ? ret : -EOPNOTSUPP;
}

static int take_at_place(struct encoder *e, const struct session_input *input,
			 struct wc_error *error)
{
	struct import_source source;
	enum place place = PLACE_COPY;
	int ret = 0;

	if (e->state == ENCODER_READY)
		ret = renegotiate(e, input->frame, error);
	if (ret == 0)
		ret = choose_place(e, input->frame, &source, &place, error);
	if (ret == 0)
		ret = prepare_input(e, input->key_frame, place, error);
	if (ret < 0)
		return ret;
	if (ret == SESSION_FULL)
		return stateful_no_room(&e->s);
	/* The driver may have refused when it was asked: then that is no place any more. */
	if (!is_ready_for(e, place))
		return -EOPNOTSUPP;
	return place == PLACE_IMPORT ? enqueue_import(e, input, &source, error)
				     : enqueue_own(e, input, place, error);
}

static int take_input(struct encoder *e, const struct session_input *input,
		      struct wc_error *error)
{
	int ret;

	if (stateful_has_failed(&e->s, error))
		return error->name;
	ret = take_at_place(e, input, error);
	/* Once only: imports are out of question then, or for now. */
	if (ret == -EOPNOTSUPP)
		ret = take_at_place(e, input, error);
	e->fed = e->fed || ret == 0;
	return ret;
}

static int begin_drain(struct encoder *e, struct wc_error *error)
{
	if (stateful_has_failed(&e->s, error))
		return error->name;
	if (!e->fed) {
		stateful_drained_later(&e->s);
		return 0;
	}
	/* A drain for a key frame is a drain. */
	if (e->state == ENCODER_RESTARTING) {
		e->state = ENCODER_DRAINING;
		return 0;
	}
	return send_stop(e, ENCODER_DRAINING, error);
}

static int drop_work(struct encoder *e, struct wc_error *error)
{
	int ret = stateful_drop_work(&e->s, error);

	if (ret < 0)
		return ret;
	e->state = ENCODER_READY;
	e->fed = false;
	e->importing.settled = false;
	return 0;
}

/* Before the first frame the format of the input side is still to be chosen. */
static bool may_choose_format(const struct encoder *e)
{
	return e->state == ENCODER_READY && !e->s.units_in;
}

static bool encoder_reads(const struct session *session, const struct wc_video_frame *frame)
{
	struct encoder *e = (struct encoder *)session;
	const struct wc_rect *visible = &frame->visible;
	uint32_t fourcc = frame->format.fourcc;
	uint32_t takes = may_choose_format(e) ? raw_format_to_drm(choose_raw(e, fourcc))
					      : e->format.fourcc;

	if (takes != fourcc || frame->format.modifier != DRM_FORMAT_MOD_LINEAR ||
	    visible->width != e->params.width || visible->height != e->params.height)
		return false;
	/* A part of what the CPU has is copied, which is no more than a converter needs. */
	return (!visible->x && !visible->y) || frame->buffer->objects[0].fd < 0;
}

static uint32_t encoder_format(const struct session *session, unsigned n)
{
	struct encoder *e = (struct encoder *)session;
	uint32_t v4l2, fourcc;

	if (!may_choose_format(e))
		return n == 0 ? e->format.fourcc : 0;
	for (uint32_t i = 0; (v4l2 = queue_enum_format(&e->s.in, i)); i++) {
		fourcc = raw_format_to_drm(v4l2);
		if (fourcc && n-- == 0)
			return fourcc;
	}
	return 0;
}

/* The calls of session.h: one that fails is the end of the session. */
static int encoder_submit(struct session *session, const struct session_input *input,
			  struct wc_error *error)
{
	struct encoder *e = encoder(session);
	int ret = take_input(e, input, error);

	return ret < 0 ? stateful_fail_call(&e->s, error) : ret;
}

static int encoder_drain(struct session *session, struct wc_error *error)
{
	struct encoder *e = encoder(session);

	return begin_drain(e, error) < 0 ? stateful_fail_call(&e->s, error) : 0;
}

static int encoder_reset(struct session *session, struct wc_error *error)
{
	struct encoder *e = encoder(session);

	return drop_work(e, error) < 0 ? stateful_fail_call(&e->s, error) : 0;
}

/* Told before the context is taken, and when it changes. */
static void note_load(const struct session_env *env, const struct encoder_params *params)
{
	claim_set_load(env->claim, &(struct rate_load) {
		params->width, params->height, rate_framerate(params->framerate),
	});
}

static int encoder_retune(struct session *session, const struct encoder_params *params)
{
	struct encoder *e = encoder(session);
	int ret = 0;

	if (params->bitrate != e->params.bitrate)
		ret = device_set_control(&e->s.device, V4L2_CID_MPEG_VIDEO_BITRATE,
					 params->bitrate < INT32_MAX ? (int64_t)params->bitrate
								     : INT32_MAX);
	if (ret == 0 && params->framerate != e->params.framerate)
		ret = device_set_frame_rate(&e->s.device, e->s.in.type, params->framerate);
	if (ret < 0)
		return -ENOTSUP;
	e->params.bitrate = params->bitrate;
	e->params.framerate = params->framerate;
	note_load(&e->s.env, &e->params);
	return 0;
}

static struct wc_video_frame *encoder_alloc_frame(struct session *session,
						  const struct timing *timing,
						  struct wc_error *error)
{
	struct encoder *e = encoder(session);
	struct wc_rect visible = { 0, 0, e->params.width, e->params.height };
	int index = e->s.failed || e->s.imports ? -1 : queue_find_free(&e->s.in, 0);
	struct frame_format format = e->format;
	struct wc_video_frame *frame;
	struct buffer *buffer;
	size_t size = 0;

	if (index >= 0) {
		e->s.in.slots[index] = SLOT_HELD;
		buffer = buffer_ref(port_buffer(e->s.in_port, (unsigned)index));
	} else {
		size = frame_format_tight(&format, e->format.fourcc, e->params.width,
					  e->params.height);
		buffer = buffer_new_plain(e->s.env.core, size);
	}
	frame = buffer ? video_frame_new(e->s.env.core, buffer, &format, &visible, timing) : NULL;
	if (frame)
		frame->writable = true;
	else if (!buffer && errno == EDQUOT)
		memory_refused(e->s.env.core, WC_MEMORY_PLAIN, size, WC_STAGE_NONE, error);
	else
		error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM, "no memory");
	if (!frame && index >= 0)
		queue_release(&e->s.in, (unsigned)index);
	buffer_unref(buffer);
	return frame;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void encoder_free(struct stateful *s)
{
	packaging_encoder_finish(&((struct encoder *)s)->packaging);
}

static const struct stateful_ops encoder_ops = {
	.output_done = on_output_done,
	.output_ended = on_output_ended,
	.source_changed = on_source_changed,
	.timed_out = on_timed_out,
	.free = encoder_free,
};

static const struct session_ops session_ops = {
	.submit = encoder_submit,
	.drain = encoder_drain,
	.reset = encoder_reset,
	.retune = encoder_retune,
	.alloc_frame = encoder_alloc_frame,
	.reads = encoder_reads,
	.format = encoder_format,
	.saturated = stateful_saturated,
	.describe = stateful_describe,
	.destroy = stateful_destroy,
};

int stateful_encoder_new(const struct session_env *env, const struct v4l2_device_info *device,
			 const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	static const struct wc_video_color_space unknown;
	struct encoder *e = calloc(1, sizeof *e);
	int ret;

	*session = NULL;
	if (!e)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM, "no memory");
	e->s.base = (struct session) { &session_ops, sink_ops, sink };
	e->s.keep = KEEP_OUTPUTS;
	e->params = *params;
	packaging_encoder_init(&e->packaging, params->codec.codec, params->bitstream_format);
	note_load(env, params);
	ret = stateful_open(&e->s, &encoder_ops, env, device, WC_DEVICE_ROLE_ENCODER,
			    video_codec_name(params->codec.codec), error);
	if (ret == 0)
		ret = set_up(e, params->fourcc, &unknown, error);
	if (ret < 0) {
		stateful_abandon(&e->s);
		return ret;
	}
	*session = &e->s.base;
	return 0;
}
