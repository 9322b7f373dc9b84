/* SPDX-License-Identifier: MIT */
#include "frame/pool.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * What a pool without a key keeps idle. Chunks are small and short-lived: this is more than a
 * decoder lets pile up in its input queue.
 */
#define KEEP_BUFFERS 16
#define KEEP_BYTES ((size_t)8 << 20)

/* Sizes without a key go up in such steps, so that chunks of one codec fit in each other's. */
#define SIZE_STEP ((size_t)4096)

/* No tick has seen it idle yet. */
#define NOT_SEEN INT64_MIN

struct pool {
	atomic_uint refs;              /* the owner, each buffer that exists, each get that waits */
	struct core *core;             /* a reference */
	struct pool_options options;   /* with defaults filled in; the key under the lock */
	bool owns_allocator;
	struct shrinker shrinker;      /* in the core's list */

	pthread_mutex_t lock;          /* guards the rest */
	pthread_cond_t changed;        /* for waiters: something came back, or all is over */
	unsigned waiters;
	struct list notices;
	bool closed, flushing, held;
	unsigned alive;                /* of this generation, with memory or about to get it */
	size_t padding;                /* most bytes by which the allocator exceeded a size */
	struct pool_stats stats;       /* bytes: with those that are being allocated */
	struct pooled **idle;          /* stats.idle of them; room for those of the high mark */
};

/* The pool holds the first reference of each buffer, be it idle or in use. */
struct pooled {
	struct buffer base;
	struct pool *pool;             /* a reference */
	struct pooled *next;           /* of those let go */
	void *opaque;                  /* the allocator's */
	size_t size;                   /* bytes asked for */
	size_t bytes;                  /* and got */
	unsigned generation;
	int64_t idle_since;            /* microseconds, of a tick; or NOT_SEEN */
};

struct pool *pool_ref(struct pool *pool)
{
	atomic_fetch_add_explicit(&pool->refs, 1, memory_order_relaxed);
	return pool;
}

