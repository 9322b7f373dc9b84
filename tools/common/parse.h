/* SPDX-License-Identifier: MIT */
/* Values on the command line. */
#ifndef WC_TOOLS_PARSE_H
#define WC_TOOLS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/fraction.h"

struct size {
	uint32_t width, height;
};

/* Sides the tools accept, in pixels: what the largest levels of the codecs allow. */
#define PARSE_MAX_SIDE 16384

/* Each returns false, and leaves the result alone, when the text is not one. */
bool parse_size(const char *text, struct size *size);                    /* 1280x720 */
bool parse_bitrate(const char *text, uint64_t *bits);                    /* 800k, 2.5M, 64000 */
bool parse_rate(const char *text, struct fraction *rate);                /* 25, 29.97, 30000/1001 */
bool parse_count(const char *text, uint64_t max, uint64_t *count);       /* 1 to max */
bool parse_duration(const char *text, int64_t *microseconds);            /* 10, 2.5: seconds */
bool parse_hardware(const char *text, int *preference, bool *none);      /* any, prefer, no */

#endif
