/* SPDX-License-Identifier: MIT */
/* Somebody in a slot, as the public headers tell it. */
#ifndef WC_BUDGET_HOLDER_H
#define WC_BUDGET_HOLDER_H

#include <webcodecs/error.h>

#include "budget/slots.h"

/*
 * Macroblocks a second that a holder counts for; limit as for rate_of(). One whose record cannot be
 * read counts as one of whom nothing is known, and where nobody holds the slot there is nothing.
 */
uint64_t holder_rate(const struct slot_holder *holder, uint64_t limit);

/* now: microseconds of CLOCK_MONOTONIC, as in the records. */
void holder_describe(const struct slot_holder *from, int64_t now, struct wc_holder *to);

#endif
