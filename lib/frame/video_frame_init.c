/* SPDX-License-Identifier: MIT */
#include "frame/video_frame_init.h"

#include <errno.h>
#include <string.h>

#include "frame/color_space.h"
#include "frame/pixel_format.h"
#include "frame/plane_layout.h"
#include "util/error.h"
#include "util/reserved.h"

/* An init that was checked, with the defaults filled in. */
struct plan {
	const struct pixel_format *pixels;
	struct wc_rect visible;
	struct wc_plane_layout planes[WC_MAX_PLANES];   /* of the caller's data */
};

const char *video_frame_init_problem(const struct wc_video_frame_init *init)
{
	if (HAS_RESERVED(init))
		return "a reserved field of the init is not zero";
	if (!init->display_width != !init->display_height)
		return "display width and height come together or not at all";
	if (init->rotation % 90 || init->rotation > 270)
		return "rotation is none of 0, 90, 180 and 270";
	if (!color_space_is_valid(&init->color_space))
		return "the colour space has a value that is none of its enum";
	return NULL;
}

static const char *find_problem(const struct wc_video_frame_init *init)
{
	if (!init->coded_width || !init->coded_height)
		return "coded width or height is 0";
	return video_frame_init_problem(init);
}

/* *needed becomes the bytes of the layout that the init has. */
static int check_init(const struct wc_video_frame_init *init, struct plan *plan, size_t *needed,
		      struct wc_error *error)
{
	const char *problem = !init ? "init is NULL" : find_problem(init);
	int ret;

	if (problem)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0, "%s", problem);
	plan->pixels = pixel_format_find(init->fourcc);
	if (!plan->pixels)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "no linear layout is known for fourcc 0x%08x", init->fourcc);
	plan->visible = init->visible_rect;
	if (rect_is_zero(&plan->visible))
		plan->visible = (struct wc_rect) { 0, 0, init->coded_width, init->coded_height };
	ret = rect_check(plan->pixels, &plan->visible, init->coded_width, init->coded_height,
			 error);
	if (ret < 0)
		return ret;
	return plane_layout_compute(plan->pixels, init->coded_width, init->coded_height,
				    init->plane_count, init->planes, plan->planes, needed, error);
}

static int make_plan(const void *data, size_t size, const struct wc_video_frame_init *init,
		     struct plan *plan, struct wc_error *error)
{
	size_t needed;
	int ret;

	if (!data)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0, "data is NULL");
	ret = check_init(init, plan, &needed, error);
	if (ret < 0)
		return ret;
	if (size < needed)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "data has %zu bytes, the picture needs %zu", size, needed);
	return 0;
}

size_t frame_format_tight(struct frame_format *format, uint32_t fourcc, uint32_t width,
			  uint32_t height)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	struct wc_plane_layout planes[WC_MAX_PLANES];
	struct wc_error error;
	size_t size;

	if (!pixels || plane_layout_compute(pixels, width, height, 0, NULL, planes, &size, &error))
		return 0;
	memset(format, 0, sizeof *format);
	format->fourcc = fourcc;
	format->modifier = DRM_FORMAT_MOD_LINEAR;
	format->width = width;
	format->height = height;
	format->n_planes = pixels->n_planes;
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		format->planes[i].offset = planes[i].offset;
		format->planes[i].stride = planes[i].stride;
	}
	return size;
}

unsigned frame_format_sample_bytes(const struct frame_format *format)
{
	const struct pixel_format *pixels = pixel_format_find(format->fourcc);

	return pixels->planes[0].bytes / pixels->planes[0].sub_x;
}

/* Bytes of a row of plane i, of rows of stride bytes in the first; 0: not a whole number. */
static size_t stride_of(const struct pixel_format *pixels, unsigned i, size_t stride)
{
	uint64_t row = (uint64_t)stride * pixels->planes[i].bytes * pixels->planes[0].sub_x;
	unsigned unit = pixels->planes[0].bytes * pixels->planes[i].sub_x;

	return row % unit == 0 && row / unit <= SIZE_MAX ? (size_t)(row / unit) : 0;
}

