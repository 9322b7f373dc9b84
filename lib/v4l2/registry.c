/* SPDX-License-Identifier: MIT */
#include "v4l2/registry.h"

#include <ctype.h>
#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a node was found to be when it was opened. */
struct known_node {
	struct stat status;
	struct v4l2_device_info info;    /* role 0: no codec device */
};

struct device_registry {
	struct core *core;
	struct loop *loop;
	char **paths;                    /* NULL: udev */
	size_t n_paths;
	struct udev *udev;               /* NULL with fixed paths, and until first used */
	struct v4l2_device_info *infos;
	size_t n_infos, capacity;
	struct known_node *known;
	size_t n_known;
	char closed_path[64];            /* the first node that could not be looked at */
	int closed_errno;                /* why, positive; 0: there was none */
	bool fresh;                      /* nothing changed since the last look */
	struct udev_monitor *monitor;    /* NULL: no watch */
	struct loop_source source;
	device_changed changed;
	void *user_data;
};

static int copy_paths(struct device_registry *registry, const char *const *paths)
{
	size_t n = 0;

	while (paths[n])
		n++;
	registry->paths = calloc(n + 1, sizeof *registry->paths);
	if (!registry->paths)
		return -ENOMEM;
	for (; registry->n_paths < n; registry->n_paths++) {
		char *copy = strdup(paths[registry->n_paths]);

		if (!copy)
			return -ENOMEM;
		registry->paths[registry->n_paths] = copy;
	}
	return 0;
}

int device_registry_new(struct core *core, struct loop *loop, const char *const *paths,
			struct device_registry **out)
{
	struct device_registry *registry = calloc(1, sizeof *registry);
	int ret = 0;

	*out = NULL;
	if (!registry)
		return -ENOMEM;
	registry->core = core;
	registry->loop = loop;
	registry->source.fd = -1;
	if (paths)
		ret = copy_paths(registry, paths);
	if (ret < 0) {
		device_registry_free(registry);
		return ret;
	}
	*out = registry;
	return 0;
}

static void stop_watch(struct device_registry *registry)
{
	if (!registry->monitor)
		return;
	loop_remove(registry->loop, &registry->source);
	udev_monitor_unref(registry->monitor);
	registry->monitor = NULL;
	registry->fresh = false;
}

void device_registry_free(struct device_registry *registry)
{
	if (!registry)
		return;
	stop_watch(registry);
	for (size_t i = 0; i < registry->n_paths; i++)
		free(registry->paths[i]);
	free(registry->paths);
	free(registry->infos);
	free(registry->known);
	if (registry->udev)
		udev_unref(registry->udev);
	free(registry);
}

static int append(struct device_registry *registry, const struct v4l2_device_info *info)
{
	if (registry->n_infos == registry->capacity) {
		size_t capacity = registry->capacity ? registry->capacity * 2 : 8;
		void *grown = realloc(registry->infos, capacity * sizeof *registry->infos);

		if (!grown)
			return -ENOMEM;
		registry->infos = grown;
		registry->capacity = capacity;
	}
	registry->infos[registry->n_infos++] = *info;
	return 0;
}

static struct known_node *find_known(struct device_registry *registry, const char *path)
{
	for (size_t i = 0; i < registry->n_known; i++)
		if (strcmp(registry->known[i].info.device.path, path) == 0)
			return &registry->known[i];
	return NULL;
}

