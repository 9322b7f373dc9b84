/* SPDX-License-Identifier: MIT */
#include "util/census.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/clock.h"
#include "util/macros.h"

#define QUIET_TIME 1000000       /* microseconds between two warnings of a kind */

static void limiter_init(struct limiter *limiter)
{
	pthread_mutex_init(&limiter->lock, NULL);
	limiter->next = 0;
	limiter->silenced = 0;
}

bool limiter_passes(struct limiter *limiter, int64_t now, uint64_t *silenced)
{
	bool passes;

	pthread_mutex_lock(&limiter->lock);
	passes = now >= limiter->next;
	*silenced = limiter->silenced;
	if (passes) {
		limiter->next = now + QUIET_TIME;
		limiter->silenced = 0;
	} else {
		limiter->silenced++;
	}
	pthread_mutex_unlock(&limiter->lock);
	return passes;
}

/* Spreads neighbouring values over all bits (the finalizer of SplitMix64). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

void census_init(struct census *census, struct log *log)
{
	memset(census, 0, sizeof *census);
	census->log = log;
	census_look(census);
	for (unsigned i = 0; i < OBJECT_CLASSES; i++)
		roll_init(&census->rolls[i],
			  mix((uint64_t)census->now ^ (uintptr_t)&census->rolls[i]));
	limiter_init(&census->unclosed);
	limiter_init(&census->finalized);
}

void census_finish(struct census *census)
{
	for (unsigned i = 0; i < OBJECT_CLASSES; i++)
		roll_finish(&census->rolls[i]);
	pthread_mutex_destroy(&census->unclosed.lock);
	pthread_mutex_destroy(&census->finalized.lock);
	sites_free(census->sites);
}

int64_t census_look(struct census *census)
{
	int64_t now = clock_now();

	atomic_store_explicit(&census->now, now, memory_order_relaxed);
	return now;
}

int census_sample(struct census *census, unsigned every)
{
	if (every && !census->sites) {
		struct sites *sites = sites_new();

		if (!sites)
			return -ENOMEM;
		census->sites = sites;
	}
	census->sample_every = every;
	return 0;
}

uint32_t census_site_sampled(struct census *census, unsigned every)
{
	if (atomic_fetch_add_explicit(&census->sample_at, 1, memory_order_relaxed) % every)
		return 0;
	return sites_here(census->sites);
}

void census_warn(struct census *census, const struct wc_census_object *object,
		 const char *problem, uint64_t silenced)
{
	char where[320] = "not known, sampling is off";
	char more[48] = "";

	if (object->site != WC_CENSUS_NO_SITE) {
		struct site site;

		sites_get(census->sites, object->site + 1, &site);
		site_format(site.callers, site.depth, where, sizeof where);
	}
	if (silenced)
		snprintf(more, sizeof more, " (and %" PRIu64 " more since the last)", silenced);
	log_warning(census->log, "%s #%" PRIu64 " \"%s\" %s%s; made at: %s",
		    wc_object_class_name(object->object_class), object->number, object->label,
		    problem, more, where);
}

#ifdef WITHOUT_CENSUS

int census_enter(struct census *census, enum wc_object_class class, struct roll_entry *entry,
		 size_t bytes, const char *label)
{
	(void)census;
	(void)class;
	(void)entry;
	(void)bytes;
	(void)label;
	return 0;
}

void census_leave(struct census *census, enum wc_object_class class, struct roll_entry *entry)
{
	(void)census;
	(void)class;
	(void)entry;
}

void census_describe(const struct census *census, enum wc_object_class class,
		     const struct roll_entry *entry, int64_t now,
		     struct wc_census_object *object)
{
	(void)census;
	(void)entry;
	(void)now;
	memset(object, 0, sizeof *object);
	object->object_class = class;
}

void census_dropped(struct census *census, enum wc_object_class class,
		    const struct roll_entry *entry)
{
	(void)census;
	(void)class;
	(void)entry;
}

void census_finalized(struct census *census, enum wc_object_class class,
		      const struct roll_entry *entry)
{
	(void)class;
	(void)entry;
	census->finalizer_closed++;
}

void census_warn_open(struct census *census, int64_t limit)
{
	(void)census;
	(void)limit;
}

void census_warn_unused(struct census *census, enum wc_object_class class,
			struct roll_entry *entry)
{
	(void)census;
	(void)class;
	(void)entry;
}

#else

int census_enter(struct census *census, enum wc_object_class class, struct roll_entry *entry,
		 size_t bytes, const char *label)
{
	struct roll *roll = &census->rolls[class];
	uint32_t site = census_site(census);
	int ret;

	pthread_mutex_lock(&roll->lock);
	ret = roll_add(roll, entry);
	if (ret == 0) {
		census_begin(census, roll, entry, site);
		roll_entry_describe(entry, bytes, 0, 0, 0);
		entry->label = label;
		roll_entry_set_state(entry, ROLL_READY | ROLL_GIVEN);
	}
	pthread_mutex_unlock(&roll->lock);
	return ret;
}

void census_leave(struct census *census, enum wc_object_class class, struct roll_entry *entry)
{
	struct roll *roll = &census->rolls[class];

	pthread_mutex_lock(&roll->lock);
	roll_entry_set_state(entry, 0);
	roll_remove(roll, entry);
	pthread_mutex_unlock(&roll->lock);
}

static void format_label(const struct roll_entry *entry, char *text, size_t size)
{
	char fourcc[5];

	if (entry->label) {
		snprintf(text, size, "%s", entry->label);
		return;
	}
	if (!entry->fourcc)
		return;
	for (unsigned i = 0; i < 4; i++) {
		char c = (char)(entry->fourcc >> 8 * i & 0xff);

		fourcc[i] = c < ' ' || c > '~' ? '.' : c;
	}
	fourcc[4] = '\0';
	snprintf(text, size, "%s %" PRIu32 "x%" PRIu32, fourcc, entry->width, entry->height);
}

void census_describe(const struct census *census, enum wc_object_class class,
		     const struct roll_entry *entry, int64_t now,
		     struct wc_census_object *object)
{
	unsigned state = roll_entry_state(entry);

	memset(object, 0, sizeof *object);
	object->object_class = class;
	object->handle = roll_handle(entry);
	object->number = entry->number - census->rolls[class].first;
	object->age = now > entry->born ? now - entry->born : 0;
	object->bytes = state & ROLL_CLOSED ? 0 : roll_entry_bytes(entry);
	object->closed = state & ROLL_CLOSED;
	object->internal = !(state & ROLL_GIVEN);
	object->site = entry->site ? entry->site - 1 : WC_CENSUS_NO_SITE;
	format_label(entry, object->label, sizeof object->label);
}

static void warn_limited(struct census *census, struct limiter *limiter,
			 enum wc_object_class class, const struct roll_entry *entry,
			 const char *problem)
{
	int64_t now = census_look(census);
	struct wc_census_object object;
	uint64_t silenced;

	if (!limiter_passes(limiter, now, &silenced))
		return;
	census_describe(census, class, entry, now, &object);
	census_warn(census, &object, problem, silenced);
}

void census_dropped(struct census *census, enum wc_object_class class,
		    const struct roll_entry *entry)
{
	census->dropped_unclosed++;
	warn_limited(census, &census->unclosed, class, entry, "was dropped without being closed");
}

void census_finalized(struct census *census, enum wc_object_class class,
		      const struct roll_entry *entry)
{
	census->finalizer_closed++;
	warn_limited(census, &census->finalized, class, entry,
		     "was closed by a garbage collector, not by the application");
}

/* The objects that one round tells of; the others are counted and told later. */
#define TELL 4

