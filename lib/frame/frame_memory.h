/* SPDX-License-Identifier: MIT */
/*
 * The memory of a context's frames: what the application decided, what was chosen for each use and
 * why, and a pool for each kind of frame that was asked for of late. Any thread, all of it.
 */
#ifndef WC_FRAME_FRAME_MEMORY_H
#define WC_FRAME_FRAME_MEMORY_H

#include "frame/allocator_choose.h"

struct frame_memory;

/* NULL without memory. One owner. */
struct frame_memory *frame_memory_new(struct core *core);

/* Frames that exist stay. NULL is allowed. */
void frame_memory_free(struct frame_memory *memory);

/*
 * The application's word from now on, or with NULL none. 0; -EINVAL for what cannot be chosen; or
 * the errno of opening the device, and nothing changed. *name, ALLOCATOR_NAME_MAX bytes, becomes
 * the device that was meant.
 */
int frame_memory_decide(struct frame_memory *memory, const struct wc_memory_options *options,
			char *name);

/* What the next frame of that use lies in, as allocator_choose(). */
int frame_memory_get_choice(struct frame_memory *memory, unsigned use,
			    struct wc_memory_choice *choice);

/*
 * A wish for a pool of one's own, with what the application decided; the caller adds the key and
 * the question for an import. Then allocator_choose().
 */
void frame_memory_get_wish(struct frame_memory *memory, unsigned use, struct memory_wish *wish);

/*
 * A pin of a buffer for such frames, to be given back with buffer_unpin(); 0 or a negative errno of
 * allocator_choose() or pool_try(). *choice is filled in any case. Where the budget has no room for
 * more of the kind that was chosen, another one is; -EDQUOT: for none of them.
 */
int frame_memory_get(struct frame_memory *memory, unsigned use, const struct pool_key *key,
		     struct buffer **buffer, struct wc_memory_choice *choice);

#endif