/* A device that goes and comes back gets a new node; udev's rules change the time of one. */
static bool is_same_node(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_rdev == b->st_rdev &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Without memory it is only looked at again. */
static void remember(struct device_registry *registry, const struct stat *status,
		     const struct v4l2_device_info *info)
{
	struct known_node *known = find_known(registry, info->device.path);

	if (!known) {
		known = realloc(registry->known, (registry->n_known + 1) * sizeof *known);
		if (!known)
			return;
		registry->known = known;
		known += registry->n_known++;
	}
	known->status = *status;
	known->info = *info;
}

/* device_probe(), unless the node was opened before and is still the same one. */
static int probe(struct device_registry *registry, const char *path, struct v4l2_device_info *info)
{
	const struct known_node *known = find_known(registry, path);
	struct stat status;
	bool is_node = stat(path, &status) == 0 && S_ISCHR(status.st_mode);
	int ret;

	if (known && is_node && is_same_node(&known->status, &status)) {
		*info = known->info;
		return info->device.role ? 0 : -ENODEV;
	}
	ret = device_probe(path, info);
	/* A node without a driver may get one. */
	if (is_node && (ret == 0 || (ret == -ENODEV && info->device.driver[0])))
		remember(registry, &status, info);
	return ret;
}

static int probe_path(struct device_registry *registry, const char *path)
{
	struct v4l2_device_info info;
	int ret = probe(registry, path, &info);

	if (ret == 0)
		return append(registry, &info);
	if (ret == -ENODEV)
		return 0;
	log_warning(&registry->core->log, "%s: cannot look at it: %s", path, strerror(-ret));
	if (!registry->closed_errno) {
		snprintf(registry->closed_path, sizeof registry->closed_path, "%s", path);
		registry->closed_errno = -ret;
	}
	return 0;
}

int device_registry_closed(const struct device_registry *registry, const char **path)
{
	*path = registry->closed_path;
	return registry->closed_errno;
}

static enum wc_device_role parse_role(const char *name)
{
	for (int role = WC_DEVICE_ROLE_DECODER; role <= WC_DEVICE_ROLE_CONVERTER; role++)
		if (strcmp(name, wc_device_role_name((enum wc_device_role)role)) == 0)
			return (enum wc_device_role)role;
	return 0;
}

static uint32_t parse_codecs(const char *list)
{
	uint32_t mask = 0;

	for (int codec = VIDEO_CODEC_NONE + 1; codec <= VIDEO_CODEC_FWHT; codec++) {
		const char *name = video_codec_name((enum video_codec)codec);
		size_t length = strlen(name);

		for (const char *at = list; (at = strstr(at, name)); at += length)
			if ((at == list || at[-1] == ',') &&
			    (at[length] == ',' || at[length] == '\0'))
				mask |= 1u << codec;
	}
	return mask;
}

static void copy_property(struct udev_device *device, const char *name, char *to, size_t size)
{
	const char *value = udev_device_get_property_value(device, name);

	snprintf(to, size, "%s", value ? value : "");
}

/* What our rules wrote beside the node; see udev/. False: nothing, the node must be probed. */
static bool read_marks(struct udev_device *device, const char *path,
		       struct v4l2_device_info *info)
{
	const char *role = udev_device_get_property_value(device, "ID_WEBCODECS_ROLE");
	const char *codecs = udev_device_get_property_value(device, "ID_WEBCODECS_CODECS");
	const char *planar = udev_device_get_property_value(device, "ID_WEBCODECS_MULTIPLANAR");

	memset(info, 0, sizeof *info);
	if (!role || !parse_role(role) || strlen(path) >= sizeof info->device.path)
		return false;
	info->device.role = parse_role(role);
	info->device.multiplanar = planar && strcmp(planar, "1") == 0;
	info->has_codecs = codecs != NULL;
	info->codec_mask = codecs ? parse_codecs(codecs) : 0;
	snprintf(info->device.path, sizeof info->device.path, "%s", path);
	copy_property(device, "ID_WEBCODECS_DRIVER", info->device.driver,
		      sizeof info->device.driver);
	copy_property(device, "ID_WEBCODECS_CARD", info->device.card, sizeof info->device.card);
	copy_property(device, "ID_WEBCODECS_BUS", info->device.bus, sizeof info->device.bus);
	return true;
}

/* From the hwdb, or a rule of the administrator's. What is no number counts for nothing. */
static uint32_t read_number(struct udev_device *device, const char *property, uint32_t max)
{
	const char *value = udev_device_get_property_value(device, property);
	char *end;
	unsigned long long number = value && isdigit((unsigned char)*value) ?
				    strtoull(value, &end, 10) : 0;

	return number && number <= max && !*end ? (uint32_t)number : 0;
}

/* Enter a node of udev's, by its marks or by asking it. */
static int enter(struct device_registry *registry, struct udev_device *device, const char *path)
{
	struct v4l2_device_info info;
	size_t before = registry->n_infos;
	int ret = read_marks(device, path, &info) ? append(registry, &info)
						  : probe_path(registry, path);

	if (ret == 0 && registry->n_infos > before) {
		registry->infos[before].contexts = read_number(device, "ID_WEBCODECS_CONTEXTS",
							       UINT16_MAX);
		registry->infos[before].rate = read_number(device, "ID_WEBCODECS_MACROBLOCK_RATE",
							   UINT32_MAX);
	}
	return ret;
}

/* What to do with a node of udev's. */
typedef int (*visit_node)(struct device_registry *registry, struct udev_device *device,
			  const char *path, void *data);

static int visit_codec(struct device_registry *registry, struct udev_device *device,
		       const char *path, void *data)
{
	const char *role = udev_device_get_property_value(device, "ID_WEBCODECS_ROLE");

	(void)data;
	return role && strcmp(role, "none") == 0 ? 0 : enter(registry, device, path);
}

static int visit_path(struct device_registry *registry, const char *syspath, visit_node visit,
		      void *data)
{
	struct udev_device *device = udev_device_new_from_syspath(registry->udev, syspath);
	const char *path;
	int ret;

	if (!device)
		return 0;
	path = udev_device_get_devnode(device);
	ret = path ? visit(registry, device, path, data) : 0;
	udev_device_unref(device);
	return ret;
}

static int visit_udev(struct device_registry *registry, visit_node visit, void *data)
{
	struct udev_enumerate *enumerate;
	struct udev_list_entry *entry;
	int ret = 0;

	if (!registry->udev)
		registry->udev = udev_new();
	if (!registry->udev)
		return -ENOMEM;
	enumerate = udev_enumerate_new(registry->udev);
	if (!enumerate)
		return -ENOMEM;
	udev_enumerate_add_match_subsystem(enumerate, "video4linux");
	udev_enumerate_add_match_sysname(enumerate, "video*");
	/* Fails where there is no sysfs: then there are no devices either. */
	udev_enumerate_scan_devices(enumerate);
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
		if (ret == 0)
			ret = visit_path(registry, udev_list_entry_get_name(entry), visit, data);
	udev_enumerate_unref(enumerate);
	return ret;
}

/* /dev/video2 before /dev/video10. */
static int by_path(const void *a, const void *b)
{
	const struct v4l2_device_info *left = a, *right = b;

	return strverscmp(left->device.path, right->device.path);
}

static int look_at_udev(struct device_registry *registry)
{
	int ret = visit_udev(registry, visit_codec, NULL);

	if (registry->n_infos)
		qsort(registry->infos, registry->n_infos, sizeof *registry->infos, by_path);
	return ret;
}

int device_registry_refresh(struct device_registry *registry)
{
	int ret = 0;

	if (registry->fresh)
		return 0;
	registry->n_infos = 0;
	registry->closed_errno = 0;
	if (registry->paths) {
		for (size_t i = 0; i < registry->n_paths && ret == 0; i++)
			ret = probe_path(registry, registry->paths[i]);
	} else {
		ret = look_at_udev(registry);
	}
	/* A node that let nobody look may do so any time. */
	registry->fresh = ret == 0 && registry->monitor && !registry->closed_errno;
	return ret;
}

size_t device_registry_count(const struct device_registry *registry)
{
	return registry->n_infos;
}

const struct v4l2_device_info *device_registry_get(const struct device_registry *registry,
						   size_t index)
{
	return index < registry->n_infos ? &registry->infos[index] : NULL;
}

int device_registry_describe(struct device_registry *registry, size_t index)
{
	struct v4l2_device_info info;
	int ret;

	if (registry->infos[index].described)
		return 0;
	ret = probe(registry, registry->infos[index].device.path, &info);
	/* What udev says of the node it says still. */
	info.contexts = registry->infos[index].contexts;
	info.rate = registry->infos[index].rate;
	if (ret == 0)
		registry->infos[index] = info;
	return ret;
}

struct node_caller {
	int (*each)(const char *path, void *data);
	void *data;
};

static int visit_other(struct device_registry *registry, struct udev_device *device,
		       const char *path, void *data)
{
	const char *role = udev_device_get_property_value(device, "ID_WEBCODECS_ROLE");
	struct node_caller *caller = data;

	(void)registry;
	return role && strcmp(role, "none") != 0 ? 0 : caller->each(path, caller->data);
}

int device_registry_each_node(struct device_registry *registry,
			      int (*each)(const char *path, void *data), void *data)
{
	struct node_caller caller = { each, data };
	int ret = 0;

	if (!registry->paths)
		return visit_udev(registry, visit_other, &caller);
	for (size_t i = 0; i < registry->n_paths && ret == 0; i++)
		ret = each(registry->paths[i], data);
	return ret;
}

static void on_udev(struct loop_source *source, uint32_t revents)
{
	struct device_registry *registry = container_of(source, struct device_registry, source);
	struct udev_device *device;

	(void)revents;
	/* The handler may end the watch. */
	while (registry->monitor && (device = udev_monitor_receive_device(registry->monitor))) {
		const char *action = udev_device_get_action(device);
		const char *path = udev_device_get_devnode(device);

		registry->fresh = false;
		if (action && path && strcmp(action, "add") == 0)
			registry->changed(WC_DEVICE_EVENT_ADDED, path, registry->user_data);
		else if (action && path && strcmp(action, "remove") == 0)
			registry->changed(WC_DEVICE_EVENT_REMOVED, path, registry->user_data);
		udev_device_unref(device);
	}
}

static int start_watch(struct device_registry *registry)
{
	int ret;

	if (!registry->udev)
		registry->udev = udev_new();
	if (!registry->udev)
		return -ENOMEM;
	registry->monitor = udev_monitor_new_from_netlink(registry->udev, "udev");
	if (!registry->monitor)
		return -errno;
	ret = udev_monitor_filter_add_match_subsystem_devtype(registry->monitor, "video4linux",
							      NULL);
	if (ret >= 0)
		ret = udev_monitor_enable_receiving(registry->monitor);
	if (ret >= 0)
		ret = loop_add(registry->loop, &registry->source,
			       udev_monitor_get_fd(registry->monitor), EPOLLIN, on_udev);
	if (ret < 0)
		stop_watch(registry);
	return ret < 0 ? ret : 0;
}

int device_registry_watch(struct device_registry *registry, device_changed changed,
			  void *user_data)
{
	if (registry->paths)
		return -EOPNOTSUPP;
	registry->changed = changed;
	registry->user_data = user_data;
	if (!changed) {
		stop_watch(registry);
		return 0;
	}
	return registry->monitor ? 0 : start_watch(registry);
}
