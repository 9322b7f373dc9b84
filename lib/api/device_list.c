/* SPDX-License-Identifier: MIT */
#include <webcodecs/device.h>

#include <errno.h>
#include <stdlib.h>

#include "api/context.h"
#include "v4l2/registry.h"

struct wc_device_list {
	size_t count;
	struct wc_device devices[];
};

/* The devices that can be described; one that is gone meanwhile, or refuses, is left out. */
static void take_devices(struct wc_device_list *list, struct device_registry *registry, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (device_registry_describe(registry, i) == 0)
			list->devices[list->count++] = device_registry_get(registry, i)->device;
}

int wc_device_list_new(struct wc_context *context, struct wc_device_list **out)
{
	struct wc_device_list *list;
	size_t n;
	int ret;

	if (!out)
		return context_fail(context, WC_TYPE_ERROR, "no place for the list");
	*out = NULL;
	ret = device_registry_refresh(context->devices);
	if (ret < 0)
		return context_fail_errno(context, -ret, "look for devices");
	n = device_registry_count(context->devices);
	list = calloc(1, sizeof *list + n * sizeof list->devices[0]);
	if (!list)
		return context_fail_errno(context, ENOMEM, "list the devices");
	take_devices(list, context->devices, n);
	*out = list;
	return WC_OK;
}

void wc_device_list_destroy(struct wc_device_list *list)
{
	free(list);
}

size_t wc_device_list_get_count(const struct wc_device_list *list)
{
	return list->count;
}

const struct wc_device *wc_device_list_get(const struct wc_device_list *list, size_t index)
{
	return index < list->count ? &list->devices[index] : NULL;
}

static void on_change(enum wc_device_event event, const char *path, void *user_data)
{
	struct wc_context *context = user_data;

	context->callbacks++;
	context->watch(event, path, context->watch_user_data);
}

int wc_context_watch_devices(struct wc_context *context, wc_device_callback callback,
			     void *user_data)
{
	int ret = device_registry_watch(context->devices, callback ? on_change : NULL, context);

	if (ret == -EOPNOTSUPP)
		return context_fail(context, WC_NOT_SUPPORTED_ERROR,
				    "the context has fixed device paths");
	if (ret < 0)
		return context_fail_errno(context, -ret, "watch devices");
	context->watch = callback;
	context->watch_user_data = user_data;
	return WC_OK;
}
