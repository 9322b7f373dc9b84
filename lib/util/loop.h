/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a context: descriptors, timers and tasks behind one epoll descriptor.
 *
 * A loop belongs to one thread, the one that dispatches. Only loop_post_remote() and
 * loop_is_owner() may be called from others. Sources, timers and tasks are members of what they
 * serve; removing one, from any handler, means that it is not called any more.
 */
#ifndef WC_UTIL_LOOP_H
#define WC_UTIL_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "util/list.h"

#define LOOP_MAX_EVENTS 16

struct loop_source {
	int fd;                /* -1 when not added */
	uint32_t events;       /* EPOLL* asked for */
	void (*ready)(struct loop_source *source, uint32_t revents);
};

/* Work for later in this thread. A task is queued at most once at a time. */
struct task {
	struct list link;
	void (*run)(struct task *task);
};

/* Something for later by the clock. */
struct timer {
	struct list link;
	int64_t deadline;      /* microseconds of CLOCK_MONOTONIC */
	void (*expired)(struct timer *timer);
};

struct loop {
	int epoll_fd;
	int wake_fd;           /* eventfd, watched edge-triggered: it is never read */
	int timer_fd;          /* -1 until the first timer */
	bool dispatching;
	bool woken;            /* wake_fd was written and not yet seen; owner thread only */
	int64_t looked;        /* when a timer made us look at the clock last, 0: never */
	int64_t armed;         /* deadline that timer_fd is set to, 0 when it is not */
	struct list tasks;
	struct list timers;    /* earliest first */
	struct loop_source timer_source, wake_source;
	struct epoll_event *current;   /* events being dispatched, so that removal can strike one */
	int n_current;
	_Atomic(uintptr_t) owner;      /* pthread_self() of the thread that dispatched last */
	pthread_mutex_t remote_lock;   /* guards remote */
	struct list remote;            /* tasks posted by other threads */
};

/* 0, or a negative errno with nothing left to undo. */
int loop_init(struct loop *loop);

/* All sources must be gone; tasks and timers that are left are forgotten. */
void loop_finish(struct loop *loop);

/*
 * Watch fd. The source is the caller's memory; the fd is not owned. Negative errno on failure.
 */
int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events,
	     void (*ready)(struct loop_source *source, uint32_t revents));

/* Change what is asked for; a system call only if it differs. */
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events);

/* Stop watching; before the fd is closed. Harmless when it was not added. */
void loop_remove(struct loop *loop, struct loop_source *source);

void task_init(struct task *task, void (*run)(struct task *task));

/* Run the task in dispatch; harmless when it is queued already. */
void loop_post(struct loop *loop, struct task *task);

/* As loop_post(), from any thread. A task belongs to one of the two functions only. */
void loop_post_remote(struct loop *loop, struct task *task);

/* Take back a task of loop_post(). Harmless when it is not queued. */
void task_cancel(struct task *task);

/* Take back a task of loop_post_remote(), from the owner thread. */
void loop_cancel_remote(struct loop *loop, struct task *task);

void timer_init(struct timer *timer, void (*expired)(struct timer *timer));

/* Let the timer expire in delay microseconds from now; a running one is set anew. */
int loop_set_timer(struct loop *loop, struct timer *timer, int64_t delay);

/* Harmless when it is not set. */
void timer_cancel(struct timer *timer);

/* Whether the caller is the thread that the loop belongs to. */
bool loop_is_owner(const struct loop *loop);

/*
 * Wait at most timeout_ms (-1: without end), then serve what is ready and run the tasks.
 * 0, or a negative errno: -EBUSY inside a handler, else what epoll_wait() said. EINTR is no error.
 */
int loop_dispatch(struct loop *loop, int timeout_ms);

#endif
