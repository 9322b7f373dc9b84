/* SPDX-License-Identifier: MIT */
#include "api/pressure.h"

#include <errno.h>
#include <stdlib.h>

#include <webcodecs/pressure.h>

#include "api/codec.h"
#include "api/context.h"
#include "budget/admission.h"
#include "budget/pressure_source.h"
#include "frame/relief.h"
#include "util/clock.h"

struct context_pressure {
	struct wc_context *context;
	wc_pressure_handler handler;
	void *user_data;
	struct pressure_ladder ladder;
	struct pressure pressure;
	struct pressure_sources sources;
	struct task budget;            /* buffers were made while a budget is nearly used up */
	struct timer budget_again;     /* it was: is it still? */
};

/* Microseconds between looks at a budget that is nearly used up. */
#define BUDGET_PERIOD PRESSURE_SAMPLE_PERIOD

static struct shrinker_list *shrinkers(void *owner)
{
	struct context_pressure *p = owner;

	return &p->context->core->shrinkers;
}

static uint64_t trim(void *owner, enum wc_pressure_level level,
		     enum wc_pressure_cause cause, uint64_t wanted)
{
	(void)level;
	(void)cause;
	return shrinker_list_shrink(shrinkers(owner),
				    wanted && wanted < SIZE_MAX ? (size_t)wanted : SIZE_MAX);
}

static uint64_t stop_growing(void *owner, enum wc_pressure_level level,
			     enum wc_pressure_cause cause, uint64_t wanted)
{
	(void)level;
	(void)cause;
	(void)wanted;
	shrinker_list_hold_growth(shrinkers(owner), true);
	return 0;
}

static void grow_again(void *owner)
{
	shrinker_list_hold_growth(shrinkers(owner), false);
}

static uint64_t throttle(void *owner, enum wc_pressure_level level, enum wc_pressure_cause cause,
			 uint64_t wanted)
{
	struct context_pressure *p = owner;

	(void)level;
	(void)cause;
	(void)wanted;
	return codecs_throttle(p->context, true);
}

static void run_freely(void *owner)
{
	struct context_pressure *p = owner;

	codecs_throttle(p->context, false);
}

/* One codec if nobody knows how much is wanted, else as many as it takes. */
static uint64_t reclaim(void *owner, enum wc_pressure_level level,
			enum wc_pressure_cause cause, uint64_t wanted)
{
	struct context_pressure *p = owner;
	uint64_t freed = 0;
	int64_t bytes;

	(void)level;
	(void)cause;
	/* A watch that was ended, by the handler too, closes nothing. */
	if (!p->handler)
		return 0;
	do {
		bytes = admission_reclaim_for_memory(&p->context->accountant);
		freed += bytes > 0 ? (uint64_t)bytes : 0;
	} while (bytes >= 0 && freed < wanted && p->handler);
	return freed;
}

/* What is charged to the control group of the process, and what is taken from devices' memory. */
#define CHARGED_KINDS (1u << WC_MEMORY_PLAIN | 1u << WC_MEMORY_WRAPPED | 1u << WC_MEMORY_UDMABUF)
#define DEVICE_KINDS (1u << WC_MEMORY_DRIVER | 1u << WC_MEMORY_DUMB | 1u << WC_MEMORY_HEAP | \
		      1u << WC_MEMORY_IMPORTED)

/* The kinds of memory that help. A service manager's watch is that of the service's group. */
static unsigned kinds_short_of(enum wc_pressure_cause cause)
{
	switch (cause) {
	case WC_PRESSURE_BY_MANAGER:
	case WC_PRESSURE_BY_CGROUP:
		return CHARGED_KINDS;
	case WC_PRESSURE_BY_DEVICE_MEMORY:
		return DEVICE_KINDS;
	default:
		return CHARGED_KINDS | DEVICE_KINDS;
	}
}

/*
 * Plain memory is charged to the control group, what it replaces is not, and in the machine nothing
 * is gained by a copy beside a buffer that its codec keeps. Only where the memory of devices itself
 * may be what is short does it help to give such a buffer back.
 */
