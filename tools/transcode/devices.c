/* SPDX-License-Identifier: MIT */
#include "transcode/devices.h"

#include <string.h>

static const struct wc_device *find(const struct wc_device_list *list, const char *path)
{
	for (size_t i = 0; i < wc_device_list_get_count(list); i++)
		if (!strcmp(wc_device_list_get(list, i)->path, path))
			return wc_device_list_get(list, i);
	return NULL;
}

/* Of several for one role the first is meant; the others stay in reserve. */
static int assign(struct devices *devices, const struct wc_device *device, const char *path)
{
	switch (device->role) {
	case WC_DEVICE_ROLE_DECODER:
	case WC_DEVICE_ROLE_STATELESS_DECODER:
		if (!devices->decoder)
			devices->decoder = path;
		return 0;
	case WC_DEVICE_ROLE_ENCODER:
	case WC_DEVICE_ROLE_STATELESS_ENCODER:
		if (!devices->encoder)
			devices->encoder = path;
		return 0;
	case WC_DEVICE_ROLE_CONVERTER:
	default:
		return -1;
	}
}

int devices_assign(struct devices *devices, struct wc_context *context,
		   const struct options *options, struct failure *failure)
{
	struct wc_device_list *list;
	int result = 0;

	*devices = (struct devices) { NULL, NULL };
	if (!options->n_devices)
		return 0;
	if (wc_device_list_new(context, &list) < 0)
		return failure_set(failure, "devices cannot be listed: %s",
				   wc_context_get_error(context)->message);
	for (size_t i = 0; i < options->n_devices && !result; i++) {
		const struct wc_device *device = find(list, options->devices[i]);

		if (!device || assign(devices, device, options->devices[i]))
			result = failure_set(failure, "%s: is not a codec device",
					     options->devices[i]);
	}
	wc_device_list_destroy(list);
	return result;
}
