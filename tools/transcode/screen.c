/* SPDX-License-Identifier: MIT */
#include "transcode/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/modifier.h"

/* Milliseconds after which a flip that did not come never will. */
#define FLIP_PATIENCE 2000

#define MAX_CARDS 16

static int fail(struct screen *screen, const char *what, int error)
{
	return failure_set(screen->failure, "%s: %s: %s", screen->path, what, strerror(error));
}

/* Properties */

static const struct {
	uint32_t type;
	const char *name;
} property_names[SCREEN_PROPERTIES] = {
	[SCREEN_CONNECTOR_CRTC] = { DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID" },
	[SCREEN_CRTC_MODE] = { DRM_MODE_OBJECT_CRTC, "MODE_ID" },
	[SCREEN_CRTC_ACTIVE] = { DRM_MODE_OBJECT_CRTC, "ACTIVE" },
	[SCREEN_PLANE_FB] = { DRM_MODE_OBJECT_PLANE, "FB_ID" },
	[SCREEN_PLANE_CRTC] = { DRM_MODE_OBJECT_PLANE, "CRTC_ID" },
	[SCREEN_PLANE_SRC_X] = { DRM_MODE_OBJECT_PLANE, "SRC_X" },
	[SCREEN_PLANE_SRC_Y] = { DRM_MODE_OBJECT_PLANE, "SRC_Y" },
	[SCREEN_PLANE_SRC_W] = { DRM_MODE_OBJECT_PLANE, "SRC_W" },
	[SCREEN_PLANE_SRC_H] = { DRM_MODE_OBJECT_PLANE, "SRC_H" },
	[SCREEN_PLANE_CRTC_X] = { DRM_MODE_OBJECT_PLANE, "CRTC_X" },
	[SCREEN_PLANE_CRTC_Y] = { DRM_MODE_OBJECT_PLANE, "CRTC_Y" },
	[SCREEN_PLANE_CRTC_W] = { DRM_MODE_OBJECT_PLANE, "CRTC_W" },
	[SCREEN_PLANE_CRTC_H] = { DRM_MODE_OBJECT_PLANE, "CRTC_H" },
};

static uint32_t object_of(const struct screen *screen, uint32_t type)
{
	if (type == DRM_MODE_OBJECT_CONNECTOR)
		return screen->connector;
	return type == DRM_MODE_OBJECT_CRTC ? screen->crtc : screen->plane;
}

/* The property of an object with a name, for which id and value are found; 0: there is none. */
static uint32_t find_property(int fd, uint32_t object, uint32_t type, const char *name,
			      uint64_t *value)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(fd, object, type);
	uint32_t id = 0;

	for (uint32_t i = 0; all && i < all->count_props && !id; i++) {
		drmModePropertyRes *one = drmModeGetProperty(fd, all->props[i]);

		if (one && !strcmp(one->name, name)) {
			id = one->prop_id;
			*value = all->prop_values[i];
		}
		drmModeFreeProperty(one);
	}
	drmModeFreeObjectProperties(all);
	return id;
}

static int find_properties(struct screen *screen)
{
	uint64_t value;

	for (int i = 0; i < SCREEN_PROPERTIES; i++) {
		uint32_t type = property_names[i].type;

		screen->properties[i] = find_property(screen->fd, object_of(screen, type), type,
						      property_names[i].name, &value);
		if (!screen->properties[i])
			return failure_set(screen->failure, "%s: the driver has no property %s",
					   screen->path, property_names[i].name);
	}
	return 0;
}

/* Opening */

static bool is_primary(int fd, uint32_t plane)
{
	uint64_t type = DRM_PLANE_TYPE_OVERLAY;

	return find_property(fd, plane, DRM_MODE_OBJECT_PLANE, "type", &type) &&
	       type == DRM_PLANE_TYPE_PRIMARY;
}

