/* SPDX-License-Identifier: MIT */
/*
 * The converter on a V4L2 memory-to-memory device with raw formats on both sides: each picture of
 * OUTPUT becomes one of CAPTURE, in order. There is no protocol for drains, so what is on its way
 * is counted.
 *
 *            submit                  drain
 *     READY --------> RUNNING ----------------> DRAINING
 *       ^              |   ^                       |
 *       |              |   +-----------------------+  all is out
 *       |              |
 *       |              |  a frame needs the input side otherwise
 *       |              v
 *       +---------- CHANGING ----> DRAINING
 *        submit, when         drain
 *        all is out
 *
 * reset leads from everywhere to READY, in which both queues are stopped. A drain with nothing on
 * its way changes nothing.
 *
 * As in the encoder, the input side has buffers of its own, into which visible parts are copied, or
 * it reads DMA-BUFs of somebody else's, and a change takes both queues stopped. Here it takes the
 * format of OUTPUT as well: to read a frame in place the device must know how it lies, with which
 * part of it visible; into its own buffers goes the visible part alone.
 *
 * Everything is asked for when the session is made, so that what the device cannot is known at
 * once. V4L2 adjusts rather than refuses: an answer that is not what was asked for is a refusal.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "frame/color_space.h"
#include "frame/fence.h"
#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "frame/video_frame_init.h"
#include "session/layout.h"
#include "session/stateful.h"
#include "session/stateful_picture.h"
#include "util/error.h"
#include "v4l2/format.h"

/* Output buffers that the driver keeps: one to write, one to go on with. */
#define KEEP_OUTPUTS 2

enum converter_state {
	CONVERTER_READY,
	CONVERTER_RUNNING,
	CONVERTER_CHANGING,
	CONVERTER_DRAINING,
};

/* What OUTPUT is told of the pictures that it reads. */
struct geometry {
	uint32_t width, height, stride;    /* of the whole; stride in bytes, 0: any */
	bool separate;                     /* one memory plane for each plane */
	struct wc_rect part;               /* that counts */
};

struct converter {
	struct stateful s;
	struct converter_params params;
	enum converter_state state;
	unsigned in_flight;                /* sources whose results have not come */
	struct wc_rect part;               /* of sources, that the device reads */
	struct frame_format source, result;   /* how they lie in buffers */
	struct importing importing;
	struct frame_format refused;       /* the last layout that it could not read in place */
	struct wc_rect refused_part;
	bool told_plain;                   /* that a result for displays is in plain memory */
};

static struct converter *converter(struct session *session)
{
	return (struct converter *)session;
}

/* ---- what is asked for ----------------------------------------------------------------------- */

/* NotSupportedError: the device cannot. */
__attribute__((format(printf, 3, 4)))
static int refuse(struct converter *c, struct wc_error *error, const char *format, ...)
{
	char reason[192];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0, "%s", reason);
	error_set_device(error, c->s.device.path);
	return error->name;
}

static int format_error(struct converter *c, int ret, const char *what, struct wc_error *error)
{
	return stateful_error(&c->s, WC_STAGE_FORMAT, -ret, what, error);
}

/* Nodes that look like converters and are not: they make of each picture, or field, another. */
static bool is_deinterlacer(const struct converter *c)
{
	/* raspberrypi/linux 00d3b7dc bcm2835-v4l2-codec.c: its role DEINTERLACE. */
	return strcmp(c->s.device.driver, "bcm2835-codec") == 0 &&
	       strstr(c->s.card, "image_fx") != NULL;
}

/* Turns and mirrors as controls have them. */
struct turn_controls {
	bool mirror, mirror_vertically;
	int rotate;
};

/*
 * Half a turn is two mirrors, which all drivers mean alike. The kernel does not define whether a
 * picture is turned or mirrored first (control.rst), which makes a difference for quarter turns.
 */
static int plan_turn(struct converter *c, struct turn_controls *turn, struct wc_error *error)
{
	const struct converter_params *p = &c->params;
	struct v4l2_device *device = &c->s.device;
	bool half = p->rotation == 180;

	*turn = (struct turn_controls) { p->flip != half, half, 0 };
	if (p->rotation % 180 != 0) {
		if (p->flip)
			return refuse(c, error, "a quarter turn with a mirror is not defined for "
				      "drivers");
		*turn = (struct turn_controls) { false, false, p->rotation };
	} else if (half && !(device_has_control(device, V4L2_CID_VFLIP) &&
			     (p->flip || device_has_control(device, V4L2_CID_HFLIP)))) {
		*turn = (struct turn_controls) { p->flip, false, 180 };
	}
	return 0;
}

