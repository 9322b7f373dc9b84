/* SPDX-License-Identifier: MIT */
#include "frame/memory_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "util/clock.h"

/* Linux 6.3; a C library may be older. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int memory_io_open(const char *path)
{
	int fd;

	do
		fd = open(path, O_RDWR | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

void memory_io_close(int fd)
{
	close(fd);
}

/* DMA_BUF_IOCTL_SYNC wants to be repeated after EAGAIN, too. */
int memory_io_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : ret;
}

int memory_io_dup(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

/* A signal must not make the wait longer. */
int memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	int64_t deadline = timeout_ms ? clock_now() + (int64_t)timeout_ms * 1000 : 0;
	int ret;

	while ((ret = poll(fds, n, timeout_ms)) < 0 && errno == EINTR) {
		int64_t left = timeout_ms ? deadline - clock_now() : 0;

		timeout_ms = left > 0 ? (int)(left / 1000) : 0;
	}
	return ret < 0 ? -errno : ret;
}

/* Newer kernels may insist that it is said whether code can be run from it; older know no such. */
int memory_io_memfd(const char *name)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

int memory_io_resize(int fd, size_t size)
{
	int ret;

	do
		ret = ftruncate(fd, (off_t)size);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

int memory_io_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0 ? -errno : 0;
}

int64_t memory_io_size(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	return size < 0 ? -errno : size;
}

int memory_io_map(int fd, size_t size, bool writable, uint8_t **map)
{
	void *address = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
			     fd, 0);

	if (address == MAP_FAILED)
		return -errno;
	*map = address;
	return 0;
}

void memory_io_unmap(uint8_t *map, size_t size)
{
	munmap(map, size);
}

int memory_io_drm_cap(int fd, uint64_t cap, uint64_t *value)
{
	*value = 0;
	return drmGetCap(fd, cap, value) < 0 ? -errno : 0;
}

void memory_io_drm_drop_master(int fd)
{
	drmDropMaster(fd);
}

int memory_io_drm_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) < 0 ? -errno : 0;
}

int memory_io_drm_export(int fd, uint32_t handle)
{
	int dma_buf;

	if (drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &dma_buf) < 0)
		return -errno;
	return dma_buf;
}
