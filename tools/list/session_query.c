/* SPDX-License-Identifier: MIT */
#include "list/session_query.h"

/* One question; whether the answer is yes. */
typedef bool (*ask)(struct wc_context *context, const struct list_options *options,
		    struct session_answer *answer);

const char *session_query_codec(const struct list_options *options, unsigned n)
{
	if (options->codec)
		return n ? NULL : options->codec;
	return codec_choice_name(n);
}

static bool ask_decoder(struct wc_context *context, const struct list_options *options,
			struct session_answer *answer)
{
	struct wc_video_decoder_config config = {
		.codec = answer->codec,
		.coded_width = options->size.width,
		.coded_height = options->size.height,
		.hardware_acceleration = (enum wc_hardware_acceleration)options->hardware,
	};
	bool supported;

	return wc_video_decoder_is_config_supported(context, &config, &supported,
						    &answer->info) == WC_OK && supported;
}

static bool ask_encoder(struct wc_context *context, const struct list_options *options,
			struct session_answer *answer)
{
	struct wc_video_encoder_config config = {
		.codec = answer->codec,
		.width = options->size.width,
		.height = options->size.height,
		.framerate = (double)options->framerate.num / options->framerate.den,
		.hardware_acceleration = (enum wc_hardware_acceleration)options->hardware,
	};
	bool supported;

	return wc_video_encoder_is_config_supported(context, &config, &supported,
						    &answer->info) == WC_OK && supported;
}

/* From the best profile down; when none is there, what was asked about is the best. */
static void query(struct wc_context *context, const struct list_options *options,
		  const char *codec, ask question, struct session_answer *answer)
{
	struct level_need need = {
		.width = options->size.width,
		.height = options->size.height,
		.rate = (double)options->framerate.num / options->framerate.den,
	};

	*answer = (struct session_answer) { .supported = false };
	for (unsigned i = 0; codec_choice_string(codec, i, &need, answer->codec); i++) {
		answer->supported = question(context, options, answer);
		if (answer->supported)
			return;
	}
	codec_choice_string(codec, 0, &need, answer->codec);
}

void session_query_decoder(struct wc_context *context, const struct list_options *options,
			   const char *codec, struct session_answer *answer)
{
	query(context, options, codec, ask_decoder, answer);
}

void session_query_encoder(struct wc_context *context, const struct list_options *options,
			   const char *codec, struct session_answer *answer)
{
	query(context, options, codec, ask_encoder, answer);
}
