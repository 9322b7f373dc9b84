/* SPDX-License-Identifier: MIT */
#include "transcode/file_type.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "frame/pixel_format.h"
#include "util/macros.h"

static const struct file_type types[] = {
	{ "mp4", FILE_CONTAINER, "mp4", "h264", 0 },
	{ "m4v", FILE_CONTAINER, "mp4", "h264", 0 },
	{ "mov", FILE_CONTAINER, "mov", "h264", 0 },
	{ "mkv", FILE_CONTAINER, "matroska", "h264", 0 },
	{ "webm", FILE_CONTAINER, "webm", "vp8", 0 },
	{ "ts", FILE_CONTAINER, "mpegts", "h264", 0 },
	{ "avi", FILE_CONTAINER, "avi", "mjpeg", 0 },
	{ "h264", FILE_ELEMENTARY, NULL, "h264", 0 },
	{ "264", FILE_ELEMENTARY, NULL, "h264", 0 },
	{ "h265", FILE_ELEMENTARY, NULL, "hevc", 0 },
	{ "265", FILE_ELEMENTARY, NULL, "hevc", 0 },
	{ "hevc", FILE_ELEMENTARY, NULL, "hevc", 0 },
	{ "mjpeg", FILE_ELEMENTARY, NULL, "mjpeg", 0 },
	{ "fwht", FILE_FWHT, NULL, "fwht", 0 },
	{ "ivf", FILE_IVF, NULL, "vp8", 0 },
	{ "y4m", FILE_Y4M, NULL, NULL, 0 },
	{ "yuv", FILE_RAW, NULL, NULL, DRM_FORMAT_YUV420 },
	{ "nv12", FILE_RAW, NULL, NULL, DRM_FORMAT_NV12 },
	{ "rgb", FILE_RAW, NULL, NULL, DRM_FORMAT_BGR888 },
	{ "raw", FILE_RAW, NULL, NULL, 0 },
};

const struct file_type *file_type_display(void)
{
	static const struct file_type display = { "", FILE_DISPLAY, NULL, NULL, 0 };

	return &display;
}

const struct file_type *file_type_find(const char *name, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash ? slash : path, '.');

	if (!name && dot)
		name = dot + 1;
	for (size_t i = 0; name && i < ARRAY_SIZE(types); i++)
		if (!strcasecmp(types[i].extension, name))
			return &types[i];
	return NULL;
}
