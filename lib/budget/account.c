/* SPDX-License-Identifier: MIT */
#include "budget/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "budget/holder.h"

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
	account->device_rate = key->device_rate;
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

uint32_t account_rate_limit(const struct account *account)
{
	return account->set_rate ? account->set_rate : account->device_rate;
}

uint64_t account_rate(const struct account *account, int except)
{
	struct slot_holder holders[SLOT_MAX];
	unsigned n = slot_table_holders(&account->table, holders, SLOT_MAX, false);
	uint64_t rate = 0;

	for (unsigned i = 0; i < n && i < SLOT_MAX; i++)
		if ((int)holders[i].index != except)
			rate += holder_rate(&holders[i], account_rate_limit(account));
	return rate;
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
			holder_describe(&holders[i], now, &error->holders[error->holder_count]);
		error->holder_count++;
	}
}
