/* SPDX-License-Identifier: MIT */
/*
 * Fences of frames. Here DMA-BUFs and sync files are eventfds: they can be read from when whoever
 * writes is done, and written to unless somebody reads (their counter is full). What the kernel
 * would answer to their ioctls is the test's.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/ioctl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "frame/dma_buf.h"
#include "frame/encoded_video_chunk.h"
#include "frame/fence_wait.h"
#include "frame/memory_io.h"
#include "frame/video_frame_init.h"

#define SIZE 4096
#define NEVER ~0u

static struct core *core;
static struct loop loop;
static unsigned calls, fail_at;
static int fail_with;
static bool old_kernel, no_sync_file;
static int status;                     /* of sync files that can be read from */
static unsigned polls, merges, imports;
static uint32_t flags;                 /* of the last import or export */
static uint8_t memory[SIZE];
static struct wc_video_frame *exported_meanwhile;  /* while somebody looks, once */

static void export_frame(struct wc_video_frame *frame)
{
	struct wc_dma_buf exported;

	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &exported), WC_OK);
	wc_dma_buf_finish(&exported);
}

static bool fails(void)
{
	return calls++ == fail_at;
}

int __wrap_dma_buf_inspect(int fd, struct dma_buf_info *info);
int __wrap_dma_buf_inspect(int fd, struct dma_buf_info *info)
{
	*info = (struct dma_buf_info) { .inode = (uint64_t)fd + 1, .size = SIZE };
	return 0;
}

int __real_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms);
int __wrap_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms);
int __wrap_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	polls++;
	if (exported_meanwhile)
		export_frame(exported_meanwhile);
	exported_meanwhile = NULL;
	/* Nobody sleeps 10 s here. */
	return fails() ? fail_with : __real_memory_io_poll(fds, n, timeout_ms ? 10 : 0);
}

int __real_memory_io_dup(int fd);
int __wrap_memory_io_dup(int fd);
int __wrap_memory_io_dup(int fd)
{
	return fails() ? fail_with : __real_memory_io_dup(fd);
}

int __wrap_memory_io_map(int fd, size_t size, bool writable, uint8_t **map);
int __wrap_memory_io_map(int fd, size_t size, bool writable, uint8_t **map)
{
	(void)fd;
	(void)size;
	(void)writable;
	*map = memory;
	return 0;
}

void __wrap_memory_io_unmap(uint8_t *map, size_t size);
void __wrap_memory_io_unmap(uint8_t *map, size_t size)
{
	ck_assert_ptr_eq(map, memory);
	ck_assert_uint_eq(size, SIZE);
}

static bool is_ready(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, 0) == 1;
}

static int tell_status(int fd, struct sync_file_info *info)
{
	ck_assert_uint_eq(info->num_fences, 0);
	if (fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	if (no_sync_file)
		return -ENOTTY;
	info->status = is_ready(fd, POLLIN) ? status : 0;
	return 0;
}

static int merge(struct sync_merge_data *data)
{
	ck_assert_uint_eq(data->flags, 0);
	ck_assert_ptr_nonnull(memchr(data->name, '\0', sizeof data->name));
	merges++;
	data->fence = eventfd(0, EFD_CLOEXEC);
	return 0;
}

int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg);
int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg)
{
	struct dma_buf_export_sync_file *export = arg;
	struct dma_buf_import_sync_file *import = arg;

	if (request == DMA_BUF_IOCTL_SYNC)
		return 0;
	if (fails())
		return fail_with;
	if (request == SYNC_IOC_FILE_INFO)
		return tell_status(fd, arg);
	if (request == SYNC_IOC_MERGE)
		return merge(arg);
	if (old_kernel)
		return -ENOTTY;
	if (request == DMA_BUF_IOCTL_EXPORT_SYNC_FILE) {
		flags = export->flags;
		export->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return 0;
	}
	ck_assert_uint_eq(request, DMA_BUF_IOCTL_IMPORT_SYNC_FILE);
	flags = import->flags;
	imports++;
	return no_sync_file ? -EINVAL : 0;
}

/* ---- support --------------------------------------------------------------------------------- */

static unsigned count_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	ck_assert_int_eq(loop_init(&loop), 0);
	fail_at = NEVER;
	status = 1;
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.descriptors, 0);
	loop_finish(&loop);
	core_unref(core);
}

