/* SPDX-License-Identifier: MIT */
/*
 * What is done under pressure with the frames that the application has: they are moved to plain
 * memory, or closed. Frames that are mapped or otherwise in use are left alone, and so are those
 * that a codec or a cache keeps. In a library without a census there is no list of frames, and
 * nothing is done.
 *
 * For one thread at a time, that of the context; others may use the frames meanwhile. Releases
 * memory, so that an application's release callback and its hook for external memory may run.
 */
#ifndef WC_FRAME_RELIEF_H
#define WC_FRAME_RELIEF_H

#include "util/core.h"

/* Bytes of memory that frames let go of. */
struct relief {
	uint64_t freed;        /* nobody has it any more */
	uint64_t returned;     /* its maker has it back: a codec that goes on, a pool, its owner */
};

/* Which frames move to plain memory. */
enum spill_scope {
	SPILL_TO_SHRINK,       /* those in plain memory that is far larger than the picture */
	SPILL_TO_FREE,         /* and those in scarce memory that nobody else keeps */
	SPILL_ALL,             /* and those in scarce memory that goes back to its maker */
};

/*
 * Move frames, and the clones with which they share, to plain memory of the same layout, the oldest
 * first, until so many bytes were let go of; all when wanted is 0. Scarce is memory of drivers,
 * displays and heaps. Memory that the CPU does not see, or that was exported, stays: others go on
 * reading there, and so does what the system does not let the CPU read. Ends when there is no
 * memory to move to. Copied bytes are counted.
 */
struct relief frames_spill(struct core *core, enum spill_scope scope, uint64_t wanted);

/*
 * Close the oldest frames one after the other, until so many bytes were let go of; one frame when
 * wanted is 0. kinds: bits 1 << enum wc_memory_kind, of the memory that counts. A buffer that
 * another frame keeps counts for nothing.
 */
struct relief frames_force_close(struct core *core, unsigned kinds, uint64_t wanted);

#endif
