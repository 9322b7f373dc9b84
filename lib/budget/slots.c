/* SPDX-License-Identifier: MIT */
#include "budget/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "budget/slot_wait.h"

/* ---- the table ------------------------------------------------------------------------------- */

static void reset(struct slot_table *table)
{
	memset(table, 0, sizeof *table);
	table->file.fd = -1;
	table->file.dir_fd = -1;
	table->spare_fd = -1;
}

static int set_directory(struct slot_table *table, const char *directory)
{
	reset(table);
	slot_process_self(&table->self);
	if (!directory || !directory[0])
		return 0;
	table->directory = strdup(directory);
	return table->directory ? 0 : slot_file_because(&table->file, -ENOMEM, "out of memory");
}

/* Leaves the reason. */
static void drop_directory(struct slot_table *table)
{
	free(table->directory);
	table->directory = NULL;
}

int slot_table_open(struct slot_table *table, const char *directory, const char *device)
{
	int ret = set_directory(table, directory);

	if (ret < 0)
		return ret;
	ret = slot_file_open(&table->file, directory, device);
	if (ret < 0)
		drop_directory(table);
	else
		strcpy(table->device, device);
	return ret;
}

int slot_table_open_name(struct slot_table *table, const char *directory, const char *name)
{
	int ret = set_directory(table, directory);

	if (ret < 0)
		return ret;
	ret = slot_file_open_name(&table->file, directory, name, table->device);
	if (ret < 0)
		drop_directory(table);
	return ret;
}

static void close_spare(struct slot_table *table)
{
	if (table->spare_fd >= 0)
		close(table->spare_fd);
	table->spare_fd = -1;
}

void slot_table_close(struct slot_table *table)
{
	close_spare(table);
	slot_file_close(&table->file);
	drop_directory(table);
}

