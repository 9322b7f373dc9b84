/* SPDX-License-Identifier: MIT */
#include "transcode/y4m.h"

#include <stddef.h>
#include <string.h>

#include "frame/pixel_format.h"
#include "util/macros.h"

/* 4:2:0 has several names, by where chroma is sampled. The first of a format is written. */
static const struct {
	const char *name;
	uint32_t fourcc;
} chromas[] = {
	{ "420mpeg2", DRM_FORMAT_YUV420 },
	{ "420", DRM_FORMAT_YUV420 },
	{ "420jpeg", DRM_FORMAT_YUV420 },
	{ "420paldv", DRM_FORMAT_YUV420 },
	{ "422", DRM_FORMAT_YUV422 },
	{ "444", DRM_FORMAT_YUV444 },
	{ "mono", DRM_FORMAT_R8 },
	{ "420p10", DRM_FORMAT_S010 },
	{ "422p10", DRM_FORMAT_S210 },
	{ "444p10", DRM_FORMAT_S410 },
	{ "420p12", DRM_FORMAT_S012 },
	{ "422p12", DRM_FORMAT_S212 },
	{ "444p12", DRM_FORMAT_S412 },
};

uint32_t y4m_fourcc(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(chromas); i++)
		if (!strcmp(chromas[i].name, name))
			return chromas[i].fourcc;
	return 0;
}

const char *y4m_name(uint32_t fourcc)
{
	for (size_t i = 0; i < ARRAY_SIZE(chromas); i++)
		if (chromas[i].fourcc == fourcc)
			return chromas[i].name;
	return NULL;
}
