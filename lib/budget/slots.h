/* SPDX-License-Identifier: MIT */
/*
 * Slots: how many hardware contexts of a device are in use, counted over all processes without a
 * daemon.
 *
 * There is a file for each device and role; a slot is a byte of its lock space. Who holds a context
 * holds the lock of a slot, by a descriptor that is for nothing else. The lock is the truth; the
 * record beside it is advice (slot_record.h). The kernel drops the lock when the descriptor is
 * closed, so a slot is free at once however its holder died.
 *
 * Limits. Each taker brings its own limit n. It gets a slot only when fewer than n of all slots are
 * held, whoever holds them, and then one of the first n. So with one limit there are never more
 * than n; when processes disagree, each keeps to its own, and there are never more than the largest
 * limit among those who hold a slot. Nobody is put out because somebody else has a smaller limit.
 *
 * No call waits for another process, a stopped one least of all: taking is one atomic lock, and
 * what cannot be atomic is looked at afterwards and taken back. Only opening a damaged file may
 * sleep, 50 ms at most.
 *
 * Fork. A child that does not call exec keeps copies of the descriptors. slot_give() in the parent
 * unlocks, so it frees the slot all the same (waiters may hear of it up to a second later); when
 * the parent dies, the slot stays taken until the child has closed its copy. In the child, the
 * functions here only close; they do not unlock what is still the parent's and write nothing. A
 * child that goes on without the library should close all descriptors (close_range()); one that
 * lives longer than its parent is reported as SLOT_HOLDER_ORPHANED with its own pid. There is no
 * fork handler: it would be state of the whole process, and run in every child, in the midst of
 * other threads.
 *
 * What this protects from: crashes, mistakes, and users outside the group. Who may open the device
 * node may use up the device anyway. Removing the file while slots are held starts a new count.
 *
 * A table belongs to one thread; another context in the same process has a table of its own and is
 * counted like another process.
 */
#ifndef WC_BUDGET_SLOTS_H
#define WC_BUDGET_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <webcodecs/error.h>

#include "budget/slot_file.h"
#include "budget/slot_record.h"

/* Where packages make the directory, see udev/webcodecs.conf. */
#define SLOT_SHARED_DIRECTORY "/run/webcodecs"

/* The least and the longest time that a learned quota is believed, microseconds. */
#define SLOT_LEARNED_MIN (60 * INT64_C(1000000))
#define SLOT_LEARNED_MAX (3600 * INT64_C(1000000))

struct slot_table {
	struct slot_file file;         /* file.reason says why the last call failed */
	struct slot_process self;
	char device[SLOT_DEVICE_SIZE];
	char *directory;               /* NULL: memory of this process only */
	int spare_fd;                  /* a descriptor without locks for the next taker; or -1 */
	unsigned users;                /* slots and waits of this table that have not ended */
};

struct slot {
	struct slot_table *table;
	int fd;                        /* holds the lock; -1: no slot */
	unsigned index;                /* below SLOT_MAX */
	struct slot_record record;     /* as it was written last */
};

/* Who is in a place: a slot, or a place in the queue. */
enum slot_holder_kind {
	SLOT_HOLDER_KNOWN,       /* the record says who */
	SLOT_HOLDER_UNKNOWN,     /* locked, but the record is not written yet, or damaged */
	SLOT_HOLDER_ORPHANED,    /* the taker is dead; a child of it, by fork, keeps the lock */
	SLOT_HOLDER_BLOCKED,     /* nobody holds it, but the lock of a reader is in the way */
};

struct slot_holder {
	enum slot_holder_kind kind;
	unsigned index;
	bool stopped;               /* known, but stopped by a signal: it cannot answer */
	/* Who has the lock, where the record is of no use; 0: /proc does not tell. */
	pid_t opener;
	struct slot_record record;  /* zero unless known or orphaned */
};

/*
 * Open, and make if need be, the table of device, a name that stays the same over reboots: a path
 * in sysfs, bus information, and the role. directory is what slot_directory_choose() gave; NULL or
 * "" counts in this table alone. 0, or a negative errno of slot_file_open() with a reason.
 */
int slot_table_open(struct slot_table *table, const char *directory, const char *device);

