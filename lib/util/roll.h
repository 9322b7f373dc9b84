/* SPDX-License-Identifier: MIT */
/*
 * The roll of one class: which objects exist, in numbered slots, so that a handle of 64 bits finds
 * its object or tells that it is gone. Handles are a slot and the low bits of the number that the
 * object got at its creation; numbers go up by one, so a slot that is used again has another.
 *
 * The roll has no memory of its own but 16 bytes a slot, in blocks that never move; as many slots
 * as there were objects at once. It refers to objects by the complement of their address: a leak
 * checker that looks for pointers shall not take the roll for somebody who holds them.
 *
 * One lock, which the stock of the objects shares (slab.h): a known object enters and leaves by
 * two stores in a section that is locked anyway.
 */
#ifndef WC_UTIL_ROLL_H
#define WC_UTIL_ROLL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define ROLL_BLOCKS 18           /* of 64, 128, 256 ... slots: 16 million */
#define ROLL_NUMBER_BITS 40

/* What holders of an object say of it; by one thread at a time, the one that gives or closes it. */
enum {
	ROLL_READY = 1,          /* the description is complete */
	ROLL_GIVEN = 2,          /* the application has it, or had it */
	ROLL_CLOSED = 4,
};

/* The first member of an object. */
struct roll_entry {
	struct roll_entry *next; /* while the object is idle in its stock */
#ifndef WITHOUT_CENSUS
	atomic_uint state;       /* 0 while nobody shall see it; ROLL_* */
	uint32_t slot;           /* 0: none */
	uint64_t number;         /* from here: guarded by the lock when it is written */
	int64_t born;            /* microseconds, see census.h */
	uint32_t site;           /* where it was made, 0: not known */
	uint32_t warned;         /* somebody was told that it is open too long */
	atomic_size_t bytes;     /* may change as long as the object lives */
	uint32_t fourcc;         /* from here: written before ROLL_READY, then constant; 0: none */
	uint32_t width, height;  /* pixels */
	const char *label;       /* NULL or memory of the object */
#endif
};

struct roll_slot {
	uintptr_t hidden;        /* complement of the entry's address; 0: free */
	uint32_t next_free;
};

struct roll {
	pthread_mutex_t lock;
	uint64_t first;          /* what the numbers began behind */
	uint64_t number;         /* of the entry made last */
	uint32_t n_slots;        /* ever used, slot 0 included */
	uint32_t free_slot;      /* list through next_free, 0 ends it */
	struct roll_slot *blocks[ROLL_BLOCKS];
};

/* seed: where the numbers begin, so that handles of other rolls are not taken for own ones. */
void roll_init(struct roll *roll, uint64_t seed);
void roll_finish(struct roll *roll);

/* With the lock held: give a new object a slot. 0, or -ENOMEM. */
int roll_add(struct roll *roll, struct roll_entry *entry);

/* With the lock held: the object's memory goes. */
void roll_remove(struct roll *roll, struct roll_entry *entry);

/* With the lock held: the object of that handle, if it is ready; else NULL. */
struct roll_entry *roll_find(const struct roll *roll, uint64_t handle);

/* Visit all that are ready, in no order, with the lock held: visit must not call the library. */
void roll_walk(struct roll *roll, void (*visit)(struct roll_entry *entry, void *arg), void *arg);

#ifdef WITHOUT_CENSUS

static inline uint64_t roll_handle(const struct roll_entry *entry)
{
	(void)entry;
	return 0;
}

static inline unsigned roll_entry_state(const struct roll_entry *entry)
{
	(void)entry;
	return 0;
}

static inline void roll_entry_set_state(struct roll_entry *entry, unsigned state)
{
	(void)entry;
	(void)state;
}

static inline void roll_entry_set_bytes(struct roll_entry *entry, size_t bytes)
{
	(void)entry;
	(void)bytes;
}

static inline size_t roll_entry_bytes(const struct roll_entry *entry)
{
	(void)entry;
	return 0;
}

static inline uint64_t roll_entry_number(const struct roll_entry *entry)
{
	(void)entry;
	return 0;
}

static inline void roll_entry_describe(struct roll_entry *entry, size_t bytes, uint32_t fourcc,
				       uint32_t width, uint32_t height)
{
	(void)entry;
	(void)bytes;
	(void)fourcc;
	(void)width;
	(void)height;
}

#else

/* For who holds the object, or the lock. */
static inline uint64_t roll_handle(const struct roll_entry *entry)
{
	return (uint64_t)entry->slot << ROLL_NUMBER_BITS |
	       (entry->number & (((uint64_t)1 << ROLL_NUMBER_BITS) - 1));
}

static inline unsigned roll_entry_state(const struct roll_entry *entry)
{
	return atomic_load_explicit(&entry->state, memory_order_acquire);
}

static inline void roll_entry_set_state(struct roll_entry *entry, unsigned state)
{
	atomic_store_explicit(&entry->state, state, memory_order_release);
}

static inline void roll_entry_set_bytes(struct roll_entry *entry, size_t bytes)
{
	atomic_store_explicit(&entry->bytes, bytes, memory_order_relaxed);
}

static inline size_t roll_entry_bytes(const struct roll_entry *entry)
{
	return atomic_load_explicit(&entry->bytes, memory_order_relaxed);
}

/* With the lock held: goes up with each object that is made. */
static inline uint64_t roll_entry_number(const struct roll_entry *entry)
{
	return entry->number;
}

/* Before the object is ready. */
static inline void roll_entry_describe(struct roll_entry *entry, size_t bytes, uint32_t fourcc,
				       uint32_t width, uint32_t height)
{
	roll_entry_set_bytes(entry, bytes);
	entry->fourcc = fourcc;
	entry->width = width;
	entry->height = height;
}

#endif

#endif
