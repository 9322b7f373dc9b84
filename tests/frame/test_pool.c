/* SPDX-License-Identifier: MIT */
/*
 * The pool of buffers: reuse, bounds, generations, waiting, ends, threads. Memory comes from an
 * allocator of the test's where failures or counts matter, and calls of the C library fail by
 * --wrap of the linker.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frame/encoded_video_chunk.h"
#include "frame/pool.h"
#include "frame/video_frame.h"
#include "util/clock.h"

/* ---- allocations of the C library fail when they are due ---- */

static bool armed;
static unsigned due;
static atomic_uint seen;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static bool fails(void)
{
	if (atomic_fetch_add(&seen, 1) != due || !armed)
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

/* ---- an allocator that counts, pads and fails at will ---- */

#define NEVER UINT_MAX

struct test_allocator {
	struct pool_allocator base;
	atomic_uint calls, live, releases;
	unsigned fail_at;              /* the call that fails, from 0; NEVER */
	int error;
	size_t padding;                /* bytes more than asked for */
	struct pool_key last;          /* of the last call; one thread only */
	bool keep_last;
	bool looks;                    /* at the pool, which is not locked then */
};

static struct test_allocator allocator;

static struct core *core;
static struct pool *pool;

static void look_at_pool(const struct test_allocator *a)
{
	struct pool_stats stats;

	if (a->looks)
		pool_get_stats(pool, &stats);
}

static int test_alloc(struct pool_allocator *base, const struct pool_key *key,
		      struct buffer *buffer, void **opaque)
{
	struct test_allocator *a = container_of(base, struct test_allocator, base);
	unsigned call = atomic_fetch_add(&a->calls, 1);
	size_t size = key->size + a->padding;

	look_at_pool(a);
	if (call == a->fail_at)
		return a->error;
	if (a->keep_last)
		a->last = *key;
	buffer->n_objects = 2;
	for (unsigned i = 0; i < 2; i++) {
		size_t part = i ? size - size / 2 : size / 2;

		buffer->objects[i] = (struct buffer_object) { malloc(part), part, -1 };
		ck_assert_ptr_nonnull(buffer->objects[i].map);
	}
	*opaque = buffer->objects[1].map;
	atomic_fetch_add(&a->live, 1);
	return 0;
}

static void test_free(struct pool_allocator *base, struct buffer *buffer, void *opaque)
{
	struct test_allocator *a = container_of(base, struct test_allocator, base);

	look_at_pool(a);
	if (opaque != buffer->objects[1].map)
		abort();
	free(buffer->objects[0].map);
	free(buffer->objects[1].map);
	atomic_fetch_sub(&a->live, 1);
}

static void test_release(struct pool_allocator *base)
{
	atomic_fetch_add(&container_of(base, struct test_allocator, base)->releases, 1);
}

static const struct pool_allocator_ops test_ops = { test_alloc, test_free, test_release };

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	pool = pool_new(core);
	memset(&allocator, 0, sizeof allocator);
	allocator.base.ops = &test_ops;
	allocator.fail_at = NEVER;
	allocator.keep_last = true;
}

