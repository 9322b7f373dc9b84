/* SPDX-License-Identifier: MIT */
/*
 * VideoFrames on DMA-BUFs of somebody else's. Here a DMA-BUF is a memfd of a certain name: the
 * calls by which the library tells DMA-BUFs from other files, maps and synchronises them, are the
 * test's.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "frame/dma_buf.h"
#include "frame/encoded_video_chunk.h"
#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "frame/video_frame.h"
#include "frame/video_frame_init.h"

#define N(array) ((int)(sizeof(array) / sizeof *(array)))
#define MAGIC 0x444d4142

/* Bytes of a NV12 picture of 16x8 pixels, as imported here, and of the memory it lies in. */
#define STRIDE 32
#define CHROMA (STRIDE * 8)
#define NEEDED (STRIDE * 12 - 16)
#define SIZE 4096

static struct core *core;
static int released;

/* ---- the calls ------------------------------------------------------------------------------- */

enum call { CALL_MALLOC, CALL_FSTATFS, CALL_FCNTL, CALL_LSEEK, CALL_MMAP, CALL_IOCTL, CALLS };

static enum call failing = CALLS;      /* which kind is to fail */
static unsigned fail_at;               /* which of them from now, from 0 */
static int fail_errno;
static atomic_uint calls[CALLS];
static bool refuses_cpu;               /* the exporter has no mmap */
static atomic_int reading, writing;    /* starts less ends */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
int __real_fstatfs(int fd, struct statfs *system);
int __wrap_fstatfs(int fd, struct statfs *system);
int __real_fcntl(int fd, int cmd, ...);
int __wrap_fcntl(int fd, int cmd, ...);
off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__real_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset);

static bool fails(enum call call)
{
	if (atomic_fetch_add(&calls[call], 1) != fail_at || call != failing)
		return false;
	errno = fail_errno;
	return true;
}

static void let_fail(enum call call, unsigned at, int sys_errno)
{
	memset(calls, 0, sizeof calls);
	failing = call;
	fail_at = at;
	fail_errno = sys_errno;
}

static bool is_dma_buf(int fd)
{
	char path[64], link[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof link);
	return n > 0 && strncmp(link, "/memfd:dma-buf", 14) == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails(CALL_MALLOC) ? NULL : __real_malloc(size);
}

int __wrap_fstatfs(int fd, struct statfs *system)
{
	int ret = fails(CALL_FSTATFS) ? -1 : __real_fstatfs(fd, system);

	if (ret == 0 && is_dma_buf(fd))
		system->f_type = MAGIC;
	return ret;
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	return cmd == F_DUPFD_CLOEXEC && fails(CALL_FCNTL) ? -1 : __real_fcntl(fd, cmd, arg);
}

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
	return fails(CALL_LSEEK) ? -1 : __real_lseek(fd, offset, whence);
}

void *__wrap_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
	if (fd >= 0 && fails(CALL_MMAP))
		return MAP_FAILED;
	if (fd >= 0 && refuses_cpu) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	return __real_mmap(address, length, prot, flags, fd, offset);
}

/* Only what dma_buf_ioctl() takes: a direction, and an end after a start. */
static int synchronize(const struct dma_buf_sync *sync)
{
	int by = sync->flags & DMA_BUF_SYNC_END ? -1 : 1;

	ck_assert(sync->flags & DMA_BUF_SYNC_RW);
	ck_assert(!(sync->flags & ~(uint64_t)DMA_BUF_SYNC_VALID_FLAGS_MASK));
	if (sync->flags & DMA_BUF_SYNC_READ)
		reading += by;
	if (sync->flags & DMA_BUF_SYNC_WRITE)
		writing += by;
	ck_assert_int_ge(reading, 0);
	ck_assert_int_ge(writing, 0);
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if ((uint32_t)request != (uint32_t)DMA_BUF_IOCTL_SYNC || !is_dma_buf(fd))
		return __real_ioctl(fd, request, arg);
	return fails(CALL_IOCTL) ? -1 : synchronize(arg);
}

#ifdef __GLIBC__
int __wrap_fstatfs64(int fd, struct statfs64 *system);
int __wrap_fcntl64(int fd, int cmd, ...) __attribute__((alias("__wrap_fcntl")));
off64_t __real_lseek64(int fd, off64_t offset, int whence);
off64_t __wrap_lseek64(int fd, off64_t offset, int whence);
void *__real_mmap64(void *address, size_t length, int prot, int flags, int fd, off64_t offset);
void *__wrap_mmap64(void *address, size_t length, int prot, int flags, int fd, off64_t offset)
	__attribute__((alias("__wrap_mmap")));
