/* SPDX-License-Identifier: MIT */
/*
 * The system calls of memory that devices share. Each function is one call, repeated when a signal
 * interrupted it, and returns 0 or more, or a negative errno. Nothing else in this folder talks to
 * the kernel, so tests put devices and failures of their own here.
 */
#ifndef WC_FRAME_MEMORY_IO_H
#define WC_FRAME_MEMORY_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pollfd;

/* A descriptor for reading and writing, close-on-exec. */
int memory_io_open(const char *path);
void memory_io_close(int fd);
int memory_io_ioctl(int fd, unsigned long request, void *arg);

/* A duplicate, close-on-exec. */
int memory_io_dup(int fd);

/* How many are ready; 0 after so many milliseconds. */
int memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms);

/* A memfd of size 0 that can be sealed. */
int memory_io_memfd(const char *name);
int memory_io_resize(int fd, size_t size);

/* F_SEAL_SHRINK: the pages stay. */
int memory_io_seal(int fd);

/* The true size of a DMA-BUF in bytes. */
int64_t memory_io_size(int fd);

int memory_io_map(int fd, size_t size, bool writable, uint8_t **map);
void memory_io_unmap(uint8_t *map, size_t size);

/* ---- libdrm ---- */

/* A capability of DRM_CAP_*. */
int memory_io_drm_cap(int fd, uint64_t cap, uint64_t *value);

/* No longer be the display's master, which the first who opens its node is made. */
void memory_io_drm_drop_master(int fd);

int memory_io_drm_ioctl(int fd, unsigned long request, void *arg);

/* A descriptor of the DMA-BUF that a handle stands for; readable, writable, close-on-exec. */
int memory_io_drm_export(int fd, uint32_t handle);

#endif
