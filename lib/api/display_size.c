/* SPDX-License-Identifier: MIT */
#include "api/display_size.h"

struct display_size display_size_with_aspect(struct display_size size, struct display_size aspect)
{
	uint64_t width = (uint64_t)size.width * aspect.height;
	uint64_t height = (uint64_t)size.height * aspect.width;
	uint64_t wider = (height + aspect.height / 2) / aspect.height;
	uint64_t higher = (width + aspect.width / 2) / aspect.width;

	if (width < height && wider <= UINT32_MAX)
		size.width = (uint32_t)wider;
	else if (height < width && higher <= UINT32_MAX)
		size.height = (uint32_t)higher;
	return size;
}

struct display_size display_size_turned(struct display_size size, uint16_t rotation)
{
	if (rotation == 90 || rotation == 270)
		return (struct display_size) { size.height, size.width };
	return size;
}
