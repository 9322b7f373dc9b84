/* SPDX-License-Identifier: MIT */
/*
 * The file behind a slot table: where it is, whether it may be trusted, its locks and its bytes.
 *
 * Locks are of open file descriptions (F_OFD_SETLK): they belong to a descriptor, not to a process,
 * and the kernel drops them when the last copy of the descriptor is closed, however its process
 * ended. Content is read and written by pread() and pwrite(), never mapped: a file that somebody
 * truncates, or a full file system, is then an error and no SIGBUS, and a call costs less than
 * half a microsecond.
 *
 * Lock bytes have nothing to do with the bytes at the same offset. Byte 0 is for repairs, byte
 * i + 1 for record i: a slot, or further behind a place in the queue.
 */
#ifndef WC_BUDGET_SLOT_FILE_H
#define WC_BUDGET_SLOT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "budget/slot_record.h"

#define SLOT_MAX 64                 /* slots of a table */
#define SLOT_MAX_WAITERS 16         /* places in its queue, right behind the slots */
#define SLOT_RECORDS (SLOT_MAX + SLOT_MAX_WAITERS)

/* Bytes for the name of a device, as it is in the file, with the NUL. */
#define SLOT_DEVICE_SIZE 256
#define SLOT_NAME_SIZE 24           /* sixteen digits, ".slots" */
#define SLOT_REASON_SIZE 200

/* A quota that a driver taught somebody; see slot_table_learn(). */
struct slot_learned {
	uint32_t checksum;
	uint32_t quota;             /* 0: none */
	uint32_t stage;             /* enum wc_stage of the refusal */
	uint32_t refusals;          /* that confirmed it, in a row */
	int64_t at;                 /* microseconds of CLOCK_MONOTONIC of the last one */
	int32_t pid;                /* who was refused */
	uint32_t reserved;
};

/* When a free slot was first kept for the waiter with this ticket; see slot_wait.h. */
struct slot_call {
	uint64_t ticket;
	int64_t at;
};

struct slot_file {
	int fd;                     /* for looking, and for the lock of repairs; -1: closed */
	int dir_fd;                 /* -1: no file, memory of this process only */
	char name[SLOT_NAME_SIZE];
	uint64_t dev, ino;
	char reason[SLOT_REASON_SIZE];  /* why the last call failed: a sentence without full stop */
};

/*
 * Choose where tables live. shared, for instance "/run/webcodecs", is taken when it is there and
 * may be used by this process; else the folder webcodecs in runtime (the value of XDG_RUNTIME_DIR,
 * NULL: unset), which is made with mode 0700. 0 with the path in directory; -ENOENT, and "", when
 * there is neither: tables are then of this process only. reason says why shared is not it; "" when
 * it is.
 */
int slot_directory_choose(const char *shared, const char *runtime, char directory[PATH_MAX],
			  char reason[SLOT_REASON_SIZE]);

/* The file name for a device. */
void slot_file_name(const char *device, char name[SLOT_NAME_SIZE]);

/*
 * Open the file of device in directory, NULL or "" for memory of this process only. It is made
 * when it is not there, and appears complete or not at all. One whose header is damaged is made
 * anew unless somebody holds a slot.
 *
 * Negative errno with a reason: -ELOOP symbolic link; -EISDIR, -EINVAL not a regular file; -EPERM
 * an owner, mode or link count that must not be; -EUCLEAN damaged and in use; -EPROTO of another
 * version and in use; -ENOTUNIQ of another device; -EBUSY somebody keeps the lock for repairs for
 * longer than a repair takes; -ENOSPC, -EACCES, -ENOENT and the like from the kernel.
 */
int slot_file_open(struct slot_file *file, const char *directory, const char *device);

/* As above, a file that is there, by its name; the name of its device is returned. */
int slot_file_open_name(struct slot_file *file, const char *directory, const char *name,
			char device[SLOT_DEVICE_SIZE]);

void slot_file_close(struct slot_file *file);

/*
 * Another descriptor of the same file, with locks of its own, for the caller to close. Negative
 * errno; -ESTALE when the file of that name is another one by now, or gone.
 */
int slot_file_reopen(struct slot_file *file);

/* 0 when the file of that name is still this one; -ESTALE with a reason when it is not. */
int slot_file_check_current(struct slot_file *file);

/* Lock the byte of a record for fd; -EAGAIN when it is taken. */
int slot_lock(int fd, unsigned index);
int slot_unlock(int fd, unsigned index);

/* What keeps a descriptor from locking. */
enum slot_lock_kind {
	SLOT_UNLOCKED = 0,
	SLOT_WRITE_LOCKED,         /* a write lock: a slot that is taken */
	/* A mistake or an attack: whoever may read the file can place one. */
	SLOT_READ_LOCKED,
};

/*
 * What keeps fd from locking n records from index on: an enum slot_lock_kind, of any one of the
 * locks when there are several, or a negative errno.
 */
int slot_test(int fd, unsigned index, unsigned n);

/*
 * The process that has a lock on the record open, as far as /proc lets us see: 0 when it does not.
 * Looks at every descriptor of every process, so it is for reports only.
 */
pid_t slot_file_find_opener(const struct slot_file *file, unsigned index);

/* 0; negative errno; reading: -EBADMSG when there is nothing valid. */
int slot_file_read_record(const struct slot_file *file, unsigned index,
			  struct slot_record *record);
int slot_file_write_record(int fd, unsigned index, struct slot_record *record);
int slot_file_read_learned(const struct slot_file *file, struct slot_learned *learned);
int slot_file_write_learned(const struct slot_file *file, struct slot_learned *learned);
int slot_file_read_call(const struct slot_file *file, unsigned waiter, struct slot_call *call);
int slot_file_write_call(const struct slot_file *file, unsigned waiter,
			 const struct slot_call *call);

/* Leave a reason in the file and return ret. */
__attribute__((format(printf, 3, 4)))
int slot_file_because(struct slot_file *file, int ret, const char *format, ...);

#endif
