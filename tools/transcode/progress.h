/* SPDX-License-Identifier: MIT */
/* The bar on a terminal: how far, how fast, how long still. */
#ifndef WC_TOOLS_PROGRESS_H
#define WC_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown;
	uint64_t total;      /* frames, 0: unknown */
	double real_rate;    /* frames a second of the media */
	int64_t start;       /* microseconds */
	int64_t drawn;       /* when the bar was last drawn */
	bool dirty;          /* there is a bar on the screen */
};

/* Microseconds of the monotonic clock. */
int64_t progress_now(void);

/* Nothing is shown, and no clock read later on, unless standard error is a terminal. */
void progress_begin(struct progress *progress, uint64_t total, double real_rate, bool quiet);
void progress_step(struct progress *progress, uint64_t done);

/* Take the bar away. */
void progress_end(struct progress *progress);

/* Print a line on standard error that stays, in place of the bar. */
void progress_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
