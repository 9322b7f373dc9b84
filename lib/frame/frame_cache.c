/* SPDX-License-Identifier: MIT */
#include "frame/frame_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "frame/video_frame.h"
#include "util/list.h"
#include "util/reserved.h"

#define DEFAULT_FRAMES 32
#define DEFAULT_BYTES ((size_t)128 << 20)

/* Frames that are let go at a time. */
#define BATCH 16

struct entry {
	struct list link;              /* cache->used, or cache->unused */
	struct entry *next;            /* in its bucket */
	int64_t key;
	size_t bytes;
	struct wc_video_frame *frame;  /* a reference; nobody else has one, so it is never closed,
					  and it is not the application's */
};

struct wc_frame_cache {
	struct core *core;             /* a reference, or NULL */
	struct shrinker shrinker;      /* in the core's list */
	struct wc_frame_cache_options limits;
	pthread_mutex_t lock;          /* guards the rest */
	struct list used;              /* not used for longest first */
	struct list unused;
	struct wc_frame_cache_stats stats;
	unsigned shift;                /* 64 less the bits of a number of a bucket */
	struct entry **buckets;
	struct entry *entries;
};

/* Frames that left the cache: they are released without the lock, for that may call anybody. */
struct leaving {
	unsigned n;
	struct wc_video_frame *frames[BATCH];
};

static size_t frame_bytes(const struct wc_video_frame *frame)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < frame->buffer->n_objects; i++)
		bytes += frame->buffer->objects[i].size;
	return bytes;
}

/* Without the lock. Returns the bytes of the buffer if nobody else uses it. */
static size_t release_frame(void *object)
{
	struct wc_video_frame *frame = object;
	size_t freed = 0;

	if (atomic_load_explicit(&frame->buffer->pins, memory_order_relaxed) == 1)
		freed = frame_bytes(frame);
	wc_video_frame_unref(frame);
	return freed;
}

static size_t release(struct leaving *leaving)
{
	size_t freed = 0;

	for (unsigned i = 0; i < leaving->n; i++)
		freed += release_frame(leaving->frames[i]);
	leaving->n = 0;
	return freed;
}

/* ---- the table; all with the lock held ---- */

/* Multiples of a frame's duration are spread, too: the multiplication mixes into the high bits. */
static struct entry **bucket(const struct wc_frame_cache *cache, int64_t key)
{
	uint64_t hash = (uint64_t)key;

	hash ^= hash >> 32;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 29;
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return &cache->buckets[hash >> cache->shift];
}

static struct entry *find(const struct wc_frame_cache *cache, int64_t key)
{
	struct entry *entry = *bucket(cache, key);

	while (entry && entry->key != key)
		entry = entry->next;
	return entry;
}

static void take_out(struct wc_frame_cache *cache, struct entry *entry, struct leaving *leaving)
{
	struct entry **pos = bucket(cache, entry->key);

	while (*pos != entry)
		pos = &(*pos)->next;
	*pos = entry->next;
	list_remove(&entry->link);
	list_append(&cache->unused, &entry->link);
	cache->stats.frames--;
	cache->stats.bytes -= entry->bytes;
	leaving->frames[leaving->n++] = entry->frame;
}

/* There is room for it. */
static void enter(struct wc_frame_cache *cache, int64_t key, struct wc_video_frame *frame,
		  size_t bytes)
{
	struct entry *entry = container_of(list_pop(&cache->unused), struct entry, link);
	struct wc_frame_cache_stats *stats = &cache->stats;
	struct entry **first = bucket(cache, key);

	*entry = (struct entry) { .next = *first, .key = key, .bytes = bytes, .frame = frame };
	*first = entry;
	list_append(&cache->used, &entry->link);
	stats->frames++;
	stats->bytes += bytes;
	if (stats->frames > stats->peak_frames)
		stats->peak_frames = stats->frames;
	if (stats->bytes > stats->peak_bytes)
		stats->peak_bytes = stats->bytes;
}

static bool is_within(const struct wc_frame_cache *cache, uint32_t frames, size_t bytes)
{
	return cache->stats.frames <= frames && cache->stats.bytes <= bytes;
}

/* Evict until these are left, or no more can be remembered in *leaving: then false. */
static bool reduce(struct wc_frame_cache *cache, uint32_t frames, size_t bytes,
		   struct leaving *leaving)
{
	while (!is_within(cache, frames, bytes)) {
		if (leaving->n == BATCH)
			return false;
		take_out(cache, container_of(cache->used.next, struct entry, link), leaving);
		cache->stats.evicted++;
	}
	return true;
}

/* Room for a frame of so many bytes, and nothing under its key; false as for reduce(). */
static bool make_room(struct wc_frame_cache *cache, int64_t key, size_t bytes,
		      struct leaving *leaving)
{
	struct entry *entry = find(cache, key);

	if (entry) {
		take_out(cache, entry, leaving);
		cache->stats.replaced++;
	}
	if (bytes > cache->limits.max_bytes)
		return true;
	return reduce(cache, cache->limits.max_frames - 1, cache->limits.max_bytes - bytes,
		      leaving);
}

/* ---- the functions ---- */

int wc_frame_cache_put(struct wc_frame_cache *cache, int64_t key, struct wc_video_frame *frame)
{
	struct leaving leaving = { 0 };
	struct wc_video_frame *own;
	size_t bytes;

	if (!frame->buffer)
		return WC_INVALID_STATE_ERROR;
	own = video_frame_clone(frame);
	if (!own)
		return video_frame_clone_failed(frame);
	bytes = frame_bytes(own);
	pthread_mutex_lock(&cache->lock);
	while (!make_room(cache, key, bytes, &leaving)) {
		pthread_mutex_unlock(&cache->lock);
		release(&leaving);
		pthread_mutex_lock(&cache->lock);
	}
	if (bytes > cache->limits.max_bytes) {
		cache->stats.refused++;
	} else {
		enter(cache, key, own, bytes);
		cache->stats.puts++;
		own = NULL;
	}
	pthread_mutex_unlock(&cache->lock);
	release(&leaving);
	wc_video_frame_unref(own);
	return WC_OK;
}

