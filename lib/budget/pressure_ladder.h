/* SPDX-License-Identifier: MIT */
/*
 * The ladder: what is done about memory pressure, in order, as far as it is needed.
 *
 *   step            from level
 *   trim            low
 *   stop growing    medium
 *   throttle        medium
 *   spill           medium
 *   reclaim         critical
 *   force close     critical, only if opted in
 *
 * A level runs its own steps and those of the levels below it, from the top of this table. It stops
 * once goal bytes are freed; a goal of 0 is unknown, then all steps of the level are taken, but
 * force close only if the steps before it freed nothing at all.
 *
 * The callbacks are the owner's. They run in the loop's thread, may report pressure again, and must
 * not climb or descend the ladder.
 */
#ifndef WC_BUDGET_PRESSURE_LADDER_H
#define WC_BUDGET_PRESSURE_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/pressure.h>

#define PRESSURE_STEPS (WC_PRESSURE_FORCE_CLOSE + 1)   /* WC_PRESSURE_NO_STEP included */

struct pressure_rung {
	/*
	 * Take the step, again if it is taken already. cause: what memory is short of, which says
	 * what helps. wanted: bytes that are still needed, 0 if unknown; a step that goes piece by
	 * piece (reclaim, force close) then takes one piece. Returns bytes freed. NULL: the owner
	 * has no such step; it is passed over.
	 */
	uint64_t (*act)(void *owner, enum wc_pressure_level level, enum wc_pressure_cause cause,
			uint64_t wanted);
	/* Take it back. NULL: there is nothing to take back, but it is told all the same. */
	void (*relax)(void *owner);
};

struct pressure_ladder {
	struct pressure_rung rungs[PRESSURE_STEPS];   /* by enum wc_pressure_step */
	/* Told of each step after it was taken, and of changes of the level. NULL: nobody. */
	void (*event)(void *owner, const struct wc_pressure_event *event);
	void *owner;
	bool force_close;      /* the application opted in */
	unsigned taken;        /* bits 1 << step: taken and not relaxed */
};

/* The lowest level that takes the step. */
enum wc_pressure_level pressure_step_level(enum wc_pressure_step step);

/* Take the steps of level. Returns bytes freed. */
uint64_t pressure_ladder_climb(struct pressure_ladder *ladder, enum wc_pressure_level level,
			       enum wc_pressure_cause cause, uint64_t goal);

/* Relax the steps that were taken and do not belong to level, the last one first. */
void pressure_ladder_descend(struct pressure_ladder *ladder, enum wc_pressure_level level);

/* Tell that the level is now another one. */
void pressure_ladder_tell(const struct pressure_ladder *ladder, enum wc_pressure_level level,
			  enum wc_pressure_cause cause);

#endif
