/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the fences of a buffer in the loop.
 *
 *              begin: a fence is not signalled
 *     (idle) ----------------------------------> ( waiting ) --+
 *        ^                                          |   |  ^   | this one is, and another is not
 *        |   all signalled, failed, or time is up   |   |  |   |
 *        +--------------- done() -------------------+   |  +---+
 *        +--------------- cancel -----------------------+
 *
 * One descriptor is watched at a time, a duplicate, since several may wait for one in one loop. If
 * it cannot be had or watched, the fences are looked at again by the clock.
 */
#ifndef WC_FRAME_FENCE_WAIT_H
#define WC_FRAME_FENCE_WAIT_H

#include "frame/fence.h"
#include "util/loop.h"

/* A member of who waits; zero is idle. */
struct fence_wait {
	struct loop *loop;             /* NULL: idle */
	struct buffer *buffer;
	unsigned access;
	int64_t deadline;              /* of the monotonic clock; 0: none */
	struct fence_report report;    /* of the last look */
	int fd;                        /* the duplicate; -1: none */
	struct loop_source source;
	struct timer timer;
	void (*done)(struct fence_wait *wait, int ret);
};

/*
 * Before a use of the buffer, which has to stay alive. 0: it may begin; 1: it has to wait, and done
 * will be called from dispatch; or a negative errno, for fence_error() with wait->report.
 *
 * patience: microseconds until it is -ETIMEDOUT; 0: without end. done gets 0, or a negative errno;
 * it may free the wait. Owner thread of the loop only.
 */
int fence_wait_begin(struct fence_wait *wait, struct loop *loop, struct buffer *buffer,
		     unsigned access, int64_t patience,
		     void (*done)(struct fence_wait *wait, int ret));

/* Wait no more: done is not called. Harmless when idle. */
void fence_wait_cancel(struct fence_wait *wait);

static inline bool fence_wait_is_on(const struct fence_wait *wait)
{
	return wait->loop;
}

#endif
