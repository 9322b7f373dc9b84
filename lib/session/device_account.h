/* SPDX-License-Identifier: MIT */
/* How a device is entered in the accountant's books. */
#ifndef WC_SESSION_DEVICE_ACCOUNT_H
#define WC_SESSION_DEVICE_ACCOUNT_H

#include "budget/account.h"
#include "v4l2/probe.h"

/* Memory of the key's strings. */
struct device_identity {
	char text[96];
};

/*
 * The key of a device in its role. Its name is made of driver, card and bus: nodes get other
 * numbers with each boot. It points into *identity and *info.
 */
void device_account_key(const struct v4l2_device_info *info, struct device_identity *identity,
			struct account_key *key);

#endif
