/* SPDX-License-Identifier: MIT */
#include "frame/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/fence.h"
#include "util/macros.h"

void buffer_init(struct buffer *buffer, struct core *core, const struct buffer_ops *ops)
{
	memset(buffer, 0, sizeof *buffer);
	buffer->ops = ops;
	buffer->core = core_ref(core);
	atomic_init(&buffer->refs, 1);
	atomic_init(&buffer->pins, 0);
	buffer->acquire_fence = -1;
	pthread_mutex_init(&buffer->access.lock, NULL);
	counter_add(&core->counters.buffers, 1);
}

/* Of objects that are not mapped there may be more than there are addresses: then that many. */
static size_t total_size(const struct buffer *buffer)
{
	size_t size = 0;

	for (unsigned i = 0; i < buffer->n_objects; i++)
		if (__builtin_add_overflow(size, buffer->objects[i].size, &size))
			return SIZE_MAX;
	return size;
}

int buffer_reserve(struct buffer *buffer, enum wc_memory_kind kind, size_t bytes)
{
	int ret;

	if (buffer->bytes)
		memory_give(buffer->core, buffer->kind, buffer->bytes);
	buffer->kind = kind;
	ret = memory_take(buffer->core, kind, bytes);
	buffer->bytes = ret < 0 ? 0 : bytes;
	return ret;
}

/* Count n descriptors for the buffer, in place of what was counted before. Never refused. */
static void count_descriptors(struct buffer *buffer, unsigned n)
{
	if (n > buffer->descriptors)
		counter_add(&buffer->core->counters.descriptors, n - buffer->descriptors);
	else if (n < buffer->descriptors)
		descriptors_give(buffer->core, buffer->descriptors - n);
	buffer->descriptors = n;
}

int buffer_reserve_descriptors(struct buffer *buffer, unsigned n)
{
	int ret;

	count_descriptors(buffer, 0);
	ret = descriptors_take(buffer->core, n);
	buffer->descriptors = ret < 0 ? 0 : n;
	return ret;
}

static unsigned total_descriptors(const struct buffer *buffer)
{
	unsigned n = buffer->acquire_fence >= 0;

	for (unsigned i = 0; i < buffer->n_objects; i++)
		n += buffer->objects[i].fd >= 0;
	return n;
}

void buffer_account(struct buffer *buffer)
{
	size_t reserved = buffer->bytes;

	buffer->bytes = total_size(buffer);
	if (buffer->bytes > reserved)
		memory_add(buffer->core, buffer->kind, buffer->bytes - reserved);
	else if (buffer->bytes < reserved)
		memory_give(buffer->core, buffer->kind, reserved - buffer->bytes);
	count_descriptors(buffer, total_descriptors(buffer));
	waker_ask(&buffer->core->waker);
}

void buffer_finish(struct buffer *buffer)
{
	struct core *core = buffer->core;

	for (unsigned i = 0; i < buffer->n_objects; i++)
		if (buffer->objects[i].fd >= 0)
			close(buffer->objects[i].fd);
	if (buffer->acquire_fence >= 0)
		close(buffer->acquire_fence);
	if (buffer->bytes)
		memory_give(core, buffer->kind, buffer->bytes);
	count_descriptors(buffer, 0);
	counter_sub(&core->counters.buffers, 1);
	pthread_mutex_destroy(&buffer->access.lock);
	core_unref(core);
}

bool buffer_is_dma_buf(const struct buffer *buffer)
{
	for (unsigned i = 0; i < buffer->n_objects; i++)
		if (buffer->objects[i].fd < 0)
			return false;
	return buffer->n_objects > 0;
}

struct buffer *buffer_ref(struct buffer *buffer)
{
	atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);
	return buffer;
}

void buffer_unref(struct buffer *buffer)
{
	if (buffer && atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel) == 1)
		buffer->ops->destroy(buffer);
}

struct buffer *buffer_pin(struct buffer *buffer)
{
	atomic_fetch_add_explicit(&buffer->pins, 1, memory_order_relaxed);
	return buffer_ref(buffer);
}

void buffer_unpin(struct buffer *buffer)
{
	if (atomic_fetch_sub_explicit(&buffer->pins, 1, memory_order_acq_rel) == 1 &&
	    buffer->ops->idle) {
		/* Who has descriptors was promised this content only. */
		atomic_store_explicit(&buffer->exported, false, memory_order_relaxed);
		fence_age(buffer);
		buffer->ops->idle(buffer);
	}
	buffer_unref(buffer);
}

void buffer_hold(struct buffer *buffer)
{
	if (atomic_fetch_add(&buffer->held, 1) == 0)
		external_memory_change(&buffer->core->external_memory, (int64_t)buffer->bytes);
}

void buffer_unhold(struct buffer *buffer)
{
	if (atomic_fetch_sub(&buffer->held, 1) == 1)
		external_memory_change(&buffer->core->external_memory, -(int64_t)buffer->bytes);
}

struct plain_buffer {
	struct buffer base;
	struct address wrapped;             /* in core->wrapped, unless the memory is our own */
	void (*release)(void *user_data);   /* NULL: the memory is our own */
	void *user_data;
};

