/* SPDX-License-Identifier: MIT */
/*
 * The stateful decoder, by dev-decoder.rst. The two queues run on their own; each has its states.
 *
 * Input (OUTPUT queue of V4L2):
 *
 *              made, or submit
 *              after reset             drain
 *     STOPPED -----------------> RUNNING ---> DRAINING
 *                                   ^            |
 *                                   +------------+  the output side has ended
 *
 * Output (CAPTURE queue of V4L2):
 *
 *              SOURCE_CHANGE, or            SOURCE_CHANGE
 *              the format is known
 *     WAITING --------------------> RUNNING ------------> CHANGING
 *                                    |  ^ ^                  |
 *                      LAST or EPIPE |  | +------------------+
 *                      of a drain    |  |   LAST or EPIPE: new buffers if the old do not fit
 *                                    v  |
 *                                   ENDED  submit: the driver is told to go on; or SOURCE_CHANGE
 *
 * reset leads from everywhere to STOPPED and WAITING; with buffers left the next submit goes
 * straight to RUNNING. LAST without drain or change is an end mark in the stream: RUNNING stays.
 *
 * The end of a drain is the LAST flag, or EPIPE from drivers that have no buffer to flag; never
 * V4L2_EVENT_EOS, which comes before the last frames. A SOURCE_CHANGE during a drain ends with
 * LAST, too: then the drain goes on with the new buffers.
 *
 * A driver that falls silent although it owes something is not waited for without end: the watchdog
 * sets up the output side from what the driver tells, takes a silent drain with all input consumed
 * for finished (with a warning), and fails when input is stuck, in a drain or when a submit waits
 * for room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "session/layout.h"
#include "session/packaging.h"
#include "session/stateful.h"
#include "session/stateful_picture.h"
#include "util/error.h"
#include "v4l2/format.h"

/* How long a driver may take to find the header of a stream. */
#define HEADER_PATIENCE 500000

enum input_state {
	INPUT_STOPPED,
	INPUT_RUNNING,
	INPUT_DRAINING,
};

enum output_state {
	OUTPUT_WAITING,
	OUTPUT_RUNNING,
	OUTPUT_CHANGING,
	OUTPUT_ENDED,
};

struct decoder {
	struct stateful s;
	struct packaging_decoder packaging;
	enum input_state input;
	enum output_state output;
	bool has_events;               /* SOURCE_CHANGE is subscribed */
	bool fed;                      /* something was submitted since start, reset or drain */
	unsigned idle_ends;            /* end marks in a row that nobody asked for, without work */
	uint64_t ended_at;             /* work done at the last of them */
	uint32_t wished;               /* DRM fourcc for frames, 0: any */
	uint64_t wished_modifier;      /* of that fourcc */
	struct frame_format format;    /* of frames, while buffers are allocated */
	struct wc_rect visible;
	struct wc_video_color_space color;
};

static struct decoder *decoder(struct session *session)
{
	return (struct decoder *)session;
}

/* ---- the output side ------------------------------------------------------------------------- */

/* Whether both hold the same samples, however they are arranged. */
static bool same_samples(uint32_t fourcc, uint32_t other)
{
	const struct pixel_format *a = pixel_format_find(fourcc), *b = pixel_format_find(other);

	if (!a || !b || a->rgb != b->rgb)
		return false;
	if (a->n_planes == 1 || b->n_planes == 1)
		return a->n_planes == b->n_planes && a->planes[0].bytes == b->planes[0].bytes &&
		       a->planes[0].sub_x == b->planes[0].sub_x;
	return a->planes[0].bytes == b->planes[0].bytes &&
	       a->planes[1].sub_x == b->planes[1].sub_x &&
	       a->planes[1].sub_y == b->planes[1].sub_y;
}

/* Of how much use a format is. */
enum worth {
	WORTH_NOTHING,                 /* not ours */
	WORTH_TILES,                   /* not in rows: for who has nothing else */
	WORTH_ROWS,
	WORTH_PRESENT,                 /* in rows, and the driver's choice */
	WORTH_WISH,
};

static enum worth judge(const struct decoder *d, uint32_t fourcc)
{
	uint32_t present = d->s.out.format.fourcc;
	uint64_t modifier, ignored;
	uint32_t drm = raw_format_to_any_drm(fourcc, &modifier);

