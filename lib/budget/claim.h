/* SPDX-License-Identifier: MIT */
/*
 * A claim: what a codec is to the accountant, from its construction to its end. Software codecs
 * have one, too: an active encoder protects decoders, however it runs.
 *
 * The codec hands down operations, and the accountant calls them in dispatch only. The memory is
 * the codec's; a handler may close or destroy it.
 */
#ifndef WC_BUDGET_CLAIM_H
#define WC_BUDGET_CLAIM_H

#include <webcodecs/error.h>

#include "budget/account.h"
#include "budget/post.h"
#include "budget/rate.h"
#include "budget/reclaim.h"
#include "budget/slot_wait.h"
#include "util/loop.h"

struct accountant;
struct claim;

struct claim_ops {
	/*
	 * Close with *error, which is QuotaExceededError. The hardware context has to be free when
	 * this returns.
	 */
	void (*reclaim)(struct claim *claim, const struct wc_error *error);
	/* There may be a context now: try again. */
	void (*retry)(struct claim *claim);
	/* There will be none. */
	void (*refused)(struct claim *claim, const struct wc_error *error);
};

/* Making room for a claim; arrows in admission.c. */
enum admission_state {
	ADMISSION_RESTING,
	ADMISSION_RECLAIMING,          /* a codec of this context is about to be closed */
	ADMISSION_ASKING,              /* another context was asked for a slot */
	ADMISSION_WAITING,             /* in the queue of the slots */
	ADMISSION_ENDED,               /* retry or refused is about to be called */
};

struct admission {
	enum admission_state state;
	unsigned tries;                /* how often room was made since the claim had a context */
	int64_t until;                 /* end of all waiting, CLOCK_MONOTONIC; 0: not begun */
	uint64_t asked;                /* slots whose holders were asked, a bit each */
	uint64_t silent;               /* of those, the ones that did not answer */
	int64_t heard;                 /* when the last of these was silent for long enough */
	unsigned asking;               /* the slot whose holder was asked last */
	struct task task;              /* ADMISSION_RECLAIMING, ADMISSION_ENDED */
	struct post_ask ask;           /* ADMISSION_ASKING */
	struct slot_wait wait;         /* ADMISSION_WAITING */
	struct loop_source source;
	struct timer retry, deadline;
	bool is_refused;               /* ADMISSION_ENDED: with error, else to be tried again */
	struct wc_error error;         /* why there was no context */
};

struct claim {
	struct accountant *accountant;
	const struct claim_ops *ops;
	/*
	 * In the accountant's array: it moves whenever a claim enters or leaves. NULL: not entered.
	 */
	struct reclaim_candidate *candidate;
	/* The codec's claim that this one helps, for another device; NULL: it is a codec's. */
	struct claim *helped;
	char label[32];
	char codec[16];
	struct rate_load load;         /* coded size, 0 while unknown, and frame rate */
	/* Of the context held or wanted last; NULL: none yet, or nobody could look at it. */
	struct account *account;
	struct slot slot;              /* fd -1: none */
	struct account *lacking;       /* of which there was no slot, the last time; NULL: none */
	bool is_taken;                 /* a context is held; else the slot is for one to come */
	bool keeps_slot;               /* at the next give: another session follows at once */
	bool is_proved;                /* the context did work */
	struct admission admission;
};

#endif
