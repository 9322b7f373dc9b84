/* SPDX-License-Identifier: MIT */
/*
 * Which memory frames get: the order of each use, what an import refuses, what the application
 * says, the reason that is told; and frames in it. The devices are those of fake_memory.c.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_memory.h"
#include "frame/encoded_video_chunk.h"
#include "frame/frame_cache.h"
#include "frame/relief.h"
#include "frame/video_frame_init.h"

#define CPU WC_MEMORY_FOR_CPU
#define CODEC WC_MEMORY_FOR_CODEC
#define DISPLAY WC_MEMORY_FOR_DISPLAY

static struct core *core;
static struct frame_memory *memory;
static struct wc_memory_choice choice;
static unsigned descriptors;

static void set_up(void)
{
	fake_memory_reset();
	descriptors = count_descriptors();
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	memory = frame_memory_new(core);
}

static void tear_down(void)
{
	frame_memory_free(memory);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.video_frames, 0);
	core_unref(core);
	ck_assert_uint_eq(fake.handles_alive, 0);
	ck_assert_uint_eq(count_descriptors(), descriptors);
}

/* "heap system", or the error in words. */
static const char *chosen(unsigned use)
{
	static char text[80];
	int ret = frame_memory_get_choice(memory, use, &choice);

	if (ret < 0)
		return strerror(-ret);
	snprintf(text, sizeof text, "%s%s%s", wc_memory_kind_name(choice.kind),
		 *choice.name ? " " : "", choice.name);
	return text;
}

static void remove_device(const char *path)
{
	fake_device(path)->path = NULL;
}

/* ---- choosing ---- */

START_TEST(test_order)
{
	ck_assert_str_eq(chosen(CPU), "plain");
	ck_assert_uint_eq(fake.opened, 0);
	ck_assert_str_eq(chosen(CODEC), "heap linux,cma");
	ck_assert_str_eq(choice.reason, "heap linux,cma for codec; tried heap default_cma_region: "
			 "errno 2 (No such file or directory)");
	ck_assert_str_eq(chosen(CODEC | CPU), "heap linux,cma");
	ck_assert_str_eq(chosen(DISPLAY), "dumb /dev/dri/card1");
	/* That a card without a display was passed over is said. */
	ck_assert_str_eq(choice.reason, "dumb /dev/dri/card1 for display; tried "
			 "dumb /dev/dri/card0: errno 19 (No such device)");
	ck_assert_str_eq(chosen(DISPLAY | CODEC | CPU), "dumb /dev/dri/card1");
	ck_assert_ptr_nonnull(strstr(choice.reason, " for display, codec, CPU;"));
}
END_TEST

static void decide_and_ask(void)
{
	struct wc_memory_options options = { .kind = WC_MEMORY_HEAP, .name = "system" };
	char name[ALLOCATOR_NAME_MAX];

	ck_assert_int_eq(frame_memory_decide(memory, &options, name), 0);
	ck_assert_str_eq(chosen(CODEC), "heap system");
}

/* Another thread decides while candidates are tried, and asks for what comes of it. */
START_TEST(test_decided_meanwhile)
{
	fake.at_open = decide_and_ask;
	alarm(20);
	ck_assert_str_eq(chosen(CODEC), "heap system");
	alarm(0);
}
END_TEST

START_TEST(test_next_best)
{
	remove_device("/dev/dma_heap/linux,cma");
	ck_assert_str_eq(chosen(CODEC), "heap system");
	remove_device("/dev/dma_heap/system");
	ck_assert_str_eq(chosen(CODEC | CPU), "udmabuf");
	ck_assert_str_eq(chosen(DISPLAY | CPU), "dumb /dev/dri/card1");
	remove_device("/dev/udmabuf");
	ck_assert_str_eq(chosen(CODEC | DISPLAY), "dumb /dev/dri/card1");
	remove_device("/dev/dri/card1");
	ck_assert_int_eq(frame_memory_get_choice(memory, DISPLAY, &choice), -ENODEV);
}
END_TEST

