/* SPDX-License-Identifier: MIT */
#include "frame/dma_buf.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Of the file system that DMA-BUFs live in since Linux 5.3. */
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

static int find_inode(int fd, uint64_t *inode)
{
	struct statfs system;
	struct stat status;

	if (fstatfs(fd, &system) < 0)
		return -errno;
	if (system.f_type != DMA_BUF_MAGIC)
		return -EMEDIUMTYPE;
	if (fstat(fd, &status) < 0)
		return -errno;
	*inode = status.st_ino;
	return 0;
}

int dma_buf_inspect(int fd, struct dma_buf_info *info)
{
	int ret = find_inode(fd, &info->inode);
	off_t size;

	if (ret < 0)
		return ret;
	size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	if ((uint64_t)size > SIZE_MAX)
		return -EFBIG;
	info->size = (size_t)size;
	return 0;
}

uint64_t dma_buf_inode(const struct buffer_object *object)
{
	uint64_t inode = object->inode;

	if (inode || object->fd < 0)
		return inode;
	return find_inode(object->fd, &inode) < 0 ? 0 : inode;
}
