/* SPDX-License-Identifier: MIT */
/* Frames that move to plain memory: which, with what content, what comes free, and threads. */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/encoded_video_chunk.h"
#include "frame/frame_cache.h"
#include "frame/pixel_format.h"
#include "frame/relief.h"
#include "frame/video_frame_init.h"
#include "util/macros.h"

/* ---- allocations fail when they are due ---- */

static bool armed;
static unsigned due, seen;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static bool fails(void)
{
	if (!armed || seen++ != due)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

/* ---- memory of a device ---- */

#define WIDTH 34
#define HEIGHT 18
#define OBJECT_SIZE 16384
#define START 192              /* where the first plane of an object begins */

static struct core *core;
static atomic_uint n_idle, n_destroyed;

static void on_idle(struct buffer *buffer)
{
	ck_assert_uint_eq(buffer->pins, 0);
	n_idle++;
}

static void on_destroy(struct buffer *buffer)
{
	for (unsigned i = 0; i < buffer->n_objects; i++)
		free(buffer->objects[i].map);
	n_destroyed++;
	buffer_finish(buffer);
	free(buffer);
}

static const struct buffer_ops device_ops = { .idle = on_idle, .destroy = on_destroy };

static uint8_t content_at(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 13 + 1);
}

static struct buffer *device_buffer(enum wc_memory_kind kind, unsigned n_objects)
{
	struct buffer *buffer = malloc(sizeof *buffer);

	buffer_init(buffer, core, &device_ops);
	buffer->kind = kind;
	buffer->read_only = true;
	buffer->n_objects = n_objects;
	for (unsigned i = 0; i < n_objects; i++) {
		uint8_t *map = malloc(OBJECT_SIZE);

		for (size_t j = 0; j < OBJECT_SIZE; j++)
			map[j] = content_at(i * OBJECT_SIZE + j);
		buffer->objects[i] = (struct buffer_object) {
			.map = map, .size = OBJECT_SIZE, .fd = dup(STDIN_FILENO),
		};
	}
	buffer_account(buffer);
	return buffer;
}

/* Planes behind each other, or each in its own object; rows have bytes behind them. */
static struct frame_format layout_of(uint32_t fourcc, bool apart)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	struct frame_format format = {
		.fourcc = fourcc, .width = WIDTH, .height = HEIGHT, .n_planes = pixels->n_planes,
	};
	size_t at = START;

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		format.planes[i].object = apart ? i : 0;
		format.planes[i].offset = apart ? START : at;
		format.planes[i].stride = pixel_format_row_bytes(pixels, i, WIDTH) + 30;
		at += format.planes[i].stride * pixel_format_rows(pixels, i, HEIGHT);
	}
	return format;
}

static struct wc_video_frame *frame_on(struct buffer *buffer, const struct frame_format *format)
{
	struct wc_rect visible = { 0, 0, format->width, format->height };
	struct timing timing = { .timestamp = 5 };
	struct wc_video_frame *frame = video_frame_new(core, buffer, format, &visible, &timing);

	ck_assert_ptr_nonnull(frame);
	buffer_unref(buffer);
	video_frame_give(frame);
	return frame;
}

static struct wc_video_frame *device_frame(enum wc_memory_kind kind)
{
	struct frame_format format = layout_of(DRM_FORMAT_NV12, true);

	return frame_on(device_buffer(kind, 2), &format);
}

static void expect_content(struct wc_video_frame *frame)
{
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame_layout layout;

	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	for (unsigned i = 0; i < mapping.plane_count; i++)
		for (size_t row = 0; row < mapping.planes[i].rows; row++)
			for (size_t x = 0; x < mapping.planes[i].row_bytes; x++)
				ck_assert_uint_eq(mapping.planes[i].data[row *
						  mapping.planes[i].stride + x],
						  content_at(layout.planes[i].object *
							     OBJECT_SIZE +
							     layout.planes[i].offset +
							     row * layout.planes[i].stride + x));
	wc_video_frame_unmap(frame);
}

static uint64_t bytes_of(enum wc_memory_kind kind)
{
	return core->counters.bytes_by_kind[kind];
}

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	ck_assert_ptr_nonnull(core);
	n_idle = 0;
	n_destroyed = 0;
	armed = false;
	seen = 0;
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.video_frames, 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	ck_assert_uint_eq(external_memory_total(&core->external_memory), 0);
	core_unref(core);
}

