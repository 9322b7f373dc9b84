/* SPDX-License-Identifier: MIT */
/* An encoder on a device, with a converter on another one before it. */
#ifndef WC_SESSION_CONVERTING_ENCODER_H
#define WC_SESSION_CONVERTING_ENCODER_H

#include "session/select.h"
#include "session/session.h"

/*
 * As stateful_encoder_new(). Frames that the device would have converted for it on the CPU go
 * through a V4L2 converter, if registry has one that can; without any it is a
 * stateful_encoder_new().
 */
int converting_encoder_new(const struct session_env *env, struct device_registry *registry,
			   const struct v4l2_device_info *device,
			   const struct encoder_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error);

#endif
