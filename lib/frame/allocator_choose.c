/* SPDX-License-Identifier: MIT */
#include "frame/allocator_choose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/macros.h"

/* Bytes of a buffer to try with, when nobody says how many are wanted. */
#define TRY_SIZE 4096

#define MAX_KINDS 3

/* The order of what is tried for a use: the first row whose uses are all wanted. */
static const struct {
	unsigned use;
	unsigned n_kinds;
	enum wc_memory_kind kinds[MAX_KINDS];
} orders[] = {
	/* Displays are the pickiest: most show what their own driver made and contiguous memory. */
	{ WC_MEMORY_FOR_DISPLAY, 3, { WC_MEMORY_DUMB, WC_MEMORY_HEAP, WC_MEMORY_UDMABUF } },
	/* Heaps and memfds are cached memory, dumb buffers on most boards are not. */
	{ WC_MEMORY_FOR_CODEC | WC_MEMORY_FOR_CPU, 3,
	  { WC_MEMORY_HEAP, WC_MEMORY_UDMABUF, WC_MEMORY_DUMB } },
	/* Pages of a memfd are scattered: nothing for a codec without an IOMMU. */
	{ WC_MEMORY_FOR_CODEC, 3, { WC_MEMORY_HEAP, WC_MEMORY_DUMB, WC_MEMORY_UDMABUF } },
	{ WC_MEMORY_FOR_CPU, 1, { WC_MEMORY_PLAIN } },
};

/* A search under way. */
struct search {
	struct core *core;
	const struct memory_wish *wish;
	struct pool_allocator *allocator;      /* found */
	int error;                             /* the most telling so far, or 0 */
	char failures[sizeof ((struct wc_memory_choice *)NULL)->reason];
	struct wc_memory_choice *choice;
};

/* ---- one candidate ---- */

/* Nobody takes references to a buffer that is only tried. */
static void no_destroy(struct buffer *buffer)
{
	(void)buffer;
}

/* Make a buffer, show it to whoever is to import it, free it. */
static int try_buffer(const struct search *search, struct pool_allocator *allocator)
{
	static const struct buffer_ops ops = { .destroy = no_destroy };
	const struct memory_wish *wish = search->wish;
	struct pool_key key = wish->key;
	struct buffer buffer;
	void *opaque = NULL;
	int ret;

	if (!key.size)
		key.size = TRY_SIZE;
	buffer_init(&buffer, search->core, &ops);
	ret = allocator->ops->alloc(allocator, &key, &buffer, &opaque);
	if (ret == 0) {
		if (wish->import)
			ret = wish->import(wish->owner, &buffer);
		allocator->ops->free(allocator, &buffer, opaque);
	} else {
		buffer.n_objects = 0;
	}
	buffer_finish(&buffer);
	return ret;
}

/* "heap linux,cma", or "udmabuf". */
static void describe(enum wc_memory_kind kind, const char *name, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", wc_memory_kind_name(kind), *name ? " " : "", name);
}

/* Within the budgets there would have been some: the caller can do most about that. */
static bool tells_more(int before, int error)
{
	return error == -EDQUOT || (budget_is_refusal(error) && before != -EDQUOT);
}

static void note_failure(struct search *search, enum wc_memory_kind kind, const char *name,
			 int error)
{
	size_t used = strlen(search->failures);
	char candidate[ALLOCATOR_NAME_MAX + 16];

	describe(kind, name, candidate, sizeof candidate);
	snprintf(search->failures + used, sizeof search->failures - used, "%s%s: errno %d (%s)",
		 used ? ", " : "", candidate, -error, strerror(-error));
	if (search->error == 0 || search->error == -ENOENT || tells_more(search->error, error)) {
		search->error = error;
		search->choice->kind = kind;
	}
}

