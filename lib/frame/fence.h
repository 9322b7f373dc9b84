/* SPDX-License-Identifier: MIT */
/*
 * Fences of a buffer: of devices that still write it, or still read it.
 *
 * V4L2 waits for none of them, neither for those on a DMA-BUF ("implicit fences") nor for sync
 * files ("Implicit Fence Poll Support" of driver-api/dma-buf.rst, driver-api/sync_file.rst). So
 * whoever gives a buffer to a V4L2 driver looks here first. That costs a system call only where
 * somebody outside may have left a fence: buffer.fences says where, and drivers of V4L2 leave none.
 *
 * Who has descriptors may begin something new as long as the content is promised to them: until the
 * last pin ends, or without end for memory of somebody else's. Of a buffer that went back to its
 * maker since, only what was begun before can be pending. So the first look that finds nothing left
 * is the last, until somebody gets descriptors anew: without them nobody could tell which memory a
 * later frame is in.
 *
 *	no fences -- export, fence_expect() ----------> anything may come
 *	anything may come -- fence_age(), last pin ---> something may be left
 *	something may be left -- nothing seen --------> no fences
 *	something may be left -- fence_expect() ------> anything may come
 */
#ifndef WC_FRAME_FENCE_H
#define WC_FRAME_FENCE_H

#include <stdbool.h>

#include <webcodecs/error.h>
#include <webcodecs/video_frame.h>

#include "frame/buffer.h"

/* Microseconds after which a fence is taken for one that never signals. */
#define FENCE_PATIENCE INT64_C(10000000)

/* What a look at fences saw, besides its result. */
struct fence_report {
	int fd;                        /* not signalled: to be polled for events; the buffer's */
	short events;
	int object;                    /* of the buffer, whose fence it is; -1: the acquire fence */
	bool failed;                   /* a fence was signalled with an error */
};

/* From now on devices outside may begin to access the buffer, enum wc_map_access. Any thread. */
void fence_expect(struct buffer *buffer, unsigned access);

/* The last pin ended: they may go on with what they began, and begin nothing new. */
void fence_age(struct buffer *buffer);

/*
 * Whether a use of the buffer (enum wc_map_access: what it will do) has to look for fences. No
 * system call.
 */
bool fence_is_expected(struct buffer *buffer, unsigned access);

/*
 * Look, with a pin, or where nobody else could get one. 0: the use may begin; 1: it has to wait,
 * for the fd in *report among others; or a negative errno, that of the fence if report->failed. Any
 * thread.
 */
int fence_look(struct buffer *buffer, unsigned access, struct fence_report *report);

/*
 * For the CPU: wait until the acquire fence is signalled. The kernel waits for all others, in
 * DMA_BUF_IOCTL_SYNC. 0; -EIO: it failed; -ETIMEDOUT: FENCE_PATIENCE is over; or another errno.
 */
int fence_block(struct buffer *buffer);

/* What a negative result of fence_look(), or -ETIMEDOUT, means. Returns the ::wc_status. */
int fence_error(const struct fence_report *report, int ret, struct wc_error *error);

/*
 * Make *fence a duplicate of a sync file, for buffer.acquire_fence; -1 when that is signalled
 * already. 0; -EBADF: closed; -ENOTTY: no sync file; or what the system said to a duplicate.
 */
int fence_adopt(int sync_file, int *fence);

#endif