static void tear_down(void)
{
	pool_close(pool);
	ck_assert_uint_eq(allocator.live, 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	core_unref(core);
}

/* A buffer with its memory written to, so that sanitizers see what is too small. */
static struct buffer *get(size_t size)
{
	struct buffer *buffer = pool_get(pool, size);

	ck_assert_ptr_nonnull(buffer);
	ck_assert_uint_ge(buffer->objects[0].size, size);
	memset(buffer->objects[0].map, 0x11, buffer->objects[0].size);
	return buffer;
}

START_TEST(what_comes_back_is_taken_again)
{
	struct buffer *first = get(100), *second;

	first->read_only = true;
	buffer_unpin(first);
	second = get(50);
	ck_assert_ptr_eq(second, first);
	ck_assert(!second->read_only);
	ck_assert_uint_eq(core->counters.buffers, 1);
	/* One in use is not given out. */
	first = get(50);
	ck_assert_ptr_ne(second, first);
	buffer_unpin(first);
	buffer_unpin(second);
}
END_TEST

START_TEST(too_small_buffers_do_not_count)
{
	struct buffer *small = get(10), *large;

	buffer_unpin(small);
	large = get(100000);
	ck_assert_ptr_ne(large, small);
	buffer_unpin(large);
	ck_assert_ptr_eq(get(100000), large);
	buffer_unpin(large);
	ck_assert_uint_eq(core->counters.buffers, 2);
}
END_TEST

START_TEST(references_alone_do_not_hold_the_content)
{
	struct buffer *buffer = get(10);

	buffer_ref(buffer);
	buffer_unpin(buffer);
	ck_assert_ptr_eq(get(10), buffer);
	buffer_unpin(buffer);
	buffer_unref(buffer);
}
END_TEST

#define MANY 40

START_TEST(idle_buffers_are_bounded)
{
	struct buffer *buffers[MANY];

	for (int i = 0; i < MANY; i++)
		buffers[i] = get(1000);
	ck_assert_uint_eq(core->counters.buffers, MANY);
	for (int i = 0; i < MANY; i++)
		buffer_unpin(buffers[i]);
	ck_assert_uint_lt(core->counters.buffers, MANY);
	ck_assert_uint_gt(core->counters.buffers, 1);
	/* What came back last is kept. */
	ck_assert_ptr_eq(get(1000), buffers[MANY - 1]);
	buffer_unpin(buffers[MANY - 1]);
}
END_TEST

START_TEST(small_ones_make_room_for_larger_ones)
{
	struct buffer *buffers[MANY];
	struct buffer *large;

	for (int i = 0; i < MANY; i++)
		buffers[i] = get(1000);
	for (int i = 0; i < MANY; i++)
		buffer_unpin(buffers[i]);
	large = get(50000);
	buffer_unpin(large);
	ck_assert_ptr_eq(get(50000), large);
	buffer_unpin(large);
}
END_TEST

START_TEST(idle_bytes_are_bounded)
{
	struct buffer *buffers[4];

	for (int i = 0; i < 4; i++)
		buffers[i] = get((size_t)3 << 20);
	for (int i = 0; i < 4; i++)
		buffer_unpin(buffers[i]);
	ck_assert_uint_le(core->counters.buffer_bytes, (size_t)8 << 20);
	/* Too large to be kept at all. */
	buffer_unpin(get((size_t)9 << 20));
	ck_assert_uint_le(core->counters.buffer_bytes, (size_t)8 << 20);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
	ck_assert_ptr_null(pool_get(pool, SIZE_MAX));
	ck_assert_uint_eq(core->counters.buffers, 0);
	buffer_unpin(get(0));
}
END_TEST

START_TEST(buffers_outlive_their_pool)
{
	struct buffer *buffer = get(10);

	buffer_unpin(get(10));
	pool_close(pool);
	pool = NULL;
	ck_assert_uint_eq(core->counters.buffers, 1);
	memset(buffer->objects[0].map, 0x22, 10);
	buffer_unpin(buffer);
	ck_assert_uint_eq(core->counters.buffers, 0);
}
END_TEST

static void *give_back(void *data)
{
	struct buffer **buffers = data;

	for (int i = 0; i < MANY; i++)
		buffer_unpin(buffers[i]);
	return NULL;
}

START_TEST(buffers_come_back_from_other_threads)
{
	struct buffer *buffers[2][MANY];
	pthread_t threads[2];

	for (int i = 0; i < MANY; i++) {
		buffers[0][i] = get(100);
		buffers[1][i] = get(200);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, give_back, buffers[i]), 0);
	for (int i = 0; i < 100; i++)
		buffer_unpin(get((size_t)i * 10));
	pool_close(pool);
	pool = NULL;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

/* ---- keys and limits ---- */

#define SIZE ((size_t)6000)

static const struct pool_key nv12 = {
	.size = SIZE, .fourcc = DRM_FORMAT_NV12, .width = 80, .height = 50,
};

/* Instead of the plain one, with the allocator of the test; the key is nv12 if none is given. */
static int remake(struct pool_options options)
{
	pool_close(pool);
	options.allocator = &allocator.base;
	if (!options.key.size)
		options.key = nv12;
	return pool_new_with(core, &options, &pool);
}

#define must_remake(...) \
	ck_assert_int_eq(remake((struct pool_options) { __VA_ARGS__ }), 0)

static struct pool_stats stats_of(void)
{
	struct pool_stats stats;

	pool_get_stats(pool, &stats);
	return stats;
}

static struct buffer *must_try(void)
{
	struct buffer *buffer;

	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	ck_assert_ptr_nonnull(buffer);
	memset(buffer->objects[0].map, 0x33, buffer->objects[0].size);
	memset(buffer->objects[1].map, 0x33, buffer->objects[1].size);
	return buffer;
}

/* n gets, then all given back in order. */
static void warm(unsigned n)
{
	struct buffer *buffers[MANY];

	for (unsigned i = 0; i < n; i++)
		buffers[i] = must_try();
	for (unsigned i = 0; i < n; i++)
		buffer_unpin(buffers[i]);
}

static int try_fails(size_t size)
{
	struct buffer *buffer = (struct buffer *)&allocator;
	int ret = pool_try(pool, size, &buffer);

	ck_assert_int_lt(ret, 0);
	ck_assert_ptr_null(buffer);
	return ret;
}

START_TEST(buffers_are_made_ahead)
{
	must_remake(.min = 3);
	ck_assert_uint_eq(allocator.live, 3);
	ck_assert_uint_eq(stats_of().idle, 3);
	ck_assert_uint_eq(stats_of().idle_bytes, 3 * SIZE);
	ck_assert_uint_eq(allocator.last.width, 80);
	warm(3);
	ck_assert_uint_eq(allocator.calls, 3);
	ck_assert_uint_eq(stats_of().misses, 0);
	ck_assert_uint_eq(stats_of().reused, 3);
}
END_TEST

START_TEST(options_that_contradict_each_other_are_refused)
{
	struct pool_options none = { .min = 1 };
	const struct pool_options bad[] = {
		{ .min = 3, .max.buffers = 2 },
		{ .min = 3, .high.buffers = 2 },
		{ .min = 3, .high.buffers = 4, .low.buffers = 2 },
		{ .min = 3, .high.bytes = 2 * SIZE },
		{ .high.buffers = 3, .low.buffers = 4 },
		{ .high.bytes = 10, .low.bytes = 20 },
		{ .high.buffers = POOL_MAX_IDLE + 1 },
		{ .max.bytes = SIZE - 1 },
		{ .step = 17 },
		{ .idle_time = -1 },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(remake(bad[i]), -EINVAL);
		ck_assert_ptr_null(pool);
	}
	ck_assert_int_eq(pool_new_with(core, &none, &pool), -EINVAL);
	none = (struct pool_options) { .min = 3, .max.bytes = 2 * SIZE };
	ck_assert_int_eq(remake(none), -EAGAIN);
	ck_assert_uint_eq(allocator.live, 0);
	/* The caller has it still. */
	ck_assert_uint_eq(allocator.releases, 0);
}
END_TEST

START_TEST(the_allocator_runs_without_the_lock)
{
	struct pool_key key = nv12;
	struct buffer *buffer;

	must_remake(.step = 2, .high.buffers = 2);
	allocator.looks = true;
	buffer = must_try();
	warm(3);
	key.width = 50;
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	buffer_unpin(buffer);
	warm(2);
	pool_trim(pool, 0, 0);
	allocator.looks = false;
}
END_TEST

START_TEST(the_allocator_ends_with_the_last_buffer)
{
	struct buffer *buffer;

	must_remake(.min = 1);
	buffer = must_try();
	ck_assert_ptr_eq(pool_opaque(buffer), buffer->objects[1].map);
	pool_close(pool);
	pool = NULL;
	ck_assert_uint_eq(allocator.releases, 0);
	buffer_unpin(buffer);
	ck_assert_uint_eq(allocator.releases, 1);
}
END_TEST

START_TEST(a_miss_makes_a_whole_step)
{
	must_remake(.step = 4, .max.buffers = 6);
	warm(1);
	ck_assert_uint_eq(allocator.calls, 4);
	warm(5);
	/* The second step ends at the limit. */
	ck_assert_uint_eq(allocator.calls, 6);
	ck_assert_uint_eq(stats_of().misses, 2);
}
END_TEST

START_TEST(no_more_buffers_than_allowed)
{
	struct buffer *first, *second;

	must_remake(.max.buffers = 2);
	first = must_try();
	second = must_try();
	ck_assert_int_eq(try_fails(0), -EAGAIN);
	ck_assert_uint_eq(stats_of().exhausted, 1);
	ck_assert_uint_eq(stats_of().failed, 0);
	ck_assert_uint_eq(stats_of().peak, 2);
	buffer_unpin(second);
	ck_assert_ptr_eq(must_try(), second);
	/* One that somebody still refers to has its memory, and counts. */
	buffer_ref(second);
	buffer_unpin(second);
	ck_assert_uint_eq(pool_trim(pool, 0, 0), SIZE);
	ck_assert_int_eq(try_fails(0), -EAGAIN);
	buffer_unref(second);
	buffer_unpin(must_try());
	buffer_unpin(first);
}
END_TEST

START_TEST(no_more_bytes_than_allowed)
{
	struct buffer *first, *second;

	must_remake(.max.bytes = 3 * SIZE - 1);
	first = must_try();
	second = must_try();
	ck_assert_int_eq(try_fails(0), -EAGAIN);
	ck_assert_uint_eq(stats_of().bytes, 2 * SIZE);
	buffer_unpin(first);
	buffer_unpin(second);
	ck_assert_uint_eq(stats_of().peak_bytes, 2 * SIZE);
}
END_TEST

START_TEST(bytes_beyond_those_asked_for_count)
{
	const struct pool_key other = { .size = SIZE };
	struct buffer *first;

	allocator.padding = 100;
	must_remake(.max.bytes = 2 * SIZE + 150);
	first = must_try();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(try_fails(0), -EAGAIN);
	ck_assert_uint_eq(allocator.calls, 1);
	buffer_unpin(first);
	ck_assert_uint_eq(stats_of().peak_bytes, SIZE + 100);

	/* More of it than before: found out afterwards, and undone. */
	must_remake(.max.bytes = 2 * SIZE + 250);
	first = must_try();
	allocator.padding = 200;
	ck_assert_int_eq(try_fails(0), -EAGAIN);
	ck_assert_uint_eq(stats_of().bytes, SIZE + 100);
	ck_assert_uint_eq(allocator.live, 1);
	buffer_unpin(first);

	allocator.padding = SIZE;
	must_remake(.max.bytes = SIZE + 10);
	ck_assert_int_eq(try_fails(0), -EINVAL);
	ck_assert_uint_eq(allocator.live, 0);
	/* What was learned of one key is not said of the next. */
	allocator.padding = 0;
	ck_assert_int_eq(pool_set_key(pool, &other), 0);
	warm(1);
}
END_TEST

START_TEST(idle_ones_make_room_within_the_limit)
{
	struct pool_options options = { .max = { .bytes = 40960 } };
	struct buffer *small[4], *large;

	pool_close(pool);
	ck_assert_int_eq(pool_new_with(core, &options, &pool), 0);
	for (int i = 0; i < 4; i++)
		small[i] = get(4000);
	for (int i = 0; i < 4; i++)
		buffer_unpin(small[i]);
	/* 36864 bytes: the small ones have to go first, but for the last one. */
	large = get(36863);
	ck_assert_uint_eq(stats_of().trimmed, 3);
	ck_assert_ptr_eq(get(100), small[3]);
	ck_assert_int_eq(try_fails(1), -EAGAIN);
	ck_assert_int_eq(try_fails(40960), -EINVAL);
	buffer_unpin(small[3]);
	buffer_unpin(large);
}
END_TEST

START_TEST(above_the_high_mark_down_to_the_low_one)
{
	must_remake(.high.buffers = 6, .low.buffers = 3);
	warm(6);
	ck_assert_uint_eq(stats_of().idle, 6);
	warm(7);
	/* The seventh: three are left, it among them. */
	ck_assert_uint_eq(stats_of().idle, 3);
	ck_assert_uint_eq(stats_of().trimmed, 4);
	must_remake(.high.bytes = 6 * SIZE, .low.bytes = 2 * SIZE);
	warm(7);
	ck_assert_uint_eq(stats_of().idle, 2);
	must_remake(.high.bytes = SIZE - 1);
	warm(1);
	ck_assert_uint_eq(stats_of().idle, 0);
}
END_TEST

START_TEST(sizes_beyond_the_key_are_refused)
{
	struct buffer *buffer;

	must_remake(.min = 1);
	ck_assert_int_eq(try_fails(SIZE + 1), -EINVAL);
	ck_assert_int_eq(pool_try(pool, SIZE, &buffer), 0);
	ck_assert_uint_eq(allocator.calls, 1);
	buffer_unpin(buffer);
}
END_TEST

START_TEST(plain_memory_is_not_secure)
{
	struct pool_options options = { .key = { .size = 10, .secure = true } };

	pool_close(pool);
	ck_assert_int_eq(pool_new_with(core, &options, &pool), 0);
	ck_assert_int_eq(try_fails(0), -ENOTSUP);
	ck_assert_uint_eq(stats_of().failed, 1);
}
END_TEST

/* ---- generations ---- */

START_TEST(another_key_begins_another_generation)
{
	const struct pool_key keys[] = {
		{ SIZE + 1, DRM_FORMAT_NV12, 0, 80, 50, false },
		{ SIZE + 1, DRM_FORMAT_NV21, 0, 80, 50, false },
		{ SIZE + 1, DRM_FORMAT_NV21, 1, 80, 50, false },
		{ SIZE + 1, DRM_FORMAT_NV21, 1, 50, 50, false },
		{ SIZE + 1, DRM_FORMAT_NV21, 1, 50, 80, false },
		{ SIZE + 1, DRM_FORMAT_NV21, 1, 50, 80, true },
	};
	struct buffer *old, *fresh;

	must_remake(.min = 2);
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		old = must_try();
		ck_assert_int_eq(pool_set_key(pool, &keys[i]), 0);
		ck_assert_uint_eq(stats_of().generation, i + 1);
		/* The idle one went, two new ones are there. */
		ck_assert_uint_eq(stats_of().idle, 2);
		ck_assert_uint_eq(allocator.live, 3);
		ck_assert_int_eq(memcmp(&allocator.last.fourcc, &keys[i].fourcc, 4), 0);
		fresh = must_try();
		buffer_unpin(old);
		ck_assert_uint_eq(allocator.live, 2);
		buffer_unpin(fresh);
		ck_assert_uint_eq(stats_of().stale, 2 * (i + 1));
	}
}
END_TEST

