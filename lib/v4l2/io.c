/* SPDX-License-Identifier: MIT */
#include "v4l2/io.h"

#include <errno.h>
#include <libv4l2.h>
#include <sys/mman.h>

int io_attach(int fd)
{
	return v4l2_fd_open(fd, V4L2_DISABLE_CONVERSION) < 0 ? -errno : 0;
}

void io_close(int fd)
{
	v4l2_close(fd);
}

int io_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = v4l2_ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

static int protection(bool writable)
{
	return writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

void *io_mmap(int fd, size_t length, bool writable, int64_t offset)
{
	void *map = v4l2_mmap(NULL, length, protection(writable), MAP_SHARED, fd, offset);

	return map == MAP_FAILED ? NULL : map;
}

void io_munmap(void *map, size_t length)
{
	v4l2_munmap(map, length);
}

void *io_mmap_dma_buf(int fd, size_t length, bool writable)
{
	void *map = mmap(NULL, length, protection(writable), MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}
