/* SPDX-License-Identifier: MIT */
/* Which session runs a configuration: hardware, software, in which order, and why not. */
#ifndef WC_SESSION_SELECT_H
#define WC_SESSION_SELECT_H

#include "session/session.h"

struct device_registry;

/* Where sessions may be looked for. */
struct session_choice {
	struct device_registry *devices;
	enum wc_hardware_acceleration preference;
	const char *device;                /* only this node; NULL: any */
};

/*
 * Make the first session that works: devices in the registry's order and software, in the order
 * that the preference says. prefer-hardware and a named device never end in software. 0, or the
 * ::wc_status of the most telling failure (QuotaExceededError before NotSupportedError) with
 * *error filled. When no device could be tried it names one that has the codec and lacks the size,
 * or the profile or level.
 */
int session_open_decoder(const struct session_env *env, const struct session_choice *choice,
			 const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error);
int session_open_encoder(const struct session_env *env, const struct session_choice *choice,
			 const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error);
int session_open_converter(const struct session_env *env, const struct session_choice *choice,
			   const struct converter_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error);

/*
 * What the open functions would try first, judged by what devices and libavcodec say of
 * themselves, without taking a context. False: nothing; *info is then zero.
 */
bool session_probe_decoder(const struct session_env *env, const struct session_choice *choice,
			   const struct decoder_params *params, struct wc_session_info *info);
bool session_probe_encoder(const struct session_env *env, const struct session_choice *choice,
			   const struct encoder_params *params, struct wc_session_info *info);

/*
 * The same of converters, which have to be tried: opens a session, in the name of the claim in env,
 * and ends it. A device without a context left counts as one that could.
 */
bool session_probe_converter(const struct session_env *env, const struct session_choice *choice,
			     const struct converter_params *params, struct wc_session_info *info);

#endif