/* A control that the device lacks is as good as one at 0. */
static int set_control(struct converter *c, uint32_t id, int value, const char *what,
		       struct wc_error *error)
{
	int32_t got = 0;
	int ret = device_set_control(&c->s.device, id, value);

	if (ret == 0)
		ret = device_get_control(&c->s.device, id, &got);
	else if (is_no_control(ret))
		ret = 0;
	if (ret < 0)
		return format_error(c, ret, what, error);
	if (got != value)
		return refuse(c, error, "the device cannot %s", what);
	return 0;
}

/* Before formats: quarter turns swap width and height. */
static int set_turn(struct converter *c, struct wc_error *error)
{
	struct turn_controls turn;
	int ret = plan_turn(c, &turn, error);

	if (ret == 0)
		ret = set_control(c, V4L2_CID_HFLIP, turn.mirror, "mirror pictures", error);
	if (ret == 0)
		ret = set_control(c, V4L2_CID_VFLIP, turn.mirror_vertically,
				  "mirror pictures vertically", error);
	if (ret == 0)
		ret = set_control(c, V4L2_CID_ROTATE, turn.rotate, "turn pictures", error);
	return ret;
}

/*
 * Let a queue read or write only part of its pictures. 0, also when the device has no rectangle and
 * part is the whole; -ERANGE when it cannot be done exactly; another negative errno.
 */
static int select_part(struct converter *c, const struct queue *queue, uint32_t target,
		       const struct wc_rect *part)
{
	const struct queue_format *format = &queue->format;
	struct v4l2_rect want = { (int32_t)part->x, (int32_t)part->y, part->width, part->height };
	struct v4l2_rect got = { 0, 0, format->width, format->height };
	int ret = device_set_selection(&c->s.device, queue->type, target, &want);

	if (ret == 0)
		ret = device_get_selection(&c->s.device, queue->type, target, &got);
	if (ret < 0 && !is_no_rectangle(ret) && ret != -ERANGE)
		return ret;
	return got.left == want.left && got.top == want.top && got.width == want.width &&
	       got.height == want.height ? 0 : -ERANGE;
}

static void name_fourcc(uint32_t fourcc, char text[5])
{
	for (unsigned i = 0; i < 4; i++)
		text[i] = (char)(fourcc >> (8 * i));
	text[4] = '\0';
}

/* The queue's name of a DRM format; 0: it has none. */
static uint32_t find_format(struct queue *queue, uint32_t fourcc, bool separate)
{
	uint32_t candidates[2] = {
		raw_format_from_drm(fourcc, separate), raw_format_from_drm(fourcc, !separate),
	};
	uint32_t found;

	for (unsigned i = 0; i < 2; i++)
		if (candidates[i] && queue_has_format(queue, candidates[i]))
			return candidates[i];
	/* Of those with two names in V4L2 it may have the other. */
	for (uint32_t i = 0; (found = queue_enum_format(queue, i)); i++)
		if (raw_format_to_drm(found) == fourcc)
			return found;
	return 0;
}

/* What sources are taken for that do not say: V4L2 would leave that to the driver. */
static struct wc_video_color_space source_colors(const struct converter_format *source)
{
	struct wc_video_color_space color = source->color_space;
	struct wc_video_color_space usual = color_space_default(source->fourcc);

	if (color_space_is_null(&color))
		return usual;
	if (!color.matrix)
		color.matrix = usual.matrix;
	if (!color.range)
		color.range = usual.range;
	return color;
}

/* S_FMT of one side, with the answer in the queue's format. */
static int set_format(struct converter *c, struct queue *queue, const struct geometry *g,
		      const struct converter_format *wanted, struct wc_error *error)
{
	bool source = queue == &c->s.in;
	struct wc_video_color_space color = source ? source_colors(wanted) : wanted->color_space;
	struct queue_format format = {
		.fourcc = find_format(queue, wanted->fourcc, g->separate),
		.width = g->width,
		.height = g->height,
		.n_planes = 1,
		.planes[0].bytesperline = g->stride,
		.color = color_to_v4l2(&color),
	};
	char name[5];
	int ret;

	name_fourcc(wanted->fourcc, name);
	if (!format.fourcc)
		return refuse(c, error, "the device does not %s %s", source ? "read" : "make",
			      name);
	ret = queue_set_format(queue, &format);
	if (ret < 0)
		return format_error(c, ret, source ? "set the format of sources"
						   : "set the format of results", error);
	/* S_FMT takes another format rather than refuse; deinterlacers take another field order. */
	if (queue->format.fourcc != format.fourcc || queue->format.field != V4L2_FIELD_NONE)
		return refuse(c, error, "the device does not %s %s as it is now",
			      source ? "read" : "make", name);
	return 0;
}