/* The same by the name of a file that is there ("*.slots"), for those who only look. */
int slot_table_open_name(struct slot_table *table, const char *directory, const char *name);

/* Why the last call failed: a sentence without full stop. */
static inline const char *slot_table_reason(const struct slot_table *table)
{
	return table->file.reason;
}

/* All slots must have been given back, and all waits ended. Harmless when it is closed. */
void slot_table_close(struct slot_table *table);

/* Whether other processes are counted. */
static inline bool slot_table_is_shared(const struct slot_table *table)
{
	return table->file.dir_fd >= 0;
}

/*
 * Take a slot; never waits. limit is how many there may be in all, 0 for as many as a table has.
 * record says who takes it; the table fills in its own part.
 *
 * 0; -EAGAIN all are held, or the free one is kept for somebody who waits (slot_wait.h); else
 * another negative errno: -ESTALE the file was removed or replaced while slots of the old one are
 * held here (without such slots the new file is opened); -ECHILD in a forked child; -EMFILE,
 * -ENFILE, -ENOLCK and the like from the kernel. A record that cannot be written does not cost the
 * slot.
 */
int slot_take(struct slot_table *table, unsigned limit, const struct slot_record *record,
	      struct slot *slot, int64_t now);

/* Give it back. Harmless when fd is -1. In a forked child the parent's slot stays. */
void slot_give(struct slot *slot);

/* Write a new record; readers see the old one or this one. 0, or a negative errno. */
int slot_update(struct slot *slot, const struct slot_record *record);

/* Note activity. It writes, so it is for now and then, and not for every frame. */
int slot_touch(struct slot *slot, int64_t now);

/*
 * List who holds slots, from slot 0 on, up to max of them; returns how many places are locked.
 * Those SLOT_HOLDER_BLOCKED are listed, too. Fills opener only with find_openers: that looks at all
 * processes. About 20 microseconds without.
 */
unsigned slot_table_holders(const struct slot_table *table, struct slot_holder *holders,
			    unsigned max, bool find_openers);

/* The same for the queue; index is SLOT_MAX and up, and record.ticket gives the order. */
unsigned slot_table_waiters(const struct slot_table *table, struct slot_holder *waiters,
			    unsigned max, bool find_openers);

/* How many slots are held in all. Negative errno when that cannot be told. */
int slot_table_live(const struct slot_table *table);

/*
 * Learned quotas. A driver that refuses a context while n are live teaches that there are n. But
 * refusals have other reasons, too, such as memory, so what was learned fades:
 *
 * - It holds for SLOT_LEARNED_MIN after the refusal; each refusal at the same number doubles
 *   that, up to SLOT_LEARNED_MAX. A refusal at another number replaces it and begins anew.
 * - After that time slot_table_quota() gives one more than what was learned, so that one taker may
 *   try. If the driver refuses, it is learned anew; if not, slot_table_proved() makes it forgotten.
 */
int slot_table_learn(struct slot_table *table, unsigned quota, enum wc_stage stage, int64_t now);

/* live contexts worked at the same time: forget a learned quota that is smaller. */
int slot_table_proved(struct slot_table *table, unsigned live);

/* The learned quota to keep to now, 0: none. learned may be NULL; gets the details, or zero. */
unsigned slot_table_quota(const struct slot_table *table, int64_t now,
			  struct slot_learned *learned);

/* ---- for slot_wait.c ------------------------------------------------------------------------- */

/* Whether the calling process is the one that opened the table, and no forked child. */
bool slot_table_is_own(const struct slot_table *table);

/* Have a descriptor in spare_fd; opens a file that replaced the old one when that is possible. */
int slot_table_have_spare(struct slot_table *table);

/* As slot_take(), without asking who waits; needs the spare. */
int slot_table_take_free(struct slot_table *table, unsigned limit,
			 const struct slot_record *record, struct slot *slot, int64_t now);

/* Fill in what the table knows of a record: who and when. */
void slot_table_sign(const struct slot_table *table, struct slot_record *record, unsigned limit,
		     int64_t now);

/* Whether slot_table_take_free() would find a slot now. */
bool slot_table_has_free(const struct slot_table *table, unsigned limit);

#endif
