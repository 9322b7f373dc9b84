/* SPDX-License-Identifier: MIT */
#include "budget/pressure.h"

#include <string.h>

void pressure_init(struct pressure *pressure, struct pressure_ladder *ladder)
{
	memset(pressure, 0, sizeof *pressure);
	pressure->ladder = ladder;
	for (int level = 0; level < PRESSURE_LEVELS; level++)
		pressure->retry[level] = PRESSURE_RETRY;
}

static bool is_level(enum wc_pressure_level level)
{
	return (int)level > WC_PRESSURE_NONE && (int)level < PRESSURE_LEVELS;
}

/* Two reports that wait for the same climb: the larger goal, or none if one is unknown. */
static uint64_t join_goals(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return a > b ? a : b;
}

/* Let the ladder be climbed, or a climb that is due already be the worse of the two. */
static void make_due(struct pressure *pressure, enum wc_pressure_cause cause,
		     enum wc_pressure_level level, uint64_t goal)
{
	bool first = !pressure->due;

	if (!first && level < pressure->due_level)
		return;
	if (!first && level == pressure->due_level) {
		pressure->goal = join_goals(pressure->goal, goal);
		return;
	}
	pressure->due = true;
	pressure->due_level = level;
	pressure->cause = cause;
	pressure->goal = goal;
	if (first && pressure->wake)
		pressure->wake(pressure->wake_data);
}

static bool may_climb(const struct pressure *pressure, enum wc_pressure_level level, uint64_t goal,
		      int64_t now)
{
	if (pressure->due)
		return true;
	if (goal > 0)
		return now >= pressure->barren[level];
	return level == pressure->level && now >= pressure->quiet[level];
}

void pressure_note(struct pressure *pressure, enum wc_pressure_cause cause,
		   enum wc_pressure_level level, uint64_t goal, int64_t now)
{
	if (!is_level(level))
		return;
	pressure->reports[cause]++;
	for (int i = WC_PRESSURE_LOW; i <= (int)level; i++)
		pressure->heard[i] = now;
	if (level > pressure->level) {
		pressure->level = level;
		pressure->changed = now;
		pressure->retry[level] = PRESSURE_RETRY;
		make_due(pressure, cause, level, goal);
	} else if (may_climb(pressure, level, goal, now)) {
		make_due(pressure, cause, level, goal);
	}
}

void pressure_note_application(struct pressure *pressure, enum wc_pressure_level level,
			       uint64_t goal, int64_t now)
{
	pressure_note(pressure, WC_PRESSURE_BY_APPLICATION, level, goal, now);
}

/* Of limit, without overflow, rounded up: what is below is below percent %. */
static uint64_t share(uint64_t limit, unsigned percent)
{
	return limit / 100 * percent + (limit % 100 * percent + 99) / 100;
}

enum wc_pressure_level pressure_fill_level(uint64_t used, uint64_t limit)
{
	if (limit == 0 || used < share(limit, 80))
		return WC_PRESSURE_NONE;
	if (used < share(limit, 90))
		return WC_PRESSURE_LOW;
	return used < share(limit, 97) ? WC_PRESSURE_MEDIUM : WC_PRESSURE_CRITICAL;
}

uint64_t pressure_fill_excess(uint64_t used, uint64_t limit)
{
	uint64_t enough = share(limit, 80);

	return used > enough ? used - enough : 0;
}

void pressure_note_budget(struct pressure *pressure, enum pressure_unit unit, uint64_t used,
			  uint64_t limit, int64_t now)
{
	uint64_t goal = unit == PRESSURE_BYTES ? pressure_fill_excess(used, limit) : 0;

	pressure_note(pressure, WC_PRESSURE_BY_BUDGET, pressure_fill_level(used, limit), goal, now);
}

static int64_t falls_at(const struct pressure *pressure)
{
	int64_t heard = pressure->heard[pressure->level];

	return (heard > pressure->changed ? heard : pressure->changed) + PRESSURE_HOLD;
}

static void fall(struct pressure *pressure, int64_t now)
{
	if (pressure->due || pressure->level == WC_PRESSURE_NONE || now < falls_at(pressure))
		return;
	pressure->level--;
	pressure->told = pressure->level;
	pressure->changed = now;
	/* The first report of a level that is new may climb at once. */
	pressure->quiet[pressure->level] = 0;
	pressure->barren[pressure->level] = 0;
	pressure->retry[pressure->level] = PRESSURE_RETRY;
	pressure_ladder_descend(pressure->ladder, pressure->told);
	pressure_ladder_tell(pressure->ladder, pressure->told, WC_PRESSURE_BY_NOBODY);
}

/* Let reports of a climb's level wait; measurements of the levels below take no other steps. */
static void wait_until(struct pressure *pressure, enum wc_pressure_level level, int64_t symptoms,
		       int64_t measurements)
{
	pressure->quiet[level] = symptoms;
	for (int i = WC_PRESSURE_LOW; i <= (int)level; i++)
		pressure->barren[i] = measurements;
}

static void judge_effect(struct pressure *pressure, enum wc_pressure_level level, uint64_t goal,
			 uint64_t freed, int64_t now)
{
	bool enough = freed > 0 && freed >= goal;
	int64_t *retry = &pressure->retry[level];

	wait_until(pressure, level, now + (enough ? PRESSURE_HOLD : *retry),
		   freed > 0 ? 0 : now + *retry);
	*retry = enough ? PRESSURE_RETRY : *retry * 2;
	if (*retry > PRESSURE_HOLD)
		*retry = PRESSURE_HOLD;
}

static void climb(struct pressure *pressure, int64_t now)
{
	enum wc_pressure_level level = pressure->due_level;
	uint64_t goal = pressure->goal, freed;

	/* First, so that reports from inside the steps do not ask for the same again. */
	pressure->due = false;
	wait_until(pressure, level, now + PRESSURE_HOLD, now + PRESSURE_HOLD);
	if (pressure->told != pressure->level) {
		pressure->told = pressure->level;
		pressure_ladder_tell(pressure->ladder, pressure->told, pressure->cause);
	}
	freed = pressure_ladder_climb(pressure->ladder, level, pressure->cause, goal);
	judge_effect(pressure, level, goal, freed, now);
}

int64_t pressure_serve(struct pressure *pressure, int64_t now)
{
	int64_t left;

	if (pressure->serving)
		return -1;
	pressure->serving = true;
	fall(pressure, now);
	if (pressure->due)
		climb(pressure, now);
	pressure->serving = false;
	if (pressure->level == WC_PRESSURE_NONE)
		return -1;
	left = falls_at(pressure) - now;
	return !pressure->due && left > 0 ? left : 0;
}
