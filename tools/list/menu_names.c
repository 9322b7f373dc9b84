/* SPDX-License-Identifier: MIT */
#include "list/menu_names.h"

#include <stddef.h>
#include <string.h>

#include "util/macros.h"

#define MAX_ENTRIES 32

/*
 * In the order of the menus V4L2_CID_MPEG_VIDEO_*_PROFILE and _LEVEL: see "Codec Control
 * Reference" of the kernel's media documentation, and linux/v4l2-controls.h.
 */
static const struct menu {
	const char *codec;
	const char *profiles[MAX_ENTRIES];
	const char *levels[MAX_ENTRIES];
} menus[] = {
	{ "h264",
	  { "baseline", "constrained-baseline", "main", "extended", "high", "high-10",
	    "high-4:2:2", "high-4:4:4-predictive", "high-10-intra", "high-4:2:2-intra",
	    "high-4:4:4-intra", "cavlc-4:4:4-intra", "scalable-baseline", "scalable-high",
	    "scalable-high-intra", "stereo-high", "multiview-high", "constrained-high" },
	  { "1", "1b", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "3", "3.1", "3.2", "4", "4.1", "4.2",
	    "5", "5.1", "5.2", "6", "6.1", "6.2" } },
	{ "hevc",
	  { "main", "main-still-picture", "main-10" },
	  { "1", "2", "2.1", "3", "3.1", "4", "4.1", "5", "5.1", "5.2", "6", "6.1", "6.2" } },
	{ "vp8", { "0", "1", "2", "3" }, { NULL } },
	{ "vp9",
	  { "0", "1", "2", "3" },
	  { "1", "1.1", "2", "2.1", "3", "3.1", "4", "4.1", "5", "5.1", "5.2", "6", "6.1",
	    "6.2" } },
	{ "av1",
	  { "main", "high", "professional" },
	  { "2.0", "2.1", "2.2", "2.3", "3.0", "3.1", "3.2", "3.3", "4.0", "4.1", "4.2", "4.3",
	    "5.0", "5.1", "5.2", "5.3", "6.0", "6.1", "6.2", "6.3", "7.0", "7.1", "7.2", "7.3" } },
};

static const struct menu *menu_find(const char *codec)
{
	for (size_t i = 0; i < ARRAY_SIZE(menus); i++)
		if (!strcmp(menus[i].codec, codec))
			return &menus[i];
	return NULL;
}

const char *menu_profile_name(const char *codec, unsigned entry)
{
	const struct menu *menu = menu_find(codec);

	return menu && entry < MAX_ENTRIES ? menu->profiles[entry] : NULL;
}

const char *menu_level_name(const char *codec, unsigned entry)
{
	const struct menu *menu = menu_find(codec);

	return menu && entry < MAX_ENTRIES ? menu->levels[entry] : NULL;
}
