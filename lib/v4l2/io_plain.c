/* SPDX-License-Identifier: MIT */
/* The calls that do without libv4l2. Programs that only look at devices link nothing else. */
#include "v4l2/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

int io_open(const char *path)
{
	int fd;

	do {
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

void io_close_plain(int fd)
{
	close(fd);
}

int io_ioctl_plain(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}