bool slot_table_is_own(const struct slot_table *table)
{
	return getpid() == table->self.pid;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* The file that was opened is not the one that others open now. */
static int follow_file(struct slot_table *table)
{
	char device[SLOT_DEVICE_SIZE];

	if (table->users)
		return -ESTALE;
	close_spare(table);
	slot_file_close(&table->file);
	strcpy(device, table->device);
	return slot_file_open(&table->file, table->directory, device);
}

int slot_table_have_spare(struct slot_table *table)
{
	int fd;

	if (!slot_table_is_own(table))
		return slot_file_because(&table->file, -ECHILD, "the table belongs to the parent "
					 "of this process");
	if (table->file.fd < 0) {
		/* It could not be followed the last time. */
		fd = follow_file(table);
		if (fd < 0)
			return fd;
	}
	fd = table->spare_fd;
	if (fd >= 0)
		fd = slot_file_check_current(&table->file) < 0 ? -ESTALE : fd;
	else
		fd = slot_file_reopen(&table->file);
	if (fd == -ESTALE) {
		fd = follow_file(table);
		if (fd == 0)
			fd = slot_file_reopen(&table->file);
	}
	if (fd < 0)
		return fd;
	table->spare_fd = fd;
	return 0;
}

/* ---- counting -------------------------------------------------------------------------------- */

static unsigned bound(unsigned limit)
{
	return limit == 0 || limit > SLOT_MAX ? SLOT_MAX : limit;
}

int slot_table_live(const struct slot_table *table)
{
	int held = slot_test(table->file.fd, 0, SLOT_MAX), n = 0;

	for (unsigned i = 0; i < SLOT_MAX && held > 0; i++) {
		int type = slot_test(table->file.fd, i, 1);

		if (type < 0)
			return type;
		n += type == SLOT_WRITE_LOCKED;
	}
	return held < 0 ? held : n;
}

/*
 * Slots beyond the first limit are held only by those who have a larger one. Whether more than n
 * are held then; what cannot be told counts as too many.
 */
static bool is_exceeded(const struct slot_table *table, unsigned limit, unsigned n)
{
	int live;

	if (slot_test(table->file.fd, limit, SLOT_MAX - limit) == SLOT_UNLOCKED)
		return false;
	live = slot_table_live(table);
	return live < 0 || (unsigned)live > n;
}

bool slot_table_has_free(const struct slot_table *table, unsigned limit)
{
	limit = bound(limit);
	for (unsigned i = 0; i < limit; i++)
		if (slot_test(table->file.fd, i, 1) == SLOT_UNLOCKED)
			return !is_exceeded(table, limit, limit - 1);
	return false;
}

/* ---- taking and giving ----------------------------------------------------------------------- */

void slot_table_sign(const struct slot_table *table, struct slot_record *record, unsigned limit,
		     int64_t now)
{
	record->pid = table->self.pid;
	record->uid = table->self.uid;
	record->start = table->self.start;
	record->pid_namespace = table->self.pid_namespace;
	record->limit = limit;
	record->taken = now;
	record->ticket = 0;
}

static int refuse(struct slot_table *table, unsigned limit)
{
	unsigned blocked = 0;

	for (unsigned i = 0; i < limit; i++)
		blocked += slot_test(table->file.fd, i, 1) == SLOT_READ_LOCKED;
	if (blocked)
		return slot_file_because(&table->file, -EAGAIN, "no slot of %u is free, and %u of "
					 "them are not held but blocked by a read lock on %s",
					 limit, blocked, table->file.name);
	return slot_file_because(&table->file, -EAGAIN, "all slots are held, of %u", limit);
}

/* The index of the slot that the spare has locked now; negative errno. */
static int lock_any(struct slot_table *table, unsigned limit)
{
	for (unsigned i = 0; i < limit; i++) {
		int ret = slot_lock(table->spare_fd, i);

		if (ret == 0)
			return (int)i;
		if (ret != -EAGAIN)
			return slot_file_because(&table->file, ret, "%s cannot be locked: %s",
						 table->file.name, strerror(-ret));
	}
	return refuse(table, limit);
}

/*
 * Locked first and counted afterwards: of two who do so at the same time, at least one sees both,
 * and takes its own back. Unlocked without a close, so nobody is woken by it.
 */
int slot_table_take_free(struct slot_table *table, unsigned limit,
			 const struct slot_record *record, struct slot *slot, int64_t now)
{
	int index;

	limit = bound(limit);
	index = lock_any(table, limit);
	if (index < 0)
		return index;
	if (is_exceeded(table, limit, limit)) {
		slot_unlock(table->spare_fd, (unsigned)index);
		return refuse(table, limit);
	}
	slot->table = table;
	slot->fd = table->spare_fd;
	slot->index = (unsigned)index;
	slot->record = *record;
	slot_table_sign(table, &slot->record, limit, now);
	slot_file_write_record(slot->fd, slot->index, &slot->record);
	table->spare_fd = -1;
	table->users++;
	return 0;
}

/* Somebody is in the queue, or above the limit. */
static int check_others(struct slot_table *table, unsigned limit, int64_t now)
{
	uint64_t ticket;
	int first;

	if (!slot_table_has_free(table, limit))
		return refuse(table, limit);
	first = slot_wait_first(table, 0, 0, now, &ticket);
	if (first < 0)
		return 0;
	slot_wait_call(table, (unsigned)first, ticket, now);
	return slot_file_because(&table->file, -EAGAIN,
				 "a slot is free, but kept for somebody who waits for it");
}

int slot_take(struct slot_table *table, unsigned limit, const struct slot_record *record,
	      struct slot *slot, int64_t now)
{
	int ret;

	slot->fd = -1;
	limit = bound(limit);
	ret = slot_table_have_spare(table);
	if (ret == 0 && slot_test(table->file.fd, limit, SLOT_RECORDS - limit) != SLOT_UNLOCKED)
		ret = check_others(table, limit, now);
	if (ret < 0)
		return ret;
	return slot_table_take_free(table, limit, record, slot, now);
}

void slot_give(struct slot *slot)
{
	if (slot->fd < 0)
		return;
	/* A copy of the parent's descriptor has the parent's lock. */
	if (slot_table_is_own(slot->table))
		/* The kernel tells of a close before it drops the locks: waiters came too early. */
		slot_unlock(slot->fd, slot->index);
	close(slot->fd);
	slot->fd = -1;
	slot->table->users--;
}

static int write_slot(struct slot *slot)
{
	if (!slot_table_is_own(slot->table))
		return -ECHILD;
	return slot_file_write_record(slot->fd, slot->index, &slot->record);
}

int slot_update(struct slot *slot, const struct slot_record *record)
{
	struct slot_record old = slot->record;

	slot->record = *record;
	slot_table_sign(slot->table, &slot->record, old.limit, old.taken);
	return write_slot(slot);
}

int slot_touch(struct slot *slot, int64_t now)
{
	slot->record.progress = now;
	return write_slot(slot);
}

/* ---- who holds ------------------------------------------------------------------------------- */

static enum slot_holder_kind judge(const struct slot_table *table, struct slot_holder *holder)
{
	/* Twice: a new holder writes right after it has locked, and may be about to. */
	for (int i = 0; i < 2; i++) {
		if (i > 0)
			sched_yield();
		if (slot_file_read_record(&table->file, holder->index, &holder->record) < 0)
			continue;
		switch (slot_record_life(&holder->record, &table->self)) {
		case SLOT_DEAD:
			break;
		case SLOT_STOPPED:
			holder->stopped = true;
			return SLOT_HOLDER_KNOWN;
		default:
			return SLOT_HOLDER_KNOWN;
		}
	}
	return holder->record.pid ? SLOT_HOLDER_ORPHANED : SLOT_HOLDER_UNKNOWN;
}

static void describe(const struct slot_table *table, unsigned index, int type, bool find_openers,
		     struct slot_holder *holder)
{
	memset(holder, 0, sizeof *holder);
	holder->index = index;
	holder->kind = type == SLOT_READ_LOCKED ? SLOT_HOLDER_BLOCKED : judge(table, holder);
	if (holder->kind != SLOT_HOLDER_KNOWN && find_openers)
		holder->opener = slot_file_find_opener(&table->file, index);
}

static unsigned list_places(const struct slot_table *table, unsigned first, unsigned n_places,
			    struct slot_holder *holders, unsigned max, bool find_openers)
{
	unsigned n = 0;

	if (slot_test(table->file.fd, first, n_places) <= 0)
		return 0;
	for (unsigned i = first; i < first + n_places; i++) {
		int type = slot_test(table->file.fd, i, 1);

		if (type <= 0)
			continue;
		if (n < max)
			describe(table, i, type, find_openers, &holders[n]);
		n++;
	}
	return n;
}

unsigned slot_table_holders(const struct slot_table *table, struct slot_holder *holders,
			    unsigned max, bool find_openers)
{
	return list_places(table, 0, SLOT_MAX, holders, max, find_openers);
}

unsigned slot_table_waiters(const struct slot_table *table, struct slot_holder *waiters,
			    unsigned max, bool find_openers)
{
	return list_places(table, SLOT_MAX, SLOT_MAX_WAITERS, waiters, max, find_openers);
}

/* ---- learned quotas -------------------------------------------------------------------------- */

static void read_learned(const struct slot_table *table, struct slot_learned *learned)
{
	if (slot_file_read_learned(&table->file, learned) < 0 || learned->quota > SLOT_MAX)
		memset(learned, 0, sizeof *learned);
}

int slot_table_learn(struct slot_table *table, unsigned quota, enum wc_stage stage, int64_t now)
{
	struct slot_learned learned;

	if (quota == 0 || quota > SLOT_MAX)
		return slot_file_because(&table->file, -EINVAL, "%u is no quota", quota);
	read_learned(table, &learned);
	learned.refusals = learned.quota == quota && learned.refusals < UINT32_MAX ?
			   learned.refusals + 1 : 1;
	learned.quota = quota;
	learned.stage = (uint32_t)stage;
	learned.at = now;
	learned.pid = table->self.pid;
	return slot_file_write_learned(&table->file, &learned);
}

int slot_table_proved(struct slot_table *table, unsigned live)
{
	struct slot_learned learned;

	read_learned(table, &learned);
	if (learned.quota == 0 || live <= learned.quota)
		return 0;
	memset(&learned, 0, sizeof learned);
	return slot_file_write_learned(&table->file, &learned);
}

static int64_t believed_for(const struct slot_learned *learned)
{
	int64_t time = SLOT_LEARNED_MIN;

	for (uint32_t i = 1; i < learned->refusals && time < SLOT_LEARNED_MAX; i++)
		time *= 2;
	return time < SLOT_LEARNED_MAX ? time : SLOT_LEARNED_MAX;
}

unsigned slot_table_quota(const struct slot_table *table, int64_t now,
			  struct slot_learned *learned)
{
	struct slot_learned found;
	int64_t age;

	read_learned(table, &found);
	if (learned)
		*learned = found;
	if (found.quota == 0 || found.quota == SLOT_MAX)
		return found.quota;
	/* One that comes from the future was written before the machine was started anew. */
	age = found.at <= now ? now - found.at : SLOT_LEARNED_MAX;
	return age < believed_for(&found) ? found.quota : found.quota + 1;
}
