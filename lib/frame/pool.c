/* SPDX-License-Identifier: MIT */
#include "frame/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "util/list.h"

/*
 * Idle buffers kept, and their bytes. Chunks are small and short-lived: this is more than a
 * decoder lets pile up in its input queue.
 */
#define KEEP_BUFFERS 16
#define KEEP_BYTES ((size_t)8 << 20)

/* Sizes of new buffers go up in such steps, so that chunks of one codec fit in each other's. */
#define SIZE_STEP ((size_t)4096)

struct pool {
	atomic_uint refs;              /* the owner, and each buffer that exists */
	struct core *core;             /* a reference */
	pthread_mutex_t lock;          /* guards the rest */
	struct list idle;              /* last returned first */
	unsigned n_idle;
	size_t idle_bytes;
	bool closed;
};

/* The pool holds the first reference of each buffer, be it idle or in use. */
struct pooled {
	struct buffer base;
	struct pool *pool;             /* a reference */
	struct list link;              /* pool->idle */
};

static void pool_unref(struct pool *pool)
{
	if (atomic_fetch_sub_explicit(&pool->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&pool->lock);
	core_unref(pool->core);
	free(pool);
}

/* With the lock held. */
static void take_out(struct pool *pool, struct pooled *pooled)
{
	list_remove(&pooled->link);
	pool->n_idle--;
	pool->idle_bytes -= pooled->base.objects[0].size;
}

static void drop_all(struct list *buffers)
{
	struct list *item;

	while ((item = list_pop(buffers)))
		buffer_unref(&container_of(item, struct pooled, link)->base);
}

/* With the lock held: move to old what has to go so that size bytes more may be kept. */
static void make_room(struct pool *pool, size_t size, struct list *old)
{
	while (pool->n_idle && (pool->n_idle >= KEEP_BUFFERS ||
				pool->idle_bytes + size > KEEP_BYTES)) {
		struct pooled *last = container_of(pool->idle.prev, struct pooled, link);

		take_out(pool, last);
		list_append(old, &last->link);
	}
}

/* The last pin ended, in whatever thread. */
static void pooled_idle(struct buffer *buffer)
{
	struct pooled *pooled = container_of(buffer, struct pooled, base);
	struct pool *pool = pooled->pool;
	size_t size = buffer->objects[0].size;
	struct list old;

	list_init(&old);
	pthread_mutex_lock(&pool->lock);
	if (pool->closed || size > KEEP_BYTES) {
		list_append(&old, &pooled->link);
	} else {
		make_room(pool, size, &old);
		/* Before the first one. */
		list_append(pool->idle.next, &pooled->link);
		pool->n_idle++;
		pool->idle_bytes += size;
	}
	pthread_mutex_unlock(&pool->lock);
	drop_all(&old);
}

static void pooled_destroy(struct buffer *buffer)
{
	struct pooled *pooled = container_of(buffer, struct pooled, base);
	struct pool *pool = pooled->pool;

	free(buffer->objects[0].map);
	buffer_finish(buffer);
	free(pooled);
	pool_unref(pool);
}

static const struct buffer_ops pooled_ops = { .idle = pooled_idle, .destroy = pooled_destroy };

struct pool *pool_new(struct core *core)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	atomic_init(&pool->refs, 1);
	pool->core = core_ref(core);
	pthread_mutex_init(&pool->lock, NULL);
	list_init(&pool->idle);
	return pool;
}

void pool_close(struct pool *pool)
{
	struct list idle;

	if (!pool)
		return;
	list_init(&idle);
	pthread_mutex_lock(&pool->lock);
	pool->closed = true;
	list_splice(&idle, &pool->idle);
	pthread_mutex_unlock(&pool->lock);
	drop_all(&idle);
	pool_unref(pool);
}

static struct buffer *find_idle(struct pool *pool, size_t size)
{
	struct buffer *found = NULL;
	struct list *pos;

	pthread_mutex_lock(&pool->lock);
	list_for_each(pos, &pool->idle) {
		struct pooled *pooled = container_of(pos, struct pooled, link);

		if (pooled->base.objects[0].size >= size) {
			take_out(pool, pooled);
			found = &pooled->base;
			break;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return found;
}

static struct buffer *new_buffer(struct pool *pool, size_t size)
{
	struct pooled *pooled;
	size_t rounded = (size / SIZE_STEP + 1) * SIZE_STEP;

	if (rounded < size)
		return NULL;
	pooled = malloc(sizeof *pooled);
	if (!pooled)
		return NULL;
	buffer_init(&pooled->base, pool->core, &pooled_ops);
	atomic_fetch_add_explicit(&pool->refs, 1, memory_order_relaxed);
	pooled->pool = pool;
	list_init(&pooled->link);
	pooled->base.n_objects = 1;
	pooled->base.objects[0] = (struct buffer_object) {
		.map = aligned_alloc(BUFFER_ALIGNMENT, rounded), .size = rounded, .fd = -1,
	};
	buffer_account(&pooled->base);
	if (!pooled->base.objects[0].map) {
		buffer_unref(&pooled->base);
		return NULL;
	}
	return &pooled->base;
}

struct buffer *pool_get(struct pool *pool, size_t size)
{
	struct buffer *buffer = find_idle(pool, size);

	if (!buffer)
		buffer = new_buffer(pool, size);
	return buffer ? buffer_pin(buffer) : NULL;
}