static void plain_destroy(struct buffer *buffer)
{
	struct plain_buffer *plain = container_of(buffer, struct plain_buffer, base);

	/* First: released memory may be wrapped again. */
	address_set_remove(&buffer->core->wrapped, &plain->wrapped);
	if (plain->release)
		plain->release(plain->user_data);
	else
		free(buffer->objects[0].map);
	buffer_finish(buffer);
	free(plain);
}

static const struct buffer_ops plain_ops = { .destroy = plain_destroy };

static struct plain_buffer *plain_new(void (*release)(void *user_data), void *user_data)
{
	struct plain_buffer *plain = calloc(1, sizeof *plain);

	if (!plain)
		return NULL;
	plain->release = release;
	plain->user_data = user_data;
	return plain;
}

/* What is wrapped is there already, but to keep it takes some of the budget, too. */
static int plain_set_up(struct plain_buffer *plain, struct core *core, enum wc_memory_kind kind,
			void *data, size_t size)
{
	int ret;

	buffer_init(&plain->base, core, &plain_ops);
	ret = buffer_reserve(&plain->base, kind, size);
	if (ret < 0) {
		address_set_remove(&core->wrapped, &plain->wrapped);
		buffer_finish(&plain->base);
		free(plain);
		return ret;
	}
	plain->base.n_objects = 1;
	plain->base.objects[0] = (struct buffer_object) { .map = data, .size = size, .fd = -1 };
	buffer_account(&plain->base);
	return 0;
}

struct buffer *buffer_new_wrapped(struct core *core, void *data, size_t size,
				  void (*release)(void *user_data), void *user_data)
{
	struct plain_buffer *plain = plain_new(release, user_data);
	int ret = plain ? plain_set_up(plain, core, WC_MEMORY_PLAIN, data, size) : -ENOMEM;

	if (ret == 0)
		return &plain->base;
	errno = -ret;
	return NULL;
}

int buffer_new_wrapped_once(struct core *core, void *data, size_t size,
			    void (*release)(void *user_data), void *user_data,
			    struct buffer **buffer)
{
	struct plain_buffer *plain = plain_new(release, user_data);
	int ret;

	if (!plain)
		return -ENOMEM;
	if (!address_set_add(&core->wrapped, &plain->wrapped, data)) {
		free(plain);
		return -EEXIST;
	}
	ret = plain_set_up(plain, core, WC_MEMORY_WRAPPED, data, size);
	if (ret == 0)
		*buffer = &plain->base;
	return ret;
}

/* Rounded up to the alignment, one byte at least; 0 when that is too much. */
static size_t aligned(size_t size)
{
	size_t most = SIZE_MAX / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;

	if (size > most)
		return 0;
	return size ? (size + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT
		    : BUFFER_ALIGNMENT;
}

static struct buffer *refuse_plain(struct buffer *buffer, int error)
{
	buffer_unref(buffer);
	errno = error;
	return NULL;
}

/* The memory is one piece, that of the first object. */
static struct buffer *fill_plain(struct buffer *buffer, const size_t *sizes, unsigned n,
				 size_t total)
{
	uint8_t *data = aligned_alloc(BUFFER_ALIGNMENT, total);

	if (!data)
		return refuse_plain(buffer, ENOMEM);
	buffer->n_objects = n;
	for (unsigned i = 0; i < n; i++) {
		buffer->objects[i] = (struct buffer_object) {
			.map = data, .size = sizes[i], .fd = -1 };
		data += aligned(sizes[i]);
	}
	buffer_account(buffer);
	return buffer;
}

/* Within the budget before there is memory, so that refusing costs nothing. */
static struct buffer *new_plain(struct core *core, const size_t *sizes, unsigned n,
				int (*take)(struct core *core, enum wc_memory_kind kind,
					    uint64_t bytes))
{
	size_t total = 0, bytes = 0;
	struct plain_buffer *plain;

	for (unsigned i = 0; i < n; i++) {
		if (!aligned(sizes[i]) || __builtin_add_overflow(total, aligned(sizes[i]), &total))
			return refuse_plain(NULL, ENOMEM);
		bytes += sizes[i];
	}
	plain = plain_new(NULL, NULL);
	if (!plain)
		return refuse_plain(NULL, ENOMEM);
	buffer_init(&plain->base, core, &plain_ops);
	if (take(core, WC_MEMORY_PLAIN, bytes) < 0)
		return refuse_plain(&plain->base, EDQUOT);
	plain->base.bytes = bytes;
	return fill_plain(&plain->base, sizes, n, total);
}

struct buffer *buffer_new_plain_objects(struct core *core, const size_t *sizes, unsigned n)
{
	return new_plain(core, sizes, n, memory_take);
}

struct buffer *buffer_try_plain_objects(struct core *core, const size_t *sizes, unsigned n)
{
	return new_plain(core, sizes, n, memory_try);
}

struct buffer *buffer_new_plain(struct core *core, size_t size)
{
	return buffer_new_plain_objects(core, &size, 1);
}
