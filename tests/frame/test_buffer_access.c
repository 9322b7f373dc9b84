/* SPDX-License-Identifier: MIT */
/*
 * The CPU's access to buffers that devices share: mapped when first needed, begun and ended with
 * DMA_BUF_IOCTL_SYNC, and through frames. The DMA-BUFs are those of fake_memory.c, which writes
 * down what it was told.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_memory.h"
#include "frame/encoded_video_chunk.h"
#include "frame/video_frame.h"

#define SIZE 4096u
#define READ WC_MAP_READ
#define WRITE WC_MAP_WRITE

static struct core *core;
static struct buffer *buffer;
static unsigned descriptors;

static void destroy(struct buffer *b)
{
	buffer_unmap(b);
	buffer_finish(b);
	free(b);
}

static const struct buffer_ops ops = { .destroy = destroy };

/* Shared memory in two objects. */
static void set_up(void)
{
	fake_memory_reset();
	descriptors = count_descriptors();
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	buffer = malloc(sizeof *buffer);
	ck_assert_ptr_nonnull(buffer);
	buffer_init(buffer, core, &ops);
	buffer->is_shared = true;
	buffer->n_objects = 2;
	for (unsigned i = 0; i < 2; i++) {
		int fd = memfd_create("test", MFD_CLOEXEC);

		ck_assert_int_eq(ftruncate(fd, SIZE), 0);
		buffer->objects[i] = (struct buffer_object) { .size = SIZE, .fd = fd };
	}
	buffer_account(buffer);
}

static void tear_down(void)
{
	buffer_unref(buffer);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	core_unref(core);
	ck_assert_uint_eq(count_descriptors(), descriptors);
}

/* One object is enough to see the order. */
static void one_object(void)
{
	close(buffer->objects[1].fd);
	buffer->objects[1].fd = -1;
	buffer->n_objects = 1;
}

static void begin(unsigned kinds)
{
	ck_assert_int_eq(buffer_begin_access(buffer, kinds), 0);
}

START_TEST(test_mapped_once)
{
	ck_assert_ptr_null(buffer->objects[0].map);
	for (unsigned i = 0; i < 3; i++) {
		begin(READ);
		ck_assert_ptr_nonnull(buffer->objects[1].map);
		buffer_end_access(buffer);
	}
	ck_assert_uint_eq(fake.mapped, 2);
	ck_assert_str_eq(fake.syncs, "r(r())r(r())r(r())");
}
END_TEST

START_TEST(test_not_shared)
{
	struct buffer *plain = buffer_new_plain(core, SIZE);

	ck_assert_int_eq(buffer_begin_access(plain, WRITE), 0);
	buffer_end_access(plain);
	ck_assert_uint_eq(fake.calls, 0);
	buffer_unref(plain);
}
END_TEST

/* A second start would throw away what is in the cache: writers have one, and it reads, too. */
START_TEST(test_nested)
{
	static const struct {
		unsigned kinds[3];
		const char *syncs;
	} rows[] = {
		{ { READ, READ, READ }, "r()" },
		{ { WRITE, READ, READ }, "w()" },
		{ { WRITE, WRITE, READ }, "w()" },
		{ { READ, WRITE, READ }, "r(w()" },
		{ { READ, READ | WRITE, WRITE }, "r(w()" },
	};

	one_object();
	begin(rows[_i].kinds[0]);
	begin(rows[_i].kinds[1]);
	buffer_end_access(buffer);
	begin(rows[_i].kinds[2]);
	buffer_end_access(buffer);
	buffer_end_access(buffer);
	ck_assert_str_eq(fake.syncs, rows[_i].syncs);
	/* What was written is no longer known of. */
	begin(READ);
	buffer_end_access(buffer);
	ck_assert_str_eq(fake.syncs + strlen(rows[_i].syncs), "r()");
}
END_TEST

START_TEST(test_read_only)
{
	fake.read_only = true;
	ck_assert_int_eq(buffer_begin_access(buffer, WRITE), -EACCES);
	ck_assert_str_eq(fake.syncs, "");
	begin(READ);
	buffer_end_access(buffer);
	ck_assert_str_eq(fake.syncs, "r(r())");
}
END_TEST

/* Calls 0 and 1 map, 2 and 3 start. */
START_TEST(test_failures)
{
	fake.fail_at = (unsigned)_i;
	fake.fail_with = -ENOMEM;
	ck_assert_int_eq(buffer_begin_access(buffer, WRITE), -ENOMEM);
	/* What was started is ended. */
	ck_assert_str_eq(fake.syncs, _i == 3 ? "w()" : "");
	fake.syncs[0] = '\0';
	begin(READ);
	buffer_end_access(buffer);
	ck_assert_str_eq(fake.syncs, "r(r())");
}
END_TEST

/* ---- through frames ---- */

static struct wc_video_frame *make_frame(void)
{
	static const struct wc_rect all = { 0, 0, 16, 16 };
	static const struct timing timing;
	struct frame_format format;
	struct wc_video_frame *frame;

