/* SPDX-License-Identifier: MIT */
/*
 * What a slot file says of those who hold a slot or wait for one, and who a process is.
 *
 * A record is advice: it tells people and policies who somebody is, and never decides whether a
 * slot is free. Anybody who may write to the file may write nonsense, so what is read is judged
 * before it is used: a checksum finds records that are torn or damaged, numbers are bounded,
 * strings end and have no control characters.
 */
#ifndef WC_BUDGET_SLOT_RECORD_H
#define WC_BUDGET_SLOT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_MEMORY_KINDS 8

/* The role of a record that has a struct slot_memory. */
#define SLOT_ROLE_MEMORY "memory"

/* What a context of the library keeps, see presence.h. Sizes are KiB. */
struct slot_memory {
	uint32_t frames, chunks;  /* objects that are alive */
	uint32_t idle;            /* of pools, for the next taker */
	uint32_t level;           /* enum wc_pressure_level */
	uint32_t kinds[SLOT_MEMORY_KINDS];   /* by enum wc_memory_kind, with those that are idle */
};

/* As it is in the file, in the byte order of the machine; the same for 32 and 64 bit. */
struct slot_record {
	/* Filled in by the table. */
	uint32_t checksum;        /* of all that follows */
	uint32_t index;           /* of this record in the file */
	int32_t pid;
	uint32_t uid;
	uint64_t start;           /* field 22 of /proc/PID/stat: ticks after boot */
	uint64_t pid_namespace;   /* inode number, 0 unknown: elsewhere pid means another process */
	uint64_t ticket;          /* place in the queue of one who waits, else 0 */
	int64_t taken;            /* when the slot was taken, or the waiting began */
	uint32_t limit;           /* how many slots the taker thought there are, 0: no idea */
	/* By the caller. Times are microseconds of CLOCK_MONOTONIC. */
	uint32_t stage;           /* enum wc_stage: how far it came */
	int64_t progress;         /* last activity */
	uint64_t bytes;           /* of buffers */
	uint32_t width, height;   /* coded pixels, 0 unknown */
	uint32_t framerate;       /* frames in 1000 seconds, 0 unknown */
	int32_t priority;
	uint16_t background;      /* 0 or 1 */
	uint16_t pending_removal; /* 0 or 1 */
	uint32_t rate_limit;      /* macroblocks a second the taker thought there are, 0: no idea */
	char role[16];            /* "decoder", "encoder" */
	char codec[16];
	char label[32];           /* what the application called it */
	char socket[48];          /* in the table's directory, where to ask for the slot; or "" */
	union {
		char node[48];             /* of the device, as its holder opened it; or "" */
		struct slot_memory memory; /* if the role says so */
	};
};

_Static_assert(sizeof(struct slot_record) == 256, "a record has the same size everywhere");
_Static_assert(offsetof(struct slot_record, role) == 96, "and no holes");
_Static_assert(sizeof(struct slot_memory) == 48, "the two have the same room");

/* Who a process is. */
struct slot_process {
	int32_t pid;
	uint32_t uid;
	uint64_t start;
	uint64_t pid_namespace;
};

/* The calling process. What cannot be learned, for want of /proc, is 0. */
void slot_process_self(struct slot_process *self);

/* How it is with the process of a record. */
enum slot_life {
	SLOT_ALIVE,
	SLOT_STOPPED,    /* by a signal or a debugger: it cannot answer */
	SLOT_DEAD,       /* gone, or its pid is another process now */
	SLOT_UNKNOWN,    /* in another pid namespace, or /proc does not tell */
};

enum slot_life slot_record_life(const struct slot_record *record, const struct slot_process *self);

/* Before writing: end the strings, fill in the checksum. */
void slot_record_seal(struct slot_record *record);

/*
 * After reading: whether it is whole and of this index. Then its strings are printable and end,
 * and its numbers are within bounds.
 */
bool slot_record_check(struct slot_record *record, unsigned index);

/* FNV-1a of 64 bits. Start with SLOT_HASH_SEED. */
#define SLOT_HASH_SEED 0xcbf29ce484222325u
uint64_t slot_hash(uint64_t hash, const void *data, size_t size);

/* The hash of data, of 32 bits and never 0: zeroed memory has no valid checksum. */
uint32_t slot_checksum(const void *data, size_t size);

#endif
