/* SPDX-License-Identifier: MIT */
#include "util/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util/clock.h"

/* Rounds of tasks in one dispatch, so that tasks that post tasks cannot keep the caller inside. */
#define MAX_ROUNDS 16

static void take_ownership(struct loop *loop)
{
	uintptr_t self = (uintptr_t)pthread_self();

	if (atomic_load_explicit(&loop->owner, memory_order_relaxed) != self)
		atomic_store_explicit(&loop->owner, self, memory_order_relaxed);
}

bool loop_is_owner(const struct loop *loop)
{
	return atomic_load_explicit(&loop->owner, memory_order_relaxed) ==
	       (uintptr_t)pthread_self();
}

static void wake(struct loop *loop)
{
	uint64_t one = 1;

	/* Cannot block: the counter would have to reach 2^64 - 1. */
	(void)!write(loop->wake_fd, &one, sizeof one);
}

static struct task *next_remote(struct loop *loop)
{
	struct list *item;

	pthread_mutex_lock(&loop->remote_lock);
	item = list_pop(&loop->remote);
	pthread_mutex_unlock(&loop->remote_lock);
	return item ? container_of(item, struct task, link) : NULL;
}

/* Run what other threads posted. A task is unlinked first: it may be posted again meanwhile. */
static void on_wake(struct loop_source *source, uint32_t revents)
{
	struct loop *loop = container_of(source, struct loop, wake_source);
	struct task *task;

	(void)revents;
	loop->woken = false;
	while ((task = next_remote(loop)))
		task->run(task);
}

int loop_init(struct loop *loop)
{
	int ret;

	memset(loop, 0, sizeof *loop);
	list_init(&loop->tasks);
	list_init(&loop->timers);
	list_init(&loop->remote);
	pthread_mutex_init(&loop->remote_lock, NULL);
	loop->timer_source.fd = -1;
	loop->timer_fd = -1;
	loop->wake_fd = -1;
	take_ownership(loop);

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		goto error;
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		goto error;
	ret = loop_add(loop, &loop->wake_source, loop->wake_fd, EPOLLIN | EPOLLET, on_wake);
	if (ret == 0)
		return 0;
	errno = -ret;
error:
	ret = -errno;
	loop_finish(loop);
	return ret;
}

void loop_finish(struct loop *loop)
{
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	pthread_mutex_destroy(&loop->remote_lock);
}

int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events,
	     void (*ready)(struct loop_source *source, uint32_t revents))
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	source->fd = -1;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	source->fd = fd;
	source->events = events;
	source->ready = ready;
	return 0;
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (source->fd < 0 || source->events == events)
		return 0;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0)
		return -errno;
	source->events = events;
	return 0;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->fd = -1;
	for (int i = 0; i < loop->n_current; i++)
		if (loop->current[i].data.ptr == source)
			loop->current[i].data.ptr = NULL;
}

void task_init(struct task *task, void (*run)(struct task *task))
{
	list_init(&task->link);
	task->run = run;
}

void loop_post(struct loop *loop, struct task *task)
{
	if (!list_empty(&task->link))
		return;
	list_append(&loop->tasks, &task->link);
	/* An application that polls the descriptor itself must see that there is work. */
	if (!loop->dispatching && !loop->woken) {
		loop->woken = true;
		wake(loop);
	}
}

void loop_post_remote(struct loop *loop, struct task *task)
{
	bool first;

	pthread_mutex_lock(&loop->remote_lock);
	first = list_empty(&loop->remote);
	if (list_empty(&task->link))
		list_append(&loop->remote, &task->link);
	pthread_mutex_unlock(&loop->remote_lock);
	if (first)
		wake(loop);
}

void task_cancel(struct task *task)
{
	list_remove(&task->link);
}

void loop_cancel_remote(struct loop *loop, struct task *task)
{
	pthread_mutex_lock(&loop->remote_lock);
	list_remove(&task->link);
	pthread_mutex_unlock(&loop->remote_lock);
}

void timer_init(struct timer *timer, void (*expired)(struct timer *timer))
{
	list_init(&timer->link);
	timer->expired = expired;
}

static void on_timer(struct loop_source *source, uint32_t revents)
{
	struct loop *loop = container_of(source, struct loop, timer_source);
	int64_t now = clock_now();
	uint64_t expirations;

	(void)revents;
	loop->looked = now;
	(void)!read(loop->timer_fd, &expirations, sizeof expirations);
	loop->armed = 0;
	while (!list_empty(&loop->timers)) {
		struct timer *timer = container_of(loop->timers.next, struct timer, link);

		if (timer->deadline > now)
			break;
		list_remove(&timer->link);
		timer->expired(timer);
	}
}

static int open_timer(struct loop *loop)
{
	int ret;

	if (loop->timer_fd >= 0)
		return 0;
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd < 0)
		return -errno;
	ret = loop_add(loop, &loop->timer_source, loop->timer_fd, EPOLLIN, on_timer);
	if (ret < 0) {
		close(loop->timer_fd);
		loop->timer_fd = -1;
	}
	return ret;
}

/* Set the descriptor to the first deadline. A cancelled timer may leave it early: harmless. */
static int arm_timer(struct loop *loop)
{
	struct itimerspec spec = { { 0, 0 }, { 0, 0 } };
	struct timer *first;

	if (list_empty(&loop->timers))
		return 0;
	first = container_of(loop->timers.next, struct timer, link);
	if (loop->armed && loop->armed <= first->deadline)
		return 0;
	spec.it_value.tv_sec = (time_t)(first->deadline / 1000000);
	spec.it_value.tv_nsec = (long)(first->deadline % 1000000) * 1000;
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	loop->armed = first->deadline;
	return 0;
}

int loop_set_timer(struct loop *loop, struct timer *timer, int64_t delay)
{
	struct list *pos;
	int ret = open_timer(loop);

	if (ret < 0)
		return ret;
	timer_cancel(timer);
	timer->deadline = clock_now() + delay;
	list_for_each(pos, &loop->timers)
		if (container_of(pos, struct timer, link)->deadline > timer->deadline)
			break;
	list_append(pos, &timer->link);
	return arm_timer(loop);
}

void timer_cancel(struct timer *timer)
{
	list_remove(&timer->link);
}

static void run_tasks(struct loop *loop)
{
	for (int round = 0; round < MAX_ROUNDS && !list_empty(&loop->tasks); round++) {
		struct list now;
		struct list *item;

		list_init(&now);
		list_splice(&now, &loop->tasks);
		while ((item = list_pop(&now))) {
			struct task *task = container_of(item, struct task, link);

			task->run(task);
		}
	}
}

static void serve(struct loop *loop, struct epoll_event *events, int n)
{
	loop->current = events;
	loop->n_current = n;
	for (int i = 0; i < n; i++) {
		struct loop_source *source = events[i].data.ptr;

		if (source)
			source->ready(source, events[i].events);
	}
	loop->current = NULL;
	loop->n_current = 0;
}

int loop_dispatch(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[LOOP_MAX_EVENTS];
	int n;

	if (loop->dispatching)
		return -EBUSY;
	take_ownership(loop);
	if (!list_empty(&loop->tasks))
		timeout_ms = 0;
	n = epoll_wait(loop->epoll_fd, events, LOOP_MAX_EVENTS, timeout_ms);
	if (n < 0 && errno != EINTR)
		return -errno;

	loop->dispatching = true;
	serve(loop, events, n > 0 ? n : 0);
	run_tasks(loop);
	arm_timer(loop);
	loop->dispatching = false;
	if (!list_empty(&loop->tasks)) {
		loop->woken = true;
		wake(loop);
	}
	return 0;
}
