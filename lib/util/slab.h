/* SPDX-License-Identifier: MIT */
/*
 * A stock of equal objects: what is given back is kept for the next taker, so that a warm pipeline
 * does not call malloc. Any thread.
 */
#ifndef WC_UTIL_SLAB_H
#define WC_UTIL_SLAB_H

#include <pthread.h>
#include <stddef.h>

struct slab {
	pthread_mutex_t lock;
	size_t object_size;
	void *free;              /* last in, first out; the first word of each links to the next */
	unsigned kept, limit;    /* objects in the list, and how many it may hold */
};

/* At most limit idle objects are kept; more are freed at once. */
void slab_init(struct slab *slab, size_t object_size, unsigned limit);

/* Frees the idle objects. All others must have been given back. */
void slab_finish(struct slab *slab);

/* A zeroed object, to be given back with slab_put(); NULL without memory. */
void *slab_get(struct slab *slab);

void slab_put(struct slab *slab, void *object);

#endif