static enum spill_scope scope_of(enum wc_pressure_cause cause)
{
	switch (cause) {
	case WC_PRESSURE_BY_MANAGER:
	case WC_PRESSURE_BY_CGROUP:
		return SPILL_TO_SHRINK;
	case WC_PRESSURE_BY_SYSTEM:
		return SPILL_TO_FREE;
	default:
		return SPILL_ALL;
	}
}

static uint64_t spill(void *owner, enum wc_pressure_level level, enum wc_pressure_cause cause,
		      uint64_t wanted)
{
	struct context_pressure *p = owner;

	(void)level;
	if (!p->handler)
		return 0;
	return frames_spill(p->context->core, scope_of(cause), wanted).freed;
}

static uint64_t force_close(void *owner, enum wc_pressure_level level,
			    enum wc_pressure_cause cause, uint64_t wanted)
{
	struct context_pressure *p = owner;

	(void)level;
	if (!p->handler)
		return 0;
	return frames_force_close(p->context->core, kinds_short_of(cause), wanted).freed;
}

static uint64_t bytes_of(const struct wc_context *context, enum wc_memory_kind kind)
{
	return atomic_load_explicit(&context->core->counters.bytes_by_kind[kind],
				    memory_order_relaxed);
}

/* Of ours, the control group is charged with the heap and with memfds. */
void context_pressure_look(struct wc_context *context)
{
	if (context->pressure)
		pressure_sources_look(&context->pressure->sources,
				      bytes_of(context, WC_MEMORY_PLAIN) +
				      bytes_of(context, WC_MEMORY_UDMABUF));
}

static void tell(void *owner, const struct wc_pressure_event *event)
{
	struct context_pressure *p = owner;

	if (!p->handler)
		return;
	p->context->callbacks++;
	p->handler(p->context, event, p->user_data);
}

static void note_budgets(struct context_pressure *p)
{
	const struct core *core = p->context->core;
	enum wc_pressure_level worst = WC_PRESSURE_NONE;

	for (unsigned kind = 0; kind <= MEMORY_ALL_KINDS; kind++) {
		uint64_t used = memory_used(core, kind), limit = memory_limit(core, kind);
		enum wc_pressure_level level = pressure_fill_level(used, limit);

		pressure_note_budget(&p->pressure, PRESSURE_BYTES, used, limit, clock_now());
		worst = level > worst ? level : worst;
	}
	/* Without the timer the level falls although nothing came free. */
	if (worst != WC_PRESSURE_NONE)
		loop_set_timer(&p->context->loop, &p->budget_again, BUDGET_PERIOD);
}

static void run_budget(struct task *task)
{
	note_budgets(container_of(task, struct context_pressure, budget));
}

static void on_budget_again(struct timer *timer)
{
	note_budgets(container_of(timer, struct context_pressure, budget_again));
}

/* In any thread, with the budget locked. */
static void on_budget_changed(void *data)
{
	struct context_pressure *p = data;

	loop_post_remote(&p->context->loop, &p->budget);
}

static struct context_pressure *begin(struct wc_context *context)
{
	struct context_pressure *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->context = context;
	p->ladder = (struct pressure_ladder) {
		.rungs = {
			[WC_PRESSURE_TRIM] = { .act = trim },
			[WC_PRESSURE_STOP_GROWING] = { .act = stop_growing, .relax = grow_again },
			[WC_PRESSURE_THROTTLE] = { .act = throttle, .relax = run_freely },
			[WC_PRESSURE_SPILL] = { .act = spill },
			[WC_PRESSURE_RECLAIM] = { .act = reclaim },
			[WC_PRESSURE_FORCE_CLOSE] = { .act = force_close },
		},
		.force_close = context->allow_force_close,
		.event = tell,
		.owner = p,
	};
	pressure_init(&p->pressure, &p->ladder);
	pressure_sources_start(&p->sources, &context->loop, &p->pressure, &context->core->log,
			       NULL);
	pressure_sources_set_sampling(&p->sources, true);
	task_init(&p->budget, run_budget);
	timer_init(&p->budget_again, on_budget_again);
	memory_watch(context->core, on_budget_changed, p);
	/* Buffers may be there already. */
	on_budget_changed(p);
	return p;
}