void pool_unref(struct pool *pool)
{
	const struct pool_allocator_ops *ops = pool->options.allocator->ops;

	if (atomic_fetch_sub_explicit(&pool->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (pool->owns_allocator && ops->release)
		ops->release(pool->options.allocator);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	core_unref(pool->core);
	free(pool->idle);
	free(pool);
}

/* With the lock held: it is worth to try again. */
static void tell(struct pool *pool)
{
	struct list *item;

	if (pool->waiters)
		pthread_cond_broadcast(&pool->changed);
	while ((item = list_pop(&pool->notices))) {
		struct pool_notice *notice = container_of(item, struct pool_notice, link);

		notice->ready(notice);
	}
}

/* With the lock held: what a buffer of that generation took is free again. */
static void give_room(struct pool *pool, unsigned generation, size_t bytes)
{
	if (generation == pool->stats.generation)
		pool->alive--;
	pool->stats.bytes -= bytes;
	tell(pool);
}

/* With the lock held. */
static bool is_current(const struct pool *pool, const struct pooled *pooled)
{
	return !pool->closed && pooled->generation == pool->stats.generation;
}

/* ---- the stack of idle buffers ---- */

/* With the lock held: move the longest idle ones to *old until at most these are left. */
static size_t shed(struct pool *pool, unsigned buffers, size_t bytes, struct pooled **old)
{
	struct pool_stats *stats = &pool->stats;
	size_t gone = 0;
	unsigned n = 0;

	while (n < stats->idle &&
	       (stats->idle - n > buffers || stats->idle_bytes - gone > bytes)) {
		struct pooled *pooled = pool->idle[n++];

		gone += pooled->bytes;
		pooled->next = *old;
		*old = pooled;
	}
	if (n) {
		stats->idle -= n;
		stats->idle_bytes -= gone;
		memmove(pool->idle, pool->idle + n, stats->idle * sizeof *pool->idle);
	}
	return gone;
}

/* The same, and counted as trimmed. */
static size_t trim(struct pool *pool, unsigned buffers, size_t bytes, struct pooled **old)
{
	unsigned before = pool->stats.idle;
	size_t gone = shed(pool, buffers, bytes, old);

	pool->stats.trimmed += before - pool->stats.idle;
	return gone;
}

/* Without the lock: what is let go needs it to say so. */
static void let_go(struct pooled *old)
{
	while (old) {
		struct pooled *next = old->next;

		buffer_unref(&old->base);
		old = next;
	}
}

/* With the lock held, which is given up meanwhile. */
static void let_go_locked(struct pool *pool, struct pooled *old)
{
	pthread_mutex_unlock(&pool->lock);
	let_go(old);
	pthread_mutex_lock(&pool->lock);
}

/* With the lock held: keep a buffer of this generation; *old gets what has to go for that. */
static void keep(struct pool *pool, struct pooled *pooled, struct pooled **old)
{
	const struct pool_limit *high = &pool->options.high, *low = &pool->options.low;
	struct pool_stats *stats = &pool->stats;

	if (pooled->bytes > high->bytes) {
		pooled->next = *old;
		*old = pooled;
		stats->trimmed++;
		return;
	}
	if (stats->idle >= high->buffers || stats->idle_bytes > high->bytes - pooled->bytes)
		trim(pool, low->buffers - 1,
		     low->bytes > pooled->bytes ? low->bytes - pooled->bytes : 0, old);
	pooled->idle_since = NOT_SEEN;
	pool->idle[stats->idle++] = pooled;
	stats->idle_bytes += pooled->bytes;
	waker_ask(&pool->core->waker);
	tell(pool);
}

/* With the lock held: the last one that came back of those that fit, or NULL. */
static struct pooled *take_idle(struct pool *pool, size_t size)
{
	struct pool_stats *stats = &pool->stats;

	for (unsigned i = stats->idle; i-- > 0;) {
		struct pooled *pooled = pool->idle[i];

		if (pooled->size < size)
			continue;
		stats->idle--;
		stats->idle_bytes -= pooled->bytes;
		stats->reused++;
		for (; i < stats->idle; i++)
			pool->idle[i] = pool->idle[i + 1];
		return pooled;
	}
	return NULL;
}

/* ---- buffers ---- */

/* The last pin ended, in whatever thread. */
static void pooled_idle(struct buffer *buffer)
{
	struct pooled *pooled = container_of(buffer, struct pooled, base);
	struct pool *pool = pooled->pool;
	struct pooled *old = NULL;

	pthread_mutex_lock(&pool->lock);
	pool->stats.in_use--;
	if (is_current(pool, pooled)) {
		keep(pool, pooled, &old);
	} else {
		pool->stats.stale++;
		pooled->next = NULL;
		old = pooled;
	}
	pthread_mutex_unlock(&pool->lock);
	let_go(old);
}

static void pooled_destroy(struct buffer *buffer)
{
	struct pooled *pooled = container_of(buffer, struct pooled, base);
	struct pool *pool = pooled->pool;

	pool->options.allocator->ops->free(pool->options.allocator, buffer, pooled->opaque);
	buffer_finish(buffer);
	pthread_mutex_lock(&pool->lock);
	give_room(pool, pooled->generation, pooled->bytes);
	pthread_mutex_unlock(&pool->lock);
	free(pooled);
	pool_unref(pool);
}

static const struct buffer_ops pooled_ops = { .idle = pooled_idle, .destroy = pooled_destroy };

void *pool_opaque(struct buffer *buffer)
{
	return container_of(buffer, struct pooled, base)->opaque;
}

/* A buffer that was set up, but got no memory. */
static void abandon(struct pooled *pooled)
{
	pooled->base.n_objects = 0;
	buffer_finish(&pooled->base);
	free(pooled);
}

/* Without the lock. */
static int create(struct pool *pool, const struct pool_key *key, struct pooled **out)
{
	struct pool_allocator *allocator = pool->options.allocator;
	struct pooled *pooled = calloc(1, sizeof *pooled);
	int ret;

	if (!pooled)
		return -ENOMEM;
	buffer_init(&pooled->base, pool->core, &pooled_ops);
	ret = allocator->ops->alloc(allocator, key, &pooled->base, &pooled->opaque);
	if (ret < 0) {
		abandon(pooled);
		return ret == -EAGAIN ? -ENOMEM : ret;
	}
	buffer_account(&pooled->base);
	atomic_fetch_add_explicit(&pool->refs, 1, memory_order_relaxed);
	pooled->pool = pool;
	pooled->size = key->size;
	for (unsigned i = 0; i < pooled->base.n_objects; i++)
		pooled->bytes += pooled->base.objects[i].size;
	*out = pooled;
	return 0;
}

/* ---- growing ---- */

/* With the lock held: whether one more of size bytes is allowed. */
static bool has_room(const struct pool *pool, size_t size)
{
	const struct pool_options *options = &pool->options;
	size_t bytes = size + pool->padding;

	if (pool->held && pool->alive >= (options->min ? options->min : 1))
		return false;
	return pool->alive < options->max.buffers && bytes >= size &&
	       bytes <= options->max.bytes && pool->stats.bytes <= options->max.bytes - bytes;
}

/* With the lock held: enter what was made, of which reserved bytes were entered before. */
static void enter(struct pool *pool, struct pooled *pooled, unsigned generation, size_t reserved)
{
	struct pool_stats *stats = &pool->stats;

	pooled->generation = generation;
	stats->allocated++;
	stats->bytes = stats->bytes - reserved + pooled->bytes;
	if (stats->bytes > stats->peak_bytes)
		stats->peak_bytes = stats->bytes;
	if (is_current(pool, pooled) && pooled->bytes > pooled->size + pool->padding)
		pool->padding = pooled->bytes - pooled->size;
}

/*
 * With the lock held, which is given up meanwhile: make a buffer for which there is room. 0 and
 * NULL when its generation ended meanwhile; -EAGAIN when it turned out too large for the limit, or
 * the budget of the core has no room while buffers are in use.
 */
static int add(struct pool *pool, size_t size, struct pooled **out)
{
	struct pool_key key = pool->options.key;
	unsigned generation = pool->stats.generation;
	size_t reserved = size + pool->padding;
	struct pooled *pooled = NULL;
	int ret;

	key.size = size;
	pool->alive++;
	pool->stats.bytes += reserved;
	pthread_mutex_unlock(&pool->lock);
	ret = create(pool, &key, &pooled);
	pthread_mutex_lock(&pool->lock);
	if (ret < 0) {
		pool->stats.failed += ret != -EDQUOT;
		give_room(pool, generation, reserved);
		return ret == -EDQUOT && pool->stats.in_use ? -EAGAIN : ret;
	}
	enter(pool, pooled, generation, reserved);
	if (is_current(pool, pooled) && pool->stats.bytes <= pool->options.max.bytes) {
		*out = pooled;
		return 0;
	}
	ret = !is_current(pool, pooled) ? 0 :
	      pooled->bytes > pool->options.max.bytes ? -EINVAL : -EAGAIN;
	pool->stats.stale += ret == 0;
	let_go_locked(pool, pooled);
	return ret;
}

/* With the lock held, which is given up meanwhile: as many as options say, one idle each. */
static int add_idle(struct pool *pool, size_t size, unsigned n)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < n; i++) {
		struct pooled *pooled = NULL, *old = NULL;

		ret = has_room(pool, size) ? add(pool, size, &pooled) : -EAGAIN;
		if (!pooled)
			continue;
		keep(pool, pooled, &old);
		if (old)
			let_go_locked(pool, old);
	}
	return ret;
}