START_TEST(the_same_key_keeps_the_buffers)
{
	struct pool_key key = nv12;

	must_remake(.min = 2);
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	ck_assert_uint_eq(allocator.calls, 2);
	ck_assert_uint_eq(stats_of().generation, 0);
}
END_TEST

/* A key has nothing to say of what is visible: frames on one buffer say that for themselves. */
START_TEST(another_visible_part_keeps_the_buffers)
{
	struct wc_rect visible = { 0, 0, 80, 50 };
	struct timing timing = { 0 };
	struct buffer *before = NULL;

	must_remake(.min = 0);
	for (int i = 0; i < 3; i++) {
		struct frame_format format;
		struct pool_key key = { 0 };
		struct wc_video_frame *frame;
		struct buffer *buffer;

		key.size = frame_format_tight(&format, DRM_FORMAT_NV12, 80, 50);
		ck_assert_uint_eq(key.size, SIZE);
		key.fourcc = format.fourcc;
		key.modifier = format.modifier;
		key.width = format.width;
		key.height = format.height;
		ck_assert_int_eq(pool_set_key(pool, &key), 0);
		buffer = must_try();
		ck_assert(!before || buffer == before);
		before = buffer;
		frame = video_frame_new(core, buffer, &format, &visible, &timing);
		buffer_unpin(buffer);
		ck_assert_ptr_nonnull(frame);
		wc_video_frame_unref(frame);
		visible.width -= 10;
	}
	ck_assert_uint_eq(allocator.calls, 1);
}
END_TEST