int __wrap_fstatfs64(int fd, struct statfs64 *system)
	__attribute__((alias("__wrap_fstatfs")));

off64_t __wrap_lseek64(int fd, off64_t offset, int whence)
{
	return fails(CALL_LSEEK) ? -1 : __real_lseek64(fd, offset, whence);
}
#endif

/* ---- support --------------------------------------------------------------------------------- */

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	released = 0;
	refuses_cpu = false;
	reading = 0;
	writing = 0;
	let_fail(CALLS, 0, 0);
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.video_frames, 0);
	ck_assert_uint_eq(core->counters.buffers, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, 0);
	ck_assert_uint_eq(core->counters.bytes_by_kind[WC_MEMORY_IMPORTED], 0);
	ck_assert_int_eq(reading, 0);
	ck_assert_int_eq(writing, 0);
	core_unref(core);
}

static int make_file(const char *name, off_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	return fd;
}

static void on_release(void *user_data)
{
	ck_assert_ptr_eq(user_data, &released);
	released++;
}

static struct wc_dma_buf describe(int fd)
{
	return (struct wc_dma_buf) {
		.fourcc = DRM_FORMAT_NV12, .width = 16, .height = 8,
		.object_count = 1, .plane_count = 2,
		.objects[0] = { .fd = fd },
		.planes = { { 0, 0, STRIDE }, { 0, CHROMA, STRIDE } },
	};
}

static int import(const struct wc_dma_buf *dma_buf, const struct wc_video_frame_init *init,
		  struct wc_video_frame **frame, struct wc_error *error)
{
	*frame = NULL;
	return video_frame_from_dma_buf(core, dma_buf, init, on_release, &released, frame, error);
}

static struct wc_video_frame *must_import(const struct wc_dma_buf *dma_buf)
{
	struct wc_video_frame *frame;
	struct wc_error error;

	ck_assert_msg(import(dma_buf, NULL, &frame, &error) == 0, "%s", error.message);
	return frame;
}

static void must_fail(const struct wc_dma_buf *dma_buf, const struct wc_video_frame_init *init,
		      enum wc_status status, const char *words)
{
	int fd_before = dup(0), fd_after;
	struct wc_video_frame *frame;
	struct wc_error error;

	close(fd_before);
	ck_assert_int_eq(import(dma_buf, init, &frame, &error), status);
	ck_assert_int_eq(error.name, status);
	ck_assert_msg(strstr(error.message, words), "\"%s\" lacks \"%s\"", error.message, words);
	ck_assert_ptr_null(frame);
	ck_assert_int_eq(released, 0);
	/* The lowest free descriptor is the one it was: none was kept. */
	fd_after = dup(0);
	close(fd_after);
	ck_assert_int_eq(fd_after, fd_before);
}

/* ---- import ---------------------------------------------------------------------------------- */

