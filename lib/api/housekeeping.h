/* SPDX-License-Identifier: MIT */
/*
 * What a context does by the clock with the memory that it keeps: idle buffers of pools age, and go
 * after ten seconds. The timer runs while there is something that ages, and only then; the first
 * buffer that becomes idle sets it, from whatever thread it comes back.
 */
#ifndef WC_API_HOUSEKEEPING_H
#define WC_API_HOUSEKEEPING_H

#include "util/loop.h"

struct wc_context;

/* Part of the context. */
struct housekeeping {
	struct task wake;              /* posted from any thread */
	struct timer timer;
};

void housekeeping_init(struct wc_context *context);

/* Before the loop goes. */
void housekeeping_finish(struct wc_context *context);

#endif
