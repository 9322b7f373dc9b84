/* SPDX-License-Identifier: MIT */
/*
 * Admission: making room for a claim that found no hardware context. Never blocks; ends in one call
 * of the claim's operations, in dispatch.
 */
#ifndef WC_BUDGET_ADMISSION_H
#define WC_BUDGET_ADMISSION_H

#include "budget/accountant.h"

/* How often room is made for one configuration: somebody else may be quicker each time. */
#define ADMISSION_MAX_TRIES 2

void admission_init(struct claim *claim);

/* Another configuration: room may be made for it, and it may wait, as if there had been none. */
void admission_renew(struct claim *claim);

/*
 * Begin after *error, which claim_take() or claim_refused() filled. patience: microseconds to wait
 * for a context that nobody has to give up, counted from the first time that a configuration found
 * none, also when the context is missing again at the first input; 0: none. A device that lets
 * nobody look at it has no account: then only trying helps. True: retry or refused of the claim
 * will be called. False: it was tried often enough; *error stands.
 */
bool admission_begin(struct claim *claim, int64_t patience, const struct wc_error *error);

/* Stop; neither is called. Harmless when nothing is under way. */
void admission_cancel(struct claim *claim);

/* The claim has its context: the next time is a new one. */
void admission_succeeded(struct claim *claim);

/* The codec of the context that is to go first for request, by reclaim.h; NULL: none may go. */
struct claim *admission_choose_victim(struct accountant *accountant,
				      const struct reclaim_request *request);

/*
 * Memory is short: close one codec of the context that section 11 allows, of any kind. Bytes of
 * buffers that came free; -1: none may go. In dispatch.
 */
int64_t admission_reclaim_for_memory(struct accountant *accountant);

/* For the post: another context wants a slot of ours. owner: the accountant. */
enum reclaim_verdict admission_asked(void *owner, const struct post_request *request);

#endif