/* The primary plane of a CRTC: a screen can be on with that one alone. */
static bool find_plane(struct screen *screen, unsigned crtc_index)
{
	drmModePlaneRes *all = drmModeGetPlaneResources(screen->fd);

	for (uint32_t i = 0; all && i < all->count_planes && !screen->plane; i++) {
		drmModePlane *plane = drmModeGetPlane(screen->fd, all->planes[i]);

		if (plane && plane->possible_crtcs & 1u << crtc_index &&
		    is_primary(screen->fd, plane->plane_id)) {
			screen->plane = plane->plane_id;
			screen->formats = calloc(plane->count_formats, sizeof *screen->formats);
			for (uint32_t n = 0; screen->formats && n < plane->count_formats; n++)
				screen->formats[screen->n_formats++] = plane->formats[n];
		}
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(all);
	return screen->plane;
}

/* A CRTC that can drive the connector, best the one that does. */
static bool find_crtc(struct screen *screen, const drmModeRes *resources,
		      const drmModeConnector *connector)
{
	uint32_t possible = 0, current = 0;

	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(screen->fd, connector->encoders[i]);

		if (encoder)
			possible |= encoder->possible_crtcs;
		if (encoder && encoder->encoder_id == connector->encoder_id)
			current = encoder->crtc_id;
		drmModeFreeEncoder(encoder);
	}
	for (int pass = current ? 0 : 1; pass < 2; pass++)
		for (int i = 0; i < resources->count_crtcs; i++) {
			if (!(possible & 1u << i) || (!pass && resources->crtcs[i] != current))
				continue;
			screen->crtc = resources->crtcs[i];
			if (find_plane(screen, (unsigned)i))
				return true;
		}
	return false;
}

/* The preferred mode is the first one in practice, and marked where it is not. */
static drmModeModeInfo preferred_mode(const drmModeConnector *connector)
{
	for (int i = 0; i < connector->count_modes; i++)
		if (connector->modes[i].type & DRM_MODE_TYPE_PREFERRED)
			return connector->modes[i];
	return connector->modes[0];
}

static bool take_connector(struct screen *screen, const drmModeRes *resources, uint32_t id)
{
	drmModeConnector *connector = drmModeGetConnector(screen->fd, id);
	bool found = connector && connector->connection == DRM_MODE_CONNECTED &&
		     connector->count_modes && find_crtc(screen, resources, connector);

	if (found) {
		const char *type = drmModeGetConnectorTypeName(connector->connector_type);

		screen->connector = id;
		screen->mode = preferred_mode(connector);
		snprintf(screen->connector_name, sizeof screen->connector_name, "%s-%u",
			 type ? type : "Unknown", connector->connector_type_id);
	}
	drmModeFreeConnector(connector);
	return found;
}

static int find_display(struct screen *screen)
{
	drmModeRes *resources = drmModeGetResources(screen->fd);
	bool found = false;

	for (int i = 0; resources && i < resources->count_connectors && !found; i++)
		found = take_connector(screen, resources, resources->connectors[i]);
	drmModeFreeResources(resources);
	return found ? 0 :
	       failure_set(screen->failure, "%s: no display is connected", screen->path);
}

static int set_up(struct screen *screen)
{
	uint64_t value = 0;

	if (drmSetClientCap(screen->fd, DRM_CLIENT_CAP_ATOMIC, 1))
		return failure_set(screen->failure, "%s: no display, or a driver without atomic "
				   "mode setting", screen->path);
	screen->has_modifiers = drmGetCap(screen->fd, DRM_CAP_ADDFB2_MODIFIERS, &value) == 0 &&
				value;
	if (find_display(screen) || find_properties(screen))
		return -1;
	if (drmModeCreatePropertyBlob(screen->fd, &screen->mode, sizeof screen->mode,
				      &screen->mode_blob))
		return fail(screen, "set the mode", errno);
	screen->before = drmModeGetCrtc(screen->fd, screen->crtc);
	return 0;
}

static int open_card(struct screen *screen, const char *path, struct failure *failure)
{
	*screen = (struct screen) { .failure = failure };
	snprintf(screen->path, sizeof screen->path, "%s", path);
	screen->fd = open(path, O_RDWR | O_CLOEXEC);
	if (screen->fd < 0)
		return failure_set_errno(failure, path, errno);
	if (set_up(screen) == 0)
		return 0;
	screen_close(screen);
	return -1;
}