/* With the lock held: bytes to ask the allocator for; 0: more than there can be. */
static size_t allocation_size(const struct pool *pool, size_t size)
{
	size_t rounded;

	if (pool->options.key.size)
		return pool->options.key.size;
	rounded = (size / SIZE_STEP + 1) * SIZE_STEP;
	return rounded > size ? rounded : 0;
}

/* With the lock held. Nothing that is idle fits: grow, or let go what is in the way. */
static int make(struct pool *pool, size_t size, struct pooled **out)
{
	struct pooled *old = NULL;
	int ret = -EAGAIN;

	size = allocation_size(pool, size);
	if (has_room(pool, size))
		ret = add(pool, size, out);
	if (*out)
		add_idle(pool, size, pool->options.step - 1);
	if (ret != -EAGAIN || !pool->stats.idle)
		return ret;
	trim(pool, pool->stats.idle - 1, SIZE_MAX, &old);
	let_go_locked(pool, old);
	return 0;
}

/* ---- getting ---- */

/* With the lock held: whether such a get makes sense now. */
static int check(const struct pool *pool, size_t size)
{
	size_t bytes = allocation_size(pool, size);

	if (pool->options.key.size && size > pool->options.key.size)
		return -EINVAL;
	if (!bytes)
		return -ENOMEM;
	if (bytes > pool->options.max.bytes)
		return -EINVAL;
	return pool->closed || pool->flushing ? -ECANCELED : 0;
}

