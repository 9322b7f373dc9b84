/* SPDX-License-Identifier: MIT */
#include "frame/tally.h"

#include <stdatomic.h>
#include <stdlib.h>

struct tally {
	atomic_uint refs;
	atomic_uint open;
};

struct tally *tally_new(void)
{
	struct tally *tally = malloc(sizeof *tally);

	if (!tally)
		return NULL;
	atomic_init(&tally->refs, 1);
	atomic_init(&tally->open, 0);
	return tally;
}

struct tally *tally_ref(struct tally *tally)
{
	atomic_fetch_add_explicit(&tally->refs, 1, memory_order_relaxed);
	return tally;
}

void tally_unref(struct tally *tally)
{
	if (tally && atomic_fetch_sub_explicit(&tally->refs, 1, memory_order_acq_rel) == 1)
		free(tally);
}

void tally_enter(struct tally *tally)
{
	atomic_fetch_add_explicit(&tally->open, 1, memory_order_relaxed);
}

void tally_leave(struct tally *tally)
{
	atomic_fetch_sub_explicit(&tally->open, 1, memory_order_relaxed);
}

unsigned tally_count(const struct tally *tally)
{
	return atomic_load_explicit(&tally->open, memory_order_relaxed);
}
