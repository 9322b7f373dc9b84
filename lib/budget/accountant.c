/* SPDX-License-Identifier: MIT */
#include "budget/accountant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/error.h"

void accountant_init(struct accountant *accountant, struct core *core)
{
	pthread_mutex_init(&accountant->lock, NULL);
	list_init(&accountant->claims);
	accountant->core = core;
}

void accountant_finish(struct accountant *accountant)
{
	pthread_mutex_destroy(&accountant->lock);
}

void accountant_take(struct accountant *accountant, struct claim *claim, const char *label)
{
	snprintf(claim->label, sizeof claim->label, "%s", label);
	claim_progress(claim, clock_now());
	pthread_mutex_lock(&accountant->lock);
	list_append(&accountant->claims, &claim->link);
	pthread_mutex_unlock(&accountant->lock);
	counter_add(&accountant->core->counters.hardware_contexts, 1);
}

void accountant_give(struct accountant *accountant, struct claim *claim)
{
	bool entered;

	pthread_mutex_lock(&accountant->lock);
	entered = !list_empty(&claim->link);
	list_remove(&claim->link);
	pthread_mutex_unlock(&accountant->lock);
	if (entered)
		counter_sub(&accountant->core->counters.hardware_contexts, 1);
}

static void describe_holder(const struct claim *claim, int64_t now, struct wc_holder *holder)
{
	memset(holder, 0, sizeof *holder);
	holder->pid = getpid();
	holder->width = claim->width;
	holder->height = claim->height;
	holder->idle = now - atomic_load_explicit(&claim->progress, memory_order_relaxed);
	snprintf(holder->codec, sizeof holder->codec, "%s", claim->codec);
	snprintf(holder->role, sizeof holder->role, "%s", claim->role);
	snprintf(holder->label, sizeof holder->label, "%s", claim->label);
}

/* List the holders of a device in *error but one. Returns how many there are. */
static uint32_t list_holders(struct accountant *accountant, const struct claim *except,
			     const char *device, struct wc_error *error)
{
	int64_t now = clock_now();
	struct list *pos;
	uint32_t n = 0;

	pthread_mutex_lock(&accountant->lock);
	list_for_each(pos, &accountant->claims) {
		const struct claim *claim = container_of(pos, struct claim, link);

		if (claim == except || strcmp(claim->device, device) != 0)
			continue;
		if (n < WC_ERROR_MAX_HOLDERS)
			describe_holder(claim, now, &error->holders[n]);
		n++;
	}
	pthread_mutex_unlock(&accountant->lock);
	error->holder_count = n;
	return n;
}

int accountant_refused(struct accountant *accountant, const struct claim *claim,
		       enum wc_stage stage, int sys_errno, struct wc_error *error)
{
	uint32_t held;

	error_set(error, WC_QUOTA_EXCEEDED_ERROR, stage, sys_errno,
		  "the device gave no context for another %s %s", claim->codec, claim->role);
	error_set_device(error, claim->device);
	held = list_holders(accountant, claim, claim->device, error);
	error->quota = claim->quota;
	error->requested = (uint64_t)held + 1;
	return error->name;
}