/* With the lock held: 0, and NULL when it is worth to look again. */
static int look(struct pool *pool, size_t size, struct pooled **out)
{
	int ret = check(pool, size);

	if (ret < 0)
		return ret;
	*out = take_idle(pool, size);
	return *out ? 0 : make(pool, size, out);
}

/* With the lock held: true when the deadline has come. */
static bool sleep_until(struct pool *pool, int64_t deadline)
{
	struct timespec ts = { .tv_sec = (time_t)(deadline / 1000000),
			       .tv_nsec = (long)(deadline % 1000000) * 1000 };
	int ret;

	pool->waiters++;
	/* What does not fit in 32 bits is later than any clock says. */
	if (deadline / 1000000 > INT32_MAX)
		ret = pthread_cond_wait(&pool->changed, &pool->lock);
	else
		ret = pthread_cond_timedwait(&pool->changed, &pool->lock, &ts);
	pool->waiters--;
	return ret == ETIMEDOUT;
}

/* With the lock held. deadline NULL: do not wait. */
static int seek(struct pool *pool, size_t size, const int64_t *deadline, struct pooled **out)
{
	bool counted = false, late = false;
	int ret;

	for (;;) {
		ret = look(pool, size, out);
		if (ret == -EAGAIN && !counted) {
			pool->stats.exhausted++;
			counted = true;
		}
		if (ret == -EAGAIN && deadline && !late)
			late = sleep_until(pool, *deadline);
		else if (ret != 0 || *out)
			return ret == -EAGAIN && late ? -ETIMEDOUT : ret;
	}
}

/* With the lock held. */
static struct buffer *hand_out(struct pool *pool, struct pooled *pooled)
{
	struct pool_stats *stats = &pool->stats;

	stats->in_use++;
	if (stats->in_use > stats->peak)
		stats->peak = stats->in_use;
	pooled->base.read_only = false;
	return buffer_pin(&pooled->base);
}

static int get(struct pool *pool, size_t size, const int64_t *deadline,
	       struct pool_notice *notice, struct buffer **buffer)
{
	struct pooled *pooled = NULL;
	int ret;

	*buffer = NULL;
	pthread_mutex_lock(&pool->lock);
	ret = check(pool, size);
	if (ret == 0)
		pooled = take_idle(pool, size);
	if (ret == 0 && !pooled) {
		pool->stats.misses++;
		ret = seek(pool, size, deadline, &pooled);
	}
	if (pooled)
		*buffer = hand_out(pool, pooled);
	else if (ret == -EAGAIN && notice && list_empty(&notice->link))
		list_append(&pool->notices, &notice->link);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

int pool_try(struct pool *pool, size_t size, struct buffer **buffer)
{
	return get(pool, size, NULL, NULL, buffer);
}

int pool_wait(struct pool *pool, size_t size, int64_t deadline, struct buffer **buffer)
{
	int ret;

	if (deadline < 0)
		deadline = 0;
	/* The owner may close the pool meanwhile. */
	pool_ref(pool);
	ret = get(pool, size, &deadline, NULL, buffer);
	pool_unref(pool);
	return ret;
}

void pool_notice_init(struct pool_notice *notice, void (*ready)(struct pool_notice *notice))
{
	list_init(&notice->link);
	notice->ready = ready;
}

int pool_ask(struct pool *pool, size_t size, struct pool_notice *notice, struct buffer **buffer)
{
	return get(pool, size, NULL, notice, buffer);
}

void pool_forget(struct pool *pool, struct pool_notice *notice)
{
	pthread_mutex_lock(&pool->lock);
	list_remove(&notice->link);
	pthread_mutex_unlock(&pool->lock);
}

struct buffer *pool_get(struct pool *pool, size_t size)
{
	struct buffer *buffer;
	int ret = pool_try(pool, size, &buffer);

