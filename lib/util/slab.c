/* SPDX-License-Identifier: MIT */
#include "util/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void slab_init(struct slab *slab, size_t object_size, unsigned limit)
{
	assert(object_size >= sizeof(void *));
	pthread_mutex_init(&slab->lock, NULL);
	slab->object_size = object_size;
	slab->free = NULL;
	slab->kept = 0;
	slab->limit = limit;
}

void slab_finish(struct slab *slab)
{
	while (slab->free) {
		void *object = slab->free;

		memcpy(&slab->free, object, sizeof slab->free);
		free(object);
	}
	pthread_mutex_destroy(&slab->lock);
}

void *slab_get(struct slab *slab)
{
	void *object;

	pthread_mutex_lock(&slab->lock);
	object = slab->free;
	if (object) {
		memcpy(&slab->free, object, sizeof slab->free);
		slab->kept--;
	}
	pthread_mutex_unlock(&slab->lock);

	if (!object)
		return calloc(1, slab->object_size);
	return memset(object, 0, slab->object_size);
}

void slab_put(struct slab *slab, void *object)
{
	pthread_mutex_lock(&slab->lock);
	if (slab->kept < slab->limit) {
		memcpy(object, &slab->free, sizeof slab->free);
		slab->free = object;
		slab->kept++;
		object = NULL;
	}
	pthread_mutex_unlock(&slab->lock);
	free(object);
}
