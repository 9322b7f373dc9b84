/* SPDX-License-Identifier: MIT */
/* What a descriptor refers to, as DMA-BUFs go (dma-buf.rst of the kernel's documentation). */
#ifndef WC_FRAME_DMA_BUF_H
#define WC_FRAME_DMA_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "frame/buffer.h"

/* What a descriptor refers to. Numbers of descriptors come and go, this does not. */
struct dma_buf_info {
	uint64_t inode;                /* never 0; tells DMA-BUFs apart while they live */
	size_t size;                   /* bytes, as the exporter made it */
};

/*
 * 0 with *info filled; -EBADF: closed; -EMEDIUMTYPE: no DMA-BUF, or a kernel before 5.3, where they
 * have no inodes of their own; -EFBIG: more bytes than this machine can address.
 */
int dma_buf_inspect(int fd, struct dma_buf_info *info);

/* The inode of an object of a buffer, asking the kernel if its maker did not; 0 if it has none. */
uint64_t dma_buf_inode(const struct buffer_object *object);

#endif
