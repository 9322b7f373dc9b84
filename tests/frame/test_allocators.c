/* SPDX-License-Identifier: MIT */
/*
 * One suite for all allocators: plain memory, dumb buffers, dma-heaps and udmabuf, each on devices
 * of the test's (fake_memory.c) and on real ones where the machine has them; the lab has all.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_memory.h"
#include "frame/allocator.h"
#include "frame/encoded_video_chunk.h"
#include "frame/pixel_format.h"
#include "frame/video_frame.h"

/* Who is tested. */
static const struct candidate {
	enum wc_memory_kind kind;
	const char *name;
	bool real;
	const char *path;              /* of the device, if real */
} candidates[] = {
	{ WC_MEMORY_PLAIN, "", false, NULL },
	{ WC_MEMORY_DUMB, "/dev/dri/card0", false, NULL },
	{ WC_MEMORY_DUMB, "/dev/dri/card1", false, NULL },
	{ WC_MEMORY_HEAP, "linux,cma", false, NULL },
	{ WC_MEMORY_HEAP, "/dev/dma_heap/system", false, NULL },
	{ WC_MEMORY_UDMABUF, "", false, NULL },
	{ WC_MEMORY_DUMB, "/dev/dri/card0", true, "/dev/dri/card0" },
	{ WC_MEMORY_DUMB, "/dev/dri/card1", true, "/dev/dri/card1" },
	{ WC_MEMORY_HEAP, "system", true, "/dev/dma_heap/system" },
	{ WC_MEMORY_UDMABUF, "", true, "/dev/udmabuf" },
};
#define N_CANDIDATES ((int)(sizeof candidates / sizeof *candidates))

/* 640 by 360 of NV12, which is no whole number of pages. */
static const struct pool_key nv12 = {
	.size = 640 * 360 * 3 / 2, .fourcc = DRM_FORMAT_NV12, .width = 640, .height = 360,
};

static struct core *core;
static unsigned descriptors;

static void set_up(void)
{
	fake_memory_reset();
	descriptors = count_descriptors();
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	for (unsigned i = 0; i < WC_MEMORY_KINDS; i++)
		ck_assert_uint_eq(core->counters.bytes_by_kind[i], 0);
	core_unref(core);
	ck_assert_uint_eq(fake.handles_alive, 0);
	ck_assert_uint_eq(count_descriptors(), descriptors);
}

/* False: this machine has no such device, said once for the whole suite in main(). */
static bool begin(int i)
{
	fake.off = candidates[i].real;
	return !candidates[i].real || access(candidates[i].path, R_OK | W_OK) == 0;
}

static struct pool_allocator *make(int i)
{
	struct pool_allocator *allocator;

	ck_assert_int_eq(allocator_new(candidates[i].kind, candidates[i].name, &allocator), 0);
	return allocator;
}

static struct pool *make_pool(int i, const struct pool_key *key, unsigned max)
{
	struct pool_options options = {
		.allocator = make(i),
		.key = *key,
		.max.buffers = max,
	};
	struct pool *pool;

	ck_assert_int_eq(pool_new_with(core, &options, &pool), 0);
	return pool;
}

static bool is_dma_buf(int i)
{
	return candidates[i].kind != WC_MEMORY_PLAIN;
}

static void fill(struct buffer *buffer, unsigned seed)
{
	ck_assert_int_eq(buffer_begin_access(buffer, WC_MAP_WRITE), 0);
	for (size_t k = 0; k < buffer->objects[0].size; k++)
		buffer->objects[0].map[k] = (uint8_t)(k * 7 + k / 4096 + seed);
	buffer_end_access(buffer);
}

static bool has(const uint8_t *map, size_t size, unsigned seed)
{
	for (size_t k = 0; k < size; k++)
		if (map[k] != (uint8_t)(k * 7 + k / 4096 + seed))
			return false;
	return true;
}

/* ---- what every one gives ---- */

