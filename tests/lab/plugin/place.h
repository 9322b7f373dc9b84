/* SPDX-License-Identifier: MIT */
/*
 * Places: how many contexts of vicodec there are, over all processes of a guest.
 *
 * A place is a byte of a file below /run that is locked by a descriptor of its own (an open file
 * description lock). Whoever holds the descriptor holds the place: it is free again when the last
 * copy of it is closed, however the process ended. A forked child keeps it, as it keeps the device.
 *
 * Settings come from the environment:
 *   WC_LAB_CONTEXTS=N             places; else the number in /run/webcodecs-lab/contexts; else 4
 *   WC_LAB_REFUSE=STAGE:ERRNO     where a context is taken, and what is said when there is none;
 *                                 else buffers:EBUSY
 * ERRNO is a name of place.c or a number. What cannot be understood ends the process.
 */
#ifndef WC_PLUGIN_PLACE_H
#define WC_PLUGIN_PLACE_H

#include <stdbool.h>

enum place_stage {
	PLACE_OPEN,               /* open(): open.c does it, the plugin has nothing to do */
	PLACE_ATTACH,             /* libv4l2 takes the device into its table: QUERYCAP */
	PLACE_FORMAT,             /* S_FMT */
	PLACE_BUFFERS,            /* REQBUFS of a buffer or more, CREATE_BUFS */
	PLACE_STREAM_ON,          /* STREAMON */
	PLACE_QBUF,               /* QBUF */
};

struct place_settings {
	unsigned contexts;
	enum place_stage stage;
	int refusal;              /* errno */
};

void place_settings_read(struct place_settings *settings);

/* Take a place. A descriptor, to be closed; or -1 with errno set to the refusal. */
int place_take(const struct place_settings *settings);

/* Whether vicodec is behind a descriptor, which may be of anything. */
bool place_is_vicodec(int fd);

#endif
