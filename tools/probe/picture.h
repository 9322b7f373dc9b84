/* SPDX-License-Identifier: MIT */
/* A grey picture, for encoders, and a chunk of it, for decoders. */
#ifndef WC_TOOLS_PROBE_PICTURE_H
#define WC_TOOLS_PROBE_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "probe/target.h"

/* A frame with one reference; NULL without memory. */
struct wc_video_frame *picture_new(struct wc_context *context, struct size size);

/* A coded key picture in memory of malloc(); data NULL: there is none. */
struct coded {
	uint8_t *data;
	size_t size;
};

/*
 * Have one made for a decoder, by software if there is some, else by any device; with a context of
 * its own, so that nothing of it is left. Nothing is made when nobody can.
 */
struct coded picture_encode(const struct target *target);

#endif