/* ---- the input side -------------------------------------------------------------------------- */

static int set_source(struct converter *c, const struct geometry *g, struct wc_error *error)
{
	struct queue *in = &c->s.in;
	struct wc_video_color_space color;
	int ret = set_format(c, in, g, &c->params.source, error);

	if (ret < 0)
		return ret;
	if (in->format.width < g->part.x + g->part.width ||
	    in->format.height < g->part.y + g->part.height)
		return refuse(c, error, "the device reads no pictures of %ux%u, but of %ux%u",
			      g->width, g->height, in->format.width, in->format.height);
	ret = select_part(c, in, V4L2_SEL_TGT_CROP, &g->part);
	if (ret == -ERANGE)
		return refuse(c, error, "the device cannot read %ux%u at %u,%u of pictures of "
			      "%ux%u", g->part.width, g->part.height, g->part.x, g->part.y,
			      in->format.width, in->format.height);
	if (ret < 0)
		return format_error(c, ret, "choose the part that is read", error);
	if (!layout_find(&in->format, &c->source, &color))
		return refuse(c, error, "the layout of the device's sources is not known");
	c->part = g->part;
	return 0;
}

/* For buffers of its own, with the visible part alone. */
static int set_own_source(struct converter *c, struct wc_error *error)
{
	struct geometry g = {
		.width = c->params.source.width,
		.height = c->params.source.height,
		.part = { 0, 0, c->params.source.width, c->params.source.height },
	};

	return set_source(c, &g, error);
}

/* Rows from the start of a frame's first plane to its next one; without one its height. */
static uint32_t whole_height(const struct wc_video_frame *frame)
{
	const struct frame_format *f = &frame->format;
	size_t stride = f->planes[0].stride;

	if (f->n_planes < 2 || f->planes[1].object != f->planes[0].object || !stride ||
	    f->planes[1].offset % stride || f->planes[1].offset / stride < f->height)
		return f->height;
	return (uint32_t)(f->planes[1].offset / stride);
}

/*
 * In which ways a frame may be told to the device, the n-th: false after the last. As it lies if
 * only the visible part is there; with that part of the whole; or, for drivers that know no strides
 * (rockchip rga, for one), as a whole that is as wide as the rows are long.
 */
static bool find_geometry(const struct wc_video_frame *frame, unsigned n, struct geometry *g)
{
	const struct frame_format *f = &frame->format;
	unsigned bytes = frame_format_sample_bytes(f);

	*g = (struct geometry) {
		.width = n == 0 ? frame->visible.width : f->width,
		.height = n == 0 ? frame->visible.height : whole_height(frame),
		.stride = (uint32_t)f->planes[0].stride,
		.separate = f->n_planes > 1 && f->planes[1].object != f->planes[0].object,
		.part = frame->visible,
	};
	if (n == 2 && bytes)
		g->width = g->stride / bytes;
	return n < 3;
}

/* Make the device read frames as this one lies. 0 or a ::wc_status. */
static int set_source_of(struct converter *c, const struct wc_video_frame *frame,
			 struct wc_error *error)
{
	struct import_source source;
	struct geometry g;
	int ret = WC_NOT_SUPPORTED_ERROR;

	for (unsigned n = 0; ret == WC_NOT_SUPPORTED_ERROR && find_geometry(frame, n, &g); n++) {
		ret = set_source(c, &g, error);
		if (ret == 0 && !import_fits(&c->s.in.format, &c->source, &c->part, frame, &source,
					     c->importing.reason))
			ret = refuse(c, error, "%s", c->importing.reason);
	}
	return ret;
}

/* Results must stay what they are when sources change. */
static int check_result(struct converter *c, const struct queue_format *before,
			struct wc_error *error)
{
	const struct queue_format *now = &c->s.out.format;
	int ret = queue_get_format(&c->s.out);