	if (ret < 0)
		errno = ret == -EAGAIN ? EDQUOT : -ret;
	return buffer;
}

/* ---- making and ending ---- */

static void fill_defaults(struct pool_options *options)
{
	if (!options->allocator)
		options->allocator = pool_plain_allocator();
	if (!options->step)
		options->step = 1;
	if (!options->max.buffers)
		options->max.buffers = UINT_MAX;
	if (!options->max.bytes)
		options->max.bytes = SIZE_MAX;
	if (!options->high.buffers)
		options->high.buffers = options->min > KEEP_BUFFERS ? options->min : KEEP_BUFFERS;
	if (!options->high.bytes)
		options->high.bytes = options->key.size ? SIZE_MAX : KEEP_BYTES;
	if (!options->low.buffers)
		options->low.buffers = options->high.buffers;
	if (!options->low.bytes)
		options->low.bytes = options->high.bytes;
	if (!options->idle_time)
		options->idle_time = POOL_IDLE_TIME;
}

static bool are_valid(const struct pool_options *options)
{
	if (options->min && (!options->key.size ||
			     options->low.bytes / options->key.size < options->min))
		return false;
	return options->high.buffers <= POOL_MAX_IDLE && options->step <= options->high.buffers &&
	       options->low.buffers <= options->high.buffers &&
	       options->low.bytes <= options->high.bytes &&
	       options->min <= options->low.buffers && options->min <= options->max.buffers &&
	       options->key.size <= options->max.bytes && options->idle_time > 0;
}

/* The deadline of waiters is of the monotonic clock. */
static void init_locks(struct pool *pool)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

static struct pool *new_empty(struct core *core, const struct pool_options *options)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	pool->idle = calloc(options->high.buffers, sizeof *pool->idle);
	if (!pool->idle) {
		free(pool);
		return NULL;
	}
	atomic_init(&pool->refs, 1);
	pool->core = core_ref(core);
	pool->options = *options;
	init_locks(pool);
	list_init(&pool->notices);
	list_init(&pool->shrinker.link);
	return pool;
}

