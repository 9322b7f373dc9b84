/* SPDX-License-Identifier: MIT */
#include "frame/encoded_video_chunk.h"

#include <errno.h>
#include <string.h>

#include "util/error.h"
#include "util/reserved.h"

struct wc_encoded_video_chunk *encoded_video_chunk_new(struct core *core, struct buffer *buffer,
						       size_t offset, size_t size,
						       enum wc_chunk_type type,
						       const struct timing *timing)
{
	struct wc_encoded_video_chunk *chunk = slab_get(&core->chunks);

	if (!chunk)
		return NULL;
	atomic_init(&chunk->refs, 1);
	chunk->core = core_ref(core);
	chunk->buffer = buffer ? buffer_pin(buffer) : NULL;
	chunk->offset = offset;
	chunk->size = size;
	chunk->type = type;
	chunk->timing = *timing;
	counter_add(&core->counters.video_chunks, 1);
	roll_entry_describe(&chunk->entry, buffer ? buffer->bytes : 0, 0, 0, 0);
	roll_entry_set_state(&chunk->entry, ROLL_READY);
	return chunk;
}

void encoded_video_chunk_give(struct wc_encoded_video_chunk *chunk)
{
	roll_entry_set_state(&chunk->entry, ROLL_READY | ROLL_GIVEN);
	if (chunk->buffer && external_memory_is_wanted(&chunk->core->external_memory)) {
		buffer_hold(chunk->buffer);
		chunk->held = true;
	}
}

struct wc_encoded_video_chunk *
encoded_video_chunk_clone(const struct wc_encoded_video_chunk *chunk)
{
	return encoded_video_chunk_new(chunk->core, chunk->buffer, chunk->offset, chunk->size,
				       chunk->type, &chunk->timing);
}

int chunk_init_check(const struct wc_encoded_video_chunk_init *init, struct timing *timing,
		     struct wc_error *error)
{
	const char *problem = NULL;

	if (!init)
		problem = "init is NULL";
	else if (HAS_RESERVED(init))
		problem = "a reserved field of the init is not zero";
	else if (init->type != WC_CHUNK_KEY && init->type != WC_CHUNK_DELTA)
		problem = "the type is neither key nor delta";
	if (problem)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0, "%s", problem);
	timing->timestamp = init->timestamp;
	timing->has_duration = init->has_duration;
	timing->duration = init->has_duration ? init->duration : 0;
	return 0;
}

/* A buffer with a copy of data; NULL without memory. */
static struct buffer *copy_data(struct core *core, const void *data, size_t size)
{
	struct buffer *buffer = buffer_new_plain(core, size);

	if (!buffer)
		return NULL;
	memcpy(buffer->objects[0].map, data, size);
	counter_add(&core->counters.bytes_copied, size);
	return buffer;
}

int encoded_video_chunk_from_copy(struct core *core, const void *data, size_t size,
				  const struct wc_encoded_video_chunk_init *init,
				  struct wc_encoded_video_chunk **chunk, struct wc_error *error)
{
	struct buffer *buffer = NULL;
	struct timing timing;
	int ret = chunk_init_check(init, &timing, error);

	*chunk = NULL;
	if (ret < 0)
		return ret;
	if (!data && size)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "data is NULL, size is %zu", size);
	if (size)
		buffer = copy_data(core, data, size);
	if (size && !buffer && errno == EDQUOT)
		return memory_refused(core, WC_MEMORY_PLAIN, size, WC_STAGE_NONE, error);
	if (!size || buffer)
		*chunk = encoded_video_chunk_new(core, buffer, 0, size, init->type, &timing);
	buffer_unref(buffer);
	if (!*chunk)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM,
				 "no memory for a chunk of %zu bytes", size);
	encoded_video_chunk_give(*chunk);
	return 0;
}

struct wc_encoded_video_chunk *wc_encoded_video_chunk_ref(struct wc_encoded_video_chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
	return chunk;
}

static void drop_buffer(struct wc_encoded_video_chunk *chunk)
{
	struct buffer *buffer = chunk->buffer;

	chunk->buffer = NULL;
	if (chunk->held)
		buffer_unhold(buffer);
	chunk->held = false;
	if (buffer)
		buffer_unpin(buffer);
}

void wc_encoded_video_chunk_unref(struct wc_encoded_video_chunk *chunk)
{
	struct core *core;

	if (!chunk || atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) != 1)
		return;
	drop_buffer(chunk);
	core = chunk->core;
	counter_sub(&core->counters.video_chunks, 1);
	slab_put(&core->chunks, chunk);
	core_unref(core);
}

void wc_encoded_video_chunk_close(struct wc_encoded_video_chunk *chunk)
{
	if (!chunk || chunk->closed)
		return;
	roll_entry_set_state(&chunk->entry, roll_entry_state(&chunk->entry) | ROLL_CLOSED);
	chunk->closed = true;
	chunk->writable = false;
	chunk->offset = 0;
	chunk->size = 0;
	drop_buffer(chunk);
}

void wc_encoded_video_chunk_finalize(struct wc_encoded_video_chunk *chunk)
{
	wc_encoded_video_chunk_close(chunk);
	wc_encoded_video_chunk_unref(chunk);
}

enum wc_chunk_type wc_encoded_video_chunk_get_type(const struct wc_encoded_video_chunk *chunk)
{
	return chunk->type;
}

int64_t wc_encoded_video_chunk_get_timestamp(const struct wc_encoded_video_chunk *chunk)
{
	return chunk->timing.timestamp;
}

bool wc_encoded_video_chunk_get_duration(const struct wc_encoded_video_chunk *chunk,
					 uint64_t *duration)
{
	if (chunk->timing.has_duration)
		*duration = chunk->timing.duration;
	return chunk->timing.has_duration;
}

size_t wc_encoded_video_chunk_get_size(const struct wc_encoded_video_chunk *chunk)
{
	return chunk->size;
}

const uint8_t *wc_encoded_video_chunk_get_data(const struct wc_encoded_video_chunk *chunk)
{
	return chunk->buffer ? chunk->buffer->objects[0].map + chunk->offset : NULL;
}

uint8_t *wc_encoded_video_chunk_get_writable(struct wc_encoded_video_chunk *chunk,
					     size_t *capacity)
{
	if (!chunk->writable)
		return NULL;
	if (capacity)
		*capacity = chunk->buffer->objects[0].size - chunk->offset;
	return chunk->buffer->objects[0].map + chunk->offset;
}

int wc_encoded_video_chunk_set_size(struct wc_encoded_video_chunk *chunk, size_t size)
{
	if (!chunk->writable)
		return WC_INVALID_STATE_ERROR;
	if (size > chunk->buffer->objects[0].size - chunk->offset)
		return WC_TYPE_ERROR;
	chunk->size = size;
	return WC_OK;
}
