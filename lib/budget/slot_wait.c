/* SPDX-License-Identifier: MIT */
#include "budget/slot_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* The ticket of one whose record cannot be read: nobody is behind it but newcomers. */
#define NO_TICKET UINT64_MAX

/* ---- the line -------------------------------------------------------------------------------- */

static bool is_called(const struct slot_table *table, unsigned index, uint64_t ticket,
		      struct slot_call *call, int64_t now)
{
	return slot_file_read_call(&table->file, index - SLOT_MAX, call) == 0 &&
	       call->ticket == ticket && call->at <= now;
}

static bool is_passed_over(const struct slot_table *table, unsigned index, uint64_t ticket,
			   int64_t now)
{
	struct slot_call call;

	return is_called(table, index, ticket, &call, now) && now - call.at >= SLOT_CALL_TIME;
}

/* Whether somebody waits there who counts, and with which ticket. */
static bool is_waiting(const struct slot_table *table, unsigned index, int64_t now,
		       uint64_t *ticket)
{
	struct slot_record record;
	enum slot_life life;

	*ticket = NO_TICKET;
	/* A read lock is nobody who waits. */
	if (slot_test(table->file.fd, index, 1) != SLOT_WRITE_LOCKED)
		return false;
	if (slot_file_read_record(&table->file, index, &record) == 0 && record.ticket) {
		*ticket = record.ticket;
		life = slot_record_life(&record, &table->self);
		if (life == SLOT_STOPPED || life == SLOT_DEAD ||
		    !slot_table_has_free(table, record.limit))
			return false;
	}
	return !is_passed_over(table, index, *ticket, now);
}

static bool is_before(uint64_t ticket, unsigned index, uint64_t other_ticket, unsigned other_index)
{
	return ticket < other_ticket || (ticket == other_ticket && index < other_index);
}

int slot_wait_first(struct slot_table *table, uint64_t ticket, unsigned index, int64_t now,
		    uint64_t *first_ticket)
{
	int first = -1;
	uint64_t other;

	for (unsigned i = SLOT_MAX; i < SLOT_RECORDS; i++) {
		if ((ticket && i == index) || !is_waiting(table, i, now, &other))
			continue;
		if (ticket && !is_before(other, i, ticket, index))
			continue;
		if (first >= 0 && !is_before(other, i, *first_ticket, (unsigned)first))
			continue;
		first = (int)i;
		*first_ticket = other;
	}
	return first;
}

int64_t slot_wait_call(struct slot_table *table, unsigned index, uint64_t ticket, int64_t now)
{
	struct slot_call call;

	if (!is_called(table, index, ticket, &call, now)) {
		call.ticket = ticket;
		call.at = now;
		slot_file_write_call(&table->file, index - SLOT_MAX, &call);
	}
	return call.at + SLOT_CALL_TIME;
}

/* To be called is over as soon as one moves. */
static void answer_call(const struct slot_wait *wait)
{
	static const struct slot_call none;
	const struct slot_file *file = &wait->table->file;
	struct slot_call call;

	if (slot_file_read_call(file, wait->index - SLOT_MAX, &call) == 0 && call.ticket)
		slot_file_write_call(file, wait->index - SLOT_MAX, &none);
}

static uint64_t next_ticket(const struct slot_table *table)
{
	struct slot_record record;
	uint64_t last = 0;

	for (unsigned i = SLOT_MAX; i < SLOT_RECORDS; i++)
		if (slot_test(table->file.fd, i, 1) == SLOT_WRITE_LOCKED &&
		    slot_file_read_record(&table->file, i, &record) == 0 &&
		    record.ticket > last && record.ticket < NO_TICKET - 1)
			last = record.ticket;
	return last + 1;
}

/* ---- a place in it --------------------------------------------------------------------------- */

