/* SPDX-License-Identifier: MIT */
/*
 * The cache of frames: whose frames they are, limits, pressure, threads, no memory, and all of it
 * at random beside a naive model.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/encoded_video_chunk.h"
#include "frame/frame_cache.h"
#include "frame/video_frame_init.h"

/* ---- allocations fail when they are due, and are counted ---- */

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

/* ---- helpers ---- */

static struct core *core;
static struct wc_frame_cache *cache;

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	cache = NULL;
}

static void tear_down(void)
{
	wc_frame_cache_destroy(cache);
	ck_assert_uint_eq(core->counters.video_frames, 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	ck_assert_uint_eq(core->refs, 1);
	core_unref(core);
}

static void make(uint32_t frames, size_t bytes)
{
	struct wc_frame_cache_options options = { .max_frames = frames, .max_bytes = bytes };

	wc_frame_cache_destroy(cache);
	ck_assert_int_eq(frame_cache_new(core, &options, &cache), WC_OK);
}

/* A frame of that many bytes, each the low byte of its time stamp. */
static struct wc_video_frame *new_frame(int64_t timestamp, size_t bytes)
{
	struct buffer *buffer = buffer_new_plain(core, bytes);
	struct frame_format format = { .fourcc = DRM_FORMAT_R8, .width = (uint32_t)bytes,
				       .height = 1, .n_planes = 1 };
	struct wc_rect visible = { 0, 0, (uint32_t)bytes, 1 };
	struct timing timing = { .timestamp = timestamp };
	struct wc_video_frame *frame;

	if (!buffer)
		abort();
	memset(buffer->objects[0].map, (int)(timestamp & 0xff), bytes);
	frame = video_frame_new(core, buffer, &format, &visible, &timing);
	if (!frame)
		abort();
	buffer_unref(buffer);
	return frame;
}

static bool is_whole(struct wc_video_frame *frame, int64_t timestamp)
{
	const struct buffer_object *object;

	if (wc_video_frame_is_closed(frame) || wc_video_frame_get_timestamp(frame) != timestamp)
		return false;
	object = &frame->buffer->objects[0];
	return object->map[0] == (uint8_t)timestamp &&
	       object->map[object->size - 1] == (uint8_t)timestamp;
}

/* A frame of 100 bytes, its key as time stamp, which is only in the cache afterwards. */
static void put(int64_t key)
{
	struct wc_video_frame *frame = new_frame(key, 100);

	ck_assert_int_eq(wc_frame_cache_put(cache, key, frame), WC_OK);
	wc_video_frame_unref(frame);
}

static bool has(int64_t key)
{
	struct wc_video_frame *frame = wc_frame_cache_get(cache, key);

	if (frame)
		ck_assert(is_whole(frame, key));
	wc_video_frame_unref(frame);
	return frame;
}

static struct wc_frame_cache_stats stats_of(void)
{
	struct wc_frame_cache_stats stats;

	wc_frame_cache_get_stats(cache, &stats);
	return stats;
}

/* ---- whose frames they are ---- */

START_TEST(closing_what_went_in_leaves_what_is_cached)
{
	struct wc_video_frame *frame = new_frame(7, 100), *got;

	make(4, 0);
	ck_assert_int_eq(wc_frame_cache_put(cache, 1, frame), WC_OK);
	wc_video_frame_close(frame);
	got = wc_frame_cache_get(cache, 1);
	ck_assert_ptr_nonnull(got);
	ck_assert_ptr_ne(got, frame);
	ck_assert(is_whole(got, 7));
	wc_video_frame_unref(frame);
	wc_video_frame_unref(got);
}
END_TEST

START_TEST(closing_what_came_out_leaves_what_is_cached)
{
	struct wc_video_frame *first, *second;

	make(4, 0);
	put(1);
	first = wc_frame_cache_get(cache, 1);
	second = wc_frame_cache_get(cache, 1);
	ck_assert_ptr_ne(first, second);
	wc_video_frame_close(first);
	ck_assert(is_whole(second, 1));
	ck_assert(has(1));
	wc_video_frame_unref(first);
	wc_video_frame_unref(second);
	/* The buffer was never copied. */
	ck_assert_uint_eq(core->counters.buffers, 1);
}
END_TEST

START_TEST(what_left_stays_valid_for_those_who_have_it)
{
	struct wc_video_frame *frames[4];

	make(3, 0);
	for (int i = 0; i < 3; i++)
		put(i);
	for (int i = 0; i < 3; i++)
		frames[i] = wc_frame_cache_get(cache, i);
	ck_assert(wc_frame_cache_remove(cache, 0));
	ck_assert(!wc_frame_cache_remove(cache, 0));
	frames[3] = new_frame(3, 100);
	ck_assert_int_eq(wc_frame_cache_put(cache, 1, frames[3]), WC_OK);
	wc_frame_cache_clear(cache);
	wc_frame_cache_destroy(cache);
	cache = NULL;
	for (int i = 0; i < 4; i++) {
		ck_assert(is_whole(frames[i], i));
		wc_video_frame_unref(frames[i]);
	}
}
END_TEST

START_TEST(all_that_a_frame_says_is_kept)
{
	struct wc_video_frame *frame = new_frame(1, 100), *got;

	frame->timing = (struct timing) { -5, 40000, true };
	frame->visible = (struct wc_rect) { 2, 0, 90, 1 };
	frame->display_width = 180;
	frame->display_height = 2;
	frame->rotation = 90;
	frame->flip = true;
	frame->color_space.matrix = WC_MATRIX_BT709;
	make(1, 0);
	ck_assert_int_eq(wc_frame_cache_put(cache, INT64_MIN, frame), WC_OK);
	got = wc_frame_cache_get(cache, INT64_MIN);
	ck_assert_int_eq(got->timing.timestamp, -5);
	ck_assert_uint_eq(got->timing.duration, 40000);
	ck_assert_uint_eq(got->visible.width, 90);
	ck_assert_uint_eq(got->display_width, 180);
	ck_assert_uint_eq(got->rotation, 90);
	ck_assert(got->flip);
	ck_assert_int_eq(got->color_space.matrix, WC_MATRIX_BT709);
	ck_assert_uint_eq(wc_video_frame_get_fourcc(got), DRM_FORMAT_R8);
	wc_video_frame_unref(got);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(closed_frames_are_refused)
{
	struct wc_video_frame *frame = new_frame(2, 100);

	make(1, 0);
	put(1);
	wc_video_frame_close(frame);
	ck_assert_int_eq(wc_frame_cache_put(cache, 1, frame), WC_INVALID_STATE_ERROR);
	wc_video_frame_unref(frame);
	ck_assert(has(1));
}
END_TEST

static unsigned released;

static void on_release(void *user_data)
{
	struct wc_frame_cache_stats stats;

	/* The cache is not locked: another thread gets on, as this one does here. */
	wc_frame_cache_get_stats(*(struct wc_frame_cache **)user_data, &stats);
	released++;
}

START_TEST(memory_of_others_is_released_when_its_frame_leaves)
{
	static uint8_t memory[100];
	struct frame_format format = { .fourcc = DRM_FORMAT_R8, .width = 100, .height = 1,
				       .n_planes = 1 };
	struct wc_rect visible = { 0, 0, 100, 1 };
	struct timing timing = { 0 };
	struct wc_video_frame *frame;
	struct buffer *buffer;

	make(1, 0);
	released = 0;
	buffer = buffer_new_wrapped(core, memory, sizeof memory, on_release, &cache);
	/* Who wraps so got it on our behalf: it is none of the application's. */
	ck_assert_int_eq(buffer->kind, WC_MEMORY_PLAIN);
	ck_assert_uint_eq(core->counters.bytes_by_kind[WC_MEMORY_PLAIN], sizeof memory);
	frame = video_frame_new(core, buffer, &format, &visible, &timing);
	buffer_unref(buffer);
	ck_assert_int_eq(wc_frame_cache_put(cache, 0, frame), WC_OK);
	wc_video_frame_unref(frame);
	ck_assert_uint_eq(released, 0);
	put(1);
	ck_assert_uint_eq(released, 1);
}
END_TEST

static void add_up(int64_t change, void *user_data)
{
	struct wc_frame_cache_stats stats;

	/* As above. */
	wc_frame_cache_get_stats(cache, &stats);
	*(int64_t *)user_data += change;
}

START_TEST(external_memory_is_what_the_application_has)
{
	struct wc_video_frame *first, *second;
	int64_t bytes = 0;

	make(4, 0);
	external_memory_set_hook(&core->external_memory, add_up, &bytes);
	put(1);
	ck_assert_int_eq(bytes, 0);
	first = wc_frame_cache_get(cache, 1);
	second = wc_frame_cache_get(cache, 1);
	ck_assert_int_eq(bytes, 100);
	wc_video_frame_unref(first);
	ck_assert_int_eq(bytes, 100);
	wc_video_frame_close(second);
	ck_assert_int_eq(bytes, 0);
	wc_video_frame_unref(second);
	ck_assert(has(1));
	ck_assert_int_eq(bytes, 0);
}
END_TEST

#ifndef WITHOUT_CENSUS

static void count_given(struct roll_entry *entry, void *arg)
{
	if (roll_entry_state(entry) & ROLL_GIVEN)
		++*(unsigned *)arg;
}

/* Frames in the census that are the application's. */
static unsigned given(void)
{
	unsigned n = 0;

	roll_walk(&core->census.rolls[WC_OBJECT_VIDEO_FRAME], count_given, &n);
	return n;
}

START_TEST(what_is_cached_is_no_leak_of_the_application)
{
	struct wc_video_frame *frame, *found;

	make(2, 0);
	core->census.warn_unclosed = true;
	for (int i = 0; i < 3; i++)
		put(i);
	ck_assert_uint_eq(core->counters.video_frames, 2);
	ck_assert_uint_eq(given(), 0);
	frame = wc_frame_cache_get(cache, 2);
	ck_assert_uint_eq(given(), 1);
	found = video_frame_find(core, wc_video_frame_get_handle(frame));
	ck_assert_ptr_eq(found, frame);
	wc_video_frame_unref(found);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
	ck_assert_uint_eq(given(), 0);
	/* Nor is it a frame that somebody forgot to close. */
	wc_frame_cache_clear(cache);
	ck_assert_uint_eq(core->census.dropped_unclosed, 0);
}
END_TEST

#endif

/* ---- limits ---- */

START_TEST(options_are_checked)
{
	struct wc_frame_cache_options options = { .max_frames = WC_FRAME_CACHE_MAX_FRAMES + 1 };

	ck_assert_int_eq(frame_cache_new(core, &options, &cache), WC_TYPE_ERROR);
	ck_assert_ptr_null(cache);
	options.max_frames = WC_FRAME_CACHE_MAX_FRAMES;
	options.reserved[3] = 1;
	ck_assert_int_eq(frame_cache_new(core, &options, &cache), WC_TYPE_ERROR);
	ck_assert_ptr_null(cache);
	options.reserved[3] = 0;
	ck_assert_int_eq(frame_cache_new(NULL, &options, &cache), WC_OK);
	put(-1);
	ck_assert(has(-1));
	wc_frame_cache_destroy(cache);
	ck_assert_int_eq(frame_cache_new(core, NULL, &cache), WC_OK);
	for (int i = 0; i < 33; i++)
		put(i);
	ck_assert_uint_eq(stats_of().frames, 32);
}
END_TEST

START_TEST(the_one_not_used_for_longest_goes)
{
	make(3, 0);
	for (int i = 0; i < 3; i++)
		put(i);
	ck_assert(has(0));
	put(3);
	ck_assert(!has(1));
	/* Putting anew is using, too. */
	put(2);
	put(4);
	ck_assert(!has(0));
	ck_assert(has(2));
	ck_assert(has(3));
	ck_assert(has(4));
	ck_assert_uint_eq(stats_of().evicted, 2);
	ck_assert_uint_eq(stats_of().replaced, 1);
	ck_assert_uint_eq(stats_of().puts, 6);
	ck_assert_uint_eq(stats_of().hits, 4);
	ck_assert_uint_eq(stats_of().misses, 2);
}
END_TEST

START_TEST(bytes_are_limited)
{
	struct wc_video_frame *large = new_frame(9, 350), *huge = new_frame(8, 401);

	make(100, 400);
	for (int i = 0; i < 4; i++)
		put(i);
	ck_assert_uint_eq(stats_of().bytes, 400);
	ck_assert_int_eq(wc_frame_cache_put(cache, 9, large), WC_OK);
	ck_assert(has(9));
	ck_assert_uint_eq(stats_of().frames, 1);
	ck_assert_uint_eq(stats_of().bytes, 350);
	/* What cannot fit pushes nothing out, but what it should have replaced. */
	ck_assert_int_eq(wc_frame_cache_put(cache, 8, huge), WC_OK);
	ck_assert(has(9));
	ck_assert_int_eq(wc_frame_cache_put(cache, 9, huge), WC_OK);
	ck_assert(!has(9));
	ck_assert_uint_eq(stats_of().refused, 2);
	ck_assert_uint_eq(stats_of().bytes, 0);
	ck_assert_uint_eq(stats_of().peak_bytes, 400);
	ck_assert_uint_eq(stats_of().peak_frames, 4);
	wc_video_frame_unref(large);
	wc_video_frame_unref(huge);
}
END_TEST

/* One large frame in the place of more small ones than are let go at a time. */
START_TEST(many_may_go_for_one)
{
	struct wc_video_frame *large = new_frame(99, 100 * 100);

	make(1000, 100 * 100);
	for (int i = 0; i < 100; i++)
		put(i);
	ck_assert_int_eq(wc_frame_cache_put(cache, 99, large), WC_OK);
	wc_video_frame_unref(large);
	ck_assert_uint_eq(stats_of().frames, 1);
	ck_assert_uint_eq(stats_of().evicted, 99);
	ck_assert_uint_eq(stats_of().replaced, 1);
	ck_assert_uint_eq(core->counters.buffers, 1);
	for (int i = 0; i < 100; i++)
		put(i);
	ck_assert_uint_eq(wc_frame_cache_trim(cache, 10, SIZE_MAX), 90 * 100);
	ck_assert_uint_eq(stats_of().frames, 10);
	ck_assert(has(90));
	ck_assert(!has(89));
}
END_TEST

/* ---- pressure ---- */

START_TEST(trim_says_what_came_free)
{
	struct wc_video_frame *held;

	make(10, 0);
	for (int i = 0; i < 5; i++)
		put(i);
	held = wc_frame_cache_get(cache, 1);
	ck_assert_uint_eq(wc_frame_cache_trim(cache, 5, SIZE_MAX), 0);
	ck_assert_uint_eq(wc_frame_cache_trim(cache, UINT32_MAX, 499), 100);
	ck_assert(!has(0));
	/* 2, 3, 4, 1 are left; of 1 nothing comes free. */
	ck_assert_uint_eq(wc_frame_cache_trim(cache, 1, SIZE_MAX), 300);
	ck_assert_uint_eq(wc_frame_cache_trim(cache, 0, 0), 0);
	ck_assert_uint_eq(stats_of().frames, 0);
	ck_assert(is_whole(held, 1));
	wc_video_frame_unref(held);
}
END_TEST

START_TEST(pressure_reaches_the_cache_through_the_core)
{
	struct wc_video_frame *held;

	make(10, 0);
	for (int i = 0; i < 6; i++)
		put(i);
	held = wc_frame_cache_get(cache, 0);
	ck_assert(has(1));
	/* In the order of use: 2, 3, 4, 5, 0 (held), 1. */
	ck_assert_uint_eq(shrinker_list_shrink(&core->shrinkers, 101), 200);
	ck_assert(!has(2));
	ck_assert(!has(3));
	ck_assert_uint_eq(shrinker_list_shrink(&core->shrinkers, SIZE_MAX), 300);
	ck_assert_uint_eq(stats_of().frames, 0);
	ck_assert_uint_eq(shrinker_list_shrink(&core->shrinkers, 1), 0);
	ck_assert(is_whole(held, 0));
	wc_video_frame_unref(held);
	wc_frame_cache_destroy(cache);
	cache = NULL;
	ck_assert_uint_eq(shrinker_list_shrink(&core->shrinkers, SIZE_MAX), 0);
}
END_TEST

/* ---- what is let go under pressure may call the application ---- */

static pthread_mutex_t of_application = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t evicting;
static atomic_bool got_memory;

static void release_with_lock(void *user_data)
{
	unsigned *n = user_data;

	/* The other one comes in the thread that has the lock. */
	if (++*n > 1)
		return;
	pthread_barrier_wait(&evicting);
	pthread_mutex_lock(&of_application);
	pthread_mutex_unlock(&of_application);
}

/* Has the application's lock while it makes a buffer, for which idle memory has to go, too. */
static void *allocate_with_lock(void *data)
{
	struct buffer *buffer;

	(void)data;
	pthread_mutex_lock(&of_application);
	pthread_barrier_wait(&evicting);
	buffer = buffer_new_plain(core, 100);
	atomic_store(&got_memory, buffer != NULL);
	buffer_unref(buffer);
	pthread_mutex_unlock(&of_application);
	return NULL;
}

static void put_imported(int64_t key, unsigned *n_released)
{
	static uint8_t memory[2][100];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_R8, .coded_width = 100, .coded_height = 1,
	};
	struct wc_video_frame *frame;
	struct wc_error error;

	ck_assert_int_eq(video_frame_new_wrapped(core, memory[key], 100, &init, release_with_lock,
						 n_released, &frame, &error), WC_OK);
	ck_assert_int_eq(wc_frame_cache_put(cache, key, frame), WC_OK);
	wc_video_frame_unref(frame);
}

START_TEST(nothing_is_locked_while_pressure_calls_the_application)
{
	unsigned n_released = 0;
	struct buffer *buffer;
	pthread_t thread;

	make(10, 0);
	put_imported(0, &n_released);
	put_imported(1, &n_released);
	memory_set_limit(core, MEMORY_ALL_KINDS, 200);
	pthread_barrier_init(&evicting, NULL, 2);
	ck_assert_int_eq(pthread_create(&thread, NULL, allocate_with_lock, NULL), 0);
	alarm(20);
	buffer = buffer_new_plain(core, 100);
	pthread_join(thread, NULL);
	alarm(0);
	ck_assert_ptr_nonnull(buffer);
	buffer_unref(buffer);
	ck_assert_uint_eq(n_released, 2);
	ck_assert(atomic_load(&got_memory));
	pthread_barrier_destroy(&evicting);
}
END_TEST

/* Without assertions inside: Check allocates for each. */
static unsigned allocations_of(unsigned turns)
{
	unsigned before = seen, missed = 0, count;

	for (unsigned i = 0; i < turns; i++) {
		struct wc_video_frame *frame = wc_frame_cache_get(cache, 40 + i % 20);

		if (!frame || wc_frame_cache_put(cache, 40 + i * 7 % 20, frame) != WC_OK)
			missed++;
		wc_video_frame_unref(frame);
		wc_video_frame_unref(wc_frame_cache_get(cache, 40 + i * 3 % 20));
	}
	count = seen - before;
	ck_assert_uint_eq(missed, 0);
	return count;
}

START_TEST(gets_and_puts_allocate_nothing_when_warm)
{
	make(20, 0);
	for (int i = 0; i < 60; i++)
		put(i);
	ck_assert_uint_eq(allocations_of(1000), 0);
}
END_TEST

/* Put and get with nothing in stock. Returns whether it all worked. */
static bool live(struct wc_video_frame *frame)
{
	struct wc_frame_cache_options options = { .max_frames = 3 };
	struct wc_video_frame *got = NULL;
	int ret;

	atomic_store(&seen, 0);
	armed = true;
	ret = frame_cache_new(core, &options, &cache);
	if (ret == WC_OK)
		ret = wc_frame_cache_put(cache, 5, frame);
	if (ret == WC_OK)
		got = wc_frame_cache_get(cache, 5);
	armed = false;
	ck_assert(ret == WC_OK || ret == WC_OPERATION_ERROR);
	wc_video_frame_unref(got);
	/* The same works at the second time. */
	if (cache) {
		ck_assert_int_eq(wc_frame_cache_put(cache, 5, frame), WC_OK);
		ck_assert(has(5));
	}
	return got;
}

START_TEST(any_allocation_may_fail)
{
	bool worked;

	/* What came back is not there for the next one. */
	core->frames.limit = 0;
	due = 0;
	do {
		struct wc_video_frame *frame = new_frame(5, 100);

		worked = live(frame);
		wc_frame_cache_destroy(cache);
		cache = NULL;
		wc_video_frame_unref(frame);
		ck_assert_uint_eq(core->counters.buffers, 0);
		ck_assert_uint_eq(core->counters.video_frames, 0);
	} while (!worked && ++due);
	/* Cache, buckets, entries, the frame that goes in, the one that comes out. */
	ck_assert_uint_eq(due, 5);
}
END_TEST

/* ---- at random, beside a model that is too simple to be wrong ---- */

#define MODEL_FRAMES 12
#define MODEL_BYTES ((size_t)3000)
#define HELD 6
#define KEYS 30
#define STEPS 20000

struct model_entry {
	int64_t key, id;               /* id: the time stamp, different for every buffer */
	size_t bytes;
};

/* Check writes a file at each of its own assertions. */
#define must(condition) \
	do { \
		if (!(condition)) \
			ck_abort_msg("%s", #condition); \
	} while (0)

/* Not used for longest first. */
static struct model_entry model[MODEL_FRAMES + 1];
static unsigned n_model;

static struct {
	struct wc_video_frame *frame;
	int64_t id;
	size_t bytes;
} held[HELD];

static uint32_t random_state;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

static size_t model_bytes(void)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < n_model; i++)
		bytes += model[i].bytes;
	return bytes;
}

