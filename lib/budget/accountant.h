/* SPDX-License-Identifier: MIT */
/*
 * The accountant: who holds hardware contexts in this process, per device. A session embeds a
 * claim. Whether a refusal means "no context left" is judged by the session, by stage
 * (session/stateful.c).
 */
#ifndef WC_BUDGET_ACCOUNTANT_H
#define WC_BUDGET_ACCOUNTANT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/error.h>

#include "util/core.h"
#include "util/list.h"

/* One context held, or about to be. Memory of the session. */
struct claim {
	struct list link;
	const char *device;            /* node; memory of the session */
	const char *role;              /* "decoder", "encoder": constant */
	const char *codec;             /* constant */
	char label[32];
	uint32_t width, height;        /* coded pixels, 0 while unknown */
	unsigned quota;                /* contexts the device is known to have, 0: unknown */
	_Atomic int64_t progress;      /* microseconds of CLOCK_MONOTONIC of the last progress */
};

struct accountant {
	pthread_mutex_t lock;          /* guards claims */
	struct list claims;
	struct core *core;             /* counters; the context's reference covers it */
};

void accountant_init(struct accountant *accountant, struct core *core);
void accountant_finish(struct accountant *accountant);

/* Enter a claim; label may be cut. Counted as a hardware context from here on. */
void accountant_take(struct accountant *accountant, struct claim *claim, const char *label);

/* Leave. Harmless when the claim is not entered (link initialised). */
void accountant_give(struct accountant *accountant, struct claim *claim);

/* Note that work was done. No system call but the clock, which the caller reads. */
static inline void claim_progress(struct claim *claim, int64_t now)
{
	atomic_store_explicit(&claim->progress, now, memory_order_relaxed);
}

/*
 * The device gave no context at stage: fill *error with QuotaExceededError and the holders of the
 * device, and return its name. claim is the one that was refused; it is not among the holders.
 */
int accountant_refused(struct accountant *accountant, const struct claim *claim,
		       enum wc_stage stage, int sys_errno, struct wc_error *error);

#endif