START_TEST(old_generations_count_in_bytes_but_not_in_buffers)
{
	struct pool_key key = nv12;
	struct buffer *old[2], *fresh;

	must_remake(.max = { .buffers = 2, .bytes = 3 * SIZE });
	old[0] = must_try();
	old[1] = must_try();
	key.width = 50;
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	fresh = must_try();
	ck_assert_int_eq(try_fails(0), -EAGAIN);
	buffer_unpin(old[0]);
	buffer_unpin(must_try());
	buffer_unpin(old[1]);
	buffer_unpin(fresh);
	ck_assert_uint_eq(stats_of().idle, 2);
}
END_TEST

START_TEST(a_key_may_come_and_go)
{
	struct pool_key none = { 0 };

	ck_assert_int_eq(pool_set_key(pool, &nv12), 0);
	ck_assert_int_eq(try_fails(SIZE + 1), -EINVAL);
	ck_assert_int_eq(pool_set_key(pool, &none), 0);
	buffer_unpin(get(SIZE + 1));
	must_remake(.min = 1, .max.bytes = 2 * SIZE);
	ck_assert_int_eq(pool_set_key(pool, &none), -EINVAL);
	none.size = 2 * SIZE + 1;
	ck_assert_int_eq(pool_set_key(pool, &none), -EINVAL);
	ck_assert_uint_eq(stats_of().generation, 0);
}
END_TEST

/* ---- waiting and being told ---- */

struct waiter {
	pthread_t thread;
	int64_t deadline;
	int ret;
	struct buffer *buffer;
};

static void *wait_for_one(void *data)
{
	struct waiter *waiter = data;

	waiter->ret = pool_wait(pool, 0, waiter->deadline, &waiter->buffer);
	return NULL;
}

static void start_waiter(struct waiter *waiter)
{
	struct pool_stats stats = stats_of();

	waiter->deadline = POOL_FOREVER;
	ck_assert_int_eq(pthread_create(&waiter->thread, NULL, wait_for_one, waiter), 0);
	/* Until it waits: it has counted itself, and the lock is free only when it sleeps. */
	while (stats_of().exhausted == stats.exhausted)
		nanosleep(&(struct timespec) { .tv_nsec = 100000 }, NULL);
}

static int end_waiter(struct waiter *waiter)
{
	ck_assert_int_eq(pthread_join(waiter->thread, NULL), 0);
	return waiter->ret;
}

START_TEST(waiting_ends_with_a_buffer)
{
	struct waiter waiter;
	struct buffer *buffer;

	must_remake(.max.buffers = 1);
	/* There is one: no wait, whatever the deadline. */
	ck_assert_int_eq(pool_wait(pool, 0, -1, &buffer), 0);
	start_waiter(&waiter);
	buffer_unpin(buffer);
	ck_assert_int_eq(end_waiter(&waiter), 0);
	ck_assert_ptr_eq(waiter.buffer, buffer);
	buffer_unpin(buffer);
}
END_TEST

