/* SPDX-License-Identifier: MIT */
/* A display for the examples: which connector, CRTC, plane and mode, and properties by name. */
#ifndef WC_EXAMPLES_DISPLAY_H
#define WC_EXAMPLES_DISPLAY_H

#include <drm_fourcc.h>
#include <fcntl.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "example.h"

struct display {
	int fd;
	uint32_t crtc, connector, plane, mode_blob;
	drmModeModeInfo mode;
};

/* The property of an object with that name, and its value; 0: it has none. */
static inline uint32_t display_property(int fd, uint32_t object, uint32_t type, const char *name,
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

/* Add to an atomic commit. */
static inline void display_set(const struct display *display, drmModeAtomicReq *request,
			       uint32_t object, uint32_t type, const char *name, uint64_t value)
{
	uint64_t before;
	uint32_t id = display_property(display->fd, object, type, name, &before);

	if (!id || drmModeAtomicAddProperty(request, object, id, value) < 0)
		die(name, "the display has no such property");
}

/*
 * The first connected display, the first CRTC, and the first primary plane, which is that CRTC's.
 * With several displays ask which CRTCs the encoder of the connector can use.
 */
static inline void display_open(struct display *display, const char *card)
{
	drmModeRes *resources;
	drmModePlaneRes *planes;
	uint64_t type = DRM_PLANE_TYPE_OVERLAY;

	display->fd = open(card, O_RDWR | O_CLOEXEC);
	if (display->fd < 0 || drmSetClientCap(display->fd, DRM_CLIENT_CAP_ATOMIC, 1))
		die(card, "no display with atomic mode setting");
	resources = drmModeGetResources(display->fd);
	planes = drmModeGetPlaneResources(display->fd);
	if (!resources || !planes || !resources->count_crtcs)
		die(card, "no display");
	display->crtc = resources->crtcs[0];
	for (int i = 0; i < resources->count_connectors && !display->connector; i++) {
		drmModeConnector *one = drmModeGetConnector(display->fd, resources->connectors[i]);

		if (one && one->connection == DRM_MODE_CONNECTED && one->count_modes) {
			display->connector = one->connector_id;
			display->mode = one->modes[0];
		}
		drmModeFreeConnector(one);
	}
	for (uint32_t i = 0; i < planes->count_planes && !display->plane; i++)
		if (display_property(display->fd, planes->planes[i], DRM_MODE_OBJECT_PLANE, "type",
				     &type) && type == DRM_PLANE_TYPE_PRIMARY)
			display->plane = planes->planes[i];
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(resources);
	if (!display->connector || !display->plane ||
	    drmModeCreatePropertyBlob(display->fd, &display->mode, sizeof display->mode,
				      &display->mode_blob))
		die(card, "no display is connected");
}

#endif
