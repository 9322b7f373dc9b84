/* SPDX-License-Identifier: MIT */
/* Looking at a device node: what it is and what it can do. */
#ifndef WC_V4L2_PROBE_H
#define WC_V4L2_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/device.h>

#include "util/video_codec.h"

/* What is known of a node without taking a context of it. */
struct v4l2_device_info {
	struct wc_device device;       /* codecs are filled when described is set */
	bool described;
	bool has_codecs;               /* codec_mask is known, from udev or because described */
	uint32_t codec_mask;           /* bit n: codec n of enum video_codec */
	unsigned contexts;             /* how many udev says there are, 0: it does not */
	uint32_t rate;                 /* macroblocks a second, likewise */
};

/*
 * Look at a node: driver, role, codecs, profiles, sizes and formats.
 * 0; -ENODEV when it is no memory-to-memory codec or converter, with the driver filled in, or when
 * there is no device behind the node; another negative errno when it cannot be opened or asked.
 */
int device_probe(const char *path, struct v4l2_device_info *info);

/* The entry of a codec in a described device; NULL when it has none. */
const struct wc_device_codec *device_find_codec(const struct v4l2_device_info *info,
						enum video_codec codec);

#endif