	if (!drm)
		return WORTH_NOTHING;
	/* The driver's own choice can be decoded to; of what it lists that is not always so. */
	if (d->s.quirks->lists_all_formats && fourcc != present &&
	    raw_format_to_any_drm(present, &ignored) &&
	    !same_samples(drm, raw_format_to_any_drm(present, &ignored)))
		return WORTH_NOTHING;
	if (d->wished && drm == d->wished && modifier_matches(modifier, d->wished_modifier))
		return WORTH_WISH;
	if (!raw_format_to_drm(fourcc))
		return WORTH_TILES;
	return fourcc == present ? WORTH_PRESENT : WORTH_ROWS;
}

/* The V4L2 format to ask for, 0: there is none of ours. Of equal ones the driver's first. */
static uint32_t find_format(struct decoder *d)
{
	struct queue *out = &d->s.out;
	uint32_t best = out->format.fourcc, fourcc;
	enum worth worth = judge(d, best);
	enum worth enough = d->wished ? WORTH_WISH : WORTH_ROWS;

	for (uint32_t i = 0; worth < enough && (fourcc = queue_enum_format(out, i)); i++) {
		enum worth other = judge(d, fourcc);

		if (other > worth) {
			best = fourcc;
			worth = other;
		}
	}
	return worth == WORTH_NOTHING ? 0 : best;
}

/*
 * Keep the driver's format if it is one of ours, in rows, and nothing else is wished. Formats
 * cannot be set while there are buffers.
 */
static int choose_format(struct decoder *d)
{
	struct queue *out = &d->s.out;
	struct queue_format wanted;
	int ret = queue_get_format(out);

	if (ret < 0)
		return ret;
	wanted = out->format;
	wanted.fourcc = find_format(d);
	if (!wanted.fourcc)
		return -EPROTONOSUPPORT;
	if (wanted.fourcc == out->format.fourcc)
		return 0;
	memset(wanted.planes, 0, sizeof wanted.planes);
	ret = stateful_free_outputs(&d->s);
	return ret < 0 ? ret : queue_set_format(out, &wanted);
}

/* COMPOSE is what dev-decoder.rst says; older drivers know CROP, some nothing. */
static int find_visible(struct decoder *d)
{
	static const uint32_t targets[] = { V4L2_SEL_TGT_COMPOSE, V4L2_SEL_TGT_CROP };
	const struct queue_format *format = &d->s.out.format;
	struct v4l2_rect r;

	d->visible = (struct wc_rect) { 0, 0, format->width, format->height };
	for (unsigned i = 0; i < 2; i++) {
		int ret = device_get_selection(&d->s.device, d->s.out.type, targets[i], &r);

		if (ret < 0 && !is_no_rectangle(ret))
			return ret;
		if (ret < 0)
			continue;
		if (r.left < 0 || r.top < 0 || r.width == 0 || r.height == 0 ||
		    (uint32_t)r.left + r.width > format->width ||
		    (uint32_t)r.top + r.height > format->height)
			continue;
		d->visible = (struct wc_rect) { (uint32_t)r.left, (uint32_t)r.top,
						r.width, r.height };
		break;
	}
	return 0;
}

static unsigned driver_needs(struct decoder *d)
{
	int32_t value = 0;

	if (device_get_control(&d->s.device, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &value) < 0 ||
	    value < 1)
		value = 1;
	if ((unsigned)value < d->s.quirks->min_capture)
		value = (int32_t)d->s.quirks->min_capture;
	return value < QUEUE_MAX_BUFFERS / 2 ? (unsigned)value : QUEUE_MAX_BUFFERS / 2;
}

static bool same_size(const struct queue_format *a, const struct queue_format *b)
{
	if (a->fourcc != b->fourcc || a->width != b->width || a->height != b->height ||
	    a->n_planes != b->n_planes)
		return false;
	for (unsigned i = 0; i < a->n_planes; i++)
		if (a->planes[i].sizeimage != b->planes[i].sizeimage ||
		    a->planes[i].bytesperline != b->planes[i].bytesperline)
			return false;
	return true;
}

