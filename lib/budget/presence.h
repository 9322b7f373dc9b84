/* SPDX-License-Identifier: MIT */
/*
 * The presence of a context among those of all processes: what memory it keeps, for people who ask
 * where the memory of a machine is. It is the record of a slot in a table that belongs to no device
 * (slots.h), so it goes when its process ends, however that ends, and is judged like any record
 * before it is shown. Nothing depends on it: without a directory, with a full table, or without
 * descriptors a context is not seen, and works.
 *
 * Three descriptors while it is shown. Belongs to the thread of the context.
 */
#ifndef WC_BUDGET_PRESENCE_H
#define WC_BUDGET_PRESENCE_H

#include "budget/slots.h"

/* Names of devices have several words. */
#define PRESENCE_DEVICE "memory"

/* After a failure it is not tried again for so long, microseconds. */
#define PRESENCE_RETRY INT64_C(60000000)

struct presence {
	struct slot_table table;       /* open while slot.fd is not -1 */
	struct slot slot;
	int64_t retry;                 /* not before that */
};

void presence_init(struct presence *presence);

/*
 * Show what the context keeps, bytes in all, in a directory as of slot_directory_choose(). Writes
 * only what has changed. Whether it wrote.
 */
bool presence_show(struct presence *presence, const char *directory,
		   const struct slot_memory *memory, uint64_t bytes, int64_t now);

/* There is nothing more to show. Harmless when nothing is shown. */
void presence_end(struct presence *presence);

#endif
