/* SPDX-License-Identifier: MIT */
/* Who is told of the memory that an application's objects keep alive: see webcodecs/census.h. */
#ifndef WC_UTIL_EXTERNAL_MEMORY_H
#define WC_UTIL_EXTERNAL_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/census.h>

struct external_memory {
	pthread_mutex_t lock;            /* guards hook, user_data and total; held during calls */
	wc_external_memory_hook hook;
	void *user_data;
	int64_t total;                   /* bytes told */
	atomic_bool wanted;              /* there is a hook */
};

void external_memory_init(struct external_memory *memory);
void external_memory_finish(struct external_memory *memory);
void external_memory_set_hook(struct external_memory *memory, wc_external_memory_hook hook,
			      void *user_data);

/* Whether new objects are to be told of. */
static inline bool external_memory_is_wanted(const struct external_memory *memory)
{
	return atomic_load_explicit(&memory->wanted, memory_order_relaxed);
}

/* What was told with a plus must be told with a minus, also when there is no hook any more. */
void external_memory_change(struct external_memory *memory, int64_t change);

int64_t external_memory_total(struct external_memory *memory);

#endif