START_TEST(an_imported_frame_is_what_was_described)
{
	struct wc_video_frame_init init = {
		.timestamp = -5, .duration = 40, .has_duration = true, .rotation = 90,
		.visible_rect = { 2, 2, 12, 4 },
	};
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame_layout layout;
	struct wc_video_frame *frame;
	struct wc_error error;

	ck_assert_int_eq(import(&dma_buf, &init, &frame, &error), 0);
	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_NV12);
	ck_assert_uint_eq(wc_video_frame_get_coded_width(frame), 16);
	ck_assert_uint_eq(wc_video_frame_get_coded_height(frame), 8);
	ck_assert_uint_eq(wc_video_frame_get_visible_rect(frame).x, 2);
	ck_assert_uint_eq(wc_video_frame_get_display_width(frame), 4);
	ck_assert_int_eq(wc_video_frame_get_timestamp(frame), -5);
	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
	ck_assert_uint_eq(layout.object_count, 1);
	ck_assert_uint_eq(layout.planes[1].offset, CHROMA);
	ck_assert_uint_eq(layout.planes[1].stride, STRIDE);
	ck_assert_uint_eq(core->counters.bytes_by_kind[WC_MEMORY_IMPORTED], SIZE);
	/* The caller's descriptor is the caller's. */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(frame->buffer->kind, WC_MEMORY_IMPORTED);
	ck_assert_int_eq(released, 0);
	wc_video_frame_unref(frame);
	ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(planes_in_one_dma_buf_are_one_object)
{
	int a = make_file("dma-buf", SIZE), b = dup(a), c = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(a);
	struct wc_video_frame *frame;

	dma_buf.object_count = 2;
	dma_buf.objects[1].fd = b;
	dma_buf.planes[1].object = 1;
	frame = must_import(&dma_buf);
	ck_assert_uint_eq(frame->buffer->n_objects, 1);
	ck_assert_uint_eq(frame->format.planes[1].object, 0);
	ck_assert_uint_eq(core->counters.buffer_bytes, SIZE);
	wc_video_frame_unref(frame);
	/* The same place of the same memory under two names is seen, too. */
	dma_buf.planes[1].offset = 0;
	released = 0;
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "overlap");
	/* Two that are two stay two. */
	dma_buf.objects[1].fd = c;
	frame = must_import(&dma_buf);
	ck_assert_uint_eq(frame->buffer->n_objects, 2);
	ck_assert_uint_eq(frame->format.planes[1].object, 1);
	wc_video_frame_unref(frame);
	close(a);
	close(b);
	close(c);
}
END_TEST

START_TEST(a_dma_buf_is_known_by_its_inode)
{
	int fd = make_file("dma-buf", SIZE), other = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd), others = describe(other);
	struct wc_video_frame *a = must_import(&dma_buf), *b = must_import(&dma_buf);
	struct wc_video_frame *c = must_import(&others);
	struct buffer_object bare = { .fd = fd }, none = { .fd = -1 }, file = { .fd = 0 };

	ck_assert_int_ne(a->buffer->objects[0].fd, b->buffer->objects[0].fd);
	ck_assert_uint_eq(a->buffer->objects[0].inode, b->buffer->objects[0].inode);
	ck_assert_uint_ne(a->buffer->objects[0].inode, c->buffer->objects[0].inode);
	ck_assert_uint_eq(dma_buf_inode(&bare), a->buffer->objects[0].inode);
	ck_assert_uint_eq(dma_buf_inode(&none), 0);
	ck_assert_uint_eq(dma_buf_inode(&file), 0);
	wc_video_frame_unref(a);
	wc_video_frame_unref(b);
	wc_video_frame_unref(c);
	close(fd);
	close(other);
}
END_TEST

/* The last row need not have padding behind it. */
START_TEST(the_true_size_decides)
{
	int fd = make_file("dma-buf", NEEDED);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame *frame = must_import(&dma_buf);

	wc_video_frame_unref(frame);
	released = 0;
	dma_buf.objects[0].size = NEEDED + 1;
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "the DMA-BUF has 368 bytes, not 369");
	dma_buf.objects[0].size = NEEDED - 1;
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "too small");
	dma_buf.objects[0].size = 0;
	ck_assert_int_eq(ftruncate(fd, NEEDED - 1), 0);
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "object 0 is too small: it has 367 bytes");
	close(fd);
}
END_TEST

/* What is wrong with a description that is right otherwise. */
static void no_planes(struct wc_dma_buf *d) { d->plane_count = 0; }
static void many_planes(struct wc_dma_buf *d) { d->plane_count = 5; }
static void other_planes(struct wc_dma_buf *d) { d->plane_count = 1; }
static void no_objects(struct wc_dma_buf *d) { d->object_count = 0; }
static void many_objects(struct wc_dma_buf *d) { d->object_count = 5; }
static void no_such_object(struct wc_dma_buf *d) { d->planes[1].object = 1; }
static void no_size(struct wc_dma_buf *d) { d->height = 0; }
static void no_fourcc(struct wc_dma_buf *d) { d->fourcc = 0; }
static void odd_fourcc(struct wc_dma_buf *d) { d->fourcc = 0x31313131; }
static void reserved(struct wc_dma_buf *d) { d->reserved[0] = 1; }
static void no_modifier(struct wc_dma_buf *d) { d->modifier = DRM_FORMAT_MOD_INVALID; }
static void small_stride(struct wc_dma_buf *d) { d->planes[0].stride = 15; }
static void large_offset(struct wc_dma_buf *d) { d->planes[1].offset = SIZE; }
static void huge_offset(struct wc_dma_buf *d) { d->planes[1].offset = SIZE_MAX; }
static void huge_stride(struct wc_dma_buf *d) { d->planes[1].stride = SIZE_MAX; }
static void same_place(struct wc_dma_buf *d) { d->planes[1].offset = 8; }
static void huge_picture(struct wc_dma_buf *d) { d->width = UINT32_MAX; }
static void closed(struct wc_dma_buf *d) { d->objects[0].fd = 1000; }
static void negative(struct wc_dma_buf *d) { d->objects[0].fd = -1; }