START_TEST(test_buffer)
{
	struct pool *pool;
	struct buffer *buffer;
	size_t size;

	if (!begin(_i))
		return;
	pool = make_pool(_i, &nv12, 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	size = buffer->objects[0].size;
	ck_assert_uint_eq(buffer->n_objects, 1);
	ck_assert_uint_eq(buffer->kind, candidates[_i].kind);
	ck_assert_uint_ge(size, nv12.size);
	ck_assert_uint_lt(size, nv12.size + 65536);
	ck_assert_uint_eq(core->counters.bytes_by_kind[buffer->kind], size);
	ck_assert_int_eq(buffer->is_shared, is_dma_buf(_i));
	if (is_dma_buf(_i)) {
		ck_assert_uint_eq(size % (size_t)sysconf(_SC_PAGESIZE), 0);
		ck_assert_ptr_null(buffer->objects[0].map);
		ck_assert_int_eq(lseek(buffer->objects[0].fd, 0, SEEK_END), (off_t)size);
		ck_assert(fcntl(buffer->objects[0].fd, F_GETFD) & FD_CLOEXEC);
	} else {
		ck_assert_int_eq(buffer->objects[0].fd, -1);
	}
	fill(buffer, 1);
	ck_assert(has(buffer->objects[0].map, size, 1));
	buffer_unpin(buffer);
	pool_close(pool);
}
END_TEST

/* Another mapping, by another descriptor, sees what was written. */
START_TEST(test_second_mapping)
{
	struct pool *pool;
	struct buffer *buffer;
	int fd;
	uint8_t *map;

	if (!begin(_i) || !is_dma_buf(_i))
		return;
	pool = make_pool(_i, &nv12, 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	fill(buffer, 5);
	fd = fcntl(buffer->objects[0].fd, F_DUPFD_CLOEXEC, 0);
	map = mmap(NULL, nv12.size, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert(map != MAP_FAILED);
	ck_assert(has(map, nv12.size, 5));
	/* It keeps the memory, too. */
	buffer_unpin(buffer);
	pool_close(pool);
	close(fd);
	ck_assert(has(map, nv12.size, 5));
	munmap(map, nv12.size);
}
END_TEST

START_TEST(test_many)
{
	struct buffer *buffers[8], *more;
	struct pool_stats stats;
	struct pool *pool;
	unsigned before;

	if (!begin(_i))
		return;
	pool = make_pool(_i, &nv12, 8);
	before = count_descriptors();
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(pool_try(pool, 0, &buffers[i]), 0);
		fill(buffers[i], i);
	}
	/* One descriptor a buffer, not more. */
	ck_assert_uint_eq(count_descriptors() - before, is_dma_buf(_i) ? 8 : 0);
	ck_assert_int_eq(pool_try(pool, 0, &more), -EAGAIN);
	for (unsigned i = 0; i < 8; i++)
		ck_assert(has(buffers[i]->objects[0].map, nv12.size, i));
	for (unsigned i = 0; i < 8; i++)
		buffer_unpin(buffers[i]);
	pool_get_stats(pool, &stats);
	ck_assert_uint_eq(stats.idle, 8);
	ck_assert_uint_gt(pool_trim(pool, 3, SIZE_MAX), 0);
	ck_assert_uint_eq(count_descriptors() - before, is_dma_buf(_i) ? 3 : 0);
	ck_assert_int_eq(pool_try(pool, 0, &more), 0);
	buffer_unpin(more);
	pool_close(pool);
}
END_TEST

/* Pool and context are gone; the memory is not, until its last user is. */
START_TEST(test_outlives)
{
	struct core *own = core_new(sizeof(struct wc_video_frame),
				    sizeof(struct wc_encoded_video_chunk));
	struct core *mine = core;
	struct buffer *buffer;
	struct pool *pool;

	if (!begin(_i)) {
		core_unref(own);
		return;
	}
	core = own;
	pool = make_pool(_i, &nv12, 0);
	core = mine;
	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	pool_close(pool);
	core_unref(own);
	fill(buffer, 3);
	ck_assert(has(buffer->objects[0].map, nv12.size, 3));
	buffer_unpin(buffer);
}
END_TEST

/* Sizes of bytes, without a picture. */
START_TEST(test_plain_bytes)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 1000003 };

	if (!begin(_i))
		return;
	for (unsigned k = 0; k < 5; k++) {
		struct pool_key key = { .size = sizes[k] };
		struct pool *pool = make_pool(_i, &key, 0);
		struct buffer *buffer;

		ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
		ck_assert_uint_ge(buffer->bytes, sizes[k]);
		ck_assert_uint_eq(buffer->stride, 0);
		fill(buffer, k);
		buffer_unpin(buffer);
		pool_close(pool);
	}
}
END_TEST