/* A device that is there and refuses tells more than one that is not. */
START_TEST(test_nothing)
{
	for (unsigned i = 0; i < FAKE_MAX_DEVICES; i++)
		fake.devices[i].path = NULL;
	ck_assert_int_eq(frame_memory_get_choice(memory, CODEC, &choice), -ENOENT);
	ck_assert_ptr_nonnull(strstr(choice.reason, "nothing for codec; tried heap "));
	ck_assert_ptr_nonnull(strstr(choice.reason, "dumb: errno 2"));
	ck_assert_ptr_nonnull(strstr(choice.reason, "udmabuf: errno 2"));
	ck_assert_str_eq(chosen(CPU), "plain");
	fake_memory_reset();
	for (unsigned i = 0; i < 5; i++)
		fake.devices[i].open_error = -EACCES;
	ck_assert_int_eq(frame_memory_get_choice(memory, DISPLAY, &choice), -EACCES);
}
END_TEST

/* Memory that cannot be had now is passed over, too. */
START_TEST(test_exhausted)
{
	fake_device("/dev/dma_heap/linux,cma")->alloc_error = -ENOMEM;
	ck_assert_str_eq(chosen(CODEC), "heap system");
	ck_assert_ptr_nonnull(strstr(choice.reason, "heap linux,cma: errno 12"));
}
END_TEST

/* It is not chosen anew every time. */
START_TEST(test_remembers)
{
	unsigned opened;

	chosen(CODEC);
	opened = fake.opened;
	chosen(CODEC);
	ck_assert_uint_eq(fake.opened, opened);
}
END_TEST

/* ---- by importing ---- */

struct importer {
	enum wc_memory_kind takes;
	unsigned asked;
	size_t size;
};

static int import(void *owner, struct buffer *buffer)
{
	struct importer *importer = owner;

	importer->asked++;
	importer->size = buffer->objects[0].size;
	ck_assert_int_ge(buffer->objects[0].fd, 0);
	return buffer->kind == importer->takes ? 0 : -EFAULT;
}

START_TEST(test_import)
{
	struct importer importer = { .takes = WC_MEMORY_UDMABUF };
	struct memory_wish wish;
	struct pool_allocator *allocator;

	frame_memory_get_wish(memory, CODEC, &wish);
	wish.key.size = 100000;
	wish.import = import;
	wish.owner = &importer;
	ck_assert_int_eq(allocator_choose(core, &wish, &allocator, &choice), 0);
	ck_assert_uint_eq(choice.kind, WC_MEMORY_UDMABUF);
	/* Two heaps, one card, and the one. */
	ck_assert_uint_eq(importer.asked, 4);
	ck_assert_uint_eq(importer.size, 102400);
	ck_assert_ptr_nonnull(strstr(choice.reason, "heap system: errno 14"));
	allocator_release(allocator);
	importer.takes = WC_MEMORY_WRAPPED;
	ck_assert_int_eq(allocator_choose(core, &wish, &allocator, &choice), -EFAULT);
	ck_assert_ptr_null(allocator);
}
END_TEST

/* ---- by the application ---- */

static int decide(enum wc_memory_kind kind, const char *name)
{
	struct wc_memory_options options = { .kind = kind, .name = name };
	char device[ALLOCATOR_NAME_MAX];

	return frame_memory_decide(memory, &options, device);
}