/* Pixels of a row, so that there is no half sample in any plane. */
static uint32_t whole_samples(const struct pixel_format *pixels, uint32_t width)
{
	uint32_t sub = 1;

	for (unsigned i = 0; i < pixels->n_planes; i++)
		if (pixels->planes[i].sub_x > sub)
			sub = pixels->planes[i].sub_x;
	return width % sub && width <= UINT32_MAX - sub ? width + sub - width % sub : width;
}

size_t frame_format_with_stride(struct frame_format *format, uint32_t fourcc, uint32_t width,
				uint32_t height, size_t stride)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	struct wc_plane_layout given[WC_MAX_PLANES], planes[WC_MAX_PLANES];
	struct wc_error error;
	size_t size = 0;

	if (!frame_format_tight(format, fourcc, width, height))
		return 0;
	if (!stride)
		stride = pixel_format_row_bytes(pixels, 0, whole_samples(pixels, width));
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		uint32_t rows = pixel_format_rows(pixels, i, height);
		size_t bytes;

		given[i].offset = size;
		given[i].stride = stride_of(pixels, i, stride);
		if (__builtin_mul_overflow(given[i].stride, rows, &bytes) ||
		    __builtin_add_overflow(size, bytes, &size))
			return 0;
	}
	if (plane_layout_compute(pixels, width, height, pixels->n_planes, given, planes, &size,
				 &error) < 0)
		return 0;
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		format->planes[i].offset = planes[i].offset;
		format->planes[i].stride = planes[i].stride;
	}
	return size;
}

void video_frame_init_setup(struct wc_video_frame *frame, struct core *core,
			    struct buffer *buffer, const struct frame_format *format,
			    const struct wc_video_frame_init *init, const struct wc_rect *visible)
{
	struct timing timing = {
		.timestamp = init->timestamp,
		.duration = init->has_duration ? init->duration : 0,
		.has_duration = init->has_duration,
	};
	bool turned = init->rotation == 90 || init->rotation == 270;

	video_frame_setup(frame, core, buffer, format, visible, &timing);
	frame->display_width = turned ? visible->height : visible->width;
	frame->display_height = turned ? visible->width : visible->height;
	if (init->display_width) {
		frame->display_width = init->display_width;
		frame->display_height = init->display_height;
	}
	frame->rotation = init->rotation;
	frame->flip = init->flip;
	frame->color_space = color_space_is_null(&init->color_space) ?
			     color_space_default(format->fourcc) : init->color_space;
	frame->writable = true;
	video_frame_give(frame);
}

static int no_memory(struct core *core, int sys_errno, enum wc_memory_kind kind, size_t size,
		     struct wc_error *error)
{
	if (sys_errno == EDQUOT)
		return memory_refused(core, kind, size, WC_STAGE_NONE, error);
	return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM,
			 "no memory for a picture of %zu bytes", size);
}

static void copy_planes(struct buffer *buffer, const struct frame_format *format,
			const uint8_t *data, const struct plan *plan)
{
	uint64_t copied = 0;

	for (unsigned i = 0; i < format->n_planes; i++) {
		size_t bytes = pixel_format_row_bytes(plan->pixels, i, format->width);
		uint32_t rows = pixel_format_rows(plan->pixels, i, format->height);
		uint8_t *to = buffer->objects[0].map + format->planes[i].offset;
		const uint8_t *from = data + plan->planes[i].offset;

		for (uint32_t row = 0; row < rows; row++)
			memcpy(to + row * format->planes[i].stride,
			       from + row * plan->planes[i].stride, bytes);
		copied += (uint64_t)bytes * rows;
	}
	counter_add(&buffer->core->counters.bytes_copied, copied);
}

