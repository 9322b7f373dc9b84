/* SPDX-License-Identifier: MIT */
/*
 * An account: the hardware contexts of one device in one role, how many there may be, and who has
 * them. One for each device that a context has ever asked; other contexts and processes keep
 * accounts of their own over the same slots (slots.h).
 */
#ifndef WC_BUDGET_ACCOUNT_H
#define WC_BUDGET_ACCOUNT_H

#include <webcodecs/error.h>

#include "budget/slots.h"
#include "util/list.h"
#include "util/log.h"

/* What a device is, for its account. Strings of the caller. */
struct account_key {
	const char *path;              /* node */
	const char *identity;          /* the same over reboots, whatever the node's number */
	const char *role;              /* "decoder", "encoder": constant */
	unsigned driver_quota;         /* contexts that the driver is known to allow, 0: unknown */
	unsigned device_quota;         /* what udev says of this device, 0: nothing */
	uint32_t device_rate;          /* macroblocks a second, as udev says, 0: it does not */
};

struct account {
	struct list link;
	uint64_t number;               /* from 1; what candidates call their resource */
	char path[64];
	const char *role;
	unsigned driver_quota, device_quota;
	unsigned set_quota;            /* by the application, 0: nothing */
	uint32_t device_rate, set_rate;
	struct slot_table table;
};

/*
 * Open an account. The slots are in directory, NULL or "" for this account alone; when they cannot
 * be used there, that is logged, and the account counts alone. Negative errno without memory.
 */
int account_open(struct account *account, const struct account_key *key, uint64_t number,
		 const char *directory, struct log *log);

/* All its slots must have been given back. */
void account_close(struct account *account);

/*
 * How many may be taken: what the application says, else udev; 0: the driver decides. What is only
 * known of drivers never keeps anybody from asking them.
 */
unsigned account_limit(const struct account *account);

/*
 * How many there are: the limit, else what is known of the driver, else what it taught; 0: unknown.
 */
unsigned account_quota(const struct account *account, int64_t now);

/*
 * With how many held somebody who waits need not try: the smallest number that is known, 0: none.
 */
unsigned account_wait_limit(const struct account *account, int64_t now);

/* Macroblocks a second that the device does; 0: unknown, and nobody is refused. */
uint32_t account_rate_limit(const struct account *account);

/* Macroblocks a second that are in use, except by the slot of that index (-1: none). */
uint64_t account_rate(const struct account *account, int except);

/* List who holds contexts in *error, except the slot of that index (-1: none). Fills the count. */
void account_list_holders(const struct account *account, int except, int64_t now,
			  struct wc_error *error);

#endif
