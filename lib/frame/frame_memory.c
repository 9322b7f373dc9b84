/* SPDX-License-Identifier: MIT */
#include "frame/frame_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of frames at a time; what an application renders has one size, or a few. */
#define MAX_POOLS 8

#define N_USES 8

/* A pool, and how it came about. */
struct frame_pool {
	struct pool *pool;             /* NULL: this place is free */
	unsigned use;
	struct pool_key key;
	struct wc_memory_choice choice;
	uint64_t used;                 /* number of the last get */
};

struct frame_memory {
	struct core *core;
	pthread_mutex_t lock;          /* guards the rest */
	unsigned decisions;            /* how often the application decided */
	bool decided;
	enum wc_memory_kind kind;
	char name[ALLOCATOR_NAME_MAX];
	uint64_t n_gets;
	struct frame_pool pools[MAX_POOLS];
	/* The last for each set of uses; known: that there is one. */
	bool known[N_USES];
	struct wc_memory_choice choices[N_USES];
};

struct frame_memory *frame_memory_new(struct core *core)
{
	struct frame_memory *memory = calloc(1, sizeof *memory);

	if (!memory)
		return NULL;
	memory->core = core_ref(core);
	pthread_mutex_init(&memory->lock, NULL);
	return memory;
}

/* With the lock held, or the last use over. */
static void close_pools(struct frame_memory *memory)
{
	for (unsigned i = 0; i < MAX_POOLS; i++) {
		pool_close(memory->pools[i].pool);
		memory->pools[i].pool = NULL;
	}
}

void frame_memory_free(struct frame_memory *memory)
{
	if (!memory)
		return;
	close_pools(memory);
	pthread_mutex_destroy(&memory->lock);
	core_unref(memory->core);
	free(memory);
}

/* ---- the application's word ---- */

/* Whether the kind is there, under the name or at all. */
static int check(struct core *core, enum wc_memory_kind kind, const char *name)
{
	struct memory_wish wish = { .use = WC_MEMORY_FOR_CPU, .forced = true, .kind = kind };
	struct wc_memory_choice choice;
	struct pool_allocator *allocator;
	int ret;

	strcpy(wish.name, name);
	ret = allocator_choose(core, &wish, &allocator, &choice);
	allocator_release(allocator);
	return ret;
}

static void decide(struct frame_memory *memory, bool decided, enum wc_memory_kind kind,
		   const char *name)
{
	pthread_mutex_lock(&memory->lock);
	memory->decisions++;
	memory->decided = decided;
	memory->kind = kind;
	strcpy(memory->name, name);
	memset(memory->known, 0, sizeof memory->known);
	close_pools(memory);
	pthread_mutex_unlock(&memory->lock);
}

int frame_memory_decide(struct frame_memory *memory, const struct wc_memory_options *options,
			char *name)
{
	int ret;

	*name = '\0';
	if (!options) {
		decide(memory, false, WC_MEMORY_PLAIN, "");
		return 0;
	}
	if (options->name) {
		if (strlen(options->name) >= ALLOCATOR_NAME_MAX)
			return -EINVAL;
		strcpy(name, options->name);
	}
	if (!allocator_is_possible(options->kind, name))
		return -EINVAL;
	ret = check(memory->core, options->kind, name);
	if (ret == 0)
		decide(memory, true, options->kind, name);
	return ret == -EINVAL ? -EIO : ret;
}

/* With the lock held. */
static void fill_wish(const struct frame_memory *memory, unsigned use, struct memory_wish *wish)
{
	*wish = (struct memory_wish) {
		.use = use,
		.forced = memory->decided,
		.kind = memory->kind,
	};
	strcpy(wish->name, memory->name);
}

void frame_memory_get_wish(struct frame_memory *memory, unsigned use, struct memory_wish *wish)
{
	pthread_mutex_lock(&memory->lock);
	fill_wish(memory, use, wish);
	pthread_mutex_unlock(&memory->lock);
}

/*
 * With the lock held, which is given up while room is made for what is tried: that may call the
 * application. -ECANCELED: it decided anew meanwhile.
 */
static int choose(struct frame_memory *memory, unsigned use, const struct pool_key *key,
		  struct pool_allocator **allocator, struct wc_memory_choice *choice)
{
	unsigned decisions = memory->decisions;
	struct memory_wish wish;
	int ret;

	fill_wish(memory, use, &wish);
	if (key)
		wish.key = *key;
	pthread_mutex_unlock(&memory->lock);
	ret = allocator_choose(memory->core, &wish, allocator, choice);
	pthread_mutex_lock(&memory->lock);
	if (memory->decisions != decisions) {
		allocator_release(*allocator);
		*allocator = NULL;
		return -ECANCELED;
	}
	memory->choices[use] = *choice;
	memory->known[use] = ret == 0;
	return ret;
}