START_TEST(test_refuses)
{
	struct pool_key secure = nv12, tiled = nv12;
	struct pool_allocator *allocator;
	struct pool_options options;
	struct buffer *buffer;
	struct pool *pool;

	if (!begin(_i))
		return;
	secure.secure = true;
	tiled.modifier = DRM_FORMAT_MOD_BROADCOM_SAND128;
	allocator = make(_i);
	options = (struct pool_options) { .allocator = allocator, .key = secure };
	ck_assert_int_eq(pool_new_with(core, &options, &pool), 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), -ENOTSUP);
	if (is_dma_buf(_i)) {
		ck_assert_int_eq(pool_set_key(pool, &tiled), 0);
		ck_assert_int_eq(pool_try(pool, 0, &buffer), -ENOTSUP);
	}
	pool_close(pool);
}
END_TEST

static void *churn(void *arg)
{
	struct pool *pool = arg;

	for (unsigned i = 0; i < 50; i++) {
		struct buffer *buffer;

		ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
		ck_assert_int_eq(buffer_begin_access(buffer, WC_MAP_WRITE), 0);
		memset(buffer->objects[0].map, (int)i, 4096);
		buffer_end_access(buffer);
		buffer_unpin(buffer);
		if (i % 8 == 0)
			pool_trim(pool, 0, 0);
	}
	return NULL;
}

/* An allocator is called from several threads at once. */
START_TEST(test_threads)
{
	pthread_t threads[3];
	struct pool *pool;

	/* The test's devices do not count in several threads. */
	if (!begin(_i) || (is_dma_buf(_i) && !candidates[_i].real))
		return;
	pool = make_pool(_i, &nv12, 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, pool), 0);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	pool_close(pool);
}
END_TEST

/* ---- failures ---- */

/* All that can happen with a buffer: 0, or the first error. */
static int use_buffer(int i)
{
	struct pool_options options = { .key = nv12 };
	struct buffer *buffer;
	struct pool *pool;
	int ret = allocator_new(candidates[i].kind, candidates[i].name, &options.allocator);

	if (ret < 0)
		return ret;
	ck_assert_int_eq(pool_new_with(core, &options, &pool), 0);
	ret = pool_try(pool, 0, &buffer);
	if (ret == 0) {
		ret = buffer_begin_access(buffer, WC_MAP_READ | WC_MAP_WRITE);
		if (ret == 0) {
			buffer->objects[0].map[0] = 1;
			buffer_end_access(buffer);
		}
		buffer_unpin(buffer);
	}
	pool_close(pool);
	return ret;
}

/* Every call fails in turn; what is not worth an error is the name, and the end of an access. */
START_TEST(test_each_call_fails)
{
	unsigned survived = 0, n;

	if (!begin(_i) || !is_dma_buf(_i))
		return;
	for (n = 0;; n++) {
		int ret;

		fake.calls = 0;
		fake.fail_at = n;
		fake.fail_with = -EIO;
		fake.failed = false;
		ret = use_buffer(_i);
		if (!fake.failed)
			break;
		ck_assert(ret == 0 || ret == -EIO);
		survived += ret == 0;
		ck_assert_uint_eq(core->counters.buffers, 0);
		ck_assert_uint_eq(fake.handles_alive, 0);
		ck_assert_uint_eq(count_descriptors(), descriptors);
	}
	ck_assert_uint_ge(n, 6);
	ck_assert_uint_eq(survived, 2);
	fake.fail_at = FAKE_NEVER;
	ck_assert_int_eq(use_buffer(_i), 0);
}
END_TEST

/* Nothing is let in that has less memory than was asked for. */
START_TEST(test_too_small)
{
	if (!begin(_i) || !is_dma_buf(_i) || candidates[_i].real ||
	    candidates[_i].kind == WC_MEMORY_UDMABUF)
		return;
	for (unsigned i = 0; i < 4; i++)
		fake.devices[i].short_by = 4096;
	ck_assert_int_eq(use_buffer(_i), -EOVERFLOW);
}
END_TEST

START_TEST(test_out_of_memory)
{
	if (!begin(_i) || !is_dma_buf(_i) || candidates[_i].real)
		return;
	for (unsigned i = 0; i < 5; i++)
		fake.devices[i].alloc_error = -ENOMEM;
	ck_assert_int_eq(use_buffer(_i), -ENOMEM);
}
END_TEST

