/* SPDX-License-Identifier: MIT */
/*
 * Framebuffers of a screen: frames imported as they are, else copied into dumb buffers.
 *
 * What was imported is kept, by the inode of its DMA-BUF: a decoder's buffers come round again, and
 * the display need not map them anew each time.
 */
#ifndef WC_TOOLS_FRAMEBUFFERS_H
#define WC_TOOLS_FRAMEBUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <webcodecs/video_frame.h>

#include "common/failure.h"
#include "transcode/screen.h"

/* Imported ones that are kept; decoders have fewer buffers. */
#define FRAMEBUFFERS_KEPT 32

/* One on the screen, one on its way there, one to write into. */
#define FRAMEBUFFERS_COPIES 3

struct framebuffer {
	uint32_t id;                     /* 0: none */
	uint32_t width, height, fourcc;  /* coded size */
	uint64_t modifier;
	/* Imported. */
	ino_t inode;
	size_t offset;
	uint64_t used;                   /* when, for the least recently used */
	/* Copied. */
	uint32_t handle;
	uint32_t pitch;
	size_t size;
	uint8_t *map;
};

struct framebuffers {
	struct screen *screen;
	struct failure *failure;
	bool only_copies;                /* import is not wanted, or cannot be */
	char reason[192];                /* why */
	struct framebuffer kept[FRAMEBUFFERS_KEPT];
	struct framebuffer copies[FRAMEBUFFERS_COPIES];
	unsigned next_copy;
	uint64_t uses;
	uint64_t imported, copied;       /* frames */
	uint64_t bytes_copied;
};

void framebuffers_init(struct framebuffers *framebuffers, struct screen *screen, bool only_copies,
		       struct failure *failure);

/*
 * The framebuffer of a frame, and in *view what of it is to be shown. *copied tells whether the
 * frame is needed no longer. 0 with the failure set when there is none.
 */
uint32_t framebuffers_get(struct framebuffers *framebuffers, struct wc_video_frame *frame,
			  struct screen_view *view, bool *copied);

/* The screen did not take what was imported: copies from now on. False: it copied already. */
bool framebuffers_give_up_import(struct framebuffers *framebuffers);

void framebuffers_finish(struct framebuffers *framebuffers);

#endif
