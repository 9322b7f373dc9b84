/* SPDX-License-Identifier: MIT */
/*
 * What can give memory back when memory is short: pools and caches enter themselves in the list of
 * their core, and whoever feels the pressure goes through it. So neither needs to know the other.
 */
#ifndef WC_UTIL_SHRINKER_H
#define WC_UTIL_SHRINKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/list.h"

/* Between two ticks, microseconds. */
#define SHRINKER_PERIOD INT64_C(1000000)

struct shrinker;

/*
 * What is to be let go when the list is not locked, because its end may call the application: that
 * may want a lock whose holder is waiting for the list, or come back with a wish for memory.
 */
struct shrinker_left {
	void *object;                  /* NULL: nothing is left */
	size_t (*let_go)(void *object);   /* returns bytes that came free */
};

/* Called with the list locked: they must neither enter nor leave a list. */
struct shrinker_ops {
	/*
	 * Free about so many bytes of what nobody uses; returns how many came free. Or take out one
	 * object and leave it to the caller, who comes again if that was not enough.
	 */
	size_t (*shrink)(struct shrinker *shrinker, size_t bytes, struct shrinker_left *left);
	/* Make nothing more than needed to go on; false ends that. NULL: never does. */
	void (*hold_growth)(struct shrinker *shrinker, bool hold);
	/*
	 * A moment passed; see pool_tick(). Whether there is something that ages: false until the
	 * core's waker is asked again. NULL: never.
	 */
	bool (*tick)(struct shrinker *shrinker, int64_t now);
	/* Bytes that shrink() could free now. NULL: not told. */
	size_t (*idle)(struct shrinker *shrinker);
};

/* A member of what it serves. */
struct shrinker {
	struct list link;
	const struct shrinker_ops *ops;
};

struct shrinker_list {
	pthread_mutex_t lock;          /* guards the rest */
	struct list shrinkers;
	bool held;                     /* new ones hold their growth, too */
	int64_t ticked;                /* when the last tick was */
	int64_t age;                   /* the clock of what ages, microseconds */
};

void shrinker_list_init(struct shrinker_list *list);

/* All must have left. */
void shrinker_list_finish(struct shrinker_list *list);

/* Any thread. */
void shrinker_enter(struct shrinker_list *list, struct shrinker *shrinker,
		    const struct shrinker_ops *ops);

/* When it returns, no operation runs or will. Any thread, but not from inside an operation. */
void shrinker_leave(struct shrinker_list *list, struct shrinker *shrinker);

/*
 * Ask one after the other, those that entered first first, until so many bytes came free; SIZE_MAX
 * for all there is. Returns how many did. May call the application, without a lock of ours.
 */
size_t shrinker_list_shrink(struct shrinker_list *list, size_t bytes);

void shrinker_list_hold_growth(struct shrinker_list *list, bool hold);

/*
 * To be called every SHRINKER_PERIOD as long as it returns true: there is something that ages. now
 * is the time in microseconds. What ages has a clock of its own, which goes on by two periods at
 * most between ticks: when the process was stopped, nothing was idle for that long.
 */
bool shrinker_list_tick(struct shrinker_list *list, int64_t now);

/* Bytes that are idle, as far as they are told. */
size_t shrinker_list_idle(struct shrinker_list *list);

#endif
