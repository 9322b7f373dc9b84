/* SPDX-License-Identifier: MIT */
/* Frames on DMA-BUFs of somebody else's. */
#include "frame/video_frame_init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/color_space.h"
#include "frame/dma_buf.h"
#include "frame/fence.h"
#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "frame/plane_layout.h"
#include "util/error.h"
#include "util/macros.h"
#include "util/reserved.h"

struct imported_buffer {
	struct buffer base;
	void (*release)(void *user_data);   /* NULL: nobody to tell */
	void *user_data;
};

/* A description that was checked. Objects that are the same DMA-BUF are one. */
struct plan {
	const struct pixel_format *pixels;  /* NULL: not linear, or not known */
	struct frame_format format;
	struct wc_rect visible;
	unsigned n_objects;
	unsigned joined[WC_MAX_PLANES];     /* of each object of the description, ours */
	unsigned given[WC_MAX_PLANES];      /* of each object of ours, its place there */
	struct dma_buf_info infos[WC_MAX_PLANES];
	int acquire_fence;                  /* a duplicate, owned; -1: none */
};

static int type_error(struct wc_error *error, const char *problem)
{
	return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0, "%s", problem);
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* What has to do with numbers alone; NULL when all is well. */
static const char *find_problem(const struct wc_dma_buf *d)
{
	if (!d)
		return "the description is NULL";
	if (HAS_RESERVED(d))
		return "a reserved field of the description is not zero";
	if (!d->fourcc || !d->width || !d->height)
		return "fourcc, width or height is 0";
	if (d->plane_count == 0 || d->plane_count > WC_MAX_PLANES)
		return "the number of planes is 0, or too large";
	if (d->object_count == 0 || d->object_count > WC_MAX_PLANES)
		return "the number of objects is 0, or too large";
	return NULL;
}

/* What both tell must be told once, or be the same. */
static const char *find_contradiction(const struct wc_dma_buf *d,
				      const struct wc_video_frame_init *init)
{
	if (init->fourcc && init->fourcc != d->fourcc)
		return "the init has another fourcc than the DMA-BUF";
	if ((init->coded_width && init->coded_width != d->width) ||
	    (init->coded_height && init->coded_height != d->height))
		return "the init has another coded size than the DMA-BUF";
	if (init->plane_count)
		return "the planes are the DMA-BUF's: the init must have none";
	return NULL;
}

static int check_object(const struct wc_dma_buf *d, unsigned i, struct dma_buf_info *info,
			struct wc_error *error)
{
	int fd = d->objects[i].fd;
	int ret = dma_buf_inspect(fd, info);

	if (ret == -EBADF)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, EBADF,
				 "object %u: descriptor %d is closed", i, fd);
	if (ret < 0)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, -ret,
				 "object %u: descriptor %d is no DMA-BUF", i, fd);
	if (d->objects[i].size > info->size)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "object %u: the DMA-BUF has %zu bytes, not %zu", i, info->size,
				 d->objects[i].size);
	return 0;
}

static unsigned find_object(const struct plan *plan, uint64_t inode)
{
	unsigned i = 0;

	while (i < plan->n_objects && plan->infos[i].inode != inode)
		i++;
	return i;
}

static int plan_objects(struct plan *plan, const struct wc_dma_buf *d, struct wc_error *error)
{
	size_t total = 0;

	for (unsigned i = 0; i < d->object_count; i++) {
		struct dma_buf_info info;
		int ret = check_object(d, i, &info, error);

		if (ret < 0)
			return ret;
		plan->joined[i] = find_object(plan, info.inode);
		plan->infos[plan->joined[i]] = info;
		if (plan->joined[i] == plan->n_objects)
			plan->given[plan->n_objects++] = i;
	}
	for (unsigned i = 0; i < plan->n_objects; i++)
		if (__builtin_add_overflow(total, plan->infos[i].size, &total))
			return type_error(error, "the objects together are too large");
	return 0;
}

