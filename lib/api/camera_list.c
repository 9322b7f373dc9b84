/* SPDX-License-Identifier: MIT */
#include <webcodecs/camera.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "v4l2/camera.h"
#include "v4l2/registry.h"

struct wc_camera_list {
	struct core *core;                 /* while the list is made */
	size_t count, capacity;
	struct wc_camera_device *cameras;  /* each owns its modes */
};

static int add(struct wc_camera_list *list, const struct wc_camera_device *camera)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 4;
		void *grown = realloc(list->cameras, capacity * sizeof *list->cameras);

		if (!grown)
			return -ENOMEM;
		list->cameras = grown;
		list->capacity = capacity;
	}
	list->cameras[list->count++] = *camera;
	return 0;
}

/* What is no camera is no failure, nor what cannot be looked at. */
static int look_at(const char *path, void *data)
{
	struct wc_camera_list *list = data;
	struct wc_camera_device camera;
	struct wc_camera_mode *modes;
	int ret = camera_describe(path, &camera, &modes);

	if (ret == -ENOMEM)
		return ret;
	if (ret < 0 && ret != -ENOTTY && ret != -ENODEV && ret != -ENXIO)
		log_warning(&list->core->log, "%s: cannot look at it: %s", path, strerror(-ret));
	if (ret < 0)
		return 0;
	ret = add(list, &camera);
	if (ret < 0)
		free(modes);
	return ret;
}

/* /dev/video2 before /dev/video10. */
static int by_path(const void *a, const void *b)
{
	const struct wc_camera_device *left = a, *right = b;

	return strverscmp(left->path, right->path);
}

int wc_camera_list_new(struct wc_context *context, struct wc_camera_list **out)
{
	struct wc_camera_list *list;
	int ret;

	if (!out)
		return context_fail(context, WC_TYPE_ERROR, "no place for the list");
	*out = NULL;
	list = calloc(1, sizeof *list);
	if (!list)
		return context_fail_errno(context, ENOMEM, "list the cameras");
	list->core = context->core;
	ret = device_registry_each_node(context->devices, look_at, list);
	if (ret < 0) {
		wc_camera_list_destroy(list);
		return context_fail_errno(context, -ret, "list the cameras");
	}
	if (list->count)
		qsort(list->cameras, list->count, sizeof *list->cameras, by_path);
	*out = list;
	return WC_OK;
}

void wc_camera_list_destroy(struct wc_camera_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		free((void *)list->cameras[i].modes);
	free(list->cameras);
	free(list);
}

size_t wc_camera_list_get_count(const struct wc_camera_list *list)
{
	return list->count;
}

const struct wc_camera_device *wc_camera_list_get(const struct wc_camera_list *list, size_t index)
{
	return index < list->count ? &list->cameras[index] : NULL;
}