static int pending(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void signal_fence(int fd)
{
	ck_assert_int_eq(eventfd_write(fd, 1), 0);
}

/* Who reads: the counter is full, or empty again. */
static void begin_reading(int fd)
{
	eventfd_t value;

	eventfd_read(fd, &value);
	ck_assert_int_eq(eventfd_write(fd, UINT64_MAX - 1), 0);
}

static void end_reading(int fd)
{
	eventfd_t value;

	ck_assert_int_eq(eventfd_read(fd, &value), 0);
}

static struct wc_dma_buf describe(int a, int b)
{
	return (struct wc_dma_buf) {
		.fourcc = DRM_FORMAT_NV12, .width = 16, .height = 8, .plane_count = 2,
		.object_count = b >= 0 ? 2 : 1, .objects = { { .fd = a }, { .fd = b } },
		.planes = { { 0, 0, 16 }, { b >= 0, b >= 0 ? 0 : 128, 16 } },
	};
}

static int import(const struct wc_dma_buf *dma_buf, struct wc_video_frame **frame,
		  struct wc_error *error)
{
	*frame = NULL;
	return video_frame_from_dma_buf(core, dma_buf, NULL, NULL, NULL, frame, error);
}

static struct wc_video_frame *must_import(const struct wc_dma_buf *dma_buf)
{
	struct wc_video_frame *frame;
	struct wc_error error;

	ck_assert_msg(import(dma_buf, &frame, &error) == 0, "%s", error.message);
	return frame;
}

static struct wc_video_frame *import_with_fence(int dma_buf, int fence)
{
	struct wc_dma_buf d = describe(dma_buf, -1);

	d.acquire_fence = fence;
	d.has_acquire_fence = true;
	return must_import(&d);
}

static int look(struct wc_video_frame *frame, unsigned access, struct fence_report *report)
{
	return fence_look(frame->buffer, access, report);
}

/* ---- looking --------------------------------------------------------------------------------- */

START_TEST(only_what_others_may_write_is_looked_at)
{
	int fd = pending();
	struct wc_dma_buf d = describe(fd, -1);
	struct wc_video_frame *frame = must_import(&d), *done;
	struct buffer *plain = buffer_new_plain(core, SIZE);
	struct fence_report report;

	ck_assert(fence_is_expected(frame->buffer, WC_MAP_READ));
	ck_assert_int_eq(look(frame, WC_MAP_READ, &report), 1);
	ck_assert_int_eq(report.object, 0);
	ck_assert_int_eq(report.events, POLLIN);
	signal_fence(fd);
	ck_assert_int_eq(look(frame, WC_MAP_READ, &report), 0);
	d.no_implicit_fences = true;
	done = must_import(&d);
	ck_assert_uint_eq(polls, 2);
	ck_assert(!fence_is_expected(done->buffer, WC_MAP_READ));
	ck_assert(!fence_is_expected(done->buffer, WC_MAP_WRITE));
	ck_assert(!fence_is_expected(plain, WC_MAP_WRITE));
	ck_assert_int_eq(look(done, WC_MAP_WRITE, &report), 0);
	ck_assert_uint_eq(polls, 2);
	buffer_unref(plain);
	wc_video_frame_unref(done);
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

/* What was exported may be written by who has it, or only read if it must not be written. */
START_TEST(exporting_makes_it_worth_a_look)
{
	int fd = pending();
	struct wc_dma_buf d = describe(fd, -1), exported;
	struct wc_video_frame *frame;

	d.no_implicit_fences = true;
	for (int read_only = 0; read_only < 2; read_only++) {
		frame = must_import(&d);
		frame->buffer->read_only = read_only;
		ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &exported), WC_OK);
		ck_assert(!exported.has_acquire_fence);
		wc_dma_buf_finish(&exported);
		ck_assert_int_eq(fence_is_expected(frame->buffer, WC_MAP_READ), !read_only);
		ck_assert(fence_is_expected(frame->buffer, WC_MAP_WRITE));
		wc_video_frame_unref(frame);
	}
	close(fd);
}
END_TEST

START_TEST(who_writes_waits_for_readers)
{
	int a = pending(), b = pending();
	struct wc_dma_buf d = describe(a, b);
	struct wc_video_frame *frame = must_import(&d);
	struct fence_report report;

	signal_fence(a);
	begin_reading(b);
	ck_assert_int_eq(look(frame, WC_MAP_READ, &report), 0);
	ck_assert_int_eq(look(frame, WC_MAP_WRITE, &report), 1);
	ck_assert_int_eq(report.object, 1);
	ck_assert_int_eq(report.events, POLLOUT);
	end_reading(b);
	ck_assert_int_eq(look(frame, WC_MAP_WRITE, &report), 0);
	wc_video_frame_unref(frame);
	close(a);
	close(b);
}
END_TEST

