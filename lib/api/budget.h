/* SPDX-License-Identifier: MIT */
/* What the application says for the budget, in the words of the accountant. */
#ifndef WC_API_BUDGET_H
#define WC_API_BUDGET_H

#include <webcodecs/budget.h>

#include "budget/reclaim.h"

/* False when a reserved field is not zero. */
bool reclaim_traits_read(const struct wc_reclaim_traits *from, struct reclaim_traits *to);

#endif