static int replace_buffers(struct decoder *d, struct wc_error *error)
{
	struct stateful *s = &d->s;
	unsigned in_use = port_count_in_use(s->out_port);
	int ret = stateful_free_outputs(&d->s);

	if (ret < 0) {
		error_set(error, WC_OPERATION_ERROR, WC_STAGE_BUFFERS, -ret,
			  "the size changed, and the driver cannot let go of %u frames in use",
			  in_use);
		error_set_device(error, s->device.path);
		return error->name;
	}
	return stateful_make_outputs(s, error);
}

static int send_stop(struct decoder *d, struct wc_error *error)
{
	int ret = device_decoder_command(&d->s.device, V4L2_DEC_CMD_STOP);

	/* EBUSY: this drain is running already, across a change of size. */
	if (ret < 0 && ret != -EBUSY)
		return stateful_error(&d->s, WC_STAGE_JOB, -ret, "drain", error);
	stateful_expect(&d->s, STATEFUL_PATIENCE);
	return 0;
}

static int negotiate_output(struct decoder *d, struct wc_error *error)
{
	int ret = choose_format(d);

	if (ret == 0 && !layout_find(&d->s.out.format, &d->format, &d->color))
		ret = -EPROTONOSUPPORT;
	if (ret == 0)
		ret = find_visible(d);
	if (ret < 0)
		return stateful_error(&d->s, WC_STAGE_FORMAT, -ret,
				      "agree on a format for decoded pictures", error);
	d->s.keep = driver_needs(d);
	claim_set_size(d->s.env.claim, d->format.width, d->format.height);
	return 0;
}

/* dev-decoder.rst, "Capture Setup", step 6: the size alone does not tell. */
static bool can_keep_buffers(const struct decoder *d, const struct queue_format *before)
{
	const struct queue *out = &d->s.out;

	return out->state != QUEUE_EMPTY && out->n_buffers > d->s.keep &&
	       same_size(before, &out->format);
}

/* dev-decoder.rst, "Capture Setup", also for a change of size. 0 or a ::wc_status. */
static int set_up_output(struct decoder *d, struct wc_error *error)
{
	struct stateful *s = &d->s;
	struct queue_format before = s->out.format;
	int ret = queue_stream_off(&s->out);

	if (ret < 0)
		return stateful_error(s, WC_STAGE_JOB, -ret, "stop CAPTURE", error);
	s->out_ended = false;
	ret = negotiate_output(d, error);
	if (ret == 0 && !can_keep_buffers(d, &before))
		ret = replace_buffers(d, error);
	if (ret < 0)
		return ret;
	ret = stateful_queue_first(s, error);
	if (ret == 0)
		ret = stateful_stream_on(s, &s->out, error);
	if (ret < 0)
		return ret;
	d->output = OUTPUT_RUNNING;
	stateful_expect(s, stateful_lacks_room(s) ? STATEFUL_PATIENCE : 0);
	stateful_update_events(s);
	log_info(&s->env.core->log, "%s: %ux%u, %u buffers on CAPTURE", s->device.path,
		 d->visible.width, d->visible.height, s->out.n_buffers);
	return d->input == INPUT_DRAINING ? send_stop(d, error) : 0;
}

static void set_up_or_fail(struct decoder *d)
{
	struct wc_error error;

	if (set_up_output(d, &error) < 0)
		stateful_fail_with(&d->s, &error);
}

static void finish_drain(struct decoder *d)
{
	d->output = OUTPUT_ENDED;
	d->input = INPUT_RUNNING;
	d->fed = false;
	stateful_expect(&d->s, 0);
	d->s.base.sink_ops->drained(d->s.base.sink);
}

/* A driver without the event tells a change of size by the format alone. */
static bool changed_silently(struct decoder *d)
{
	struct queue_format before = d->s.out.format;
	bool changed;

	if (d->has_events || queue_get_format(&d->s.out) < 0)
		return false;
	changed = !same_size(&before, &d->s.out.format);
	d->s.out.format = before;
	return changed;
}

/* How often a stream may say that it ends without any work in between. */
#define MAX_IDLE_ENDS 3

/* Whether nothing happened since the last end. */
static bool is_idle_end(const struct decoder *d)
{
	return d->s.units_out + d->s.units_in - d->s.in.n_queued == d->ended_at;
}