/* Its last row would end beyond what 64 bits can count, were it not looked at in time. */
static void tall(struct wc_dma_buf *d)
{
	d->height = 1u << 28;
	d->planes[0].stride = UINT32_MAX;
}

static const struct {
	void (*spoil)(struct wc_dma_buf *dma_buf);
	const char *words;
	enum wc_status status;
} invalid[] = {
	{ no_planes, "number of planes", WC_TYPE_ERROR },
	{ many_planes, "number of planes", WC_TYPE_ERROR },
	{ other_planes, "has 1 planes, the format has 2", WC_TYPE_ERROR },
	{ no_objects, "number of objects", WC_TYPE_ERROR },
	{ many_objects, "number of objects", WC_TYPE_ERROR },
	{ no_such_object, "plane 1 is in object 1, and there are 1", WC_TYPE_ERROR },
	{ no_size, "height is 0", WC_TYPE_ERROR },
	{ no_fourcc, "fourcc", WC_TYPE_ERROR },
	{ odd_fourcc, "no linear layout is known", WC_NOT_SUPPORTED_ERROR },
	{ reserved, "reserved", WC_TYPE_ERROR },
	{ no_modifier, "DRM_FORMAT_MOD_INVALID", WC_NOT_SUPPORTED_ERROR },
	{ small_stride, "stride 15 of plane 0", WC_TYPE_ERROR },
	{ large_offset, "too small", WC_TYPE_ERROR },
	{ huge_offset, SIZE_MAX > UINT32_MAX ? "beyond 2^32" : "too small", WC_TYPE_ERROR },
	{ huge_stride, SIZE_MAX > UINT32_MAX ? "beyond 2^32" : "too small", WC_TYPE_ERROR },
	{ same_place, "overlap", WC_TYPE_ERROR },
	{ huge_picture, "too large", WC_TYPE_ERROR },
	{ tall, "too small", WC_TYPE_ERROR },
	{ closed, "descriptor 1000 is closed", WC_TYPE_ERROR },
	{ negative, "descriptor -1 is closed", WC_TYPE_ERROR },
};

START_TEST(a_wrong_description_is_one_clear_error)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);

	invalid[_i].spoil(&dma_buf);
	must_fail(&dma_buf, NULL, invalid[_i].status, invalid[_i].words);
	close(fd);
}
END_TEST

START_TEST(objects_whose_sizes_overflow_are_refused)
{
	struct wc_video_frame *frame;
	struct wc_dma_buf d = { .object_count = 3, .fourcc = DRM_FORMAT_NV12, .width = 16,
				.height = 8, .plane_count = 2,
				.planes = { { 0, 0, STRIDE }, { 1, 0, STRIDE } } };
	struct wc_error error;

	for (unsigned i = 0; i < 3; i++) {
		d.objects[i].fd = memfd_create("dma-buf", MFD_CLOEXEC);
		ck_assert_int_ge(d.objects[i].fd, 0);
		ck_assert_int_eq(ftruncate(d.objects[i].fd, (off_t)(SIZE_MAX / 2)), 0);
	}
	ck_assert_int_eq(import(&d, NULL, &frame, &error), WC_TYPE_ERROR);
	ck_assert_ptr_nonnull(strstr(error.message, "together"));
	for (unsigned i = 0; i < 3; i++)
		close(d.objects[i].fd);
}
END_TEST

START_TEST(a_plain_file_is_no_dma_buf)
{
	int fd = make_file("file", SIZE), pipes[2];
	struct wc_dma_buf dma_buf = describe(fd);

	/* Its offset is not touched. */
	ck_assert_int_eq(lseek(fd, 7, SEEK_SET), 7);
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "is no DMA-BUF");
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 7);
	ck_assert_int_eq(pipe(pipes), 0);
	dma_buf.objects[0].fd = pipes[0];
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "is no DMA-BUF");
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
}
END_TEST

