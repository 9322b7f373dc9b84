/* SPDX-License-Identifier: MIT */
/*
 * Who uses the memory of a frame: so that nobody takes it away, or gives it other memory, while
 * somebody looks at it. One word, which any thread may change.
 *
 *               use, map                    seize
 *     in use <------------->   idle   <---------------->   seized
 *        |    end, unmap         |          release          |
 *        | close                 | close                     | close by force
 *        +-------> closed <------+                           +--------------> closed by force
 *
 * Seizing takes nothing but an idle guard, and waits for nobody. Everybody else waits for the end
 * of a seizure, which is why it has a lock: the one who seizes holds it from before the first
 * guard until after the last, and calls nothing of the application's meanwhile. So a use costs two
 * atomic operations, and a wait is as long as it takes to copy a picture.
 */
#ifndef WC_FRAME_GUARD_H
#define WC_FRAME_GUARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Fields of the word. Mappings that are too many to be counted are taken for lasting ones. */
enum {
	GUARD_USE = 1,                   /* in bits 0 to 13 */
	GUARD_MAP = 1 << 14,             /* in bits 14 to 27 */
	GUARD_MAPS = 0x3fff << 14,
	GUARD_SEIZED = 1 << 28,
	GUARD_CLOSED = 1 << 29,
	GUARD_FORCED = 1 << 30,          /* closed by force */
};

struct guard {
	atomic_uint word;                /* 0: idle */
};

/* The slow half of what follows: a guard that is not idle. seizures: the lock for those. */
bool guard_use_slowly(struct guard *guard, unsigned field, pthread_mutex_t *seizures);
bool guard_close_slowly(struct guard *guard, pthread_mutex_t *seizures);

/* End a mapping, if there is one. */
void guard_unmap(struct guard *guard);

/* True: seized, until guard_release() or guard_close_by_force(). With the lock held. */
bool guard_seize(struct guard *guard);

static inline bool guard_begin(struct guard *guard, unsigned field, pthread_mutex_t *seizures)
{
	unsigned idle = 0;

	return atomic_compare_exchange_strong_explicit(&guard->word, &idle, field,
						       memory_order_acquire,
						       memory_order_relaxed) ||
	       guard_use_slowly(guard, field, seizures);
}

/* Begin to use the memory for a moment; false: it is closed. */
static inline bool guard_use(struct guard *guard, pthread_mutex_t *seizures)
{
	return guard_begin(guard, GUARD_USE, seizures);
}

static inline void guard_end_use(struct guard *guard)
{
	atomic_fetch_sub_explicit(&guard->word, GUARD_USE, memory_order_release);
}

/* Begin a mapping, which nests; false: it is closed. */
static inline bool guard_map(struct guard *guard, pthread_mutex_t *seizures)
{
	return guard_begin(guard, GUARD_MAP, seizures);
}

/* Close it, mapped or not; true for the one caller who is the first to do so. */
static inline bool guard_close(struct guard *guard, pthread_mutex_t *seizures)
{
	unsigned idle = 0;

	return atomic_compare_exchange_strong_explicit(&guard->word, &idle, GUARD_CLOSED,
						       memory_order_acquire,
						       memory_order_relaxed) ||
	       guard_close_slowly(guard, seizures);
}

static inline void guard_release(struct guard *guard)
{
	atomic_store_explicit(&guard->word, 0, memory_order_release);
}

static inline void guard_close_by_force(struct guard *guard)
{
	atomic_store_explicit(&guard->word, GUARD_CLOSED | GUARD_FORCED, memory_order_release);
}

static inline bool guard_is_idle(const struct guard *guard)
{
	return !atomic_load_explicit(&guard->word, memory_order_relaxed);
}

static inline bool guard_is_closed(const struct guard *guard)
{
	return atomic_load_explicit(&guard->word, memory_order_acquire) & GUARD_CLOSED;
}

static inline bool guard_was_forced(const struct guard *guard)
{
	return atomic_load_explicit(&guard->word, memory_order_acquire) & GUARD_FORCED;
}

#endif