/* ---- memory that is used again -------------------------------------------------------------- */

static void ignore_idle(struct buffer *buffer)
{
	(void)buffer;
}

static void free_buffer(struct buffer *buffer)
{
	buffer_finish(buffer);
	free(buffer);
}

static const struct buffer_ops kept_ops = { .idle = ignore_idle, .destroy = free_buffer };

/* A buffer of a maker who gives it out again; the descriptor is its own. */
static struct buffer *kept_buffer(int fd)
{
	struct buffer *buffer = malloc(sizeof *buffer);

	ck_assert_ptr_nonnull(buffer);
	buffer_init(buffer, core, &kept_ops);
	buffer->objects[0] = (struct buffer_object) { .size = SIZE, .fd = fd };
	buffer->n_objects = 1;
	buffer_account(buffer);
	return buffer;
}

static struct wc_video_frame *frame_on(struct buffer *buffer)
{
	struct frame_format format;
	struct wc_rect visible = { 0, 0, 16, 8 };
	struct timing timing = { 0 };
	struct wc_video_frame *frame;

	frame_format_tight(&format, DRM_FORMAT_NV12, 16, 8);
	frame = video_frame_new(core, buffer, &format, &visible, &timing);
	ck_assert_ptr_nonnull(frame);
	return frame;
}

/* How many looks of two are system calls. */
static unsigned two_looks(struct wc_video_frame *frame, unsigned access, int expected)
{
	struct fence_report report;

	polls = 0;
	ck_assert_int_eq(look(frame, access, &report), expected);
	ck_assert_int_eq(look(frame, access, &report), expected);
	return polls;
}

/* An export costs looks while the frame is open, and one for each kind of use after that. */
START_TEST(an_export_is_forgotten_with_the_frame)
{
	int fd = pending();
	struct buffer *buffer = kept_buffer(fd);
	struct wc_video_frame *frame = frame_on(buffer);

	export_frame(frame);
	signal_fence(fd);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_READ, 0), 2);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_WRITE, 0), 2);
	wc_video_frame_unref(frame);
	frame = frame_on(buffer);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_READ, 0), 1);
	ck_assert(fence_is_expected(buffer, WC_MAP_WRITE));
	ck_assert_uint_eq(two_looks(frame, WC_MAP_WRITE, 0), 1);
	ck_assert(!fence_is_expected(buffer, WC_MAP_WRITE));
	export_frame(frame);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_READ, 0), 2);
	wc_video_frame_unref(frame);
	buffer_unref(buffer);
}
END_TEST

/* What was begun before the frame was closed is waited for. */
START_TEST(who_goes_on_after_the_frame_is_not_forgotten)
{
	int fd = pending();
	struct buffer *buffer = kept_buffer(fd);
	struct wc_video_frame *frame = frame_on(buffer);

	export_frame(frame);
	wc_video_frame_unref(frame);
	frame = frame_on(buffer);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_READ, 1), 2);
	fail_at = calls;
	fail_with = -ENOMEM;
	ck_assert_int_eq(look(frame, WC_MAP_READ, &(struct fence_report) { 0 }), -ENOMEM);
	begin_reading(fd);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_READ, 0), 1);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_WRITE, 1), 2);
	end_reading(fd);
	ck_assert_uint_eq(two_looks(frame, WC_MAP_WRITE, 0), 1);
	wc_video_frame_unref(frame);
	buffer_unref(buffer);
}
END_TEST

START_TEST(an_export_during_a_look_counts)
{
	int fd = pending();
	struct buffer *buffer = kept_buffer(fd);
	struct wc_video_frame *frame = frame_on(buffer);
	struct fence_report report;

	signal_fence(fd);
	export_frame(frame);
	wc_video_frame_unref(frame);
	frame = frame_on(buffer);
	exported_meanwhile = frame;
	ck_assert_int_eq(look(frame, WC_MAP_WRITE, &report), 0);
	ck_assert(fence_is_expected(buffer, WC_MAP_READ));
	ck_assert_uint_eq(two_looks(frame, WC_MAP_WRITE, 0), 2);
	wc_video_frame_unref(frame);
	buffer_unref(buffer);
}
END_TEST

