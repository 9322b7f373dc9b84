/* SPDX-License-Identifier: MIT */
/*
 * Cookies: small numbers that travel through a driver in place of time stamps. Drivers truncate,
 * round and zero the stamps they are given; a cookie survives that, or is seen to be none. The
 * true time waits here.
 */
#ifndef WC_SESSION_COOKIES_H
#define WC_SESSION_COOKIES_H

#include <stdint.h>

#include "frame/video_frame.h"

/* What can be on its way at once; older entries are forgotten. A power of two. */
#define COOKIE_SLOTS 256

struct cookies {
	uint64_t last;                     /* number of the last cookie, 0: none yet */
	uint64_t forgotten;                /* up to this number nothing is known any more */
	struct timing timings[COOKIE_SLOTS];
};

/* Keep a time; the value to send through the driver, in microseconds. Never 0. */
uint64_t cookies_put(struct cookies *cookies, const struct timing *timing);

/* Nothing is on its way any more: what comes back all the same is of the past. */
void cookies_forget(struct cookies *cookies);

/* The time of a value that came back; NULL when it is none of the last COOKIE_SLOTS. */
const struct timing *cookies_find(const struct cookies *cookies, uint64_t value);

#endif