int video_frame_from_copy(struct core *core, const void *data, size_t size,
			  const struct wc_video_frame_init *init, struct wc_video_frame **frame,
			  struct wc_error *error)
{
	struct frame_format format;
	struct buffer *buffer;
	struct plan plan;
	size_t needed;
	int ret = make_plan(data, size, init, &plan, error);

	if (ret < 0)
		return ret;
	/* Cannot be 0: a layout with larger strides passed the same checks. */
	needed = frame_format_tight(&format, init->fourcc, init->coded_width, init->coded_height);
	*frame = slab_get(&core->frames);
	if (!*frame)
		return no_memory(core, ENOMEM, WC_MEMORY_PLAIN, needed, error);
	buffer = buffer_new_plain(core, needed);
	if (!buffer) {
		ret = no_memory(core, errno, WC_MEMORY_PLAIN, needed, error);
		slab_put(&core->frames, *frame);
		*frame = NULL;
		return ret;
	}
	copy_planes(buffer, &format, data, &plan);
	video_frame_init_setup(*frame, core, buffer, &format, init, &plan.visible);
	buffer_unref(buffer);
	return 0;
}

static void format_as_given(struct frame_format *format, const struct wc_video_frame_init *init,
			    const struct plan *plan)
{
	memset(format, 0, sizeof *format);
	format->fourcc = init->fourcc;
	format->modifier = DRM_FORMAT_MOD_LINEAR;
	format->width = init->coded_width;
	format->height = init->coded_height;
	format->n_planes = plan->pixels->n_planes;
	for (unsigned i = 0; i < format->n_planes; i++) {
		format->planes[i].offset = plan->planes[i].offset;
		format->planes[i].stride = plan->planes[i].stride;
	}
}

static int wrapped_already(const void *data, struct wc_error *error)
{
	return error_set(error, WC_INVALID_STATE_ERROR, WC_STAGE_NONE, 0,
			 "the memory at %p is wrapped already, and not released yet: clone the "
			 "frame that has it", data);
}

static void release_nothing(void *user_data)
{
	(void)user_data;
}

int video_frame_new_wrapped(struct core *core, void *data, size_t size,
			    const struct wc_video_frame_init *init, wc_release_callback release,
			    void *user_data, struct wc_video_frame **frame,
			    struct wc_error *error)
{
	struct frame_format format;
	struct buffer *buffer;
	struct plan plan;
	int ret = make_plan(data, size, init, &plan, error);

	if (ret < 0)
		return ret;
	format_as_given(&format, init, &plan);
	*frame = slab_get(&core->frames);
	if (!*frame)
		return no_memory(core, ENOMEM, WC_MEMORY_WRAPPED, 0, error);
	/* Last: from here on the buffer's end calls release. */
	ret = buffer_new_wrapped_once(core, data, size, release ? release : release_nothing,
				      user_data, &buffer);
	if (ret < 0) {
		slab_put(&core->frames, *frame);
		*frame = NULL;
		return ret == -EEXIST ? wrapped_already(data, error) :
		       no_memory(core, -ret, WC_MEMORY_WRAPPED, size, error);
	}
	video_frame_init_setup(*frame, core, buffer, &format, init, &plan.visible);
	buffer_unref(buffer);
	return 0;
}

/* ---- in memory that others share ---- */

static int no_shared_memory(struct core *core, int ret, size_t size,
			    const struct wc_memory_choice *choice, struct wc_error *error)
{
	bool is_short = ret == -ENOMEM || ret == -EAGAIN;

	if (budget_is_refusal(ret))
		return budget_refused(core, choice->kind, size, choice->kind != WC_MEMORY_PLAIN,
				      -ret, WC_STAGE_BUFFERS, error);
	return error_set(error, is_short ? WC_OPERATION_ERROR : WC_NOT_SUPPORTED_ERROR,
			 WC_STAGE_BUFFERS, -ret, "no memory for the picture: %s", choice->reason);
}