/* Bytes from the plane's first to its last; the last row need not be followed by padding. */
static uint64_t span(const struct plan *plan, unsigned i, uint64_t stride)
{
	uint32_t rows;

	if (!plan->pixels)
		return 1;
	rows = pixel_format_rows(plan->pixels, i, plan->format.height);
	return stride * (rows - 1) +
	       pixel_format_row_bytes(plan->pixels, i, plan->format.width);
}

/* Bytes of an object of the description: as told, or of all of it. */
static size_t size_of(const struct plan *plan, const struct wc_dma_buf *d, unsigned object)
{
	return d->objects[object].size ? d->objects[object].size
				       : plan->infos[plan->joined[object]].size;
}

static int check_plane(const struct plan *plan, const struct wc_dma_buf *d, unsigned i,
		       struct wc_error *error)
{
	unsigned object = d->planes[i].object;
	size_t stride = d->planes[i].stride, offset = d->planes[i].offset, size, row;

	if (object >= d->object_count)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "plane %u is in object %u, and there are %u", i, object,
				 d->object_count);
	row = plan->pixels ? pixel_format_row_bytes(plan->pixels, i, plan->format.width) : 0;
	if (stride < row)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "stride %zu of plane %u is less than the %zu bytes of its rows",
				 stride, i, row);
	if (stride > UINT32_MAX || offset > UINT32_MAX)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "stride or offset of plane %u is beyond 2^32 - 1 bytes", i);
	size = size_of(plan, d, object);
	if (offset + span(plan, i, stride) > size)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "object %u is too small: it has %zu bytes, plane %u ends at %llu",
				 object, size, i,
				 (unsigned long long)(offset + span(plan, i, stride)));
	return 0;
}

static bool overlap(const struct plan *plan, unsigned a, unsigned b)
{
	uint64_t from_a = plan->format.planes[a].offset, from_b = plan->format.planes[b].offset;

	return plan->format.planes[a].object == plan->format.planes[b].object &&
	       from_a < from_b + span(plan, b, plan->format.planes[b].stride) &&
	       from_b < from_a + span(plan, a, plan->format.planes[a].stride);
}

/* Planes of tiles that we know. Of what only devices know they judge. */
static int check_tiles(const struct plan *plan, const struct wc_dma_buf *d, struct wc_error *error)
{
	const struct frame_format *format = &plan->format;
	char text[TILING_TEXT];

	if (plan->pixels || !frame_format_pixels(format))
		return 0;
	for (unsigned i = 0; i < format->n_planes; i++) {
		unsigned object = d->planes[i].object;
		size_t size = size_of(plan, d, object);

		if (!frame_format_tiles_fit(format, i, size))
			return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
					 "object %u is too small or stride or offset do not suit: "
					 "plane %u of %ux%u pixels in %s is at %zu, with stride "
					 "%zu, of %zu bytes", object, i, format->width,
					 format->height, frame_format_tiling_text(format, text),
					 format->planes[i].offset, format->planes[i].stride, size);
	}
	return 0;
}

static int plan_planes(struct plan *plan, const struct wc_dma_buf *d, struct wc_error *error)
{
	const struct pixel_format *pixels = frame_format_pixels(&plan->format);

	if (pixels && pixels->n_planes != d->plane_count)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "the DMA-BUF has %u planes, the format has %u", d->plane_count,
				 pixels->n_planes);
	for (unsigned i = 0; i < d->plane_count; i++) {
		int ret = check_plane(plan, d, i, error);

		if (ret < 0)
			return ret;
		plan->format.planes[i].object = plan->joined[d->planes[i].object];
		plan->format.planes[i].offset = d->planes[i].offset;
		plan->format.planes[i].stride = d->planes[i].stride;
		for (unsigned j = 0; plan->pixels && j < i; j++)
			if (overlap(plan, j, i))
				return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
						 "planes %u and %u overlap", j, i);
	}
	plan->format.n_planes = d->plane_count;
	return check_tiles(plan, d, error);
}