START_TEST(the_init_must_not_contradict)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame_init init = { .coded_width = 18 };
	struct wc_video_frame *frame;
	struct wc_error error;

	must_fail(NULL, NULL, WC_TYPE_ERROR, "NULL");
	must_fail(&dma_buf, &init, WC_TYPE_ERROR, "another coded size");
	init = (struct wc_video_frame_init) { .fourcc = DRM_FORMAT_YUV420 };
	must_fail(&dma_buf, &init, WC_TYPE_ERROR, "another fourcc");
	init = (struct wc_video_frame_init) { .plane_count = 2 };
	must_fail(&dma_buf, &init, WC_TYPE_ERROR, "planes");
	init = (struct wc_video_frame_init) { .visible_rect = { 0, 0, 16, 9 } };
	must_fail(&dma_buf, &init, WC_TYPE_ERROR, "reaches beyond");
	init = (struct wc_video_frame_init) { .rotation = 7 };
	must_fail(&dma_buf, &init, WC_TYPE_ERROR, "rotation");
	init = (struct wc_video_frame_init) {
		.fourcc = DRM_FORMAT_NV12, .coded_width = 16, .coded_height = 8,
	};
	ck_assert_int_eq(import(&dma_buf, &init, &frame, &error), 0);
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

/* Carried, never taken for rows; how many planes it has is its maker's affair. */
START_TEST(a_tiled_picture_is_for_devices_only)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd), exported;
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;
	uint8_t data[SIZE];

	dma_buf.modifier = DRM_FORMAT_MOD_ARM_16X16_BLOCK_U_INTERLEAVED;
	dma_buf.plane_count = 1;
	frame = must_import(&dma_buf);
	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_NONE);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, SIZE, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &exported), WC_OK);
	ck_assert_uint_eq(exported.modifier, DRM_FORMAT_MOD_ARM_16X16_BLOCK_U_INTERLEAVED);
	ck_assert_uint_eq(exported.plane_count, 1);
	wc_dma_buf_finish(&exported);
	wc_video_frame_unref(frame);
	released = 0;
	dma_buf.planes[0].offset = SIZE;
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "too small");
	close(fd);
}
END_TEST

#define SAND(rows) DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(UINT64_C(rows))

/* 16x8 pixels in tilings that are known, and how many bytes whole rows of tiles end at. */
static const struct {
	uint64_t modifier;
	uint32_t fourcc;
	size_t stride, chroma, needed;
} tiled[] = {
	{ DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, DRM_FORMAT_NV12, 16, 256, 256 + 64 },
	{ DRM_FORMAT_MOD_SAMSUNG_64_32_TILE, DRM_FORMAT_NV21, 128, 4096, 8192 },
	{ DRM_FORMAT_MOD_ALLWINNER_TILED, DRM_FORMAT_NV12, 32, 1024, 1024 + 128 },
	{ DRM_FORMAT_MOD_MTK_16L_32S_TILE, DRM_FORMAT_NV12, 32, 1024, 1024 + 64 },
	/* Eight rows, and four of chroma; the stride is for displays. */
	{ SAND(12), DRM_FORMAT_NV12, 128, 1024, 1536 },
	{ SAND(12), DRM_FORMAT_P030, 0, 1024, 1536 },
	{ SAND(13), DRM_FORMAT_NV12, 128, 1152, 1664 },
};

static struct wc_dma_buf describe_tiled(int fd, int i)
{
	struct wc_dma_buf dma_buf = describe(fd);

	dma_buf.modifier = tiled[i].modifier;
	dma_buf.fourcc = tiled[i].fourcc;
	dma_buf.planes[0].stride = dma_buf.planes[1].stride = tiled[i].stride;
	dma_buf.planes[1].offset = tiled[i].chroma;
	return dma_buf;
}

START_TEST(the_true_size_decides_of_tiles)
{
	int fd = make_file("dma-buf", (off_t)tiled[_i].needed);
	struct wc_dma_buf dma_buf = describe_tiled(fd, _i);
	struct wc_video_frame *frame = must_import(&dma_buf);
	uint8_t data[SIZE];

	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, SIZE, NULL), WC_OK);
	wc_video_frame_unref(frame);
	released = 0;
	dma_buf.objects[0].size = tiled[_i].needed - 1;
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "object 0 is too small");
	dma_buf.objects[0].size = 0;
	ck_assert_int_eq(ftruncate(fd, (off_t)tiled[_i].needed - 1), 0);
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "plane 1 of 16x8 pixels in ");
	dma_buf.plane_count = 1;
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "the format has 2");
	close(fd);
}
END_TEST

