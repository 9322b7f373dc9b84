/* SPDX-License-Identifier: MIT */
/*
 * The devices of a context: found with udev, or given as fixed paths. Nodes that our udev rules
 * marked (ID_WEBCODECS_ROLE, ID_WEBCODECS_CODECS) are believed without being opened; the others are
 * probed, each once as long as its node stays the same: opening may wake up hardware.
 */
#ifndef WC_V4L2_REGISTRY_H
#define WC_V4L2_REGISTRY_H

#include <stddef.h>

#include "util/core.h"
#include "util/loop.h"
#include "v4l2/probe.h"

struct device_registry;

/*
 * paths: NULL for udev, else an array of nodes that ends with NULL; copied. Nothing is looked at
 * yet. 0 or a negative errno.
 */
int device_registry_new(struct core *core, struct loop *loop, const char *const *paths,
			struct device_registry **registry);
void device_registry_free(struct device_registry *registry);

/*
 * Look again, unless nothing can have changed since the last time: fixed paths are looked at
 * every time, udev's list too unless a watch runs that saw no event. 0 or a negative errno; nodes
 * that cannot be opened are logged and left out.
 */
int device_registry_refresh(struct device_registry *registry);

/*
 * Whether the last refresh met a node that it could not look at: the positive errno, with the first
 * such node in *path; else 0. It may be a codec whose contexts are all taken: some are refused to
 * whoever only wants to ask.
 */
int device_registry_closed(const struct device_registry *registry, const char **path);

size_t device_registry_count(const struct device_registry *registry);

/* Valid until the next refresh. */
const struct v4l2_device_info *device_registry_get(const struct device_registry *registry,
						   size_t index);

/*
 * Fill in codecs, sizes and formats of a device that udev has named only; opens the node. 0 or a
 * negative errno.
 */
int device_registry_describe(struct device_registry *registry, size_t index);

/*
 * Call each for every node that may be something else than a codec: the fixed paths, or all of
 * udev's but those that our rules marked as codecs. Stops at a negative result. 0, that result, or
 * -ENOMEM.
 */
int device_registry_each_node(struct device_registry *registry,
			      int (*each)(const char *path, void *data), void *data);

/*
 * Watch udev; changed is called in dispatch. NULL ends the watch. -EOPNOTSUPP with fixed paths.
 */
typedef void (*device_changed)(enum wc_device_event event, const char *path, void *user_data);
int device_registry_watch(struct device_registry *registry, device_changed changed,
			  void *user_data);

#endif