struct wc_video_frame *wc_frame_cache_get(struct wc_frame_cache *cache, int64_t key)
{
	struct wc_video_frame *frame = NULL;
	struct entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = find(cache, key);
	if (entry) {
		cache->stats.hits++;
		list_remove(&entry->link);
		list_append(&cache->used, &entry->link);
		frame = video_frame_clone(entry->frame);
	} else {
		cache->stats.misses++;
	}
	pthread_mutex_unlock(&cache->lock);
	/* Without the lock, for it may call the application's hook. */
	if (frame)
		video_frame_give(frame);
	return frame;
}

bool wc_frame_cache_remove(struct wc_frame_cache *cache, int64_t key)
{
	struct leaving leaving = { 0 };
	struct entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = find(cache, key);
	if (entry)
		take_out(cache, entry, &leaving);
	pthread_mutex_unlock(&cache->lock);
	release(&leaving);
	return entry;
}

void wc_frame_cache_clear(struct wc_frame_cache *cache)
{
	bool more;

	do {
		struct leaving leaving = { 0 };

		pthread_mutex_lock(&cache->lock);
		while (cache->stats.frames && leaving.n < BATCH)
			take_out(cache, container_of(cache->used.next, struct entry, link),
				 &leaving);
		more = cache->stats.frames;
		pthread_mutex_unlock(&cache->lock);
		release(&leaving);
	} while (more);
}

size_t wc_frame_cache_trim(struct wc_frame_cache *cache, uint32_t frames, size_t bytes)
{
	struct leaving leaving = { 0 };
	size_t freed = 0;
	bool done;

	do {
		pthread_mutex_lock(&cache->lock);
		done = reduce(cache, frames, bytes, &leaving);
		pthread_mutex_unlock(&cache->lock);
		freed += release(&leaving);
	} while (!done);
	return freed;
}

void wc_frame_cache_get_stats(struct wc_frame_cache *cache, struct wc_frame_cache_stats *stats)
{
	pthread_mutex_lock(&cache->lock);
	*stats = cache->stats;
	pthread_mutex_unlock(&cache->lock);
}

/* ---- making and ending ---- */

/* One frame, whatever it frees: its end may call the application. */
static size_t shrink(struct shrinker *shrinker, size_t bytes, struct shrinker_left *left)
{
	struct wc_frame_cache *cache = container_of(shrinker, struct wc_frame_cache, shrinker);
	struct leaving leaving = { 0 };

	(void)bytes;
	pthread_mutex_lock(&cache->lock);
	if (cache->stats.frames)
		reduce(cache, cache->stats.frames - 1, SIZE_MAX, &leaving);
	pthread_mutex_unlock(&cache->lock);
	if (leaving.n)
		*left = (struct shrinker_left) { leaving.frames[0], release_frame };
	return 0;
}

static const struct shrinker_ops shrinker_ops = { .shrink = shrink };

/* WC_OK, with defaults filled in. */
static int read_limits(struct wc_frame_cache_options *limits)
{
	if (HAS_RESERVED(limits) || limits->max_frames > WC_FRAME_CACHE_MAX_FRAMES)
		return WC_TYPE_ERROR;
	if (!limits->max_frames)
		limits->max_frames = DEFAULT_FRAMES;
	if (!limits->max_bytes)
		limits->max_bytes = DEFAULT_BYTES;
	return WC_OK;
}

/* Everything that needs memory; false leaves nothing behind. */
static bool make_table(struct wc_frame_cache *cache)
{
	uint32_t n = cache->limits.max_frames;
	unsigned bits = 1;

	while (UINT32_C(1) << bits < n)
		bits++;
	cache->shift = 64 - bits;
	cache->buckets = calloc((size_t)1 << bits, sizeof(struct entry *));
	cache->entries = calloc(n, sizeof *cache->entries);
	if (!cache->buckets || !cache->entries) {
		free(cache->buckets);
		free(cache->entries);
		return false;
	}
	list_init(&cache->used);
	list_init(&cache->unused);
	for (uint32_t i = 0; i < n; i++)
		list_append(&cache->unused, &cache->entries[i].link);
	return true;
}

int frame_cache_new(struct core *core, const struct wc_frame_cache_options *options,
		    struct wc_frame_cache **out)
{
	struct wc_frame_cache_options limits = { 0 };
	struct wc_frame_cache *cache;
	int ret;

	*out = NULL;
	if (options)
		limits = *options;
	ret = read_limits(&limits);
	if (ret < 0)
		return ret;
	cache = calloc(1, sizeof *cache);
	if (!cache)
		return WC_OPERATION_ERROR;
	cache->limits = limits;
	if (!make_table(cache)) {
		free(cache);
		return WC_OPERATION_ERROR;
	}
	pthread_mutex_init(&cache->lock, NULL);
	if (core) {
		cache->core = core_ref(core);
		shrinker_enter(&core->shrinkers, &cache->shrinker, &shrinker_ops);
	}
	*out = cache;
	return WC_OK;
}

void wc_frame_cache_destroy(struct wc_frame_cache *cache)
{
	if (!cache)
		return;
	if (cache->core)
		shrinker_leave(&cache->core->shrinkers, &cache->shrinker);
	wc_frame_cache_clear(cache);
	if (cache->core)
		core_unref(cache->core);
	pthread_mutex_destroy(&cache->lock);
	free(cache->buckets);
	free(cache->entries);
	free(cache);
}
