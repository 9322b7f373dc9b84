/* SPDX-License-Identifier: MIT */
/* The census as the application sees it. */
#include <webcodecs/census.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/codec.h"
#include "api/context.h"
#include "frame/video_frame.h"
#include "util/census.h"
#include "util/clock.h"
#include "util/reserved.h"

#define MIN_LIMIT 1000          /* microseconds */
#define TELL_OBJECTS 16         /* lines of a leak check for each class */

/* The LeakSanitizer's runtime has it, where there is one. */
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

/* Open too long */

/* A codec may be open for long; it is what it holds that should be used, or be given back. */
static void warn_unused(struct wc_context *context, int64_t limit)
{
	struct accountant *accountant = &context->accountant;
	int64_t now = clock_now();

	for (size_t i = 0; i < accountant->n_candidates; i++) {
		struct reclaim_candidate *candidate = &accountant->candidates[i];
		struct codec *codec = codec_of_claim(claim_of(candidate));

		if (codec && codec->state == WC_CODEC_CONFIGURED &&
		    now - activity_last(&candidate->activity, now) >= limit)
			census_warn_unused(&context->core->census, codec->ops->object_class,
					   &codec->entry);
	}
}

static void on_watch(struct timer *timer)
{
	struct census_watch *watch = container_of(timer, struct census_watch, timer);
	struct wc_context *context = container_of(watch, struct wc_context, watch_open);

	census_warn_open(&context->core->census, watch->limit);
	warn_unused(context, watch->limit);
	/* The timer's descriptor is there, so that this does not fail. */
	loop_set_timer(&context->loop, &watch->timer, watch->limit / 4);
}

void census_watch_init(struct census_watch *watch)
{
	timer_init(&watch->timer, on_watch);
	watch->limit = 0;
}

void census_watch_finish(struct census_watch *watch)
{
	timer_cancel(&watch->timer);
}

static int set_limit(struct wc_context *context, int64_t limit)
{
	struct census_watch *watch = &context->watch_open;
	int ret;

	if (limit) {
		ret = loop_set_timer(&context->loop, &watch->timer, limit / 4);
		if (ret < 0)
			return ret;
	} else {
		timer_cancel(&watch->timer);
	}
	watch->limit = limit;
	return 0;
}

/* Options */

static bool is_valid(const struct wc_census_options *options)
{
	return !HAS_RESERVED(options) &&
	       (options->open_limit == 0 || options->open_limit >= MIN_LIMIT);
}

int wc_context_set_census(struct wc_context *context, const struct wc_census_options *options)
{
	static const struct wc_census_options defaults;
	struct census *census = &context->core->census;
	unsigned sampled = census->sample_every;
	int ret;

	if (!options)
		options = &defaults;
	if (!is_valid(options))
		return context_fail(context, WC_TYPE_ERROR, "a reserved field of the options is "
				    "not zero, or the limit is below 1000 microseconds");
	if (!HAS_CENSUS)
		return context_fail(context, WC_NOT_SUPPORTED_ERROR,
				    "this library was configured with --disable-census");
	ret = census_sample(census, options->sample_every);
	if (ret < 0)
		return context_fail_errno(context, -ret, "keep creation sites");
	ret = set_limit(context, options->open_limit);
	if (ret < 0) {
		census_sample(census, sampled);
		return context_fail_errno(context, -ret, "set a timer");
	}
	census->warn_unclosed = options->warn_unclosed;
	census_look(census);
	return WC_OK;
}

/* Marks and lists */

void wc_context_mark_census(struct wc_context *context, struct wc_census_mark *mark)
{
	struct census *census = &context->core->census;

	memset(mark, 0, sizeof *mark);
	for (unsigned i = 0; i < OBJECT_CLASSES; i++) {
		pthread_mutex_lock(&census->rolls[i].lock);
		mark->numbers[i] = census->rolls[i].number - census->rolls[i].first;
		pthread_mutex_unlock(&census->rolls[i].lock);
	}
	census_look(census);
}