/* ---- the acquire fence ----------------------------------------------------------------------- */

START_TEST(an_acquire_fence_is_waited_for)
{
	int fd = pending(), fence = pending();
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;
	struct fence_report report;

	signal_fence(fd);
	frame = import_with_fence(fd, fence);
	ck_assert_uint_eq(core->counters.descriptors, 2);
	ck_assert_int_eq(look(frame, WC_MAP_READ, &report), 1);
	ck_assert_int_eq(report.object, -1);
	/* The CPU waits as long as it has patience. */
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OPERATION_ERROR);
	signal_fence(fence);
	/* It was the caller's. */
	ck_assert_int_eq(close(fence), 0);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	wc_video_frame_unmap(frame);
	/* Nobody asks again. */
	polls = 0;
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	ck_assert_uint_eq(polls, 0);
	ck_assert_int_eq(look(frame, WC_MAP_READ, &report), 0);
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

START_TEST(a_signalled_acquire_fence_is_not_kept)
{
	int fd = pending(), fence = pending();
	struct wc_video_frame *frame;

	signal_fence(fence);
	frame = import_with_fence(fd, fence);
	ck_assert_int_eq(frame->buffer->acquire_fence, -1);
	ck_assert_uint_eq(core->counters.descriptors, 1);
	wc_video_frame_unref(frame);
	close(fence);
	close(fd);
}
END_TEST

START_TEST(a_failed_fence_is_told)
{
	int fd = pending(), fence = pending();
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;
	struct fence_report report;
	struct wc_error error;

	signal_fence(fd);
	/* Before it is imported, or after. */
	if (_i)
		signal_fence(fence);
	status = -ETIME;
	frame = import_with_fence(fd, fence);
	if (!_i)
		signal_fence(fence);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(look(frame, WC_MAP_READ, &report), -ETIME);
		ck_assert(report.failed);
		ck_assert_int_eq(fence_error(&report, -ETIME, &error), WC_ENCODING_ERROR);
		ck_assert_int_eq(error.sys_errno, ETIME);
		ck_assert_ptr_nonnull(strstr(error.message, "acquire fence failed"));
		ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
				 WC_OPERATION_ERROR);
	}
	wc_video_frame_unref(frame);
	close(fence);
	close(fd);
}
END_TEST

static void refuse(struct wc_dma_buf *d, enum wc_status expected, const char *words)
{
	struct wc_video_frame *frame;
	struct wc_error error;
	unsigned before = count_descriptors();

	ck_assert_int_eq(import(d, &frame, &error), expected);
	ck_assert_msg(strstr(error.message, words), "%s", error.message);
	ck_assert_ptr_null(frame);
	ck_assert_uint_eq(count_descriptors(), before);
}

START_TEST(what_is_no_fence_is_refused)
{
	int fd = pending(), fence = pending();
	struct wc_dma_buf d = describe(fd, -1);

	d.has_acquire_fence = true;
	d.acquire_fence = 1000;
	refuse(&d, WC_TYPE_ERROR, "the acquire fence: descriptor 1000 is closed");
	d.acquire_fence = fence;
	no_sync_file = true;
	refuse(&d, WC_TYPE_ERROR, "is no sync file");
	no_sync_file = false;
	/* The status, then the duplicate. */
	fail_with = -EMFILE;
	fail_at = calls + 1;
	refuse(&d, WC_QUOTA_EXCEEDED_ERROR, "descriptor");
	/* The budget, of which the objects have one. */
	fail_at = NEVER;
	descriptors_set_limit(core, 1);
	refuse(&d, WC_QUOTA_EXCEEDED_ERROR, "descriptor");
	close(fd);
	close(fence);
}
END_TEST

/* ---- in the loop ----------------------------------------------------------------------------- */

static int n_done, result;

static void on_done(struct fence_wait *wait, int ret)
{
	ck_assert(!fence_wait_is_on(wait));
	n_done++;
	result = ret;
}

static int begin(struct fence_wait *wait, struct wc_video_frame *frame, int64_t patience)
{
	n_done = 0;
	return fence_wait_begin(wait, &loop, frame->buffer, WC_MAP_READ, patience, on_done);
}

