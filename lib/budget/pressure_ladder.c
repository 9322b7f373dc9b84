/* SPDX-License-Identifier: MIT */
#include "budget/pressure_ladder.h"

static const enum wc_pressure_level from_level[PRESSURE_STEPS] = {
	[WC_PRESSURE_NO_STEP] = WC_PRESSURE_NONE,
	[WC_PRESSURE_TRIM] = WC_PRESSURE_LOW,
	[WC_PRESSURE_STOP_GROWING] = WC_PRESSURE_MEDIUM,
	[WC_PRESSURE_THROTTLE] = WC_PRESSURE_MEDIUM,
	[WC_PRESSURE_SPILL] = WC_PRESSURE_MEDIUM,
	[WC_PRESSURE_RECLAIM] = WC_PRESSURE_CRITICAL,
	[WC_PRESSURE_FORCE_CLOSE] = WC_PRESSURE_CRITICAL,
};

enum wc_pressure_level pressure_step_level(enum wc_pressure_step step)
{
	return from_level[step];
}

static void tell(const struct pressure_ladder *ladder, const struct wc_pressure_event *event)
{
	if (ladder->event)
		ladder->event(ladder->owner, event);
}

void pressure_ladder_tell(const struct pressure_ladder *ladder, enum wc_pressure_level level,
			  enum wc_pressure_cause cause)
{
	tell(ladder, &(struct wc_pressure_event) { .level = level, .cause = cause });
}

static bool is_wanted(const struct pressure_ladder *ladder, enum wc_pressure_step step,
		      uint64_t goal, uint64_t freed)
{
	if (!ladder->rungs[step].act || (goal > 0 && freed >= goal))
		return false;
	if (step != WC_PRESSURE_FORCE_CLOSE)
		return true;
	return ladder->force_close && (goal > 0 || freed == 0);
}

uint64_t pressure_ladder_climb(struct pressure_ladder *ladder, enum wc_pressure_level level,
			       enum wc_pressure_cause cause, uint64_t goal)
{
	uint64_t freed = 0;

	for (int step = WC_PRESSURE_TRIM; step < PRESSURE_STEPS; step++) {
		struct wc_pressure_event event = { .level = level, .step = step, .cause = cause };

		if (from_level[step] > level || !is_wanted(ladder, step, goal, freed))
			continue;
		event.wanted = goal > 0 ? goal - freed : 0;
		ladder->taken |= 1u << step;
		event.freed = ladder->rungs[step].act(ladder->owner, level, cause,
							 event.wanted);
		freed += event.freed;
		tell(ladder, &event);
	}
	return freed;
}

void pressure_ladder_descend(struct pressure_ladder *ladder, enum wc_pressure_level level)
{
	for (int step = PRESSURE_STEPS - 1; step >= WC_PRESSURE_TRIM; step--) {
		if (from_level[step] <= level || !(ladder->taken & 1u << step))
			continue;
		ladder->taken &= ~(1u << step);
		if (ladder->rungs[step].relax)
			ladder->rungs[step].relax(ladder->owner);
		tell(ladder, &(struct wc_pressure_event) {
			.level = level, .step = step, .relaxed = 1 });
	}
}
