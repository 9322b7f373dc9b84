/* SPDX-License-Identifier: MIT */
/* Which session streams would get. */
#ifndef WC_TOOLS_SESSION_QUERY_H
#define WC_TOOLS_SESSION_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include <webcodecs/webcodecs.h>

#include "common/codec_choice.h"
#include "list/options.h"

/* The answer for one codec and one direction. */
struct session_answer {
	bool supported;
	char codec[CODEC_CHOICE_TEXT];     /* the codec string that was asked about */
	struct wc_session_info info;
};

/* The nth codec that the options ask about: a short name or a codec string; NULL past the last. */
const char *session_query_codec(const struct list_options *options, unsigned n);

void session_query_decoder(struct wc_context *context, const struct list_options *options,
			   const char *codec, struct session_answer *answer);
void session_query_encoder(struct wc_context *context, const struct list_options *options,
			   const char *codec, struct session_answer *answer);

#endif
