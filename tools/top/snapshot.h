/* SPDX-License-Identifier: MIT */
/* What wc-top shows, at one moment. */
#ifndef WC_TOOLS_TOP_SNAPSHOT_H
#define WC_TOOLS_TOP_SNAPSHOT_H

#include <limits.h>
#include <stdint.h>

#include "budget/slots.h"
#include "budget/usage.h"
#include "common/failure.h"
#include "top/memory.h"

/* Where slots are looked for. */
struct place {
	char directory[PATH_MAX];          /* "": nowhere */
	char reason[SLOT_REASON_SIZE];     /* why nowhere, or not where they belong; "" */
};

struct snapshot {
	const struct place *place;
	struct slot_process self;
	int64_t now;                       /* microseconds of CLOCK_MONOTONIC */
	struct usage usage;
	struct memory memory;
};

/* A holder or a waiter, with what is known of its process. */
struct person {
	struct wc_holder holder;
	char command[64];                  /* name of the process, "" unknown */
	uint64_t bytes;
	int64_t taken;                     /* microseconds since it got, or queued; -1 unknown */
	int32_t priority;
	bool background;
	bool has_memory;                   /* the record tells of memory: */
	struct slot_memory memory;
};

/* directory NULL: where the library has them. -1 with the failure set. */
int place_choose(struct place *place, const char *directory, struct failure *failure);

/* 0, or -1 with the failure set and nothing to finish. */
int snapshot_take(struct snapshot *snapshot, const struct place *place, struct failure *failure);

void snapshot_finish(struct snapshot *snapshot);

void snapshot_describe(const struct snapshot *snapshot, const struct slot_holder *holder,
		       struct person *person);

/* The state in a word, for instance "running". */
const char *person_state(const struct person *person);

#endif