/* An end mark in the stream. A driver that says EPIPE for ever must not keep us busy for ever. */
static int pass_end_mark(struct decoder *d)
{
	int ret;

	d->idle_ends = is_idle_end(d) ? d->idle_ends + 1 : 0;
	d->ended_at = d->s.units_out + d->s.units_in - d->s.in.n_queued;
	ret = d->idle_ends > MAX_IDLE_ENDS ? -EPIPE : stateful_resume(&d->s, false);
	if (ret < 0)
		stateful_fail(&d->s, WC_STAGE_JOB, -ret, "go on after an end mark");
	return ret;
}

/*
 * The end of a drain; or an end mark in the stream, with input behind it that the driver has not
 * read: then it has to go on, and to drain again. An input that it keeps for good ends that.
 */
static void end_drain(struct decoder *d)
{
	struct stateful *s = &d->s;
	unsigned generation = s->generation;
	struct wc_error error;

	stateful_take_back_inputs(s);
	if (s->dead || s->failed || generation != s->generation)
		return;
	if (s->in.n_queued == 0 || is_idle_end(d))
		finish_drain(d);
	else if (pass_end_mark(d) == 0 && send_stop(d, &error) < 0)
		stateful_fail_with(s, &error);
}

/* LAST or EPIPE: the end of a drain, of the frames of one size, or of a stream that says so. */
static void on_last(struct decoder *d)
{
	struct v4l2_event event;

	d->s.out_ended = true;
	/* The event that explains it may still be in the queue. */
	while (d->output == OUTPUT_RUNNING && device_next_event(&d->s.device, &event) == 0)
		if (event.type == V4L2_EVENT_SOURCE_CHANGE)
			d->output = OUTPUT_CHANGING;
	if (d->output == OUTPUT_RUNNING && changed_silently(d))
		d->output = OUTPUT_CHANGING;
	if (d->output == OUTPUT_CHANGING) {
		set_up_or_fail(d);
	} else if (d->input == INPUT_DRAINING) {
		end_drain(d);
	} else if (d->output == OUTPUT_RUNNING) {
		pass_end_mark(d);
	}
}

static void give_frame(struct decoder *d, struct buffer *buffer,
		       const struct frame_format *format, const struct timing *timing)
{
	struct wc_video_frame *frame = video_frame_new(d->s.env.core, buffer, format,
						       &d->visible, timing);

	if (!frame) {
		stateful_fail(&d->s, WC_STAGE_JOB, ENOMEM, "make a frame");
		return;
	}
	frame->color_space = d->color;
	d->s.units_out++;
	d->s.base.sink_ops->frame(d->s.base.sink, frame);
}

static void give_copy(struct decoder *d, unsigned index, const struct timing *timing)
{
	struct frame_format format = d->format;
	struct buffer *copy;

	if (stateful_copy_picture(&d->s, index, &format, &copy) < 0)
		return;
	give_frame(d, copy, &format, timing);
	buffer_unref(copy);
}

/* No picture, but no flaw of the stream either. */
static bool is_dropped(const struct decoder *d, const struct queue_done *done)
{
	return d->s.quirks->empty_error_is_drop && done->bytesused == 0;
}

static void on_output_done(struct stateful *s, const struct queue_done *done)
{
	struct decoder *d = (struct decoder *)s;
	const struct timing *timing = cookies_find(&s->cookies, done->cookie);
	bool last = done->flags & V4L2_BUF_FLAG_LAST;
	unsigned generation = s->generation;

	if ((done->flags & V4L2_BUF_FLAG_ERROR) && !is_dropped(d, done)) {
		queue_release(&s->out, done->index);
		stateful_fail_stream(s, "the device found the stream corrupt");
		return;
	}
	if (done->bytesused == 0 || !timing) {
		if (done->bytesused)
			log_warning(&s->env.core->log, "%s: a frame without our time was dropped",
				    s->device.path);
		if (last)
			queue_release(&s->out, done->index);
		else
			stateful_requeue_output(s, done->index);
	} else if (stateful_can_lend(s)) {
		give_frame(d, port_buffer(s->out_port, done->index), &d->format, timing);
	} else {
		give_copy(d, done->index, timing);
	}
	if (last && !s->dead && !s->failed && generation == s->generation)
		on_last(d);
}

static void on_output_ended(struct stateful *s)
{
	on_last((struct decoder *)s);
}

