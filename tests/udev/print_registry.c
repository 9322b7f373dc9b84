/* SPDX-License-Identifier: MIT */
/*
 * Prints the devices of a context as the registry has them before anybody asks for details, a line
 * each: node, role, codecs with commas or "none", driver, and whether udev's marks were believed
 * ("marked") or the node was opened and asked ("probed").
 */
#include <stdio.h>
#include <string.h>

#include "v4l2/registry.h"

static void print_codecs(uint32_t mask)
{
	const char *separator = "";

	if (!mask)
		fputs("none", stdout);
	for (int codec = VIDEO_CODEC_NONE + 1; codec <= VIDEO_CODEC_FWHT; codec++) {
		if (!(mask & (1u << codec)))
			continue;
		printf("%s%s", separator, video_codec_name((enum video_codec)codec));
		separator = ",";
	}
}

static void print_all(const struct device_registry *registry)
{
	for (size_t i = 0; i < device_registry_count(registry); i++) {
		const struct v4l2_device_info *info = device_registry_get(registry, i);

		printf("%s %s ", info->device.path, wc_device_role_name(info->device.role));
		print_codecs(info->codec_mask);
		printf(" %s %s\n", info->device.driver, info->described ? "probed" : "marked");
	}
}

int main(void)
{
	struct core *core = core_new(sizeof(struct roll_entry), sizeof(struct roll_entry));
	struct device_registry *registry;
	struct loop loop;
	int ret;

	if (!core || loop_init(&loop) < 0)
		return 1;
	ret = device_registry_new(core, &loop, NULL, &registry);
	if (ret == 0)
		ret = device_registry_refresh(registry);
	if (ret == 0)
		print_all(registry);
	else
		fprintf(stderr, "print_registry: %s\n", strerror(-ret));
	device_registry_free(registry);
	loop_finish(&loop);
	core_unref(core);
	return ret == 0 ? 0 : 1;
}