static void half_a_tile(struct wc_dma_buf *d) { d->planes[0].stride = 24; }
static void short_column(struct wc_dma_buf *d) { d->modifier = SAND(7); }
/* Chroma would reach into the next column's luma. */
static void full_column(struct wc_dma_buf *d) { d->modifier = SAND(11); }
static void no_column(struct wc_dma_buf *d) { d->modifier = SAND(0); }
/* Its low 32 bits are a height that fits. */
static void tall_column(struct wc_dma_buf *d) { d->modifier = SAND(0x10000000c); d->width = 256; }
static void odd_corner(struct wc_dma_buf *d) { d->planes[1].offset = UINT32_MAX; }

static const struct {
	int tiled;
	void (*spoil)(struct wc_dma_buf *dma_buf);
} spoilt[] = {
	{ 0, half_a_tile }, { 1, half_a_tile }, { 4, short_column }, { 4, full_column },
	{ 4, tall_column }, { 2, odd_corner }, { 5, odd_corner },
};

START_TEST(tiles_that_do_not_suit_are_refused)
{
	int fd = make_file("dma-buf", 1 << 16);
	struct wc_dma_buf dma_buf = describe_tiled(fd, spoilt[_i].tiled);

	wc_video_frame_unref(must_import(&dma_buf));
	released = 0;
	spoilt[_i].spoil(&dma_buf);
	must_fail(&dma_buf, NULL, WC_TYPE_ERROR, "too small");
	close(fd);
}
END_TEST

/* Of columns whose height nobody tells the rest is not known either. */
START_TEST(columns_without_a_height_are_for_devices_only)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe_tiled(fd, 4);
	struct wc_video_frame *frame;
	uint8_t data[SIZE];

	no_column(&dma_buf);
	frame = must_import(&dma_buf);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, SIZE, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

START_TEST(what_the_machine_lacks_leaves_nothing)
{
	static const struct {
		enum call call;
		int sys_errno;
		enum wc_status status;
		const char *words;
	} rows[] = {
		{ CALL_MALLOC, ENOMEM, WC_OPERATION_ERROR, "no memory" },
		{ CALL_FCNTL, EMFILE, WC_QUOTA_EXCEEDED_ERROR, "left to the process" },
		{ CALL_FCNTL, ENFILE, WC_QUOTA_EXCEEDED_ERROR, "left to the system" },
		{ CALL_FSTATFS, ENOSYS, WC_TYPE_ERROR, "is no DMA-BUF" },
		{ CALL_LSEEK, ESPIPE, WC_TYPE_ERROR, "is no DMA-BUF" },
	};
	int a = make_file("dma-buf", SIZE), b = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(a);

	dma_buf.object_count = 2;
	dma_buf.objects[1].fd = b;
	dma_buf.planes[1].object = 1;
	/* The slab has an object: what is left to fail is the buffer. */
	wc_video_frame_unref(must_import(&dma_buf));
	released = 0;
	for (int i = 0; i < N(rows); i++)
		for (unsigned at = 0; at < (rows[i].call == CALL_MALLOC ? 1 : 2); at++) {
			let_fail(rows[i].call, at, rows[i].sys_errno);
			must_fail(&dma_buf, NULL, rows[i].status, rows[i].words);
			ck_assert_uint_gt(calls[rows[i].call], at);
		}
	let_fail(CALLS, 0, 0);
	close(a);
	close(b);
}
END_TEST