START_TEST(waiting_ends_with_room)
{
	struct waiter waiter;
	struct pool_key key = nv12;
	struct buffer *buffer;

	must_remake(.max.bytes = SIZE);
	buffer = must_try();
	key.width = 50;
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	start_waiter(&waiter);
	/* It is of no use itself, but what it took is free. */
	buffer_unpin(buffer);
	ck_assert_int_eq(end_waiter(&waiter), 0);
	buffer_unpin(waiter.buffer);
}
END_TEST

START_TEST(waiting_ends_with_the_generation)
{
	struct waiter waiter;
	struct pool_key key = nv12;
	struct buffer *buffer;

	must_remake(.max.buffers = 1);
	buffer = must_try();
	start_waiter(&waiter);
	key.width = 50;
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	ck_assert_int_eq(end_waiter(&waiter), 0);
	ck_assert_ptr_ne(waiter.buffer, buffer);
	buffer_unpin(waiter.buffer);
	buffer_unpin(buffer);
}
END_TEST

START_TEST(waiting_ends_at_the_deadline)
{
	int64_t before = clock_now();
	struct buffer *buffer, *none;

	must_remake(.max.buffers = 1);
	buffer = must_try();
	ck_assert_int_eq(pool_wait(pool, 0, before + 20000, &none), -ETIMEDOUT);
	ck_assert_ptr_null(none);
	ck_assert_int_ge(clock_now(), before + 20000);
	ck_assert_int_eq(pool_wait(pool, 0, 0, &none), -ETIMEDOUT);
	ck_assert_uint_eq(stats_of().exhausted, 2);
	buffer_unpin(buffer);
}
END_TEST

START_TEST(flushing_wakes_and_refuses)
{
	struct waiter waiter;
	struct buffer *buffer;

	must_remake(.max.buffers = 1);
	buffer = must_try();
	start_waiter(&waiter);
	pool_set_flushing(pool, true);
	ck_assert_int_eq(end_waiter(&waiter), -ECANCELED);
	ck_assert_ptr_null(waiter.buffer);
	buffer_unpin(buffer);
	ck_assert_int_eq(try_fails(0), -ECANCELED);
	ck_assert_uint_eq(stats_of().idle, 1);
	pool_set_flushing(pool, false);
	ck_assert_ptr_eq(must_try(), buffer);
	buffer_unpin(buffer);
}
END_TEST

START_TEST(closing_wakes)
{
	struct waiter waiter;
	struct buffer *buffer;

	must_remake(.max.buffers = 1);
	buffer = must_try();
	start_waiter(&waiter);
	pool_close(pool);
	ck_assert_int_eq(end_waiter(&waiter), -ECANCELED);
	pool = NULL;
	buffer_unpin(buffer);
}
END_TEST

static struct pool_notice notices[2];
static unsigned told[2];
static pthread_t told_in;

static void on_ready(struct pool_notice *notice)
{
	told[notice - notices]++;
	told_in = pthread_self();
}

static void init_notices(void)
{
	memset(told, 0, sizeof told);
	pool_notice_init(&notices[0], on_ready);
	pool_notice_init(&notices[1], on_ready);
}

static void *give_one_back(void *data)
{
	buffer_unpin(data);
	return NULL;
}

START_TEST(who_asked_is_told_once_from_the_thread_that_gave_back)
{
	struct buffer *buffers[2], *none;
	pthread_t thread;

	init_notices();
	must_remake(.max.buffers = 2);
	ck_assert_int_eq(pool_ask(pool, 0, &notices[0], &buffers[0]), 0);
	buffers[1] = must_try();
	/* What succeeded tells nothing later. */
	buffer_unpin(buffers[0]);
	ck_assert_uint_eq(told[0], 0);
	buffers[0] = must_try();
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pool_ask(pool, 0, &notices[0], &none), -EAGAIN);
		ck_assert_ptr_null(none);
	}
	ck_assert_int_eq(pool_ask(pool, 0, &notices[1], &none), -EAGAIN);
	ck_assert_int_eq(pthread_create(&thread, NULL, give_one_back, buffers[0]), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(told[0], 1);
	ck_assert_uint_eq(told[1], 1);
	ck_assert(pthread_equal(told_in, thread));
	ck_assert(!pthread_equal(told_in, pthread_self()));
	buffer_unpin(buffers[1]);
	ck_assert_uint_eq(told[0], 1);
}
END_TEST

START_TEST(who_is_forgotten_is_not_told)
{
	struct buffer *buffer, *none;

	init_notices();
	must_remake(.max.buffers = 1);
	buffer = must_try();
	ck_assert_int_eq(pool_ask(pool, 0, &notices[0], &none), -EAGAIN);
	ck_assert_int_eq(pool_ask(pool, 0, &notices[1], &none), -EAGAIN);
	pool_forget(pool, &notices[0]);
	pool_forget(pool, &notices[0]);
	pool_set_flushing(pool, true);
	ck_assert_uint_eq(told[0], 0);
	ck_assert_uint_eq(told[1], 1);
	/* An error that is not exhaustion is not waited for. */
	ck_assert_int_eq(pool_ask(pool, 0, &notices[1], &none), -ECANCELED);
	pool_set_flushing(pool, false);
	ck_assert_int_eq(pool_ask(pool, 0, &notices[0], &none), -EAGAIN);
	pool_close(pool);
	pool = NULL;
	buffer_unpin(buffer);
	ck_assert_uint_eq(told[0], 0);
	ck_assert_uint_eq(told[1], 1);
}
END_TEST

START_TEST(who_asked_is_told_of_room)
{
	struct pool_key key = nv12;
	struct buffer *old, *none;

	init_notices();
	must_remake(.max.bytes = SIZE);
	old = must_try();
	key.width = 50;
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	ck_assert_int_eq(pool_ask(pool, 0, &notices[0], &none), -EAGAIN);
	buffer_unpin(old);
	ck_assert_uint_eq(told[0], 1);
	buffer_unpin(must_try());
}
END_TEST

