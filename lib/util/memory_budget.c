/* SPDX-License-Identifier: MIT */
#include "util/memory_budget.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "util/core.h"
#include "util/error.h"

/* Descriptors that are left to everything else: a quarter, and not more than this. */
#define RESERVE 256u

void memory_budget_init(struct memory_budget *budget)
{
	for (unsigned i = 0; i <= MEMORY_ALL_KINDS; i++)
		atomic_init(&budget->limits[i], 0);
	atomic_init(&budget->descriptors, 0);
	pthread_mutex_init(&budget->lock, NULL);
	budget->changed = NULL;
}

void memory_budget_finish(struct memory_budget *budget)
{
	pthread_mutex_destroy(&budget->lock);
}

void memory_set_limit(struct core *core, unsigned kind, uint64_t bytes)
{
	atomic_store_explicit(&core->memory.limits[kind], bytes, memory_order_relaxed);
}

uint64_t memory_limit(const struct core *core, unsigned kind)
{
	return atomic_load_explicit(&core->memory.limits[kind], memory_order_relaxed);
}

uint64_t memory_used(const struct core *core, unsigned kind)
{
	const counter *used = kind == MEMORY_ALL_KINDS ? &core->counters.buffer_bytes
						       : &core->counters.bytes_by_kind[kind];

	return atomic_load_explicit(used, memory_order_relaxed);
}

static void tell(struct memory_budget *budget)
{
	pthread_mutex_lock(&budget->lock);
	if (budget->changed)
		budget->changed(budget->data);
	pthread_mutex_unlock(&budget->lock);
}

static bool is_near(uint64_t used, uint64_t limit)
{
	return limit && used >= limit - limit / 5;
}

/* After more was counted. */
static void look(struct core *core, enum wc_memory_kind kind)
{
	if (is_near(memory_used(core, kind), memory_limit(core, kind)) ||
	    is_near(memory_used(core, MEMORY_ALL_KINDS), memory_limit(core, MEMORY_ALL_KINDS)))
		tell(&core->memory);
}

static void count(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	counter_add(&core->counters.buffer_bytes, bytes);
	counter_add(&core->counters.bytes_by_kind[kind], bytes);
}

void memory_add(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	count(core, kind, bytes);
	look(core, kind);
}

void memory_give(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	counter_sub(&core->counters.buffer_bytes, bytes);
	counter_sub(&core->counters.bytes_by_kind[kind], bytes);
}

/* Whether so many bytes more than what is counted are beyond a limit. */
static bool exceeds(const struct core *core, unsigned kind, uint64_t bytes)
{
	uint64_t limit = memory_limit(core, kind), used = memory_used(core, kind);

	return limit && (used > limit || bytes > limit - used);
}

static bool is_too_much(const struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	return exceeds(core, kind, bytes) || exceeds(core, MEMORY_ALL_KINDS, bytes);
}

/* Idle memory goes first. What it is of is not known before, so in the end all of it goes. */
static bool make_room(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	size_t wanted = bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;

	if (!shrinker_list_shrink(&core->shrinkers, wanted))
		return false;
	if (!is_too_much(core, kind, bytes))
		return true;
	shrinker_list_shrink(&core->shrinkers, SIZE_MAX);
	return !is_too_much(core, kind, bytes);
}

bool memory_fits(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	return !is_too_much(core, kind, bytes) || make_room(core, kind, bytes);
}

static bool try_to_count(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	count(core, kind, bytes);
	if (!is_too_much(core, kind, 0))
		return true;
	memory_give(core, kind, bytes);
	return false;
}

int memory_try(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	if (!try_to_count(core, kind, bytes))
		return -EDQUOT;
	look(core, kind);
	return 0;
}

int memory_take(struct core *core, enum wc_memory_kind kind, uint64_t bytes)
{
	if (!try_to_count(core, kind, bytes) &&
	    !(make_room(core, kind, bytes) && try_to_count(core, kind, bytes))) {
		tell(&core->memory);
		return -EDQUOT;
	}
	look(core, kind);
	return 0;
}

/* Others may have given back meanwhile: the numbers still say that it was too much. */
static int refuse(enum wc_resource resource, uint64_t limit, uint64_t wanted,
		  struct wc_error *error)
{
	error->resource = resource;
	error->quota = limit;
	error->requested = wanted > limit ? wanted : limit + 1;
	return error->name;
}

