/* SPDX-License-Identifier: MIT */
#include "session/device_account.h"

#include <stdio.h>

#include "session/quirks.h"

void device_account_key(const struct v4l2_device_info *info, struct device_identity *identity,
			struct account_key *key)
{
	const struct wc_device *device = &info->device;

	snprintf(identity->text, sizeof identity->text, "%s %s %s", device->driver, device->card,
		 device->bus);
	*key = (struct account_key) {
		.path = device->path,
		.identity = identity->text,
		.role = wc_device_role_name(device->role),
		.driver_quota = quirks_find(device->driver, device->role, 0)->contexts,
		.device_quota = info->contexts,
		.device_rate = info->rate,
	};
}