START_TEST(test_decide)
{
	char device[ALLOCATOR_NAME_MAX];

	ck_assert_int_eq(decide(WC_MEMORY_HEAP, "system"), 0);
	ck_assert_str_eq(chosen(CODEC), "heap system");
	ck_assert_str_eq(choice.reason, "heap system for codec, as the application said");
	ck_assert_str_eq(chosen(CPU), "heap system");
	ck_assert_int_eq(decide(WC_MEMORY_HEAP, NULL), 0);
	ck_assert_str_eq(chosen(DISPLAY), "heap linux,cma");
	ck_assert_int_eq(decide(WC_MEMORY_DUMB, NULL), 0);
	ck_assert_str_eq(chosen(CODEC), "dumb /dev/dri/card1");
	/* By its name also one without a display. */
	ck_assert_int_eq(decide(WC_MEMORY_DUMB, "/dev/dri/card0"), 0);
	ck_assert_str_eq(chosen(CODEC), "dumb /dev/dri/card0");
	ck_assert_int_eq(decide(WC_MEMORY_UDMABUF, NULL), 0);
	ck_assert_str_eq(chosen(CODEC), "udmabuf");
	ck_assert_int_eq(decide(WC_MEMORY_PLAIN, NULL), 0);
	ck_assert_str_eq(chosen(CODEC), "plain");
	ck_assert_int_eq(frame_memory_decide(memory, NULL, device), 0);
	ck_assert_str_eq(chosen(CODEC), "heap linux,cma");
}
END_TEST

START_TEST(test_decide_wrong)
{
	char longest[ALLOCATOR_NAME_MAX + 1];

	memset(longest, 'x', ALLOCATOR_NAME_MAX);
	longest[ALLOCATOR_NAME_MAX] = '\0';
	ck_assert_int_eq(decide(WC_MEMORY_UDMABUF, NULL), 0);
	ck_assert_int_eq(decide(WC_MEMORY_HEAP, "no-such-heap"), -ENOENT);
	ck_assert_int_eq(decide(WC_MEMORY_HEAP, longest), -EINVAL);
	ck_assert_int_eq(decide(WC_MEMORY_UDMABUF, "x"), -EINVAL);
	ck_assert_int_eq(decide(WC_MEMORY_PLAIN, "x"), -EINVAL);
	ck_assert_int_eq(decide(WC_MEMORY_DRIVER, NULL), -EINVAL);
	ck_assert_int_eq(decide((enum wc_memory_kind)77, NULL), -EINVAL);
	fake_device("/dev/dri/card1")->alloc_error = -EINVAL;
	ck_assert_int_eq(decide(WC_MEMORY_DUMB, "/dev/dri/card1"), -EIO);
	/* What was said before holds. */
	ck_assert_str_eq(chosen(CODEC), "udmabuf");
}
END_TEST

/* ---- frames ---- */

static struct wc_error error;

static struct wc_video_frame *make(uint32_t fourcc, uint32_t width, uint32_t height, unsigned use)
{
	struct wc_video_frame_init init = {
		.fourcc = fourcc, .coded_width = width, .coded_height = height, .timestamp = 7,
	};
	struct wc_video_frame *frame;

	if (video_frame_alloc(core, memory, &init, use, &frame, &error) < 0)
		return NULL;
	ck_assert_int_eq(wc_video_frame_get_timestamp(frame), 7);
	return frame;
}

/* Each byte of each plane, so that sanitizers see what is too small. */
static void draw(struct wc_video_frame *frame)
{
	struct wc_video_frame_mapping mapping;

	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_OK);
	for (unsigned i = 0; i < mapping.plane_count; i++)
		for (unsigned row = 0; row < mapping.planes[i].rows; row++)
			memset(mapping.planes[i].data + row * mapping.planes[i].stride, (int)i + 1,
			       mapping.planes[i].row_bytes);
	wc_video_frame_unmap(frame);
}

START_TEST(test_frame)
{
	static const uint32_t fourccs[] = {
		DRM_FORMAT_NV12, DRM_FORMAT_YUV420, DRM_FORMAT_YUV444, DRM_FORMAT_XRGB8888,
		DRM_FORMAT_YUYV, DRM_FORMAT_P010, DRM_FORMAT_R8,
	};
	static const unsigned uses[] = { CPU, CODEC, DISPLAY };

	for (unsigned i = 0; i < 7; i++)
		for (unsigned k = 0; k < 3; k++) {
			struct wc_video_frame *frame = make(fourccs[i], 99, 33, uses[k]);
			struct wc_video_frame_layout layout;

			ck_assert_ptr_nonnull(frame);
			draw(frame);
			ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
			if (uses[k] == DISPLAY)
				ck_assert_uint_eq(layout.planes[0].stride % 64, 0);
			ck_assert_uint_eq(layout.object_count, 1);
			wc_video_frame_unref(frame);
		}
}
END_TEST

