/* SPDX-License-Identifier: MIT */
/*
 * A context that decided on udmabuf, on a machine whose udmabuf makes what the fake takes for a
 * DMA-BUF. The program wraps memory_io_open() and memory_io_ioctl().
 */
#ifndef WC_TESTS_SESSION_RIG_MEMORY_H
#define WC_TESTS_SESSION_RIG_MEMORY_H

/* Of the allocations, which are counted from 1, this one and all later ones fail. 0: none. */
extern unsigned rig_memory_fail_from;
extern unsigned rig_memory_made;

#endif