/* ---- memory and pressure ---- */

#define SECOND ((int64_t)1000000)

START_TEST(what_is_idle_for_long_goes)
{
	int64_t start = 77 * SECOND;
	struct buffer *buffer;

	must_remake(.min = 1);
	warm(4);
	/* The first tick is only where time begins, however late it is. */
	pool_tick(pool, start);
	buffer = must_try();
	pool_tick(pool, start + 9 * SECOND);
	buffer_unpin(buffer);
	pool_tick(pool, start + 10 * SECOND - 1);
	ck_assert_uint_eq(stats_of().idle, 4);
	/* Three are old, one came back a moment ago. */
	pool_tick(pool, start + 10 * SECOND);
	ck_assert_uint_eq(stats_of().idle, 1);
	ck_assert_uint_eq(stats_of().trimmed, 3);
	/* The last one is the one that has to be there. */
	pool_tick(pool, start + 100 * SECOND);
	ck_assert_uint_eq(stats_of().idle, 1);
}
END_TEST

START_TEST(the_idle_time_can_be_chosen)
{
	struct buffer *buffer;

	must_remake(.min = 2, .idle_time = 3);
	warm(3);
	buffer = must_try();
	pool_tick(pool, 10);
	pool_tick(pool, 12);
	ck_assert_uint_eq(stats_of().idle, 2);
	/* What is in use is among those that have to be there. */
	pool_tick(pool, 13);
	ck_assert_uint_eq(stats_of().idle, 1);
	buffer_unpin(buffer);
	pool_tick(pool, 14);
	pool_tick(pool, 100);
	ck_assert_uint_eq(stats_of().idle, 2);
}
END_TEST

START_TEST(trim_leaves_what_it_is_told_to)
{
	struct buffer *buffers[5];

	must_remake(.min = 2);
	for (int i = 0; i < 5; i++)
		buffers[i] = must_try();
	for (int i = 0; i < 5; i++)
		buffer_unpin(buffers[i]);
	ck_assert_uint_eq(pool_trim(pool, 10, SIZE_MAX), 0);
	ck_assert_uint_eq(pool_trim(pool, 4, SIZE_MAX), SIZE);
	ck_assert_uint_eq(pool_trim(pool, 10, 3 * SIZE - 1), 2 * SIZE);
	/* The warm ones are left. */
	ck_assert_ptr_eq(must_try(), buffers[4]);
	ck_assert_ptr_eq(must_try(), buffers[3]);
	buffer_unpin(buffers[3]);
	buffer_unpin(buffers[4]);
	/* Pressure does not ask what is wanted as a rule. */
	ck_assert_uint_eq(pool_trim(pool, 0, 0), 2 * SIZE);
	ck_assert_uint_eq(allocator.live, 0);
	ck_assert_uint_eq(stats_of().bytes, 0);
	ck_assert_uint_eq(stats_of().trimmed, 5);
}
END_TEST

START_TEST(growth_can_be_held)
{
	struct buffer *buffer, *none;

	init_notices();
	must_remake(.step = 2);
	pool_hold_growth(pool, true);
	/* One there must be. */
	buffer = must_try();
	ck_assert_uint_eq(allocator.calls, 1);
	ck_assert_int_eq(pool_ask(pool, 0, &notices[0], &none), -EAGAIN);
	pool_hold_growth(pool, false);
	ck_assert_uint_eq(told[0], 1);
	warm(2);
	buffer_unpin(buffer);
}
END_TEST

START_TEST(pressure_reaches_pools_through_the_core)
{
	struct shrinker_list *list = &core->shrinkers;
	struct buffer *buffer, *none;
	struct pool *other;

	must_remake(.max.buffers = 10);
	other = pool_new(core);
	ck_assert_ptr_nonnull(other);
	buffer_unpin(pool_get(other, 4000));
	warm(4);
	/* One after the other, and no more than wanted. */
	ck_assert_uint_eq(shrinker_list_shrink(list, SIZE + 1), 2 * SIZE);
	ck_assert_uint_eq(stats_of().idle, 2);
	ck_assert_uint_eq(shrinker_list_shrink(list, 3 * SIZE), 2 * SIZE + 4096);
	ck_assert_uint_eq(shrinker_list_shrink(list, SIZE_MAX), 0);
	/* Growth ends where a limit was to be reckoned with, and in pools that are new. */
	buffer = must_try();
	shrinker_list_hold_growth(list, true);
	ck_assert_int_eq(try_fails(0), -EAGAIN);
	buffer_unpin(buffer);
	buffer = pool_get(other, 10);
	buffer_unpin(pool_get(other, 10));
	buffer_unpin(buffer);
	must_remake(.max.buffers = 10);
	buffer = must_try();
	ck_assert_int_eq(pool_try(pool, 0, &none), -EAGAIN);
	shrinker_list_hold_growth(list, false);
	warm(3);
	buffer_unpin(buffer);
	for (int64_t now = 0; now < POOL_IDLE_TIME; now += SHRINKER_PERIOD)
		ck_assert(shrinker_list_tick(list, now));
	ck_assert(!shrinker_list_tick(list, POOL_IDLE_TIME));
	ck_assert_uint_eq(core->counters.buffers, 0);
	pool_close(other);
}
END_TEST

/* Without assertions inside: Check allocates for each. */
START_TEST(a_warm_pool_allocates_nothing)
{
	struct buffer *buffers[8] = { NULL }, *none;
	unsigned before, after, missed = 0;

	must_remake(.max.buffers = 8);
	warm(8);
	before = seen;
	for (int turn = 0; turn < 200; turn++) {
		for (int i = 0; i < 8; i++)
			missed += pool_try(pool, 0, &buffers[i]) < 0;
		missed += pool_try(pool, 0, &none) != -EAGAIN;
		for (int i = 0; i < 8; i++)
			buffer_unpin(buffers[i]);
		pool_tick(pool, turn);
	}
	after = seen;
	ck_assert_uint_eq(missed, 0);
	ck_assert_uint_eq(after, before);
}
END_TEST