static void on_source_changed(struct stateful *s, uint32_t changes)
{
	struct decoder *d = (struct decoder *)s;

	if (!(changes & V4L2_EVENT_SRC_CH_RESOLUTION))
		return;
	switch (d->output) {
	case OUTPUT_WAITING:
	case OUTPUT_ENDED:
		set_up_or_fail(d);
		break;
	case OUTPUT_RUNNING:
		d->output = OUTPUT_CHANGING;
		stateful_expect(s, STATEFUL_PATIENCE);
		break;
	case OUTPUT_CHANGING:
		break;
	}
}

static uint64_t inputs_done(const struct decoder *d)
{
	return d->s.units_in - d->s.in.n_queued;
}

static bool progressed(struct decoder *d)
{
	return stateful_progressed(&d->s, inputs_done(d));
}

static void on_silent_drain(struct decoder *d)
{
	if (progressed(d) || (d->s.in.n_queued && d->s.stalls < STATEFUL_MAX_STALLS)) {
		stateful_expect(&d->s, STATEFUL_PATIENCE);
	} else if (d->s.in.n_queued) {
		stateful_fail(&d->s, WC_STAGE_JOB, ETIMEDOUT, "drain: the device does not answer");
	} else if (d->s.units_out == 0) {
		stateful_fail_stream(&d->s, "the device made no frame of the stream");
	} else {
		log_warning(&d->s.env.core->log,
			    "%s: the drain ended without a mark; all input was consumed",
			    d->s.device.path);
		finish_drain(d);
	}
}

/*
 * No SOURCE_CHANGE. A driver that does not send it knows the format by now; one that sends it and
 * has none yet may have been given too little, or is loading its firmware.
 */
static void on_no_header(struct decoder *d)
{
	struct stateful *s = &d->s;
	int ret = queue_get_format(&s->out);

	if ((ret == -EINVAL || ret == -EAGAIN || ret == -EACCES) &&
	    ++s->stalls < STATEFUL_MAX_STALLS) {
		stateful_expect(s, STATEFUL_PATIENCE);
		return;
	}
	log_info(&s->env.core->log, "%s: no SOURCE_CHANGE, going on without", s->device.path);
	set_up_or_fail(d);
}

static void on_timed_out(struct stateful *s)
{
	struct decoder *d = (struct decoder *)s;

	switch (d->output) {
	case OUTPUT_WAITING:
		on_no_header(d);
		break;
	case OUTPUT_CHANGING:
		if (progressed(d))
			stateful_expect(s, STATEFUL_PATIENCE);
		else
			set_up_or_fail(d);
		break;
	case OUTPUT_RUNNING:
		if (d->input == INPUT_DRAINING)
			on_silent_drain(d);
		else if (stateful_lacks_room(s))
			stateful_on_no_room(s, inputs_done(d));
		break;
	case OUTPUT_ENDED:
		break;
	}
}

/* ---- the input side -------------------------------------------------------------------------- */

static int start_input(struct decoder *d, struct wc_error *error)
{
	int ret = stateful_stream_on(&d->s, &d->s.in, error);

	if (ret < 0)
		return ret;
	d->input = INPUT_RUNNING;
	/* After a reset the format is known, and a driver need not tell it again. */
	if (d->s.out.state != QUEUE_EMPTY)
		return set_up_output(d, error);
	d->output = OUTPUT_WAITING;
	return 0;
}

static int prepare_input(struct decoder *d, struct wc_error *error)
{
	int ret;

	if (d->input == INPUT_STOPPED)
		return start_input(d, error);
	if (d->output != OUTPUT_ENDED)
		return 0;
	ret = stateful_resume(&d->s, false);
	if (ret < 0)
		return stateful_error(&d->s, WC_STAGE_JOB, -ret, "go on after a drain", error);
	d->output = OUTPUT_RUNNING;
	return 0;
}

/* Put the chunk into an input buffer, unless it is one. The index or a negative errno. */
static int place_chunk(struct decoder *d, const struct wc_encoded_video_chunk *chunk,
		       const struct packaging_plan *plan)
{
	const uint8_t *data = chunk->buffer->objects[0].map + chunk->offset;
	int index = port_index(d->s.in_port, chunk->buffer);
	uint8_t *to;

	if (plan->action == PACKAGING_KEEP && index >= 0 && chunk->offset == 0 &&
	    d->s.in.slots[index] == SLOT_HELD)
		return index;
	index = stateful_find_input(&d->s, plan->size);
	if (index < 0)
		return index;
	to = port_buffer(d->s.in_port, (unsigned)index)->objects[0].map;
	if (plan->action == PACKAGING_KEEP)
		memcpy(to, data, plan->size);
	else
		packaging_decoder_copy(&d->packaging, plan, data, chunk->size, to);
	d->s.in.slots[index] = SLOT_HELD;
	d->s.bytes_copied += plan->size;
	counter_add(&d->s.env.core->counters.bytes_copied, plan->size);
	return index;
}

