/* SPDX-License-Identifier: MIT */
#include "budget/flood.h"

#include <stdbool.h>
#include <stddef.h>

static bool is_over(const struct flood_sender *sender, int64_t now)
{
	return !sender->count || now - sender->begin >= FLOOD_WINDOW;
}

/* Who is worth less to be remembered: windows that are over, then few requests, then long ago. */
static bool is_less(const struct flood_sender *a, const struct flood_sender *b, int64_t now)
{
	bool a_over = is_over(a, now), b_over = is_over(b, now);

	if (a_over != b_over)
		return a_over;
	if (a->count != b->count)
		return a->count < b->count;
	return a->begin < b->begin;
}

static struct flood_sender *find(struct flood *flood, int32_t pid, int64_t now)
{
	struct flood_sender *least = &flood->senders[0];

	for (size_t i = 0; i < FLOOD_SENDERS; i++) {
		struct flood_sender *sender = &flood->senders[i];

		if (sender->count && sender->pid == pid)
			return sender;
		if (is_less(sender, least, now))
			least = sender;
	}
	least->count = 0;
	return least;
}

enum flood_level flood_count(struct flood *flood, int32_t pid, int64_t now)
{
	struct flood_sender *sender = find(flood, pid, now);

	if (is_over(sender, now)) {
		sender->pid = pid;
		sender->count = 0;
		sender->begin = now;
	}
	if (sender->count > FLOOD_BURST)
		return FLOOD_GOES_ON;
	sender->count++;
	return sender->count > FLOOD_BURST ? FLOOD_BEGINS : FLOOD_NONE;
}
