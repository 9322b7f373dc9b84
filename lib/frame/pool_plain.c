/* SPDX-License-Identifier: MIT */
/* The allocator of plain memory. */
#include <errno.h>
#include <stdlib.h>

#include "frame/pool.h"

static int plain_alloc(struct pool_allocator *allocator, const struct pool_key *key,
		       struct buffer *buffer, void **opaque)
{
	size_t size = (key->size + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
	uint8_t *map;
	int ret;

	(void)allocator;
	(void)opaque;
	if (key->secure)
		return -ENOTSUP;
	if (size < key->size)
		return -ENOMEM;
	ret = buffer_reserve(buffer, WC_MEMORY_PLAIN, size);
	if (ret < 0)
		return ret;
	map = aligned_alloc(BUFFER_ALIGNMENT, size);
	if (!map)
		return -ENOMEM;
	buffer->n_objects = 1;
	buffer->objects[0] = (struct buffer_object) { .map = map, .size = size, .fd = -1 };
	return 0;
}

static void plain_free(struct pool_allocator *allocator, struct buffer *buffer, void *opaque)
{
	(void)allocator;
	(void)opaque;
	free(buffer->objects[0].map);
}

struct pool_allocator *pool_plain_allocator(void)
{
	static const struct pool_allocator_ops ops = { .alloc = plain_alloc, .free = plain_free };
	/* Nothing is ever written to it. */
	static struct pool_allocator plain = { &ops };

	return &plain;
}