static int plan_format(struct plan *plan, const struct wc_dma_buf *d, struct wc_error *error)
{
	if (d->modifier == DRM_FORMAT_MOD_INVALID)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "the modifier is DRM_FORMAT_MOD_INVALID: nobody knows the layout");
	if (d->modifier == DRM_FORMAT_MOD_LINEAR)
		plan->pixels = pixel_format_find(d->fourcc);
	if (!plan->pixels && d->modifier == DRM_FORMAT_MOD_LINEAR)
		return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
				 "no linear layout is known for fourcc 0x%08x", d->fourcc);
	if (d->width > PLANE_MAX_PIXELS || d->height > PLANE_MAX_PIXELS)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "a picture of %ux%u is too large", d->width, d->height);
	plan->format.fourcc = d->fourcc;
	plan->format.modifier = d->modifier;
	plan->format.tiling = modifier_tiling(d->fourcc, d->modifier);
	plan->format.width = d->width;
	plan->format.height = d->height;
	return 0;
}

/* A format that we cannot read has no chroma samples to be aligned to. */
static int plan_visible(struct plan *plan, const struct wc_video_frame_init *init,
			struct wc_error *error)
{
	static const struct pixel_format unknown;
	const struct pixel_format *pixels = frame_format_pixels(&plan->format);

	plan->visible = init->visible_rect;
	if (rect_is_zero(&plan->visible))
		plan->visible = (struct wc_rect) {
			0, 0, plan->format.width, plan->format.height,
		};
	return rect_check(pixels ? pixels : &unknown, &plan->visible,
			  plan->format.width, plan->format.height, error);
}

static int make_plan(struct plan *plan, const struct wc_dma_buf *d,
		     const struct wc_video_frame_init *init, struct wc_error *error)
{
	const char *problem = find_problem(d);
	int ret;

	memset(plan, 0, sizeof *plan);
	plan->acquire_fence = -1;
	if (!problem)
		problem = video_frame_init_problem(init);
	if (!problem)
		problem = find_contradiction(d, init);
	if (problem)
		return type_error(error, problem);
	ret = plan_format(plan, d, error);
	if (ret == 0)
		ret = plan_visible(plan, init, error);
	if (ret == 0)
		ret = plan_objects(plan, d, error);
	return ret < 0 ? ret : plan_planes(plan, d, error);
}

/* ---- the buffer ------------------------------------------------------------------------------ */

static void imported_destroy(struct buffer *base)
{
	struct imported_buffer *imported = container_of(base, struct imported_buffer, base);
	void (*release)(void *user_data) = imported->release;
	void *user_data = imported->user_data;

	buffer_unmap(base);
	buffer_finish(base);
	free(imported);
	/* Last: the memory is not ours any more. */
	if (release)
		release(user_data);
}

static const struct buffer_ops imported_ops = { .destroy = imported_destroy };

static void close_first(const int *fds, unsigned n)
{
	while (n--)
		close(fds[n]);
}

static unsigned planned_descriptors(const struct plan *plan)
{
	return plan->n_objects + (plan->acquire_fence >= 0);
}

/* Duplicates of the descriptors; 0 or a negative errno with none left. */
static int duplicate(const struct plan *plan, const struct wc_dma_buf *d, int *fds)
{
	for (unsigned i = 0; i < plan->n_objects; i++) {
		fds[i] = fcntl(d->objects[plan->given[i]].fd, F_DUPFD_CLOEXEC, 0);
		if (fds[i] < 0) {
			int ret = -errno;

			close_first(fds, i);
			return ret;
		}
	}
	return 0;
}

/* It was checked that the sum is one. */
static size_t planned_bytes(const struct plan *plan)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < plan->n_objects; i++)
		bytes += plan->infos[i].size;
	return bytes;
}