/* ---- failures ---- */

/* A life with every kind of allocation. Returns how many gets failed. */
static unsigned live(void)
{
	struct pool_key key = nv12;
	struct buffer *buffers[6];
	unsigned failures = 0;
	int ret;

	ret = remake((struct pool_options) { .min = 2, .step = 2, .max.buffers = 5 });
	if (ret < 0) {
		ck_assert_int_eq(ret, allocator.error);
		ck_assert_ptr_null(pool);
		return 1;
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 6; i++) {
			ret = pool_try(pool, 0, &buffers[i]);
			ck_assert_int_eq(ret < 0, !buffers[i]);
			failures += ret == allocator.error;
			if (ret < 0 && ret != allocator.error)
				ck_assert_int_eq(ret, -EAGAIN);
		}
		key.width++;
		if (round == 0 && pool_set_key(pool, &key) < 0)
			failures++;
		ck_assert_uint_eq(stats_of().generation, 1);
		for (int i = 0; i < 6; i++)
			if (buffers[i])
				buffer_unpin(buffers[i]);
	}
	ck_assert_uint_eq(stats_of().in_use, 0);
	ck_assert_uint_eq(stats_of().bytes, stats_of().idle * SIZE);
	ck_assert_uint_eq(stats_of().allocated, allocator.calls - stats_of().failed);
	return failures;
}

/* Extra buffers of a step may fail without anybody noticing; nothing else does. */
START_TEST(any_allocation_may_fail)
{
	static const int errors[] = { -ENOMEM, -EMFILE };
	unsigned k, noticed;

	for (int i = 0; i < 2; i++) {
		allocator.error = errors[i];
		noticed = 0;
		for (k = 0; ; k++) {
			atomic_store(&allocator.calls, 0);
			allocator.fail_at = k;
			noticed += live();
			if (allocator.calls <= k)
				break;
		}
		ck_assert_uint_ge(k, 10);
		ck_assert_uint_gt(noticed, 5);
	}
	allocator.fail_at = NEVER;
}
END_TEST

START_TEST(an_allocator_is_never_exhausted)
{
	allocator.error = -EAGAIN;
	must_remake(.max.buffers = 1);
	allocator.fail_at = 0;
	ck_assert_int_eq(try_fails(0), -ENOMEM);
	ck_assert_uint_eq(stats_of().exhausted, 0);
	ck_assert_uint_eq(stats_of().failed, 1);
	/* What failed holds no place. */
	buffer_unpin(must_try());
}
END_TEST

START_TEST(the_c_library_may_have_no_memory)
{
	struct pool_options options = { .min = 2, .key = nv12 };
	unsigned failures = 0;

	pool_close(pool);
	due = 0;
	do {
		struct buffer *buffer = NULL;
		int ret;

		atomic_store(&seen, 0);
		armed = true;
		ret = pool_new_with(core, &options, &pool);
		if (ret == 0)
			buffer = pool_get(pool, 0);
		if (buffer) {
			pool_trim(pool, 0, 0);
			buffer_unpin(buffer);
			buffer = pool_get(pool, 0);
			pool_trim(pool, 0, 0);
			ret = pool_set_key(pool, &(struct pool_key) { .size = 7 });
		}
		armed = false;
		ck_assert(ret == 0 || ret == -ENOMEM);
		failures += ret < 0;
		if (buffer)
			buffer_unpin(buffer);
		pool_close(pool);
		pool = NULL;
		ck_assert_uint_eq(core->counters.buffers, 0);
		ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	} while (failures == ++due);
	/* Pool and stack; struct and memory of two; the same of another generation. */
	ck_assert_uint_eq(failures, 10);
}
END_TEST

/* ---- threads ---- */

#define THREADS 8
#define TURNS 10000

static atomic_uint gets;

static void one_turn(unsigned n, unsigned seed, struct pool_key *key)
{
	struct buffer *buffer = NULL;
	int ret;

	if (n % 64 == 5)
		pool_trim(pool, seed % 3, SIZE_MAX);
	else if (n % 64 == 17)
		pool_tick(pool, n);
	else if (n % 256 == 33)
		pool_set_flushing(pool, true);
	else if (n % 256 == 34)
		pool_set_flushing(pool, false);
	else if (n % 512 == 100)
		pool_set_key(pool, (key->width++, key));
	else if (n % 512 == 101)
		pool_hold_growth(pool, seed & 1);
	ret = n % 4 ? pool_try(pool, 0, &buffer) :
		      pool_wait(pool, 0, clock_now() + 500, &buffer);
	if (ret < 0 && ret != -EAGAIN && ret != -ECANCELED && ret != -ETIMEDOUT)
		abort();
	if (!buffer)
		return;
	/* Whoever has it has it alone: the sanitizers look on. */
	memset(buffer->objects[0].map, (int)n, buffer->objects[0].size);
	atomic_fetch_add(&gets, 1);
	buffer_unpin(buffer);
}

static void *hammer(void *data)
{
	unsigned seed = (unsigned)(uintptr_t)data;
	struct pool_key key = nv12;
	struct buffer *buffer;

	key.height += seed;
	for (unsigned n = seed * 31; n < seed * 31 + TURNS; n++)
		one_turn(n, seed, &key);
	pool_set_flushing(pool, false);
	pool_hold_growth(pool, false);
	if (pool_try(pool, 0, &buffer) == 0)
		buffer_unpin(buffer);
	return NULL;
}