START_TEST(a_wait_ends_when_all_are_done)
{
	int a = pending(), b = pending(), fence = pending();
	struct wc_dma_buf d = describe(a, b);
	struct fence_wait wait = { 0 }, other = { 0 };
	struct wc_video_frame *frame;

	d.has_acquire_fence = true;
	d.acquire_fence = fence;
	frame = must_import(&d);
	/* Two in one loop. */
	ck_assert_int_eq(begin(&wait, frame, 0), 1);
	ck_assert_int_eq(begin(&other, frame, FENCE_PATIENCE), 1);
	ck_assert_uint_eq(core->counters.fence_waits, 2);
	signal_fence(b);
	loop_dispatch(&loop, 0);
	signal_fence(fence);
	loop_dispatch(&loop, 0);
	ck_assert_int_eq(n_done, 0);
	signal_fence(a);
	loop_dispatch(&loop, 0);
	ck_assert_int_eq(n_done, 2);
	ck_assert_int_eq(result, 0);
	ck_assert_int_eq(begin(&wait, frame, 0), 0);
	ck_assert_uint_eq(core->counters.fence_waits, 2);
	wc_video_frame_unref(frame);
	close(fence);
	close(a);
	close(b);
}
END_TEST

START_TEST(patience_has_an_end)
{
	unsigned before = count_descriptors();
	int fd = pending();
	struct wc_dma_buf d = describe(fd, -1);
	struct wc_video_frame *frame = must_import(&d);
	struct fence_wait wait = { 0 };
	struct wc_error error;

	ck_assert_int_eq(begin(&wait, frame, 20000), 1);
	while (!n_done)
		loop_dispatch(&loop, 1000);
	ck_assert_int_eq(result, -ETIMEDOUT);
	ck_assert_int_eq(fence_error(&wait.report, result, &error), WC_OPERATION_ERROR);
	ck_assert_ptr_nonnull(strstr(error.message, "object 0"));
	/* A cancelled one has no end. */
	ck_assert_int_eq(begin(&wait, frame, 20000), 1);
	fence_wait_cancel(&wait);
	fence_wait_cancel(&wait);
	signal_fence(fd);
	loop_dispatch(&loop, 30);
	ck_assert_int_eq(n_done, 0);
	wc_video_frame_unref(frame);
	close(fd);
	/* That of the timers stays. */
	ck_assert_uint_eq(count_descriptors(), before + 1);
}
END_TEST

/* Looks by the clock need no descriptor; without a look there is an error. */
START_TEST(failures_of_a_wait)
{
	int fd = pending();
	struct wc_dma_buf d = describe(fd, -1);
	struct wc_video_frame *frame = must_import(&d);
	struct fence_wait wait = { 0 };
	struct wc_error error;

	fail_with = -EMFILE;
	fail_at = calls + 1;
	ck_assert_int_eq(begin(&wait, frame, 0), 1);
	ck_assert_int_eq(wait.fd, -1);
	signal_fence(fd);
	while (!n_done)
		loop_dispatch(&loop, 1000);
	ck_assert_int_eq(result, 0);
	fail_with = -ENOMEM;
	fail_at = calls;
	ck_assert_int_eq(begin(&wait, frame, 0), -ENOMEM);
	ck_assert(!fence_wait_is_on(&wait));
	ck_assert_int_eq(fence_error(&wait.report, -ENOMEM, &error), WC_OPERATION_ERROR);
	ck_assert_ptr_nonnull(strstr(error.message, "cannot wait"));
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

/* ---- sync files ------------------------------------------------------------------------------ */

START_TEST(sync_files_are_exported)
{
	int a = pending(), b = pending(), fence = pending(), out;
	struct wc_dma_buf d = describe(a, b);
	struct wc_video_frame *frame;

	d.has_acquire_fence = true;
	d.acquire_fence = fence;
	frame = must_import(&d);
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, WC_MAP_READ, &out), WC_OK);
	ck_assert_int_ge(out, 0);
	ck_assert_uint_eq(flags, DMA_BUF_SYNC_READ);
	/* Two objects and the acquire fence. */
	ck_assert_uint_eq(merges, 2);
	close(out);
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, WC_MAP_WRITE, &out), WC_OK);
	ck_assert_uint_eq(flags, DMA_BUF_SYNC_WRITE);
	close(out);
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, 0, &out), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, 4, &out), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, 1, NULL), WC_TYPE_ERROR);
	old_kernel = true;
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, WC_MAP_READ, &out),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(out, -1);
	wc_video_frame_close(frame);
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, WC_MAP_READ, &out),
			 WC_INVALID_STATE_ERROR);
	wc_video_frame_unref(frame);
	close(fence);
	close(a);
	close(b);
}
END_TEST

