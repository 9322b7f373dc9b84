/* SPDX-License-Identifier: MIT */
#include "budget/rate.h"

uint32_t rate_framerate(double frames_per_second)
{
	double frames = frames_per_second * 1000;

	/* What is no number fails every comparison. */
	if (!(frames > 0))
		return 0;
	if (frames < 1)
		return 1;
	return frames < RATE_MAX_FRAMERATE ? (uint32_t)(frames + 0.5) : RATE_MAX_FRAMERATE;
}

bool rate_is_known(const struct rate_load *load)
{
	return load->width && load->height && load->framerate;
}

static uint64_t blocks(uint32_t pixels)
{
	return ((uint64_t)pixels + 15) / 16;
}

uint64_t rate_of(const struct rate_load *load, uint64_t limit)
{
	bool has_size = load->width && load->height;
	uint64_t size = blocks(has_size ? load->width : RATE_DEFAULT_WIDTH) *
			blocks(has_size ? load->height : RATE_DEFAULT_HEIGHT);
	uint32_t frames = load->framerate ? load->framerate : RATE_DEFAULT_FRAMERATE;
	uint64_t rate = (size * frames + 999) / 1000;

	return limit && rate > limit && !rate_is_known(load) ? limit : rate;
}
