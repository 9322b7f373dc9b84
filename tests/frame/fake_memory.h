/* SPDX-License-Identifier: MIT */
/*
 * A machine of displays, dma-heaps and udmabuf behind lib/frame/memory_io.h: memfds stand for
 * DMA-BUFs, and any call can be made to fail. The linker puts it there (--wrap). Switched off it
 * lets all calls through, to the devices that there are; it goes on counting and failing them.
 */
#ifndef WC_TESTS_FRAME_FAKE_MEMORY_H
#define WC_TESTS_FRAME_FAKE_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_MAX_DEVICES 8
#define FAKE_MAX_HANDLES 16
#define FAKE_NEVER UINT32_MAX

struct fake_device {
	const char *path;          /* NULL: none */
	int open_error;            /* a negative errno; 0: it can be opened */
	int alloc_error;           /* as a heap without memory, or a driver that refuses */
	bool no_display;           /* of DRM: it answers no question about dumb buffers */
	bool no_dumb, no_export;
	uint32_t align;            /* bytes of pitch; 0: none */
	size_t short_by;           /* bytes that a DMA-BUF has less than asked for */
};

struct fake_memory {
	bool off;
	struct fake_device devices[FAKE_MAX_DEVICES];
	/* Calls that can fail, counted from 0; the one that does, and how. */
	atomic_uint calls;
	unsigned fail_at;
	int fail_with;             /* a negative errno */
	bool failed;               /* it came to that */
	bool read_only;            /* mapping for writing is refused */
	bool no_sync;              /* SYNC START fails with EIO */
	void (*at_open)(void);     /* is called when something is opened, once */
	bool forgets;              /* what would be written into syncs, for tests with threads */
	/* What was seen. */
	atomic_uint opened, allocated, mapped, dropped_master;
	int handles[FAKE_MAX_HANDLES];   /* of dumb buffers: descriptor, or -1 */
	unsigned handles_alive;
	uint32_t width, height, bpp;     /* of the last dumb buffer */
	char name[32];                   /* given to the last DMA-BUF */
	char syncs[256];                 /* "r(", "w(", ")": begun for reading, or writing too */
};

extern struct fake_memory fake;

/* /dev/dri/card0 without a display, card1 with one, heaps linux,cma and system, udmabuf. */
void fake_memory_reset(void);

/* The device of that path. */
struct fake_device *fake_device(const char *path);

/* How many descriptors the process has. */
unsigned count_descriptors(void);

#endif