int frame_memory_get_choice(struct frame_memory *memory, unsigned use,
			    struct wc_memory_choice *choice)
{
	struct pool_allocator *allocator = NULL;
	int ret;

	pthread_mutex_lock(&memory->lock);
	do {
		ret = 0;
		if (memory->known[use])
			*choice = memory->choices[use];
		else
			ret = choose(memory, use, NULL, &allocator, choice);
	} while (ret == -ECANCELED);
	pthread_mutex_unlock(&memory->lock);
	allocator_release(allocator);
	return ret;
}

/* ---- pools ---- */

static bool is_for(const struct frame_pool *pool, unsigned use, const struct pool_key *key)
{
	return pool->pool && pool->use == use && pool->key.size == key->size &&
	       pool->key.fourcc == key->fourcc && pool->key.width == key->width &&
	       pool->key.height == key->height;
}

/* With the lock held: a free place, or that of the pool that was not used for longest. */
static struct frame_pool *make_place(struct frame_memory *memory)
{
	struct frame_pool *place = &memory->pools[0];

	for (unsigned i = 0; i < MAX_POOLS; i++) {
		struct frame_pool *pool = &memory->pools[i];

		if (!pool->pool)
			return pool;
		if (pool->used < place->used)
			place = pool;
	}
	pool_close(place->pool);
	place->pool = NULL;
	return place;
}

/* As choose(). */
static int add_pool(struct frame_memory *memory, unsigned use, const struct pool_key *key,
		    struct frame_pool **out, struct wc_memory_choice *choice)
{
	struct pool_options options = { .key = *key };
	struct frame_pool *place;
	int ret = choose(memory, use, key, &options.allocator, choice);

	if (ret < 0)
		return ret;
	place = make_place(memory);
	ret = pool_new_with(memory->core, &options, &place->pool);
	if (ret < 0) {
		allocator_release(options.allocator);
		return ret;
	}
	place->use = use;
	place->key = *key;
	place->choice = *choice;
	*out = place;
	return 0;
}

/* Whether the budget was why a pool gave nothing, which may also be told to stop growing. */
static bool is_beyond_budget(struct core *core, enum wc_memory_kind kind, size_t size, int ret)
{
	if (ret != -EAGAIN)
		return ret == -EDQUOT;
	return !memory_fits(core, kind, size) ||
	       (kind != WC_MEMORY_PLAIN && !descriptors_fit(core, 1));
}

/* With the lock held, which is given up meanwhile, as by choose(). -ECANCELED: it was closed. */
static int get_from(struct frame_memory *memory, struct frame_pool *place, struct buffer **buffer,
		    struct wc_memory_choice *choice)
{
	struct pool *pool = pool_ref(place->pool);
	size_t size = place->key.size;
	int ret;

	*choice = place->choice;
	place->used = ++memory->n_gets;
	pthread_mutex_unlock(&memory->lock);
	ret = pool_try(pool, 0, buffer);
	if (is_beyond_budget(memory->core, choice->kind, size, ret))
		ret = -EDQUOT;
	pool_unref(pool);
	pthread_mutex_lock(&memory->lock);
	return ret;
}

/* The same of the pools that there are. -EDQUOT: none has room in the budget. */
static int get_from_any(struct frame_memory *memory, unsigned use, const struct pool_key *key,
			struct buffer **buffer, struct wc_memory_choice *choice)
{
	int ret = -EDQUOT;

	for (unsigned i = 0; i < MAX_POOLS && ret == -EDQUOT; i++)
		if (is_for(&memory->pools[i], use, key))
			ret = get_from(memory, &memory->pools[i], buffer, choice);
	return ret;
}

static int get_from_new(struct frame_memory *memory, unsigned use, const struct pool_key *key,
			struct buffer **buffer, struct wc_memory_choice *choice)
{
	struct frame_pool *place;
	int ret = add_pool(memory, use, key, &place, choice);

	return ret < 0 ? ret : get_from(memory, place, buffer, choice);
}

int frame_memory_get(struct frame_memory *memory, unsigned use, const struct pool_key *key,
		     struct buffer **buffer, struct wc_memory_choice *choice)
{
	int ret;

	*buffer = NULL;
	pthread_mutex_lock(&memory->lock);
	do {
		ret = get_from_any(memory, use, key, buffer, choice);
		if (ret == -EDQUOT)
			ret = get_from_new(memory, use, key, buffer, choice);
	} while (ret == -ECANCELED);
	pthread_mutex_unlock(&memory->lock);
	return ret;
}
