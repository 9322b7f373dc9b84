/* SPDX-License-Identifier: MIT */
/*
 * The system calls on device nodes. I/O of sessions goes through libv4l2, because vendors hang
 * their codecs into it as plugins; looking at devices does not, because libv4l2 loads all plugins
 * for every descriptor and they may print.
 */
#ifndef WC_V4L2_IO_H
#define WC_V4L2_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open a node, non-blocking and close-on-exec. A descriptor or a negative errno. */
int io_open(const char *path);

/* Close a descriptor that was not attached. */
void io_close_plain(int fd);

/* An ioctl without libv4l2. 0 or a negative errno; interrupted calls are repeated. */
int io_ioctl_plain(int fd, unsigned long request, void *arg);

/*
 * Hand a descriptor to libv4l2. 0, or a negative errno: -EBUSY when its table of 16 devices, which
 * everybody in the process shares, is full. Then the descriptor works without plugins: all io_
 * calls pass through.
 */
int io_attach(int fd);

/* The same through libv4l2, attached or not. */
void io_close(int fd);
int io_ioctl(int fd, unsigned long request, void *arg);

/* Memory of a buffer of the device; NULL with errno set on failure. */
void *io_mmap(int fd, size_t length, bool writable, int64_t offset);
void io_munmap(void *map, size_t length);

/* Memory of a DMA-BUF, which does not keep the device open; NULL with errno set on failure. */
void *io_mmap_dma_buf(int fd, size_t length, bool writable);

#endif