static const uint32_t fourccs[] = {
	DRM_FORMAT_NV12, DRM_FORMAT_NV16, DRM_FORMAT_YUV420, DRM_FORMAT_YVU420, DRM_FORMAT_YUV422,
	DRM_FORMAT_YUV444, DRM_FORMAT_ABGR8888, DRM_FORMAT_S010, DRM_FORMAT_YUYV,
};

START_TEST(every_layout_moves_as_it_is)
{
	uint32_t fourcc = fourccs[_i / 2];
	struct frame_format format = layout_of(fourcc, _i % 2);
	unsigned n_objects = _i % 2 ? format.n_planes : 1;
	struct wc_video_frame *frame = frame_on(device_buffer(WC_MEMORY_DRIVER, n_objects),
						&format);
	uint64_t handle = wc_video_frame_get_handle(frame);
	struct wc_video_frame_layout before, after;
	struct relief relief;
	struct wc_dma_buf dma_buf;

	ck_assert_int_eq(wc_video_frame_get_layout(frame, &before), WC_OK);
	relief = frames_spill(core, SPILL_ALL, 0);
	ck_assert_uint_eq(relief.freed, n_objects * OBJECT_SIZE);
	ck_assert_uint_eq(n_destroyed, 1);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_DRIVER), 0);
	/* No more than the picture needs. */
	ck_assert_uint_gt(bytes_of(WC_MEMORY_PLAIN), 0);
	ck_assert_uint_lt(bytes_of(WC_MEMORY_PLAIN), n_objects * OBJECT_SIZE);
	ck_assert_uint_eq(core->counters.bytes_copied, bytes_of(WC_MEMORY_PLAIN));
	ck_assert_int_eq(wc_video_frame_get_layout(frame, &after), WC_OK);
	ck_assert_mem_eq(&before, &after, sizeof before);
	ck_assert_uint_eq(wc_video_frame_get_handle(frame), handle);
	expect_content(frame);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_NOT_SUPPORTED_ERROR);
	/* Once is enough. */
	relief = frames_spill(core, SPILL_ALL, 0);
	ck_assert_uint_eq(relief.freed + relief.returned, 0);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(a_picture_without_rows_moves_byte_by_byte)
{
	struct frame_format format = layout_of(DRM_FORMAT_NV12, true);
	struct wc_video_frame *frame;

	format.modifier = DRM_FORMAT_MOD_SAMSUNG_64_32_TILE;
	format.tiling = TILING_64X32_Z;
	frame = frame_on(device_buffer(WC_MEMORY_DRIVER, 2), &format);
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).freed, 2 * OBJECT_SIZE);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_PLAIN), 2 * OBJECT_SIZE);
	for (unsigned i = 0; i < 2; i++)
		for (size_t j = 0; j < OBJECT_SIZE; j++)
			ck_assert_uint_eq(frame->buffer->objects[i].map[j],
					  content_at(i * OBJECT_SIZE + j));
	wc_video_frame_unref(frame);
}
END_TEST

/* The CPU's copy of a compressed picture would be of use to nobody. */
START_TEST(what_only_devices_can_read_stays)
{
	struct frame_format format = layout_of(DRM_FORMAT_NV12, true);
	struct wc_video_frame *frame;

	format.modifier = DRM_FORMAT_MOD_ARM_AFBC(AFBC_FORMAT_MOD_BLOCK_SIZE_16x16);
	format.tiling = TILING_OPAQUE;
	frame = frame_on(device_buffer(WC_MEMORY_DRIVER, 2), &format);
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).freed, 0);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_DRIVER), 2 * OBJECT_SIZE);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_PLAIN), 0);
	wc_video_frame_unref(frame);
	ck_assert_uint_eq(n_destroyed, 1);
}
END_TEST

START_TEST(clones_move_together)
{
	struct wc_video_frame *frame = device_frame(WC_MEMORY_HEAP), *clones[2];

	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(wc_video_frame_clone(frame, &clones[i]), WC_OK);
	ck_assert_uint_eq(frames_spill(core, SPILL_TO_FREE, 0).freed, 2 * OBJECT_SIZE);
	ck_assert_uint_eq(n_destroyed, 1);
	ck_assert_ptr_eq(frame->buffer, clones[0]->buffer);
	ck_assert_ptr_eq(frame->buffer, clones[1]->buffer);
	expect_content(clones[1]);
	for (unsigned i = 0; i < 2; i++)
		wc_video_frame_unref(clones[i]);
	expect_content(frame);
	wc_video_frame_unref(frame);
}
END_TEST