/* Cards that are there and cannot show anything, as those of render nodes, are passed over. */
int screen_open(struct screen *screen, const char *path, struct failure *failure)
{
	struct failure last = { .set = false };

	if (path)
		return open_card(screen, path, failure);
	for (int i = 0; i < MAX_CARDS; i++) {
		struct failure one = { .set = false };
		char name[32];

		snprintf(name, sizeof name, "/dev/dri/card%d", i);
		if (access(name, F_OK))
			continue;
		if (open_card(screen, name, &one) == 0) {
			screen->failure = failure;
			return 0;
		}
		last = one;
	}
	screen->fd = -1;
	return failure_set(failure, "%s", last.set ? last.text : "/dev/dri: there is no display");
}

/* Showing */

bool screen_has_format(const struct screen *screen, uint32_t fourcc)
{
	for (uint32_t i = 0; i < screen->n_formats; i++)
		if (screen->formats[i] == fourcc)
			return true;
	return false;
}

static bool is_listed(const drmModePropertyBlobRes *blob, uint32_t fourcc, uint64_t modifier)
{
	drmModeFormatModifierIterator iterator = { 0 };

	while (drmModeFormatModifierBlobIterNext(blob, &iterator))
		if (iterator.fmt == fourcc && modifier_matches(modifier, iterator.mod))
			return true;
	return false;
}

bool screen_has_modifier(const struct screen *screen, uint32_t fourcc, uint64_t modifier)
{
	drmModePropertyBlobRes *blob;
	uint64_t value = 0;
	bool found;

	if (!screen->has_modifiers ||
	    !find_property(screen->fd, screen->plane, DRM_MODE_OBJECT_PLANE, "IN_FORMATS", &value))
		return false;
	blob = drmModeGetPropertyBlob(screen->fd, (uint32_t)value);
	found = blob && is_listed(blob, fourcc, modifier);
	drmModeFreePropertyBlob(blob);
	return found;
}

/* Where the picture goes: fitted in its shape, or pixel for pixel, cut at the edges. */
static void place(const struct screen *screen, const struct screen_view *view, bool scaled,
		  struct wc_rect *src, struct wc_rect *dst)
{
	uint64_t width = screen->mode.hdisplay, height = screen->mode.vdisplay;
	uint64_t w = view->display_width, h = view->display_height;

	*src = view->visible;
	if (scaled && w * height > width * h) {
		*dst = (struct wc_rect) { 0, 0, (uint32_t)width, (uint32_t)(width * h / w) };
	} else if (scaled) {
		*dst = (struct wc_rect) { 0, 0, (uint32_t)(height * w / h), (uint32_t)height };
	} else {
		src->width = src->width < width ? src->width : (uint32_t)width;
		src->height = src->height < height ? src->height : (uint32_t)height;
		src->x += (view->visible.width - src->width) / 2;
		src->y += (view->visible.height - src->height) / 2;
		*dst = (struct wc_rect) { 0, 0, src->width, src->height };
	}
	dst->x = ((uint32_t)width - dst->width) / 2;
	dst->y = ((uint32_t)height - dst->height) / 2;
}

/* 0 or a negative errno. */
static int commit(struct screen *screen, const uint64_t values[SCREEN_PROPERTIES], uint32_t flags)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret = request ? 0 : -ENOMEM;

	for (int i = 0; i < SCREEN_PROPERTIES && ret >= 0; i++)
		ret = drmModeAtomicAddProperty(request,
					       object_of(screen, property_names[i].type),
					       screen->properties[i], values[i]);
	if (ret >= 0)
		ret = drmModeAtomicCommit(screen->fd, request, flags, screen);
	drmModeAtomicFree(request);
	return ret;
}