/* Within the budgets before there are descriptors; buffer_finish() undoes what failed. */
static int add_objects(struct buffer *buffer, const struct plan *plan, const struct wc_dma_buf *d)
{
	int ret = buffer_reserve(buffer, WC_MEMORY_IMPORTED, planned_bytes(plan));
	int fds[WC_MAX_PLANES];

	if (ret == 0)
		ret = buffer_reserve_descriptors(buffer, planned_descriptors(plan));
	if (ret == 0)
		ret = duplicate(plan, d, fds);
	if (ret < 0)
		return ret;
	buffer->is_shared = true;
	buffer->acquire_fence = plan->acquire_fence;
	if (!d->no_implicit_fences)
		fence_expect(buffer, WC_MAP_WRITE);
	buffer->n_objects = plan->n_objects;
	for (unsigned i = 0; i < plan->n_objects; i++)
		buffer->objects[i] = (struct buffer_object) {
			.size = plan->infos[i].size, .fd = fds[i], .inode = plan->infos[i].inode,
		};
	buffer_account(buffer);
	return 0;
}

static int import(struct core *core, const struct plan *plan, const struct wc_dma_buf *d,
		  wc_release_callback release, void *user_data, struct buffer **buffer)
{
	struct imported_buffer *imported = malloc(sizeof *imported);
	int ret;

	if (!imported)
		return -ENOMEM;
	buffer_init(&imported->base, core, &imported_ops);
	imported->release = release;
	imported->user_data = user_data;
	ret = add_objects(&imported->base, plan, d);
	if (ret < 0) {
		buffer_finish(&imported->base);
		free(imported);
		return ret;
	}
	*buffer = &imported->base;
	return 0;
}

static int no_import(struct core *core, const struct plan *plan, int ret, struct wc_error *error)
{
	if (budget_is_refusal(ret))
		return budget_refused(core, WC_MEMORY_IMPORTED, planned_bytes(plan),
				      planned_descriptors(plan), -ret, WC_STAGE_BUFFERS, error);
	return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, -ret, "no memory for a frame");
}

/* Last of the plan: the duplicate is what would have to be undone. */
static int plan_fence(struct core *core, struct plan *plan, const struct wc_dma_buf *d,
		      struct wc_error *error)
{
	int ret = d->has_acquire_fence ? fence_adopt(d->acquire_fence, &plan->acquire_fence) : 0;

	if (ret == -EBADF)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, EBADF,
				 "the acquire fence: descriptor %d is closed", d->acquire_fence);
	if (ret == -ENOTTY || ret == -EINVAL)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, -ret,
				 "the acquire fence: descriptor %d is no sync file",
				 d->acquire_fence);
	return ret < 0 ? no_import(core, plan, ret, error) : 0;
}

int video_frame_from_dma_buf(struct core *core, const struct wc_dma_buf *dma_buf,
			     const struct wc_video_frame_init *init, wc_release_callback release,
			     void *user_data, struct wc_video_frame **frame,
			     struct wc_error *error)
{
	static const struct wc_video_frame_init defaults;
	struct buffer *buffer;
	struct plan plan;
	int ret;

	if (!init)
		init = &defaults;
	ret = make_plan(&plan, dma_buf, init, error);
	if (ret == 0)
		ret = plan_fence(core, &plan, dma_buf, error);
	if (ret < 0)
		return ret;
	*frame = slab_get(&core->frames);
	ret = *frame ? import(core, &plan, dma_buf, release, user_data, &buffer) : -ENOMEM;
	if (ret < 0) {
		if (*frame)
			slab_put(&core->frames, *frame);
		*frame = NULL;
		ret = no_import(core, &plan, ret, error);
		if (plan.acquire_fence >= 0)
			close(plan.acquire_fence);
		return ret;
	}
	video_frame_init_setup(*frame, core, buffer, &plan.format, init, &plan.visible);
	buffer_unref(buffer);
	return 0;
}
