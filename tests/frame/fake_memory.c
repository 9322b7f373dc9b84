/* SPDX-License-Identifier: MIT */
#include "fake_memory.h"

#include <check.h>
#include <dirent.h>
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/ioctl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame/memory_io.h"
#include "util/macros.h"

#define PAGE 4096u
#define MAX_FDS 1024

struct fake_memory fake;

/* Which device a descriptor stands for, 1 and up; 0: none. */
static unsigned device_of[MAX_FDS];

void fake_memory_reset(void)
{
	fake = (struct fake_memory) {
		.fail_at = FAKE_NEVER,
		.devices = {
			{ .path = "/dev/dri/card0", .no_display = true },
			{ .path = "/dev/dri/card1", .align = 64 },
			{ .path = "/dev/dma_heap/linux,cma" },
			{ .path = "/dev/dma_heap/system" },
			{ .path = "/dev/udmabuf" },
		},
	};
	memset(device_of, 0, sizeof device_of);
	for (unsigned i = 0; i < FAKE_MAX_HANDLES; i++)
		fake.handles[i] = -1;
}

struct fake_device *fake_device(const char *path)
{
	for (unsigned i = 0; i < FAKE_MAX_DEVICES; i++)
		if (fake.devices[i].path && strcmp(fake.devices[i].path, path) == 0)
			return &fake.devices[i];
	return NULL;
}

unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool fails(void)
{
	if (atomic_fetch_add(&fake.calls, 1) != fake.fail_at)
		return false;
	fake.failed = true;
	return true;
}

static struct fake_device *device(int fd)
{
	ck_assert(fd >= 0 && fd < MAX_FDS && device_of[fd]);
	return &fake.devices[device_of[fd] - 1];
}

/* A DMA-BUF, or the memory behind a handle. */
static int make_memory(const struct fake_device *d, uint64_t size)
{
	int fd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	size = (size + PAGE - 1) / PAGE * PAGE;
	ck_assert_int_eq(ftruncate(fd, (off_t)(size - d->short_by)), 0);
	fake.allocated++;
	return fd;
}

/* ---- open and close ---- */

int __real_memory_io_open(const char *path);
int __wrap_memory_io_open(const char *path);
int __wrap_memory_io_open(const char *path)
{
	struct fake_device *d = fake_device(path);
	void (*at_open)(void) = fake.at_open;
	int fd;

	fake.at_open = NULL;
	if (at_open)
		at_open();
	if (fails())
		return fake.fail_with;
	fake.opened++;
	if (fake.off)
		return __real_memory_io_open(path);
	if (!d)
		return -ENOENT;
	if (d->open_error)
		return d->open_error;
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ck_assert(fd >= 0 && fd < MAX_FDS);
	device_of[fd] = (unsigned)(d - fake.devices) + 1;
	return fd;
}

void __real_memory_io_close(int fd);
void __wrap_memory_io_close(int fd);
void __wrap_memory_io_close(int fd)
{
	ck_assert_int_ge(fd, 0);
	if (fd < MAX_FDS)
		device_of[fd] = 0;
	__real_memory_io_close(fd);
}

/* ---- DMA-BUFs ---- */

static int heap_alloc(int fd, struct dma_heap_allocation_data *data)
{
	struct fake_device *d = device(fd);

	ck_assert_uint_eq(data->fd, 0);
	ck_assert_uint_eq(data->fd_flags, O_RDWR | O_CLOEXEC);
	ck_assert_uint_eq(data->heap_flags, 0);
	if (d->alloc_error)
		return d->alloc_error;
	data->fd = (uint32_t)make_memory(d, data->len);
	return 0;
}

/* As the driver checks: the memfd is as large as that, and cannot shrink. */
static int udmabuf_create(int fd, const struct udmabuf_create *create)
{
	struct fake_device *d = device(fd);
	int memfd = (int)create->memfd;

	if (d->alloc_error)
		return d->alloc_error;
	ck_assert_uint_eq(create->flags, UDMABUF_FLAGS_CLOEXEC);
	if (create->offset || !create->size || create->size % PAGE ||
	    !(fcntl(memfd, F_GET_SEALS) & F_SEAL_SHRINK) ||
	    (uint64_t)lseek(memfd, 0, SEEK_END) < create->size)
		return -EINVAL;
	fake.allocated++;
	return fcntl(memfd, F_DUPFD_CLOEXEC, 0);
}

static int sync_object(const struct dma_buf_sync *sync)
{
	const char *word = sync->flags & DMA_BUF_SYNC_END ? ")" :
			   sync->flags & DMA_BUF_SYNC_WRITE ? "w(" : "r(";

	if (fake.no_sync && !(sync->flags & DMA_BUF_SYNC_END))
		return -EIO;
	if (fake.forgets)
		return 0;
	ck_assert_uint_lt(strlen(fake.syncs) + 3, sizeof fake.syncs);
	strcat(fake.syncs, word);
	return 0;
}

int __real_memory_io_ioctl(int fd, unsigned long request, void *arg);
int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg);
int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg)
{
	if (fails())
		return fake.fail_with;
	if (fake.off)
		return __real_memory_io_ioctl(fd, request, arg);
	if (request == DMA_HEAP_IOCTL_ALLOC)
		return heap_alloc(fd, arg);
	if (request == UDMABUF_CREATE)
		return udmabuf_create(fd, arg);
	if (request == DMA_BUF_IOCTL_SYNC)
		return sync_object(arg);
	ck_assert_uint_eq(request, DMA_BUF_SET_NAME);
	ck_assert_uint_lt(strlen(arg), sizeof fake.name);
	strcpy(fake.name, arg);
	return 0;
}