/* Memory of others costs as much of the budgets as any, and the descriptors are duplicates. */
START_TEST(imports_keep_to_the_budgets)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame *frame = must_import(&dma_buf);
	struct wc_error error;

	memory_set_limit(core, WC_MEMORY_IMPORTED, 2 * SIZE - 1);
	must_fail(&dma_buf, NULL, WC_QUOTA_EXCEEDED_ERROR, "of kind imported");
	memory_set_limit(core, WC_MEMORY_IMPORTED, 2 * SIZE);
	descriptors_set_limit(core, 1);
	must_fail(&dma_buf, NULL, WC_QUOTA_EXCEEDED_ERROR, "left to the context");
	ck_assert_int_eq(import(&dma_buf, NULL, &(struct wc_video_frame *) { NULL }, &error),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(error.resource, WC_RESOURCE_DESCRIPTORS);
	ck_assert_uint_eq(error.quota, 1);
	ck_assert_uint_eq(error.requested, 2);
	ck_assert_uint_eq(core->counters.descriptors, 1);
	ck_assert_uint_eq(core->counters.buffer_bytes, SIZE);
	wc_video_frame_unref(frame);
	wc_video_frame_unref(must_import(&dma_buf));
	ck_assert_int_eq(released, 2);
	ck_assert_uint_eq(core->counters.descriptors, 0);
	close(fd);
}
END_TEST

/* ---- the CPU --------------------------------------------------------------------------------- */

START_TEST(memory_is_mapped_when_it_is_wanted)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame *frame = must_import(&dma_buf);
	struct wc_video_frame_mapping mapping, again;
	uint8_t byte = 0;

	let_fail(CALLS, 0, 0);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_OK);
	ck_assert_uint_eq(calls[CALL_MMAP], 1);
	ck_assert_int_eq(writing, 1);
	ck_assert_int_eq(reading, 1);
	mapping.planes[1].data[3] = 99;
	ck_assert_int_eq(pread(fd, &byte, 1, CHROMA + 3), 1);
	ck_assert_uint_eq(byte, 99);
	/* Nested: nothing is new to the kernel. */
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ | WC_MAP_WRITE, &again), WC_OK);
	ck_assert_int_eq(writing, 1);
	ck_assert_int_eq(reading, 1);
	wc_video_frame_unmap(frame);
	ck_assert_int_eq(writing, 1);
	wc_video_frame_unmap(frame);
	ck_assert_int_eq(writing, 0);
	ck_assert_int_eq(reading, 0);
	/* One too many does no harm, and the mapping itself stays. */
	wc_video_frame_unmap(frame);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	ck_assert_uint_eq(calls[CALL_MMAP], 1);
	ck_assert_uint_eq(calls[CALL_IOCTL], 3);
	wc_video_frame_close(frame);
	ck_assert_int_eq(reading, 0);
	wc_video_frame_unmap(frame);
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

START_TEST(clones_share_an_access)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame *frame = must_import(&dma_buf), *clone;
	struct wc_video_frame_mapping mapping;

	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	ck_assert_int_eq(wc_video_frame_map(clone, WC_MAP_READ, &mapping), WC_OK);
	ck_assert_int_eq(reading, 1);
	wc_video_frame_unref(frame);
	ck_assert_int_eq(reading, 1);
	wc_video_frame_unmap(clone);
	ck_assert_int_eq(reading, 0);
	wc_video_frame_unref(clone);
	close(fd);
}
END_TEST

START_TEST(copies_are_made_within_an_access)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame *frame = must_import(&dma_buf);
	uint8_t data[16 * 12];

	ck_assert_int_eq(pwrite(fd, "\7", 1, STRIDE), 1);
	let_fail(CALLS, 0, 0);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, sizeof data, NULL), WC_OK);
	ck_assert_uint_eq(data[16], 7);
	ck_assert_uint_eq(calls[CALL_IOCTL], 2);
	ck_assert_int_eq(reading, 0);
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

START_TEST(an_exporter_may_refuse_the_cpu)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd), exported;
	struct wc_video_frame *frame;
	struct wc_video_frame_mapping mapping;
	uint8_t data[16 * 12];

	refuses_cpu = true;
	frame = must_import(&dma_buf);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, data, sizeof data, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &exported), WC_OK);
	wc_dma_buf_finish(&exported);
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

START_TEST(a_descriptor_for_reading_makes_a_frame_for_reading)
{
	int fd = make_file("dma-buf", SIZE), reader;
	struct wc_dma_buf dma_buf;
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	dma_buf = describe(reader);
	frame = must_import(&dma_buf);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	wc_video_frame_unmap(frame);
	wc_video_frame_unref(frame);
	close(reader);
	close(fd);
}
END_TEST

