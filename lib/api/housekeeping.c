/* SPDX-License-Identifier: MIT */
#include "api/housekeeping.h"

#include <string.h>

#include <webcodecs/pressure.h>

#include "api/context.h"
#include "util/clock.h"

static struct wc_context *of_task(struct task *task)
{
	return container_of(container_of(task, struct housekeeping, wake), struct wc_context,
			    housekeeping);
}

static struct wc_context *of_timer(struct timer *timer)
{
	return container_of(container_of(timer, struct housekeeping, timer), struct wc_context,
			    housekeeping);
}

/* ---- what others see ------------------------------------------------------------------------- */

static uint32_t kibibytes(uint64_t bytes)
{
	uint64_t n = (bytes + 1023) / 1024;

	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static uint32_t count(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void measure(const struct wc_context *context, const struct wc_counters *counters,
		    struct slot_memory *memory)
{
	memset(memory, 0, sizeof *memory);
	memory->frames = count(counters->video_frames);
	memory->chunks = count(counters->video_chunks);
	memory->idle = kibibytes(shrinker_list_idle(&context->core->shrinkers));
	memory->level = (uint32_t)wc_context_get_pressure(context);
	for (unsigned i = 0; i < WC_MEMORY_KINDS; i++)
		memory->kinds[i] = kibibytes(counters->bytes_by_kind[i]);
}

/* Whether something was shown that was not seen before; *keeps: there is something to show. */
static bool show(struct wc_context *context, int64_t now, bool *keeps)
{
	struct wc_counters counters;
	struct slot_memory memory;

	wc_context_get_counters(context, &counters);
	*keeps = context->accountant.directory[0] &&
		 (counters.buffers || counters.video_frames || counters.video_chunks);
	if (!*keeps) {
		presence_end(&context->housekeeping.presence);
		return false;
	}
	measure(context, &counters, &memory);
	return presence_show(&context->housekeeping.presence, context->accountant.directory,
			     &memory, counters.buffer_bytes, now);
}

/* ---- the timer ------------------------------------------------------------------------------- */

/* Without a descriptor for a timer the next one who asks tries again. */
static void set_timer(struct wc_context *context, int64_t period)
{
	struct housekeeping *h = &context->housekeeping;

	h->period = period;
	if (loop_set_timer(&context->loop, &h->timer, period) < 0)
		waker_rest(&context->core->waker);
}

static void on_wake(struct task *task)
{
	struct wc_context *context = of_task(task);
	struct housekeeping *h = &context->housekeeping;

	if (list_empty(&h->timer.link) || h->period > SHRINKER_PERIOD)
		set_timer(context, SHRINKER_PERIOD);
}

static void on_tick(struct timer *timer)
{
	struct wc_context *context = of_timer(timer);
	struct core *core = context->core;
	int64_t now = clock_now(), period = SHRINKER_PERIOD;
	bool keeps, busy;

	/* First: what comes meanwhile may be overlooked, but then it wakes us. */
	waker_rest(&core->waker);
	busy = shrinker_list_tick(&core->shrinkers, now);
	busy |= show(context, now, &keeps);
	if (!busy && !keeps)
		return;
	if (busy)
		waker_go_on(&core->waker);
	else if (2 * context->housekeeping.period < HOUSEKEEPING_SLOWEST)
		period = 2 * context->housekeeping.period;
	else
		period = HOUSEKEEPING_SLOWEST;
	set_timer(context, period);
}

static void post(void *owner)
{
	struct wc_context *context = owner;

	loop_post_remote(&context->loop, &context->housekeeping.wake);
}

void housekeeping_init(struct wc_context *context)
{
	task_init(&context->housekeeping.wake, on_wake);
	timer_init(&context->housekeeping.timer, on_tick);
	presence_init(&context->housekeeping.presence);
	waker_set(&context->core->waker, post, context);
}

void housekeeping_finish(struct wc_context *context)
{
	waker_set(&context->core->waker, NULL, NULL);
	loop_cancel_remote(&context->loop, &context->housekeeping.wake);
	timer_cancel(&context->housekeeping.timer);
	presence_end(&context->housekeeping.presence);
}