enum obstacle { MAPPED, IN_USE, CLONE_MAPPED, EXPORTED, CLONE_EXPORTED, CODEC, CACHE, PIN, UNSEEN };

/* Where one frame on a buffer cannot move, none does; once it can, all do. */
START_TEST(what_is_in_use_stays)
{
	struct wc_video_frame *frame = device_frame(WC_MEMORY_DRIVER), *clone, *own = NULL;
	struct buffer *buffer = frame->buffer;
	uint8_t *map = buffer->objects[1].map;
	struct wc_video_frame_mapping mapping;
	struct wc_frame_cache *cache;
	struct wc_dma_buf dma_buf = { 0 };
	struct relief relief;

	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	ck_assert_int_eq(frame_cache_new(core, NULL, &cache), WC_OK);
	if (_i == MAPPED || _i == CLONE_MAPPED)
		ck_assert_int_eq(wc_video_frame_map(_i == MAPPED ? frame : clone, WC_MAP_READ,
						    &mapping), WC_OK);
	if (_i == IN_USE)
		ck_assert(guard_use(&frame->guard, &core->seizures));
	if (_i == EXPORTED || _i == CLONE_EXPORTED)
		ck_assert_int_eq(wc_video_frame_export_dma_buf(_i == EXPORTED ? frame : clone,
							       &dma_buf), WC_OK);
	if (_i == CODEC)
		own = video_frame_clone(frame);
	if (_i == CACHE)
		ck_assert_int_eq(wc_frame_cache_put(cache, 1, frame), WC_OK);
	if (_i == PIN)
		buffer_pin(buffer);
	if (_i == UNSEEN)
		buffer->objects[1].map = NULL;
	relief = frames_spill(core, SPILL_ALL, 0);
	ck_assert_uint_eq(relief.freed + relief.returned, 0);
	ck_assert_ptr_eq(frame->buffer, buffer);
	ck_assert_ptr_eq(clone->buffer, buffer);
	ck_assert(guard_is_idle(&frame->guard) || _i == MAPPED || _i == IN_USE);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_PLAIN), 0);

	wc_video_frame_unmap(_i == MAPPED ? frame : clone);
	if (_i == IN_USE)
		guard_end_use(&frame->guard);
	wc_video_frame_unref(own);
	wc_frame_cache_clear(cache);
	if (_i == PIN)
		buffer_unpin(buffer);
	buffer->objects[1].map = map;
	wc_dma_buf_finish(&dma_buf);
	relief = frames_spill(core, SPILL_ALL, 0);
	/* Who imported the memory may have it still. */
	if (_i == EXPORTED || _i == CLONE_EXPORTED) {
		ck_assert_ptr_eq(frame->buffer, buffer);
	} else {
		ck_assert_uint_eq(relief.freed, 2 * OBJECT_SIZE);
		ck_assert_ptr_eq(frame->buffer, clone->buffer);
	}
	expect_content(frame);
	wc_frame_cache_destroy(cache);
	wc_video_frame_unref(clone);
	wc_video_frame_unref(frame);
}
END_TEST

/* A promise that ended with its frame keeps the next picture from nothing. */
START_TEST(an_export_counts_for_one_picture)
{
	struct frame_format format = layout_of(DRM_FORMAT_NV12, true);
	struct buffer *buffer = device_buffer(WC_MEMORY_DRIVER, 2);
	struct wc_video_frame *frame = frame_on(buffer_ref(buffer), &format);
	struct wc_dma_buf dma_buf;

	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_OK);
	wc_dma_buf_finish(&dma_buf);
	wc_video_frame_unref(frame);
	frame = frame_on(buffer_ref(buffer), &format);
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).returned, 2 * OBJECT_SIZE);
	wc_video_frame_unref(frame);
	buffer_unref(buffer);
}
END_TEST

