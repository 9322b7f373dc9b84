/* SPDX-License-Identifier: MIT */
#include "util/waker.h"

#include <stddef.h>

void waker_init(struct waker *waker)
{
	atomic_init(&waker->asked, false);
	pthread_mutex_init(&waker->lock, NULL);
	waker->wake = NULL;
	waker->owner = NULL;
}

void waker_finish(struct waker *waker)
{
	pthread_mutex_destroy(&waker->lock);
}

void waker_set(struct waker *waker, void (*wake)(void *owner), void *owner)
{
	pthread_mutex_lock(&waker->lock);
	waker->wake = wake;
	waker->owner = owner;
	pthread_mutex_unlock(&waker->lock);
}

void waker_ask_first(struct waker *waker)
{
	if (atomic_exchange(&waker->asked, true))
		return;
	pthread_mutex_lock(&waker->lock);
	if (waker->wake)
		waker->wake(waker->owner);
	pthread_mutex_unlock(&waker->lock);
}

void waker_rest(struct waker *waker)
{
	atomic_store(&waker->asked, false);
}

void waker_go_on(struct waker *waker)
{
	atomic_store(&waker->asked, true);
}
