/* SPDX-License-Identifier: MIT */
/* What drivers do other than the kernel's documents say: a table, each row with its source. */
#ifndef WC_SESSION_QUIRKS_H
#define WC_SESSION_QUIRKS_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/device.h>

/* How a codec goes on after a drain. */
enum resume {
	RESUME_COMMAND,                /* DEC_CMD_START, ENC_CMD_START: as documented */
	RESUME_RESTART_CAPTURE,        /* STREAMOFF and STREAMON of CAPTURE: documented, too */
	RESUME_RESTART_BOTH,           /* of both queues */
};

struct quirks {
	enum resume resume;
	/*
	 * No SOURCE_CHANGE is sent when the stream has the size that was set: set another, this
	 * one, in pixels. 0: not needed.
	 */
	uint32_t probe_width, probe_height;
	/* Buffers that the driver needs on CAPTURE, when its control tells less. 0: believe it. */
	unsigned min_capture;
	/* An encoder's first output may be rubbish; what carries no cookie of ours is dropped. */
	bool rubbish_first;
	/* An encoder ends its drain with an empty buffer, but does not flag it. */
	bool empty_is_last;
	/* A decoder returns buffers without a picture as errors, also where nothing is wrong. */
	bool empty_error_is_drop;
	/* A decoder lists formats that it cannot decode the stream to, until it has begun. */
	bool lists_all_formats;
	/* Contexts that the driver allows on a device, for messages. 0: not known. */
	unsigned contexts;
};

/* The quirks of a driver; never NULL. */
const struct quirks *quirks_find(const char *driver, enum wc_device_role role, uint32_t kernel);

#endif