START_TEST(the_maker_gets_its_buffer_back)
{
	struct frame_format format = layout_of(DRM_FORMAT_NV12, true);
	struct buffer *buffer = device_buffer(WC_MEMORY_DRIVER, 2);
	struct wc_video_frame *frame = frame_on(buffer_ref(buffer), &format);
	struct relief relief = frames_spill(core, SPILL_TO_FREE, 0);

	/* Nothing would come free. */
	ck_assert_uint_eq(relief.freed + relief.returned, 0);
	ck_assert_uint_eq(n_idle, 0);
	relief = frames_spill(core, SPILL_ALL, 0);
	ck_assert_uint_eq(relief.freed, 0);
	ck_assert_uint_eq(relief.returned, 2 * OBJECT_SIZE);
	ck_assert_uint_eq(n_idle, 1);
	ck_assert_uint_eq(n_destroyed, 0);
	buffer_unref(buffer);
	ck_assert_uint_eq(n_destroyed, 1);
	expect_content(frame);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(the_oldest_move_first_as_far_as_needed)
{
	struct wc_video_frame *frames[4];

	for (unsigned i = 0; i < 4; i++)
		frames[i] = device_frame(WC_MEMORY_DUMB);
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 2 * OBJECT_SIZE + 1).freed,
			  4 * OBJECT_SIZE);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_DUMB), 4 * OBJECT_SIZE);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(frames[i]->buffer->kind, i < 2 ? WC_MEMORY_PLAIN : WC_MEMORY_DUMB);
		wc_video_frame_unref(frames[i]);
	}
}
END_TEST

/* Under pressure of the control group, to which plain memory is charged. */
START_TEST(plain_memory_shrinks_where_it_is_far_too_large)
{
	struct frame_format format = layout_of(DRM_FORMAT_NV12, false);
	struct wc_video_frame *device = device_frame(WC_MEMORY_DRIVER);
	struct wc_video_frame *large = frame_on(buffer_new_plain(core, 100000), &format);
	struct wc_video_frame *fitting = frame_on(buffer_new_plain(core, 2500), &format);
	struct buffer *before = fitting->buffer;
	size_t start = format.planes[0].offset;
	uint64_t freed, plain;

	memset(large->buffer->objects[0].map + start, 0x5e, 1000);
	plain = bytes_of(WC_MEMORY_PLAIN);
	freed = frames_spill(core, SPILL_TO_SHRINK, 0).freed;
	ck_assert_uint_gt(freed, 50000);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_PLAIN), plain - freed);
	ck_assert_int_eq(device->buffer->kind, WC_MEMORY_DRIVER);
	ck_assert_ptr_eq(fitting->buffer, before);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(video_frame_plane(large, 0)[i], 0x5e);
	wc_video_frame_unref(device);
	wc_video_frame_unref(large);
	wc_video_frame_unref(fitting);
}
END_TEST

START_TEST(without_memory_all_stays_as_it_is)
{
	struct wc_video_frame *frame = device_frame(WC_MEMORY_DRIVER);
	struct buffer *buffer = frame->buffer;
	struct relief relief;

	/* The memory, and what describes it. */
	for (due = 0; due < 2; due++) {
		seen = 0;
		armed = true;
		relief = frames_spill(core, SPILL_ALL, 0);
		armed = false;
		ck_assert_uint_eq(relief.freed + relief.returned, 0);
		ck_assert_uint_eq(seen, due + 1);
		ck_assert_ptr_eq(frame->buffer, buffer);
		ck_assert(guard_is_idle(&frame->guard));
		ck_assert_uint_eq(core->counters.buffers, 1);
	}
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).freed, 2 * OBJECT_SIZE);
	expect_content(frame);
	wc_video_frame_unref(frame);
}
END_TEST

/* ---- room is made with nothing seized ---- */

struct closing {
	struct wc_video_frame *frame;  /* closed by the release of the cached one */
	bool done;
};

static void close_other(void *user_data)
{
	struct closing *closing = user_data;

	wc_video_frame_close(closing->frame);
	closing->done = true;
}

/* A frame on memory of the application's that nobody but the cache keeps. */
static struct wc_frame_cache *cache_with_wrapped(uint8_t *memory, uint32_t size,
						 struct closing *closing)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_R8, .coded_width = size, .coded_height = 1,
	};
	struct wc_video_frame *frame = NULL;
	struct wc_frame_cache *cache = NULL;
	struct wc_error error;

	ck_assert_int_eq(video_frame_new_wrapped(core, memory, size, &init, close_other, closing,
						 &frame, &error), WC_OK);
	ck_assert_int_eq(frame_cache_new(core, NULL, &cache), WC_OK);
	ck_assert_int_eq(wc_frame_cache_put(cache, 1, frame), WC_OK);
	wc_video_frame_unref(frame);
	return cache;
}

