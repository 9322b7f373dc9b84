/* SPDX-License-Identifier: MIT */
/*
 * How the choice of a victim grows: among the 10,000 codecs of a context it costs at most 12 times
 * what it costs among 1,000. What runs is the accountant's own way, for a context of a device and
 * for memory. The codecs lie apart from each other in memory, entered in a random order, and every
 * tenth left and came back. Both in one run, measured in turns, median of five ratios; time of the
 * processor, so that it matters little who else is at work.
 *
 * Prints TAP.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "budget/admission.h"
#include "util/clock.h"

#define FEW 1000
#define MANY 10000
#define ROUNDS 5
/* Candidates looked at in one measurement. */
#define LOOKS 10000000
#define LIMIT 12.0
/* At most, between two claims: a codec is more than its claim. Bytes. */
#define GAP 8192

struct crowd {
	unsigned n;
	struct accountant accountant;
	struct claim **claims;
};

static const struct claim_ops ops;
static unsigned seed = 1;

static unsigned roll(unsigned sides)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % sides;
}

static void enter(struct crowd *crowd, struct claim *claim)
{
	if (accountant_enter(&crowd->accountant, claim, &ops, roll(2), "") < 0)
		die("no memory");
}

static void make_claims(struct crowd *crowd)
{
	crowd->claims = calloc(crowd->n, sizeof(struct claim *));
	if (!crowd->claims)
		die("no memory");
	for (unsigned i = 0; i < crowd->n; i++) {
		unsigned k = roll(i + 1);

		crowd->claims[i] = crowd->claims[k];
		crowd->claims[k] = calloc(1, sizeof(struct claim) + roll(GAP));
		if (!crowd->claims[k])
			die("no memory");
	}
}

/*
 * The worst: all may be taken, and each is a little better than the one before in the last thing
 * that is compared.
 */
static void make_equal(struct crowd *crowd)
{
	int64_t long_ago = clock_now() - (int64_t)1000 * RECLAIM_THRESHOLD;

	for (unsigned i = 0; i < crowd->n; i++) {
		struct reclaim_candidate *candidate = &crowd->accountant.candidates[i];

		candidate->resource = 1;
		candidate->id = crowd->n - i;
		candidate->activity.last = long_ago;
		claim_set_session(claim_of(candidate), true);
	}
}

static void crowd_init(struct crowd *crowd, struct core *core, struct loop *loop, unsigned n)
{
	const struct accountant_options options = { .directory = "" };

	crowd->n = n;
	accountant_init(&crowd->accountant, core, loop, &options);
	make_claims(crowd);
	for (unsigned i = 0; i < n; i++)
		enter(crowd, crowd->claims[i]);
	for (unsigned i = 0; i < n; i += 10) {
		claim_leave(crowd->claims[i]);
		enter(crowd, crowd->claims[i]);
	}
	make_equal(crowd);
}

static void crowd_finish(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->n; i++) {
		claim_leave(crowd->claims[i]);
		free(crowd->claims[i]);
	}
	free(crowd->claims);
	accountant_finish(&crowd->accountant);
}

static double processor_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Seconds for one choice. */
static double measure(struct crowd *crowd, const struct reclaim_request *request)
{
	unsigned times = LOOKS / crowd->n;
	double begin = processor_seconds();

	for (unsigned i = 0; i < times; i++) {
		const struct claim *victim = admission_choose_victim(&crowd->accountant, request);

		if (!victim || victim->candidate->id != 1)
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
static double growth(struct crowd *few, struct crowd *many, const struct reclaim_request *request)
{
	double ratios[ROUNDS], few_cost = 0, many_cost = 0;

	for (int i = 0; i < ROUNDS; i++) {
		few_cost = measure(few, request);
		many_cost = measure(many, request);
		ratios[i] = many_cost / few_cost;
	}
	qsort(ratios, ROUNDS, sizeof *ratios, compare);
	printf("# %.1f us among %u, %.1f us among %u; ratio %.2f, %.2f to %.2f\n",
	       few_cost * 1e6, few->n, many_cost * 1e6, many->n, ratios[ROUNDS / 2], ratios[0],
	       ratios[ROUNDS - 1]);
	return ratios[ROUNDS / 2];
}

int main(void)
{
	static const struct {
		const char *what;
		struct reclaim_request request;
	} wants[] = {
		{ "a context", { .resource = 1 } },
		{ "memory", { .resource = RECLAIM_ANY_RESOURCE } },
	};
	struct core *core = core_new(sizeof(struct roll_entry), sizeof(struct roll_entry));
	struct crowd few, many;
	struct loop loop;
	int failed = 0;

	if (!core || loop_init(&loop) < 0)
		die("no loop");
	crowd_init(&few, core, &loop, FEW);
	crowd_init(&many, core, &loop, MANY);
	for (unsigned i = 0; i < ARRAY_SIZE(wants); i++) {
		double ratio = growth(&few, &many, &wants[i].request);

		failed |= ratio > LIMIT;
		printf("%sok %u - a victim for %s among %d costs %.2f of one among %d, "
		       "wanted %.0f\n", ratio <= LIMIT ? "" : "not ", i + 1, wants[i].what, MANY,
		       ratio, FEW, LIMIT);
	}
	printf("1..%d\n", (int)ARRAY_SIZE(wants));
	crowd_finish(&few);
	crowd_finish(&many);
	loop_finish(&loop);
	core_unref(core);
	return failed;
}
