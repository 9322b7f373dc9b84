/* SPDX-License-Identifier: MIT */
/*
 * A pool of buffers: what comes back is kept for the next taker, so that a warm pipeline allocates
 * nothing. Last in, first out: what was touched last is warm in caches and IOMMUs, and the cold end
 * is left alone until it is trimmed.
 *
 *                    alloc              get                    last pin ends
 *      (no buffer) --------> [ idle ] --------> ( in use ) ---------------------> [ idle ]
 *                               |                   |
 *               trimmed, over the high mark,        +-- of an older generation, or the pool
 *               or of an older generation               is closed --> freed
 *                               +--> freed
 *
 * - A **key** says what the buffers are. Another key begins a new *generation*: idle buffers go at
 *   once, those in use when they come back. A pool without a key gives buffers of any size.
 * - **Nothing waits** but pool_wait(). Every other call that finds no buffer says so.
 * - **Exhausted** (-EAGAIN: a limit of the pool is reached, so a buffer that comes back would help)
 *   is not the same as out of memory (-ENOMEM, or what else the allocator said).
 * - The memory comes from an **allocator**, an interface: plain memory, or what devices can share
 *   (frame/allocator.h).
 *
 * A pool is in the list of its core of what can give memory back (util/shrinker.h), so trimming,
 * ticks and, if it has a hard limit, holding growth reach it without its owner.
 *
 * Threads: all functions but pool_close() may be called from any thread while the owner has not
 * closed the pool. Buffers may come back from any thread, and after the pool was closed: what they
 * need of it lives as long as the last of them. Memory is allocated and freed outside the lock.
 */
#ifndef WC_FRAME_POOL_H
#define WC_FRAME_POOL_H

#include "frame/buffer.h"
#include "util/list.h"

/* The most idle buffers that a pool can be told to keep. */
#define POOL_MAX_IDLE 1024

/* A deadline that never comes. */
#define POOL_FOREVER INT64_MAX

/* Microseconds after which idle buffers go, unless the options say otherwise. */
#define POOL_IDLE_TIME ((int64_t)10 * 1000000)

struct pool;

/*
 * What buffers are. The visible rectangle is no part of it: a stream that crops its pictures in
 * another way goes on with the same buffers.
 */
struct pool_key {
	size_t size;                   /* bytes, of all objects; 0: the pool has no key */
	uint32_t fourcc;
	uint64_t modifier;
	uint32_t width, height;        /* coded size in pixels */
	bool secure;                   /* memory that the CPU must not see */
};

/* ---- allocators ---- */

struct pool_allocator;

/* Called without locks, from any thread, from several at once. */
struct pool_allocator_ops {
	/*
	 * Fill objects and n_objects of buffer, which is otherwise set up, with at least key->size
	 * bytes, and kind, is_shared and stride where they are not as buffer_init() left them;
	 * *opaque is the allocator's own, NULL at first, see pool_opaque(). 0 or a negative errno
	 * with nothing left behind; -EAGAIN is kept for the pool itself. Before it allocates it
	 * says so with buffer_reserve(), and returns -EDQUOT, or tries another kind of memory, when
	 * that says no.
	 */
	int (*alloc)(struct pool_allocator *allocator, const struct pool_key *key,
		     struct buffer *buffer, void **opaque);
	/* Undo alloc(), except that the pool closes the descriptors of the objects afterwards. */
	void (*free)(struct pool_allocator *allocator, struct buffer *buffer, void *opaque);
	/* The pool and its last buffer are gone. NULL: nothing to do. */
	void (*release)(struct pool_allocator *allocator);
};

/* Part of a larger struct of its maker. */
struct pool_allocator {
	const struct pool_allocator_ops *ops;
};

/* Plain memory, 64-byte aligned, in one object. A constant. */
struct pool_allocator *pool_plain_allocator(void);

/* ---- making and ending ---- */

/* A bound in buffers and in bytes, whichever comes first. 0: the default. */
struct pool_limit {
	unsigned buffers;
	size_t bytes;
};

/*
 * All zero is what pool_new() makes. In buffers min <= low <= high <= POOL_MAX_IDLE, min <= max
 * and step <= high; in bytes, too, low must have room for min.
 */
struct pool_options {
	struct pool_allocator *allocator;   /* NULL: plain memory */
	struct pool_key key;
	/* Buffers that are there from the start, and that age alone does not end. Needs a key. */
	unsigned min;
	/* Buffers that a get makes when it finds none, as far as limits allow; default 1. */
	unsigned step;
	/*
	 * Hard limits, default none. Buffers: those of the present generation, idle or in use.
	 * Bytes: those of all generations, for as long as they have memory.
	 */
	struct pool_limit max;
	/*
	 * Watermarks of what is idle. A buffer that comes back and would be beyond high lets the
	 * longest idle ones go until low is kept. Defaults of high: 16 (or min) buffers, and 8 MiB
	 * without a key, no limit with one. Default of low: high.
	 */
	struct pool_limit high, low;
	int64_t idle_time;             /* microseconds; default POOL_IDLE_TIME */
};

/*
 * One owner, who closes it. 0, -EINVAL for options that contradict each other, -EAGAIN when the
 * limit in bytes leaves no room for min buffers, -ENOMEM or another error of the allocator. On
 * failure the allocator is not released.
 */
