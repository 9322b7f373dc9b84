/* SPDX-License-Identifier: MIT */
/* Frames that are closed under pressure: which, in which order, what comes free, who may know. */
#include <check.h>
#include <drm_fourcc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "frame/encoded_video_chunk.h"
#include "frame/frame_cache.h"
#include "frame/relief.h"
#include "frame/video_frame_init.h"

#define ALL_KINDS ((1u << WC_MEMORY_KINDS) - 1)
#define WIDTH 64
#define HEIGHT 32
#define SIZE ((size_t)WIDTH * HEIGHT * 3 / 2)
#define N 6

static struct core *core;
static uint8_t data[N + 1][SIZE];
static struct wc_video_frame *frames[N];
static unsigned released;

static const struct wc_video_frame_init init = {
	.fourcc = DRM_FORMAT_NV12, .coded_width = WIDTH, .coded_height = HEIGHT,
	.timestamp = 7, .rotation = 90, .flip = true,
};

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	ck_assert_ptr_nonnull(core);
	core->census.warn_unclosed = true;
	released = 0;
	for (unsigned i = 0; i < N; i++) {
		struct wc_error error;

		ck_assert_int_eq(video_frame_from_copy(core, data[i], SIZE, &init, &frames[i],
						       &error), 0);
	}
}

/* Nothing of a frame may be left, whoever closed it; nor is it told as forgotten. */
static void tear_down(void)
{
	unsigned forgotten = 0;

	for (unsigned i = 0; i < N; i++) {
		forgotten += frames[i] && !wc_video_frame_is_closed(frames[i]);
		wc_video_frame_unref(frames[i]);
	}
	ck_assert_uint_eq(core->census.dropped_unclosed, forgotten);
	ck_assert_uint_eq(core->counters.video_frames, 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	ck_assert_uint_eq(external_memory_total(&core->external_memory), 0);
	core_unref(core);
}

static void expect_closed(const char *which)
{
	for (unsigned i = 0; i < N; i++)
		ck_assert_msg(wc_video_frame_is_closed(frames[i]) == (which[i] == 'x'),
			      "frame %u of \"%s\"", i, which);
}

static struct relief force(uint64_t wanted)
{
	return frames_force_close(core, ALL_KINDS, wanted);
}

START_TEST(the_oldest_goes_first_and_one_at_a_time)
{
	ck_assert_uint_eq(force(0).freed, SIZE);
	expect_closed("x.....");
	ck_assert_uint_eq(force(1).freed, SIZE);
	expect_closed("xx....");
	ck_assert_uint_eq(core->counters.buffers, N - 2);
}
END_TEST

START_TEST(as_many_go_as_are_needed)
{
	ck_assert_uint_eq(force(2 * SIZE + 1).freed, 3 * SIZE);
	expect_closed("xxx...");
	ck_assert_uint_eq(force(UINT64_MAX).freed, 3 * SIZE);
	expect_closed("xxxxxx");
	ck_assert_uint_eq(force(UINT64_MAX).freed, 0);
}
END_TEST

/* The age is that of the object, not of its memory or its slot in the roll. */
START_TEST(slots_that_are_used_again_are_young)
{
	struct wc_error error;

	wc_video_frame_close(frames[0]);
	wc_video_frame_unref(frames[0]);
	ck_assert_int_eq(video_frame_from_copy(core, data[0], SIZE, &init, &frames[0], &error), 0);
	force(1);
	expect_closed(".x....");
}
END_TEST

START_TEST(a_closed_frame_says_why)
{
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame_layout layout;
	struct wc_video_frame *other;
	struct wc_frame_cache *cache;
	struct wc_dma_buf dma_buf;
	uint8_t copy[SIZE];
	size_t size;

	ck_assert_int_eq(wc_video_frame_get_close_reason(frames[0]), WC_NOT_CLOSED);
	force(0);
	wc_video_frame_close(frames[1]);
	ck_assert_int_eq(wc_video_frame_get_close_reason(frames[0]), WC_CLOSED_UNDER_PRESSURE);
	ck_assert_int_eq(wc_video_frame_get_close_reason(frames[1]), WC_CLOSED_BY_APPLICATION);
	ck_assert_int_eq(wc_video_frame_map(frames[0], WC_MAP_READ, &mapping),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_get_layout(frames[0], &layout), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_clone(frames[0], &other), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_new_from(frames[0], NULL, &other),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frames[0], &dma_buf),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_allocation_size(frames[0], NULL, &size),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frames[0], NULL, copy, SIZE, NULL),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(frame_cache_new(core, NULL, &cache), WC_OK);
	ck_assert_int_eq(wc_frame_cache_put(cache, 1, frames[0]), WC_INVALID_STATE_ERROR);
	wc_frame_cache_destroy(cache);
	ck_assert_ptr_null(video_frame_find(core, wc_video_frame_get_handle(frames[0])));
	ck_assert_uint_eq(wc_video_frame_get_coded_width(frames[0]), 0);
	ck_assert_uint_eq(wc_video_frame_get_visible_rect(frames[0]).width, 0);
	ck_assert_uint_eq(wc_video_frame_get_rotation(frames[0]), 0);
	ck_assert(!wc_video_frame_get_flip(frames[0]));
	ck_assert_int_eq(wc_video_frame_get_timestamp(frames[0]), 7);
	/* Once more has no effect. */
	wc_video_frame_close(frames[0]);
	ck_assert_int_eq(wc_video_frame_get_close_reason(frames[0]), WC_CLOSED_UNDER_PRESSURE);
	wc_video_frame_finalize(frames[0]);
	frames[0] = NULL;
	ck_assert_uint_eq(core->census.finalizer_closed, 0);
	for (unsigned i = 2; i < N; i++)
		ck_assert(!wc_video_frame_is_closed(frames[i]));
	frames[0] = wc_video_frame_ref(frames[1]);
}
END_TEST

