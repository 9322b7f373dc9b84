/* SPDX-License-Identifier: MIT */
#include "util/roll.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BLOCK 64u

void roll_init(struct roll *roll, uint64_t seed)
{
	pthread_mutex_init(&roll->lock, NULL);
	roll->first = seed & (((uint64_t)1 << ROLL_NUMBER_BITS) - 1);
	roll->number = roll->first;
	roll->n_slots = 1;
	roll->free_slot = 0;
	for (unsigned i = 0; i < ROLL_BLOCKS; i++)
		roll->blocks[i] = NULL;
}

void roll_finish(struct roll *roll)
{
	for (unsigned i = 0; i < ROLL_BLOCKS; i++)
		free(roll->blocks[i]);
	pthread_mutex_destroy(&roll->lock);
}

#ifdef WITHOUT_CENSUS

int roll_add(struct roll *roll, struct roll_entry *entry)
{
	(void)roll;
	(void)entry;
	return 0;
}

void roll_remove(struct roll *roll, struct roll_entry *entry)
{
	(void)roll;
	(void)entry;
}

struct roll_entry *roll_find(const struct roll *roll, uint64_t handle)
{
	(void)roll;
	(void)handle;
	return NULL;
}

void roll_walk(struct roll *roll, void (*visit)(struct roll_entry *entry, void *arg), void *arg)
{
	(void)roll;
	(void)visit;
	(void)arg;
}

#else

/* Block k begins at slot 64 * (2^k - 1). */
static unsigned block_of(uint32_t slot, uint32_t *offset)
{
	unsigned block = 0;

	slot += FIRST_BLOCK;
	while (slot >> (block + 1) >= FIRST_BLOCK)
		block++;
	*offset = slot - (FIRST_BLOCK << block);
	return block;
}

static struct roll_slot *slot_at(const struct roll *roll, uint32_t slot)
{
	uint32_t offset;
	unsigned block = block_of(slot, &offset);

	return &roll->blocks[block][offset];
}

static struct roll_entry *entry_in(const struct roll_slot *slot)
{
	return slot->hidden ? (struct roll_entry *)~slot->hidden : NULL;
}

/* A slot that was never used; 0 without memory. */
static uint32_t new_slot(struct roll *roll)
{
	uint32_t offset;
	unsigned block = block_of(roll->n_slots, &offset);

	if (block >= ROLL_BLOCKS)
		return 0;
	if (!roll->blocks[block])
		roll->blocks[block] = calloc((size_t)FIRST_BLOCK << block,
					     sizeof *roll->blocks[block]);
	return roll->blocks[block] ? roll->n_slots++ : 0;
}

int roll_add(struct roll *roll, struct roll_entry *entry)
{
	uint32_t slot = roll->free_slot;

	if (slot)
		roll->free_slot = slot_at(roll, slot)->next_free;
	else
		slot = new_slot(roll);
	if (!slot)
		return -ENOMEM;
	slot_at(roll, slot)->hidden = ~(uintptr_t)entry;
	entry->slot = slot;
	return 0;
}

void roll_remove(struct roll *roll, struct roll_entry *entry)
{
	struct roll_slot *slot;

	if (!entry->slot)
		return;
	slot = slot_at(roll, entry->slot);
	slot->hidden = 0;
	slot->next_free = roll->free_slot;
	roll->free_slot = entry->slot;
	entry->slot = 0;
}

struct roll_entry *roll_find(const struct roll *roll, uint64_t handle)
{
	uint64_t slot = handle >> ROLL_NUMBER_BITS;
	struct roll_entry *entry;

	if (!slot || slot >= roll->n_slots)
		return NULL;
	entry = entry_in(slot_at(roll, (uint32_t)slot));
	if (!entry || !(roll_entry_state(entry) & ROLL_READY) || roll_handle(entry) != handle)
		return NULL;
	return entry;
}

void roll_walk(struct roll *roll, void (*visit)(struct roll_entry *entry, void *arg), void *arg)
{
	pthread_mutex_lock(&roll->lock);
	for (uint32_t slot = 1; slot < roll->n_slots; slot++) {
		struct roll_entry *entry = entry_in(slot_at(roll, slot));

		if (entry && roll_entry_state(entry) & ROLL_READY)
			visit(entry, arg);
	}
	pthread_mutex_unlock(&roll->lock);
}

#endif
