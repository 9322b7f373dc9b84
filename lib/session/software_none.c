/* SPDX-License-Identifier: MIT */
/* Software sessions of a build without libavcodec: there are none. */
#include "session/session.h"
#include "util/error.h"

static int refuse(const struct codec_string *codec, struct session **session,
		  struct wc_error *error)
{
	*session = NULL;
	return error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
			 "no software codec for %s: this library was built without libavcodec",
			 video_codec_name(codec->codec));
}

int software_decoder_new(const struct session_env *env, const struct decoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	(void)env;
	(void)sink_ops;
	(void)sink;
	return refuse(&params->codec, session, error);
}

int software_encoder_new(const struct session_env *env, const struct encoder_params *params,
			 const struct session_sink_ops *sink_ops, void *sink,
			 struct session **session, struct wc_error *error)
{
	(void)env;
	(void)sink_ops;
	(void)sink;
	return refuse(&params->codec, session, error);
}

bool software_decoder_probe(const struct decoder_params *params, char *name, size_t size)
{
	(void)params;
	(void)name;
	(void)size;
	return false;
}

bool software_encoder_probe(const struct encoder_params *params, char *name, size_t size)
{
	(void)params;
	(void)name;
	(void)size;
	return false;
}