/* Take out entry i; what comes free by that. */
static size_t model_take(unsigned i)
{
	struct model_entry gone = model[i];
	bool elsewhere = false;

	n_model--;
	for (; i < n_model; i++)
		model[i] = model[i + 1];
	for (i = 0; i < n_model; i++)
		elsewhere |= model[i].id == gone.id;
	for (i = 0; i < HELD; i++)
		elsewhere |= held[i].frame && held[i].id == gone.id;
	return elsewhere ? 0 : gone.bytes;
}

static int model_find(int64_t key)
{
	for (unsigned i = 0; i < n_model; i++)
		if (model[i].key == key)
			return (int)i;
	return -1;
}

static void model_append(struct model_entry entry)
{
	model[n_model++] = entry;
}

static void random_put(int64_t key, unsigned slot)
{
	int at = model_find(key);

	if (!held[slot].frame) {
		static int64_t ids;

		held[slot].id = ++ids;
		held[slot].bytes = 50 + random_below(8) * random_below(8) * 65;
		held[slot].frame = new_frame(held[slot].id, held[slot].bytes);
	}
	must(wc_frame_cache_put(cache, key, held[slot].frame) == WC_OK);
	if (at >= 0)
		model_take((unsigned)at);
	if (held[slot].bytes > MODEL_BYTES)
		return;
	model_append((struct model_entry) { key, held[slot].id, held[slot].bytes });
	while (n_model > MODEL_FRAMES || model_bytes() > MODEL_BYTES)
		model_take(0);
}

