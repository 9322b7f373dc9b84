/* SPDX-License-Identifier: MIT */
/*
 * Who asks too often: a burst of 25 in 20 seconds for each sender. Bounded memory, no clock: a
 * sender who is forgotten because there are too many of them begins anew.
 */
#ifndef WC_BUDGET_FLOOD_H
#define WC_BUDGET_FLOOD_H

#include <stdint.h>

#define FLOOD_BURST 25
#define FLOOD_WINDOW 20000000   /* microseconds */
#define FLOOD_SENDERS 32

struct flood_sender {
	int32_t pid;
	uint32_t count;         /* in this window; 0: the place is free */
	int64_t begin;          /* of the window, microseconds of CLOCK_MONOTONIC */
};

/* Begin with zeros. */
struct flood {
	struct flood_sender senders[FLOOD_SENDERS];
};

enum flood_level {
	FLOOD_NONE,
	FLOOD_BEGINS,           /* the first one too many: worth an answer */
	FLOOD_GOES_ON,          /* not worth one */
};

/* One more of pid. */
enum flood_level flood_count(struct flood *flood, int32_t pid, int64_t now);

#endif
