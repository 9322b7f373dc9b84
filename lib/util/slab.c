/* SPDX-License-Identifier: MIT */
#include "util/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void slab_init(struct slab *slab, struct census *census, enum wc_object_class class,
	       size_t object_size, unsigned limit)
{
	assert(object_size >= sizeof(struct roll_entry));
	slab->census = census;
	slab->roll = &census->rolls[class];
	slab->object_size = object_size;
	slab->free = NULL;
	slab->kept = 0;
	slab->limit = limit;
}

void slab_finish(struct slab *slab)
{
	while (slab->free) {
		struct roll_entry *entry = slab->free;

		slab->free = entry->next;
		free(entry);
	}
}

/* None was idle. */
static void *new_object(struct slab *slab, uint32_t site, void (*also)(void *arg), void *arg)
{
	struct roll_entry *entry = calloc(1, slab->object_size);
	int ret;

	if (!entry)
		return NULL;
	pthread_mutex_lock(&slab->roll->lock);
	ret = roll_add(slab->roll, entry);
	if (ret == 0) {
		census_begin(slab->census, slab->roll, entry, site);
		also(arg);
	}
	pthread_mutex_unlock(&slab->roll->lock);
	if (ret == 0)
		return entry;
	free(entry);
	return NULL;
}

static void nothing(void *arg)
{
	(void)arg;
}

void *slab_get(struct slab *slab)
{
	return slab_get_and(slab, nothing, NULL);
}

void *slab_get_and(struct slab *slab, void (*also)(void *arg), void *arg)
{
	uint32_t site = census_site(slab->census);
	struct roll_entry *entry;

	pthread_mutex_lock(&slab->roll->lock);
	entry = slab->free;
	if (entry) {
		slab->free = entry->next;
		slab->kept--;
		census_begin(slab->census, slab->roll, entry, site);
		also(arg);
	}
	pthread_mutex_unlock(&slab->roll->lock);

	if (!entry)
		return new_object(slab, site, also, arg);
	/* The entry may be looked at meanwhile, and is set member by member. */
	memset(entry + 1, 0, slab->object_size - sizeof *entry);
	return entry;
}

void slab_put(struct slab *slab, void *object)
{
	struct roll_entry *entry = object;

	pthread_mutex_lock(&slab->roll->lock);
	roll_entry_set_state(entry, 0);
	if (slab->kept < slab->limit) {
		entry->next = slab->free;
		slab->free = entry;
		slab->kept++;
		entry = NULL;
	} else {
		roll_remove(slab->roll, entry);
	}
	pthread_mutex_unlock(&slab->roll->lock);
	free(entry);
}