START_TEST(test_bad_names)
{
	struct pool_allocator *allocator;
	char longest[ALLOCATOR_NAME_MAX + 1];

	memset(longest, 'x', ALLOCATOR_NAME_MAX);
	longest[ALLOCATOR_NAME_MAX] = '\0';
	ck_assert_int_eq(allocator_heap_new(longest, &allocator), -ENAMETOOLONG);
	ck_assert_int_eq(allocator_dumb_new(longest, &allocator), -ENAMETOOLONG);
	ck_assert_int_eq(allocator_heap_new("no-such-heap", &allocator), -ENOENT);
	ck_assert_ptr_null(allocator);
	ck_assert_int_eq(allocator_dumb_new("/dev/dri/card7", &allocator), -ENOENT);
	fake_device("/dev/udmabuf")->open_error = -EACCES;
	ck_assert_int_eq(allocator_udmabuf_new(&allocator), -EACCES);
	allocator_release(NULL);
}
END_TEST

/* ---- dumb buffers ---- */

struct shape {
	uint32_t fourcc, width, height;
	uint32_t bpp, columns, rows;   /* asked for */
};

static const struct shape shapes[] = {
	{ DRM_FORMAT_NV12, 640, 360, 8, 640, 540 },
	{ DRM_FORMAT_YUV420, 640, 360, 8, 640, 540 },
	{ DRM_FORMAT_NV12, 641, 361, 8, 642, 542 },
	{ DRM_FORMAT_YUV420, 641, 361, 8, 642, 542 },
	{ DRM_FORMAT_NV16, 640, 360, 8, 640, 720 },
	{ DRM_FORMAT_YUV444, 641, 360, 8, 641, 1080 },
	{ DRM_FORMAT_P010, 640, 360, 16, 640, 540 },
	{ DRM_FORMAT_XRGB8888, 641, 361, 32, 641, 361 },
	{ DRM_FORMAT_RGB888, 641, 361, 24, 641, 361 },
	{ DRM_FORMAT_RGB565, 641, 361, 16, 641, 361 },
	{ DRM_FORMAT_YUYV, 641, 361, 16, 642, 361 },
};

static void check_planes(const struct frame_format *format, size_t size)
{
	const struct pixel_format *pixels = pixel_format_find(format->fourcc);
	size_t end = 0;

	for (unsigned i = 0; i < format->n_planes; i++) {
		ck_assert_uint_ge(format->planes[i].offset, end);
		ck_assert_uint_ge(format->planes[i].stride,
				  pixel_format_row_bytes(pixels, i, format->width));
		end = format->planes[i].offset +
		      format->planes[i].stride * pixel_format_rows(pixels, i, format->height);
	}
	ck_assert_uint_le(end, size);
}

/* The driver's pitch is kept, and all planes fit with it. */
START_TEST(test_pitch)
{
	static const uint32_t aligns[] = { 1, 2, 64, 256 };
	const struct shape *shape = &shapes[_i];

	for (unsigned k = 0; k < 4; k++) {
		struct pool_key key = { .fourcc = shape->fourcc, .width = shape->width,
					.height = shape->height };
		struct frame_format format;
		struct buffer *buffer;
		struct pool *pool;
		size_t size;

		fake_device("/dev/dri/card1")->align = aligns[k];
		key.size = frame_format_with_stride(&format, key.fourcc, key.width, key.height, 0);
		ck_assert_uint_gt(key.size, 0);
		pool = make_pool(2, &key, 0);
		ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
		ck_assert_uint_eq(fake.bpp, shape->bpp);
		ck_assert_uint_eq(fake.width, shape->columns);
		ck_assert_uint_eq(fake.height, shape->rows);
		ck_assert_uint_eq(buffer->stride % (aligns[k] ? aligns[k] : 1), 0);
		size = frame_format_with_stride(&format, key.fourcc, key.width, key.height,
						buffer->stride);
		ck_assert_uint_gt(size, 0);
		ck_assert_uint_le(size, buffer->bytes);
		ck_assert_uint_eq(format.planes[0].stride, buffer->stride);
		check_planes(&format, size);
		buffer_unpin(buffer);
		pool_close(pool);
	}
}
END_TEST

/* More bytes than the picture has, as for motion vectors behind it: more rows. */
START_TEST(test_more_rows)
{
	struct pool_key key = nv12;
	struct buffer *buffer;
	struct pool *pool;

	key.size += 100000;
	pool = make_pool(2, &key, 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	ck_assert_uint_eq(fake.width, 640);
	ck_assert_uint_eq(fake.height, 540 + 157);
	ck_assert_uint_ge(buffer->bytes, key.size);
	buffer_unpin(buffer);
	pool_close(pool);
}
END_TEST

/* An odd pitch has no half for the chroma of I420. */
START_TEST(test_odd_pitch)
{
	struct pool_key key = { .size = 640 * 360 * 3 / 2, .fourcc = DRM_FORMAT_YUV420,
				.width = 640, .height = 360 };
	struct buffer *buffer;
	struct pool *pool;

	fake_device("/dev/dri/card1")->align = 641;
	pool = make_pool(2, &key, 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), -EINVAL);
	pool_close(pool);
}
END_TEST

