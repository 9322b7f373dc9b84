/* SPDX-License-Identifier: MIT */
#include "util/external_memory.h"

void external_memory_init(struct external_memory *memory)
{
	pthread_mutex_init(&memory->lock, NULL);
	memory->hook = NULL;
	memory->user_data = NULL;
	memory->total = 0;
	atomic_init(&memory->wanted, false);
}

void external_memory_finish(struct external_memory *memory)
{
	pthread_mutex_destroy(&memory->lock);
}

static void tell(struct external_memory *memory, int64_t change)
{
	if (memory->hook && change)
		memory->hook(change, memory->user_data);
}

void external_memory_set_hook(struct external_memory *memory, wc_external_memory_hook hook,
			      void *user_data)
{
	pthread_mutex_lock(&memory->lock);
	tell(memory, -memory->total);
	memory->hook = hook;
	memory->user_data = user_data;
	tell(memory, memory->total);
	atomic_store_explicit(&memory->wanted, hook != NULL, memory_order_relaxed);
	pthread_mutex_unlock(&memory->lock);
}

void external_memory_change(struct external_memory *memory, int64_t change)
{
	pthread_mutex_lock(&memory->lock);
	memory->total += change;
	tell(memory, change);
	pthread_mutex_unlock(&memory->lock);
}

int64_t external_memory_total(struct external_memory *memory)
{
	int64_t total;

	pthread_mutex_lock(&memory->lock);
	total = memory->total;
	pthread_mutex_unlock(&memory->lock);
	return total;
}