START_TEST(test_frame_export)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);
	struct wc_dma_buf dma_buf;

	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_OK);
	ck_assert_uint_eq(dma_buf.object_count, 1);
	ck_assert_uint_eq(dma_buf.objects[0].size, 8192);
	wc_dma_buf_finish(&dma_buf);
	wc_video_frame_unref(frame);
	frame = make(DRM_FORMAT_NV12, 64, 64, CPU);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &dma_buf), WC_NOT_SUPPORTED_ERROR);
	wc_video_frame_unref(frame);
}
END_TEST

/* Strides of the caller's hold also where a driver would align otherwise. */
START_TEST(test_frame_layout)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = 64, .coded_height = 64,
		.plane_count = 2, .planes = { { 100, 70 }, { 10000, 72 } },
	};
	struct wc_video_frame_layout layout;
	struct wc_video_frame *frame;

	for (unsigned k = 0; k < 2; k++) {
		ck_assert_int_eq(video_frame_alloc(core, memory, &init, k ? CODEC : DISPLAY,
						   &frame, &error), 0);
		ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
		ck_assert_uint_eq(layout.planes[0].offset, 100);
		ck_assert_uint_eq(layout.planes[0].stride, 70);
		ck_assert_uint_eq(layout.planes[1].offset, 10000);
		draw(frame);
		wc_video_frame_unref(frame);
	}
}
END_TEST

START_TEST(test_frames_reuse)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);
	unsigned allocated = fake.allocated, calls;

	draw(frame);
	wc_video_frame_unref(frame);
	calls = fake.calls;
	for (unsigned i = 0; i < 20; i++) {
		frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);
		draw(frame);
		wc_video_frame_unref(frame);
	}
	ck_assert_uint_eq(fake.allocated, allocated);
	/* The beginning and the end of an access are all that a frame costs. */
	ck_assert_uint_eq(fake.calls - calls, 2 * 20);
	/* Many kinds of frames: the oldest give way. */
	for (unsigned i = 0; i < 20; i++)
		wc_video_frame_unref(make(DRM_FORMAT_NV12, 64 + 2 * i, 64, CODEC));
	ck_assert_uint_le(core->counters.buffers, 8);
	/* Another word of the application's: what was idle is gone. */
	ck_assert_int_eq(decide(WC_MEMORY_UDMABUF, NULL), 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
}
END_TEST

/* Memory under pressure gives idle frames back. */
START_TEST(test_frames_shrink)
{
	struct wc_video_frame *kept = make(DRM_FORMAT_NV12, 64, 64, CODEC);

	wc_video_frame_unref(make(DRM_FORMAT_NV12, 64, 64, CODEC));
	ck_assert_uint_eq(core->counters.buffers, 2);
	ck_assert_uint_eq(shrinker_list_shrink(&core->shrinkers, SIZE_MAX), 8192);
	ck_assert_uint_eq(core->counters.buffers, 1);
	draw(kept);
	wc_video_frame_unref(kept);
}
END_TEST

static pthread_mutex_t of_application = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t evicting;

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

/* Has the application's lock while it makes a frame, for which a cached one has to go, too. */
static void *make_with_lock(void *data)
{
	struct wc_video_frame **frame = data;

	pthread_mutex_lock(&of_application);
	pthread_barrier_wait(&evicting);
	*frame = make(DRM_FORMAT_NV12, 64, 64, CPU);
	pthread_mutex_unlock(&of_application);
	return NULL;
}

