/* SPDX-License-Identifier: MIT */
/*
 * The census of one context: a roll for each class of objects, where objects were made (sampled),
 * and what is worth a warning. Any thread.
 *
 * Time of birth: reading the clock for each object would cost a good part of what making it costs,
 * and a system call on some machines. So objects get the time at which the clock was looked at
 * last: every CENSUS_LOOK objects of a class, and whenever census_look() is called. Ages are
 * therefore upper bounds.
 */
#ifndef WC_UTIL_CENSUS_H
#define WC_UTIL_CENSUS_H

#include <stdbool.h>

#include <webcodecs/census.h>

#include "util/log.h"
#include "util/roll.h"
#include "util/sites.h"

#define CENSUS_LOOK 512u

/* Not in the public header, since it grows. */
#define OBJECT_CLASSES (WC_OBJECT_VIDEO_CONVERTER + 1)

/* Lets one message through a second, and counts the others. */
struct limiter {
	pthread_mutex_t lock;
	int64_t next;                  /* microseconds: silent until then */
	uint64_t silenced;
};

struct census {
	struct log *log;
	struct roll rolls[OBJECT_CLASSES];
	_Atomic int64_t now;           /* when the clock was looked at last */
	atomic_uint sample_every;      /* 0: no sites */
	atomic_uint sample_at;
	_Atomic(struct sites *) sites; /* owned; NULL until first wanted, then for good */
	atomic_bool warn_unclosed;
	_Atomic uint64_t dropped_unclosed, finalizer_closed, open_too_long;
	struct limiter unclosed, finalized;
};

void census_init(struct census *census, struct log *log);
void census_finish(struct census *census);

/* Look at the clock; the time. */
int64_t census_look(struct census *census);

/* One of every objects gets a site, 0: none. 0, or -ENOMEM with nothing changed. */
int census_sample(struct census *census, unsigned every);

/* An entry of its own memory, not of a slab: give it a slot and make it visible. 0 or -ENOMEM. */
int census_enter(struct census *census, enum wc_object_class class, struct roll_entry *entry,
		 size_t bytes, const char *label);
void census_leave(struct census *census, enum wc_object_class class, struct roll_entry *entry);

/* What is public of an entry; for who holds the object, or the lock of the roll. */
void census_describe(const struct census *census, enum wc_object_class class,
		     const struct roll_entry *entry, int64_t now,
		     struct wc_census_object *object);

/*
 * Warn of an object, with the place where it was made. problem: "was not released"; silenced: such
 * messages that were left out.
 */
void census_warn(struct census *census, const struct wc_census_object *object,
		 const char *problem, uint64_t silenced);

/* The last reference went, but the application did not close the object. */
void census_dropped(struct census *census, enum wc_object_class class,
		    const struct roll_entry *entry);

/* A finalizer closed what the application should have. */
void census_finalized(struct census *census, enum wc_object_class class,
		      const struct roll_entry *entry);

/*
 * Warn of what the application has open since limit microseconds or more, once an object. To be
 * called every limit / 4: ages are upper bounds, so that much is added.
 */
void census_warn_open(struct census *census, int64_t limit);

/* Warn, once, of a codec that holds what it does not use. */
void census_warn_unused(struct census *census, enum wc_object_class class,
			struct roll_entry *entry);

/* Whether a message may pass at that time; *silenced: how many did not since the last. */
bool limiter_passes(struct limiter *limiter, int64_t now, uint64_t *silenced);

/* The clock was looked at for another reason: that time, which may be an old one. */
static inline void census_saw(struct census *census, int64_t now)
{
	if (now > atomic_load_explicit(&census->now, memory_order_relaxed))
		atomic_store_explicit(&census->now, now, memory_order_relaxed);
}

/* The slow half of census_site(). */
uint32_t census_site_sampled(struct census *census, unsigned every);

/* Where an object that is about to be made is made; 0: not known. */
static inline uint32_t census_site(struct census *census)
{
	unsigned every = atomic_load_explicit(&census->sample_every, memory_order_relaxed);

	return every ? census_site_sampled(census, every) : 0;
}

#ifdef WITHOUT_CENSUS

static inline void census_begin(struct census *census, struct roll *roll,
				struct roll_entry *entry, uint32_t site)
{
	(void)census;
	(void)roll;
	(void)entry;
	(void)site;
}

#else

/* With the roll's lock held: an object that has a slot begins to live. */
static inline void census_begin(struct census *census, struct roll *roll,
				struct roll_entry *entry, uint32_t site)
{
	entry->number = ++roll->number;
	if (!(entry->number % CENSUS_LOOK))
		census_look(census);
	entry->born = atomic_load_explicit(&census->now, memory_order_relaxed);
	entry->site = site;
	entry->warned = 0;
}

#endif

#endif
