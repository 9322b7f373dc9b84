/* SPDX-License-Identifier: MIT */
/* Which of the devices that the user named decodes, and which encodes. */
#ifndef WC_TOOLS_DEVICES_H
#define WC_TOOLS_DEVICES_H

#include <webcodecs/webcodecs.h>

#include "common/failure.h"
#include "transcode/options.h"

struct devices {
	const char *decoder;   /* of the options; NULL: any */
	const char *encoder;
};

/* 0, or -1 with the failure set when a path is no codec device. */
int devices_assign(struct devices *devices, struct wc_context *context,
		   const struct options *options, struct failure *failure);

#endif