static void cache_wrapped(struct wc_frame_cache *cache, int64_t key, unsigned *n_released)
{
	static uint8_t data[2][8192];
	struct wc_video_frame_init as_bytes = {
		.fourcc = DRM_FORMAT_R8, .coded_width = 8192, .coded_height = 1,
	};
	struct wc_video_frame *frame;

	ck_assert_int_eq(video_frame_new_wrapped(core, data[key], 8192, &as_bytes,
						 release_with_lock, n_released, &frame, &error),
			 WC_OK);
	ck_assert_int_eq(wc_frame_cache_put(cache, key, frame), WC_OK);
	wc_video_frame_unref(frame);
}

START_TEST(test_nothing_is_locked_while_room_is_made)
{
	struct wc_video_frame *mine, *others = NULL;
	struct wc_frame_cache *cache;
	unsigned n_released = 0;
	pthread_t thread;

	ck_assert_int_eq(frame_cache_new(core, NULL, &cache), WC_OK);
	cache_wrapped(cache, 0, &n_released);
	cache_wrapped(cache, 1, &n_released);
	memory_set_limit(core, MEMORY_ALL_KINDS, 2 * 8192);
	pthread_barrier_init(&evicting, NULL, 2);
	ck_assert_int_eq(pthread_create(&thread, NULL, make_with_lock, &others), 0);
	alarm(20);
	mine = make(DRM_FORMAT_NV12, 64, 64, CPU);
	pthread_join(thread, NULL);
	alarm(0);
	ck_assert_ptr_nonnull(mine);
	ck_assert_ptr_nonnull(others);
	ck_assert_uint_eq(n_released, 2);
	wc_video_frame_unref(mine);
	wc_video_frame_unref(others);
	wc_frame_cache_destroy(cache);
	pthread_barrier_destroy(&evicting);
}
END_TEST

/* What is read is synced first, whether it was mapped before or not; without a sync it stays. */
START_TEST(test_frames_spill)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);
	struct wc_video_frame_mapping mapping;

	draw(frame);
	video_frame_give(frame);
	*fake.syncs = '\0';
	fake.no_sync = true;
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).returned, 0);
	fake.no_sync = false;
	ck_assert_uint_eq(core->counters.bytes_by_kind[WC_MEMORY_PLAIN], 0);
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).returned, 8192);
	ck_assert_str_eq(fake.syncs, "r()");
	ck_assert_uint_eq(shrinker_list_shrink(&core->shrinkers, SIZE_MAX), 8192);
	ck_assert_uint_eq(core->counters.bytes_by_kind[WC_MEMORY_HEAP], 0);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	ck_assert_uint_eq(mapping.planes[0].data[63 * mapping.planes[0].stride + 63], 1);
	ck_assert_uint_eq(mapping.planes[1].data[31 * mapping.planes[1].stride + 63], 2);
	wc_video_frame_unmap(frame);
	wc_video_frame_unref(frame);
}
END_TEST

/* Memory that cannot be read stays where it is, and keeps no other from moving. */
START_TEST(test_frames_spill_around)
{
	struct wc_video_frame *frames[3];

	for (unsigned i = 0; i < 3; i++) {
		frames[i] = make(DRM_FORMAT_NV12, 64, 64, CODEC);
		draw(frames[i]);
		video_frame_give(frames[i]);
	}
	/* The first of two calls for each: that of the second frame. */
	fake.calls = 0;
	fake.fail_at = 2;
	fake.fail_with = -EIO;
	ck_assert_uint_eq(frames_spill(core, SPILL_ALL, 0).returned, 2 * 8192);
	ck_assert(fake.failed);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(frames[i]->buffer->kind,
				 i == 1 ? WC_MEMORY_HEAP : WC_MEMORY_PLAIN);
		draw(frames[i]);
		wc_video_frame_unref(frames[i]);
	}
}
END_TEST