static void random_get(int64_t key, unsigned slot)
{
	struct wc_video_frame *frame = wc_frame_cache_get(cache, key);
	int at = model_find(key);

	must((frame != NULL) == (at >= 0));
	if (!frame)
		return;
	model_append(model[at]);
	wc_video_frame_unref(held[slot].frame);
	held[slot].frame = frame;
	held[slot].id = model[at].id;
	held[slot].bytes = model[at].bytes;
	model_take((unsigned)at);
}

static void random_trim(void)
{
	unsigned frames = random_below(MODEL_FRAMES);
	size_t bytes = random_below((unsigned)MODEL_BYTES), freed = 0, expected = 0;

	if (random_below(2)) {
		freed = wc_frame_cache_trim(cache, frames, bytes);
		while (n_model > frames || model_bytes() > bytes)
			expected += model_take(0);
	} else {
		freed = shrinker_list_shrink(&core->shrinkers, bytes);
		while (n_model && expected < bytes)
			expected += model_take(0);
	}
	must(freed == expected);
}

static void random_step(void)
{
	/* Time stamps of 30 frames a second, so that keys are regular, as they will be. */
	int64_t key = (int64_t)random_below(KEYS) * 33333 - 99999;
	unsigned slot = random_below(HELD), what = random_below(100);
	int at = model_find(key);

	if (what < 40) {
		random_put(key, slot);
	} else if (what < 75) {
		random_get(key, slot);
	} else if (what < 80) {
		must(wc_frame_cache_remove(cache, key) == (at >= 0));
		if (at >= 0)
			model_take((unsigned)at);
	} else if (what < 83) {
		random_trim();
	} else if (what < 84) {
		wc_frame_cache_clear(cache);
		n_model = 0;
	} else {
		/* Closed by hand or by the last reference: the same to the cache. */
		if (what & 1)
			wc_video_frame_close(held[slot].frame);
		wc_video_frame_unref(held[slot].frame);
		held[slot].frame = NULL;
	}
}