/* True: found. */
static bool try_candidate(struct search *search, enum wc_memory_kind kind, const char *name)
{
	int ret = allocator_new(kind, name, &search->allocator);

	if (ret == 0 && kind == WC_MEMORY_DUMB && !*search->wish->name &&
	    !allocator_dumb_has_display(search->allocator))
		ret = -ENODEV;
	if (ret == 0)
		ret = try_buffer(search, search->allocator);
	if (ret < 0) {
		note_failure(search, kind, name, ret);
		allocator_release(search->allocator);
		search->allocator = NULL;
		return false;
	}
	search->choice->kind = kind;
	snprintf(search->choice->name, sizeof search->choice->name, "%s", name);
	return true;
}

/* ---- all of a kind ---- */

static bool try_heaps(struct search *search)
{
	const char *name;

	for (unsigned n = 0; (name = allocator_heap_name(n)); n++)
		if (try_candidate(search, WC_MEMORY_HEAP, name))
			return true;
	return false;
}

/* A number that no node has is no news, unless none has one. */
static bool try_nodes(struct search *search)
{
	char node[ALLOCATOR_NAME_MAX], before[sizeof search->failures];
	bool seen = false;

	for (unsigned n = 0; allocator_dumb_node(n, node); n++) {
		int error = search->error;

		memcpy(before, search->failures, sizeof before);
		search->error = 0;
		if (try_candidate(search, WC_MEMORY_DUMB, node))
			return true;
		if (search->error == -ENOENT)
			memcpy(search->failures, before, sizeof before);
		else
			seen = true;
		if (error && error != -ENOENT && !tells_more(error, search->error))
			search->error = error;
	}
	if (!seen)
		note_failure(search, WC_MEMORY_DUMB, "", -ENOENT);
	return false;
}

static bool try_kind(struct search *search, enum wc_memory_kind kind)
{
	const char *name = search->wish->forced ? search->wish->name : "";

	if (!*name && kind == WC_MEMORY_HEAP)
		return try_heaps(search);
	if (!*name && kind == WC_MEMORY_DUMB)
		return try_nodes(search);
	return try_candidate(search, kind, name);
}

static bool try_order(struct search *search)
{
	unsigned row = 0;

	while (row < ARRAY_SIZE(orders) - 1 &&
	       (search->wish->use & orders[row].use) != orders[row].use)
		row++;
	for (unsigned i = 0; i < orders[row].n_kinds; i++)
		if (try_kind(search, orders[row].kinds[i]))
			return true;
	return false;
}

/* ---- and why ---- */

/* "codec and CPU" */
static void describe_use(unsigned use, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s%s%s", use & WC_MEMORY_FOR_DISPLAY ? "display" : "",
		 use & WC_MEMORY_FOR_DISPLAY && use & ~WC_MEMORY_FOR_DISPLAY ? ", " : "",
		 use & WC_MEMORY_FOR_CODEC ? "codec" : "",
		 use & WC_MEMORY_FOR_CODEC && use & WC_MEMORY_FOR_CPU ? ", " : "",
		 use & WC_MEMORY_FOR_CPU ? "CPU" : "");
}

static void explain(const struct search *search, bool found)
{
	struct wc_memory_choice *choice = search->choice;
	char use[32], what[ALLOCATOR_NAME_MAX + 16] = "nothing";

	describe_use(search->wish->use, use, sizeof use);
	if (found)
		describe(choice->kind, choice->name, what, sizeof what);
	/* The failures are what may be cut. */
	snprintf(choice->reason, sizeof choice->reason, "%s for %s%s%s%.400s", what, use,
		 search->wish->forced ? ", as the application said" : "",
		 *search->failures ? "; tried " : "", search->failures);
	log_info(&search->core->log, "memory: %s", choice->reason);
}

int allocator_choose(struct core *core, const struct memory_wish *wish,
		     struct pool_allocator **allocator, struct wc_memory_choice *choice)
{
	struct search search = { .core = core, .wish = wish, .choice = choice };
	bool found;

	memset(choice, 0, sizeof *choice);
	found = wish->forced ? try_kind(&search, wish->kind) : try_order(&search);
	explain(&search, found);
	*allocator = search.allocator;
	return found ? 0 : search.error;
}
