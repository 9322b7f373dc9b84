/* SPDX-License-Identifier: MIT */
#include "budget/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int account_open(struct account *account, const struct account_key *key, uint64_t number,
		 const char *directory, struct log *log)
{
	char device[SLOT_DEVICE_SIZE];
	int ret;

	memset(account, 0, sizeof *account);
	list_init(&account->link);
	account->number = number;
	snprintf(account->path, sizeof account->path, "%s", key->path);
	account->role = key->role;
	account->driver_quota = key->driver_quota;
	account->device_quota = key->device_quota;
	snprintf(device, sizeof device, "%s %s", key->identity, key->role);
	ret = slot_table_open(&account->table, directory, device);
	if (ret == 0 || ret == -ENOMEM || !directory || !*directory)
		return ret;
	log_warning(log, "%s: contexts of other processes are not counted: %s", key->path,
		    slot_table_reason(&account->table));
	return slot_table_open(&account->table, NULL, device);
}

void account_close(struct account *account)
{
	slot_table_close(&account->table);
}

unsigned account_limit(const struct account *account)
{
	return account->set_quota ? account->set_quota : account->device_quota;
}

unsigned account_quota(const struct account *account, int64_t now)
{
	unsigned quota = account_limit(account);

	if (!quota)
		quota = account->driver_quota;
	return quota ? quota : slot_table_quota(&account->table, now, NULL);
}

unsigned account_wait_limit(const struct account *account, int64_t now)
{
	unsigned quota = account_quota(account, now);
	unsigned learned = slot_table_quota(&account->table, now, NULL);

	return learned && learned < quota ? learned : quota;
}

static enum wc_holder_state state_of(const struct slot_holder *holder)
{
	switch (holder->kind) {
	case SLOT_HOLDER_KNOWN:
		return holder->stopped ? WC_HOLDER_STOPPED : WC_HOLDER_RUNNING;
	case SLOT_HOLDER_ORPHANED:
		return WC_HOLDER_ORPHANED;
	case SLOT_HOLDER_BLOCKED:
		return WC_HOLDER_BLOCKED;
	case SLOT_HOLDER_UNKNOWN:
		break;
	}
	return WC_HOLDER_UNKNOWN;
}

static void describe(const struct slot_holder *from, int64_t now, struct wc_holder *to)
{
	const struct slot_record *record = &from->record;

	memset(to, 0, sizeof *to);
	to->state = state_of(from);
	to->pid = record->pid ? record->pid : from->opener;
	to->width = record->width;
	to->height = record->height;
	to->idle = record->pid && now > record->progress ? now - record->progress : 0;
	snprintf(to->codec, sizeof to->codec, "%s", record->codec);
	snprintf(to->role, sizeof to->role, "%s", record->role);
	snprintf(to->label, sizeof to->label, "%s", record->label);
}

/* Whether looking at all processes would tell more. */
static bool has_strangers(const struct slot_holder *holders, unsigned n)
{
	for (unsigned i = 0; i < n && i < SLOT_MAX; i++)
		if (holders[i].kind != SLOT_HOLDER_KNOWN)
			return true;
	return false;
}

void account_list_holders(const struct account *account, int except, int64_t now,
			  struct wc_error *error)
{
	struct slot_holder holders[SLOT_MAX];
	unsigned n = slot_table_holders(&account->table, holders, SLOT_MAX, false);

	if (has_strangers(holders, n))
		n = slot_table_holders(&account->table, holders, SLOT_MAX, true);
	error->holder_count = 0;
	for (unsigned i = 0; i < n && i < SLOT_MAX; i++) {
		if ((int)holders[i].index == except)
			continue;
		if (error->holder_count < WC_ERROR_MAX_HOLDERS)
			describe(&holders[i], now, &error->holders[error->holder_count]);
		error->holder_count++;
	}
}