/* Make what is to be there from the start. */
static int prepare(struct pool *pool)
{
	int ret = 0;

	pthread_mutex_lock(&pool->lock);
	if (pool->alive < pool->options.min)
		ret = add_idle(pool, pool->options.key.size, pool->options.min - pool->alive);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

static struct pool *of_shrinker(struct shrinker *shrinker)
{
	return container_of(shrinker, struct pool, shrinker);
}

/* Nothing is left: the end of memory of allocators calls nobody. */
static size_t shrink(struct shrinker *shrinker, size_t bytes, struct shrinker_left *left)
{
	struct pool *pool = of_shrinker(shrinker);
	struct pooled *old = NULL;
	size_t idle, gone;

	(void)left;
	pthread_mutex_lock(&pool->lock);
	idle = pool->stats.idle_bytes;
	gone = trim(pool, UINT_MAX, idle > bytes ? idle - bytes : 0, &old);
	pthread_mutex_unlock(&pool->lock);
	let_go(old);
	return gone;
}

/* Who gets from a pool without limits does not count on being refused. */
static void shrinker_hold_growth(struct shrinker *shrinker, bool hold)
{
	struct pool *pool = of_shrinker(shrinker);

	if (pool->options.max.buffers != UINT_MAX || pool->options.max.bytes != SIZE_MAX)
		pool_hold_growth(pool, hold);
}

static bool shrinker_tick(struct shrinker *shrinker, int64_t now)
{
	return pool_tick(of_shrinker(shrinker), now);
}

static size_t shrinker_idle(struct shrinker *shrinker)
{
	struct pool_stats stats;

	pool_get_stats(of_shrinker(shrinker), &stats);
	return stats.idle_bytes;
}

static const struct shrinker_ops shrinker_ops = {
	.shrink = shrink,
	.hold_growth = shrinker_hold_growth,
	.tick = shrinker_tick,
	.idle = shrinker_idle,
};

int pool_new_with(struct core *core, const struct pool_options *given, struct pool **out)
{
	struct pool_options options = *given;
	struct pool *pool;
	int ret;

	*out = NULL;
	fill_defaults(&options);
	if (!are_valid(&options))
		return -EINVAL;
	pool = new_empty(core, &options);
	if (!pool)
		return -ENOMEM;
	ret = prepare(pool);
	if (ret < 0) {
		pool_close(pool);
		return ret;
	}
	pool->owns_allocator = true;
	shrinker_enter(&core->shrinkers, &pool->shrinker, &shrinker_ops);
	*out = pool;
	return 0;
}

struct pool *pool_new(struct core *core)
{
	static const struct pool_options defaults;
	struct pool *pool;

	pool_new_with(core, &defaults, &pool);
	return pool;
}

void pool_close(struct pool *pool)
{
	struct pooled *old = NULL;

	if (!pool)
		return;
	shrinker_leave(&pool->core->shrinkers, &pool->shrinker);
	pthread_mutex_lock(&pool->lock);
	pool->closed = true;
	shed(pool, 0, 0, &old);
	while (list_pop(&pool->notices))
		;
	tell(pool);
	pthread_mutex_unlock(&pool->lock);
	let_go(old);
	pool_unref(pool);
}

static bool same_key(const struct pool_key *a, const struct pool_key *b)
{
	return a->size == b->size && a->fourcc == b->fourcc && a->modifier == b->modifier &&
	       a->width == b->width && a->height == b->height && a->secure == b->secure;
}

/* With the lock held: *old gets what the key before left behind. */
static int change_key(struct pool *pool, const struct pool_key *key, struct pooled **old)
{
	if (same_key(&pool->options.key, key))
		return 0;
	if (key->size > pool->options.max.bytes || (pool->options.min && !key->size))
		return -EINVAL;
	pool->options.key = *key;
	pool->stats.generation++;
	pool->stats.stale += pool->stats.idle;
	pool->alive = 0;
	pool->padding = 0;
	shed(pool, 0, 0, old);
	tell(pool);
	return 1;
}

int pool_set_key(struct pool *pool, const struct pool_key *key)
{
	struct pooled *old = NULL;
	int ret;

	pthread_mutex_lock(&pool->lock);
	ret = change_key(pool, key, &old);
	pthread_mutex_unlock(&pool->lock);
	let_go(old);
	return ret == 1 ? prepare(pool) : ret;
}

/* ---- memory and pressure ---- */

/*
 * Those that came back later lie above, so that times only grow from the bottom up, and what has
 * not been seen is on top.
 */
bool pool_tick(struct pool *pool, int64_t now)
{
	struct pooled *old = NULL;
	unsigned n = 0;
	bool ages;

	pthread_mutex_lock(&pool->lock);
	for (unsigned i = pool->stats.idle; i-- > 0 && pool->idle[i]->idle_since == NOT_SEEN;)
		pool->idle[i]->idle_since = now;
	while (n < pool->stats.idle && pool->alive > pool->options.min + n &&
	       now - pool->idle[n]->idle_since >= pool->options.idle_time)
		n++;
	trim(pool, pool->stats.idle - n, SIZE_MAX, &old);
	ages = pool->stats.idle && pool->alive > pool->options.min + n;
	pthread_mutex_unlock(&pool->lock);
	let_go(old);
	return ages;
}

size_t pool_trim(struct pool *pool, unsigned buffers, size_t bytes)
{
	struct pooled *old = NULL;
	size_t gone;

	pthread_mutex_lock(&pool->lock);
	gone = trim(pool, buffers, bytes, &old);
	pthread_mutex_unlock(&pool->lock);
	let_go(old);
	return gone;
}

void pool_hold_growth(struct pool *pool, bool hold)
{
	pthread_mutex_lock(&pool->lock);
	pool->held = hold;
	if (!hold)
		tell(pool);
	pthread_mutex_unlock(&pool->lock);
}

void pool_set_flushing(struct pool *pool, bool flushing)
{
	pthread_mutex_lock(&pool->lock);
	pool->flushing = flushing;
	if (flushing)
		tell(pool);
	pthread_mutex_unlock(&pool->lock);
}

void pool_get_stats(struct pool *pool, struct pool_stats *stats)
{
	pthread_mutex_lock(&pool->lock);
	*stats = pool->stats;
	pthread_mutex_unlock(&pool->lock);
}