	if (ret < 0)
		return format_error(c, ret, "read the format of results back", error);
	if (now->fourcc == before->fourcc && now->width == before->width &&
	    now->height == before->height &&
	    now->planes[0].bytesperline == before->planes[0].bytesperline)
		return 0;
	c->s.out.format = *before;
	return refuse(c, error, "results change with the layout of sources");
}

static void note_refusal(struct converter *c, const struct wc_video_frame *frame,
			 const char *reason)
{
	c->refused = frame->format;
	c->refused_part = frame->visible;
	snprintf(c->importing.reason, IMPORT_REASON, "%.*s", IMPORT_REASON - 1, reason);
	log_info(&c->s.env.core->log, "%s: frames are not read in place: %s", c->s.device.path,
		 c->importing.reason);
}

/* -EOPNOTSUPP: frames are copied instead; or a ::wc_status. */
static int imports_failed(struct converter *c, int ret, enum wc_stage stage,
			  struct wc_error *error)
{
	ret = stateful_imports_failed(&c->s, &c->importing, c->params.copy, ret, stage, error);
	return ret < 0 ? ret : -EOPNOTSUPP;
}

/*
 * The input side has no buffers. 0; -EOPNOTSUPP: not now, or never; or a ::wc_status:
 * NotSupportedError, not for frames that lie like this one.
 */
static int make_imports(struct converter *c, const struct wc_video_frame *frame,
			struct wc_error *error)
{
	struct queue_format before = c->s.out.format;
	int ret = set_source_of(c, frame, error);

	if (ret == 0)
		ret = check_result(c, &before, error);
	if (ret < 0)
		return ret;
	ret = stateful_allocate_imports(&c->s);
	return ret < 0 ? imports_failed(c, ret, WC_STAGE_JOB, error) : 0;
}

static int make_own(struct converter *c, struct wc_error *error)
{
	struct queue_format before = c->s.out.format;
	int ret = set_own_source(c, error);

	if (ret == 0)
		ret = check_result(c, &before, error);
	return ret < 0 ? ret : stateful_allocate_inputs(&c->s, true, error);
}

/* ---- the output side ------------------------------------------------------------------------- */

/* Linux has one number for these two. */
static bool same_matrix(enum wc_color_matrix a, enum wc_color_matrix b)
{
	bool a_601 = a == WC_MATRIX_SMPTE170M || a == WC_MATRIX_BT470BG;
	bool b_601 = b == WC_MATRIX_SMPTE170M || b == WC_MATRIX_BT470BG;

	return a == b || (a_601 && b_601);
}

/* What conversions change. What somebody did not say contradicts nothing. */
static bool colors_agree(const struct wc_video_color_space *a, const struct wc_video_color_space *b)
{
	if (a->matrix && b->matrix && !same_matrix(a->matrix, b->matrix))
		return false;
	return !a->range || !b->range || a->range == b->range;
}

static int set_result(struct converter *c, struct wc_error *error)
{
	const struct converter_format *wanted = &c->params.result;
	struct wc_rect part = { 0, 0, wanted->width, wanted->height };
	struct geometry g = { .width = wanted->width, .height = wanted->height };
	struct queue *out = &c->s.out;
	struct wc_video_color_space color;
	int ret = set_format(c, out, &g, wanted, error);

	if (ret == 0)
		ret = select_part(c, out, V4L2_SEL_TGT_COMPOSE, &part);
	else
		return ret;
	if (ret == -ERANGE)
		return refuse(c, error, "the device makes no pictures of %ux%u of that, but of "
			      "%ux%u", part.width, part.height, out->format.width,
			      out->format.height);
	if (ret < 0)
		return format_error(c, ret, "choose the size of results", error);
	if (!layout_find(&out->format, &c->result, &color))
		return refuse(c, error, "the layout of the device's results is not known");
	if (!colors_agree(&wanted->color_space, &color))
		return refuse(c, error, "the device makes pictures of another colour space");
	return 0;
}

static void give(struct converter *c, struct wc_video_frame *frame)
{
	frame->color_space = c->params.result.color_space;
	c->s.units_out++;
	c->s.base.sink_ops->frame(c->s.base.sink, frame);
}

