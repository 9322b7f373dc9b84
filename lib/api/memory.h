/* SPDX-License-Identifier: MIT */
/* What the memory of frames is checked for on the way in. */
#ifndef WC_API_MEMORY_H
#define WC_API_MEMORY_H

struct wc_context;

/* 0, or WC_TYPE_ERROR, kept with the context, when use is no set of enum wc_memory_use. */
int context_check_memory_use(struct wc_context *context, unsigned use);

#endif
