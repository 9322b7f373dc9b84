/* SPDX-License-Identifier: MIT */
#include "frame/fence_wait.h"

#include <errno.h>
#include <poll.h>

#include "frame/memory_io.h"
#include "util/clock.h"
#include "util/macros.h"

/* Microseconds between looks where nothing can be watched. */
#define LOOK_AGAIN 4000

static void step(struct fence_wait *wait);

static void stop_watching(struct fence_wait *wait)
{
	timer_cancel(&wait->timer);
	if (wait->fd < 0)
		return;
	loop_remove(wait->loop, &wait->source);
	memory_io_close(wait->fd);
	wait->fd = -1;
}

static void on_ready(struct loop_source *source, uint32_t revents)
{
	(void)revents;
	step(container_of(source, struct fence_wait, source));
}

static void on_expired(struct timer *timer)
{
	step(container_of(timer, struct fence_wait, timer));
}

/* 0, or a negative errno with nothing left. */
static int watch_fd(struct fence_wait *wait)
{
	uint32_t events = wait->report.events & POLLOUT ? EPOLLOUT : EPOLLIN;
	int fd = memory_io_dup(wait->report.fd);
	int ret = fd < 0 ? fd : loop_add(wait->loop, &wait->source, fd, events, on_ready);

	if (ret < 0 && fd >= 0)
		memory_io_close(fd);
	wait->fd = ret < 0 ? -1 : fd;
	return ret;
}

/* Something will make us look again. */
static int watch(struct fence_wait *wait)
{
	bool by_clock = watch_fd(wait) < 0;
	int64_t delay = LOOK_AGAIN;

	if (!by_clock && !wait->deadline)
		return 0;
	if (!by_clock)
		delay = wait->deadline - clock_now();
	return loop_set_timer(wait->loop, &wait->timer, delay);
}

/* Last: it may free the wait. */
static void finish(struct fence_wait *wait, int ret)
{
	stop_watching(wait);
	wait->loop = NULL;
	wait->done(wait, ret);
}

static int look(struct fence_wait *wait)
{
	int ret = fence_look(wait->buffer, wait->access, &wait->report);

	if (ret <= 0)
		return ret;
	if (wait->deadline && clock_now() >= wait->deadline)
		return -ETIMEDOUT;
	ret = watch(wait);
	return ret < 0 ? ret : 1;
}

static void step(struct fence_wait *wait)
{
	int ret;

	stop_watching(wait);
	ret = look(wait);
	if (ret <= 0)
		finish(wait, ret);
}

int fence_wait_begin(struct fence_wait *wait, struct loop *loop, struct buffer *buffer,
		     unsigned access, int64_t patience,
		     void (*done)(struct fence_wait *wait, int ret))
{
	int ret;

	if (!fence_is_expected(buffer, access))
		return 0;
	ret = fence_look(buffer, access, &wait->report);
	if (ret <= 0)
		return ret;
	wait->loop = loop;
	wait->buffer = buffer;
	wait->access = access;
	wait->deadline = patience ? clock_now() + patience : 0;
	wait->fd = -1;
	wait->source.fd = -1;
	wait->done = done;
	timer_init(&wait->timer, on_expired);
	ret = watch(wait);
	if (ret < 0) {
		fence_wait_cancel(wait);
		return ret;
	}
	counter_add(&buffer->core->counters.fence_waits, 1);
	return 1;
}

void fence_wait_cancel(struct fence_wait *wait)
{
	if (!wait->loop)
		return;
	stop_watching(wait);
	wait->loop = NULL;
}
