/* SPDX-License-Identifier: MIT */
/*
 * What a context does by the clock with the memory that it keeps:
 *
 * - idle buffers of pools age, and go after ten seconds;
 * - other processes see how much there is (budget/presence.h).
 *
 * The timer runs each second while something ages or changes, slower and slower while nothing does,
 * and not at all when there is no memory. The first buffer that is made or becomes idle sets it, in
 * whatever thread that is.
 */
#ifndef WC_API_HOUSEKEEPING_H
#define WC_API_HOUSEKEEPING_H

#include "budget/presence.h"
#include "util/loop.h"

/* Microseconds until a change is seen that makes no new buffer and leaves none idle. */
#define HOUSEKEEPING_SLOWEST INT64_C(10000000)

struct wc_context;

/* Part of the context. */
struct housekeeping {
	struct task wake;              /* posted from any thread */
	struct timer timer;
	int64_t period;                /* microseconds */
	struct presence presence;
};

/* When core, loop and accountant are there. */
void housekeeping_init(struct wc_context *context);

/* Before they go. */
void housekeeping_finish(struct wc_context *context);

#endif
