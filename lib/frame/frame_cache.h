/* SPDX-License-Identifier: MIT */
/* What the public header leaves out. */
#ifndef WC_FRAME_FRAME_CACHE_H
#define WC_FRAME_FRAME_CACHE_H

#include <webcodecs/frame_cache.h>

#include "util/core.h"

/*
 * As wc_frame_cache_new(), without the context, which this layer does not know: its core, of which
 * the cache takes a reference, or NULL. Under pressure, by the core's shrinkers, frames go, those
 * not used for longest first; those that are open elsewhere, too, but they free nothing yet.
 */
int frame_cache_new(struct core *core, const struct wc_frame_cache_options *options,
		    struct wc_frame_cache **cache);

#endif