static int chunk_error(struct decoder *d, int ret, size_t size, struct wc_error *error)
{
	if (ret == -EDQUOT || ret == -EMFILE || ret == -ENFILE)
		port_refused(d->s.in_port, -ret, error);
	else if (ret == -EBADMSG)
		error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, 0,
			  "the chunk is not what the decoder configuration record promises");
	else
		error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, -ret,
			  "a chunk of %zu bytes is larger than the device's input buffers of %u, "
			  "and it gives no larger ones", size, d->s.in.lengths[0]);
	error_set_device(error, d->s.device.path);
	return error->name;
}

static int take_input(struct decoder *d, const struct session_input *input,
		      struct wc_error *error)
{
	struct wc_encoded_video_chunk *chunk = input->chunk;
	struct packaging_plan plan;
	int index, ret;

	if (stateful_has_failed(&d->s, error))
		return error->name;
	if (chunk->size == 0) {
		error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, 0, "the chunk is empty");
		return error->name;
	}
	ret = packaging_decoder_plan(&d->packaging, chunk->buffer->objects[0].map + chunk->offset,
				     chunk->size, chunk->type == WC_CHUNK_KEY, &plan);
	if (ret < 0)
		return chunk_error(d, ret, chunk->size, error);
	ret = prepare_input(d, error);
	if (ret < 0)
		return ret;
	index = place_chunk(d, chunk, &plan);
	if (index == -EAGAIN)
		return stateful_no_room(&d->s);
	if (index < 0)
		return chunk_error(d, index, plan.size, error);
	ret = stateful_enqueue_input(&d->s, (unsigned)index, plan.size, &chunk->timing, error);
	if (ret < 0)
		return ret;
	d->fed = true;
	if (d->output == OUTPUT_WAITING && d->s.stalls == 0)
		stateful_expect(&d->s, HEADER_PATIENCE);
	return 0;
}

static int begin_drain(struct decoder *d, struct wc_error *error)
{
	if (stateful_has_failed(&d->s, error))
		return error->name;
	if (!d->fed) {
		stateful_drained_later(&d->s);
		return 0;
	}
	d->input = INPUT_DRAINING;
	d->s.stalls = 0;
	/* Before RUNNING the command would have no effect: it is sent once buffers are there. */
	return d->output == OUTPUT_RUNNING ? send_stop(d, error) : 0;
}

static int drop_work(struct decoder *d, struct wc_error *error)
{
	struct v4l2_event event;
	int ret = stateful_drop_work(&d->s, error);

	if (ret < 0)
		return ret;
	d->input = INPUT_STOPPED;
	d->output = OUTPUT_WAITING;
	d->fed = false;
	d->s.stalls = 0;
	/* STREAMOFF does not clear events: these tell of the stream that was dropped. */
	while (device_next_event(&d->s.device, &event) == 0)
		;
	return 0;
}

/* The calls of session.h: one that fails is the end of the session. */
static int decoder_submit(struct session *session, const struct session_input *input,
			  struct wc_error *error)
{
	struct decoder *d = decoder(session);
	int ret = take_input(d, input, error);

	return ret < 0 ? stateful_fail_call(&d->s, error) : ret;
}

static int decoder_drain(struct session *session, struct wc_error *error)
{
	struct decoder *d = decoder(session);

	return begin_drain(d, error) < 0 ? stateful_fail_call(&d->s, error) : 0;
}

static int decoder_reset(struct session *session, struct wc_error *error)
{
	struct decoder *d = decoder(session);

	return drop_work(d, error) < 0 ? stateful_fail_call(&d->s, error) : 0;
}

static struct buffer *decoder_alloc_input(struct session *session, size_t capacity)
{
	struct decoder *d = decoder(session);
	int index;

