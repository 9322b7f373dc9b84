/* SPDX-License-Identifier: MIT */
/*
 * The level of memory pressure, with hysteresis. Pure: it knows neither sources nor a loop. All
 * times are microseconds of CLOCK_MONOTONIC that the caller passes in.
 *
 *              report of a higher level (at once, also by several steps)
 *   none  ---------->  low  ---------->  medium  ---------->  critical
 *         <----------       <----------          <----------
 *              one step, after PRESSURE_HOLD without a report of the level or a higher one, and
 *              PRESSURE_HOLD after the last change at the earliest
 *
 * Reports only note; pressure_serve() acts. So a report may come from deep inside an allocation or
 * from a callback of the ladder, and codecs are closed only where the owner serves: in dispatch.
 *
 * A report with a goal is a measurement (a budget, the limit of a control group): exact, and true
 * at once. One without is a symptom (stalls, failures), which lasts longer than its reason.
 * The ladder is climbed
 * - for each rise of the level;
 * - for a symptom of the level itself, PRESSURE_HOLD after the last climb; sooner if that had not
 *   freed enough (nothing, or less than its goal): after PRESSURE_RETRY, and twice as long each
 *   time up to PRESSURE_HOLD;
 * - for each measurement, with the steps of its own level if that is below; but if the last climb
 *   of its level or above freed nothing, only as soon as a symptom might. So an owner that fills up
 *   again what was freed is held below its limit, and one that has nothing to give is not asked all
 *   the time.
 * A symptom of a lower level only keeps that level from falling.
 */
#ifndef WC_BUDGET_PRESSURE_H
#define WC_BUDGET_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/pressure.h>

#include "budget/pressure_ladder.h"

#define PRESSURE_HOLD  INT64_C(15000000)
#define PRESSURE_RETRY INT64_C(2000000)    /* a window of the kernel's triggers */

#define PRESSURE_LEVELS (WC_PRESSURE_CRITICAL + 1)
#define PRESSURE_CAUSES (WC_PRESSURE_BY_APPLICATION + 1)

/* What a budget counts. */
enum pressure_unit {
	PRESSURE_BYTES,        /* what is too much becomes the goal of the ladder */
	PRESSURE_PIECES,       /* descriptors, contexts: the goal stays unknown */
};

struct pressure {
	struct pressure_ladder *ladder;
	/* Something is to be served. NULL: the caller serves after each report by itself. */
	void (*wake)(void *wake_data);
	void *wake_data;
	enum wc_pressure_level level;
	enum wc_pressure_level told;        /* the level that the ladder knows */
	enum wc_pressure_cause cause;       /* of the climb that is due, or of the last one */
	int64_t heard[PRESSURE_LEVELS];     /* last report of this level or a higher one */
	int64_t changed;                    /* when the level became what it is */
	/* Until when reports of a level are noted only: symptoms, and measurements. */
	int64_t quiet[PRESSURE_LEVELS], barren[PRESSURE_LEVELS];
	int64_t retry[PRESSURE_LEVELS];     /* wait after the next climb that frees too little */
	enum wc_pressure_level due_level;   /* of the climb that is due */
	uint64_t goal;                      /* of the climb that is due */
	bool due, serving;
	uint64_t reports[PRESSURE_CAUSES];  /* how many came, for statistics */
};

/* The ladder is the owner's, and filled in. */
void pressure_init(struct pressure *pressure, struct pressure_ladder *ladder);

/*
 * Note a report. goal: bytes that would be enough, 0 if unknown. WC_PRESSURE_NONE, and values that
 * are no level, have no effect.
 */
void pressure_note(struct pressure *pressure, enum wc_pressure_cause cause,
		   enum wc_pressure_level level, uint64_t goal, int64_t now);

/* The application's own report. */
void pressure_note_application(struct pressure *pressure, enum wc_pressure_level level,
			       uint64_t goal, int64_t now);

/*
 * A budget of the owner's changed: used of limit. From 80 % of the limit it is a report of low,
 * from 90 % medium, from 97 % critical; the goal is to come down to 80 %. limit 0: there is none.
 * Cheap while there is no report.
 */
void pressure_note_budget(struct pressure *pressure, enum pressure_unit unit, uint64_t used,
			  uint64_t limit, int64_t now);

/* The level that used of limit stands for, by the same table. */
enum wc_pressure_level pressure_fill_level(uint64_t used, uint64_t limit);

/* Bytes above 80 % of limit; 0 when there are none. */
uint64_t pressure_fill_excess(uint64_t used, uint64_t limit);

/*
 * Do what is due: let the level fall, tell, relax, climb. Returns microseconds until the level may
 * fall next, or -1 when it is none: then nothing has to be served until the next report.
 * Inside a callback of the ladder it does nothing and returns -1.
 */
int64_t pressure_serve(struct pressure *pressure, int64_t now);

#endif
