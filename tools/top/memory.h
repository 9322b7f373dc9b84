/* SPDX-License-Identifier: MIT */
/* What the kernel tells of memory that concerns codecs. */
#ifndef WC_TOOLS_TOP_MEMORY_H
#define WC_TOOLS_TOP_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Shares of time, in percent, over the last 10, 60 and 300 seconds. */
#define MEMORY_SPANS 3

struct memory {
	bool has_pressure;                 /* /proc/pressure/memory, of kernels that keep it */
	double some[MEMORY_SPANS];         /* somebody waited for memory */
	double full[MEMORY_SPANS];         /* everybody did */
	bool has_cma;                      /* contiguous memory, which many codecs need */
	uint64_t cma_total, cma_free;      /* bytes */
	bool has_available;
	uint64_t total, available;         /* bytes, of all memory */
};

/* Cannot fail: what is not told is not there. */
void memory_read(struct memory *memory);

#endif
