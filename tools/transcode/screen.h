/* SPDX-License-Identifier: MIT */
/*
 * A screen: one plane of a display controller, set with atomic commits (drm-kms.rst of the kernel's
 * documentation). Nothing else of it is used, so any controller with an atomic driver will do.
 *
 *            screen_show             the flip happened
 *     IDLE --------------> FLIPPING -------------------> IDLE
 *
 * screen_show() in FLIPPING waits for the flip first: that is what paces.
 */
#ifndef WC_TOOLS_SCREEN_H
#define WC_TOOLS_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include <webcodecs/video_frame.h>

#include "common/failure.h"

/* Properties that a commit sets. */
enum screen_property {
	SCREEN_CONNECTOR_CRTC,
	SCREEN_CRTC_MODE,
	SCREEN_CRTC_ACTIVE,
	SCREEN_PLANE_FB,
	SCREEN_PLANE_CRTC,
	SCREEN_PLANE_SRC_X,
	SCREEN_PLANE_SRC_Y,
	SCREEN_PLANE_SRC_W,
	SCREEN_PLANE_SRC_H,
	SCREEN_PLANE_CRTC_X,
	SCREEN_PLANE_CRTC_Y,
	SCREEN_PLANE_CRTC_W,
	SCREEN_PLANE_CRTC_H,
	SCREEN_PROPERTIES,
};

/* What part of a picture is shown, and the shape in which it is. */
struct screen_view {
	struct wc_rect visible;
	uint32_t display_width, display_height;
};

struct screen {
	int fd;                              /* -1: not open */
	char path[64];
	char connector_name[32];
	struct failure *failure;             /* the caller's */
	uint32_t connector, crtc, plane;
	drmModeModeInfo mode;
	uint32_t mode_blob;
	uint32_t properties[SCREEN_PROPERTIES];
	uint32_t *formats;                   /* DRM fourccs of the plane */
	uint32_t n_formats;
	drmModeCrtc *before;                 /* what was shown before, to be shown again */
	bool has_modifiers;
	bool is_set;                         /* the mode is */
	bool is_flipping;
	bool can_scale;                      /* for the view below */
	struct screen_view view;
};

/*
 * Open a card, or with NULL the first one that has a connected display. 0, or -1 with the failure
 * set and nothing to close.
 */
int screen_open(struct screen *screen, const char *path, struct failure *failure);

/* Wait for the last flip, and show again what was there before. Framebuffers may go after it. */
void screen_restore(struct screen *screen);

/* Restore and close. Harmless when not open. */
void screen_close(struct screen *screen);

/* Whether the plane takes the format. */
bool screen_has_format(const struct screen *screen, uint32_t fourcc);

/*
 * Whether the plane lists the format with that modifier (IN_FORMATS). Drivers list columns without
 * their height.
 */
bool screen_has_modifier(const struct screen *screen, uint32_t fourcc, uint64_t modifier);

/*
 * Show a framebuffer at the next vertical blank, as large as it fits, or in its own size where the
 * plane cannot scale; what came before stays on the screen until then. Waits for the flip before
 * this one. 0; 1: this plane cannot show it, nothing has changed; -1 with the failure set.
 */
int screen_show(struct screen *screen, uint32_t framebuffer, const struct screen_view *view);

/* Wait until no flip is on its way. 0, or -1 with the failure set. */
int screen_wait(struct screen *screen);

#endif