struct wc_census {
	struct wc_census_object *objects;
	size_t n, room;
	struct wc_census_site *sites;
	uint32_t n_sites;
	bool failed;                       /* there was no memory for objects */
};

/* One class of a list that is being made. */
struct listing {
	struct wc_census *list;
	const struct census *census;
	enum wc_object_class class;
	uint64_t since;                    /* numbers above that */
	int64_t now;
};

static bool make_room(struct wc_census *list)
{
	size_t room = list->room ? 2 * list->room : 64;
	struct wc_census_object *objects;

	if (list->n < list->room)
		return true;
	objects = realloc(list->objects, room * sizeof *objects);
	if (!objects) {
		list->failed = true;
		return false;
	}
	list->objects = objects;
	list->room = room;
	return true;
}

static void list_object(struct roll_entry *entry, void *arg)
{
	struct listing *listing = arg;
	struct wc_census *list = listing->list;

	if (list->failed || !make_room(list))
		return;
	census_describe(listing->census, listing->class, entry, listing->now,
			&list->objects[list->n]);
	if (list->objects[list->n].number > listing->since)
		list->n++;
}

static int by_creation(const void *a, const void *b)
{
	const struct wc_census_object *one = a, *two = b;

	if (one->object_class != two->object_class)
		return one->object_class < two->object_class ? -1 : 1;
	return one->number < two->number ? -1 : one->number > two->number;
}

/* Sites of the census get indices of the list, in the order of their first object. */
static void number_sites(struct wc_census *list, uint32_t *index, struct sites *sites)
{
	for (size_t i = 0; i < list->n; i++) {
		struct wc_census_object *object = &list->objects[i];
		struct wc_census_site *site;

		if (object->site == WC_CENSUS_NO_SITE)
			continue;
		if (!index[object->site]) {
			struct site from;

			sites_get(sites, object->site + 1, &from);
			site = &list->sites[list->n_sites];
			index[object->site] = ++list->n_sites;
			site->made = from.made;
			site->caller_count = from.depth;
			memcpy(site->callers, from.callers, sizeof site->callers);
		}
		object->site = index[object->site] - 1;
		site = &list->sites[object->site];
		site->objects++;
		site->bytes += object->bytes;
		/* Keeps the index through the sort. */
		site->reserved[0] = object->site;
	}
}

static int by_objects(const void *a, const void *b)
{
	const struct wc_census_site *one = a, *two = b;

	if (one->objects != two->objects)
		return one->objects > two->objects ? -1 : 1;
	return one->bytes > two->bytes ? -1 : one->bytes < two->bytes;
}

/* The most objects first. index has room for every site. */
static void sort_sites(struct wc_census *list, uint32_t *index)
{
	qsort(list->sites, list->n_sites, sizeof *list->sites, by_objects);
	for (uint32_t i = 0; i < list->n_sites; i++) {
		index[list->sites[i].reserved[0]] = i;
		list->sites[i].reserved[0] = 0;
	}
	for (size_t i = 0; i < list->n; i++)
		if (list->objects[i].site != WC_CENSUS_NO_SITE)
			list->objects[i].site = index[list->objects[i].site];
}

static int find_sites(struct wc_census *list, struct sites *sites)
{
	uint32_t *index;

	if (!sites)
		return 0;
	index = calloc(SITES_MAX, sizeof *index);
	list->sites = calloc(SITES_MAX, sizeof *list->sites);
	if (index && list->sites) {
		number_sites(list, index, sites);
		sort_sites(list, index);
	}
	free(index);
	return index && list->sites ? 0 : -ENOMEM;
}

static int fill(struct wc_census *list, struct census *census, const struct wc_census_mark *since)
{
	struct listing listing = { .list = list, .census = census, .now = census_look(census) };

	for (unsigned i = 0; i < OBJECT_CLASSES; i++) {
		listing.class = (enum wc_object_class)i;
		listing.since = since ? since->numbers[i] : 0;
		roll_walk(&census->rolls[i], list_object, &listing);
	}
	if (list->failed)
		return -ENOMEM;
	if (list->n)
		qsort(list->objects, list->n, sizeof *list->objects, by_creation);
	return find_sites(list, census->sites);
}