START_TEST(who_is_evicted_for_a_copy_may_close_what_is_moved)
{
	static uint8_t memory[OBJECT_SIZE];
	struct wc_video_frame *frame = device_frame(WC_MEMORY_DRIVER);
	struct wc_video_frame *other = device_frame(WC_MEMORY_DRIVER);
	struct closing closing = { .frame = _i ? frame : wc_video_frame_ref(other) };
	struct wc_frame_cache *cache = cache_with_wrapped(memory, sizeof memory, &closing);

	/* The copy fits when the cached frame is gone, and not before. */
	memory_set_limit(core, MEMORY_ALL_KINDS, memory_used(core, MEMORY_ALL_KINDS));
	alarm(20);
	frames_spill(core, SPILL_ALL, 1);
	alarm(0);
	ck_assert(closing.done);
	ck_assert_int_eq(wc_video_frame_is_closed(frame), _i == 1);
	ck_assert_int_eq(wc_video_frame_is_closed(other), _i == 0);
	/* The closed one made way for nothing: the next one moves. */
	ck_assert_uint_gt(bytes_of(WC_MEMORY_PLAIN), 0);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_DRIVER), 0);
	expect_content(_i ? other : frame);
	if (!_i)
		wc_video_frame_unref(other);
	wc_video_frame_unref(frame);
	wc_video_frame_unref(other);
	wc_frame_cache_destroy(cache);
}
END_TEST

START_TEST(a_copy_for_which_there_is_no_room_ends_it)
{
	struct wc_video_frame *frame = device_frame(WC_MEMORY_DRIVER);
	struct relief relief;

	memory_set_limit(core, WC_MEMORY_PLAIN, 1);
	relief = frames_spill(core, SPILL_ALL, 0);
	ck_assert_uint_eq(relief.freed + relief.returned, 0);
	ck_assert(guard_is_idle(&frame->guard));
	memory_set_limit(core, WC_MEMORY_PLAIN, 0);
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).freed, 2 * OBJECT_SIZE);
	wc_video_frame_unref(frame);
}
END_TEST

static int64_t told;

static void on_change(int64_t change, void *user_data)
{
	(void)user_data;
	told += change;
	ck_assert_int_ge(told, 0);
}

START_TEST(external_memory_goes_along)
{
	struct wc_video_frame *frame, *clone;

	told = 0;
	external_memory_set_hook(&core->external_memory, on_change, NULL);
	frame = device_frame(WC_MEMORY_DRIVER);
	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	ck_assert_int_eq(told, 2 * OBJECT_SIZE);
	frames_spill(core, SPILL_ALL, 0);
	ck_assert_int_eq(told, (int64_t)bytes_of(WC_MEMORY_PLAIN));
	wc_video_frame_close(frame);
	ck_assert_int_eq(told, (int64_t)bytes_of(WC_MEMORY_PLAIN));
	ck_assert_int_gt(told, 0);
	wc_video_frame_unref(clone);
	ck_assert_int_eq(told, 0);
	wc_video_frame_unref(frame);
}
END_TEST

/* ---- threads ---- */

#define THREADS 8
#define ROUNDS 300
#define SHARED 6

static struct wc_video_frame *shared[SHARED];
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint n_running;

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static struct wc_video_frame *clone_of_shared(unsigned index)
{
	struct wc_video_frame *clone = NULL;

	pthread_mutex_lock(&shared_lock);
	if (wc_video_frame_clone(shared[index], &clone) < 0)
		ck_assert(wc_video_frame_is_closed(shared[index]));
	pthread_mutex_unlock(&shared_lock);
	return clone;
}

/* The clone takes the place, or goes. */
static void put_or_drop(struct wc_video_frame *clone, unsigned index, bool put)
{
	if (put) {
		struct wc_video_frame *old;

		pthread_mutex_lock(&shared_lock);
		old = shared[index];
		shared[index] = clone;
		pthread_mutex_unlock(&shared_lock);
		clone = old;
	}
	wc_video_frame_close(clone);
	wc_video_frame_unref(clone);
}

