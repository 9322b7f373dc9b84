/* SPDX-License-Identifier: MIT */
/*
 * A waker: memory tells, from whatever thread, that there is something to look after, and the
 * context that looks after it begins to. Until that is done, telling again costs one load, so it
 * may stand where buffers are given back.
 */
#ifndef WC_UTIL_WAKER_H
#define WC_UTIL_WAKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct waker {
	atomic_bool asked;             /* since waker_rest() */
	pthread_mutex_t lock;          /* guards the rest */
	void (*wake)(void *owner);     /* NULL: nobody looks after it */
	void *owner;
};

void waker_init(struct waker *waker);
void waker_finish(struct waker *waker);

/*
 * Who is woken: wake runs in any thread, with the waker and perhaps what asked locked, and must do
 * no more than post a task. NULL: nobody; when this returns the old one does not run any more.
 */
void waker_set(struct waker *waker, void (*wake)(void *owner), void *owner);

/* The slow half of waker_ask(). */
void waker_ask_first(struct waker *waker);

/* There is something to look after. Any thread. */
static inline void waker_ask(struct waker *waker)
{
	if (!atomic_load_explicit(&waker->asked, memory_order_relaxed))
		waker_ask_first(waker);
}

/* Before looking for the last time: who asks from here on wakes again. */
void waker_rest(struct waker *waker);

/* Not the last time after all. */
void waker_go_on(struct waker *waker);

#endif