START_TEST(test_frame_outlives)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_NV12, 64, 64, DISPLAY);

	frame_memory_free(memory);
	memory = NULL;
	draw(frame);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(test_frame_wrong)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = 64, .coded_height = 64,
	};
	struct wc_video_frame *frame;

	ck_assert_int_eq(video_frame_alloc(core, memory, NULL, CPU, &frame, &error),
			 WC_TYPE_ERROR);
	init.rotation = 1;
	ck_assert_int_eq(video_frame_alloc(core, memory, &init, CPU, &frame, &error),
			 WC_TYPE_ERROR);
	ck_assert_ptr_null(make(0x12345678, 64, 64, CPU));
	ck_assert_int_eq(error.name, WC_NOT_SUPPORTED_ERROR);
	for (unsigned i = 0; i < FAKE_MAX_DEVICES; i++)
		fake.devices[i].path = NULL;
	ck_assert_ptr_null(make(DRM_FORMAT_NV12, 64, 64, CODEC));
	ck_assert_int_eq(error.name, WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(error.sys_errno, ENOENT);
	ck_assert_ptr_nonnull(strstr(error.message, "tried heap"));
	ck_assert_uint_eq(core->counters.video_frames, 0);
}
END_TEST

/* What was had once may be short later. */
START_TEST(test_frame_short)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);

	fake_device("/dev/dma_heap/linux,cma")->alloc_error = -ENOMEM;
	ck_assert_ptr_null(make(DRM_FORMAT_NV12, 64, 64, CODEC));
	ck_assert_int_eq(error.name, WC_OPERATION_ERROR);
	ck_assert_int_eq(error.sys_errno, ENOMEM);
	wc_video_frame_unref(frame);
	frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);
	ck_assert_ptr_nonnull(frame);
	wc_video_frame_unref(frame);
}
END_TEST

#define NV12_BYTES (64 * 64 * 3 / 2)

