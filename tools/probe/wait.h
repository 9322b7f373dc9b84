/* SPDX-License-Identifier: MIT */
/* Dispatch until something has happened. */
#ifndef WC_TOOLS_PROBE_WAIT_H
#define WC_TOOLS_PROBE_WAIT_H

#include <stdbool.h>

#include <webcodecs/context.h>

/* Ten seconds: longer than any device takes for a picture. */
bool wait_until(struct wc_context *context, const bool *done);

#endif