static void give_frame(struct converter *c, struct buffer *buffer,
		       const struct frame_format *format, const struct timing *timing)
{
	struct wc_rect visible = { 0, 0, c->params.result.width, c->params.result.height };
	struct wc_video_frame *frame = video_frame_new(c->s.env.core, buffer, format, &visible,
						       timing);

	if (frame)
		give(c, frame);
	else
		stateful_fail(&c->s, WC_STAGE_JOB, ENOMEM, "make a frame");
}

/* In memory that somebody else still reads nothing is written, and the loop waits for nobody. */
static int fill_copy(struct converter *c, unsigned index, struct wc_video_frame *copy)
{
	struct fence_report report;
	int ret = fence_look(copy->buffer, WC_MAP_WRITE, &report);

	if (ret)
		return ret < 0 ? ret : -EBUSY;
	return stateful_copy_into(&c->s, index, &c->result, copy);
}

/* A copy in such memory as frames for displays have. NULL: there is none, *reason says why. */
static struct wc_video_frame *copy_for_display(struct converter *c, unsigned index,
					       const struct timing *timing, struct wc_error *reason)
{
	const struct converter_format *result = &c->params.result;
	struct wc_video_frame *copy;
	int ret = video_frame_new_in(c->s.env.core, c->s.env.memory, c->s.use, result->fourcc,
				     result->width, result->height, timing, &copy, reason);

	if (ret < 0)
		return NULL;
	ret = fill_copy(c, index, copy);
	if (ret == 0)
		return copy;
	error_set(reason, WC_OPERATION_ERROR, WC_STAGE_JOB, -ret, "cannot write it: %s",
		  strerror(-ret));
	wc_video_frame_unref(copy);
	return NULL;
}

/* False: nothing happened. */
static bool give_display_copy(struct converter *c, unsigned index, const struct timing *timing)
{
	struct wc_error reason;
	struct wc_video_frame *copy;

	if (!(c->s.use & WC_MEMORY_FOR_DISPLAY) || !c->s.env.memory)
		return false;
	copy = copy_for_display(c, index, timing, &reason);
	if (copy) {
		stateful_requeue_output(&c->s, index);
		give(c, copy);
		return true;
	}
	if (!c->told_plain)
		log_warning(&c->s.env.core->log,
			    "%s: no memory for displays for a copy (%s): it is in plain memory",
			    c->s.device.path, reason.message);
	c->told_plain = true;
	return false;
}

static void give_copy(struct converter *c, unsigned index, const struct timing *timing)
{
	struct frame_format format = c->result;
	struct buffer *copy;

	if (give_display_copy(c, index, timing) ||
	    stateful_copy_picture(&c->s, index, &format, &copy) < 0)
		return;
	give_frame(c, copy, &format, timing);
	buffer_unref(copy);
}

/* All that was submitted is out. */
static void on_all_out(struct converter *c)
{
	enum converter_state before = c->state;

	if (before != CONVERTER_DRAINING && before != CONVERTER_CHANGING)
		return;
	stateful_expect(&c->s, 0);
	if (before == CONVERTER_CHANGING) {
		stateful_tell_ready(&c->s);
		return;
	}
	c->state = CONVERTER_RUNNING;
	c->importing.settled = false;
	c->s.base.sink_ops->drained(c->s.base.sink);
}

static void on_output_done(struct stateful *s, const struct queue_done *done)
{
	struct converter *c = (struct converter *)s;
	const struct timing *timing = cookies_find(&s->cookies, done->cookie);
	unsigned generation = s->generation;

	if (done->flags & V4L2_BUF_FLAG_ERROR) {
		queue_release(&s->out, done->index);
		stateful_fail_stream(s, "the device could not convert a picture");
		return;
	}
	if (c->in_flight)
		c->in_flight--;
	if (!timing) {
		log_warning(&s->env.core->log, "%s: a picture without our time was dropped",
			    s->device.path);
		stateful_requeue_output(s, done->index);
	} else if (stateful_can_lend(s)) {
		give_frame(c, port_buffer(s->out_port, done->index), &c->result, timing);
	} else {
		give_copy(c, done->index, timing);
	}
	if (!s->dead && !s->failed && generation == s->generation && !c->in_flight)
		on_all_out(c);
}

/* Not of converters; a driver that says so does not go on. */
static void on_output_ended(struct stateful *s)
{
	stateful_fail(s, WC_STAGE_JOB, EPIPE, "go on: the device ended the stream");
}

static void on_source_changed(struct stateful *s, uint32_t changes)
{
	/* Never subscribed. */
	(void)s;
	(void)changes;
}