/* Beyond the budget of one kind the next is tried, and nothing is allocated for nothing. */
START_TEST(test_frame_budget)
{
	struct wc_video_frame *frames[3];
	unsigned allocated;

	memory_set_limit(core, WC_MEMORY_HEAP, 8192 + NV12_BYTES - 1);
	memory_set_limit(core, WC_MEMORY_UDMABUF, 1);
	frames[0] = make(DRM_FORMAT_NV12, 64, 64, CODEC | CPU);
	frames[1] = make(DRM_FORMAT_NV12, 64, 64, CODEC | CPU);
	ck_assert_ptr_nonnull(frames[1]);
	ck_assert_uint_eq(memory_used(core, WC_MEMORY_HEAP), 8192);
	ck_assert_uint_gt(memory_used(core, WC_MEMORY_DUMB), 0);
	memory_set_limit(core, WC_MEMORY_DUMB, memory_used(core, WC_MEMORY_DUMB));
	allocated = fake.allocated;
	ck_assert_ptr_null(make(DRM_FORMAT_NV12, 64, 64, CODEC | CPU));
	ck_assert_int_eq(error.name, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(error.resource, WC_RESOURCE_MEMORY);
	ck_assert_uint_gt(error.requested, error.quota);
	ck_assert_uint_eq(fake.allocated, allocated);
	/* What comes back is had again, of its kind. */
	wc_video_frame_unref(frames[0]);
	frames[2] = make(DRM_FORMAT_NV12, 64, 64, CODEC | CPU);
	ck_assert_ptr_nonnull(frames[2]);
	ck_assert_uint_eq(memory_used(core, WC_MEMORY_HEAP), 8192);
	wc_video_frame_unref(frames[1]);
	wc_video_frame_unref(frames[2]);
}
END_TEST

START_TEST(test_frame_descriptors)
{
	struct wc_video_frame *frame;
	unsigned allocated;

	descriptors_set_limit(core, 1);
	frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);
	ck_assert_ptr_nonnull(frame);
	allocated = fake.allocated;
	ck_assert_ptr_null(make(DRM_FORMAT_NV12, 64, 64, CODEC));
	ck_assert_int_eq(error.name, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(error.resource, WC_RESOURCE_DESCRIPTORS);
	ck_assert_uint_eq(error.quota, 1);
	ck_assert_uint_eq(fake.allocated, allocated);
	wc_video_frame_unref(frame);
	frame = make(DRM_FORMAT_NV12, 64, 64, CODEC);
	ck_assert_ptr_nonnull(frame);
	wc_video_frame_unref(frame);
	ck_assert_uint_eq(core->counters.descriptors, 1);
}
END_TEST

/* Every call in turn: a frame, an error, or the next best memory, and nothing left behind. */
START_TEST(test_each_call_fails)
{
	unsigned n, frames = 0, errors = 0;

	for (n = 0;; n++) {
		struct wc_video_frame *frame;

		frame_memory_free(memory);
		memory = frame_memory_new(core);
		fake.calls = 0;
		fake.fail_at = n;
		fake.fail_with = -EMFILE;
		fake.failed = false;
		frame = make(DRM_FORMAT_NV12, 64, 64, DISPLAY | CODEC);
		if (!frame) {
			ck_assert_int_eq(error.name, WC_QUOTA_EXCEEDED_ERROR);
			ck_assert_int_eq(error.resource, WC_RESOURCE_DESCRIPTORS);
			ck_assert_int_eq(error.sys_errno, EMFILE);
			errors++;
		}
		frames += frame != NULL;
		wc_video_frame_unref(frame);
		if (!fake.failed)
			break;
	}
	ck_assert_uint_gt(frames, 10);
	ck_assert_uint_gt(errors, 1);
}
END_TEST

static void *make_often(void *arg)
{
	for (unsigned i = 0; i < 200; i++) {
		struct wc_video_frame_init init = {
			.fourcc = DRM_FORMAT_NV12, .coded_width = 64 + 2 * (i % 12),
			.coded_height = 64,
		};
		struct wc_video_frame *frame;
		struct wc_error mine;

		ck_assert_int_eq(video_frame_alloc(core, memory, &init, CPU, &frame, &mine), 0);
		draw(frame);
		wc_video_frame_unref(frame);
	}
	return arg;
}

START_TEST(test_threads)
{
	pthread_t threads[3];

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_often, NULL), 0);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(decide(WC_MEMORY_PLAIN, NULL), 0);
		chosen(CPU);
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("frame memory");
	TCase *choosing = tcase_create("choosing"), *frames = tcase_create("frames");

	tcase_add_checked_fixture(choosing, set_up, tear_down);
	tcase_add_test(choosing, test_order);
	tcase_add_test(choosing, test_decided_meanwhile);
	tcase_add_test(choosing, test_next_best);
	tcase_add_test(choosing, test_nothing);
	tcase_add_test(choosing, test_exhausted);
	tcase_add_test(choosing, test_remembers);
	tcase_add_test(choosing, test_import);
	tcase_add_test(choosing, test_decide);
	tcase_add_test(choosing, test_decide_wrong);
	suite_add_tcase(suite, choosing);
	tcase_add_checked_fixture(frames, set_up, tear_down);
	tcase_add_test(frames, test_frame);
	tcase_add_test(frames, test_frame_export);
	tcase_add_test(frames, test_frame_layout);
	tcase_add_test(frames, test_frames_reuse);
	tcase_add_test(frames, test_frames_shrink);
	tcase_add_test(frames, test_frames_spill);
	tcase_add_test(frames, test_frames_spill_around);
	tcase_add_test(frames, test_frame_outlives);
	tcase_add_test(frames, test_frame_wrong);
	tcase_add_test(frames, test_frame_short);
	tcase_add_test(frames, test_frame_budget);
	tcase_add_test(frames, test_frame_descriptors);
	tcase_add_test(frames, test_nothing_is_locked_while_room_is_made);
	tcase_add_test(frames, test_each_call_fails);
	tcase_add_test(frames, test_threads);
	suite_add_tcase(suite, frames);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
