/* SPDX-License-Identifier: MIT */
/*
 * The usage of all devices that have slots in a directory: who holds a context, who waits for one.
 * A look from outside; nothing is made, repaired or locked.
 */
#ifndef WC_BUDGET_USAGE_H
#define WC_BUDGET_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "budget/slots.h"

/*
 * Files that are listed at most. A machine has a handful of devices; whoever may make files in the
 * directory shall not make its readers use memory without end.
 */
#define USAGE_MAX_TABLES 256

/* One device in one role. */
struct usage_table {
	char device[SLOT_DEVICE_SIZE];   /* printable, may be UTF-8; the last word is the role */
	/* What a driver taught, else the largest limit that a holder keeps to; 0: not known. */
	unsigned quota;
	char node[48];                   /* as a holder told, and as it is in /dev; or "" */
	unsigned rate_quota;             /* macroblocks a second, as holders know; 0: none does */
	uint64_t rate;                   /* that they have together */
	unsigned n_holders, n_waiters;
	struct slot_holder *holders;     /* by index of the slot */
	struct slot_holder *waiters;     /* in the order of their turn */
};

struct usage {
	size_t n_tables;
	struct usage_table *tables;      /* by name of the device */
	struct usage_table presence;     /* who has memory; no device, see presence.h */
	unsigned n_skipped;              /* files that look like slots, and could not be read */
	char reason[SLOT_REASON_SIZE];   /* why, of the last one; a sentence without full stop */
};

/*
 * Look at every "*.slots" in directory; NULL and "" have none. find_openers as for
 * slot_table_holders(). A file that is none of ours, or damaged, is skipped. 0; else a negative
 * errno, when the directory cannot be read or without memory, and there is nothing to finish.
 */
int usage_init(struct usage *usage, const char *directory, bool find_openers);

void usage_finish(struct usage *usage);

#endif
