/* SPDX-License-Identifier: MIT */
#include "budget/presence.h"

#include <string.h>

void presence_init(struct presence *presence)
{
	memset(presence, 0, sizeof *presence);
	presence->slot.fd = -1;
}

void presence_end(struct presence *presence)
{
	if (presence->slot.fd < 0)
		return;
	slot_give(&presence->slot);
	slot_table_close(&presence->table);
}

static bool begin(struct presence *presence, const char *directory,
		  const struct slot_record *record, int64_t now)
{
	if (now < presence->retry)
		return false;
	if (slot_table_open(&presence->table, directory, PRESENCE_DEVICE) == 0) {
		if (slot_take(&presence->table, 0, record, &presence->slot, now) == 0)
			return true;
		slot_table_close(&presence->table);
		presence->slot.fd = -1;
	}
	presence->retry = now + PRESENCE_RETRY;
	return false;
}

bool presence_show(struct presence *presence, const char *directory,
		   const struct slot_memory *memory, uint64_t bytes, int64_t now)
{
	struct slot_record record = {
		.progress = now, .bytes = bytes, .role = SLOT_ROLE_MEMORY, .memory = *memory,
	};
	const struct slot_record *last = &presence->slot.record;

	/* Somebody removed the file: show it in the one that others look into. */
	if (presence->slot.fd >= 0 && slot_file_check_current(&presence->table.file) < 0)
		presence_end(presence);
	if (presence->slot.fd < 0)
		return begin(presence, directory, &record, now);
	if (last->bytes == bytes && memcmp(&last->memory, memory, sizeof *memory) == 0)
		return false;
	return slot_update(&presence->slot, &record) == 0;
}
