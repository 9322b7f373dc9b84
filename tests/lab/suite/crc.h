/* SPDX-License-Identifier: MIT */
/* Checksums of what a display of the kernel shows, one for each refresh of the whole screen. */
#ifndef WC_SUITE_CRC_H
#define WC_SUITE_CRC_H

#include <stdint.h>

#include "transcode/screen.h"

struct crc {
	const char *directory;     /* of a CRTC's in debugfs */
	int fd;                    /* -1: not open; there are none before the display is on */
};

/* Of the first refresh that began after now: those before may have shown another picture. */
uint32_t crc_read(struct crc *crc, const struct screen *screen);

/* Harmless when not open. */
void crc_close(struct crc *crc);

#endif
