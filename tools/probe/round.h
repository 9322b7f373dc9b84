/* SPDX-License-Identifier: MIT */
/* One measurement. */
#ifndef WC_TOOLS_PROBE_ROUND_H
#define WC_TOOLS_PROBE_ROUND_H

#include <stdbool.h>

#include "probe/candidate.h"
#include "probe/others.h"

struct round {
	unsigned count;            /* contexts that worked at the same time */
	bool refused;              /* one more did not, else there was no need for one */
	struct wc_error error;     /* why, if refused */
	bool lost;                 /* one of ours was closed meanwhile */
};

/*
 * Take contexts until one is refused or there are max, and give them all back. Adds to others who
 * had some meanwhile. 0, or -1 with the failure set.
 */
int round_measure(struct round *round, struct wc_context *context, const struct target *target,
		  const struct coded *coded, unsigned max, struct others *others,
		  struct failure *failure);

#endif
