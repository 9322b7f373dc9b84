/* SPDX-License-Identifier: MIT */
#include "session/cookies.h"

#include <stddef.h>

/* Ten milliseconds apart: truncation to milliseconds or to 1/90000 s leaves them apart. */
#define SPACING 10000

uint64_t cookies_put(struct cookies *cookies, const struct timing *timing)
{
	uint64_t number = ++cookies->last;

	cookies->timings[number % COOKIE_SLOTS] = *timing;
	return number * SPACING;
}

void cookies_forget(struct cookies *cookies)
{
	cookies->forgotten = cookies->last;
}

const struct timing *cookies_find(const struct cookies *cookies, uint64_t value)
{
	uint64_t number = (value + SPACING / 2) / SPACING;

	if (number <= cookies->forgotten || number > cookies->last ||
	    number + COOKIE_SLOTS <= cookies->last)
		return NULL;
	return &cookies->timings[number % COOKIE_SLOTS];
}
