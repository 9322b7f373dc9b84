/* SPDX-License-Identifier: MIT */
#include "common/fourcc.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "util/macros.h"

/* Names give the order of bytes in memory, as files have it; DRM counts from the low bits. */
static const struct {
	const char *name;
	uint32_t fourcc;
} names[] = {
	{ "i420", DRM_FORMAT_YUV420 },
	{ "yuv420p", DRM_FORMAT_YUV420 },
	{ "yv12", DRM_FORMAT_YVU420 },
	{ "i422", DRM_FORMAT_YUV422 },
	{ "yuv422p", DRM_FORMAT_YUV422 },
	{ "i444", DRM_FORMAT_YUV444 },
	{ "yuv444p", DRM_FORMAT_YUV444 },
	{ "i420p10", DRM_FORMAT_S010 },
	{ "yuv420p10", DRM_FORMAT_S010 },
	{ "i422p10", DRM_FORMAT_S210 },
	{ "yuv422p10", DRM_FORMAT_S210 },
	{ "i444p10", DRM_FORMAT_S410 },
	{ "yuv444p10", DRM_FORMAT_S410 },
	{ "i420p12", DRM_FORMAT_S012 },
	{ "i422p12", DRM_FORMAT_S212 },
	{ "i444p12", DRM_FORMAT_S412 },
	{ "nv12", DRM_FORMAT_NV12 },
	{ "nv21", DRM_FORMAT_NV21 },
	{ "nv16", DRM_FORMAT_NV16 },
	{ "nv24", DRM_FORMAT_NV24 },
	{ "p010", DRM_FORMAT_P010 },
	{ "yuyv", DRM_FORMAT_YUYV },
	{ "uyvy", DRM_FORMAT_UYVY },
	{ "gray", DRM_FORMAT_R8 },
	{ "rgb565", DRM_FORMAT_RGB565 },
	{ "rgb24", DRM_FORMAT_BGR888 },
	{ "bgr24", DRM_FORMAT_RGB888 },
	{ "rgba", DRM_FORMAT_ABGR8888 },
	{ "rgbx", DRM_FORMAT_XBGR8888 },
	{ "bgra", DRM_FORMAT_ARGB8888 },
	{ "bgrx", DRM_FORMAT_XRGB8888 },
};

const char *fourcc_text(uint32_t fourcc, char text[FOURCC_TEXT])
{
	for (unsigned i = 0; i < 4; i++) {
		char c = (char)(fourcc >> 8 * i & 0xff);

		text[i] = c >= ' ' && c <= '~' ? c : '?';
	}
	text[4] = '\0';
	return text;
}

const char *fourcc_modifier_text(uint32_t fourcc, uint64_t modifier,
				 char text[FOURCC_MODIFIER_TEXT])
{
	char letters[FOURCC_TEXT], name[MODIFIER_TEXT];

	fourcc_text(fourcc, letters);
	if (modifier == DRM_FORMAT_MOD_LINEAR)
		return memcpy(text, letters, sizeof letters);
	snprintf(text, FOURCC_MODIFIER_TEXT, "%s (%s)", letters,
		 modifier == DRM_FORMAT_MOD_INVALID ? "tiled" : modifier_text(modifier, name));
	return text;
}

uint32_t fourcc_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i].name, name))
			return names[i].fourcc;
	if (strlen(name) == 4) {
		uint32_t fourcc = fourcc_code(name[0], name[1], name[2], name[3]);

		return pixel_format_find(fourcc) ? fourcc : 0;
	}
	return 0;
}
