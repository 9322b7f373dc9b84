/* SPDX-License-Identifier: MIT */
/*
 * A pool of plain buffers, of one codec's chunks or pictures: what comes back is kept for the next
 * taker, so that a warm pipeline allocates nothing. Buffers may come back from any thread, and
 * after the pool was closed.
 */
#ifndef WC_FRAME_POOL_H
#define WC_FRAME_POOL_H

#include "frame/buffer.h"

struct pool;

/* NULL without memory. One owner, who closes it. */
struct pool *pool_new(struct core *core);

/* The idle buffers go now, the others when their last pin ends. NULL is allowed. */
void pool_close(struct pool *pool);

/*
 * A buffer of at least size bytes in object 0; the content is undefined. One *pin*, to be given
 * back with buffer_unpin(). NULL without memory.
 */
struct buffer *pool_get(struct pool *pool, size_t size);

#endif
