/* SPDX-License-Identifier: MIT */
#include "util/address_set.h"

#include <stdint.h>

void address_set_init(struct address_set *set)
{
	pthread_mutex_init(&set->lock, NULL);
	for (unsigned i = 0; i < ADDRESS_BUCKETS; i++)
		set->buckets[i] = NULL;
}

void address_set_finish(struct address_set *set)
{
	pthread_mutex_destroy(&set->lock);
}

/* Pictures begin at pages and cache lines: the low bits say nothing. */
static struct address **bucket(struct address_set *set, const void *value)
{
	uint64_t hash = ((uintptr_t)value >> 4) * UINT64_C(0x9e3779b97f4a7c15);

	return &set->buckets[(hash >> 32) % ADDRESS_BUCKETS];
}

bool address_set_add(struct address_set *set, struct address *address, const void *value)
{
	struct address **head = bucket(set, value);
	const struct address *pos;

	pthread_mutex_lock(&set->lock);
	for (pos = *head; pos && pos->value != value; pos = pos->next)
		;
	if (!pos) {
		address->value = value;
		address->next = *head;
		*head = address;
	}
	pthread_mutex_unlock(&set->lock);
	return !pos;
}

void address_set_remove(struct address_set *set, struct address *address)
{
	struct address **pos;

	if (!address->value)
		return;
	pthread_mutex_lock(&set->lock);
	for (pos = bucket(set, address->value); *pos != address; pos = &(*pos)->next)
		;
	*pos = address->next;
	pthread_mutex_unlock(&set->lock);
	address->value = NULL;
}
