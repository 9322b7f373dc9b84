/* SPDX-License-Identifier: MIT */
/*
 * How the choice of a victim grows: among 10,000 candidates it costs at most 12 times what it costs
 * among 1,000. Both in one run, measured in turns, median of five ratios; time of the processor, so
 * that it matters little who else is at work. The candidates are in an array.
 *
 * Those in a list of larger structures are measured, too, and told, but not judged: 10,000 of them
 * do not fit the caches that 1,000 fit, and how much that costs is up to the machine.
 *
 * Prints TAP.
 */
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "budget/reclaim.h"
#include "util/list.h"

#define FEW 1000
#define MANY 10000
#define ROUNDS 5
/* Candidates looked at in one measurement. */
#define LOOKS 10000000
#define LIMIT 12.0

/* A claim in the memory of its session. */
struct item {
	struct list link;
	struct reclaim_candidate candidate;
	char of_the_session[400];
};

struct crowd {
	unsigned n;
	struct reclaim_candidate *array;
	struct item *items;
	struct list list;
};

static const struct reclaim_request request = { .resource = 1 };
static const int64_t now = (int64_t)1000 * RECLAIM_THRESHOLD;
static struct reclaim_clock ticker;

/*
 * The worst: all may be taken, and each is a little better than the one before in the last thing
 * that is compared.
 */
static void crowd_init(struct crowd *crowd, unsigned n)
{
	crowd->n = n;
	crowd->array = calloc(n, sizeof *crowd->array);
	crowd->items = calloc(n, sizeof *crowd->items);
	if (!crowd->array || !crowd->items)
		die("no memory");
	list_init(&crowd->list);
	for (unsigned i = 0; i < n; i++) {
		struct reclaim_candidate *candidate = &crowd->array[i];

		candidate->resource = 1;
		candidate->id = n - i;
		candidate->encoder = i % 2;
		activity_init(&candidate->activity, 0);
		crowd->items[i].candidate = *candidate;
		list_append(&crowd->list, &crowd->items[i].link);
	}
}

static void crowd_finish(struct crowd *crowd)
{
	free(crowd->array);
	free(crowd->items);
}

static const struct reclaim_candidate *choose_from_array(struct crowd *crowd)
{
	return reclaim_choose(crowd->array, crowd->n, &request, &ticker, now);
}

static const struct reclaim_candidate *choose_from_list(struct crowd *crowd)
{
	struct reclaim_choice choice;
	struct list *pos;

	reclaim_choice_init(&choice, &request, &ticker, now);
	list_for_each(pos, &crowd->list)
		reclaim_choice_see(&choice, &container_of(pos, struct item, link)->candidate);
	list_for_each(pos, &crowd->list)
		reclaim_choice_offer(&choice, &container_of(pos, struct item, link)->candidate);
	return choice.best;
}

static double processor_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Seconds for one choice. */
static double measure(struct crowd *crowd,
		      const struct reclaim_candidate *(*choose)(struct crowd *crowd))
{
	unsigned times = LOOKS / crowd->n;
	double begin = processor_seconds();

	for (unsigned i = 0; i < times; i++) {
		const struct reclaim_candidate *best = choose(crowd);

		if (!best || best->id != 1)
			die("the victim is not the one it should be");
	}
	return (processor_seconds() - begin) / times;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of the ratios. Prints what it is made of. */
static double growth(struct crowd *few, struct crowd *many, const char *where,
		     const struct reclaim_candidate *(*choose)(struct crowd *crowd))
{
	double ratios[ROUNDS], few_cost = 0, many_cost = 0;

	for (int i = 0; i < ROUNDS; i++) {
		few_cost = measure(few, choose);
		many_cost = measure(many, choose);
		ratios[i] = many_cost / few_cost;
	}
	qsort(ratios, ROUNDS, sizeof *ratios, compare);
	printf("# in %s: %.1f us among %u, %.1f us among %u; ratio %.2f, %.2f to %.2f\n", where,
	       few_cost * 1e6, few->n, many_cost * 1e6, many->n, ratios[ROUNDS / 2], ratios[0],
	       ratios[ROUNDS - 1]);
	return ratios[ROUNDS / 2];
}

int main(void)
{
	struct crowd few, many;
	double ratio;

	reclaim_clock_init(&ticker, 0);
	crowd_init(&few, FEW);
	crowd_init(&many, MANY);
	growth(&few, &many, "a list", choose_from_list);
	ratio = growth(&few, &many, "an array", choose_from_array);
	crowd_finish(&few);
	crowd_finish(&many);
	printf("%sok 1 - a victim among %d costs %.2f of one among %d, wanted %.0f\n1..1\n",
	       ratio <= LIMIT ? "" : "not ", MANY, ratio, FEW, LIMIT);
	return ratio > LIMIT;
}