static void check_rest(unsigned most)
{
	struct pool_stats stats = stats_of();

	ck_assert_uint_eq(stats.in_use, 0);
	ck_assert_uint_eq(stats.idle, allocator.live);
	ck_assert_uint_eq(stats.bytes, stats.idle * SIZE);
	ck_assert_uint_eq(stats.idle_bytes, stats.bytes);
	ck_assert_uint_le(stats.peak_bytes, most * SIZE);
	ck_assert_uint_eq(stats.allocated, stats.trimmed + stats.stale + stats.idle);
	ck_assert_uint_le(gets, stats.reused + stats.allocated);
}

START_TEST(threads_may_do_everything_at_once)
{
	pthread_t threads[THREADS];

	allocator.keep_last = false;
	atomic_store(&gets, 0);
	must_remake(.min = 1, .step = 2, .max = { .buffers = 5, .bytes = 12 * SIZE },
		    .high.buffers = 4, .low.buffers = 2, .idle_time = 50);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_gt(gets, THREADS * TURNS / 20);
	check_rest(12);
}
END_TEST

/* Nobody is left behind: as many takers as there are turns, for two buffers. */
static void *take_turns(void *data)
{
	(void)data;
	for (int i = 0; i < 500; i++) {
		struct buffer *buffer;

		if (pool_wait(pool, 0, POOL_FOREVER, &buffer) < 0)
			abort();
		buffer_unpin(buffer);
	}
	return NULL;
}

START_TEST(every_waiter_is_served)
{
	pthread_t threads[THREADS];

	allocator.keep_last = false;
	must_remake(.max.buffers = 2);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_le(allocator.calls, 2);
}
END_TEST

/* Asks, and takes when it was told; the flag is what a posted task would be. */
struct asker {
	struct pool_notice notice;
	atomic_bool ready;
};

static void on_asker_ready(struct pool_notice *notice)
{
	atomic_store(&container_of(notice, struct asker, notice)->ready, true);
}

static void *ask_and_take(void *data)
{
	struct asker asker = { .ready = true };

	(void)data;
	pool_notice_init(&asker.notice, on_asker_ready);
	for (int taken = 0; taken < 200;) {
		struct buffer *buffer;

		if (!atomic_exchange(&asker.ready, false)) {
			nanosleep(&(struct timespec) { .tv_nsec = 10000 }, NULL);
			continue;
		}
		if (pool_ask(pool, 0, &asker.notice, &buffer) < 0)
			continue;
		taken++;
		buffer_unpin(buffer);
		atomic_store(&asker.ready, true);
	}
	pool_forget(pool, &asker.notice);
	return NULL;
}

START_TEST(no_notice_is_lost)
{
	pthread_t threads[4];

	allocator.keep_last = false;
	must_remake(.max.buffers = 1);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_and_take, NULL), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_comes_back_is_taken_again);
	tcase_add_test(tc, too_small_buffers_do_not_count);
	tcase_add_test(tc, references_alone_do_not_hold_the_content);
	tcase_add_test(tc, idle_buffers_are_bounded);
	tcase_add_test(tc, small_ones_make_room_for_larger_ones);
	tcase_add_test(tc, idle_bytes_are_bounded);
	tcase_add_test(tc, impossible_sizes_are_refused);
	tcase_add_test(tc, buffers_outlive_their_pool);
	tcase_add_test(tc, buffers_come_back_from_other_threads);
	tcase_add_test(tc, buffers_are_made_ahead);
	tcase_add_test(tc, options_that_contradict_each_other_are_refused);
	tcase_add_test(tc, the_allocator_runs_without_the_lock);
	tcase_add_test(tc, the_allocator_ends_with_the_last_buffer);
	tcase_add_test(tc, a_miss_makes_a_whole_step);
	tcase_add_test(tc, no_more_buffers_than_allowed);
	tcase_add_test(tc, no_more_bytes_than_allowed);
	tcase_add_test(tc, bytes_beyond_those_asked_for_count);
	tcase_add_test(tc, idle_ones_make_room_within_the_limit);
	tcase_add_test(tc, above_the_high_mark_down_to_the_low_one);
	tcase_add_test(tc, sizes_beyond_the_key_are_refused);
	tcase_add_test(tc, plain_memory_is_not_secure);
	tcase_add_test(tc, another_key_begins_another_generation);
	tcase_add_test(tc, the_same_key_keeps_the_buffers);
	tcase_add_test(tc, another_visible_part_keeps_the_buffers);
	tcase_add_test(tc, old_generations_count_in_bytes_but_not_in_buffers);
	tcase_add_test(tc, a_key_may_come_and_go);
	tcase_add_test(tc, waiting_ends_with_a_buffer);
	tcase_add_test(tc, waiting_ends_with_room);
	tcase_add_test(tc, waiting_ends_with_the_generation);
	tcase_add_test(tc, waiting_ends_at_the_deadline);
	tcase_add_test(tc, flushing_wakes_and_refuses);
	tcase_add_test(tc, closing_wakes);
	tcase_add_test(tc, who_asked_is_told_once_from_the_thread_that_gave_back);
	tcase_add_test(tc, who_is_forgotten_is_not_told);
	tcase_add_test(tc, who_asked_is_told_of_room);
	tcase_add_test(tc, what_is_idle_for_long_goes);
	tcase_add_test(tc, the_idle_time_can_be_chosen);
	tcase_add_test(tc, trim_leaves_what_it_is_told_to);
	tcase_add_test(tc, growth_can_be_held);
	tcase_add_test(tc, pressure_reaches_pools_through_the_core);
	tcase_add_test(tc, a_warm_pool_allocates_nothing);
	tcase_add_test(tc, any_allocation_may_fail);
	tcase_add_test(tc, an_allocator_is_never_exhausted);
	tcase_add_test(tc, the_c_library_may_have_no_memory);
	tcase_add_test(tc, threads_may_do_everything_at_once);
	tcase_add_test(tc, every_waiter_is_served);
	tcase_add_test(tc, no_notice_is_lost);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