/* How the picture lies: as given, or as the memory's maker aligned it. False: not in there. */
static bool lay_out(struct frame_format *format, const struct wc_video_frame_init *init,
		    const struct plan *plan, const struct buffer *buffer)
{
	if (init->plane_count) {
		format_as_given(format, init, plan);
		return true;
	}
	return frame_format_with_stride(format, init->fourcc, init->coded_width,
					init->coded_height, buffer->stride) <= buffer->bytes;
}

/* Of a layout that is given only the bytes count; who aligns rows may not. 0: too large. */
static void make_key(const struct wc_video_frame_init *init, size_t needed, struct pool_key *key)
{
	struct frame_format format;

	*key = (struct pool_key) { .size = needed, .modifier = DRM_FORMAT_MOD_LINEAR };
	if (init->plane_count)
		return;
	key->size = frame_format_with_stride(&format, init->fourcc, init->coded_width,
					     init->coded_height, 0);
	key->fourcc = init->fourcc;
	key->width = init->coded_width;
	key->height = init->coded_height;
}

/* What a frame is made of: an object, a pin of a buffer, and how the picture lies there. */
struct parts {
	struct wc_video_frame *frame;
	struct buffer *buffer;
	struct frame_format format;
};

/* needed: bytes of a layout that the init gives. On failure a negative wc_status, and no parts. */
static int take_parts(struct core *core, struct frame_memory *memory, unsigned use,
		      const struct wc_video_frame_init *init, const struct plan *plan,
		      size_t needed, struct parts *parts, struct wc_error *error)
{
	struct wc_memory_choice choice;
	struct pool_key key;
	int ret;

	make_key(init, needed, &key);
	parts->frame = key.size ? slab_get(&core->frames) : NULL;
	if (!parts->frame)
		return no_memory(core, ENOMEM, WC_MEMORY_PLAIN, key.size, error);
	ret = frame_memory_get(memory, use, &key, &parts->buffer, &choice);
	if (ret == 0 && !lay_out(&parts->format, init, plan, parts->buffer)) {
		buffer_unpin(parts->buffer);
		ret = -EOVERFLOW;
	}
	if (ret == 0)
		return 0;
	slab_put(&core->frames, parts->frame);
	return no_shared_memory(core, ret, key.size, &choice, error);
}

int video_frame_alloc(struct core *core, struct frame_memory *memory,
		      const struct wc_video_frame_init *init, unsigned use,
		      struct wc_video_frame **frame, struct wc_error *error)
{
	struct parts parts;
	struct plan plan;
	size_t needed;
	int ret = check_init(init, &plan, &needed, error);

	*frame = NULL;
	if (ret == 0)
		ret = take_parts(core, memory, use, init, &plan, needed, &parts, error);
	if (ret < 0)
		return ret;
	*frame = parts.frame;
	video_frame_init_setup(*frame, core, parts.buffer, &parts.format, init, &plan.visible);
	buffer_unpin(parts.buffer);
	return 0;
}

int video_frame_new_in(struct core *core, struct frame_memory *memory, unsigned use,
		       uint32_t fourcc, uint32_t width, uint32_t height,
		       const struct timing *timing, struct wc_video_frame **frame,
		       struct wc_error *error)
{
	const struct wc_video_frame_init init = {
		.fourcc = fourcc, .coded_width = width, .coded_height = height,
	};
	struct wc_rect visible = { 0, 0, width, height };
	struct parts parts;
	int ret = take_parts(core, memory, use, &init, NULL, 0, &parts, error);

	*frame = NULL;
	if (ret < 0)
		return ret;
	*frame = parts.frame;
	video_frame_setup(*frame, core, parts.buffer, &parts.format, &visible, timing);
	(*frame)->writable = true;
	buffer_unpin(parts.buffer);
	return 0;
}