START_TEST(mapped_frames_are_spared)
{
	struct wc_video_frame_mapping mapping;

	ck_assert_int_eq(wc_video_frame_map(frames[0], WC_MAP_READ, &mapping), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(frames[0], WC_MAP_READ, &mapping), WC_OK);
	ck_assert(guard_use(&frames[1]->guard, &core->seizures));
	force(1);
	expect_closed("..x...");
	wc_video_frame_unmap(frames[0]);
	force(1);
	expect_closed("..xx..");
	wc_video_frame_unmap(frames[0]);
	guard_end_use(&frames[1]->guard);
	/* An unmap too many is none that another mapping misses. */
	wc_video_frame_unmap(frames[0]);
	ck_assert_int_eq(wc_video_frame_map(frames[0], WC_MAP_READ, &mapping), WC_OK);
	force(1);
	expect_closed(".xxx..");
	wc_video_frame_unmap(frames[0]);
	force(1);
	expect_closed("xxxx..");
}
END_TEST

START_TEST(shared_memory_counts_with_the_last_frame)
{
	struct wc_video_frame *clone;

	ck_assert_int_eq(wc_video_frame_clone(frames[0], &clone), WC_OK);
	ck_assert_uint_eq(force(0).freed, 0);
	expect_closed("x.....");
	ck_assert(!wc_video_frame_is_closed(clone));
	/* The clone was made last. */
	ck_assert_uint_eq(force(UINT64_MAX).freed, N * SIZE);
	ck_assert(wc_video_frame_is_closed(clone));
	wc_video_frame_unref(clone);
}
END_TEST

START_TEST(frames_of_codecs_and_caches_are_not_the_applications)
{
	struct wc_video_frame *own = video_frame_clone(frames[1]);
	struct wc_frame_cache *cache;

	ck_assert_int_eq(frame_cache_new(core, NULL, &cache), WC_OK);
	ck_assert_int_eq(wc_frame_cache_put(cache, 1, frames[0]), WC_OK);
	ck_assert_uint_eq(force(UINT64_MAX).freed, (N - 2) * SIZE);
	expect_closed("xxxxxx");
	ck_assert(!wc_video_frame_is_closed(own));
	wc_video_frame_unref(frames[0]);
	frames[0] = wc_frame_cache_get(cache, 1);
	ck_assert_ptr_nonnull(frames[0]);
	ck_assert(!wc_video_frame_is_closed(frames[0]));
	wc_frame_cache_destroy(cache);
	wc_video_frame_unref(own);
	wc_video_frame_close(frames[0]);
}
END_TEST

static void on_release(void *user_data)
{
	struct wc_video_frame *other = user_data;
	struct wc_video_frame_mapping mapping;

	released++;
	/* No lock is held: it may use frames. */
	ck_assert_int_eq(wc_video_frame_map(other, WC_MAP_READ, &mapping), WC_OK);
	wc_video_frame_unmap(other);
}