START_TEST(test_nodes)
{
	struct pool_allocator *allocator;

	ck_assert_int_eq(allocator_dumb_new("/dev/dri/card1", &allocator), 0);
	ck_assert(allocator_dumb_has_display(allocator));
	ck_assert_uint_eq(fake.dropped_master, 1);
	allocator_release(allocator);
	ck_assert_int_eq(allocator_dumb_new("/dev/dri/card0", &allocator), 0);
	ck_assert(!allocator_dumb_has_display(allocator));
	allocator_release(allocator);
	fake_device("/dev/dri/card1")->no_dumb = true;
	ck_assert_int_eq(allocator_dumb_new("/dev/dri/card1", &allocator), -ENOTSUP);
	fake_device("/dev/dri/card0")->no_export = true;
	ck_assert_int_eq(allocator_dumb_new("/dev/dri/card0", &allocator), -ENOTSUP);
}
END_TEST

/* ---- names ---- */

START_TEST(test_name)
{
	struct pool_key key = nv12;
	struct buffer *buffer;
	struct pool *pool = make_pool(3, &key, 0);

	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	ck_assert_str_eq(fake.name, "webcodecs NV12 640x360");
	buffer_unpin(buffer);
	key = (struct pool_key) { .size = 5000 };
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	ck_assert_str_eq(fake.name, "webcodecs 5000");
	buffer_unpin(buffer);
	/* The largest there is, and letters that are none. */
	key = (struct pool_key) { .size = 1, .fourcc = 0xff200a41, .width = UINT32_MAX,
				  .height = UINT32_MAX };
	ck_assert_int_eq(pool_set_key(pool, &key), 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	ck_assert_int_eq(strncmp(fake.name, "webcodecs A___ 4294967295x", 26), 0);
	buffer_unpin(buffer);
	pool_close(pool);
}
END_TEST

/* The kernel tells whose a DMA-BUF is. */
START_TEST(test_real_name)
{
	char path[64], line[128];
	struct buffer *buffer;
	struct pool *pool;
	bool found = false;
	FILE *file;

	if (!begin(_i) || !candidates[_i].real)
		return;
	pool = make_pool(_i, &nv12, 0);
	ck_assert_int_eq(pool_try(pool, 0, &buffer), 0);
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", buffer->objects[0].fd);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file))
		found = found || strcmp(line, "name:\twebcodecs NV12 640x360\n") == 0;
	fclose(file);
	ck_assert_msg(found, "%s has no name", path);
	buffer_unpin(buffer);
	pool_close(pool);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("allocators");
	TCase *all = tcase_create("all"), *dumb = tcase_create("dumb");

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_loop_test(all, test_buffer, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_second_mapping, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_many, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_outlives, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_plain_bytes, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_refuses, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_threads, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_each_call_fails, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_too_small, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_out_of_memory, 0, N_CANDIDATES);
	tcase_add_loop_test(all, test_real_name, 0, N_CANDIDATES);
	tcase_add_test(all, test_bad_names);
	tcase_add_test(all, test_name);
	suite_add_tcase(suite, all);
	tcase_add_checked_fixture(dumb, set_up, tear_down);
	tcase_add_loop_test(dumb, test_pitch, 0, (int)(sizeof shapes / sizeof *shapes));
	tcase_add_test(dumb, test_more_rows);
	tcase_add_test(dumb, test_odd_pitch);
	tcase_add_test(dumb, test_nodes);
	suite_add_tcase(suite, dumb);
	return suite;
}

/* In the lab every device has to be there. */
static int count_missing(void)
{
	int n = 0;

	for (int i = 0; i < N_CANDIDATES; i++)
		if (candidates[i].real && access(candidates[i].path, R_OK | W_OK) < 0) {
			printf("skipped: real %s memory, %s: %s\n",
			       wc_memory_kind_name(candidates[i].kind), candidates[i].path,
			       strerror(errno));
			n++;
		}
	printf("%d of %d allocators were tested, %d skipped\n", N_CANDIDATES - n, N_CANDIDATES, n);
	return n;
}

int main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int failed, missing;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	missing = count_missing();
	if (missing && getenv("WC_LAB") && strcmp(getenv("WC_LAB"), "1") == 0)
		failed++;
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
