/* SPDX-License-Identifier: MIT */
#include "transcode/framebuffers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <drm_fourcc.h>

#include "common/fourcc.h"
#include "util/macros.h"

/* All planes of all drivers take it, and libyuv writes it. */
#define COPY_FORMAT DRM_FORMAT_XRGB8888

void framebuffers_init(struct framebuffers *framebuffers, struct screen *screen, bool only_copies,
		       struct failure *failure)
{
	*framebuffers = (struct framebuffers) {
		.screen = screen,
		.failure = failure,
		.only_copies = only_copies,
	};
	if (only_copies)
		snprintf(framebuffers->reason, sizeof framebuffers->reason, "as asked for");
}

static void remove_framebuffer(struct framebuffers *framebuffers, struct framebuffer *one)
{
	struct drm_mode_destroy_dumb dumb = { .handle = one->handle };
	int fd = framebuffers->screen->fd;

	if (one->id)
		drmModeRmFB(fd, one->id);
	if (one->map)
		munmap(one->map, one->size);
	if (one->handle)
		drmIoctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &dumb);
	*one = (struct framebuffer) { .id = 0 };
}

/* Import */

static void close_handles(int fd, const uint32_t *handles, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct drm_gem_close close = { .handle = handles[i] };
		bool closed = false;

		/* One buffer has one handle, however often it was imported. */
		for (uint32_t k = 0; k < i; k++)
			closed |= handles[k] == handles[i];
		if (!closed)
			drmIoctl(fd, DRM_IOCTL_GEM_CLOSE, &close);
	}
}

/* The framebuffer keeps what the handles stand for. 0 or a negative errno. */
static int add_framebuffer(struct screen *screen, const struct wc_dma_buf *dma_buf,
			   const uint32_t *objects, uint32_t *id)
{
	uint32_t handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 };
	uint64_t modifiers[4] = { 0 };
	bool tiled = dma_buf->modifier != DRM_FORMAT_MOD_LINEAR;
	int ret;

	for (uint32_t i = 0; i < dma_buf->plane_count; i++) {
		handles[i] = objects[dma_buf->planes[i].object];
		pitches[i] = (uint32_t)dma_buf->planes[i].stride;
		offsets[i] = (uint32_t)dma_buf->planes[i].offset;
		modifiers[i] = dma_buf->modifier;
	}
	ret = drmModeAddFB2WithModifiers(screen->fd, dma_buf->width, dma_buf->height,
					 dma_buf->fourcc, handles, pitches, offsets,
					 tiled ? modifiers : NULL, id,
					 tiled ? DRM_MODE_FB_MODIFIERS : 0);
	return ret ? -errno : 0;
}

static int import(struct screen *screen, const struct wc_dma_buf *dma_buf, uint32_t *id)
{
	uint32_t objects[WC_MAX_PLANES] = { 0 };
	uint32_t count = 0;
	int ret = 0;

	while (count < dma_buf->object_count && ret == 0) {
		ret = drmPrimeFDToHandle(screen->fd, dma_buf->objects[count].fd, &objects[count]);
		if (ret)
			ret = -errno;
		else
			count++;
	}
	if (ret == 0)
		ret = add_framebuffer(screen, dma_buf, objects, id);
	close_handles(screen->fd, objects, count);
	return ret;
}

static bool is_same(const struct framebuffer *one, const struct wc_dma_buf *dma_buf, ino_t inode)
{
	return one->id && one->inode == inode && one->width == dma_buf->width &&
	       one->height == dma_buf->height && one->fourcc == dma_buf->fourcc &&
	       one->modifier == dma_buf->modifier &&
	       one->offset == dma_buf->planes[0].offset;
}

/* The one of this buffer, else an empty one, else the one that was not used for longest. */
static struct framebuffer *find_kept(struct framebuffers *framebuffers,
				     const struct wc_dma_buf *dma_buf, ino_t inode)
{
	struct framebuffer *oldest = &framebuffers->kept[0];

	for (unsigned i = 0; i < FRAMEBUFFERS_KEPT; i++) {
		struct framebuffer *one = &framebuffers->kept[i];

		if (is_same(one, dma_buf, inode))
			return one;
		if (one->used < oldest->used)
			oldest = one;
	}
	return oldest;
}

static bool is_shown(const struct screen *screen, const struct wc_dma_buf *dma_buf)
{
	if (dma_buf->modifier == DRM_FORMAT_MOD_LINEAR)
		return screen_has_format(screen, dma_buf->fourcc);
	return screen_has_modifier(screen, dma_buf->fourcc, dma_buf->modifier);
}

static int get_imported(struct framebuffers *framebuffers, const struct wc_dma_buf *dma_buf,
			uint32_t *id)
{
	struct framebuffer *one;
	struct stat info;
	int ret;

	if (!is_shown(framebuffers->screen, dma_buf))
		return -EOPNOTSUPP;
	if (fstat(dma_buf->objects[0].fd, &info))
		return -errno;
	one = find_kept(framebuffers, dma_buf, info.st_ino);
	if (!is_same(one, dma_buf, info.st_ino)) {
		remove_framebuffer(framebuffers, one);
		ret = import(framebuffers->screen, dma_buf, &one->id);
		if (ret < 0)
			return ret;
		one->width = dma_buf->width;
		one->height = dma_buf->height;
		one->fourcc = dma_buf->fourcc;
		one->modifier = dma_buf->modifier;
		one->inode = info.st_ino;
		one->offset = dma_buf->planes[0].offset;
	}
	one->used = ++framebuffers->uses;
	*id = one->id;
	return 0;
}

