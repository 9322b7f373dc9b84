/* SPDX-License-Identifier: MIT */
#include "api/housekeeping.h"

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

/* Without a descriptor for a timer the next one who asks tries again. */
static void set_timer(struct wc_context *context)
{
	if (loop_set_timer(&context->loop, &context->housekeeping.timer, SHRINKER_PERIOD) < 0)
		waker_rest(&context->core->waker);
}

static void on_wake(struct task *task)
{
	struct wc_context *context = of_task(task);

	if (list_empty(&context->housekeeping.timer.link))
		set_timer(context);
}

static void on_tick(struct timer *timer)
{
	struct wc_context *context = of_timer(timer);
	struct core *core = context->core;

	/* First: what becomes idle meanwhile may be overlooked, but then it wakes us. */
	waker_rest(&core->waker);
	if (!shrinker_list_tick(&core->shrinkers, clock_now()))
		return;
	waker_go_on(&core->waker);
	set_timer(context);
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
	waker_set(&context->core->waker, post, context);
}

void housekeeping_finish(struct wc_context *context)
{
	waker_set(&context->core->waker, NULL, NULL);
	loop_cancel_remote(&context->loop, &context->housekeeping.wake);
	timer_cancel(&context->housekeeping.timer);
}
