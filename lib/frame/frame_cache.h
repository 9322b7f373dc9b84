/* SPDX-License-Identifier: MIT */
/* What the public header leaves out. */
#ifndef WC_FRAME_FRAME_CACHE_H
#define WC_FRAME_FRAME_CACHE_H

#include <webcodecs/frame_cache.h>

#include "util/core.h"

/*
 * As wc_frame_cache_new(), without the context, which this layer does not know: its core, of which
 * the cache takes a reference, or NULL.
 */
int frame_cache_new(struct core *core, const struct wc_frame_cache_options *options,
		    struct wc_frame_cache **cache);

/*
 * Under pressure: let go of frames, those not used for longest first, until about so many bytes
 * came free, or the cache is empty. Returns the bytes that came free; frames that are open
 * elsewhere are let go, too, but free nothing yet.
 */
size_t frame_cache_trim(struct wc_frame_cache *cache, size_t bytes);

#endif
