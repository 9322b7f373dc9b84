/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a slot: a bounded queue in the slot file, crash-safe as the slots are.
 *
 * Who waits holds the lock of a place behind the slots, and a ticket, one more than the largest
 * there is. A free slot is for the oldest waiter; a newcomer gets one only when nobody waits.
 *
 * Passing over. Nobody can block the others for ever:
 * - A waiter whose process is stopped, or dead with its lock kept by a forked child, does not
 *   count; nor does one whose own limit is reached, for those who have a larger one.
 * - A waiter that is first in line is called when somebody finds a slot free: the time is written
 *   into the file. If it has not moved SLOT_CALL_TIME later it does not count until it moves again;
 *   it keeps its ticket. Those behind it are called one after the other in the same way.
 *
 * Waking. fd is readable when a descriptor of the file was closed: by slot_give(), by a waiter who
 * leaves, by the end of a process. It watches from before the first try, so nothing is missed in
 * between. But the kernel reports a close before it drops the locks, so a waiter may come a moment
 * too early when a holder was killed; it therefore also tries again at retry_at, after 1, 2, 4 ...
 * up to 1000 ms since it was woken. A failed try closes nothing, so waiters do not wake each other.
 */
#ifndef WC_BUDGET_SLOT_WAIT_H
#define WC_BUDGET_SLOT_WAIT_H

#include "budget/slots.h"

/* Microseconds. */
#define SLOT_CALL_TIME INT64_C(100000)
#define SLOT_RETRY_MIN INT64_C(1000)
#define SLOT_RETRY_MAX INT64_C(1000000)
/* Without inotify, which each user has few of, only the clock wakes. */
#define SLOT_RETRY_BLIND INT64_C(50000)

struct slot_wait {
	struct slot_table *table;      /* NULL: not waiting */
	unsigned limit;                /* may be changed between tries */
	unsigned index;                /* of the record, SLOT_MAX and up */
	int fd;                        /* to poll for reading; -1: none could be had */
	int lock_fd;                   /* has the lock of the place */
	int64_t delay;                 /* between this try and the next */
	int64_t retry_at;              /* CLOCK_MONOTONIC; try again then, woken or not */
	struct slot_record record;
};

/*
 * Take a slot, or get in line for one. 0: taken, there is nothing to wait for. -EAGAIN: waiting;
 * put fd and retry_at into the loop and call slot_wait_try() for either. -ENOBUFS: the queue is
 * full. Other negative errno: as slot_take(). Unless it is -EAGAIN, wait needs no end.
 */
int slot_wait_begin(struct slot_wait *wait, struct slot_table *table, unsigned limit,
		    const struct slot_record *record, struct slot *slot, int64_t now);

/*
 * Try again. 0: taken, the wait is over. -EAGAIN: wait on; retry_at is new. Other negative errno:
 * the wait is over without a slot.
 */
int slot_wait_try(struct slot_wait *wait, struct slot *slot, int64_t now);

/* Leave the queue. Harmless when not waiting. */
void slot_wait_cancel(struct slot_wait *wait);

/*
 * Who of those that wait comes before ticket at index (0, 0: a newcomer, before whom all come), and
 * counts. Returns its index, or a negative value: nobody. For slot_take().
 */
int slot_wait_first(struct slot_table *table, uint64_t ticket, unsigned index, int64_t now,
		    uint64_t *first_ticket);

/* A slot is free and kept for the one at index; returns when it will be passed over. */
int64_t slot_wait_call(struct slot_table *table, unsigned index, uint64_t ticket, int64_t now);

#endif