	/* What the caller keeps must not make the queue grow; a submit may. */
	if (d->s.failed || stateful_is_full(&d->s))
		return NULL;
	index = stateful_find_input(&d->s, capacity);
	if (index < 0)
		return NULL;
	d->s.in.slots[index] = SLOT_HELD;
	return buffer_pin(port_buffer(d->s.in_port, (unsigned)index));
}

/* ---- life ------------------------------------------------------------------------------------ */

static void decoder_free(struct stateful *s)
{
	packaging_decoder_finish(&((struct decoder *)s)->packaging);
}

static const struct stateful_ops decoder_ops = {
	.output_done = on_output_done,
	.output_ended = on_output_ended,
	.source_changed = on_source_changed,
	.timed_out = on_timed_out,
	.free = decoder_free,
};

static const struct session_ops session_ops = {
	.submit = decoder_submit,
	.drain = decoder_drain,
	.reset = decoder_reset,
	.alloc_input = decoder_alloc_input,
	.saturated = stateful_saturated,
	.throttle = stateful_throttle,
	.rest = stateful_rest,
	.describe = stateful_describe,
	.destroy = stateful_destroy,
};

static int set_up_input(struct decoder *d, const struct decoder_params *params,
			struct wc_error *error)
{
	const struct quirks *quirks = d->s.quirks;
	const struct coded_format *coded = coded_format_stateful(params->codec.codec);
	struct queue_format format = {
		.fourcc = coded ? coded->v4l2 : 0,
		.width = quirks->probe_width ? quirks->probe_width : params->coded_width,
		.height = quirks->probe_height ? quirks->probe_height : params->coded_height,
		.n_planes = 1,
		/* Some drivers demand it: s5p-mfc refuses 0. Larger chunks grow the buffers. */
		.planes[0].sizeimage = stateful_coded_size(params->coded_width,
							   params->coded_height),
	};
	int ret = coded ? queue_set_format(&d->s.in, &format) : -EPROTONOSUPPORT;

	/* S_FMT does not refuse a format, it takes another: then the device does not have ours. */
	if (ret == 0 && d->s.in.format.fourcc != format.fourcc)
		ret = -EPROTONOSUPPORT;
	if (ret < 0)
		return stateful_error(&d->s, WC_STAGE_FORMAT, -ret, "set the coded format", error);
	ret = device_subscribe(&d->s.device, V4L2_EVENT_SOURCE_CHANGE);
	if (ret < 0 && !is_no_control(ret))
		return stateful_error(&d->s, WC_STAGE_FORMAT, -ret, "subscribe to events", error);
	d->has_events = ret == 0;
	ret = stateful_allocate_inputs(&d->s, true, error);
	return ret < 0 ? ret : start_input(d, error);
}

static int init_packaging(struct decoder *d, const struct decoder_params *params,
			  struct wc_error *error)
{
	int ret = packaging_decoder_init(&d->packaging, params->codec.codec, params->description,
					 params->description_size);

	if (ret == -EINVAL)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "the description is no decoder configuration record");
	if (ret < 0)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, -ret, "no memory");
	return 0;
}

int stateful_decoder_new(const struct session_env *env, const struct v4l2_device_info *device,
			 const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	struct decoder *d = calloc(1, sizeof *d);
	int ret;

	*session = NULL;
	if (!d)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM, "no memory");
	d->s.base = (struct session) { &session_ops, sink_ops, sink };
	d->wished = params->fourcc;
	d->s.use = WC_MEMORY_FOR_CODEC | WC_MEMORY_FOR_CPU;
	d->wished_modifier = params->modifier;
	ret = init_packaging(d, params, error);
	if (ret < 0) {
		free(d);
		return ret;
	}
	claim_set_load(env->claim, &(struct rate_load) { params->coded_width,
							 params->coded_height, 0 });
	ret = stateful_open(&d->s, &decoder_ops, env, device, WC_DEVICE_ROLE_DECODER,
			    video_codec_name(params->codec.codec), error);
	if (ret == 0)
		ret = set_up_input(d, params, error);
	if (ret == 0)
		stateful_update_events(&d->s);
	if (ret == 0 && d->s.failed) {
		*error = d->s.error;
		ret = error->name;
	}
	if (ret < 0) {
		stateful_abandon(&d->s);
		return ret;
	}
	*session = &d->s.base;
	return 0;
}