static void on_timed_out(struct stateful *s)
{
	struct converter *c = (struct converter *)s;

	switch (c->state) {
	case CONVERTER_DRAINING:
	case CONVERTER_CHANGING:
		if (c->in_flight)
			stateful_on_no_room(s, s->units_in - s->in.n_queued);
		break;
	case CONVERTER_RUNNING:
		if (stateful_lacks_room(s))
			stateful_on_no_room(s, s->units_in - s->in.n_queued);
		break;
	case CONVERTER_READY:
		break;
	}
}

/* ---- input ----------------------------------------------------------------------------------- */

enum place {
	PLACE_IMPORT,                      /* read where it is */
	PLACE_COPY,                        /* copied into a buffer of the input side */
};

static bool same_layout(const struct frame_format *a, const struct frame_format *b)
{
	if (a->n_planes != b->n_planes || a->width != b->width || a->height != b->height)
		return false;
	for (unsigned i = 0; i < a->n_planes; i++)
		if (a->planes[i].object != b->planes[i].object ||
		    a->planes[i].offset != b->planes[i].offset ||
		    a->planes[i].stride != b->planes[i].stride)
			return false;
	return true;
}

static bool was_refused(const struct converter *c, const struct wc_video_frame *frame)
{
	const struct wc_rect *a = &c->refused_part, *b = &frame->visible;

	return c->importing.refused ||
	       (same_layout(&c->refused, &frame->format) && a->x == b->x && a->y == b->y &&
		a->width == b->width && a->height == b->height);
}

/* What is not in place for another reason than its layout. Fills the reason. */
static bool may_import(struct converter *c, const struct wc_video_frame *frame)
{
	bool may_copy = c->params.copy != WC_COPY_NEVER;

	if (!buffer_is_dma_buf(frame->buffer)) {
		snprintf(c->importing.reason, IMPORT_REASON, "its memory is no DMA-BUF");
		return false;
	}
	if (!c->importing.settled || !may_copy)
		return true;
	snprintf(c->importing.reason, IMPORT_REASON, "frames of other memory are in the stream");
	return false;
}

/* 0, or a ::wc_status when the frame would have to be copied and must not be. */
static int choose_place(struct converter *c, const struct wc_video_frame *frame,
			enum place *place, struct wc_error *error)
{
	*place = was_refused(c, frame) || !may_import(c, frame) ? PLACE_COPY : PLACE_IMPORT;
	if (*place == PLACE_COPY && c->params.copy == WC_COPY_NEVER)
		return refuse(c, error, "the device cannot read the frame in place: %s",
			      c->importing.reason);
	return 0;
}

/* Whether a frame can be submitted as things are. *source is filled for imports. */
static bool is_ready_for(struct converter *c, enum place place, const struct wc_video_frame *frame,
			 struct import_source *source)
{
	if (place == PLACE_COPY)
		return c->s.in_port != NULL;
	return c->s.imports && import_fits(&c->s.in.format, &c->source, &c->part, frame, source,
					   c->importing.reason);
}

/*
 * Both queues are stopped: give the input side what the place needs. 0; -EOPNOTSUPP: that is no
 * place for the frame; or a ::wc_status.
 */
static int change_inputs(struct converter *c, enum place place, const struct wc_video_frame *frame,
			 struct wc_error *error)
{
	int ret = stateful_free_inputs(&c->s);

	if (ret < 0)
		return stateful_error(&c->s, WC_STAGE_JOB, -ret, "give buffers back", error);
	if (place == PLACE_COPY)
		return make_own(c, error);
	ret = make_imports(c, frame, error);
	if (ret != WC_NOT_SUPPORTED_ERROR)
		return ret;
	note_refusal(c, frame, error->message);
	return -EOPNOTSUPP;
}

static int start(struct converter *c, struct wc_error *error)
{
	int ret = stateful_queue_first(&c->s, error);

	if (ret == 0)
		ret = stateful_stream_on(&c->s, &c->s.out, error);
	if (ret == 0)
		ret = stateful_start_inputs(&c->s, &c->importing, error);
	if (ret < 0)
		return ret;
	c->state = CONVERTER_RUNNING;
	stateful_update_events(&c->s);
	return 0;
}

static int stop(struct converter *c, struct wc_error *error)
{
	int ret = stateful_stop(&c->s);

	if (ret < 0)
		return stateful_error(&c->s, WC_STAGE_JOB, -ret, "stop the queues", error);
	c->state = CONVERTER_READY;
	return 0;
}