static void read_frame(struct wc_video_frame *frame, uint32_t how)
{
	uint8_t copy[WIDTH * HEIGHT * 3 / 2];
	struct wc_video_frame_mapping mapping;
	int ret;

	if (how % 2) {
		ret = wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, NULL);
		if (ret == WC_OK)
			ck_assert_uint_eq(copy[WIDTH - 1], content_at(START + WIDTH - 1));
	} else {
		ret = wc_video_frame_map(frame, WC_MAP_READ, &mapping);
		if (ret == WC_OK)
			ck_assert_uint_eq(mapping.planes[0].data[3], content_at(START + 3));
		wc_video_frame_unmap(frame);
	}
	ck_assert(ret == WC_OK || ret == WC_INVALID_STATE_ERROR);
}

static void *use_frames(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned index = next_random(&state) % SHARED;
		struct wc_video_frame *clone = clone_of_shared(index);

		if (!clone) {
			clone = device_frame(WC_MEMORY_DRIVER);
			put_or_drop(clone, index, true);
			continue;
		}
		read_frame(clone, next_random(&state));
		wc_video_frame_get_coded_width(clone);
		put_or_drop(clone, index, next_random(&state) % 2);
		if (next_random(&state) % 4 == 0)
			put_or_drop(device_frame(WC_MEMORY_DRIVER), index, true);
	}
	atomic_fetch_sub(&n_running, 1);
	return NULL;
}

/* What the thread of the context does meanwhile: trim, spill, now and then close. */
static void press(unsigned round, struct wc_frame_cache *cache)
{
	struct wc_video_frame *clone = clone_of_shared(round % SHARED);

	if (clone) {
		wc_frame_cache_put(cache, round % 4, clone);
		wc_video_frame_unref(clone);
	}
	shrinker_list_shrink(&core->shrinkers, round % 3 ? 1 : SIZE_MAX);
	frames_spill(core, SPILL_ALL, round % 5 ? 0 : 1);
	if (round % 16 == 0)
		frames_force_close(core, (1u << WC_MEMORY_KINDS) - 1, 1);
}

START_TEST(threads_use_frames_while_they_move_and_close)
{
	struct wc_frame_cache *cache;
	pthread_t threads[THREADS];
	uint64_t copied;

	external_memory_set_hook(&core->external_memory, on_change, NULL);
	told = 0;
	ck_assert_int_eq(frame_cache_new(core, NULL, &cache), WC_OK);
	for (unsigned i = 0; i < SHARED; i++)
		shared[i] = device_frame(WC_MEMORY_DRIVER);
	atomic_store(&n_running, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use_frames, (void *)(i + 1)),
				 0);
	for (unsigned round = 0; atomic_load(&n_running); round++)
		press(round, cache);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	copied = core->counters.bytes_copied;
	ck_assert_uint_gt(copied, 0);
	wc_frame_cache_destroy(cache);
	frames_spill(core, SPILL_ALL, 0);
	ck_assert_uint_eq(bytes_of(WC_MEMORY_DRIVER), 0);
	for (unsigned i = 0; i < SHARED; i++)
		wc_video_frame_unref(shared[i]);
	ck_assert_int_eq(told, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spill");
	TCase *tcase = tcase_create("spill");
	SRunner *runner = srunner_create(suite);
	int failed;

#ifdef WITHOUT_CENSUS
	puts("SKIP: without a census no frame is found");
	return 77;
#endif
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, every_layout_moves_as_it_is, 0, 2 * (int)ARRAY_SIZE(fourccs));
	tcase_add_test(tcase, a_picture_without_rows_moves_byte_by_byte);
	tcase_add_test(tcase, what_only_devices_can_read_stays);
	tcase_add_test(tcase, clones_move_together);
	tcase_add_loop_test(tcase, what_is_in_use_stays, MAPPED, UNSEEN + 1);
	tcase_add_test(tcase, an_export_counts_for_one_picture);
	tcase_add_test(tcase, the_maker_gets_its_buffer_back);
	tcase_add_test(tcase, the_oldest_move_first_as_far_as_needed);
	tcase_add_test(tcase, plain_memory_shrinks_where_it_is_far_too_large);
	tcase_add_test(tcase, without_memory_all_stays_as_it_is);
	tcase_add_loop_test(tcase, who_is_evicted_for_a_copy_may_close_what_is_moved, 0, 2);
	tcase_add_test(tcase, a_copy_for_which_there_is_no_room_ends_it);
	tcase_add_test(tcase, external_memory_goes_along);
	tcase_add_test(tcase, threads_use_frames_while_they_move_and_close);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
