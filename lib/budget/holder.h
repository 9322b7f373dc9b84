/* SPDX-License-Identifier: MIT */
/* Somebody in a slot, as the public headers tell it. */
#ifndef WC_BUDGET_HOLDER_H
#define WC_BUDGET_HOLDER_H

#include <webcodecs/error.h>

#include "budget/slots.h"

/* now: microseconds of CLOCK_MONOTONIC, as in the records. */
void holder_describe(const struct slot_holder *from, int64_t now, struct wc_holder *to);

#endif
