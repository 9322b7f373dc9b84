/* SPDX-License-Identifier: MIT */
/* What a context keeps for its census: the timer that looks for objects open too long. */
#ifndef WC_API_CENSUS_H
#define WC_API_CENSUS_H

#include <stdbool.h>

#include "util/loop.h"

#ifdef WITHOUT_CENSUS
#define HAS_CENSUS false
#else
#define HAS_CENSUS true
#endif

struct census_watch {
	struct timer timer;
	int64_t limit;          /* microseconds, 0: none */
};

void census_watch_init(struct census_watch *watch);
void census_watch_finish(struct census_watch *watch);

#endif