/* What is on its way must come out before the input side can change. */
static int begin_change(struct converter *c)
{
	if (c->state == CONVERTER_RUNNING) {
		c->state = CONVERTER_CHANGING;
		c->s.stalls = 0;
		stateful_expect(&c->s, STATEFUL_PATIENCE);
	}
	return SESSION_FULL;
}

/* Make the device take a frame at that place. 0, SESSION_FULL, -EOPNOTSUPP or a ::wc_status. */
static int prepare_input(struct converter *c, enum place place, const struct wc_video_frame *frame,
			 struct import_source *source, struct wc_error *error)
{
	bool ready = is_ready_for(c, place, frame, source);
	int ret = 0;

	switch (c->state) {
	case CONVERTER_DRAINING:
		return SESSION_FULL;
	case CONVERTER_RUNNING:
	case CONVERTER_CHANGING:
		if (ready && c->state == CONVERTER_RUNNING)
			return 0;
		if (c->in_flight)
			return begin_change(c);
		ret = stop(c, error);
		break;
	case CONVERTER_READY:
		break;
	}
	if (ret == 0 && !ready)
		ret = change_inputs(c, place, frame, error);
	if (ret < 0)
		return ret;
	is_ready_for(c, place, frame, source);
	return start(c, error);
}

static int copy_failed(struct converter *c, int ret, struct wc_error *error)
{
	error_set(error, WC_ENCODING_ERROR, WC_STAGE_JOB, -ret,
		  "cannot copy the picture to where the device reads it");
	error_set_device(error, c->s.device.path);
	return error->name;
}

/* By way of a buffer of the input side. 0, SESSION_FULL, or a ::wc_status. */
static int enqueue_copy(struct converter *c, const struct wc_video_frame *frame,
			struct wc_error *error)
{
	struct input_picture picture = {
		.format = &c->source,
		.width = c->part.width,
		.height = c->part.height,
	};
	int index = stateful_place_picture(&c->s, &picture, frame);

	if (index == -EAGAIN)
		return stateful_no_room(&c->s);
	if (index < 0)
		return copy_failed(c, index, error);
	c->importing.settled = true;
	return stateful_enqueue_input(&c->s, (unsigned)index,
				      c->s.in.format.planes[0].sizeimage, &frame->timing, error);
}

/* The device reads it where it is. 0, SESSION_FULL, -EOPNOTSUPP or a ::wc_status. */
static int enqueue_import(struct converter *c, const struct wc_video_frame *frame,
			  const struct import_source *source, struct wc_error *error)
{
	/* vb2 starts a queue when the first buffer arrives: so may a refusal. */
	enum wc_stage stage = c->s.units_in ? WC_STAGE_JOB : WC_STAGE_STREAM_ON;
	int ret;

	if (stateful_saturated(&c->s.base))
		return stateful_no_room(&c->s);
	ret = stateful_enqueue_import(&c->s, source, c->s.in.format.planes[0].sizeimage,
				      &frame->timing);
	if (ret == -EAGAIN)
		return stateful_no_room(&c->s);
	return ret < 0 ? imports_failed(c, ret, stage, error) : 0;
}

static int take_at_place(struct converter *c, const struct wc_video_frame *frame,
			 struct wc_error *error)
{
	struct import_source source = { .buffer = NULL };
	enum place place;
	int ret = choose_place(c, frame, &place, error);

	if (ret == 0)
		ret = prepare_input(c, place, frame, &source, error);
	if (ret == SESSION_FULL)
		return stateful_no_room(&c->s);
	if (ret < 0)
		return ret;
	return place == PLACE_IMPORT ? enqueue_import(c, frame, &source, error)
				     : enqueue_copy(c, frame, error);
}

static int check_kind(struct converter *c, const struct wc_video_frame *frame,
		      struct wc_error *error)
{
	const struct converter_format *kind = &c->params.source;

	if (frame->format.fourcc == kind->fourcc && frame->format.modifier == kind->modifier &&
	    frame->format.tiling == kind->tiling &&
	    frame->visible.width == kind->width && frame->visible.height == kind->height)
		return 0;
	return refuse(c, error, "the frame is of another kind than the converter was made for");
}

static int take_input(struct converter *c, const struct wc_video_frame *frame,
		      struct wc_error *error)
{
	int ret;

