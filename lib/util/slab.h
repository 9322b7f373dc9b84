/* SPDX-License-Identifier: MIT */
/*
 * A stock of equal objects of one class of the census: what is given back is kept for the next
 * taker, so that a warm pipeline does not call malloc. An idle object keeps its slot in the roll,
 * and roll and stock share a lock, so that being counted costs little. Any thread.
 */
#ifndef WC_UTIL_SLAB_H
#define WC_UTIL_SLAB_H

#include <stddef.h>

#include "util/census.h"

struct slab {
	struct census *census;
	struct roll *roll;       /* its lock guards the list */
	size_t object_size;
	struct roll_entry *free; /* last in, first out */
	unsigned kept, limit;    /* objects in the list, and how many it may hold */
};

/*
 * Objects begin with a struct roll_entry. At most limit idle ones are kept; more are freed at once.
 */
void slab_init(struct slab *slab, struct census *census, enum wc_object_class class,
	       size_t object_size, unsigned limit);

/* Frees the idle objects, before the census ends. All others must have been given back. */
void slab_finish(struct slab *slab);

/*
 * An object, zeroed behind its entry, to be given back with slab_put(); NULL without memory. The
 * census sees it from the moment that its state is ROLL_READY.
 */
void *slab_get(struct slab *slab);

/* The same, and with it, under the same lock of the roll, also(arg), unless there is no memory. */
void *slab_get_and(struct slab *slab, void (*also)(void *arg), void *arg);

void slab_put(struct slab *slab, void *object);

#endif
