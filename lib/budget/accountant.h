/* SPDX-License-Identifier: MIT */
/*
 * The accountant of a context: who of its codecs holds which hardware context, how many there may
 * be, and who gives one up when another needs it.
 *
 *     codec --- enter, leave ---------> accountant <--- take, give, refused --- session
 *     codec <--- reclaim, retry, refused --- accountant
 *
 * A session takes a context in the name of its codec's claim before it opens the device, and gives
 * it back when the device is closed. Contexts are counted in slots, across processes. When all are
 * taken, or the driver refuses, the session fails with QuotaExceededError and the codec may have
 * room made: admission.h.
 *
 * All of it belongs to the thread of the loop.
 */
#ifndef WC_BUDGET_ACCOUNTANT_H
#define WC_BUDGET_ACCOUNTANT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/error.h>

#include "budget/account.h"
#include "budget/claim.h"
#include "util/core.h"
#include "util/list.h"
#include "util/loop.h"

struct accountant_options {
	int64_t inactivity;            /* microseconds until a codec is inactive, 0: ten seconds */
	/* Where slots are: NULL: where they belong; "": in this context only. */
	const char *directory;
};

struct accountant {
	struct core *core;             /* counters; the context's reference covers it */
	struct loop *loop;
	/* One for each claim, side by side: a victim is searched in all of them. */
	struct reclaim_candidate *candidates;
	size_t n_candidates, room;
	struct list accounts;
	struct reclaim_clock clock;
	struct timer tick;             /* while something is active */
	struct post post;
	char directory[PATH_MAX];      /* of slots and post, "": none */
	bool is_set_up, has_post;
	uint64_t last_claim, last_account;
};

/* Cannot fail; files are looked at when the first context is taken. */
void accountant_init(struct accountant *accountant, struct core *core, struct loop *loop,
		     const struct accountant_options *options);

/* All claims have left. */
void accountant_finish(struct accountant *accountant);

/* Enter a codec. label may be cut. 0, or -ENOMEM with nothing to undo. */
int accountant_enter(struct accountant *accountant, struct claim *claim,
		     const struct claim_ops *ops, bool encoder, const char *label);

/*
 * Enter a further claim of a codec, for another device that works for it. It has the codec's label
 * and traits, also those that are set later, and leaves before the codec's does.
 */
int accountant_enter_helper(struct claim *codec, struct claim *claim, const struct claim_ops *ops);

static inline struct claim *claim_of(const struct reclaim_candidate *candidate)
{
	return candidate->owner;
}

/* Leave, with what is held. Harmless when the claim is not entered. */
void claim_leave(struct claim *claim);

/*
 * Work was done: costs nothing while the codec is known to be active. Harmless when the claim is
 * not entered.
 */
void claim_wake(struct claim *claim);
static inline void claim_progress(struct claim *claim)
{
	struct reclaim_candidate *candidate = claim->candidate;

	if (candidate && candidate->activity.units++ == candidate->activity.sampled)
		claim_wake(claim);
}

/* Look who made progress, before anything is judged. */
void accountant_sample(struct accountant *accountant, int64_t now);

/* Whether the codec has a session: then memory would come free with it. */
void claim_set_session(struct claim *claim, bool has_session);

/* What the application says of a codec: of its claim and those that help it. */
void claim_set_traits(struct claim *claim, const struct reclaim_traits *traits);

/*
 * Take a context of a device before it is opened. 0; QuotaExceededError with *error filled when all
 * are taken, or when the load of the claim is more than is left of the device's pixel rate;
 * OperationError when the machine cannot count.
 */
int claim_take(struct claim *claim, const struct account_key *key, const char *codec,
	       struct wc_error *error);

/* Give it back, after the device was closed. Harmless when none is held. */
void claim_give(struct claim *claim);

/* Let a slot go for which no session came. Harmless when there is none, or a context behind it. */
void claim_let_go(struct claim *claim);

/* The context of the claim did work: what was learned of a smaller quota is forgotten. */
void claim_proved(struct claim *claim);

/*
 * What the claim is going to ask of the device it takes next, or asks of the one that it has: coded
 * size and frame rate, 0 for what is not known. What is taken already is never refused for it.
 */
void claim_set_load(struct claim *claim, const struct rate_load *load);

/* The size of pictures became known. */
void claim_set_size(struct claim *claim, uint32_t width, uint32_t height);

/*
 * Whether the pixel rate of the claim's account suffices for it beside all who hold contexts. 0, or
 * QuotaExceededError with *error filled.
 */
int claim_check_rate(const struct claim *claim, int64_t now, struct wc_error *error);

/*
 * Whether the error is of a kind that goes away when somebody gives a context up. account: of the
 * device that refused, NULL where nobody could look at it.
 */
bool claim_may_fit(const struct claim *claim, const struct account *account,
		   const struct wc_error *error);

/*
 * The driver gave no context although the claim was taken: fill *error with QuotaExceededError,
 * quota and holders, and remember how many there seem to be. Returns the ::wc_status. The session
 * gives back next.
 */
int claim_refused(struct claim *claim, enum wc_stage stage, int sys_errno, struct wc_error *error);

/* How many contexts the application allows on a node; 0: as before. Negative errno. */
int accountant_set_quota(struct accountant *accountant, const struct account_key *key,
			 unsigned quota);

/* The same of macroblocks a second. */
int accountant_set_rate(struct accountant *accountant, const struct account_key *key,
			uint32_t rate);

#endif