struct open_search {
	struct census *census;
	enum wc_object_class class;
	int64_t now, limit;
	unsigned n;
	struct wc_census_object found[TELL];
};

static void look_for_open(struct roll_entry *entry, void *arg)
{
	struct open_search *search = arg;

	if (entry->warned || search->n == TELL || search->now - entry->born < search->limit ||
	    (roll_entry_state(entry) & (ROLL_GIVEN | ROLL_CLOSED)) != ROLL_GIVEN)
		return;
	entry->warned = 1;
	search->census->open_too_long++;
	census_describe(search->census, search->class, entry, search->now,
			&search->found[search->n++]);
}

void census_warn_open(struct census *census, int64_t limit)
{
	static const enum wc_object_class closable[] = {
		WC_OBJECT_VIDEO_FRAME, WC_OBJECT_ENCODED_VIDEO_CHUNK,
	};
	int64_t now = census_look(census);

	for (unsigned i = 0; i < ARRAY_SIZE(closable); i++) {
		struct open_search search = {
			.census = census, .class = closable[i],
			.now = now, .limit = limit + limit / 4,
		};

		roll_walk(&census->rolls[closable[i]], look_for_open, &search);
		for (unsigned k = 0; k < search.n; k++)
			census_warn(census, &search.found[k], "is open too long", 0);
	}
}

void census_warn_unused(struct census *census, enum wc_object_class class,
			struct roll_entry *entry)
{
	struct wc_census_object object;

	if (entry->warned)
		return;
	entry->warned = 1;
	census->open_too_long++;
	census_describe(census, class, entry, census_look(census), &object);
	census_warn(census, &object, "is configured and was not used for too long", 0);
}

#endif