START_TEST(only_memory_that_helps_goes)
{
	struct wc_video_frame *wrapped;
	struct wc_error error;
	struct relief relief;

	ck_assert_int_eq(video_frame_new_wrapped(core, data[N], SIZE, &init, on_release, frames[0],
						 &wrapped, &error), 0);
	relief = frames_force_close(core, 1u << WC_MEMORY_DRIVER, UINT64_MAX);
	ck_assert_uint_eq(relief.freed + relief.returned, 0);
	expect_closed("......");
	/* What the application does with its own memory is not known. */
	relief = frames_force_close(core, 1u << WC_MEMORY_WRAPPED, UINT64_MAX);
	ck_assert_uint_eq(relief.freed, 0);
	ck_assert_uint_eq(relief.returned, SIZE);
	ck_assert_uint_eq(released, 1);
	expect_closed("......");
	wc_video_frame_unref(wrapped);
}
END_TEST

/* A maker that keeps the buffer, as a codec that goes on. */
START_TEST(what_goes_back_to_its_maker_is_not_free)
{
	struct buffer *buffer = buffer_ref(frames[0]->buffer);
	struct relief relief = force(1);

	ck_assert_uint_eq(relief.freed, 0);
	ck_assert_uint_eq(relief.returned, SIZE);
	expect_closed("x.....");
	buffer_unref(buffer);
}
END_TEST

static int64_t told;

static void on_change(int64_t change, void *user_data)
{
	(void)user_data;
	told += change;
	ck_assert_int_ge(told, 0);
}

START_TEST(external_memory_is_told_once)
{
	struct wc_video_frame *clone;

	told = 0;
	external_memory_set_hook(&core->external_memory, on_change, NULL);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(wc_video_frame_clone(frames[i], &clone), WC_OK);
		wc_video_frame_unref(frames[i]);
		frames[i] = clone;
	}
	ck_assert_int_eq(told, 2 * SIZE);
	ck_assert_uint_eq(force(UINT64_MAX).freed, N * SIZE);
	ck_assert_int_eq(told, 0);
	wc_video_frame_close(frames[0]);
	ck_assert_int_eq(told, 0);
	external_memory_set_hook(&core->external_memory, NULL, NULL);
	core->census.dropped_unclosed = 0;
}
END_TEST

/* ---- threads ---- */

struct closer {
	pthread_t thread;
	unsigned index;
};

static void *close_or_read(void *arg)
{
	struct closer *closer = arg;
	uint8_t copy[SIZE];

	for (unsigned i = 0; i < N; i++) {
		struct wc_video_frame *frame = frames[(i + closer->index) % N];
		struct wc_video_frame *clone;

		if (wc_video_frame_clone(frame, &clone) == WC_OK) {
			ck_assert_uint_eq(wc_video_frame_get_coded_width(frame) % WIDTH, 0);
			wc_video_frame_copy_to(frame, NULL, copy, SIZE, NULL);
			wc_video_frame_close(clone);
			wc_video_frame_unref(clone);
		}
		wc_video_frame_get_close_reason(frame);
	}
	return NULL;
}

START_TEST(force_meets_threads_that_read)
{
	struct closer closers[4];

	for (unsigned i = 0; i < 4; i++) {
		closers[i].index = i;
		ck_assert_int_eq(pthread_create(&closers[i].thread, NULL, close_or_read,
						&closers[i]), 0);
	}
	while (!wc_video_frame_is_closed(frames[N - 1]))
		force(UINT64_MAX);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(closers[i].thread, NULL);
	force(UINT64_MAX);
	expect_closed("xxxxxx");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("force_close");
	TCase *tcase = tcase_create("force_close");
	SRunner *runner = srunner_create(suite);
	int failed;

#ifdef WITHOUT_CENSUS
	puts("SKIP: without a census no frame is found");
	return 77;
#endif
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_oldest_goes_first_and_one_at_a_time);
	tcase_add_test(tcase, as_many_go_as_are_needed);
	tcase_add_test(tcase, slots_that_are_used_again_are_young);
	tcase_add_test(tcase, a_closed_frame_says_why);
	tcase_add_test(tcase, mapped_frames_are_spared);
	tcase_add_test(tcase, shared_memory_counts_with_the_last_frame);
	tcase_add_test(tcase, frames_of_codecs_and_caches_are_not_the_applications);
	tcase_add_test(tcase, only_memory_that_helps_goes);
	tcase_add_test(tcase, what_goes_back_to_its_maker_is_not_free);
	tcase_add_test(tcase, external_memory_is_told_once);
	tcase_add_test(tcase, force_meets_threads_that_read);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
