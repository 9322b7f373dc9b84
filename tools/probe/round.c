/* SPDX-License-Identifier: MIT */
#include "probe/round.h"

#include <errno.h>
#include <stdlib.h>

#include "common/interrupt.h"

static void fill(struct round *round, struct wc_context *context, const struct target *target,
		 const struct coded *coded, unsigned max, struct candidate *candidates)
{
	while (round->count < max && !interrupt_signal()) {
		struct candidate *next = &candidates[round->count];

		if (!candidate_open(next, context, target, coded, round->count)) {
			round->refused = true;
			round->error = next->error;
			candidate_close(next);
			return;
		}
		round->count++;
	}
}

int round_measure(struct round *round, struct wc_context *context, const struct target *target,
		  const struct coded *coded, unsigned max, struct others *others,
		  struct failure *failure)
{
	struct candidate *candidates = calloc(max, sizeof *candidates);

	*round = (struct round) { .count = 0 };
	if (!candidates)
		return failure_set_errno(failure, "measurement", ENOMEM);
	others_look(others, context, target->device.path, NULL);
	fill(round, context, target, coded, max, candidates);
	others_look(others, context, target->device.path, round->refused ? &round->error : NULL);
	for (unsigned i = 0; i < round->count; i++) {
		round->lost |= candidates[i].failed;
		candidate_close(&candidates[i]);
	}
	free(candidates);
	return interrupt_signal() ? failure_set(failure, "interrupted") : 0;
}