int64_t __real_memory_io_size(int fd);
int64_t __wrap_memory_io_size(int fd);
int64_t __wrap_memory_io_size(int fd)
{
	return fails() ? fake.fail_with : __real_memory_io_size(fd);
}

int __real_memory_io_map(int fd, size_t size, bool writable, uint8_t **map);
int __wrap_memory_io_map(int fd, size_t size, bool writable, uint8_t **map);
int __wrap_memory_io_map(int fd, size_t size, bool writable, uint8_t **map)
{
	if (fails())
		return fake.fail_with;
	if (fake.read_only && writable)
		return -EACCES;
	fake.mapped++;
	return __real_memory_io_map(fd, size, writable, map);
}

/* ---- memfds ---- */

int __real_memory_io_memfd(const char *name);
int __wrap_memory_io_memfd(const char *name);
int __wrap_memory_io_memfd(const char *name)
{
	return fails() ? fake.fail_with : __real_memory_io_memfd(name);
}

int __real_memory_io_resize(int fd, size_t size);
int __wrap_memory_io_resize(int fd, size_t size);
int __wrap_memory_io_resize(int fd, size_t size)
{
	return fails() ? fake.fail_with : __real_memory_io_resize(fd, size);
}

int __real_memory_io_seal(int fd);
int __wrap_memory_io_seal(int fd);
int __wrap_memory_io_seal(int fd)
{
	return fails() ? fake.fail_with : __real_memory_io_seal(fd);
}

/* ---- DRM ---- */

int __real_memory_io_drm_cap(int fd, uint64_t cap, uint64_t *value);
int __wrap_memory_io_drm_cap(int fd, uint64_t cap, uint64_t *value);
int __wrap_memory_io_drm_cap(int fd, uint64_t cap, uint64_t *value)
{
	if (fails())
		return fake.fail_with;
	if (fake.off)
		return __real_memory_io_drm_cap(fd, cap, value);
	if (cap == DRM_CAP_PRIME) {
		*value = device(fd)->no_export ? DRM_PRIME_CAP_IMPORT :
			 DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT;
		return 0;
	}
	ck_assert_uint_eq(cap, DRM_CAP_DUMB_BUFFER);
	if (device(fd)->no_display)
		return -EOPNOTSUPP;
	*value = !device(fd)->no_dumb;
	return 0;
}

void __real_memory_io_drm_drop_master(int fd);
void __wrap_memory_io_drm_drop_master(int fd);
void __wrap_memory_io_drm_drop_master(int fd)
{
	fake.dropped_master++;
	if (fake.off)
		__real_memory_io_drm_drop_master(fd);
}

static int create_dumb(int fd, struct drm_mode_create_dumb *create)
{
	struct fake_device *d = device(fd);
	uint32_t align = d->align ? d->align : 1;

	if (d->alloc_error || d->no_dumb)
		return d->alloc_error ? d->alloc_error : -ENOSYS;
	ck_assert_uint_lt(fake.handles_alive, FAKE_MAX_HANDLES);
	fake.width = create->width;
	fake.height = create->height;
	fake.bpp = create->bpp;
	create->pitch = (create->width * create->bpp / 8 + align - 1) / align * align;
	create->size = (uint64_t)create->pitch * create->height;
	for (create->handle = 1; fake.handles[create->handle - 1] >= 0;)
		create->handle++;
	fake.handles[create->handle - 1] = make_memory(d, create->size);
	fake.handles_alive++;
	return 0;
}

/* Cannot fail: nobody could do anything about it. */
static int destroy_dumb(const struct drm_mode_destroy_dumb *destroy)
{
	ck_assert_int_ge(fake.handles[destroy->handle - 1], 0);
	close(fake.handles[destroy->handle - 1]);
	fake.handles[destroy->handle - 1] = -1;
	fake.handles_alive--;
	return 0;
}

int __real_memory_io_drm_ioctl(int fd, unsigned long request, void *arg);
int __wrap_memory_io_drm_ioctl(int fd, unsigned long request, void *arg);
int __wrap_memory_io_drm_ioctl(int fd, unsigned long request, void *arg)
{
	if (request != DRM_IOCTL_MODE_DESTROY_DUMB && fails())
		return fake.fail_with;
	if (fake.off)
		return __real_memory_io_drm_ioctl(fd, request, arg);
	if (request == DRM_IOCTL_MODE_CREATE_DUMB)
		return create_dumb(fd, arg);
	ck_assert_uint_eq(request, DRM_IOCTL_MODE_DESTROY_DUMB);
	return destroy_dumb(arg);
}

int __real_memory_io_drm_export(int fd, uint32_t handle);
int __wrap_memory_io_drm_export(int fd, uint32_t handle);
int __wrap_memory_io_drm_export(int fd, uint32_t handle)
{
	if (fails())
		return fake.fail_with;
	if (fake.off)
		return __real_memory_io_drm_export(fd, handle);
	return fcntl(fake.handles[handle - 1], F_DUPFD_CLOEXEC, 0);
}