/* Copies */

static int create_dumb(struct screen *screen, struct framebuffer *one)
{
	struct drm_mode_create_dumb dumb = { .width = one->width, .height = one->height,
					     .bpp = 32 };
	struct drm_mode_map_dumb offset = { .handle = 0 };
	void *map;

	if (drmIoctl(screen->fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb))
		return -errno;
	one->handle = dumb.handle;
	one->pitch = dumb.pitch;
	one->size = dumb.size;
	offset.handle = dumb.handle;
	if (drmIoctl(screen->fd, DRM_IOCTL_MODE_MAP_DUMB, &offset))
		return -errno;
	map = mmap(NULL, one->size, PROT_READ | PROT_WRITE, MAP_SHARED, screen->fd,
		   (off_t)offset.offset);
	if (map == MAP_FAILED)
		return -errno;
	one->map = map;
	return drmModeAddFB2(screen->fd, one->width, one->height, COPY_FORMAT,
			     (uint32_t[4]) { one->handle }, (uint32_t[4]) { one->pitch },
			     (uint32_t[4]) { 0 }, &one->id, 0) ? -errno : 0;
}

static uint32_t fail_copy(struct framebuffers *framebuffers, const char *what, const char *why)
{
	failure_set(framebuffers->failure, "%s: %s: %s", framebuffers->screen->path, what, why);
	return 0;
}

/* The next one, of the size of the picture. NULL with the failure set. */
static struct framebuffer *next_copy(struct framebuffers *framebuffers,
				     const struct wc_rect *visible)
{
	struct framebuffer *one = &framebuffers->copies[framebuffers->next_copy];
	int ret = 0;

	framebuffers->next_copy = (framebuffers->next_copy + 1) % FRAMEBUFFERS_COPIES;
	if (one->id && one->width == visible->width && one->height == visible->height)
		return one;
	remove_framebuffer(framebuffers, one);
	one->width = visible->width;
	one->height = visible->height;
	ret = create_dumb(framebuffers->screen, one);
	if (ret == 0)
		return one;
	remove_framebuffer(framebuffers, one);
	fail_copy(framebuffers, "make a dumb buffer", strerror(-ret));
	return NULL;
}

static uint32_t get_copy(struct framebuffers *framebuffers, struct wc_video_frame *frame)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	struct framebuffer *one = next_copy(framebuffers, &visible);
	struct wc_video_frame_copy_options options = { .fourcc = COPY_FORMAT, .plane_count = 1 };
	int status;

	if (!one)
		return 0;
	options.planes[0].stride = one->pitch;
	status = wc_video_frame_copy_to(frame, &options, one->map, one->size, NULL);
	if (status < 0)
		return fail_copy(framebuffers, "copy a picture",
				 wc_status_name((enum wc_status)status));
	framebuffers->copied++;
	framebuffers->bytes_copied += (uint64_t)visible.width * 4 * visible.height;
	return one->id;
}

/* Both */

static int try_import(struct framebuffers *framebuffers, struct wc_video_frame *frame,
		      uint32_t *id)
{
	char text[FOURCC_MODIFIER_TEXT];
	struct wc_dma_buf dma_buf;
	int status = wc_video_frame_export_dma_buf(frame, &dma_buf);
	int ret;

	if (status < 0) {
		snprintf(framebuffers->reason, sizeof framebuffers->reason,
			 "the frame is no DMA-BUF, or has no modifier to tell its layout by");
		return status;
	}
	ret = get_imported(framebuffers, &dma_buf, id);
	if (ret < 0)
		snprintf(framebuffers->reason, sizeof framebuffers->reason,
			 "the display does not take the frame, %s: %s",
			 fourcc_modifier_text(dma_buf.fourcc, dma_buf.modifier, text),
			 strerror(-ret));
	wc_dma_buf_finish(&dma_buf);
	return ret;
}

uint32_t framebuffers_get(struct framebuffers *framebuffers, struct wc_video_frame *frame,
			  struct screen_view *view, bool *copied)
{
	uint32_t id = 0;

	memset(view, 0, sizeof *view);
	view->visible = wc_video_frame_get_visible_rect(frame);
	view->display_width = wc_video_frame_get_display_width(frame);
	view->display_height = wc_video_frame_get_display_height(frame);
	*copied = framebuffers->only_copies || try_import(framebuffers, frame, &id) < 0;
	if (!*copied) {
		framebuffers->imported++;
		return id;
	}
	/* What one frame could not, the next one of the same decoder cannot either. */
	framebuffers->only_copies = true;
	view->visible.x = 0;
	view->visible.y = 0;
	return get_copy(framebuffers, frame);
}

bool framebuffers_give_up_import(struct framebuffers *framebuffers)
{
	if (framebuffers->only_copies)
		return false;
	framebuffers->only_copies = true;
	framebuffers->imported--;
	snprintf(framebuffers->reason, sizeof framebuffers->reason,
		 "the plane does not show the frame");
	return true;
}

void framebuffers_finish(struct framebuffers *framebuffers)
{
	for (unsigned i = 0; i < ARRAY_SIZE(framebuffers->kept); i++)
		remove_framebuffer(framebuffers, &framebuffers->kept[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(framebuffers->copies); i++)
		remove_framebuffer(framebuffers, &framebuffers->copies[i]);
}
