/* SPDX-License-Identifier: MIT */
/* A set of addresses, to refuse the second of a kind. No memory but that of its members. */
#ifndef WC_UTIL_ADDRESS_SET_H
#define WC_UTIL_ADDRESS_SET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_BUCKETS 128

struct address {
	const void *value;           /* NULL: in no set */
	struct address *next;
};

struct address_set {
	pthread_mutex_t lock;
	struct address *buckets[ADDRESS_BUCKETS];
};

void address_set_init(struct address_set *set);
void address_set_finish(struct address_set *set);

/* False when the value is there already. Any thread. */
bool address_set_add(struct address_set *set, struct address *address, const void *value);

/* Harmless when it is in no set. */
void address_set_remove(struct address_set *set, struct address *address);

#endif