	if (stateful_has_failed(&c->s, error))
		return error->name;
	ret = check_kind(c, frame, error);
	if (ret == 0)
		ret = take_at_place(c, frame, error);
	/* Once only: then imports are out of question. */
	if (ret == -EOPNOTSUPP)
		ret = take_at_place(c, frame, error);
	if (ret == 0)
		c->in_flight++;
	return ret;
}

/* The calls of session.h: one that fails is the end of the session. */
static int converter_submit(struct session *session, const struct session_input *input,
			    struct wc_error *error)
{
	struct converter *c = converter(session);
	int ret = take_input(c, input->frame, error);

	return ret < 0 ? stateful_fail_call(&c->s, error) : ret;
}

static int converter_drain(struct session *session, struct wc_error *error)
{
	struct converter *c = converter(session);

	if (stateful_has_failed(&c->s, error))
		return stateful_fail_call(&c->s, error);
	if (!c->in_flight) {
		c->importing.settled = false;
		stateful_drained_later(&c->s);
		return 0;
	}
	c->state = CONVERTER_DRAINING;
	c->s.stalls = 0;
	stateful_expect(&c->s, STATEFUL_PATIENCE);
	return 0;
}

static int converter_reset(struct session *session, struct wc_error *error)
{
	struct converter *c = converter(session);
	int ret = stateful_drop_work(&c->s, error);

	if (ret < 0)
		return stateful_fail_call(&c->s, error);
	c->state = CONVERTER_READY;
	c->in_flight = 0;
	c->importing.settled = false;
	return 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void converter_free(struct stateful *s)
{
	/* It has nothing of its own. */
	(void)s;
}

static const struct stateful_ops converter_ops = {
	.output_done = on_output_done,
	.output_ended = on_output_ended,
	.source_changed = on_source_changed,
	.timed_out = on_timed_out,
	.free = converter_free,
};

static void converter_describe(const struct session *session, struct wc_session_info *info)
{
	stateful_describe(session, info);
	info->kind = WC_SESSION_CONVERTER;
}

static const struct session_ops session_ops = {
	.submit = converter_submit,
	.drain = converter_drain,
	.reset = converter_reset,
	.saturated = stateful_saturated,
	.describe = converter_describe,
	.destroy = stateful_destroy,
};

static int set_up(struct converter *c, struct wc_error *error)
{
	char text[MODIFIER_TEXT];
	int ret;

	if (is_deinterlacer(c))
		return refuse(c, error, "the device only takes fields apart");
	if (c->params.source.modifier != DRM_FORMAT_MOD_LINEAR)
		return refuse(c, error, "the modifier of the source is %s, and the device reads "
			      "rows", modifier_text(c->params.source.modifier, text));
	ret = set_turn(c, error);
	if (ret == 0)
		ret = set_own_source(c, error);
	if (ret == 0)
		ret = set_result(c, error);
	if (ret == 0)
		ret = stateful_allocate_inputs(&c->s, true, error);
	if (ret == 0)
		ret = stateful_make_outputs(&c->s, error);
	return ret;
}

/* Told before the context is taken: the device works on whichever is larger. */
static void note_load(const struct session_env *env, const struct converter_params *params)
{
	const struct converter_format *a = &params->source, *b = &params->result;
	bool first = (uint64_t)a->width * a->height > (uint64_t)b->width * b->height;

	if (!first)
		a = b;
	claim_set_load(env->claim, &(struct rate_load) { a->width, a->height, 0 });
}

int m2m_converter_new(const struct session_env *env, const struct v4l2_device_info *device,
		      const struct converter_params *params,
		      const struct session_sink_ops *sink_ops, void *sink,
		      struct session **session, struct wc_error *error)
{
	struct converter *c = calloc(1, sizeof *c);
	int ret;

	*session = NULL;
	if (!c)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM, "no memory");
	c->s.base = (struct session) { &session_ops, sink_ops, sink };
	c->s.keep = KEEP_OUTPUTS;
	c->s.use = params->use | WC_MEMORY_FOR_CODEC;
	c->params = *params;
	note_load(env, params);
	ret = stateful_open(&c->s, &converter_ops, env, device, WC_DEVICE_ROLE_CONVERTER, "convert",
			    error);
	if (ret == 0)
		ret = set_up(c, error);
	if (ret < 0) {
		stateful_abandon(&c->s);
		return ret;
	}
	*session = &c->s.base;
	return 0;
}