START_TEST(a_naive_model_agrees)
{
	random_state = (uint32_t)_i;
	n_model = 0;
	make(MODEL_FRAMES, MODEL_BYTES);
	for (int step = 0; step < STEPS; step++) {
		struct wc_frame_cache_stats stats;

		random_step();
		wc_frame_cache_get_stats(cache, &stats);
		must(stats.frames == n_model);
		must(stats.bytes == model_bytes());
		for (int i = 0; i < HELD; i++)
			must(!held[i].frame || is_whole(held[i].frame, held[i].id));
	}
	ck_assert_uint_gt(stats_of().evicted, 100);
	ck_assert_uint_gt(stats_of().refused, 10);
	ck_assert_uint_gt(stats_of().hits, 100);
	ck_assert_uint_eq(stats_of().peak_frames, MODEL_FRAMES);
	for (int i = 0; i < HELD; i++) {
		wc_video_frame_unref(held[i].frame);
		held[i].frame = NULL;
	}
}
END_TEST

/* ---- threads ---- */

#define THREADS 8
#define TURNS 3000

static atomic_uint found;

static void one_turn(unsigned seed, unsigned n)
{
	int64_t key = (seed * 7 + n * n) % 24;
	struct wc_video_frame *frame = wc_frame_cache_get(cache, key);

	if (frame) {
		if (!is_whole(frame, key))
			abort();
		atomic_fetch_add(&found, 1);
		if (n & 1)
			wc_video_frame_close(frame);
		wc_video_frame_unref(frame);
		return;
	}
	frame = new_frame(key, 64 + (size_t)key);
	if (wc_frame_cache_put(cache, key, frame) != WC_OK)
		abort();
	wc_video_frame_unref(frame);
}