static int commit_picture(struct screen *screen, uint32_t framebuffer,
			  const struct screen_view *view, bool scaled, uint32_t flags)
{
	struct wc_rect src, dst;

	place(screen, view, scaled, &src, &dst);
	if (!screen->is_set)
		flags |= DRM_MODE_ATOMIC_ALLOW_MODESET;
	return commit(screen, (const uint64_t[SCREEN_PROPERTIES]) {
		[SCREEN_CONNECTOR_CRTC] = screen->crtc,
		[SCREEN_CRTC_MODE] = screen->mode_blob,
		[SCREEN_CRTC_ACTIVE] = 1,
		[SCREEN_PLANE_FB] = framebuffer,
		[SCREEN_PLANE_CRTC] = screen->crtc,
		/* The source is in 16.16 fixed point. */
		[SCREEN_PLANE_SRC_X] = (uint64_t)src.x << 16,
		[SCREEN_PLANE_SRC_Y] = (uint64_t)src.y << 16,
		[SCREEN_PLANE_SRC_W] = (uint64_t)src.width << 16,
		[SCREEN_PLANE_SRC_H] = (uint64_t)src.height << 16,
		[SCREEN_PLANE_CRTC_X] = dst.x,
		[SCREEN_PLANE_CRTC_Y] = dst.y,
		[SCREEN_PLANE_CRTC_W] = dst.width,
		[SCREEN_PLANE_CRTC_H] = dst.height,
	}, flags);
}

/* Ask the driver; scaled first, as it looks best. 0, or a negative errno when neither goes. */
static int try_view(struct screen *screen, uint32_t framebuffer, const struct screen_view *view)
{
	int ret = commit_picture(screen, framebuffer, view, true, DRM_MODE_ATOMIC_TEST_ONLY);

	screen->can_scale = ret == 0;
	if (ret < 0)
		ret = commit_picture(screen, framebuffer, view, false, DRM_MODE_ATOMIC_TEST_ONLY);
	screen->view = *view;
	return ret;
}

int screen_show(struct screen *screen, uint32_t framebuffer, const struct screen_view *view)
{
	uint32_t flags = DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK;
	int ret = 0;

	if (screen_wait(screen))
		return -1;
	if (!screen->is_set || memcmp(&screen->view, view, sizeof *view))
		ret = try_view(screen, framebuffer, view);
	if (ret == 0)
		ret = commit_picture(screen, framebuffer, view, screen->can_scale, flags);
	if (ret == -EACCES)
		return failure_set(screen->failure, "%s: another program has the display",
				   screen->path);
	if (ret == -EINVAL || ret == -ERANGE || ret == -EOPNOTSUPP)
		return 1;
	if (ret < 0)
		return fail(screen, "show a picture", -ret);
	screen->is_set = true;
	screen->is_flipping = true;
	return 0;
}

static void on_flip(int fd, unsigned sequence, unsigned seconds, unsigned microseconds,
		    unsigned crtc, void *user_data)
{
	struct screen *screen = user_data;

	(void)fd;
	(void)sequence;
	(void)seconds;
	(void)microseconds;
	(void)crtc;
	screen->is_flipping = false;
}

int screen_wait(struct screen *screen)
{
	drmEventContext context = { .version = 3, .page_flip_handler2 = on_flip };

	while (screen->is_flipping) {
		struct pollfd ready = { .fd = screen->fd, .events = POLLIN };
		int n = poll(&ready, 1, FLIP_PATIENCE);

		if (n < 0 && errno != EINTR)
			return fail(screen, "wait for the display", errno);
		if (n == 0)
			return fail(screen, "wait for the display", ETIMEDOUT);
		if (n > 0 && drmHandleEvent(screen->fd, &context))
			return fail(screen, "read events of the display", errno);
	}
	return 0;
}

/* Closing */

static void turn_off(struct screen *screen)
{
	static const uint64_t off[SCREEN_PROPERTIES] = { 0 };

	commit(screen, off, DRM_MODE_ATOMIC_ALLOW_MODESET);
}

void screen_restore(struct screen *screen)
{
	drmModeCrtc *before = screen->before;

	if (!screen->is_set)
		return;
	screen_wait(screen);
	screen->is_set = false;
	if (!before || !before->buffer_id ||
	    drmModeSetCrtc(screen->fd, before->crtc_id, before->buffer_id, before->x, before->y,
			   &screen->connector, 1, &before->mode))
		turn_off(screen);
}

void screen_close(struct screen *screen)
{
	if (screen->fd < 0)
		return;
	screen_restore(screen);
	if (screen->mode_blob)
		drmModeDestroyPropertyBlob(screen->fd, screen->mode_blob);
	drmModeFreeCrtc(screen->before);
	free(screen->formats);
	close(screen->fd);
	screen->fd = -1;
}