/* A descriptor, or -1: it works without, by the clock. */
static int watch(const struct slot_table *table)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[40];

	if (fd < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", table->file.fd);
	if (inotify_add_watch(fd, path, IN_CLOSE_WRITE) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Whether there was something to read. Which events does not matter. */
static bool drain(int fd)
{
	char events[1024];
	bool any = false;

	while (fd >= 0 && read(fd, events, sizeof events) > 0)
		any = true;
	return any;
}

static int lock_place(struct slot_wait *wait)
{
	struct slot_file *file = &wait->table->file;

	for (unsigned i = SLOT_MAX; i < SLOT_RECORDS; i++) {
		int ret = slot_lock(wait->lock_fd, i);

		if (ret == 0)
			wait->index = i;
		if (ret != -EAGAIN)
			return ret;
	}
	return slot_file_because(file, -ENOBUFS, "%u wait for a slot already", SLOT_MAX_WAITERS);
}

static int enter(struct slot_wait *wait, int64_t now)
{
	struct slot_table *table = wait->table;
	uint64_t ticket;
	int ret;

	wait->lock_fd = slot_file_reopen(&table->file);
	if (wait->lock_fd < 0)
		return wait->lock_fd;
	ret = lock_place(wait);
	if (ret < 0) {
		close(wait->lock_fd);
		return ret;
	}
	/* Of one who had this place before. */
	answer_call(wait);
	ticket = next_ticket(table);
	slot_table_sign(table, &wait->record, wait->limit, now);
	wait->record.ticket = ticket;
	slot_file_write_record(wait->lock_fd, wait->index, &wait->record);
	table->users++;
	return 0;
}

static void leave(struct slot_wait *wait)
{
	static const struct slot_record nobody;
	struct slot_record record = nobody;

	if (slot_table_is_own(wait->table)) {
		slot_file_write_record(wait->lock_fd, wait->index, &record);
		slot_unlock(wait->lock_fd, wait->index);
	}
	/* This wakes the next in line. */
	close(wait->lock_fd);
	if (wait->fd >= 0)
		close(wait->fd);
	wait->fd = -1;
	wait->table->users--;
	wait->table = NULL;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* One try. *until: when to try again at the latest, if that is known. */
static int try_in_turn(struct slot_wait *wait, struct slot *slot, int64_t now, int64_t *until)
{
	struct slot_table *table = wait->table;
	uint64_t ticket;
	int ret, first;

	answer_call(wait);
	ret = slot_table_have_spare(table);
	if (ret < 0)
		return ret;
	if (wait->record.limit != wait->limit) {
		wait->record.limit = wait->limit;
		slot_file_write_record(wait->lock_fd, wait->index, &wait->record);
	}
	if (!slot_table_has_free(table, wait->limit))
		return -EAGAIN;
	first = slot_wait_first(table, wait->record.ticket, wait->index, now, &ticket);
	if (first < 0)
		return slot_table_take_free(table, wait->limit, &wait->record, slot, now);
	*until = slot_wait_call(table, (unsigned)first, ticket, now);
	return -EAGAIN;
}

static void schedule(struct slot_wait *wait, int64_t now, int64_t until)
{
	int64_t longest = wait->fd < 0 ? SLOT_RETRY_BLIND : SLOT_RETRY_MAX;

	wait->retry_at = now + wait->delay;
	if (until < wait->retry_at)
		wait->retry_at = until;
	wait->delay = wait->delay * 2 < longest ? wait->delay * 2 : longest;
}

int slot_wait_try(struct slot_wait *wait, struct slot *slot, int64_t now)
{
	int64_t until = INT64_MAX;
	int ret;

	slot->fd = -1;
	if (drain(wait->fd))
		wait->delay = SLOT_RETRY_MIN;
	ret = try_in_turn(wait, slot, now, &until);
	if (ret == -EAGAIN)
		schedule(wait, now, until);
	else
		leave(wait);
	return ret;
}

int slot_wait_begin(struct slot_wait *wait, struct slot_table *table, unsigned limit,
		    const struct slot_record *record, struct slot *slot, int64_t now)
{
	int ret;

	memset(wait, 0, sizeof *wait);
	wait->fd = -1;
	slot->fd = -1;
	ret = slot_table_have_spare(table);
	if (ret < 0)
		return ret;
	wait->table = table;
	wait->limit = limit;
	wait->record = *record;
	wait->delay = SLOT_RETRY_MIN;
	wait->fd = watch(table);
	ret = enter(wait, now);
	if (ret < 0) {
		if (wait->fd >= 0)
			close(wait->fd);
		wait->fd = -1;
		wait->table = NULL;
		return ret;
	}
	return slot_wait_try(wait, slot, now);
}

void slot_wait_cancel(struct slot_wait *wait)
{
	if (wait->table)
		leave(wait);
}