static void *hammer(void *data)
{
	unsigned seed = (unsigned)(uintptr_t)data;
	struct wc_frame_cache_stats stats;

	for (unsigned n = 0; n < TURNS; n++) {
		one_turn(seed, n);
		if (n % 50 == seed)
			wc_frame_cache_trim(cache, 5, 600);
		else if (n % 100 == 20 + seed)
			shrinker_list_shrink(&core->shrinkers, 300);
		else if (n % 100 == 40 + seed)
			wc_frame_cache_remove(cache, n % 24);
		else if (n % 500 == 60 + seed)
			wc_frame_cache_clear(cache);
		wc_frame_cache_get_stats(cache, &stats);
		if (stats.frames > 16 || stats.bytes > 1300)
			abort();
	}
	return NULL;
}

START_TEST(threads_may_do_everything_at_once)
{
	pthread_t threads[THREADS];

	atomic_store(&found, 0);
	make(16, 1300);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_gt(found, THREADS * TURNS / 10);
	ck_assert_uint_eq(found, stats_of().hits);
	ck_assert_uint_eq(core->counters.video_frames, stats_of().frames);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("frame_cache");
	TCase *tc = tcase_create("frame_cache");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, closing_what_went_in_leaves_what_is_cached);
	tcase_add_test(tc, closing_what_came_out_leaves_what_is_cached);
	tcase_add_test(tc, what_left_stays_valid_for_those_who_have_it);
	tcase_add_test(tc, all_that_a_frame_says_is_kept);
	tcase_add_test(tc, closed_frames_are_refused);
	tcase_add_test(tc, memory_of_others_is_released_when_its_frame_leaves);
	tcase_add_test(tc, external_memory_is_what_the_application_has);
#ifndef WITHOUT_CENSUS
	tcase_add_test(tc, what_is_cached_is_no_leak_of_the_application);
#endif
	tcase_add_test(tc, options_are_checked);
	tcase_add_test(tc, the_one_not_used_for_longest_goes);
	tcase_add_test(tc, bytes_are_limited);
	tcase_add_test(tc, many_may_go_for_one);
	tcase_add_test(tc, trim_says_what_came_free);
	tcase_add_test(tc, pressure_reaches_the_cache_through_the_core);
	tcase_add_test(tc, nothing_is_locked_while_pressure_calls_the_application);
	tcase_add_test(tc, gets_and_puts_allocate_nothing_when_warm);
	tcase_add_test(tc, any_allocation_may_fail);
	tcase_add_loop_test(tc, a_naive_model_agrees, 1, 6);
	tcase_add_test(tc, threads_may_do_everything_at_once);
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