	ck_assert_uint_eq(frame_format_tight(&format, DRM_FORMAT_NV12, 16, 16), 384);
	frame = video_frame_new(core, buffer, &format, &all, &timing);
	ck_assert_ptr_nonnull(frame);
	frame->writable = true;
	return frame;
}

START_TEST(test_frame_map)
{
	struct wc_video_frame *frame;
	struct wc_video_frame_mapping mapping;

	one_object();
	frame = make_frame();
	ck_assert_int_eq(wc_video_frame_map(frame, WRITE, &mapping), WC_OK);
	ck_assert_ptr_eq(mapping.planes[1].data, buffer->objects[0].map + 256);
	memset(mapping.planes[0].data, 7, 256);
	ck_assert_str_eq(fake.syncs, "w(");
	wc_video_frame_unmap(frame);
	ck_assert_str_eq(fake.syncs, "w()");
	/* One too many is none. */
	wc_video_frame_unmap(frame);
	ck_assert_str_eq(fake.syncs, "w()");
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(test_frame_closed_while_mapped)
{
	struct wc_video_frame *frame, *clone;
	struct wc_video_frame_mapping mapping;

	one_object();
	frame = make_frame();
	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(frame, READ, &mapping), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(frame, READ, &mapping), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(clone, READ, &mapping), WC_OK);
	wc_video_frame_close(frame);
	wc_video_frame_unmap(frame);
	/* The clone goes on reading. */
	ck_assert_str_eq(fake.syncs, "r(");
	wc_video_frame_unref(clone);
	ck_assert_str_eq(fake.syncs, "r()");
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(test_frame_errors)
{
	struct wc_video_frame *frame = make_frame();
	struct wc_video_frame_mapping mapping;
	uint8_t out[384];

	fake.no_sync = true;
	ck_assert_int_eq(wc_video_frame_map(frame, READ, &mapping), WC_OPERATION_ERROR);
	ck_assert_uint_eq(mapping.plane_count, 0);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, out, sizeof out, NULL),
			 WC_OPERATION_ERROR);
	fake.no_sync = false;
	wc_video_frame_unmap(frame);
	ck_assert_str_eq(fake.syncs, "");
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(test_frame_read_only)
{
	struct wc_video_frame *frame = make_frame();
	struct wc_video_frame_mapping mapping;

	fake.read_only = true;
	ck_assert_int_eq(wc_video_frame_map(frame, WRITE, &mapping), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_map(frame, READ, &mapping), WC_OK);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(test_frame_copy)
{
	struct wc_video_frame *frame;
	struct wc_video_frame_mapping mapping;
	uint8_t out[384];

	one_object();
	frame = make_frame();
	ck_assert_int_eq(wc_video_frame_map(frame, WRITE, &mapping), WC_OK);
	for (unsigned i = 0; i < 384; i++)
		mapping.planes[0].data[i] = (uint8_t)i;
	wc_video_frame_unmap(frame);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, out, sizeof out, NULL), WC_OK);
	for (unsigned i = 0; i < 384; i++)
		ck_assert_uint_eq(out[i], (uint8_t)i);
	ck_assert_str_eq(fake.syncs, "w()r()");
	wc_video_frame_unref(frame);
}
END_TEST

/* ---- threads ---- */

static void *read_often(void *arg)
{
	struct wc_video_frame *frame = arg;
	struct wc_video_frame_mapping mapping;

	for (unsigned i = 0; i < 1000; i++) {
		ck_assert_int_eq(wc_video_frame_map(frame, READ, &mapping), WC_OK);
		ck_assert_uint_eq(mapping.planes[0].data[i % 256], 0);
		wc_video_frame_unmap(frame);
	}
	return NULL;
}

/* One frame, whose buffer nobody mapped yet. Its first reader keeps the access open. */
START_TEST(test_threads)
{
	struct wc_video_frame *frame;
	struct wc_video_frame_mapping mapping;
	pthread_t threads[3];

	one_object();
	fake.forgets = true;
	frame = make_frame();
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_often, frame), 0);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(fake.mapped, 1);
	ck_assert_int_eq(wc_video_frame_map(frame, READ, &mapping), WC_OK);
	ck_assert_uint_eq(buffer->access.open, 1);
	wc_video_frame_unref(frame);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("buffer access");
	TCase *buffers = tcase_create("buffers"), *frames = tcase_create("frames");

	tcase_add_checked_fixture(buffers, set_up, tear_down);
	tcase_add_test(buffers, test_mapped_once);
	tcase_add_test(buffers, test_not_shared);
	tcase_add_loop_test(buffers, test_nested, 0, 5);
	tcase_add_test(buffers, test_read_only);
	tcase_add_loop_test(buffers, test_failures, 0, 4);
	suite_add_tcase(suite, buffers);
	tcase_add_checked_fixture(frames, set_up, tear_down);
	tcase_add_test(frames, test_frame_map);
	tcase_add_test(frames, test_frame_closed_while_mapped);
	tcase_add_test(frames, test_frame_errors);
	tcase_add_test(frames, test_frame_read_only);
	tcase_add_test(frames, test_frame_copy);
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