int pool_new_with(struct core *core, const struct pool_options *options, struct pool **pool);

/* A pool of plain memory, any size, no hard limit. NULL without memory. */
struct pool *pool_new(struct core *core);

/*
 * The idle buffers go now, the others when their last pin ends. Who waits gets -ECANCELED; who
 * wanted to be told is forgotten. NULL is allowed.
 */
void pool_close(struct pool *pool);

/* So that a pool can be asked while its owner may be closing it: then it says -ECANCELED. */
struct pool *pool_ref(struct pool *pool);
void pool_unref(struct pool *pool);

/*
 * Change what the buffers are. Nothing happens when key is the present one. Else a new generation
 * begins and its min buffers are made: 0, or an error as of pool_new_with(), with the new key in
 * force all the same. A size of 0 takes the key away, -EINVAL when there is a min.
 */
int pool_set_key(struct pool *pool, const struct pool_key *key);

/* ---- getting ---- */

/*
 * All give one *pin* of a buffer with at least size bytes, to be given back with buffer_unpin();
 * the content is undefined. With a key a size of 0 means that of the key, and more is refused. On
 * failure *buffer is NULL and the result one of:
 *   -EAGAIN      exhausted: as many buffers as allowed are in use, or as many as the budget of
 *                the core has room for
 *   -EDQUOT      that budget has no room, and no buffer is in use that could come back
 *   -ECANCELED   flushing, or closed meanwhile
 *   -EINVAL      a size beyond that of the key, or beyond all that the pool may have
 *   -ENOMEM      or another errno: what the allocator said
 */

/* Try. */
int pool_try(struct pool *pool, size_t size, struct buffer **buffer);

/*
 * Wait until deadline (microseconds of CLOCK_MONOTONIC, or POOL_FOREVER) while the pool is
 * exhausted; -ETIMEDOUT then. Waiters are not queued: who comes first when a buffer does, has it.
 */
int pool_wait(struct pool *pool, size_t size, int64_t deadline, struct buffer **buffer);

/* Somebody who wants to be told. Memory of the caller, set up with pool_notice_init(). */
struct pool_notice {
	struct list link;
	void (*ready)(struct pool_notice *notice);
};

void pool_notice_init(struct pool_notice *notice, void (*ready)(struct pool_notice *notice));

/*
 * Try, and when the pool is exhausted be told: ready() is called once, when it is worth to try
 * again, because a buffer came back, room became free, or flushing began. All that wait are told,
 * so another may have been faster. **ready() runs in the thread that gave the buffer back, whatever
 * thread that is, with the pool locked**: it must do no more than post a task
 * (loop_post_remote()), and must not call the pool or give buffers back.
 * A notice that is waiting already just goes on; one waits for one pool at a time.
 */
int pool_ask(struct pool *pool, size_t size, struct pool_notice *notice, struct buffer **buffer);

/* No longer be told. ready() does not run after this returned. Harmless when it is not waiting. */
void pool_forget(struct pool *pool, struct pool_notice *notice);

/*
 * As pool_try(), for callers without limits of their own: NULL with errno set. Exhausted is EDQUOT
 * here.
 */
struct buffer *pool_get(struct pool *pool, size_t size);

/* What the allocator left with a buffer of a pool. */
void *pool_opaque(struct buffer *buffer);

/* ---- memory and pressure ---- */

/*
 * Age the idle buffers: those that were idle at every tick for the idle time are freed, as long as
 * min buffers remain. Time counts from the first tick that sees a buffer idle, so that giving back
 * reads no clock, a buffer never goes too early, and a machine that slept loses nothing on the
 * first tick. The pool has no timer: it asks the core's waker when a buffer becomes idle, and true
 * says that another tick may find something to let go.
 */
bool pool_tick(struct pool *pool, int64_t now);

/*
 * Free idle buffers, longest idle first, until not more than these are idle, min or not. Returns
 * the bytes of what was let go.
 */
size_t pool_trim(struct pool *pool, unsigned buffers, size_t bytes);

/*
 * While growth is held, no buffer is made beyond min (or the first one): gets that find none say
 * -EAGAIN.
 */
void pool_hold_growth(struct pool *pool, bool hold);

/* While flushing, every get fails with -ECANCELED; who waits is woken. Buffers may come back. */
void pool_set_flushing(struct pool *pool, bool flushing);

struct pool_stats {
	uint64_t allocated;            /* buffers made */
	uint64_t reused;               /* gets that took an idle buffer */
	uint64_t misses;               /* gets that found no idle buffer that fits */
	uint64_t exhausted;            /* gets that met a limit */
	uint64_t failed;               /* allocations that failed */
	uint64_t trimmed;              /* idle buffers let go: marks, age, trim, or in the way */
	uint64_t stale;                /* buffers let go because their generation was over */
	unsigned in_use, idle;         /* buffers now; in_use counts those of old generations too */
	unsigned peak;                 /* most in use at once */
	size_t bytes, idle_bytes;      /* bytes with memory now, and those of them that are idle */
	size_t peak_bytes;
	unsigned generation;           /* 0 at first */
};

/* One moment's picture. */
void pool_get_stats(struct pool *pool, struct pool_stats *stats);

#endif
