/* SPDX-License-Identifier: MIT */
#ifndef WC_FAKE_MODEL_H
#define WC_FAKE_MODEL_H

#include "fake.h"

#include <errno.h>
#include <linux/version.h>

/* Rows of control tables. @skip: bit n set means that menu item n is not offered. */
#define INTEGER(cid, low, high, increment, value) \
	{ .id = (cid), .type = V4L2_CTRL_TYPE_INTEGER, .min = (low), .max = (high), \
	  .step = (increment), .def = (value) }
#define BOOLEAN(cid, value) \
	{ .id = (cid), .type = V4L2_CTRL_TYPE_BOOLEAN, .max = 1, .step = 1, .def = (value) }
#define MENU(cid, high, skip, value) \
	{ .id = (cid), .type = V4L2_CTRL_TYPE_MENU, .max = (high), .def = (value), \
	  .menu_skip = (skip) }
/* What a decoder can: read-only in the drivers that offer it. */
#define MENU_READ_ONLY(cid, high, skip, value) \
	{ .id = (cid), .type = V4L2_CTRL_TYPE_MENU, .max = (high), .def = (value), \
	  .menu_skip = (skip), .flags = V4L2_CTRL_FLAG_READ_ONLY }
#define BUTTON(cid) \
	{ .id = (cid), .type = V4L2_CTRL_TYPE_BUTTON, \
	  .flags = V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE }
/* MIN_BUFFERS_FOR_*: the control framework makes them read-only. */
#define MIN_BUFFERS(cid, high, value) \
	{ .id = (cid), .type = V4L2_CTRL_TYPE_INTEGER, .min = 1, .max = (high), .step = 1, \
	  .def = (value), .flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE }

#define BIT(n) (UINT64_C(1) << (n))

/* Flags of coded formats. */
#define DYNAMIC V4L2_FMT_FLAG_DYN_RESOLUTION
#define BYTESTREAM V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM

#define MEMORY_MMAP_DMABUF (V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_DMABUF)
#define MEMORY_ALL (MEMORY_MMAP_DMABUF | V4L2_BUF_CAP_SUPPORTS_USERPTR)

#define EVENTS_ENCODER (1u << V4L2_EVENT_EOS | 1u << V4L2_EVENT_CTRL)
#define EVENTS_DECODER (EVENTS_ENCODER | 1u << V4L2_EVENT_SOURCE_CHANGE)

#define SELECTION_CROP (FAKE_SEL_CROP | FAKE_SEL_CROP_DEFAULT | FAKE_SEL_CROP_BOUNDS)
#define SELECTION_COMPOSE \
	(FAKE_SEL_COMPOSE | FAKE_SEL_COMPOSE_DEFAULT | FAKE_SEL_COMPOSE_BOUNDS)

/* H.264 profiles without those that no hardware here has. */
#define H264_PROFILES_TO_HIGH BIT(V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED)

#endif