static int fail(struct wc_context *context, enum wc_status status, const char *why)
{
	if (loop_is_owner(&context->loop))
		return context_fail(context, status, "%s", why);
	return status;
}

int wc_census_new(struct wc_context *context, const struct wc_census_mark *since,
		  struct wc_census **out)
{
	struct wc_census *list;

	if (!out)
		return fail(context, WC_TYPE_ERROR, "no place for the census");
	*out = NULL;
	if (!HAS_CENSUS)
		return fail(context, WC_NOT_SUPPORTED_ERROR,
			    "this library was configured with --disable-census");
	list = calloc(1, sizeof *list);
	if (!list || fill(list, &context->core->census, since) < 0) {
		wc_census_destroy(list);
		return fail(context, WC_OPERATION_ERROR, "no memory for a census");
	}
	*out = list;
	return WC_OK;
}

void wc_census_destroy(struct wc_census *census)
{
	if (!census)
		return;
	free(census->objects);
	free(census->sites);
	free(census);
}

size_t wc_census_get_count(const struct wc_census *census)
{
	return census->n;
}

const struct wc_census_object *wc_census_get_object(const struct wc_census *census, size_t index)
{
	return index < census->n ? &census->objects[index] : NULL;
}

size_t wc_census_get_site_count(const struct wc_census *census)
{
	return census->n_sites;
}

const struct wc_census_site *wc_census_get_site(const struct wc_census *census, size_t index)
{
	return index < census->n_sites ? &census->sites[index] : NULL;
}

void wc_census_site_format(const struct wc_census_site *site, char *buffer, size_t size)
{
	if (size)
		site_format(site->callers, site->caller_count, buffer, size);
}

/* Leaks */

/* Needs no memory. */
struct leaks {
	const struct census *census;
	enum wc_object_class class;
	uint64_t since;
	int64_t now;
	size_t n;
	struct wc_census_object first[TELL_OBJECTS];
};

static void look_for_leak(struct roll_entry *entry, void *arg)
{
	struct leaks *leaks = arg;
	struct wc_census_object object;

	if (!(roll_entry_state(entry) & ROLL_GIVEN))
		return;
	census_describe(leaks->census, leaks->class, entry, leaks->now, &object);
	if (object.number <= leaks->since)
		return;
	if (leaks->n < TELL_OBJECTS)
		leaks->first[leaks->n] = object;
	leaks->n++;
}

static size_t check_class(struct census *census, enum wc_object_class class, uint64_t since)
{
	struct leaks leaks = {
		.census = census, .class = class, .since = since, .now = census_look(census),
	};

	roll_walk(&census->rolls[class], look_for_leak, &leaks);
	for (size_t i = 0; i < leaks.n && i < TELL_OBJECTS; i++)
		census_warn(census, &leaks.first[i], leaks.first[i].closed ?
			    "is closed and still referred to" : "was not released", 0);
	if (leaks.n > TELL_OBJECTS)
		log_warning(census->log, "and %zu more %s objects", leaks.n - TELL_OBJECTS,
			    wc_object_class_name(class));
	return leaks.n;
}

size_t wc_leak_check(struct wc_context *context, const struct wc_census_mark *since)
{
	struct census *census = &context->core->census;
	size_t n = 0;

	for (unsigned i = 0; i < OBJECT_CLASSES; i++)
		n += check_class(census, (enum wc_object_class)i, since ? since->numbers[i] : 0);
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() && !n)
		n = 1;
	return n;
}

/* Hooks and handles */

struct wc_video_frame *wc_context_find_video_frame(struct wc_context *context, uint64_t handle)
{
	return video_frame_find(context->core, handle);
}

void wc_context_set_external_memory_hook(struct wc_context *context, wc_external_memory_hook hook,
					 void *user_data)
{
	external_memory_set_hook(&context->core->external_memory, hook, user_data);
}
