/* SPDX-License-Identifier: MIT */
#include "transcode/time_set.h"

#include <errno.h>
#include <stdlib.h>

int time_set_add(struct time_set *set, int64_t time)
{
	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 16;
		int64_t *times = reallocarray(set->times, room, sizeof *times);

		if (!times)
			return -ENOMEM;
		set->times = times;
		set->room = room;
	}
	set->times[set->count++] = time;
	return 0;
}

bool time_set_take(struct time_set *set, int64_t time)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->times[i] == time) {
			set->times[i] = set->times[--set->count];
			return true;
		}
	return false;
}

void time_set_finish(struct time_set *set)
{
	free(set->times);
	*set = (struct time_set) { 0 };
}