/* Two objects: the second may be the one that fails. Then the first is let go. */
START_TEST(an_access_begins_whole_or_not_at_all)
{
	static const struct {
		enum call call;
		int sys_errno;
		enum wc_status status;
	} rows[] = {
		{ CALL_MMAP, ENOMEM, WC_OPERATION_ERROR },
		{ CALL_MMAP, EINVAL, WC_NOT_SUPPORTED_ERROR },
		{ CALL_IOCTL, ENOMEM, WC_OPERATION_ERROR },
		{ CALL_IOCTL, EIO, WC_OPERATION_ERROR },
		{ CALL_IOCTL, EINTR, WC_OK },
		{ CALL_IOCTL, EAGAIN, WC_OK },
	};
	int a = make_file("dma-buf", SIZE), b = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(a);
	struct wc_video_frame_mapping mapping;

	dma_buf.object_count = 2;
	dma_buf.objects[1].fd = b;
	dma_buf.planes[1].object = 1;
	for (int i = 0; i < N(rows); i++)
		for (unsigned at = 0; at < 2; at++) {
			struct wc_video_frame *frame = must_import(&dma_buf);

			let_fail(rows[i].call, at, rows[i].sys_errno);
			ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping),
					 rows[i].status);
			if (rows[i].status == WC_OK)
				wc_video_frame_unmap(frame);
			ck_assert_int_eq(reading, 0);
			/* And the next one succeeds. */
			ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
			ck_assert_int_eq(reading, 2);
			wc_video_frame_unmap(frame);
			wc_video_frame_unref(frame);
		}
	close(a);
	close(b);
}
END_TEST

static void *map_often(void *data)
{
	struct wc_video_frame *frame = data;
	struct wc_video_frame_mapping mapping;

	for (unsigned i = 0; i < 2000; i++) {
		if (wc_video_frame_map(frame, WC_MAP_READ, &mapping) != WC_OK || reading != 1)
			return frame;
		wc_video_frame_unmap(frame);
	}
	return NULL;
}

START_TEST(threads_share_an_access)
{
	int fd = make_file("dma-buf", SIZE);
	struct wc_dma_buf dma_buf = describe(fd);
	struct wc_video_frame *frame = must_import(&dma_buf);
	pthread_t threads[3];
	void *bad;

	for (int i = 0; i < N(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, map_often, frame), 0);
	for (int i = 0; i < N(threads); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &bad), 0);
		ck_assert_ptr_null(bad);
	}
	wc_video_frame_unref(frame);
	close(fd);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("import");
	TCase *import_case = tcase_create("import"), *cpu = tcase_create("cpu");

	tcase_add_checked_fixture(import_case, set_up, tear_down);
	tcase_add_test(import_case, an_imported_frame_is_what_was_described);
	tcase_add_test(import_case, planes_in_one_dma_buf_are_one_object);
	tcase_add_test(import_case, a_dma_buf_is_known_by_its_inode);
	tcase_add_test(import_case, the_true_size_decides);
	tcase_add_loop_test(import_case, a_wrong_description_is_one_clear_error, 0, N(invalid));
	tcase_add_test(import_case, objects_whose_sizes_overflow_are_refused);
	tcase_add_test(import_case, a_plain_file_is_no_dma_buf);
	tcase_add_test(import_case, the_init_must_not_contradict);
	tcase_add_test(import_case, a_tiled_picture_is_for_devices_only);
	tcase_add_loop_test(import_case, the_true_size_decides_of_tiles, 0, N(tiled));
	tcase_add_loop_test(import_case, tiles_that_do_not_suit_are_refused, 0, N(spoilt));
	tcase_add_test(import_case, columns_without_a_height_are_for_devices_only);
	tcase_add_test(import_case, what_the_machine_lacks_leaves_nothing);
	tcase_add_test(import_case, imports_keep_to_the_budgets);
	suite_add_tcase(s, import_case);
	tcase_add_checked_fixture(cpu, set_up, tear_down);
	tcase_add_test(cpu, memory_is_mapped_when_it_is_wanted);
	tcase_add_test(cpu, clones_share_an_access);
	tcase_add_test(cpu, copies_are_made_within_an_access);
	tcase_add_test(cpu, an_exporter_may_refuse_the_cpu);
	tcase_add_test(cpu, a_descriptor_for_reading_makes_a_frame_for_reading);
	tcase_add_test(cpu, an_access_begins_whole_or_not_at_all);
	tcase_add_test(cpu, threads_share_an_access);
	suite_add_tcase(s, cpu);
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
