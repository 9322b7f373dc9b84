/* SPDX-License-Identifier: MIT */
/* A few times, to find once. */
#ifndef WC_TOOLS_TIME_SET_H
#define WC_TOOLS_TIME_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct time_set {
	int64_t *times;
	size_t count;
	size_t room;
};

/* 0 or -ENOMEM. */
int time_set_add(struct time_set *set, int64_t time);

/* Take it out; false when it is not there. */
bool time_set_take(struct time_set *set, int64_t time);

void time_set_finish(struct time_set *set);

#endif