/* Export, export, merge, merge. */
START_TEST(a_failed_export_leaves_nothing)
{
	int a = pending(), b = pending(), fence = pending(), out;
	struct wc_dma_buf d = describe(a, b);
	struct wc_video_frame *frame;
	unsigned before;

	d.has_acquire_fence = true;
	d.acquire_fence = fence;
	frame = must_import(&d);
	before = count_descriptors();
	fail_with = -EMFILE;
	fail_at = calls + (unsigned)_i;
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, WC_MAP_READ, &out),
			 WC_OPERATION_ERROR);
	ck_assert_int_eq(out, -1);
	ck_assert_uint_eq(count_descriptors(), before);
	wc_video_frame_unref(frame);
	close(fence);
	close(a);
	close(b);
}
END_TEST

START_TEST(sync_files_are_imported)
{
	int a = pending(), b = pending(), fence = pending();
	struct wc_dma_buf d = describe(a, b);
	struct wc_video_frame *frame;

	d.no_implicit_fences = true;
	frame = must_import(&d);
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_READ, fence), WC_OK);
	ck_assert_uint_eq(imports, 2);
	ck_assert_uint_eq(flags, DMA_BUF_SYNC_READ);
	ck_assert(!fence_is_expected(frame->buffer, WC_MAP_READ));
	ck_assert(fence_is_expected(frame->buffer, WC_MAP_WRITE));
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_WRITE, fence), WC_OK);
	ck_assert_uint_eq(flags, DMA_BUF_SYNC_WRITE);
	ck_assert(fence_is_expected(frame->buffer, WC_MAP_READ));
	no_sync_file = true;
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_READ, fence),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, 8, fence), WC_TYPE_ERROR);
	frame->buffer->read_only = true;
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_WRITE, fence),
			 WC_TYPE_ERROR);
	fail_with = -ENOMEM;
	fail_at = calls;
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_READ, fence),
			 WC_OPERATION_ERROR);
	old_kernel = true;
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_READ, fence),
			 WC_NOT_SUPPORTED_ERROR);
	wc_video_frame_close(frame);
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_READ, fence),
			 WC_INVALID_STATE_ERROR);
	wc_video_frame_unref(frame);
	close(fence);
	close(a);
	close(b);
}
END_TEST

START_TEST(plain_memory_has_no_fences)
{
	static uint8_t data[SIZE];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = 16, .coded_height = 8,
	};
	struct wc_video_frame *frame;
	struct wc_error error;
	int out;

	ck_assert_int_eq(video_frame_from_copy(core, data, SIZE, &init, &frame, &error), 0);
	ck_assert_int_eq(wc_video_frame_export_sync_file(frame, WC_MAP_READ, &out),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_import_sync_file(frame, WC_MAP_READ, 0),
			 WC_NOT_SUPPORTED_ERROR);
	wc_video_frame_unref(frame);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("fence");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, only_what_others_may_write_is_looked_at);
	tcase_add_test(tcase, exporting_makes_it_worth_a_look);
	tcase_add_test(tcase, who_writes_waits_for_readers);
	tcase_add_test(tcase, an_export_is_forgotten_with_the_frame);
	tcase_add_test(tcase, who_goes_on_after_the_frame_is_not_forgotten);
	tcase_add_test(tcase, an_export_during_a_look_counts);
	tcase_add_test(tcase, an_acquire_fence_is_waited_for);
	tcase_add_test(tcase, a_signalled_acquire_fence_is_not_kept);
	tcase_add_loop_test(tcase, a_failed_fence_is_told, 0, 2);
	tcase_add_test(tcase, what_is_no_fence_is_refused);
	tcase_add_test(tcase, a_wait_ends_when_all_are_done);
	tcase_add_test(tcase, patience_has_an_end);
	tcase_add_test(tcase, failures_of_a_wait);
	tcase_add_test(tcase, sync_files_are_exported);
	tcase_add_loop_test(tcase, a_failed_export_leaves_nothing, 0, 4);
	tcase_add_test(tcase, sync_files_are_imported);
	tcase_add_test(tcase, plain_memory_has_no_fences);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("fence");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tests());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
