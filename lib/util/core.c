/* SPDX-License-Identifier: MIT */
#include "util/core.h"

#include <stdlib.h>

/* Idle frames and chunks that are kept. Twice what the deepest pipeline seen has in flight. */
#define KEEP_OBJECTS 128

struct core *core_new(size_t frame_size, size_t chunk_size)
{
	struct core *core = calloc(1, sizeof *core);

	if (!core)
		return NULL;
	atomic_init(&core->refs, 1);
	log_init(&core->log);
	census_init(&core->census, &core->log);
	external_memory_init(&core->external_memory);
	address_set_init(&core->wrapped);
	memory_budget_init(&core->memory);
	shrinker_list_init(&core->shrinkers);
	pthread_mutex_init(&core->seizures, NULL);
	waker_init(&core->waker);
	slab_init(&core->frames, &core->census, WC_OBJECT_VIDEO_FRAME, frame_size, KEEP_OBJECTS);
	slab_init(&core->chunks, &core->census, WC_OBJECT_ENCODED_VIDEO_CHUNK, chunk_size,
		  KEEP_OBJECTS);
	return core;
}

struct core *core_ref(struct core *core)
{
	atomic_fetch_add_explicit(&core->refs, 1, memory_order_relaxed);
	return core;
}

void core_unref(struct core *core)
{
	if (atomic_fetch_sub_explicit(&core->refs, 1, memory_order_acq_rel) != 1)
		return;
	slab_finish(&core->chunks);
	slab_finish(&core->frames);
	pthread_mutex_destroy(&core->seizures);
	waker_finish(&core->waker);
	shrinker_list_finish(&core->shrinkers);
	memory_budget_finish(&core->memory);
	address_set_finish(&core->wrapped);
	external_memory_finish(&core->external_memory);
	census_finish(&core->census);
	log_finish(&core->log);
	free(core);
}