int memory_refused(struct core *core, enum wc_memory_kind kind, uint64_t bytes,
		   enum wc_stage stage, struct wc_error *error)
{
	bool by_kind = exceeds(core, kind, bytes) ||
		       (memory_limit(core, kind) && !memory_limit(core, MEMORY_ALL_KINDS));
	unsigned what = by_kind ? kind : MEMORY_ALL_KINDS;
	uint64_t limit = memory_limit(core, what), used = memory_used(core, what);

	error_set(error, WC_QUOTA_EXCEEDED_ERROR, stage, 0,
		  "the memory budget does not suffice: of %" PRIu64 " bytes%s%s, %" PRIu64
		  " are in use, and %" PRIu64 " more are needed", limit, by_kind ? " of kind " : "",
		  by_kind ? wc_memory_kind_name(kind) : "", used, bytes);
	return refuse(WC_RESOURCE_MEMORY, limit, used + bytes, error);
}

void memory_watch(struct core *core, void (*changed)(void *data), void *data)
{
	pthread_mutex_lock(&core->memory.lock);
	core->memory.changed = changed;
	core->memory.data = data;
	pthread_mutex_unlock(&core->memory.lock);
}

/* ---- descriptors ---- */

void descriptors_set_limit(struct core *core, uint64_t descriptors)
{
	atomic_store_explicit(&core->memory.descriptors, descriptors, memory_order_relaxed);
}

static uint64_t descriptors_limit(const struct core *core)
{
	return atomic_load_explicit(&core->memory.descriptors, memory_order_relaxed);
}

static uint64_t descriptors_used(const struct core *core)
{
	return atomic_load_explicit(&core->counters.descriptors, memory_order_relaxed);
}

static bool try_descriptors(struct core *core, unsigned n)
{
	counter_add(&core->counters.descriptors, n);
	if (!descriptors_limit(core) || descriptors_used(core) <= descriptors_limit(core))
		return true;
	descriptors_give(core, n);
	return false;
}

int descriptors_take(struct core *core, unsigned n)
{
	if (try_descriptors(core, n))
		return 0;
	shrinker_list_shrink(&core->shrinkers, SIZE_MAX);
	return try_descriptors(core, n) ? 0 : -EDQUOT;
}

void descriptors_give(struct core *core, unsigned n)
{
	counter_sub(&core->counters.descriptors, n);
}

bool descriptors_fit(struct core *core, unsigned n)
{
	if (descriptors_take(core, n) < 0)
		return false;
	descriptors_give(core, n);
	return true;
}

static uint64_t process_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	return limit.rlim_cur;
}

int descriptors_refused(struct core *core, unsigned n, int sys_errno, enum wc_stage stage,
			struct wc_error *error)
{
	uint64_t used = descriptors_used(core);
	uint64_t limit = sys_errno == EDQUOT ? descriptors_limit(core) :
			 sys_errno == EMFILE ? process_limit() : 0;
	char of[32] = "";

	if (limit)
		snprintf(of, sizeof of, " of %" PRIu64, limit);
	error_set(error, WC_QUOTA_EXCEEDED_ERROR, stage, sys_errno == EDQUOT ? 0 : sys_errno,
		  "no file descriptor%s is left to the %s; this context has %" PRIu64
		  " for devices and buffers, and needs %u more", of,
		  sys_errno == EDQUOT ? "context" : sys_errno == EMFILE ? "process" : "system",
		  used, n);
	return refuse(WC_RESOURCE_DESCRIPTORS, limit, used + n, error);
}

bool budget_is_refusal(int ret)
{
	return ret == -EDQUOT || ret == -EMFILE || ret == -ENFILE;
}

/* Others may have given back meanwhile; what has no limit was not what refused. */
static bool lack_descriptors(struct core *core, enum wc_memory_kind kind, unsigned n)
{
	if (!n || !descriptors_limit(core))
		return false;
	return !descriptors_fit(core, n) ||
	       (!memory_limit(core, kind) && !memory_limit(core, MEMORY_ALL_KINDS));
}

int budget_refused(struct core *core, enum wc_memory_kind kind, uint64_t bytes,
		   unsigned descriptors, int sys_errno, enum wc_stage stage,
		   struct wc_error *error)
{
	if (sys_errno != EDQUOT || lack_descriptors(core, kind, descriptors))
		return descriptors_refused(core, descriptors, sys_errno, stage, error);
	return memory_refused(core, kind, bytes, stage, error);
}

uint64_t descriptors_default(void)
{
	uint64_t limit = process_limit();

	return limit - (limit / 4 < RESERVE ? limit / 4 : RESERVE);
}
