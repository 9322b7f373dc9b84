/* SPDX-License-Identifier: MIT */
#include "budget/holder.h"

#include <stdio.h>
#include <string.h>

#include "budget/rate.h"

static enum wc_holder_state state_of(const struct slot_holder *holder)
{
	switch (holder->kind) {
	case SLOT_HOLDER_KNOWN:
		return holder->stopped ? WC_HOLDER_STOPPED : WC_HOLDER_RUNNING;
	case SLOT_HOLDER_ORPHANED:
		return WC_HOLDER_ORPHANED;
	case SLOT_HOLDER_BLOCKED:
		return WC_HOLDER_BLOCKED;
	case SLOT_HOLDER_UNKNOWN:
		break;
	}
	return WC_HOLDER_UNKNOWN;
}

uint64_t holder_rate(const struct slot_holder *holder, uint64_t limit)
{
	const struct slot_record *record = &holder->record;
	struct rate_load load = { record->width, record->height, record->framerate };

	return holder->kind == SLOT_HOLDER_BLOCKED ? 0 : rate_of(&load, limit);
}

static uint32_t rate_to_tell(const struct slot_holder *holder)
{
	uint64_t rate = holder_rate(holder, holder->record.rate_limit);

	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

void holder_describe(const struct slot_holder *from, int64_t now, struct wc_holder *to)
{
	const struct slot_record *record = &from->record;

	memset(to, 0, sizeof *to);
	to->state = state_of(from);
	/* The one who keeps the lock, who may be another one than took it. */
	to->pid = from->opener ? from->opener : record->pid;
	to->width = record->width;
	to->height = record->height;
	to->rate = rate_to_tell(from);
	to->idle = record->pid && now > record->progress ? now - record->progress : 0;
	snprintf(to->codec, sizeof to->codec, "%s", record->codec);
	snprintf(to->role, sizeof to->role, "%s", record->role);
	snprintf(to->label, sizeof to->label, "%s", record->label);
}