static void free_pressure(struct context_pressure *p)
{
	if (!p)
		return;
	p->handler = NULL;
	memory_watch(p->context->core, NULL, NULL);
	loop_cancel_remote(&p->context->loop, &p->budget);
	timer_cancel(&p->budget_again);
	pressure_sources_stop(&p->sources);
	pressure_ladder_descend(&p->ladder, WC_PRESSURE_NONE);
	free(p);
}

/* Ends in a task: the call may come from the handler itself. */
static void run_end(struct task *task)
{
	struct wc_context *context = container_of(task, struct wc_context, end_pressure);

	free_pressure(context->ended_pressure);
	context->ended_pressure = NULL;
}

void context_pressure_finish(struct wc_context *context)
{
	free_pressure(context->pressure);
	context->pressure = NULL;
	if (context->ended_pressure) {
		task_cancel(&context->end_pressure);
		run_end(&context->end_pressure);
	}
}

static void end(struct wc_context *context)
{
	if (!context->pressure)
		return;
	context->pressure->handler = NULL;
	task_init(&context->end_pressure, run_end);
	context->ended_pressure = context->pressure;
	context->pressure = NULL;
	loop_post(&context->loop, &context->end_pressure);
}

int wc_context_watch_pressure(struct wc_context *context, wc_pressure_handler handler,
			      void *user_data)
{
	if (!handler) {
		end(context);
		return WC_OK;
	}
	/* One that was ended and is not gone yet goes on. */
	if (!context->pressure && context->ended_pressure) {
		task_cancel(&context->end_pressure);
		context->pressure = context->ended_pressure;
		context->ended_pressure = NULL;
	}
	if (!context->pressure)
		context->pressure = begin(context);
	if (!context->pressure)
		return context_fail_errno(context, ENOMEM, "watch memory");
	context->pressure->handler = handler;
	context->pressure->user_data = user_data;
	return WC_OK;
}

int wc_context_allow_force_close(struct wc_context *context, bool allow)
{
	if (allow && !HAS_CENSUS)
		return context_fail(context, WC_NOT_SUPPORTED_ERROR,
				    "this library was configured with --disable-census");
	context->allow_force_close = allow;
	if (context->pressure)
		context->pressure->ladder.force_close = allow;
	if (context->ended_pressure)
		context->ended_pressure->ladder.force_close = allow;
	return WC_OK;
}

int wc_context_note_pressure(struct wc_context *context, enum wc_pressure_level level,
			     uint64_t wanted)
{
	if ((unsigned)level > WC_PRESSURE_CRITICAL)
		return context_fail(context, WC_TYPE_ERROR, "there is no such level");
	if (!context->pressure)
		return context_fail(context, WC_INVALID_STATE_ERROR,
				    "the context does not watch memory");
	pressure_note_application(&context->pressure->pressure, level, wanted, clock_now());
	return WC_OK;
}

enum wc_pressure_level wc_context_get_pressure(const struct wc_context *context)
{
	return context->pressure ? context->pressure->pressure.level : WC_PRESSURE_NONE;
}

const char *wc_pressure_level_name(enum wc_pressure_level level)
{
	static const char *const names[] = { "none", "low", "medium", "critical" };

	return (unsigned)level < ARRAY_SIZE(names) ? names[level] : "unknown";
}

const char *wc_pressure_step_name(enum wc_pressure_step step)
{
	static const char *const names[] = {
		"no step", "trim", "stop growing", "throttle", "spill", "reclaim", "force close",
	};

	return (unsigned)step < ARRAY_SIZE(names) ? names[step] : "unknown";
}
